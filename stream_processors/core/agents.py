"""What one agent did: log-ins, breaks, and one state at every instant in between.

An agent is a set of marks in the order of time, folded like a call: a mark that comes last is
one step, a late one is put into its place and what comes after it is folded again. Every few
marks the standing is kept as a stop to fold again from, so a late mark costs what came after
it, not the shift.

An agent can be several things at once; the state shown is the first that holds of
talking, holding, reserved (ringing), wrapup, not_ready, ready. Whoever keeps a caller on hold
to consult a colleague is holding, though he talks: the call that he placed meanwhile belongs to
the first. A break is not a state: it runs from pause to unpause or log-out, even in a talk.

Logged in is who is a member of at least one queue. A queue rings only its members, so a ringing
tells of a membership whose beginning was never seen (a static member, a log that starts late).

A snapshot corrects what differs from it: whom it lists is a member, paused or not, and whom it
does not is none. What was told since it was asked for is newer than it, and stands.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from schemas.facts import AgentState

MATCH_MS = 2_000
"""Pauses of several queues within this are one pause of the agent."""

ECHO_MS = 2_000
"""A feed of whole seconds may tell this much before (half as much after) the exact one."""

MARKS_TO_A_STOP = 16

EVERY_QUEUE = "*"
"""Stands for all queues: an agent-wide pause, or a log-in that names no queue."""

RING_IS_NEWS_MS = 3_000
"""A ringing sooner after leaving or pausing may have begun before; a later one is a return."""

Exact: TypeAlias = dict[tuple[str, str], list[int]]
"""Instants [ms] by kind of mark and queue."""

SpanKey: TypeAlias = tuple[str, int]
"""Kind (session, break, state) and start [ms]."""

STARTS, TELLS, ENDS = 0, 1, 2
"""Order of marks at one instant: what starts, what the source says of the agent, what ends.

A ringing that is answered ends as the talk starts; so no state of no length lies between them.
"""


class AgentMark(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """One thing that an agent did or that happened to him. Sorts by time."""

    at: int
    phase: int
    sequence: int
    mark_id: str
    kind: str
    queue_id: str = ""
    reason: str = ""
    resolution: int = 1
    number: int = 0  # wrap-up time of a membership, or of when a snapshot speaks [ms]
    source: str = ""
    paused: bool = False  # a membership that begins paused


class Span(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A stretch of time: a session, a break, or one state. Only a session tells its source."""

    kind: str
    start: int
    end: int | None
    state: AgentState
    reason: str
    source: str


Former: TypeAlias = dict[SpanKey, Span | None]
"""What spans were before they changed; None if there was none."""


class Standing(msgspec.Struct, gc=False):
    """Everything about an agent that the next mark depends on."""

    queues: dict[str, int] = msgspec.field(default_factory=dict)
    left: dict[str, int] = msgspec.field(default_factory=dict)
    paused: dict[str, tuple[int, str]] = msgspec.field(default_factory=dict)
    rings: list[str] = msgspec.field(default_factory=list)
    talks: list[str] = msgspec.field(default_factory=list)
    phones: list[str] = msgspec.field(default_factory=list)
    calls: list[str] = msgspec.field(default_factory=list)
    consults: list[str] = msgspec.field(default_factory=list)
    held: list[str] = msgspec.field(default_factory=list)
    wrapups: dict[str, int] = msgspec.field(default_factory=dict)
    wrapup_until: int = 0
    told_wrapup: bool = False
    session_since: int | None = None
    session_source: str = ""
    break_since: int | None = None
    break_reason: str = ""
    state: AgentState = "offline"
    reason: str = ""
    since: int = 0
    source: str = ""
    last_at: int = -1


class Stop(msgspec.Struct, gc=False):
    """The standing after all marks before an instant [ms]."""

    at: int
    standing: Standing


