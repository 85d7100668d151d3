"""A manager-interface log, read slowly and whole: lists first, then one answer from the lists.

Rules, for the recording this was written against (Asterisk 22):

- A visit is a QueueCallerJoin and the next QueueCallerLeave of the same channel and queue.
- It was answered if an AgentConnect of the channel follows the Leave, before it joins again.
- Otherwise a QueueCallerAbandon lies between Join and Leave. It was abandoned if a
  HangupRequest of the caller's channel came after the Join and before it; else the caller was
  put out by the time limit (Asterisk raises QueueCallerAbandon for both).
- The talk runs from AgentConnect to AgentComplete. AgentComplete may lack the caller's ids, the
  agent's, or both, when the channels were gone before it was written; it is then known by
  queue, member and hold time among the talks still open.
- A caller moved to another queue by a redirect, without a BlindTransfer, leaves the agent at
  once (`parted_us`), but Asterisk tells the end of that talk only when the caller hangs up.
- An offer runs from AgentCalled to the first of AgentConnect, AgentRingNoAnswer and DialEnd
  CANCEL of the same DestUniqueid; a ring of 0 ms was a busy member. An AgentRingNoAnswer is
  followed by a DialEnd CANCEL of its own, which says nothing new.
"""

from collections.abc import Sequence
from functools import lru_cache

from tests.oracles.shapes import (
    Kind,
    Move,
    OracleBreak,
    OracleLeg,
    OracleOffer,
    OracleSession,
    Outcome,
    Result,
    breaks_of,
    cut_ms,
    sessions_of,
)

Event = dict[str, str]


@lru_cache(maxsize=2)
def events(data: bytes) -> tuple[Event, ...]:
    """All events of the log that carry a time, in the order they were received."""
    found = []
    for block in data.decode(errors="replace").replace("\r\n", "\n").split("\n\n"):
        event: Event = {}
        for line in block.split("\n"):
            name, colon, value = line.partition(":")
            if colon:
                event.setdefault(name, value.strip())
        if "Event" in event and "Timestamp" in event:
            found.append(event)
    return tuple(found)


def at_us(event: Event) -> int:
    """Time of an event."""
    seconds, _, micros = event["Timestamp"].partition(".")
    return int(seconds) * 1_000_000 + int(micros.ljust(6, "0"))


def legs(data: bytes) -> list[OracleLeg]:
    """Every visit to a queue, in the order of entry."""
    log = events(data)
    of_channel: dict[str, list[Event]] = {}
    to_channel: dict[str, list[Event]] = {}
    for event in log:
        of_channel.setdefault(event.get("Uniqueid", ""), []).append(event)
        to_channel.setdefault(event.get("DestUniqueid", ""), []).append(event)
    completes = _completes(log)

    found = []
    for channel, own in of_channel.items():
        for place, event in enumerate(own):
            if event["Event"] == "QueueCallerJoin":
                after = own[place + 1 :]
                found.append(_leg(channel, event, after, of_channel, to_channel, completes))
    return sorted(found, key=lambda leg: (leg.entered_us, leg.channel))


def _leg(
    channel: str,
    join: Event,
    after: list[Event],
    of_channel: dict[str, list[Event]],
    to_channel: dict[str, list[Event]],
    completes: dict[str, Event],
) -> OracleLeg:
    queue = join["Queue"]
    leave = _place_of_leave(after, queue)
    visit = after if leave is None else after[: leave + 1]
    connect = None if leave is None else _answer(after[leave + 1 :])
    complete = None if connect is None else completes.get(connect["DestUniqueid"])

    outcome = _outcome(visit, left=leave is not None, connected=connect is not None)
    left_us = None if leave is None else at_us(after[leave])
    answered_us = None if connect is None else at_us(connect)
    ended_us = None if complete is None else at_us(complete)
    ended_by = {"abandoned": "caller", "timeout": "system"}.get(outcome, "")
    transferred_to = ""
    if complete is not None and connect is not None:
        ended_by = complete["Reason"]
        if ended_by == "transfer":
            transferred_to = _transfer_target(of_channel, connect, at_us(complete))
    return OracleLeg(
        channel=channel,
        queue=queue,
        interaction=join["Linkedid"],
        entered_us=at_us(join),
        left_us=left_us,
        answered_us=answered_us,
        ended_us=ended_us,
        parted_us=None if connect is None else _parted_us(of_channel, connect),
        outcome=outcome,
        agent="" if connect is None else connect["MemberName"],
        ended_by=ended_by,
        transferred_to=transferred_to,
        wait_ms=_between_ms(at_us(join), left_us),
        talk_ms=None if answered_us is None else _between_ms(answered_us, ended_us),
        told_wait_s=_told_wait_s(visit, connect),
        told_talk_s=None if complete is None else int(complete["TalkTime"]),
        offers=tuple(
            _offer(event, to_channel[event["DestUniqueid"]])
            for event in visit
            if event["Event"] == "AgentCalled" and event["Queue"] == queue
        ),
    )


