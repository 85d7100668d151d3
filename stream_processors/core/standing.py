"""An agent's standing, taken from mark to mark, and the spans that are written by it.

An agent can be several things at once; the state shown is the first that holds of
talking, holding, reserved (ringing), wrapup, not_ready, ready. Whoever keeps a caller on hold
to consult a colleague is holding, though he talks: the call that he placed meanwhile belongs to
the first. A break is not a state: it runs from pause to unpause or log-out, even in a talk.

Logged in is who is a member of at least one queue, by whichever of his phones.
"""

from schemas.facts import AgentState
from stream_processors.core import call_marks, duty_marks
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
)

ONE_PAUSE_MS = 2_000
"""Pauses of several queues within this are one pause of the agent."""

MARKS_TO_A_STOP = 16
"""After so many marks the standing is kept: that many are folded again at most, and some."""


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
        if source and source != now.source and mark.kind not in duty_marks.OF_THE_SOURCE:
            now.source = source
        membership_may_have_changed = self._step(mark)
        if membership_may_have_changed:
            self._session(mark)
            self._break(mark.at)
        self._show(mark.at)

    def _step(self, mark: AgentMark) -> bool:
        """Let a mark change the standing; True if log-in, membership or pause may have."""
        of_duty = duty_marks.STEPS.get(mark.kind)
        if of_duty is not None:
            return of_duty(self.agent, mark)
        return call_marks.STEPS[mark.kind](self.now, mark, self.terms)

    def until(self, at: int) -> None:
        """Let an after-work end that is over at an instant [ms]."""
        ends = self.now.wrapup_until
        if ends and ends <= at:
            self.now.wrapup_until = 0
            # A mark from before it is late, also if no mark stands after it yet.
            self.now.last_at = max(self.now.last_at, ends)
            self._show(ends)

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


def _talking_or_holding(now: Standing) -> AgentState:
    calls = (*now.talks, *now.calls)
    on_hold = bool(calls) and all(ref in now.held for ref in calls)
    return "holding" if on_hold else "talking"
