"""A team's people: how many are in each state, and occupancy over exact windows.

    occupancy = (talking + holding + wrapup) / (that + ready + reserved)        [ratio 0..1]

in agent-milliseconds; not_ready is in neither term. The number of busy and of available people
is a step function of time; its integral is kept at each step, so a window costs two bisections
however many people and calls it holds. A step that comes late lifts the integrals after it.
"""

from bisect import bisect_right
from typing import TypeAlias

import msgspec

from stream_processors.core.agent import Span

BUSY = frozenset({"talking", "holding", "wrapup"})
AVAILABLE = BUSY | {"ready", "reserved"}

Steps: TypeAlias = dict[int, int]
"""By how many people something changes at which instants [ms]."""


class Integral(msgspec.Struct):
    """A step function and its integral [ms] since the first step, exact at every instant."""

    at: list[int] = msgspec.field(default_factory=list)
    height: list[int] = msgspec.field(default_factory=list)
    area: list[int] = msgspec.field(default_factory=list)

    def step(self, at: int, by: int) -> None:
        """Let the function be higher by `by` from `at` on."""
        if self.at and at > self.at[-1]:
            self.area.append(self.area[-1] + self.height[-1] * (at - self.at[-1]))
            self.height.append(self.height[-1] + by)
            self.at.append(at)
            return
        place = bisect_right(self.at, at)
        if place and self.at[place - 1] == at:
            place -= 1
        else:
            self.at.insert(place, at)
            self.area.insert(place, self._area(place - 1, at))
            self.height.insert(place, self.height[place - 1] if place else 0)
        for later in range(place, len(self.at)):
            self.height[later] += by
            self.area[later] += by * (self.at[later] - at)

    def between(self, start: int, end: int) -> int:
        """Return the area over [start, end]."""
        return self._until(end) - self._until(start)

    def _until(self, at: int) -> int:
        place = bisect_right(self.at, at) - 1
        return self._area(place, at)

    def _area(self, place: int, at: int) -> int:
        if place < 0:
            return 0
        return self.area[place] + self.height[place] * (at - self.at[place])

    def forget(self, before: int) -> None:
        """Drop the steps before an instant, but for the last: it tells the height there."""
        place = bisect_right(self.at, before) - 1
        if place > 0:
            del self.at[:place], self.height[:place], self.area[:place]


class Team(msgspec.Struct):
    """People of one team, by state; an agent is in one state at a time."""

    team: str
    source: str
    states: dict[str, int] = msgspec.field(default_factory=dict)
    busy: Integral = msgspec.field(default_factory=Integral)
    available: Integral = msgspec.field(default_factory=Integral)

    def step(self, available: Steps, busy: Steps) -> None:
        """Count more people as available, and as busy, from each instant on."""
        for at, by in available.items():
            if by:
                self.available.step(at, by)
        for at, by in busy.items():
            if by:
                self.busy.step(at, by)

    def occupancy(self, start: int, end: int) -> float | None:
        """Return the share of available time spent busy [ratio]; None if nobody was available.

        Busy is on calls and in after-work; `start` and `end` are instants [ms].
        """
        available = self.available.between(start, end)
        return self.busy.between(start, end) / available if available else None

    def forget(self, before: int) -> None:
        """Drop steps that no window can reach."""
        self.busy.forget(before)
        self.available.forget(before)


def count(team: Team, available: Steps, busy: Steps, span: Span | None, sign: int) -> None:
    """Count a person's state in a team, or take it back; what cancels out costs no step."""
    if span is None:
        return
    state, end = span.state, span.end
    if end is None:
        team.states[state] = team.states.get(state, 0) + sign
    if state in AVAILABLE:
        _lift(available, span, sign)
        if state in BUSY:
            _lift(busy, span, sign)


def _lift(steps: Steps, span: Span, by: int) -> None:
    steps[span.start] = steps.get(span.start, 0) + by
    if span.end is not None:
        steps[span.end] = steps.get(span.end, 0) - by


def count_end(team: Team, available: Steps, busy: Steps, span: Span) -> None:
    """Count that a state has ended which was counted as open: what happens most."""
    end = span.end
    if end is None:
        return
    team.states[span.state] -= 1
    if span.state in AVAILABLE:
        available[end] = available.get(end, 0) - 1
        if span.state in BUSY:
            busy[end] = busy.get(end, 0) - 1
