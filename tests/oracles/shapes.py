"""What an oracle says about a recording: legs with their offers, sessions, breaks.

An instant ends in `_us` (microseconds since 1970); a queue log, which knows whole seconds,
gives multiples of a million. A duration ends in `_ms`. `None` means that the recording does
not say, or does not say yet; the empty word means the same of a word.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["waiting", "answered", "abandoned", "timeout", "key", "empty", "withdrawn"]
Result = Literal["ringing", "answered", "no_answer", "busy", "cancelled"]
TalkEnd = Literal["told", "parted"]
Kind = Literal["in", "out", "pause", "unpause"]


@dataclass(frozen=True)
class OracleOffer:
    """One ringing of one agent; `told_ring_ms` is the source's own figure."""

    agent: str
    started_us: int
    ended_us: int | None
    result: Result
    told_ring_ms: int | None


@dataclass(frozen=True)
class OracleLeg:
    """One visit of one caller to one queue.

    `ended_us` is the end of the talk as the source tells it. `parted_us` is when the agent's
    channel left the bridge, which only the manager interface shows: the two differ by up to a
    minute where the caller was moved on without a transfer (see `ami`). `talk_ms` is the talk
    as told. `ended_by` keeps the source's word: caller, agent, transfer; a time-out is
    `system`.
    """

    channel: str
    queue: str
    interaction: str
    entered_us: int
    left_us: int | None
    answered_us: int | None
    ended_us: int | None
    parted_us: int | None
    outcome: Outcome
    agent: str
    ended_by: str
    transferred_to: str
    wait_ms: int | None
    talk_ms: int | None
    told_wait_s: int | None
    told_talk_s: int | None
    offers: tuple[OracleOffer, ...]

    def talk_end_us(self, by: TalkEnd) -> int | None:
        """End of the talk: as told, or, where known, when the agent's channel left it."""
        if by == "parted" and self.parted_us is not None:
            return self.parted_us
        return self.ended_us


@dataclass(frozen=True)
class OracleSession:
    """From the first queue an agent is a member of until he is a member of none."""

    agent: str
    logged_in_us: int
    logged_out_us: int | None


@dataclass(frozen=True)
class OracleBreak:
    """Paused in all of his queues; `complete_us` is when the last of them was paused."""

    agent: str
    reason: str
    started_us: int
    complete_us: int
    ended_us: int | None


@dataclass(frozen=True)
class Move:
    """One line or event on the membership of one agent in one queue."""

    at_us: int
    agent: str
    queue: str
    kind: Kind
    reason: str


def cut_ms(us: int) -> int:
    """The millisecond an instant lies in; the definitions compare nothing finer."""
    return us // 1000


def answered_by_agent(legs: Iterable[OracleLeg]) -> dict[str, int]:
    """Legs each agent answered."""
    counts: dict[str, int] = {}
    for leg in legs:
        if leg.outcome == "answered":
            counts[leg.agent] = counts.get(leg.agent, 0) + 1
    return counts


def talk_ms_by_agent(legs: Iterable[OracleLeg]) -> dict[str, int]:
    """Sum of told talks of each agent; overlapping talks count twice."""
    sums: dict[str, int] = {}
    for leg in legs:
        if leg.talk_ms is not None:
            sums[leg.agent] = sums.get(leg.agent, 0) + leg.talk_ms
    return sums


def sessions_of(moves: Sequence[Move]) -> list[OracleSession]:
    """Sessions, in order of log-in."""
    found: list[OracleSession] = []
    for agent in sorted({move.agent for move in moves}):
        queues: set[str] = set()
        since = 0
        for move in moves:
            if move.agent != agent:
                continue
            before = len(queues)
            if move.kind == "in":
                queues.add(move.queue)
            elif move.kind == "out":
                queues.discard(move.queue)
            if before == 0 and queues:
                since = move.at_us
            elif before and not queues:
                found.append(OracleSession(agent, since, move.at_us))
        if queues:
            found.append(OracleSession(agent, since, None))
    return sorted(found, key=lambda session: (session.logged_in_us, session.agent))


GROUP_US = 2_000_000


def breaks_of(moves: Sequence[Move]) -> list[OracleBreak]:
    """Breaks, in order of their start.

    A pause of all queues arrives as one event per queue. The break starts with the first event
    of that group (pauses at most two seconds before the one that completes it) and ends with
    the first unpause, or with the log-out.
    """
    found: list[OracleBreak] = []
    for agent in sorted({move.agent for move in moves}):
        paused: dict[str, Move | None] = {}
        begun: tuple[int, int, str] | None = None
        for move in moves:
            if move.agent != agent:
                continue
            if move.kind == "in":
                paused[move.queue] = None
            elif move.kind == "out":
                paused.pop(move.queue, None)
            elif move.queue in paused:
                paused[move.queue] = move if move.kind == "pause" else None

            pauses = [pause for pause in paused.values() if pause is not None]
            everywhere = bool(paused) and len(pauses) == len(paused)
            if everywhere and begun is None:
                group = [pause for pause in pauses if move.at_us - pause.at_us <= GROUP_US]
                first = min((pause.at_us for pause in group), default=move.at_us)
                begun = (first, move.at_us, pauses[-1].reason)
            elif not everywhere and begun is not None:
                started, complete, reason = begun
                found.append(OracleBreak(agent, reason, started, complete, move.at_us))
                begun = None
        if begun is not None:
            started, complete, reason = begun
            found.append(OracleBreak(agent, reason, started, complete, None))
    return sorted(found, key=lambda each: (each.started_us, each.agent))
