"""What the fold has concluded, brought before the rules of discipline."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import TypeAlias

from schemas.discipline import PageBudget
from schemas.facts import Fact, Leg, Offer, Violation
from schemas.rules import Rule
from stream_processors.core import agents
from stream_processors.core.agent import (
    SEEN_AT_A_SNAPSHOT,
    TOLD_BY_FEEDS,
    Agent,
    Span,
    SpanKey,
    place_of,
)
from stream_processors.core.change import Change
from stream_processors.core.discipline.bench import Serving
from stream_processors.core.discipline.call_sitting import CallSitting
from stream_processors.core.discipline.chat import Talk
from stream_processors.core.discipline.clerk import Clerk
from stream_processors.core.discipline.diary import UNANSWERED
from stream_processors.core.discipline.entries import Stretch
from stream_processors.core.discipline.held import Held
from stream_processors.core.discipline.register import Register
from stream_processors.core.discipline.sitting import Sitting
from stream_processors.core.plans import Shift, shifts_of, to_be_present
from stream_processors.core.queues import Stay
from stream_processors.core.sources import Deadline, Source
from stream_processors.core.state import Line

_ENTRIES = {"entered": 0}
_ENDS = {"transferred": 0, "ended": 1, "hung_up": 2}
_JUDGED_STATES = ("wrapup", "holding")


class Court:
    """The rules sit over a state: what was concluded comes in, episodes come out."""

    def __init__(self, change: Change) -> None:
        state, terms = change.state, change.terms
        self._change = change
        self._state = state
        self._terms = terms
        self.tenant = state.tenant
        self.domain = state.domain
        self.zone = terms.zone
        self._clerk = Clerk(state.docket, self)
        self._register = Register(state.docket, self)

    # --- what judging has to be told --------------------------------------------------------

    def source_name(self, agent_id: str) -> str:
        """Return the name of an agent's source."""
        return self._source(agent_id).name

    def clock(self, agent_id: str) -> int:
        """Return the time [ms] of an agent's source; in a gap, when it was heard last."""
        return _heard_until(self._source(agent_id))

    def latest(self) -> int:
        """Return the latest time [ms] of all sources."""
        return max((source.clock for source in self._state.sources.values()), default=0)

    def remind(self, agent_id: str, at: int) -> None:
        """Let the agent be judged when the time of his source passes `at` [ms]."""
        self._source(agent_id).remind(Deadline(at, "discipline", agent_id))

    def shifts(self, agent_id: str) -> Sequence[Shift]:
        """Return what is planned for an agent, in the order of time."""
        plans = self._state.plans.get(agent_id)
        return list(to_be_present(shifts_of(plans))) if plans else ()

    def heard_since(self, agent_id: str) -> int:
        """Return from when on [ms] an agent's source was heard."""
        return self._source(agent_id).began

    def stays(self, queue_id: str, since: int) -> Sequence[Stay]:
        """Return who waits in a queue, or left it after an instant [ms], longest first."""
        queue = self._state.queues.get(queue_id)
        return queue.stays_since(since) if queue is not None else ()

    def served(self, agent_id: str, since: int) -> Sequence[Serving]:
        """Return which queues could ring an agent from an instant [ms] on, step by step."""
        agent = self._state.agents.get(agent_id)
        return () if agent is None else agents.served(agent, since, self._terms.afterwork)

    def rules(self, agent_id: str, team: str) -> Held:
        """Return which rules held for an agent of a team."""
        return self._terms.rules(agent_id, team)

    def budget(self, at: int) -> PageBudget:
        """Return how many pages there may be, as it was in force at an instant [ms]."""
        return self._terms.policies.at(at).discipline.budget

    def _source(self, agent_id: str) -> Source:
        return self._state.source_of(agent_id)

    def note_work(
        self, agent_id: str, source: str, leg_id: str, span: tuple[int, int | None] | None
    ) -> None:
        """Note from when to when [ms] an agent had a caller, or that he had not."""
        team = self._change.agent(agent_id, source).team
        self._clerk.write_work(agent_id, team, leg_id, span)

    def note_chat(self, agent_id: str, source: str, leg_id: str, talk: Talk | None) -> None:
        """Note that an agent has talked with colleagues, or that he has not."""
        team = self._change.agent(agent_id, source).team
        self._clerk.chats.write(agent_id, team, leg_id, talk)

    def note_crowd(self, queue_id: str, since: int) -> None:
        """Note that others waited in a queue from an instant [ms] on than was known."""
        self._clerk.write_crowd(queue_id, since)

    def source_clock(self, source: str) -> int:
        """Return the time [ms] of a source; in a gap, when it was heard last."""
        return _heard_until(self._state.sources[source])

    def remind_of_call(self, source: str, key: str, at: int) -> None:
        """Let an interaction be judged when the time of its source passes `at` [ms]."""
        self._state.sources[source].remind(Deadline(at, "journey", key))

    def team_of_queue(self, queue_id: str) -> str:
        """Return the team that serves a queue, '' if none is named."""
        return self._terms.policies.current.queue(queue_id).team

    def queue_rule(self, code: str, queue_id: str, at: int) -> Rule:
        """Return the rule that held for a queue's calls at an instant [ms]."""
        return self.rules("", self.team_of_queue(queue_id)).rule(code, at)

    # --- what was concluded -----------------------------------------------------------------

    def look(self, agent_id: str) -> None:
        """Let be judged what time alone may have changed about an agent."""
        self._clerk.look(agent_id)

    def look_at_call(self, key: str) -> None:
        """Let be judged what time alone may have changed about an interaction."""
        self._register.look(key)

    def review(self, episode_id: str) -> None:
        """Judge anew what a person has decided about: who is paged may follow from that."""
        for said in self._state.docket.said():
            if said.episode_id == episode_id and said.agent_id:
                self._clerk.look_again(said.agent_id, said.code)

    def plan(self, agent_id: str) -> None:
        """Let an agent be judged by what is planned for him now."""
        if self._state.sources:
            self._clerk.write_plan(agent_id, self._terms.policies.current.team_of(agent_id))
        else:
            self._state.unjudged.append(agent_id)

    def hear(self) -> None:
        """Judge by their plans those who were planned for before any source was heard."""
        for agent_id in self._state.unjudged:
            self.plan(agent_id)
        self._state.unjudged.clear()

    def hear_earlier(self, source: Source) -> None:
        """Judge again those who are planned for: their source was heard earlier still."""
        for agent_id in self._state.plans:
            if self._source(agent_id) is source:
                self.plan(agent_id)

    def write_agent(self, agent: Agent) -> None:
        """Write what has changed in an agent's stretches since it was said last."""
        for key in agent.unsaid:
            span = agent.spans.get(key)
            if key[0] == "state":
                self._write_state(agent, key)
            else:
                stretch = None if span is None else self._stretch(agent, key[0], span)
                self._clerk.write_stretch(agent.agent_id, agent.team, key, stretch)

    def _write_state(self, agent: Agent, key: SpanKey) -> None:
        """Write a state that is judged; take out one that began at that instant and is none."""
        span = agent.spans.get(key)
        diary = self._state.docket.diary(agent.agent_id, agent.team)
        for judged in _JUDGED_STATES:
            place = (judged, key[1])
            if span is not None and span.state == judged:
                stretch = self._stretch(agent, judged, span)
                self._clerk.write_stretch(agent.agent_id, agent.team, place, stretch)
            elif key[1] in diary.stretches[judged]:
                self._clerk.write_stretch(agent.agent_id, agent.team, place, None)

    def write_members(self, people: Iterable[str]) -> None:
        """Note that other queues may have rung agents than was known."""
        for agent_id in people:
            self._clerk.chats.look_at(agent_id)

    def write_line(self, line: Line, facts: Sequence[Fact]) -> None:
        """Write what was said of a call: offers that ended, and the talk."""
        for fact in facts:
            if not isinstance(fact, Offer | Leg):
                continue
            # Of a talk of no length nobody else has told him.
            named = bool(fact.agent_id)
            team = self._change.agent(fact.agent_id, fact.source).team if named else ""
            if isinstance(fact, Leg):
                self._clerk.write_leg(fact, team)
                self._register.write_leg(fact, self._unseen_since(fact))
            elif named:
                self._clerk.write_offer(fact, team, partial(_words_of, line, fact))
        self._write_edges(line)

    def _write_edges(self, line: Line) -> None:
        """Write which events began and ended the visits of a call, and ringings in vain.

        A finer or second word about the same instant may change that and no fact.
        """
        docket = self._state.docket
        for leg_id, leg in line.said_legs.items():
            if leg_id in docket.journey_of:
                self._register.write_entry(leg_id, _told_at(line, leg.entered_at, _ENTRIES))
            if leg_id in docket.served and leg.ended_at is not None:
                self._clerk.write_end(leg_id, _told_at(line, leg.ended_at, _ENDS))
        words = _words(line)
        for offer in line.said_offers.values():
            if offer.ended_at is not None and offer.result in UNANSWERED:
                self._clerk.write_words(offer, _of_offer(words, offer))

    def write_contact(self, facts: Iterable[Fact]) -> None:
        """Write what was said of direct calls."""
        for fact in facts:
            if isinstance(fact, Leg):
                self._register.write_leg(fact, self._unseen_since(fact))

    def _unseen_since(self, leg: Leg) -> int | None:
        """Return from when on [ms] a leg may have ended, if a gap hid its end."""
        if leg.clock != "estimated" or leg.left_at is None:
            return None
        lost_at = self._state.sources[leg.source].lost_at
        return lost_at if leg.entered_at < lost_at <= leg.left_at else None

    def facts(self, revision: int, known_at: int) -> Iterator[Violation]:
        """Return the episodes of which something new is to be said."""
        self._clerk.count()
        touched = self._clerk.touched
        if touched:
            yield from Sitting(self._state.docket, self, revision, known_at).facts(touched)
            touched.clear()
        calls = self._register.touched
        if calls:
            yield from CallSitting(self._state.docket, self, revision, known_at).facts(calls)
            calls.clear()

    def _stretch(self, agent: Agent, kind: str, span: Span) -> Stretch:
        lost_at = self._source(agent.agent_id).lost_at
        began, seen = _told(agent, span.start)
        since = lost_at if not seen and 0 < lost_at <= span.start else None
        if span.end is None:
            return Stretch(kind, span.start, None, span.reason, True, (began,), None, since)
        ended, told = _told(agent, span.end)
        unseen = lost_at if not told and span.start < lost_at <= span.end else None
        events = (began, ended)
        return Stretch(kind, span.start, span.end, span.reason, told, events, unseen, since)


