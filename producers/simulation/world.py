"""The clock of one source and what is to happen: a heap of timers."""

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random
from typing import Any

from producers.simulation.desk import Desk
from producers.simulation.people import Agent, Caller, Line
from producers.simulation.plan import Plan
from producers.simulation.truth import TenantTruth
from producers.simulation.voice import Voice
from schemas.events import Data, Event


class World:
    """One PBX with its queues and people. Instants and durations are milliseconds.

    Attributes:
        now: the instant.
        open: callers whose channel is alive.
        agents: everybody on the roster.
        is_down: the PBX is starting anew; nobody can call.
        is_closing: the simulated time is over; calls in progress are finished.
        desk: the CRM beside it, if there is one.
    """

    def __init__(
        self, plan: Plan, voice: Voice, truth: TenantTruth, chance: Random, hourly: float
    ) -> None:
        self.plan = plan
        self.voice = voice
        self.truth = truth
        self.chance = chance
        self.hourly = hourly
        self.now = plan.begin_ms
        self.lines: list[Line] = []
        self.agents: list[Agent] = []
        self.open: dict[str, Caller] = {}
        self.is_down = False
        self.is_closing = False
        self.desk: Desk | None = None
        self._timers: list[tuple[int, int, Callable[[Any, int], None], Any, int]] = []
        self._set = 0

    def after(
        self, delay_ms: int, act: Callable[[Any, int], None], who: Any = None, number: int = 0
    ) -> None:
        """Let something happen to somebody; `number` tells which visit or session is meant."""
        self._set += 1
        heappush(self._timers, (self.now + delay_ms, self._set, act, who, number))

    def step(self) -> bool:
        """Let the next thing happen; return False if there is nothing left."""
        if not self._timers:
            return False
        self.now, _, act, who, number = heappop(self._timers)
        act(who, number)
        return True

    def say(self, kind: type[Event], data: Data, subject: str = "") -> bool:
        """Tell an event of now; return False if nobody hears it."""
        return self.voice.say(kind, data, subject, self.now)

    def say_of(self, caller: Caller, kind: type[Event], data: Data) -> None:
        """Tell an event of a caller's visit to a queue."""
        if self.voice.say(kind, data, caller.channel_id, self.now):
            caller.heard = True