def _place_of_leave(after: Sequence[Event], queue: str) -> int | None:
    for place, event in enumerate(after):
        if event["Event"] == "QueueCallerLeave" and event["Queue"] == queue:
            return place
    return None


def _answer(rest: Sequence[Event]) -> Event | None:
    """The AgentConnect of a channel before it joins a queue again."""
    for event in rest:
        if event["Event"] == "QueueCallerJoin":
            return None
        if event["Event"] == "AgentConnect":
            return event
    return None


def _parted_us(of_channel: dict[str, list[Event]], connect: Event) -> int | None:
    for event in of_channel.get(connect["DestUniqueid"], []):
        if event["Event"] == "BridgeLeave" and at_us(event) >= at_us(connect):
            return at_us(event)
    return None


def _told_wait_s(visit: Sequence[Event], connect: Event | None) -> int | None:
    if connect is not None:
        return int(connect["HoldTime"])
    for event in visit:
        if event["Event"] == "QueueCallerAbandon":
            return int(event["HoldTime"])
    return None


def _outcome(visit: Sequence[Event], *, left: bool, connected: bool) -> Outcome:
    if not left:
        return "waiting"
    if connected:
        return "answered"
    names = [event["Event"] for event in visit]
    if "QueueCallerAbandon" not in names:
        message = f"{visit[-1]['Uniqueid']} left {visit[-1]['Queue']} in a way unknown here"
        raise ValueError(message)
    hung_up = "HangupRequest" in names[: names.index("QueueCallerAbandon")]
    return "abandoned" if hung_up else "timeout"


def _completes(log: Sequence[Event]) -> dict[str, Event]:
    """The AgentComplete of each talk, by the agent's channel."""
    open_talks: list[Event] = []
    found: dict[str, Event] = {}
    for event in log:
        if event["Event"] == "AgentConnect":
            open_talks.append(event)
        elif event["Event"] == "AgentComplete":
            fitting = [talk for talk in open_talks if _is_end_of(event, talk)]
            if not fitting:
                message = f"AgentComplete at {event['Timestamp']} ends no talk"
                raise ValueError(message)
            open_talks.remove(fitting[0])
            found[fitting[0]["DestUniqueid"]] = event
    return found


def _is_end_of(complete: Event, connect: Event) -> bool:
    same = all(complete[name] == connect[name] for name in ("Queue", "MemberName", "HoldTime"))
    return same and all(
        complete.get(name, connect[name]) == connect[name]
        for name in ("Uniqueid", "DestUniqueid")
    )


def _transfer_target(of_channel: dict[str, list[Event]], connect: Event, until_us: int) -> str:
    """Queue or extension of the last BlindTransfer of this caller up to an instant."""
    # BlindTransfer names its channels by their roles and so has no Uniqueid
    targets = [
        event["Extension"]
        for event in of_channel[""]
        if event["Event"] == "BlindTransfer"
        and event["TransfereeUniqueid"] == connect["Uniqueid"]
        and at_us(connect) <= at_us(event) <= until_us
    ]
    return targets[-1] if targets else ""


def _offer(called: Event, after: Sequence[Event]) -> OracleOffer:
    agent = called["MemberName"]
    started = at_us(called)
    for event in after:
        name = event["Event"]
        if name == "AgentConnect":
            ring_ms = int(event["RingTime"]) * 1000
            return OracleOffer(agent, started, at_us(event), "answered", ring_ms)
        if name == "AgentRingNoAnswer":
            ring_ms = int(event["RingTime"])
            result: Result = "no_answer" if ring_ms else "busy"
            return OracleOffer(agent, started, at_us(event), result, ring_ms)
        if name == "DialEnd" and event["DialStatus"] == "CANCEL":
            return OracleOffer(agent, started, at_us(event), "cancelled", None)
    return OracleOffer(agent, started, None, "ringing", None)


def _between_ms(start_us: int, end_us: int | None) -> int | None:
    return None if end_us is None else cut_ms(end_us) - cut_ms(start_us)


def moves(data: bytes) -> list[Move]:
    """Log-ins, log-outs and pauses, one per agent and queue, in the order received."""
    found = []
    for event in events(data):
        match event["Event"]:
            case "QueueMemberAdded":
                found.append(_move(event, "in"))
                if event["Paused"] == "1":
                    found.append(_move(event, "pause"))
            case "QueueMemberRemoved":
                found.append(_move(event, "out"))
            case "QueueMemberPause":
                found.append(_move(event, "pause" if event["Paused"] == "1" else "unpause"))
    return found


def _move(event: Event, kind: Kind) -> Move:
    return Move(at_us(event), event["MemberName"], event["Queue"], kind, event["PausedReason"])


def sessions(data: bytes) -> list[OracleSession]:
    """When each agent was a member of at least one queue."""
    return sessions_of(moves(data))


def breaks(data: bytes) -> list[OracleBreak]:
    """When each agent was paused in all of his queues."""
    return breaks_of(moves(data))