class Agent(msgspec.Struct):
    """One agent: what holds now, what was said of the recent past, and how to fold it again.

    `touched` keeps what spans were when his team was last told, `unsaid` what was last said of
    them as facts. `direct` tells from when to when [ms] he used his phone without a queue, by
    leg; `missed` which calls rang at his phone in vain.
    """

    agent_id: str
    team: str
    source: str = ""
    now: Standing = msgspec.field(default_factory=Standing)
    stops: list[Stop] = msgspec.field(default_factory=lambda: [Stop(-1, Standing())])
    since_stop: int = 0
    marks: list[AgentMark] = msgspec.field(default_factory=list)
    spans: dict[SpanKey, Span] = msgspec.field(default_factory=dict)
    touched: Former = msgspec.field(default_factory=dict)
    unsaid: Former = msgspec.field(default_factory=dict)
    direct: dict[str, tuple[int, int | None]] = msgspec.field(default_factory=dict)
    missed: dict[str, None] = msgspec.field(default_factory=dict)
    coarse: bool = False
    fine: bool = False


def on_the_phone(agent: Agent, at: int) -> bool:
    """Tell whether an agent used his phone for something else at an instant [ms]."""
    return any(
        start <= at and (end is None or at < end) for start, end in agent.direct.values()
    )


def begin(agent: Agent, new: Sequence[AgentMark], wrapup_reasons: frozenset[str]) -> None:
    """Add marks, which come in their order; those that were there already change nothing."""
    marks = agent.marks
    fold = _Fold(agent, wrapup_reasons)
    for mark in new:
        told = mark.kind in _TOLD_BY_FEEDS
        if told:
            agent.coarse = agent.coarse or mark.resolution > 1
            agent.fine = agent.fine or mark.resolution == 1
        mixed = told and agent.coarse and agent.fine
        # A stop may stand before a mark that was withdrawn since; what comes before it is late.
        is_last = not marks or mark > marks[-1]
        if is_last and not mixed and mark.at >= agent.stops[-1].at:
            marks.append(mark)
            fold.take(mark)
        elif _insert(agent, mark, wrapup_reasons, mixed=mixed):
            fold = _Fold(agent, wrapup_reasons)


def _insert(
    agent: Agent, mark: AgentMark, wrapup_reasons: frozenset[str], *, mixed: bool
) -> bool:
    """Put a late mark into its place; return False if it was there already."""
    marks = agent.marks
    place = bisect_left(marks, mark)
    if place < len(marks) and _is_same(marks[place], mark):
        return False
    marks.insert(place, mark)
    if not (mixed and mark.resolution > 1 and _is_echo(mark, _exact(marks))):
        # A fine mark may make an echo of a coarse one that stands a little before it.
        _fold_again(agent, mark.at - (ECHO_MS if mixed else 0), wrapup_reasons)
    return True


def _is_same(one: AgentMark, other: AgentMark) -> bool:
    return (
        one.at == other.at
        and one.phase == other.phase
        and one.sequence == other.sequence
        and one.mark_id == other.mark_id
    )


def withdraw(agent: Agent, mark: AgentMark, wrapup_reasons: frozenset[str]) -> None:
    """Take back a mark that no longer holds (a call ended at another time than first told)."""
    place = bisect_left(agent.marks, mark)
    if place < len(agent.marks) and agent.marks[place] == mark:
        del agent.marks[place]
        _fold_again(agent, mark.at, wrapup_reasons)


def pass_time(agent: Agent, at: int, wrapup_reasons: frozenset[str]) -> None:
    """Let an agent's after-work end if its time is over at `at` [ms]."""
    _Fold(agent, wrapup_reasons).until(at)


def forget(agent: Agent, before: int) -> None:
    """Drop the marks and spans that no late mark can reach: none comes before `before` [ms]."""
    reachable = [stop for stop in agent.stops if stop.at <= before]
    first = reachable[-1]
    if first is agent.stops[0]:
        return
    agent.stops = agent.stops[len(reachable) - 1 :]
    del agent.marks[: _place_of(agent.marks, first.at - 2 * ECHO_MS)]
    for key, span in list(agent.spans.items()):
        if span.end is not None and span.end < first.at:
            del agent.spans[key]


