"""What a mark does to an agent: his standing, and the spans that are written by it.

An agent can be several things at once; the state shown is the first that holds of
talking, holding, reserved (ringing), wrapup, not_ready, ready. Whoever keeps a caller on hold
to consult a colleague is holding, though he talks: the call that he placed meanwhile belongs to
the first. A break is not a state: it runs from pause to unpause or log-out, even in a talk.

Logged in is who is a member of at least one queue, by whichever of his phones. A queue rings
only its members, so a ringing tells of a membership whose beginning was never seen (a static
member, a log that starts late).

A snapshot corrects what differs from it: whom it lists is a member, paused or not, and whom it
does not is none. What was told since it was asked for is newer than it, and stands. Of a member
whose state is told, so much is known, too; not so of others.
"""

from schemas.facts import AgentState
from stream_processors.core import memberships, rests
from stream_processors.core.afterwork_terms import AfterWorkTerms
from stream_processors.core.agent import (
    EVERY_QUEUE,
    Agent,
    AgentMark,
    Span,
    Standing,
    Stop,
    copy_of,
    ended_by_a_restart,
    told_since,
)

ONE_PAUSE_MS = 2_000
"""Pauses of several queues within this are one pause of the agent."""

MARKS_TO_A_STOP = 16
"""After so many marks the standing is kept: that many are folded again at most, and some."""

RING_IS_NEWS_MS = 3_000
"""A ringing sooner after leaving or pausing may have begun before; a later one is a return."""

_OF_THE_SOURCE = frozenset({"restarted", "listed", "shown", "unlisted"})
"""What a source says of itself or of all, and so of whose the agent is only if it is news."""


