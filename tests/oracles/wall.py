"""What a wall shows of a queue and of a team at an instant, computed again from the legs.

Instants are cut to milliseconds first. At T everything that happened up to and including T is
known and nothing later: a leg answered after T is waiting at T. Intervals are half open, so who
answers at T talks at T and who logs out at T is gone; a window of w minutes is (T - w, T].

The service level counts each leg once (Cisco's service-level event), at the first of: its
answer (in time if W <= target), its abandon (a miss; left out if W <= short), or entry +
target (a miss) while it still waits. A leg that left otherwise at or before entry + target is
never counted; one counted there stays counted however it ends.

A wait ends at QueueCallerLeave and its leg is answered at AgentConnect, some microseconds
later. Should T fall between the two, the leg neither waits nor is answered yet at T.

The counts of people are of those logged in; who still talks or rings after the log-out is not
among them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from tests.oracles.shapes import OracleBreak, OracleLeg, OracleSession, TalkEnd, cut_ms

TARGET_MS = 20_000
SHORT_MS = 5_000
WINDOWS_MINUTES = (5, 30)

Known = Literal["waiting", "leaving", "answered", "abandoned", "otherwise"]
State = Literal["offline", "talking", "reserved", "not_ready", "ready"]
Interval = tuple[int, int | None]


@dataclass(frozen=True)
class WindowSample:
    """Waits that ended in (T - w, T], and the service level of the same window."""

    answered: int
    answered_in_time: int
    abandoned: int
    short_abandoned: int
    service_level: float | None


@dataclass(frozen=True)
class WallSample:
    """A queue at an instant; `windows` by minutes."""

    waiting: int
    longest_wait_ms: int | None
    waiting_over_target: int
    talking: int
    windows: dict[int, WindowSample]


@dataclass(frozen=True)
class People:
    """A team at an instant; the four states add up to `logged_in`."""

    logged_in: int
    talking: int
    reserved: int
    not_ready: int
    ready: int


def sample(
    legs: Iterable[OracleLeg],
    queue: str,
    at_ms: int,
    *,
    target_ms: int = TARGET_MS,
    short_ms: int = SHORT_MS,
    talk_end: TalkEnd = "told",
) -> WallSample:
    """A queue at an instant."""
    entered = [leg for leg in legs if leg.queue == queue and cut_ms(leg.entered_us) <= at_ms]
    waits = [
        at_ms - cut_ms(leg.entered_us) for leg in entered if known(leg, at_ms) == "waiting"
    ]
    return WallSample(
        waiting=len(waits),
        longest_wait_ms=max(waits, default=None),
        waiting_over_target=len([wait for wait in waits if wait > target_ms]),
        talking=len([leg for leg in entered if _holds(_talk(leg, talk_end), at_ms)]),
        windows={
            minutes: _window(entered, at_ms, minutes * 60_000, target_ms, short_ms)
            for minutes in WINDOWS_MINUTES
        },
    )


def known(leg: OracleLeg, at_ms: int) -> Known:
    """What can be said at an instant of a leg that has entered."""
    if leg.left_us is None or cut_ms(leg.left_us) > at_ms:
        return "waiting"
    match leg.outcome:
        case "answered":
            assert leg.answered_us is not None
            return "answered" if cut_ms(leg.answered_us) <= at_ms else "leaving"
        case "abandoned":
            return "abandoned"
        case _:
            return "otherwise"


def _window(
    entered: Iterable[OracleLeg], at_ms: int, window_ms: int, target_ms: int, short_ms: int
) -> WindowSample:
    answered, abandoned, events = [], [], []
    for leg in entered:
        ended_ms = None if leg.left_us is None else cut_ms(leg.left_us)
        if ended_ms is not None and at_ms - window_ms < ended_ms <= at_ms:
            if known(leg, at_ms) == "answered":
                answered.append(_wait(leg))
            elif known(leg, at_ms) == "abandoned":
                abandoned.append(_wait(leg))
        event = service_level_event(leg, at_ms, target_ms=target_ms, short_ms=short_ms)
        if event is not None and at_ms - window_ms < event[0]:
            events.append(event[1])
    return WindowSample(
        answered=len(answered),
        answered_in_time=len([wait for wait in answered if wait <= target_ms]),
        abandoned=len(abandoned),
        short_abandoned=len([wait for wait in abandoned if wait <= short_ms]),
        service_level=events.count(True) / len(events) if events else None,
    )


def service_level_event(
    leg: OracleLeg, at_ms: int, *, target_ms: int = TARGET_MS, short_ms: int = SHORT_MS
) -> tuple[int, bool] | None:
    """When the leg was counted, and whether in time; None while it is not, as known at T.

    Source: Cisco's service-level event, definition 5 of the design.
    """
    due_ms = cut_ms(leg.entered_us) + target_ms
    state = known(leg, at_ms)
    if state == "leaving":
        # not waiting and not answered yet: only a target that passed before counts it
        return (due_ms, False) if _wait(leg) > target_ms else None
    if state == "waiting":
        return (due_ms, False) if due_ms <= at_ms else None
    if _wait(leg) > target_ms:
        return due_ms, False
    assert leg.left_us is not None
    match state:
        case "answered":
            return cut_ms(leg.left_us), True
        case "abandoned" if _wait(leg) > short_ms:
            return cut_ms(leg.left_us), False
        case _:
            return None


def _wait(leg: OracleLeg) -> int:
    assert leg.wait_ms is not None
    return leg.wait_ms


def people(
    legs: Sequence[OracleLeg],
    sessions: Sequence[OracleSession],
    breaks: Sequence[OracleBreak],
    agents: Collection[str],
    at_ms: int,
    *,
    talk_end: TalkEnd = "told",
) -> People:
    """A team at an instant."""
    states = [
        state(legs, sessions, breaks, agent, at_ms, talk_end=talk_end) for agent in agents
    ]
    return People(
        logged_in=len(states) - states.count("offline"),
        talking=states.count("talking"),
        reserved=states.count("reserved"),
        not_ready=states.count("not_ready"),
        ready=states.count("ready"),
    )


def state(
    legs: Sequence[OracleLeg],
    sessions: Sequence[OracleSession],
    breaks: Sequence[OracleBreak],
    agent: str,
    at_ms: int,
    *,
    talk_end: TalkEnd = "told",
) -> State:
    """State of one agent by precedence talking, reserved, not_ready, ready."""
    mine = _mine(legs, sessions, breaks, agent, talk_end)
    return _state(*mine, at_ms)


def occupancy(
    legs: Sequence[OracleLeg],
    sessions: Sequence[OracleSession],
    breaks: Sequence[OracleBreak],
    agents: Collection[str],
    at_ms: int,
    window_minutes: int,
    *,
    talk_end: TalkEnd = "told",
) -> float | None:
    """Talking / (talking + ready + reserved) of a team's time in the window before T [0..1].

    None where nobody talked, rang or was ready.
    """
    from_ms = at_ms - window_minutes * 60_000
    spent: dict[State, int] = {
        "offline": 0,
        "talking": 0,
        "reserved": 0,
        "not_ready": 0,
        "ready": 0,
    }
    for agent in agents:
        mine = _mine(legs, sessions, breaks, agent, talk_end)
        marks = {from_ms, at_ms}
        for intervals in mine:
            for start, end in intervals:
                marks |= {start} | ({end} if end is not None else set())
        ordered = sorted(mark for mark in marks if from_ms <= mark <= at_ms)
        for start, end in pairwise(ordered):
            spent[_state(*mine, start)] += end - start
    available = spent["talking"] + spent["ready"] + spent["reserved"]
    return spent["talking"] / available if available else None


def _mine(
    legs: Sequence[OracleLeg],
    sessions: Sequence[OracleSession],
    breaks: Sequence[OracleBreak],
    agent: str,
    talk_end: TalkEnd,
) -> tuple[list[Interval], list[Interval], list[Interval], list[Interval]]:
    """Sessions, talks, rings and breaks of one agent."""
    talks = [_talk(leg, talk_end) for leg in legs if leg.agent == agent]
    return (
        [
            _cut(session.logged_in_us, session.logged_out_us)
            for session in sessions
            if session.agent == agent
        ],
        [talk for talk in talks if talk is not None],
        [
            _cut(offer.started_us, offer.ended_us)
            for leg in legs
            for offer in leg.offers
            if offer.agent == agent
        ],
        # the agent is known to be away once the last of his queues was paused
        [_cut(each.complete_us, each.ended_us) for each in breaks if each.agent == agent],
    )


def _state(
    sessions: list[Interval],
    talks: list[Interval],
    rings: list[Interval],
    breaks: list[Interval],
    at_ms: int,
) -> State:
    if not any(_holds(each, at_ms) for each in sessions):
        return "offline"
    if any(_holds(each, at_ms) for each in talks):
        return "talking"
    if any(_holds(each, at_ms) for each in rings):
        return "reserved"
    if any(_holds(each, at_ms) for each in breaks):
        return "not_ready"
    return "ready"


def _talk(leg: OracleLeg, talk_end: TalkEnd) -> Interval | None:
    if leg.answered_us is None:
        return None
    return _cut(leg.answered_us, leg.talk_end_us(talk_end))


def _cut(start_us: int, end_us: int | None) -> Interval:
    return cut_ms(start_us), None if end_us is None else cut_ms(end_us)


def _holds(interval: Interval | None, at_ms: int) -> bool:
    if interval is None:
        return False
    start, end = interval
    return start <= at_ms and (end is None or at_ms < end)
