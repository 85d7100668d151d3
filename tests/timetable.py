"""Timetables: a few lines of plain text become the events of a PBX.

    09:00:00      enter   a sales            caller a (his channel) joins the queue
    09:00:08.250  ring    a sales Anna
    09:00:10      answer  a sales Anna
    09:00:40      end     a sales Anna caller
    09:01:00      log: enter b sales         the same told by a feed of whole seconds

Phones have verbs of their own (tests/phones.py). Dates may be written before the time
(2026-03-29 01:59:00); the default day is 2026-03-02, UTC.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

import schemas.events as e
from schemas.facts import Fact
from schemas.identity import derived_id
from schemas.policies import Policies, PolicyHistory
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import State, Terms
from tests import phones

TENANT = "test"
DAY = "2026-03-02"


@dataclass(frozen=True)
class Line:
    """One line of a timetable."""

    at: datetime
    coarse: bool
    verb: str
    words: tuple[str, ...]
    place: int


def events(text: str, source: str = "pbx1") -> list[e.Event]:
    """Return the events of a timetable, in the order of its lines."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return [_event(_parse(line, place), source) for place, line in enumerate(lines)]


def values(text: str, source: str = "pbx1") -> list[bytes]:
    """Return the same as values of the log."""
    return [e.encode(event) for event in events(text, source)]


def moment(text: str) -> int:
    """Return `09:00:10` or `2026-03-29 01:59:00.5` as milliseconds since 1970."""
    stamp = text if " " in text else f"{DAY} {text}"
    return round(datetime.fromisoformat(f"{stamp}+00:00").timestamp() * 1000)


def terms(refold_at: int | None = None, **policies: Any) -> Terms:
    """Return terms with default targets (20 s, 5 s) unless told otherwise."""
    return Terms(PolicyHistory([(0, Policies(**policies))]), refold_at=refold_at)


def run(
    log: Iterable[bytes], under: Terms | None = None, state: State | None = None, size: int = 1
) -> tuple[State, list[Fact]]:
    """Fold a log in batches of `size`; return the state and all facts."""
    state = state or State(TENANT, TENANT)
    under = under or terms()
    records = [Record(state.position + n, value) for n, value in enumerate(log, 1)]
    facts: list[Fact] = []
    for start in range(0, len(records), size):
        facts += apply(state, Batch(tuple(records[start : start + size])), under)
    return state, facts


def _parse(line: str, place: int) -> Line:
    words = line.split()
    stamp = words.pop(0)
    stamp = f"{stamp} {words.pop(0)}" if stamp.count("-") == 2 else f"{DAY} {stamp}"
    coarse = words[0] == "log:"
    if coarse:
        words.pop(0)
    at = datetime.fromisoformat(f"{stamp}+00:00").astimezone(UTC)
    if coarse:
        at = at.replace(microsecond=0)
    return Line(at, coarse, words[0], tuple(words[1:]), place)