class Fold:
    """One pass over marks: changes a standing, writes the spans that follow."""

    __slots__ = ("agent", "now", "spans", "terms", "touched")

    def __init__(self, agent: Agent, terms: AfterWorkTerms) -> None:
        self.agent = agent
        self.now = agent.now
        self.spans = agent.spans
        self.touched = agent.touched
        self.terms = terms

    def begin_where_it_stands(self) -> None:
        """Write what is open, as if it had just begun to be told."""
        now = self.now
        if now.session_since is not None:
            self._write("session", now.session_since, None, "offline", "")
        if now.break_since is not None:
            self._write("break", now.break_since, None, "offline", now.break_reason)
        if now.state != "offline":
            self._write("state", now.since, None, now.state, now.reason)

    def take(self, mark: AgentMark) -> None:
        """Take a mark that comes after all before it."""
        agent, now = self.agent, self.now
        agent.since_stop += 1
        if mark.at == now.last_at and ended_by_a_restart(agent.marks, mark):
            return
        # A stop must stand before all marks of its instant.
        if agent.since_stop > MARKS_TO_A_STOP and mark.at > now.last_at:
            self.until(mark.at - 1)
            agent.stops.append(Stop(mark.at, copy_of(now)))
            agent.since_stop = 0
        now.last_at = mark.at
        if now.wrapup_until:
            self.until(mark.at)
        source = mark.source
        if source and source != now.source and mark.kind not in _OF_THE_SOURCE:
            now.source = source
        membership_may_have_changed = _STEPS[mark.kind](self, mark)
        if membership_may_have_changed:
            self._session(mark)
            self._break(mark.at)
        self._show(mark.at)

    def until(self, at: int) -> None:
        """Let an after-work end that is over at an instant [ms]."""
        ends = self.now.wrapup_until
        if ends and ends <= at:
            self.now.wrapup_until = 0
            # A mark from before it is late, also if no mark stands after it yet.
            self.now.last_at = max(self.now.last_at, ends)
            self._show(ends)

    # what each kind of mark does; True if log-in, membership or pause may have changed

    def _joined(self, mark: AgentMark) -> bool:
        memberships.join(self.now, mark)
        memberships.note_entry(self.now, mark)
        self.now.wrapups[mark.queue_id] = mark.number
        if not mark.paused:
            if rests.rings_again(self.now, mark):
                rests.wake(self.now, mark.queue_id, mark)
                self.now.paused.pop(mark.queue_id, None)
        elif rests.rest(self.now, mark.queue_id, mark):
            self.now.paused[mark.queue_id] = (mark.at, mark.reason)
        return True

    def _left(self, mark: AgentMark) -> bool:
        if mark.queue_id == EVERY_QUEUE and mark.kind == "left":  # a list ends his log-in only
            memberships.leave_all(self.now)
            self.now.wrapups.clear()
        elif memberships.stays_by_another_entry(self.now, mark):
            return self._rests_at_what_is_left(mark)
        else:
            memberships.leave(self.now, mark)
        return True

    def _rests_at_what_is_left(self, mark: AgentMark) -> bool:
        reason = rests.reason_to_rest(self.now, mark.queue_id)
        if reason is None or mark.queue_id in self.now.paused:
            return False
        self.now.paused[mark.queue_id] = (mark.at, reason)
        return True

    def _paused(self, mark: AgentMark) -> bool:
        if mark.queue_id != EVERY_QUEUE:
            memberships.join(self.now, mark)
            memberships.note_entry(self.now, mark)
            self._pause(mark.queue_id, mark)
            return True
        for queue_id in self.now.queues or (EVERY_QUEUE,):
            self._pause(queue_id, mark)
        return True

    def _listed(self, mark: AgentMark) -> bool:
        now, queue_id = self.now, mark.queue_id
        if told_since(self.agent.marks, mark):
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
            return self._unpaused(mark)
        else:
            rests.wake(now, queue_id, mark)
        return is_news

    def _unlisted(self, mark: AgentMark) -> bool:
        since = self.now.queues.get(mark.queue_id)
        if since is None or since >= mark.number:
            return False
        if told_since(self.agent.marks, mark):
            return False
        if self.now.homes[mark.queue_id] != mark.source:
            # Of a queue of another source, which may have the same name.
            memberships.stays_by_another_entry(self.now, mark)
            return False
        return self._left(mark)

    def _pause(self, queue_id: str, mark: AgentMark) -> None:
        if not rests.rest(self.now, queue_id, mark):
            return
        since = self.now.paused.get(queue_id)
        at = mark.at if since is None or since[1] != mark.reason else since[0]
        self.now.paused[queue_id] = (at, mark.reason)

    def _unpaused(self, mark: AgentMark) -> bool:
        if mark.queue_id == EVERY_QUEUE:
            self.now.paused.clear()
            self.now.resting.clear()
        else:
            rests.wake(self.now, mark.queue_id, mark)
            self.now.paused.pop(mark.queue_id, None)
            self.now.paused.pop(EVERY_QUEUE, None)
        return True

    def _ring_started(self, mark: AgentMark) -> bool:
        now, news = self.now, False
        now.rings.append(mark.reason)
        if mark.queue_id not in now.queues:
            gone = now.left.get(mark.queue_id)
            if gone is None or mark.at - gone > RING_IS_NEWS_MS:
                news = memberships.join(now, mark)
        for queue_id in (mark.queue_id, EVERY_QUEUE) if now.paused else ():
            pause = now.paused.get(queue_id)
            if pause is not None and mark.at - pause[0] > RING_IS_NEWS_MS:
                del now.paused[queue_id]
                now.resting.pop(queue_id, None)
                news = True
        return news

    def _ring_ended(self, mark: AgentMark) -> bool:
        _drop(self.now.rings, mark.reason)
        return False

    def _talk_started(self, mark: AgentMark) -> bool:
        # Whoever takes a call no longer talks to somebody whose end was lost; whom he keeps on
        # hold he still has.
        now = self.now
        now.talks = [*(ref for ref in now.talks if ref in now.held), mark.reason]
        return False

    def _talk_ended(self, mark: AgentMark) -> bool:
        if self.now.held:  # the other side may hang up on hold
            self.now.held = [ref for ref in self.now.held if ref != mark.reason]
        if mark.reason in self.now.talks:
            self.now.talks.remove(mark.reason)
            wrapup = self._wrapup_ms(mark)
            if wrapup:
                self.now.wrapup_until = mark.at + wrapup
        return False

    def _wrapup_ms(self, ended: AgentMark) -> int:
        """Return the wrap-up time [ms] of his membership; where he has none, of his queue."""
        now, queue_id = self.now, ended.queue_id
        own = now.wrapups.get(queue_id, 0)
        if own or not (queue_id in now.queues or EVERY_QUEUE in now.queues):
            return own
        return self.terms.wrapup_ms(queue_id, ended.at)

    def _device_rang(self, mark: AgentMark) -> bool:
        self.now.phones.append(mark.reason)
        return False

    def _device_quiet(self, mark: AgentMark) -> bool:
        _drop(self.now.phones, mark.reason)
        return False

    def _device_used(self, mark: AgentMark) -> bool:
        now = self.now
        _drop(now.phones, mark.reason)
        consults = bool(mark.number) and bool(now.talks or now.calls)
        (now.consults if consults else now.calls).append(mark.reason)
        return False

    def _device_free(self, mark: AgentMark) -> bool:
        for refs in (self.now.calls, self.now.consults, self.now.held):
            _drop(refs, mark.reason)
        return False

    def _held(self, mark: AgentMark) -> bool:
        self.now.held.append(mark.reason)
        return False

    def _resumed(self, mark: AgentMark) -> bool:
        _drop(self.now.held, mark.reason)
        return False

    def _wrapup_started(self, mark: AgentMark) -> bool:
        self.now.told_wrapup = True
        return False

    def _wrapup_ended(self, mark: AgentMark) -> bool:
        self.now.told_wrapup = False
        self.now.wrapup_until = 0
        return False

    def _restarted(self, mark: AgentMark) -> bool:
        now = self.now
        if now.source not in ("", mark.source):
            return False
        memberships.leave_all(now)
        now.rings.clear()
        now.talks.clear()
        now.phones.clear()
        now.calls.clear()
        now.consults.clear()
        now.held.clear()
        now.wrapup_until = 0
        now.told_wrapup = False
        return True

    # what follows

    def _session(self, mark: AgentMark) -> None:
        now = self.now
        if now.queues and now.session_since is None:
            now.session_since, now.session_source = mark.at, now.source
            self._write("session", mark.at, None, "offline", "")
        elif not now.queues and now.session_since is not None:
            self._write("session", now.session_since, mark.at, "offline", "")
            now.session_since = None

    def _break(self, at: int) -> None:
        now = self.now
        pause = self._pause_of_all()
        if pause is not None and pause[1].lower() in self.terms.reasons:
            pause = None
        if pause is not None and now.break_since is None:
            if at - pause[0] > ONE_PAUSE_MS:
                # Paused long before in some queues, he has now left the others.
                pause = (at, pause[1])
            now.break_since, now.break_reason = pause
            self._write("break", pause[0], None, "offline", pause[1])
        elif pause is None and now.break_since is not None:
            self._write(
                "break", now.break_since, max(at, now.break_since), "offline", now.break_reason
            )
            now.break_since = None
        elif pause is not None and pause[1] != now.break_reason and now.break_since is not None:
            # Another reason is another break, unless it is told with the first one's pauses.
            if at - now.break_since <= ONE_PAUSE_MS and not now.break_reason:
                self._erase("break", now.break_since)
            else:
                self._write("break", now.break_since, at, "offline", now.break_reason)
                pause = (at, pause[1])
            now.break_since, now.break_reason = pause
            self._write("break", pause[0], None, "offline", pause[1])

    def _pause_of_all(self) -> tuple[int, str] | None:
        """Return since when and why the agent is paused in all of his queues.

        One pause of an agent comes as one message per queue: it began with the first of them,
        unless they lie apart.
        """
        now = self.now
        if not now.paused:
            return None
        if not now.queues:
            return now.paused.get(EVERY_QUEUE) if now.session_since is not None else None
        if EVERY_QUEUE in now.paused:
            return now.paused[EVERY_QUEUE]
        named = len(now.queues) - (EVERY_QUEUE in now.queues)  # a sign-in names none
        if len(now.paused) < named or not named:
            return None
        told = [now.paused[each] for each in now.queues if each in now.paused]
        if len(told) < named:
            return None
        first, last = min(told), max(told)
        return (first[0] if last[0] - first[0] <= ONE_PAUSE_MS else last[0], last[1])

    def _show(self, at: int) -> None:
        now = self.now
        state, reason = self._state()
        if state == now.state and reason == now.reason:
            return
        if now.state != "offline":
            if at > now.since:
                self._write("state", now.since, at, now.state, now.reason)
            else:
                self._erase("state", now.since)
        now.state, now.reason, now.since = state, reason, at
        if state != "offline":
            self._write("state", at, None, state, reason)

    def _state(self) -> tuple[AgentState, str]:
        now = self.now
        if now.talks or now.calls or now.consults:
            return ("talking" if not now.held else _talking_or_holding(now)), ""
        if now.rings or now.phones:
            return "reserved", ""
        if now.session_since is None:
            return "offline", ""
        if now.told_wrapup or now.wrapup_until:
            return "wrapup", ""
        pause = self._pause_of_all()
        if pause is not None:
            if pause[1].lower() in self.terms.reasons:
                return "wrapup", ""
            return "not_ready", pause[1]
        return "ready", ""

    def _write(
        self, kind: str, start: int, end: int | None, state: AgentState, reason: str
    ) -> None:
        # Where the session began, so that folding it again from a later stop says the same.
        source = self.now.session_source if kind == "session" else ""
        key, spans = (kind, start), self.spans
        if key not in self.touched:
            self.touched[key] = spans.get(key)
        spans[key] = Span(kind, start, end, state, reason, source)

    def _erase(self, kind: str, start: int) -> None:
        key = (kind, start)
        self.touched.setdefault(key, self.spans.pop(key, None))


def _drop(refs: list[str], ref: str) -> None:
    if ref in refs:
        refs.remove(ref)


def _talking_or_holding(now: Standing) -> AgentState:
    calls = (*now.talks, *now.calls)
    on_hold = bool(calls) and all(ref in now.held for ref in calls)
    return "holding" if on_hold else "talking"


_STEPS = {
    "joined": Fold._joined,
    "left": Fold._left,
    "paused": Fold._paused,
    "unpaused": Fold._unpaused,
    "ring_started": Fold._ring_started,
    "ring_ended": Fold._ring_ended,
    "talk_started": Fold._talk_started,
    "talk_ended": Fold._talk_ended,
    "device_rang": Fold._device_rang,
    "device_quiet": Fold._device_quiet,
    "device_used": Fold._device_used,
    "device_free": Fold._device_free,
    "held": Fold._held,
    "resumed": Fold._resumed,
    "wrapup_started": Fold._wrapup_started,
    "wrapup_ended": Fold._wrapup_ended,
    "restarted": Fold._restarted,
    "listed": Fold._listed,
    "shown": Fold._listed,
    "unlisted": Fold._unlisted,
}
