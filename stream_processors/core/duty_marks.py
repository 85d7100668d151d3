"""What a mark of a membership or a pause does to its agent, and what a source says of all.

A snapshot corrects what differs from it: whom it lists is a member, paused or not, and whom it
does not is none. What was told since it was asked for is newer than it, and stands. Of a member
whose state is told, so much is known, too; not so of others.

Each step returns True if log-in, membership or pause may have changed.
"""

from collections.abc import Callable, Mapping

from stream_processors.core import call_marks, memberships, rests
from stream_processors.core.agent import EVERY_QUEUE, Agent, AgentMark, Standing, told_since

OF_THE_SOURCE = frozenset({"restarted", "listed", "shown", "unlisted"})
"""What a source says of itself or of all, and so of whose the agent is only if it is news."""


def _joined(agent: Agent, mark: AgentMark) -> bool:
    now = agent.now
    memberships.join(now, mark)
    memberships.note_entry(now, mark)
    now.wrapups[mark.queue_id] = mark.number
    if not mark.paused:
        if rests.rings_again(now, mark):
            rests.wake(now, mark.queue_id, mark)
            now.paused.pop(mark.queue_id, None)
    elif rests.rest(now, mark.queue_id, mark):
        now.paused[mark.queue_id] = (mark.at, mark.reason)
    return True


def _left(agent: Agent, mark: AgentMark) -> bool:
    now = agent.now
    if mark.queue_id == EVERY_QUEUE and mark.kind == "left":  # a list ends his log-in only
        memberships.leave_all(now)
        now.wrapups.clear()
    elif memberships.stays_by_another_entry(now, mark):
        return _rests_at_what_is_left(now, mark)
    else:
        memberships.leave(now, mark)
    return True


def _rests_at_what_is_left(now: Standing, mark: AgentMark) -> bool:
    reason = rests.reason_to_rest(now, mark.queue_id)
    if reason is None or mark.queue_id in now.paused:
        return False
    now.paused[mark.queue_id] = (mark.at, reason)
    return True


def _paused(agent: Agent, mark: AgentMark) -> bool:
    now = agent.now
    if mark.queue_id != EVERY_QUEUE:
        memberships.join(now, mark)
        memberships.note_entry(now, mark)
        _pause(now, mark.queue_id, mark)
        return True
    for queue_id in now.queues or (EVERY_QUEUE,):
        _pause(now, queue_id, mark)
    return True


def _pause(now: Standing, queue_id: str, mark: AgentMark) -> None:
    if not rests.rest(now, queue_id, mark):
        return
    since = now.paused.get(queue_id)
    at = mark.at if since is None or since[1] != mark.reason else since[0]
    now.paused[queue_id] = (at, mark.reason)


def _unpaused(agent: Agent, mark: AgentMark) -> bool:
    now = agent.now
    if mark.queue_id == EVERY_QUEUE:
        now.paused.clear()
        now.resting.clear()
    else:
        rests.wake(now, mark.queue_id, mark)
        now.paused.pop(mark.queue_id, None)
        now.paused.pop(EVERY_QUEUE, None)
    return True


def _listed(agent: Agent, mark: AgentMark) -> bool:
    now, queue_id = agent.now, mark.queue_id
    if told_since(agent.marks, mark):
        # A log tells of no after-work, so what is told since says nothing against it.
        if mark.wrapup >= 0 and queue_id in now.queues:
            now.wrapups[queue_id] = mark.wrapup
        return False
    is_news, known = memberships.join(now, mark), [*now.entries.get(queue_id, ())]
    if mark.kind == "listed":
        memberships.note_listed_entry(now, mark)
    else:
        memberships.note_entry(now, mark)
    if is_news:
        now.source = mark.source
    if mark.wrapup >= 0:
        now.wrapups[queue_id] = mark.wrapup
    pause = now.paused.get(queue_id) or now.paused.get(EVERY_QUEUE)
    if mark.paused:
        if not rests.rest(now, queue_id, mark, besides=known):
            return is_news
        # An old Asterisk lists no reasons.
        if pause is None or (mark.reason and pause[1] != mark.reason):
            now.paused.pop(EVERY_QUEUE, None)
            now.paused[queue_id] = (mark.at, mark.reason)
            return True
    elif pause is not None:
        return _unpaused(agent, mark)
    else:
        rests.wake(now, queue_id, mark)
    return is_news


def _unlisted(agent: Agent, mark: AgentMark) -> bool:
    now = agent.now
    since = now.queues.get(mark.queue_id)
    if since is None or since >= mark.number:
        return False
    if told_since(agent.marks, mark):
        return False
    if now.homes[mark.queue_id] != mark.source:
        # Of a queue of another source, which may have the same name.
        memberships.stays_by_another_entry(now, mark)
        return False
    return _left(agent, mark)


def _restarted(agent: Agent, mark: AgentMark) -> bool:
    now = agent.now
    if now.source not in ("", mark.source):
        return False
    memberships.leave_all(now)
    call_marks.drop_all(now)
    return True


STEPS: Mapping[str, Callable[[Agent, AgentMark], bool]] = {
    "joined": _joined,
    "left": _left,
    "paused": _paused,
    "unpaused": _unpaused,
    "listed": _listed,
    "shown": _listed,
    "unlisted": _unlisted,
    "restarted": _restarted,
}
