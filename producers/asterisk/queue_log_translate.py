"""Lines of a queue log into events: one table of verbs, no memory from line to line.

A verb that is not in the table (PENALTY, DID, INFO, OUTCALL, vendors' own) is kept as a note:
the dial plan may write any verb by QueueLog(), so an unknown one is no error.

Source: docs/Operation/Logging/Queue-Logs.md of asterisk/documentation; apps/app_queue.c.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from producers.asterisk.queue_log_line import QueueLogLine
from producers.frame import Frame, Naming
from schemas.events import (
    AgentLoggedIn,
    AgentLoggedInData,
    AgentLoggedOut,
    AgentLoggedOutData,
    AgentQueueJoined,
    AgentQueueJoinedData,
    AgentQueueLeft,
    AgentQueueLeftData,
    AgentStateChanged,
    AgentStateChangedData,
    EndedBy,
    Event,
    LegConnected,
    LegConnectedData,
    LegEnded,
    LegEndedData,
    LegTransferred,
    LegTransferredData,
    OfferEnded,
    OfferEndedData,
    OfferResult,
    QueueEntered,
    QueueEnteredData,
    QueueExit,
    QueueLeft,
    QueueLeftData,
    Scope,
    SourceNoted,
    SourceNotedData,
    SourceReloaded,
    SourceReloadedData,
    SourceRestarted,
    SourceRestartedData,
    TransferKind,
)

_Translation: TypeAlias = Callable[[QueueLogLine], list[Event]]


def translate(frame: Frame, names: Naming) -> list[Event]:
    """Return the events that one line of a queue log stands for.

    Raises:
        UntranslatableFrame: a number is none, a name has a `|`, or the line lacks the agent,
            queue or call that its verb is about; the frame belongs into `rejected`.
    """
    line = QueueLogLine(frame, names)
    return _TRANSLATIONS.get(line.verb, _noted)(line)


def _entered(line: QueueLogLine) -> list[Event]:
    data = QueueEnteredData(
        channel_id=line.need_channel(),
        interaction_id=line.channel,
        queue_id=line.need_queue(),
        position=line.number(3) or 0,
        caller_key=line.caller_key(2),
    )
    return [QueueEntered(data=data, **line.attributes(QueueEntered))]


def _connected(line: QueueLogLine) -> list[Event]:
    data = LegConnectedData(
        channel_id=line.need_channel(),
        queue_id=line.need_queue(),
        agent_id=line.need_agent(),
        offer_id=line.text(2),
        wait_ms=line.seconds(1),
        ring_ms=line.seconds(3),
    )
    return [LegConnected(data=data, **line.attributes(LegConnected))]


def _completed(ended_by: EndedBy, line: QueueLogLine) -> list[Event]:
    return [_ended(line, ended_by, line.seconds(1), line.seconds(2))]


def _ended(
    line: QueueLogLine, ended_by: EndedBy, wait_ms: int | None, talk_ms: int | None
) -> Event:
    data = LegEndedData(
        channel_id=line.need_channel(),
        queue_id=line.need_queue(),
        agent_id=line.agent,
        ended_by=ended_by,
        wait_ms=wait_ms,
        talk_ms=talk_ms,
    )
    return LegEnded(data=data, **line.attributes(LegEnded))


def _left(outcome: QueueExit, wait_column: int, line: QueueLogLine) -> list[Event]:
    data = QueueLeftData(
        channel_id=line.need_channel(),
        queue_id=line.need_queue(),
        outcome=outcome,
        wait_ms=line.seconds(wait_column),
    )
    return [QueueLeft(data=data, **line.attributes(QueueLeft))]


def _incompatible(line: QueueLogLine) -> list[Event]:
    # SYSCOMPAT has no data; some write a text there.
    data = QueueLeftData(
        channel_id=line.need_channel(), queue_id=line.need_queue(), outcome="system"
    )
    return [QueueLeft(data=data, **line.attributes(QueueLeft))]


def _not_answered(line: QueueLogLine) -> list[Event]:
    ring_ms = line.milliseconds(1)
    return [_offer_ended(line, "busy" if ring_ms == 0 else "no_answer", ring_ms)]


def _cancelled(line: QueueLogLine) -> list[Event]:
    return [_offer_ended(line, "cancelled", line.milliseconds(1))]


def _dumped(line: QueueLogLine) -> list[Event]:
    return [_offer_ended(line, "rejected", None)]


def _offer_ended(line: QueueLogLine, result: OfferResult, ring_ms: int | None) -> Event:
    data = OfferEndedData(
        channel_id=line.need_channel(),
        result=result,
        queue_id=line.need_queue(),
        agent_id=line.need_agent(),
        ring_ms=ring_ms,
    )
    return OfferEnded(data=data, **line.attributes(OfferEnded))


def _transferred_blind(line: QueueLogLine) -> list[Event]:
    to = line.masked(line.text(1), least_digits=7)
    return _transferred(line, "blind", to, line.seconds(3), line.seconds(4))


def _transferred_attended(line: QueueLogLine) -> list[Event]:
    # LINK names two channels where BRIDGE and APP name one thing: the rest moves on by one.
    shift = 1 if line.text(1) == "LINK" else 0
    # The id of a bridge or a channel tells nobody where the caller went.
    to = line.text(2) if line.text(1) == "APP" else ""
    return _transferred(line, "attended", to, line.seconds(3 + shift), line.seconds(4 + shift))


def _transferred(
    line: QueueLogLine, kind: TransferKind, to: str, wait_ms: int | None, talk_ms: int | None
) -> list[Event]:
    data = LegTransferredData(
        channel_id=line.need_channel(),
        kind=kind,
        to=to,
        queue_id=line.need_queue(),
        agent_id=line.agent,
        wait_ms=wait_ms,
        talk_ms=talk_ms,
    )
    transferred = LegTransferred(data=data, **line.attributes(LegTransferred))
    return [transferred, _ended(line, "agent", wait_ms, talk_ms)]


def _joined(line: QueueLogLine) -> list[Event]:
    data = AgentQueueJoinedData(
        agent_id=line.need_agent(),
        queue_id=line.need_queue(),
        paused=line.text(1) == "PAUSED",
    )
    return [AgentQueueJoined(data=data, **line.attributes(AgentQueueJoined))]


def _removed(line: QueueLogLine) -> list[Event]:
    data = AgentQueueLeftData(agent_id=line.need_agent(), queue_id=line.need_queue())
    return [AgentQueueLeft(data=data, **line.attributes(AgentQueueLeft))]


def _paused(scope: Scope, line: QueueLogLine) -> list[Event]:
    return [_state_changed(line, scope, ready=False)]


def _unpaused(scope: Scope, line: QueueLogLine) -> list[Event]:
    return [_state_changed(line, scope, ready=True)]


def _state_changed(line: QueueLogLine, scope: Scope, *, ready: bool) -> Event:
    data = AgentStateChangedData(
        agent_id=line.need_agent(),
        state="ready" if ready else "not_ready",
        scope=scope,
        queue_id=line.need_queue() if scope == "queue" else "",
        reason=line.text(1),
    )
    return AgentStateChanged(data=data, **line.attributes(AgentStateChanged))


def _logged_in(line: QueueLogLine) -> list[Event]:
    data = AgentLoggedInData(agent_id=line.need_agent(), device=line.text(1))
    return [AgentLoggedIn(data=data, **line.attributes(AgentLoggedIn))]


def _logged_out(line: QueueLogLine) -> list[Event]:
    data = AgentLoggedOutData(agent_id=line.need_agent(), device=line.text(1))
    return [AgentLoggedOut(data=data, **line.attributes(AgentLoggedOut))]


def _restarted(line: QueueLogLine) -> list[Event]:
    return [SourceRestarted(data=SourceRestartedData(), **line.attributes(SourceRestarted))]


def _reloaded(line: QueueLogLine) -> list[Event]:
    return [SourceReloaded(data=SourceReloadedData(), **line.attributes(SourceReloaded))]


def _noted(line: QueueLogLine) -> list[Event]:
    if not _OF_CALLS.isdisjoint(line.data[:_MOST_SHIFTED]):
        why = "the name of a queue or an agent has a |, by which columns are told apart"
        raise line.untranslatable(why)
    data = SourceNotedData(
        verb=line.verb,
        channel_id=line.channel,
        queue_id=line.queue,
        agent_id=line.agent,
        fields=tuple(map(line.masked, line.data)),
    )
    return [SourceNoted(data=data, **line.attributes(SourceNoted))]


_MOST_SHIFTED = 2
_OF_CALLS = frozenset(
    {"ENTERQUEUE", "CONNECT", "ABANDON", "EXITWITHTIMEOUT", "EXITEMPTY", "RINGNOANSWER"}
)
"""Behind the column of the verb only where a name has filled one more. Not all verbs of calls:
a vendor's OUTANSWER has COMPLETEAGENT there."""