def _fold_again(agent: Agent, changed_at: int, wrapup_reasons: frozenset[str]) -> None:
    """Fold again what comes after the last stop before a change."""
    while len(agent.stops) > 1 and agent.stops[-1].at > changed_at:
        agent.stops.pop()
    stop = agent.stops[-1]
    for key, span in list(agent.spans.items()):
        if span.end is None or span.end >= stop.at:
            del agent.spans[key]
            agent.touched.setdefault(key, span)
    agent.now = _copy(stop.standing)
    agent.since_stop = 0
    fold = _Fold(agent, wrapup_reasons)
    fold.begin_where_it_stands()
    recent = agent.marks[_place_of(agent.marks, stop.at - 2 * ECHO_MS) :]
    exact = _exact(recent) if agent.coarse and agent.fine else {}
    for mark in recent:
        if mark.at >= stop.at and not _is_echo(mark, exact):
            fold.take(mark)


def _place_of(marks: list[AgentMark], at: int) -> int:
    """Return where the first mark of an instant [ms] or after it stands."""
    return bisect_left(marks, AgentMark(at, STARTS, 0, "", ""))


def _copy(standing: Standing) -> Standing:
    return msgspec.structs.replace(
        standing,
        queues=dict(standing.queues),
        left=dict(standing.left),
        paused=dict(standing.paused),
        wrapups=dict(standing.wrapups),
        rings=list(standing.rings),
        talks=list(standing.talks),
        phones=standing.phones.copy(),
        calls=standing.calls.copy(),
        consults=standing.consults.copy(),
        held=standing.held.copy(),
    )


_TOLD_BY_FEEDS = frozenset({"joined", "left", "paused", "unpaused"})


def _exact(marks: list[AgentMark]) -> Exact:
    """Return when the finer feed told what."""
    exact: Exact = {}
    for mark in marks:
        if mark.kind in _TOLD_BY_FEEDS and mark.resolution == 1:
            exact.setdefault((mark.kind, mark.queue_id), []).append(mark.at)
            exact.setdefault((mark.kind, EVERY_QUEUE), []).append(mark.at)
    return exact


