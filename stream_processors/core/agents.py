"""What one agent did: log-ins, breaks, and one state at every instant in between.

An agent is a set of marks in the order of time, folded like a call: a mark that comes last is
one step, a late one is put into its place and what comes after it is folded again. Every few
marks the standing is kept as a stop to fold again from, so a late mark costs what came after
it, not the shift.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from stream_processors.core.afterwork_terms import AfterWorkTerms
from stream_processors.core.agent import (
    ECHO_MS,
    EVERY_QUEUE,
    OVER,
    RESTARTS,
    SEEN_AT_A_SNAPSHOT,
    TOLD_BY_FEEDS,
    Agent,
    AgentMark,
    Standing,
    Stop,
    copy_of,
    place_of,
)
from stream_processors.core.standing import Fold

_OF_CALLS = frozenset({*OVER, *OVER.values()})

Exact: TypeAlias = dict[tuple[str, str], list[int]]
"""Instants [ms] by kind of mark and queue."""


def begin(agent: Agent, new: Sequence[AgentMark], terms: AfterWorkTerms) -> None:
    """Add marks, which come in their order; those that were there already change nothing."""
    marks = agent.marks
    fold = Fold(agent, terms)
    for mark in _in_reach(agent, new):
        told = mark.kind in TOLD_BY_FEEDS
        if told:
            agent.coarse = agent.coarse or mark.resolution > 1
            agent.fine = agent.fine or mark.resolution == 1
        mixed = told and agent.coarse and agent.fine
        # A stop may stand before a mark that was withdrawn since, and an after-work may have
        # ended by its time: what comes before either is late.
        is_last = not marks or mark > marks[-1]
        in_time = mark.at >= agent.stops[-1].at and mark.at >= agent.now.last_at
        if is_last and not mixed and in_time:
            again = mark.at == agent.now.last_at and _may_tell_more(mark, marks)
            marks.append(mark)
            fold.take(mark)
            if again:
                _touch_at(agent, mark.at)
        elif _insert(agent, mark, terms, mixed=mixed):
            fold = Fold(agent, terms)


def _in_reach(agent: Agent, new: Sequence[AgentMark]) -> Sequence[AgentMark]:
    """Let what a call turns out to have done out of reach be done as early as is in reach."""
    reach = agent.stops[0].at
    if new[0].at >= reach:
        return new
    return sorted(
        replace(mark, at=reach) if mark.at < reach and mark.kind in _OF_CALLS else mark
        for mark in new
    )


def _may_tell_more(mark: AgentMark, before: Sequence[AgentMark]) -> bool:
    """Tell whether a mark may be the better word about an instant that was taken already."""
    if mark.kind in TOLD_BY_FEEDS or not before:
        return True
    return before[-1].at != mark.at or before[-1].kind in SEEN_AT_A_SNAPSHOT


def _touch_at(agent: Agent, at: int) -> None:
    """Let the spans that begin or end at an instant [ms] be judged again, though they stay so.

    Nothing of them changes but which event is the best word about it.
    """
    for key, span in agent.spans.items():
        if at == span.end or at == key[1]:
            said = agent.touched.setdefault(key, span)
            agent.unsaid.setdefault(key, said)


def _insert(agent: Agent, mark: AgentMark, terms: AfterWorkTerms, *, mixed: bool) -> bool:
    """Put a late mark into its place; return False if it was there already."""
    marks = agent.marks
    place = bisect_left(marks, mark)
    if place < len(marks) and _is_same(marks[place], mark):
        return False
    marks.insert(place, mark)
    if not (mixed and mark.resolution > 1 and _is_echo(mark, _exact(marks))):
        # A fine mark may make an echo of a coarse one that stands a little before it.
        _fold_again(agent, mark.at - (ECHO_MS if mixed else 0), terms)
    _touch_at(agent, mark.at)
    return True


def _is_same(one: AgentMark, other: AgentMark) -> bool:
    return (
        one.at == other.at
        and one.phase == other.phase
        and one.sequence == other.sequence
        and one.mark_id == other.mark_id
        # A hold may end in the instant in which its talk does.
        and one.kind == other.kind
    )


def withdraw(agent: Agent, mark: AgentMark, terms: AfterWorkTerms) -> None:
    """Take back a mark that no longer holds (a call ended at another time than first told)."""
    place = bisect_left(agent.marks, mark)
    is_kept = place < len(agent.marks) and agent.marks[place] == mark
    if is_kept:
        del agent.marks[place]
    reach = agent.stops[0].at
    if mark.at < reach and mark.kind in OVER:
        # What came of it is all that is left of it: that is over, as early as is in reach.
        over = replace(mark, at=reach, phase=RESTARTS, kind=OVER[mark.kind])
        _insert(agent, over, terms, mixed=False)
    elif is_kept:
        _fold_again(agent, mark.at, terms)


def pass_time(agent: Agent, at: int, terms: AfterWorkTerms) -> None:
    """Let an agent's after-work end if its time is over at `at` [ms]."""
    Fold(agent, terms).until(at)