def _heard_until(source: Source) -> int:
    gap = source.gap_since
    return source.clock if gap is None else min(source.clock, gap)


def _told(agent: Agent, at: int) -> tuple[str, bool]:
    """Return the first event of an agent at an instant [ms], and whether anything told it."""
    told = False
    for mark in agent.marks[place_of(agent.marks, at) :]:
        if mark.at != at:
            break
        told = told or mark.kind not in SEEN_AT_A_SNAPSHOT
        if mark.kind in TOLD_BY_FEEDS:
            return mark.mark_id, True
    return "", told


def _told_at(line: Line, at: int, kinds: Mapping[str, int]) -> str:
    """Return the event that tells best what a call did at an instant [ms]; '' if none."""
    told = [
        (kinds[mark.kind], mark.resolution, mark.sequence, mark.event_id)
        for marks in (line.call.marks, line.call.adopted)
        for mark in marks
        if mark.at == at and mark.kind in kinds
    ]
    return min(told)[-1] if told else ""


_Words: TypeAlias = dict[tuple[str, int], list[str]]
"""The events that tell of ringings, by agent and instant [ms]."""


def _words(line: Line) -> _Words:
    words: _Words = {}
    for mark in line.call.marks:
        if mark.kind in ("offer_started", "offer_ended"):
            words.setdefault((mark.agent_id, mark.at), []).append(mark.event_id)
    return words


def _of_offer(words: _Words, offer: Offer) -> list[str]:
    """Return the events that tell of a ringing."""
    edges = {offer.started_at, offer.ended_at}
    found = (words.get((offer.agent_id, at), ()) for at in edges if at is not None)
    return sorted(chain.from_iterable(found))


def _words_of(line: Line, offer: Offer) -> list[str]:
    return _of_offer(_words(line), offer)
