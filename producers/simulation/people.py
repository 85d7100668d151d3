"""Who takes part: queues, agents, callers, and a phone that rings for one of them."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Literal

from producers.simulation.truth import AgentTruth, QueueTruth

Doing = Literal["away", "idle", "ringing", "talking", "wrapup", "resting", "on break"]


@dataclass(slots=True, eq=False)
class Line:
    """One queue: who waits unserved (with the number of the visit), who is free to serve."""

    name: str
    wrapup_ms: int
    unserved: deque[tuple["Caller", int]] = field(default_factory=deque)
    idle: OrderedDict[str, "Agent"] = field(default_factory=OrderedDict)
    staff: int = 0

    def first(self) -> "Caller | None":
        """Return who has waited longest without a phone ringing for him."""
        while self.unserved:
            caller, visit = self.unserved[0]
            if caller.visit == visit and caller.is_waiting:
                return caller
            self.unserved.popleft()  # he has left since
        return None


@dataclass(slots=True, eq=False)
class Agent:
    """One agent. Timers of an earlier session are void: they carry its number."""

    agent_id: str
    number: int
    lines: tuple[Line, ...]
    truth: AgentTruth
    doing: Doing = "away"
    session: int = 0
    logged_in_at: int = 0
    shift_ends: int = 0
    breaks_taken: int = 0
    wanted_break: tuple[str, int] | None = None
    break_reason: str = ""
    break_since: int = 0
    wrapup_of: QueueTruth | None = None
    wrapup_since: int = 0


@dataclass(slots=True, eq=False)
class Offer:
    """A phone that rings."""

    offer_id: str
    caller: "Caller"
    agent: Agent
    since: int
    over: bool = False


@dataclass(slots=True, eq=False)
class Caller:
    """One caller. Timers of an earlier visit to a queue are void: they carry its number."""

    channel_id: str
    caller_key: str
    visit: int = 0
    line: Line | None = None
    entered_at: int = 0
    wait_ms: int = 0
    answered_at: int | None = None
    agent: Agent | None = None
    offer: Offer | None = None
    offers: int = 0
    heard: bool = False

    @property
    def is_waiting(self) -> bool:
        """Tell whether he is in a queue and nobody has answered."""
        return self.line is not None and self.answered_at is None