_TRANSLATIONS: dict[str, _Translation] = {
    "ENTERQUEUE": _entered,
    "CONNECT": _connected,
    "COMPLETEAGENT": partial(_completed, "agent"),
    "COMPLETECALLER": partial(_completed, "caller"),
    "ABANDON": partial(_left, "abandoned", 3),
    "EXITWITHTIMEOUT": partial(_left, "timeout", 3),
    "EXITEMPTY": partial(_left, "empty", 3),
    "EXITWITHKEY": partial(_left, "key", 4),
    "WITHDRAW": partial(_left, "withdrawn", 3),
    "SYSCOMPAT": _incompatible,
    "RINGNOANSWER": _not_answered,
    "RINGCANCELED": _cancelled,
    "AGENTDUMP": _dumped,
    "BLINDTRANSFER": _transferred_blind,
    "TRANSFER": _transferred_blind,
    "ATTENDEDTRANSFER": _transferred_attended,
    "ADDMEMBER": _joined,
    "REMOVEMEMBER": _removed,
    "PAUSE": partial(_paused, "queue"),
    "UNPAUSE": partial(_unpaused, "queue"),
    "PAUSEALL": partial(_paused, "global"),
    "UNPAUSEALL": partial(_unpaused, "global"),
    "PAUSEREASON": partial(_paused, "global"),
    "AGENTLOGIN": _logged_in,
    "AGENTCALLBACKLOGIN": _logged_in,
    "AGENTLOGOFF": _logged_out,
    "AGENTCALLBACKLOGOFF": _logged_out,
    "QUEUESTART": _restarted,
    "CONFIGRELOAD": _reloaded,
}
