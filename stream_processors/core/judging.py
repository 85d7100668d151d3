"""What the fold has concluded, brought before the rules of discipline."""

from collections.abc import Iterator, Sequence
from functools import partial

from schemas.discipline import Rule
from schemas.facts import Fact, Leg, Offer, Violation
from stream_processors.core.agent import TOLD_BY_FEEDS, Agent, SpanKey, place_of
from stream_processors.core.discipline.diary import Stretch
from stream_processors.core.discipline.sitting import Sitting
from stream_processors.core.sources import Deadline
from stream_processors.core.state import Line, State, Terms

_SEEN_AT_A_SNAPSHOT = frozenset({"listed", "unlisted", "restarted"})
_JUDGED_STATES = ("wrapup", "holding")


class Court:
    """The rules sit over a state: what was concluded comes in, episodes come out."""

    def __init__(self, state: State, terms: Terms) -> None:
        self._state = state
        self._terms = terms
        self.tenant = state.tenant
        self.domain = state.domain
        self.zone = terms.zone
        self._sitting = Sitting(state.docket, self)

    # --- what a sitting has to be told ------------------------------------------------------

    def clock(self, agent_id: str) -> tuple[int, int | None]:
        """Return the time [ms] of an agent's source, and when it was last lost."""
        source = self._state.sources[self._state.agents[agent_id].source]
        gap = source.gap_since
        clock = source.clock if gap is None else min(source.clock, gap)
        return clock, source.lost_at or None

    def remind(self, agent_id: str, at: int) -> None:
        """Let the agent be judged when the time of his source passes `at` [ms]."""
        source = self._state.sources[self._state.agents[agent_id].source]
        source.remind(Deadline(at, "discipline", agent_id))

    def rule(self, code: str, agent_id: str, team: str, at: int) -> Rule:
        """Return the rule that held for an agent at an instant [ms]."""
        return self._terms.rule(code, agent_id, team, at)

    # --- what was concluded -----------------------------------------------------------------

    def look(self, agent_id: str) -> None:
        """Judge what time alone may have changed about an agent."""
        self._sitting.look(agent_id)

    def write_agent(self, agent: Agent) -> None:
        """Write what has changed in an agent's stretches since it was said last."""
        for key in agent.unsaid:
            span = agent.spans.get(key)
            if key[0] == "state":
                self._write_state(agent, key)
            else:
                stretch = None
                if span is not None:
                    stretch = _stretch(agent, key[0], span.start, span.end, span.reason)
                self._sitting.write_stretch(agent.agent_id, agent.team, key, stretch)

    def _write_state(self, agent: Agent, key: SpanKey) -> None:
        """Write a state that is judged; take out one that began at that instant and is none."""
        span = agent.spans.get(key)
        diary = self._state.docket.diary(agent.agent_id, agent.team)
        for judged in _JUDGED_STATES:
            place = (judged, key[1])
            if span is not None and span.state == judged:
                stretch = _stretch(agent, judged, span.start, span.end, span.reason)
                self._sitting.write_stretch(agent.agent_id, agent.team, place, stretch)
            elif place in diary.stretches:
                self._sitting.write_stretch(agent.agent_id, agent.team, place, None)

    def write_line(self, line: Line, facts: Sequence[Fact]) -> None:
        """Write what was said of a call: offers that ended, and the talk."""
        for fact in facts:
            if not isinstance(fact, Offer | Leg) or not fact.agent_id:
                continue
            agent = self._state.agents.get(fact.agent_id)
            if agent is None:
                continue
            if isinstance(fact, Offer):
                self._sitting.write_offer(fact, agent.team, partial(_ringing, line, fact))
            else:
                self._sitting.write_leg(fact, agent.team)

    def facts(self, revision: int, known_at: int) -> Iterator[Violation]:
        """Return the episodes of which something new is to be said."""
        if self._sitting.has_work:
            yield from self._sitting.facts(revision, known_at)


def _stretch(agent: Agent, kind: str, start: int, end: int | None, reason: str) -> Stretch:
    began, _ = _told(agent, start)
    if end is None:
        return Stretch(kind, start, None, reason, True, (began,))
    ended, told = _told(agent, end)
    return Stretch(kind, start, end, reason, told, (began, ended))


def _told(agent: Agent, at: int) -> tuple[str, bool]:
    """Return the first event of an agent at an instant [ms], and whether anything told it."""
    told = False
    for mark in agent.marks[place_of(agent.marks, at) :]:
        if mark.at != at:
            break
        told = told or mark.kind not in _SEEN_AT_A_SNAPSHOT
        if mark.kind in TOLD_BY_FEEDS:
            return mark.mark_id, True
    return "", told


def _ringing(line: Line, offer: Offer) -> list[str]:
    """Return the events that tell of a ringing."""
    edges = {offer.started_at, offer.ended_at}
    return sorted(
        mark.event_id
        for mark in line.call.marks
        if mark.agent_id == offer.agent_id
        and mark.kind in ("offer_started", "offer_ended")
        and mark.at in edges
    )