def _event(line: Line, source: str) -> e.Event:
    make = _VERBS[line.verb]
    kind, data = make(*line.words)
    if line.coarse and isinstance(data, e.OfferEndedData):
        data = msgspec.structs.replace(data, offer_id="")  # a queue log names no missed ringing
    time = line.at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{line.at.microsecond // 1000:03}Z"
    microseconds = round(line.at.timestamp() * 1_000_000)
    text = f"{line.at} {line.coarse} {line.verb} {line.words}"
    event: e.Event = kind(
        id=derived_id(source, text),
        source=source,
        time=time,
        tenant=TENANT,
        domain=TENANT,
        feed="queue-log" if line.coarse else "ami",
        sequence=microseconds + line.place,
        recordedtime=time,
        resolution=1000 if line.coarse else 1,
        data=data,
    )
    return event


def _exit(outcome: e.QueueExit) -> Callable[..., tuple[Any, e.Data]]:
    def make(
        channel: str, queue: str = "", place: str = "", wait: str = ""
    ) -> tuple[Any, e.Data]:
        waited = int(wait) * 1000 if wait else None
        return e.QueueLeft, e.QueueLeftData(
            channel_id=channel, queue_id=queue, outcome=outcome, place=place, wait_ms=waited
        )

    return make


def _enter(
    channel: str, queue: str, interaction: str = "_", key: str = ""
) -> tuple[Any, e.Data]:
    return e.QueueEntered, e.QueueEnteredData(
        channel_id=channel, queue_id=queue, caller_key=key,
        interaction_id=channel if interaction == "_" else interaction,
    )  # fmt: skip


def _ring(
    channel: str, queue: str, agent: str, offer: str = "", device: str = ""
) -> tuple[Any, e.Data]:
    return e.OfferStarted, e.OfferStartedData(
        channel_id=channel,
        queue_id=queue,
        agent_id=agent,
        offer_id=offer or f"{channel}-{agent}",
        device=device,
    )


def _ring_end(result: e.OfferResult) -> Callable[..., tuple[Any, e.Data]]:
    def make(
        channel: str, queue: str, agent: str, offer: str = "", rang: str = "_"
    ) -> tuple[Any, e.Data]:
        return e.OfferEnded, e.OfferEndedData(
            channel_id=channel, queue_id=queue, agent_id=agent, result=result,
            offer_id=offer or f"{channel}-{agent}", ring_ms=_ms(rang),
        )  # fmt: skip

    return make


def _answer(
    channel: str, queue: str, agent: str, wait: str = "_", offer: str = "", ring: str = "_"
) -> tuple[Any, e.Data]:
    return e.LegConnected, e.LegConnectedData(
        channel_id=channel, queue_id=queue, agent_id=agent,
        offer_id=offer or f"{channel}-{agent}", wait_ms=_ms(wait), ring_ms=_ms(ring),
    )  # fmt: skip


def _ms(seconds: str) -> int | None:
    return None if seconds == "_" else int(seconds) * 1000


def _end(
    channel: str, queue: str, agent: str, by: e.EndedBy = "agent", talk: str = "_",
    offer: str = "",
) -> tuple[Any, e.Data]:  # fmt: skip
    return e.LegEnded, e.LegEndedData(
        channel_id=channel, queue_id=queue, agent_id=agent, ended_by=by, offer_id=offer,
        talk_ms=_ms(talk),
    )  # fmt: skip


def _transfer(
    channel: str, to: str, kind: e.TransferKind = "blind", queue: str = "", agent: str = "",
    talk: str = "_",
) -> tuple[Any, e.Data]:  # fmt: skip
    return e.LegTransferred, e.LegTransferredData(
        channel_id=channel, kind=kind, to=to.strip("_"), queue_id=queue, agent_id=agent,
        talk_ms=_ms(talk),
    )  # fmt: skip


def _hangup(channel: str, place: str = "") -> tuple[Any, e.Data]:
    return e.ChannelEnded, e.ChannelEndedData(
        interaction_id=channel, channel_id=channel, place=place
    )


def _request(channel: str) -> tuple[Any, e.Data]:
    return e.ChannelHangupRequested, e.ChannelHangupRequestedData(
        interaction_id=channel, channel_id=channel
    )


def _login(
    agent: str, queue: str, wrapup: str = "0", device: str = "", interface: str = ""
) -> tuple[Any, e.Data]:
    return e.AgentQueueJoined, e.AgentQueueJoinedData(
        agent_id=agent, queue_id=queue, wrapup_ms=int(wrapup) * 1000, device=device,
        interface=interface,
    )  # fmt: skip


def _logout(agent: str, queue: str, interface: str = "") -> tuple[Any, e.Data]:
    return e.AgentQueueLeft, e.AgentQueueLeftData(
        agent_id=agent, queue_id=queue, interface=interface
    )


def _pause(agent: str, queue: str, reason: str = "", interface: str = "") -> tuple[Any, e.Data]:
    return e.AgentStateChanged, e.AgentStateChangedData(
        agent_id=agent, state="not_ready", scope="global" if queue == "*" else "queue",
        queue_id="" if queue == "*" else queue, reason=reason, interface=interface,
    )  # fmt: skip


def _unpause(agent: str, queue: str, interface: str = "") -> tuple[Any, e.Data]:
    return e.AgentStateChanged, e.AgentStateChangedData(
        agent_id=agent, state="ready", scope="global" if queue == "*" else "queue",
        queue_id="" if queue == "*" else queue, interface=interface,
    )  # fmt: skip


def _rung_off(
    channel: str, agent: str, result: e.OfferResult = "cancelled"
) -> tuple[Any, e.Data]:
    """End a ringing as a dial plan tells it: the offer, but neither queue nor agent."""
    return e.OfferEnded, e.OfferEndedData(
        channel_id=channel, result=result, offer_id=f"{channel}-{agent}"
    )


def _forwards(channel: str, offer: str) -> tuple[Any, e.Data]:
    return e.OfferEnded, e.OfferEndedData(
        channel_id=channel, result="cancelled", offer_id=offer, forwarded=True
    )


def _boot(booted_at: str) -> tuple[Any, e.Data]:
    second, _, part = booted_at.partition(".")
    at = f"{DAY}T{second}.{part or '000'}Z"
    return e.SourceConnected, e.SourceConnectedData(booted_at=at)


def _listed(
    snapshot: str, channel: str, queue: str, waited_s: str = "", asked: str = ""
) -> tuple[Any, e.Data]:
    return e.SnapshotLeg, e.SnapshotLegData(
        snapshot_id=snapshot, channel_id=channel, queue_id=queue,
        wait_ms=int(waited_s) * 1000 if waited_s else None,
        asked_at=f"{DAY}T{asked}.000Z" if asked else "",
    )  # fmt: skip


def _member(
    snapshot: str, agent: str, queue: str, paused: str = "", reason: str = "", asked: str = "",
    device: str = "", signed: str = "", wrapup: str = "", interface: str = "",
) -> tuple[Any, e.Data]:  # fmt: skip
    return e.SnapshotAgent, e.SnapshotAgentData(
        snapshot_id=snapshot, agent_id=agent, queue_id=queue, paused=paused == "paused",
        reason=reason, asked_at=f"{DAY}T{asked}.000Z" if asked else "",
        wrapup_ms=int(wrapup) * 1000 if wrapup else None, device=device,
        signed_out=signed == "out", interface=interface,
    )  # fmt: skip


def _channels_end(snapshot: str, items: str, asked: str = "") -> tuple[Any, e.Data]:
    return e.SnapshotCompleted, e.SnapshotCompletedData(
        snapshot_id=snapshot, of="channels", items=int(items),
        asked_at=f"{DAY}T{asked}.000Z" if asked else "",
    )  # fmt: skip


_VERBS: dict[str, Callable[..., tuple[Any, e.Data]]] = {
    "enter": _enter,
    "leave": _exit("unknown"),
    "unanswered": _exit("unanswered"),
    "abandon": _exit("abandoned"),
    "timeout": _exit("timeout"),
    "empty": _exit("empty"),
    "incompatible": _exit("system"),
    "ring": _ring,
    "miss": _ring_end("no_answer"),
    "cancel": _ring_end("cancelled"),
    "rung_off": _rung_off,
    "forwards": _forwards,
    "answer": _answer,
    "end": _end,
    "transfer": _transfer,
    "hangup": _hangup,
    "request": _request,
    "login": _login,
    "logout": _logout,
    "signs_in": lambda agent: (e.AgentLoggedIn, e.AgentLoggedInData(agent_id=agent)),
    "signs_out": lambda agent: (e.AgentLoggedOut, e.AgentLoggedOutData(agent_id=agent)),
    "pause": _pause,
    "unpause": _unpause,
    "boot": _boot,
    "restart": lambda: (e.SourceRestarted, e.SourceRestartedData()),
    "beat": lambda: (e.SourceHeartbeat, e.SourceHeartbeatData()),
    "queue": lambda snapshot, queue, waiting: (
        e.SnapshotQueue,
        e.SnapshotQueueData(snapshot_id=snapshot, queue_id=queue, waiting=int(waiting)),
    ),
    "listed": _listed,
    "member": _member,
    "shown": lambda *words: _member("", *words),
    "channel": lambda snapshot, channel, waits_for="": (
        e.SnapshotChannel,
        e.SnapshotChannelData(
            snapshot_id=snapshot,
            channel_id=channel,
            interaction_id=waits_for,
            of_queue=waits_for != "",
        ),
    ),
    **phones.VERBS,
    "lost": lambda: (e.SourceDisconnected, e.SourceDisconnectedData(reason="a cut")),
    "complete": lambda snapshot, asked="", of="": (
        e.SnapshotCompleted,
        e.SnapshotCompletedData(
            snapshot_id=snapshot,
            asked_at=f"{DAY}T{asked}.000Z" if asked else "",
            all_queues=of == "all",
        ),
    ),
    "channels_end": _channels_end,
}
