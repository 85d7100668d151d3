"""Since when what holds of a queue has held: nobody is free for it, its level is too low.

Worked out on the source's time from what the state knows, never remembered by whoever looks: it
is the same instant for everybody, whenever he began to look, and after a restart.
"""

from bisect import bisect_right
from collections.abc import Collection

from stream_processors.core.agent import Agent, Span
from stream_processors.core.instants import NEVER
from stream_processors.core.queues import Queue
from stream_processors.core.windows import KEPT_MS, WINDOWS

NOBODY_READY_MS = 3_000
"""A caller waits a moment even when somebody is free: ringing takes its time."""

ENOUGH_CALLS = 5
"""Fewer counted calls say too little about a level to call it too low."""

LEVEL_WINDOW_MS = WINDOWS["30m"]


def past_target_since(queue: Queue, now: int) -> int | None:
    """Return when [ms] who waits longest passed the target, None if nobody has by `now`."""
    passed = [entered + target for entered, target in queue.waiting.values()]
    since = min(passed, default=now)
    return since if since < now else None


# --- nobody is free -----------------------------------------------------------------------


def nobody_ready_since(queue: Queue, agents: Collection[Agent], now: int) -> int | None:
    """Return since when [ms] the first in line has had nobody free; None if it is not so.

    It begins a moment after he entered, or when the last agent of the queue ceased to be free,
    whichever is later. What agents did is known for 20 minutes at least: of whoever waits
    longer, somebody free before that may be overlooked.
    """
    waited = queue.longest_wait_ms(now)
    if waited is None or waited < NOBODY_READY_MS:
        return None
    queue_id = queue.queue_id
    if any(a.now.state == "ready" and queue_id in a.now.queues for a in agents):
        return None
    since = min(entered for entered, _ in queue.waiting.values()) + NOBODY_READY_MS
    for agent in agents:
        # Nobody ceases to be free without a mark.
        if agent.marks and agent.marks[-1].at > since:
            since = max(since, _free_until(agent, queue_id, since))
    return since


def _free_until(agent: Agent, queue_id: str, after: int) -> int:
    """Return the last instant [ms] later than `after` when an agent was free, else `after`."""
    joined = agent.now.queues.get(queue_id, NEVER)
    left = _left_at(agent, queue_id, after)
    if joined == NEVER and left <= after:
        return after
    for span in reversed(agent.spans.values()):
        if span.kind != "state":
            continue
        end = NEVER if span.end is None else span.end
        if end <= after:
            break
        if span.state == "ready" and (end > joined or span.start < left):
            return end if end > joined else max(after, min(end, left))
    return after


def _left_at(agent: Agent, queue_id: str, after: int) -> int:
    """Return when [ms] an agent left a queue last, by itself or with all the others."""
    left = agent.now.left.get(queue_id, 0)
    session = agent.now.session_since
    if session is not None and session <= after:
        return left
    ended = max((_end_of_session(span) for span in agent.spans.values()), default=0)
    # Who logs out of everything leaves queues that only his marks still name.
    kinds = [mark.kind for mark in reversed(agent.marks) if mark.queue_id == queue_id]
    by_itself = next((kind for kind in kinds if kind in ("joined", "left")), "") == "left"
    return ended if kinds and not by_itself and ended > max(left, after) else left


def _end_of_session(span: Span) -> int:
    return span.end if span.kind == "session" and span.end is not None else 0


# --- the service level is too low ---------------------------------------------------------


def low_since(queue: Queue, target: float, now: int) -> int | None:
    """Return since when [ms] the level has been under its target; None if it is not at `now`.

    Exact, however long ago: what has left the windows is remembered by `remember_level`.

    Args:
        queue: whose headline level over 30 minutes it is.
        target: a ratio 0..1.
        now: an instant [ms] not before the one that was remembered last.
    """
    at, since = now, None
    while (room := _changes_to_recovery(queue, target, at)) is not None:
        since = _before_changes(queue, at, room // 2)
        if since <= queue.levels_from:
            known, began = queue.low_since or (target, queue.levels_from)
            # Of another target it is only known that the level has been low since then.
            return began if known == target else queue.levels_from
        at = since - 1
    return since


def remember_level(queue: Queue, target: float, at: int) -> None:
    """Note since when the level is low before what tells it is forgotten at `at` [ms].

    Of the oldest instant whose window is whole afterwards: no late event can change it. Where
    nothing counts, nothing is low: there it is not worked out.
    """
    levels_from = at - KEPT_MS + LEVEL_WINDOW_MS
    if queue.instants["level_counted"] and levels_from > queue.levels_from:
        since = low_since(queue, target, levels_from)
        queue.low_since = None if since is None else (target, since)
        queue.levels_from = levels_from


def _changes_to_recovery(queue: Queue, target: float, at: int) -> int | None:
    """Return how many changes a low level outlives at least; None if the level is not low.

    A change is a call that begins or ceases to count; either moves the calls that are missing
    to the target by one at most. So most of a bad hour is leapt over.
    """
    counted = queue.count("level_counted", at - LEVEL_WINDOW_MS, at)
    if counted < ENOUGH_CALLS:
        return None
    in_time = queue.count("answered_in_time", at - LEVEL_WINDOW_MS, at)
    if in_time / counted >= target:
        return None
    missing = target * counted - in_time
    return max(0, min(int(missing) - 1, counted - ENOUGH_CALLS))


def _before_changes(queue: Queue, at: int, changes: int) -> int:
    """Return the instant [ms] of the last change up to `at` but for so many of either kind."""
    counted = queue.instants["level_counted"]
    begun = bisect_right(counted, at) - 1 - changes
    ceased = bisect_right(counted, at - LEVEL_WINDOW_MS) - 1 - changes
    return max(
        counted[begun] if begun >= 0 else 0,
        counted[ceased] + LEVEL_WINDOW_MS if ceased >= 0 else 0,
    )