def _is_echo(mark: AgentMark, exact: Exact) -> bool:
    """Tell whether a feed of whole seconds says again what a finer feed has said exactly."""
    if mark.resolution == 1 or mark.kind not in _TOLD_BY_FEEDS:
        return False
    told = exact.get((mark.kind, mark.queue_id))
    if not told:
        return False
    place = bisect_left(told, mark.at - ECHO_MS // 2)
    return place < len(told) and told[place] <= mark.at + ECHO_MS


def _told_since(marks: list[AgentMark], listing: AgentMark) -> bool:
    """Tell whether something was told of a membership after a snapshot was asked for."""
    before, queues = listing.number, (listing.queue_id, EVERY_QUEUE)
    for mark in marks[_place_of(marks, before - ECHO_MS) :]:
        if mark.at > listing.at:
            break
        if mark.kind in _TOLD_BY_FEEDS and mark.queue_id in queues:
            last_ms = mark.at + mark.resolution - 1
            if last_ms >= before:
                return True
    return False


_OF_THE_SOURCE = frozenset({"restarted", "listed", "unlisted"})
"""What a source says of itself or of all, and so of whose the agent is only if it is news."""


class _Fold:
    """One pass over marks: changes a standing, writes the spans that follow."""

    __slots__ = ("agent", "now", "spans", "touched", "wrapup_reasons")

    def __init__(self, agent: Agent, wrapup_reasons: frozenset[str]) -> None:
        self.agent = agent
        self.now = agent.now
        self.spans = agent.spans
        self.touched = agent.touched
        self.wrapup_reasons = wrapup_reasons

    def begin_where_it_stands(self) -> None:
        now = self.now
        if now.session_since is not None:
            self._write("session", now.session_since, None, "offline", "")
        if now.break_since is not None:
            self._write("break", now.break_since, None, "offline", now.break_reason)
        if now.state != "offline":
            self._write("state", now.since, None, now.state, now.reason)

    def take(self, mark: AgentMark) -> None:
        agent, now = self.agent, self.now
        agent.since_stop += 1
        # A stop must stand before all marks of its instant.
        if agent.since_stop > MARKS_TO_A_STOP and mark.at > now.last_at:
            self.until(mark.at - 1)
            agent.stops.append(Stop(mark.at, _copy(now)))
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
        ends = self.now.wrapup_until
        if ends and ends <= at:
            self.now.wrapup_until = 0
            self._show(ends)

    # what each kind of mark does; True if log-in, membership or pause may have changed

    def joined(self, mark: AgentMark) -> bool:
        self.now.queues.setdefault(mark.queue_id, mark.at)
        self.now.wrapups[mark.queue_id] = mark.number
        if mark.paused:
            self.now.paused[mark.queue_id] = (mark.at, mark.reason)
        return True

    def left(self, mark: AgentMark) -> bool:
        if mark.queue_id == EVERY_QUEUE:
            self.now.queues.clear()
            self.now.paused.clear()
            self.now.wrapups.clear()
        else:
            self.now.queues.pop(mark.queue_id, None)
            self.now.wrapups.pop(mark.queue_id, None)
            self.now.paused.pop(mark.queue_id, None)
            self.now.left[mark.queue_id] = mark.at
        return True

    def paused(self, mark: AgentMark) -> bool:
        if mark.queue_id != EVERY_QUEUE:
            self.now.queues.setdefault(mark.queue_id, mark.at)
            self._pause(mark.queue_id, mark)
            return True
        for queue_id in self.now.queues or (EVERY_QUEUE,):
            self._pause(queue_id, mark)
        return True

    def listed(self, mark: AgentMark) -> bool:
        now, queue_id = self.now, mark.queue_id
        if _told_since(self.agent.marks, mark):
            return False
        is_news = queue_id not in now.queues
        if is_news:
            now.queues[queue_id] = mark.at
            now.source = mark.source
        pause = now.paused.get(queue_id) or now.paused.get(EVERY_QUEUE)
        if mark.paused:
            # An old Asterisk lists no reasons.
            if pause is None or (mark.reason and pause[1] != mark.reason):
                now.paused.pop(EVERY_QUEUE, None)
                now.paused[queue_id] = (mark.at, mark.reason)
                return True
        elif pause is not None:
            return self.unpaused(mark)
        return is_news

    def unlisted(self, mark: AgentMark) -> bool:
        since = self.now.queues.get(mark.queue_id)
        another = self.now.source not in ("", mark.source)
        if since is None or since >= mark.number or another:
            return False
        return not _told_since(self.agent.marks, mark) and self.left(mark)

    def _pause(self, queue_id: str, mark: AgentMark) -> None:
        since = self.now.paused.get(queue_id)
        at = mark.at if since is None or since[1] != mark.reason else since[0]
        self.now.paused[queue_id] = (at, mark.reason)

    def unpaused(self, mark: AgentMark) -> bool:
        if mark.queue_id == EVERY_QUEUE:
            self.now.paused.clear()
        else:
            self.now.paused.pop(mark.queue_id, None)
            self.now.paused.pop(EVERY_QUEUE, None)
        return True

    def ring_started(self, mark: AgentMark) -> bool:
        now, news = self.now, False
        # A phone rings for one call at a time: an older ringing has ended unheard.
        now.rings = [mark.reason]
        if mark.queue_id not in now.queues:
            gone = now.left.get(mark.queue_id)
            if gone is None or mark.at - gone > RING_IS_NEWS_MS:
                now.queues[mark.queue_id] = mark.at
                news = True
        for queue_id in (mark.queue_id, EVERY_QUEUE) if now.paused else ():
            pause = now.paused.get(queue_id)
            if pause is not None and mark.at - pause[0] > RING_IS_NEWS_MS:
                del now.paused[queue_id]
                news = True
        return news

    def ring_ended(self, mark: AgentMark) -> bool:
        if mark.reason in self.now.rings:
            self.now.rings.remove(mark.reason)
        return False

    def talk_started(self, mark: AgentMark) -> bool:
        # Whoever takes a call no longer rings, nor talks to somebody whose end was lost.
        self.now.rings.clear()
        self.now.talks = [mark.reason]
        return False

    def talk_ended(self, mark: AgentMark) -> bool:
        if mark.reason in self.now.talks:
            self.now.talks.remove(mark.reason)
            wrapup = self.now.wrapups.get(mark.queue_id, 0)
            if wrapup:
                self.now.wrapup_until = mark.at + wrapup
        return False

    def device_rang(self, mark: AgentMark) -> bool:
        self.now.phones.append(mark.reason)
        return False

    def device_quiet(self, mark: AgentMark) -> bool:
        _drop(self.now.phones, mark.reason)
        return False

    def device_used(self, mark: AgentMark) -> bool:
        now = self.now
        _drop(now.phones, mark.reason)
        consults = bool(mark.number) and bool(now.talks or now.calls)
        (now.consults if consults else now.calls).append(mark.reason)
        return False

    def device_free(self, mark: AgentMark) -> bool:
        for refs in (self.now.calls, self.now.consults, self.now.held):
            _drop(refs, mark.reason)
        return False

    def held(self, mark: AgentMark) -> bool:
        self.now.held.append(mark.reason)
        return False

    def resumed(self, mark: AgentMark) -> bool:
        _drop(self.now.held, mark.reason)
        return False

    def wrapup_started(self, mark: AgentMark) -> bool:
        self.now.told_wrapup = True
        return False

    def wrapup_ended(self, mark: AgentMark) -> bool:
        self.now.told_wrapup = False
        self.now.wrapup_until = 0
        return False

    def restarted(self, mark: AgentMark) -> bool:
        now = self.now
        if now.source not in ("", mark.source):
            return False
        now.queues.clear()
        now.paused.clear()
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
        if pause is not None and pause[1].lower() in self.wrapup_reasons:
            pause = None
        if pause is not None and now.break_since is None:
            if at - pause[0] > MATCH_MS:
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
            if at - now.break_since <= MATCH_MS and not now.break_reason:
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
        if len(now.paused) < len(now.queues):
            return None
        pauses = [now.paused.get(queue_id) for queue_id in now.queues]
        told = [pause for pause in pauses if pause is not None]
        if len(told) < len(pauses):
            return None
        first, last = min(told), max(told)
        return (first[0] if last[0] - first[0] <= MATCH_MS else last[0], last[1])

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
            if pause[1].lower() in self.wrapup_reasons:
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
    "joined": _Fold.joined,
    "left": _Fold.left,
    "paused": _Fold.paused,
    "unpaused": _Fold.unpaused,
    "ring_started": _Fold.ring_started,
    "ring_ended": _Fold.ring_ended,
    "talk_started": _Fold.talk_started,
    "talk_ended": _Fold.talk_ended,
    "device_rang": _Fold.device_rang,
    "device_quiet": _Fold.device_quiet,
    "device_used": _Fold.device_used,
    "device_free": _Fold.device_free,
    "held": _Fold.held,
    "resumed": _Fold.resumed,
    "wrapup_started": _Fold.wrapup_started,
    "wrapup_ended": _Fold.wrapup_ended,
    "restarted": _Fold.restarted,
    "listed": _Fold.listed,
    "unlisted": _Fold.unlisted,
}