def forget(agent: Agent, before: int) -> None:
    """Drop the marks and spans that no late mark can reach: none comes before `before` [ms]."""
    reachable = [stop for stop in agent.stops if stop.at <= before]
    first = reachable[-1]
    if first is agent.stops[0]:
        return
    agent.stops = agent.stops[len(reachable) - 1 :]
    del agent.marks[: place_of(agent.marks, first.at - 2 * ECHO_MS)]
    for key, span in list(agent.spans.items()):
        # Which call an after-work is of that lasts, what came before it tells.
        leads_on = key[0] == "state" and _is_at_afterwork_since(agent, span.end)
        if span.end is not None and span.end < first.at and not leads_on:
            del agent.spans[key]


def _is_at_afterwork_since(agent: Agent, at: int | None) -> bool:
    return agent.now.state == "wrapup" and agent.now.since == at


def served(agent: Agent, since: int, terms: AfterWorkTerms) -> list[tuple[int, frozenset[str]]]:
    """Return which queues could ring an agent: a member there and not paused, step by step.

    Each step holds from an instant [ms] until the next one; the first is how he stood at
    `since` or, where that is out of reach, as early as is known.
    """
    stop = next((each for each in reversed(agent.stops) if each.at <= since), agent.stops[0])
    scratch = Agent(agent.agent_id, agent.team, now=copy_of(stop.standing), marks=agent.marks)
    fold = Fold(scratch, terms)
    steps = [(stop.at, _ringing(scratch.now))]
    for mark in _after(agent, stop):
        fold.take(mark)
        now = _ringing(scratch.now)
        if now != steps[-1][1]:
            steps.append((mark.at, now))
    return steps


def _ringing(now: Standing) -> frozenset[str]:
    if EVERY_QUEUE in now.paused:
        return frozenset()
    return frozenset(now.queues.keys() - now.paused.keys())


def _after(agent: Agent, stop: Stop) -> Iterator[AgentMark]:
    """Return the marks since a stop, but not what another feed has said more exactly."""
    recent = agent.marks[place_of(agent.marks, stop.at - 2 * ECHO_MS) :]
    exact = _exact(recent) if agent.coarse and agent.fine else {}
    for mark in recent:
        if mark.at >= stop.at and not _is_echo(mark, exact):
            yield mark


def _fold_again(agent: Agent, changed_at: int, terms: AfterWorkTerms) -> None:
    """Fold again what comes after the last stop before a change."""
    while len(agent.stops) > 1 and agent.stops[-1].at > changed_at:
        agent.stops.pop()
    stop = agent.stops[-1]
    for key, span in list(agent.spans.items()):
        if span.end is None or span.end >= stop.at:
            del agent.spans[key]
            agent.touched.setdefault(key, span)
    agent.now = copy_of(stop.standing)
    agent.since_stop = 0
    fold = Fold(agent, terms)
    fold.begin_where_it_stands()
    for mark in _after(agent, stop):
        fold.take(mark)


def _exact(marks: list[AgentMark]) -> Exact:
    """Return when the finer feed told what."""
    exact: Exact = {}
    for mark in marks:
        if mark.kind in TOLD_BY_FEEDS and mark.resolution == 1:
            exact.setdefault((mark.kind, mark.queue_id), []).append(mark.at)
            exact.setdefault((mark.kind, EVERY_QUEUE), []).append(mark.at)
    return exact


def _is_echo(mark: AgentMark, exact: Exact) -> bool:
    """Tell whether a feed of whole seconds says again what a finer feed has said exactly."""
    if mark.resolution == 1 or mark.kind not in TOLD_BY_FEEDS:
        return False
    told = exact.get((mark.kind, mark.queue_id))
    if not told:
        return False
    place = bisect_left(told, mark.at - ECHO_MS // 2)
    return place < len(told) and told[place] <= mark.at + ECHO_MS
