"""A batch of events in, facts out: what every shell runs, whatever carries them.

The state of a domain is a fold over its log, changed in place and owned by the caller. A
snapshot (`freeze`) carries the position it was taken at, so a restart neither loses nor
doubles. Facts are coalesced: of all that a batch changed, the newest revision is returned once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heappop
from typing import NamedTuple, assert_never

import msgspec

from schemas.errors import MalformedEvent
from schemas.events import DESK, Event, SchedulePublished, ViolationReviewed, decode
from schemas.facts import DayDirty, Fact, Origin, Rejected, RejectReason, Review
from stream_processors.core import agents
from stream_processors.core.change import Change
from stream_processors.core.crm.readings import CRM_EVENTS, is_of_crm
from stream_processors.core.discipline.diary import KEPT_MS
from stream_processors.core.forgetting import forget, forget_crm
from stream_processors.core.hearsay import clock_of, hear, hearsay_facts
from stream_processors.core.instants import MINUTE_MS, NEVER, day_name, to_ms
from stream_processors.core.judging import Court
from stream_processors.core.ledger import Ledger
from stream_processors.core.plans import plan_of
from stream_processors.core.publishing import publish
from stream_processors.core.readings import READINGS
from stream_processors.core.samples import team_sample, wall_sample
from stream_processors.core.saying import agent_facts, contact_facts, line_facts, without_moved
from stream_processors.core.sources import (
    HORIZON_MS,
    SAMPLE_MS,
    SILENT_MS,
    Deadline,
    Heard,
    Source,
    first_sample,
    next_multiple,
)
from stream_processors.core.state import Line, State, Terms

FUTURE_MS = 2 * MINUTE_MS
"""An event this far ahead of its receipt has a wrong clock and must not move ours."""

FORGET_MS = 5 * MINUTE_MS
"""How often what is out of reach is dropped."""


class Record(NamedTuple):
    """One value of the log and where it stands in it."""

    position: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Values in log order. Positions may have gaps; one frame's events share its position.

    A batch never splits a position: what stands at or below the state's has been applied.
    """

    records: tuple[Record, ...]


def apply(state: State, batch: Batch, terms: Terms) -> list[Fact]:
    """Fold a batch into the state, which is changed in place, and return what became true."""
    run = _Run(state, terms)
    run.take(batch.records)
    return run.finish()


def freeze(state: State) -> bytes:
    """Return a snapshot; equal states of equal logs give equal bytes."""
    return msgspec.msgpack.encode(state)


def thaw(snapshot: bytes) -> State:
    """Return the state a snapshot was taken of."""
    return msgspec.msgpack.decode(snapshot, type=State)


