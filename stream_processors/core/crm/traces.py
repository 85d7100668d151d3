"""What is remembered of calls so that what a CRM tells can be matched with them."""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import msgspec

from schemas.facts import Leg

Index: TypeAlias = dict[str, dict[str, None]]
"""Keys of things by what they have in common, in the order in which they came."""


class Reach(NamedTuple):
    """Legs that were not over before an instant [ms] and had begun by another."""

    since: int
    until: int


class Trace(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A leg, as far as matching needs it. Instants in ms."""

    leg_id: str
    interaction_id: str
    source: str
    agent_id: str
    caller_key: str
    entered: int
    answered: int | None
    ended: int | None

    def over(self, now: int) -> int:
        """Return when [ms] it was over; `now` while it is not."""
        return now if self.ended is None else max(self.ended, self.entered)


def trace_of(leg: Leg) -> Trace:
    """Return what is remembered of a leg."""
    ended = leg.ended_at
    if ended is None and leg.answered_at is None:
        ended = leg.left_at
    return Trace(
        leg.leg_id, leg.interaction_id, leg.source, leg.agent_id, leg.caller_key,
        leg.entered_at, leg.answered_at, ended,
    )  # fmt: skip


class Book(msgspec.Struct):
    """The legs in reach, by interaction, by agent and by caller.

    `since` is the earliest [ms] that a CRM told of; calls that were over long before it may or
    may not be remembered, so none of them is found.
    """

    since: int | None = None
    traces: dict[str, Trace] = msgspec.field(default_factory=dict)
    by_interaction: Index = msgspec.field(default_factory=dict)
    by_agent: Index = msgspec.field(default_factory=dict)
    by_caller: Index = msgspec.field(default_factory=dict)

    def put(self, trace: Trace) -> Trace | None:
        """Remember a leg; return what was remembered of it before."""
        before = self.take(trace.leg_id)
        self.traces[trace.leg_id] = trace
        for index, key in self._places(trace):
            index.setdefault(key, {})[trace.leg_id] = None
        return before

    def take(self, leg_id: str) -> Trace | None:
        """Forget a leg; return what was remembered of it."""
        trace = self.traces.pop(leg_id, None)
        if trace is not None:
            for index, key in self._places(trace):
                drop(index, key, leg_id)
        return trace

    def found(self, index: Index, key: str, reach: Reach) -> Iterator[Trace]:
        """Return the legs of a key that are in reach."""
        for leg_id in index.get(key, ()):
            trace = self.traces[leg_id]
            is_over = trace.ended is not None and trace.over(0) < reach.since
            if trace.entered <= reach.until and not is_over:
                yield trace

    def forget(self, before: int) -> None:
        """Forget the legs that were over before an instant [ms]."""
        gone = [
            trace.leg_id
            for trace in self.traces.values()
            if (trace.entered if trace.ended is None else trace.over(0)) < before
        ]
        for leg_id in gone:
            self.take(leg_id)

    def _places(self, trace: Trace) -> Iterator[tuple[Index, str]]:
        if trace.interaction_id:
            yield self.by_interaction, trace.interaction_id
        if trace.agent_id:
            yield self.by_agent, trace.agent_id
        if trace.caller_key:
            yield self.by_caller, trace.caller_key


def drop(index: Index, key: str, value: str) -> None:
    """Take one thing out of an index, and its key with the last one."""
    known = index.get(key)
    if known is not None:
        known.pop(value, None)
        if not known:
            del index[key]
