"""A queue log, read slowly and whole.

Times are whole seconds; waits and talks are the fields of the line that ends them. A visit is
an ENTERQUEUE and the next line of the same call and queue that ends a wait; a talk is a
CONNECT and the next line of the same call, queue, agent and hold time that ends a talk. The
log has no name for the interaction but the call's own, and no ring that was answered or
cancelled has a line where it starts, so `started_us` of an offer is the line's time less its
ring.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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
    sessions_of,
)

SECOND_US = 1_000_000

# verb: what became of the wait, and which field is the wait in seconds
WAIT_ENDS: dict[str, tuple[Outcome, int]] = {
    "CONNECT": ("answered", 0),
    "ABANDON": ("abandoned", 2),
    "EXITWITHTIMEOUT": ("timeout", 2),
    "EXITEMPTY": ("empty", 2),
    "EXITWITHKEY": ("key", 3),
    "WITHDRAW": ("withdrawn", 2),
}
# verb: who ended the talk, and which fields are hold and talk in seconds
TALK_ENDS: dict[str, tuple[str, int, int]] = {
    "COMPLETECALLER": ("caller", 0, 1),
    "COMPLETEAGENT": ("agent", 0, 1),
    "BLINDTRANSFER": ("transfer", 2, 3),
}
MOVES: dict[str, Kind] = {
    "ADDMEMBER": "in",
    "REMOVEMEMBER": "out",
    "PAUSE": "pause",
    "UNPAUSE": "unpause",
}


@dataclass(frozen=True)
class Line:
    """One line, its fields named."""

    at_us: int
    call: str
    queue: str
    agent: str
    verb: str
    data: tuple[str, ...]


def lines(text: str) -> list[Line]:
    """All lines, in the order written."""
    found = []
    for raw in text.splitlines():
        second, call, queue, agent, verb, *data = raw.split("|")
        found.append(Line(int(second) * SECOND_US, call, queue, agent, verb, tuple(data)))
    return found


def legs(text: str) -> list[OracleLeg]:
    """Every visit to a queue, in the order of entry."""
    of_call: dict[str, list[Line]] = {}
    for line in lines(text):
        of_call.setdefault(line.call, []).append(line)

    found = []
    for own in of_call.values():
        for place, line in enumerate(own):
            if line.verb == "ENTERQUEUE":
                after = [each for each in own[place + 1 :] if each.queue == line.queue]
                found.append(_leg(line, after))
    return sorted(found, key=lambda leg: (leg.entered_us, leg.channel))


def _leg(enter: Line, after: Sequence[Line]) -> OracleLeg:
    end_place = next(
        (place for place, line in enumerate(after) if line.verb in WAIT_ENDS), None
    )
    visit = after if end_place is None else after[: end_place + 1]
    end = None if end_place is None else after[end_place]
    outcome: Outcome = "waiting"
    wait_s = None
    talk_end = None
    if end is not None and end_place is not None:
        outcome, field = WAIT_ENDS[end.verb]
        wait_s = int(end.data[field])
        if outcome == "answered":
            talk_end = _talk_end(end, after[end_place + 1 :])
    ended_by = {"abandoned": "caller", "timeout": "system"}.get(outcome, "")
    talk_s = None
    transferred_to = ""
    if talk_end is not None:
        ended_by, _, talk_field = TALK_ENDS[talk_end.verb]
        talk_s = int(talk_end.data[talk_field])
        if ended_by == "transfer":
            transferred_to = talk_end.data[0]
    answered = end is not None and outcome == "answered"
    return OracleLeg(
        channel=enter.call,
        queue=enter.queue,
        interaction=enter.call,
        entered_us=enter.at_us,
        left_us=None if end is None else end.at_us,
        answered_us=end.at_us if end is not None and answered else None,
        ended_us=None if talk_end is None else talk_end.at_us,
        parted_us=None,
        outcome=outcome,
        agent=end.agent if end is not None and answered else "",
        ended_by=ended_by,
        transferred_to=transferred_to,
        wait_ms=None if wait_s is None else wait_s * 1000,
        talk_ms=None if talk_s is None else talk_s * 1000,
        told_wait_s=wait_s,
        told_talk_s=talk_s,
        offers=_offers(visit),
    )


def _talk_end(connect: Line, after: Sequence[Line]) -> Line | None:
    for line in after:
        if line.verb in TALK_ENDS and line.agent == connect.agent:
            _, hold_field, _ = TALK_ENDS[line.verb]
            if line.data[hold_field] == connect.data[0]:
                return line
    return None


def _offers(visit: Sequence[Line]) -> tuple[OracleOffer, ...]:
    found = []
    result: Result
    for line in visit:
        match line.verb:
            case "CONNECT":
                ring_ms, result = int(line.data[2]) * 1000, "answered"
            case "RINGNOANSWER":
                ring_ms = int(line.data[0])
                result = "no_answer" if ring_ms else "busy"
            case "RINGCANCELED":
                ring_ms, result = int(line.data[0]), "cancelled"
            case _:
                continue
        started_us = line.at_us - ring_ms * 1000
        found.append(OracleOffer(line.agent, started_us, line.at_us, result, ring_ms))
    return tuple(found)


def moves(text: str) -> list[Move]:
    """Log-ins, log-outs and pauses, one per agent and queue, in the order written."""
    found = []
    for line in lines(text):
        if line.verb in MOVES:
            word = line.data[0] if line.data else ""
            kind = MOVES[line.verb]
            found.append(Move(line.at_us, line.agent, line.queue, kind, word))
            if kind == "in" and word == "PAUSED":
                found.append(Move(line.at_us, line.agent, line.queue, "pause", ""))
    return found


def sessions(text: str) -> list[OracleSession]:
    """When each agent was a member of at least one queue."""
    return sessions_of(moves(text))


def breaks(text: str) -> list[OracleBreak]:
    """When each agent was paused in all of his queues."""
    return breaks_of(moves(text))