class _Run:
    """One call of `apply`."""

    def __init__(self, state: State, terms: Terms) -> None:
        self.state = state
        self.terms = terms
        self.change = Change(state, terms)
        self.court = Court(self.change) if terms.judges else None
        self.ledger = Ledger(state.agents, terms.day_of)
        self.position = state.position
        self.origin: Origin = "live" if terms.refold_at is None else "refold"
        self.recorded = ""  # when the adapter saw the last event, as text and [ms since 1970]
        self.known_at = 0
        self.latest = FUTURE_MS  # what is told later than this has a wrong clock
        self.facts: list[Fact] = []
        self.dirty: dict[str, DayDirty] = {}
        self.outdated: dict[str, int] = {}  # sources that are to forget, as of when [ms]
        self.told = ""  # the last time of an event as text, and what it means [ms]
        self.told_ms = 0
        self.second = ""
        self.second_ms = 0
        self.source: Source | None = None
        self.heard = 0  # so many events of the present feed, the latest at [ms]
        self.heard_at = 0
        self.received_at = 0  # and when that one came, by our clock [ms]

    def instant(self, text: str) -> int:
        """Return an event's time [ms]; events of one second stand together."""
        second, part = text[:20], text[20:23]
        in_ms = text[23:] == "Z"
        if second == self.second and in_ms and part.isdecimal() and part.isascii():
            at = self.second_ms + int(part)
        else:
            at = to_ms(text)
            if in_ms and second[19] == ".":
                self.second, self.second_ms = second, at - at % 1000
        self.told, self.told_ms = text, at
        return at

    @property
    def revision(self) -> int:
        """The log position that causes what becomes true now."""
        at = self.terms.refold_at
        return self.position if at is None else at

    def take(self, records: Iterable[Record]) -> None:
        """Apply events in their order, each after everything that was due before it."""
        change, tenant, domain = self.change, self.state.tenant, self.state.domain
        names = self.terms.queue_names
        applied = self.state.position
        for position, value in records:
            if position <= applied:
                continue
            self.position = position
            event = None
            try:
                event = names.in_event(decode(value))
                told = event.time
                at = self.told_ms if told == self.told else self.instant(told)
                if event.recordedtime != self.recorded:
                    self._receive(event.recordedtime, told, at)
                if event.tenant != tenant or event.domain != domain:
                    self.reject(value, "foreign", f"of {event.tenant}/{event.domain}", event)
                    continue
                change.cause = (position, self.known_at)
                source = self._source_of(event, at, value)
                if source is not None:
                    READINGS[type(event)](change, event, source, at)
            except MalformedEvent as error:
                self.reject(value, "malformed", str(error), event)
            if self.outdated:
                self._forget()

    def _receive(self, recorded: str, told: str, at: int) -> None:
        """Note when the adapter saw what comes now."""
        self.known_at = at if recorded == told else to_ms(recorded)
        self.latest = self.known_at + FUTURE_MS
        self.recorded = recorded

    def _source_of(self, event: Event, at: int, value: bytes) -> Source | None:
        """Move the clock of an event's source to it; return None if it cannot be used."""
        if at > self.latest:
            told = f"{event.time} was received at {event.recordedtime}"
            self.reject(value, "future", told, event)
            return None
        source = self.source
        if source is None or event.feed != self.change.feed or event.source != source.name:
            if event.source == DESK:
                self._review(event, at, value)
                return None
            if isinstance(event, SchedulePublished):
                self._publish(event, at)
                return None
            if event.source not in self.state.sources and is_of_crm(event):
                self._hear(event, at)
                return None
            source = self._turn_to(event)
        if at > source.clock:
            if source.due < at:
                self._pass(source, at)
            if source.next_sample == NEVER:
                first_sample(source, at)
            source.clock = at
        elif at < source.clock:
            if at < source.clock - HORIZON_MS:
                self._too_late(at)
                return None
            if at < source.began:
                source.began = at
                if self.court is not None:
                    self.court.hear_earlier(source)
        self.heard += 1
        if at > self.heard_at:
            self.heard_at = at
            self.received_at = self.known_at
        return source

    def _review(self, event: Event, at: int, value: bytes) -> None:
        """Say what a person decided; it moves no clock, for a PBX may be dead meanwhile."""
        if not isinstance(event, ViolationReviewed):
            self.reject(value, "malformed", f"the {DESK} tells reviews only", event)
            return
        told = event.data
        self.state.docket.review(told.episode_id, told.verdict, at)
        if self.court is not None:
            self.court.review(told.episode_id)
        self.facts.append(
            Review(
                tenant=self.state.tenant,
                domain=self.state.domain,
                revision=self.revision,
                known_at=self.known_at,
                voided=False,
                review_id=event.id,
                episode_id=told.episode_id,
                verdict=told.verdict,
                author=told.author,
                reason=told.reason,
                decided_at=at,
            )
        )

    def _publish(self, event: SchedulePublished, at: int) -> None:
        """Take a plan; a day that it plans too late is folded again besides."""
        plan, state = plan_of(event.data, event.id), self.state
        clock = max((source.clock for source in state.sources.values()), default=0)
        if at < clock - HORIZON_MS:
            self._too_late(at)
            known = state.plans.get(event.data.agent_id, {})
            if event.data.day not in known and plan.end < clock - KEPT_MS:
                return
        said = publish(state, self.terms, event.data, plan, (self.revision, self.known_at))
        if said:
            self.facts += said
            if self.court is not None:
                self.court.plan(event.data.agent_id)

    def _hear(self, event: Event, at: int) -> None:
        """Take what a CRM tells; it moves no clock of a PBX."""
        if at < clock_of(self.state) - HORIZON_MS:
            if type(event) in CRM_EVENTS:
                self._too_late(at)
        elif hear(self.change, event, at):
            self.change.settle()
            self._say()
            forget_crm(self.state)

    def _turn_to(self, event: Event) -> Source:
        """Return the source of an event; it and its feed are those of most that follow."""
        self._note_heard()
        source = self.source = self.change.source(event.source)
        self.change.feed = event.feed
        if self.state.unjudged and self.court is not None:
            self.court.hear()
        return source

    def _note_heard(self) -> None:
        if self.source is None or not self.heard:
            return
        self.source.heard = max(self.source.heard, self.heard_at)
        heard = self.source.feeds.get(self.change.feed)
        if heard is None:
            heard = self.source.feeds[self.change.feed] = Heard()
        heard.events += self.heard
        if self.heard_at > heard.last_at:
            heard.last_at, heard.received_at = self.heard_at, self.received_at
        self.heard = self.heard_at = 0

    def reject(
        self, value: bytes, reason: RejectReason, detail: str, event: Event | None = None
    ) -> None:
        """Keep what cannot be used, whole, with its reason."""
        self.state.rejected[reason] = self.state.rejected.get(reason, 0) + 1
        self.facts.append(
            Rejected(
                tenant=self.state.tenant,
                domain=self.state.domain,
                revision=self.revision,
                known_at=self.known_at,
                voided=False,
                source=event.source if event else "",
                feed=event.feed if event else "",
                reason=reason,
                detail=detail,
                content=value,
            )
        )

    def _too_late(self, at: int) -> None:
        """Mark a day; once more at each such event, for the day may be folded in between."""
        day = day_name(at, self.terms.zone)
        if day not in self.state.dirty_days:
            self.state.dirty_days.append(day)
            self.state.dirty_days.sort()
        self.dirty[day] = DayDirty(
            tenant=self.state.tenant,
            domain=self.state.domain,
            revision=self.revision,
            known_at=self.known_at,
            voided=False,
            day=day,
        )

    def _pass(self, source: Source, until: int) -> None:
        """Run what is due before `until` [ms], in order; deadlines of an instant come first."""
        while source.due < until:
            at = source.due
            if not (source.deadlines and source.deadlines[0].at == at):
                if self.change.settle():
                    # What was concluded may have set a deadline before this sample.
                    source.look_ahead()
                    continue
                source.clock = max(source.clock, at)
                self._sample(source, at)
                source.next_sample = at + SAMPLE_MS
                if source.next_sample - max(source.heard, self.heard_at) > SILENT_MS:
                    source.next_sample = next_multiple(until)
            else:
                source.clock = max(source.clock, at)
                self._deadline(source, heappop(source.deadlines))
            source.look_ahead()

    def _deadline(self, source: Source, deadline: Deadline) -> None:
        match deadline.kind:
            case "discipline":
                if self.court is not None:
                    self.court.look(deadline.key)
            case "journey":
                if self.court is not None:
                    self.court.look_at_call(deadline.key)
            case "agent":
                self.change.settle()
                agent = self.state.agents.get(deadline.key)
                if agent is not None:
                    agents.pass_time(agent, deadline.at, self.terms.afterwork)
                    self.change.settle_agent(agent, source.name, self.change.cause)
            case "contact":
                root = source.roots.get(deadline.key)
                if root is not None:
                    self.change.unsettle_contact(source, root)
                    self.change.settle()
            case "leg":
                if deadline.key in self.state.lines:
                    self._look_at_visits(source, deadline)
            case _:
                assert_never(deadline.kind)

    def _look_at_visits(self, source: Source, deadline: Deadline) -> None:
        for settled in self.change.settle_due(deadline.key):
            it = settled.account.it
            if it.ended_at is None:
                gives_up = (it.answered_at or it.entered_at) + self.terms.max_open_ms
                if gives_up > deadline.at:
                    source.remind(Deadline(gives_up, "leg", deadline.key))

    def _sample(self, source: Source, at: int) -> None:
        state, known = self.state, self.known_at
        for queue in state.queues.values():
            if queue.source == source.name:
                sample = wall_sample(state, queue, at, self.origin, self.revision, known)
                self.facts.append(sample)
        for team in state.teams.values():
            if team.source == source.name:
                self.facts.append(
                    team_sample(state, team, at, self.origin, self.revision, known)
                )
        if at - source.last_forgotten >= FORGET_MS:
            source.last_forgotten = at
            self.outdated[source.name] = at

    def _forget(self) -> None:
        """Forget what is old; all that it was part of is said before.

        Not when it is due, which is before the event is applied: what that changes has the same
        revision, and of one revision a fact is said once.
        """
        self.change.settle()
        self._say()
        for name, at in self.outdated.items():
            forget(self.state, self.state.sources[name], at, self.terms)
        self.outdated.clear()

    # --- facts ----------------------------------------------------------------------------

    def finish(self) -> list[Fact]:
        """Return all facts of this batch."""
        self.change.settle()
        self._say()
        self._note_heard()
        self.state.position = self.position
        self.facts += self.dirty.values()
        return self.facts

    def _say(self) -> None:
        at, court, before = self.terms.refold_at, self.court, len(self.facts)
        of_lines: list[tuple[Line, list[Fact]]] = []
        for key, (position, known_at) in self.change.lines.items():
            line = self.state.lines.get(key)
            if line is not None:
                revision = position if at is None else at
                said = list(line_facts(self.state, line, revision, known_at, self.ledger))
                of_lines.append((line, said))
        if self.change.places_changed:
            of_lines = without_moved(of_lines)
            self.change.places_changed = False
        for line, said in of_lines:
            self.facts += said
            if court is not None:
                court.write_line(line, said)
        for agent_id, (position, known_at) in self.change.agents.items():
            revision = position if at is None else at
            if court is not None:
                court.write_agent(self.state.agents[agent_id])
            self.facts += agent_facts(self.state, agent_id, revision, known_at, self.ledger)
        for (source, root), (position, known_at) in self.change.contacts.items():
            revision = position if at is None else at
            direct = list(contact_facts(self.state, source, root, revision, known_at))
            self.facts += direct
            if court is not None and direct:
                court.write_contact(direct)
        if court is not None:
            court.write_members(self.change.members)
            self.change.members.clear()
            self.facts += court.facts(self.revision, self.known_at)
        if self.state.crm.listens:
            self.facts += hearsay_facts(self.change, self.facts[before:])
        self.change.lines.clear()
        self.change.agents.clear()
        self.change.contacts.clear()
