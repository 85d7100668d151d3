"""From state to facts: what has not been said yet, or no longer holds."""

from collections.abc import Iterator

import msgspec

from schemas.facts import AgentInterval, AgentSession, Break, Fact, Offer, says_the_same
from stream_processors.core.afterwork import afterwork_ms
from stream_processors.core.agent import Span
from stream_processors.core.ledger import Ledger
from stream_processors.core.leg_facts import leg_fact
from stream_processors.core.legs import has_talked
from stream_processors.core.offers import offer_fact
from stream_processors.core.publishing import planned_facts
from stream_processors.core.state import Line, State, Terms


def line_facts(
    state: State, line: Line, revision: int, known_at: int, ledger: Ledger
) -> Iterator[Fact]:
    """Return the legs and ringings of a call that differ from what was said of it."""
    replace = msgspec.structs.replace
    legs: set[str] = set()
    offers: set[str] = set()
    for index, visit in enumerate(line.call.visits):
        settled = line.settled[index]
        it, target = settled.account.it, settled.account.target
        legs.add(it.leg_id)
        said = line.said_legs.get(it.leg_id)
        wrapup_ms = None
        if it.ended_at is not None and has_talked(it):
            before = None if said is None else said.wrapup_ms
            agent = state.agents.get(it.agent_id)
            wrapup_ms = afterwork_ms(agent, it.leg_id, it.ended_at, before)
        leg = leg_fact(
            line.call, visit, it, target, state.tenant, state.domain, revision, known_at,
            wrapup_ms,
        )  # fmt: skip
        if said is None or not says_the_same(said, leg):
            line.said_legs[it.leg_id] = leg
            ledger.leg(said, leg)
            yield leg
        for ring in settled.ringings:
            offers.add(ring.offer_id)
            told = line.said_offers.get(ring.offer_id)
            offer = offer_fact(
                line.call, visit, it, ring, state.tenant, state.domain, revision, known_at
            )
            if told is None or not says_the_same(told, offer):
                line.said_offers[ring.offer_id] = offer
                ledger.offer(told, offer)
                yield offer
    # All of now have been said; only where more was said is there something to take back.
    if len(line.said_legs) > len(legs):
        for leg_id in sorted(line.said_legs.keys() - legs):
            gone = line.said_legs.pop(leg_id)
            ledger.leg(gone, None)
            yield replace(gone, revision=revision, known_at=known_at, voided=True)
    if len(line.said_offers) > len(offers):
        for offer_id in sorted(line.said_offers.keys() - offers):
            lost = line.said_offers.pop(offer_id)
            ledger.offer(lost, None)
            yield replace(lost, revision=revision, known_at=known_at, voided=True)


def without_moved(of_lines: list[tuple[Line, list[Fact]]]) -> list[tuple[Line, list[Fact]]]:
    """Leave out that a ringing no longer holds of one call if it now holds of another."""
    held = {
        fact.offer_id
        for _, facts in of_lines
        for fact in facts
        if isinstance(fact, Offer) and not fact.voided
    }
    return [
        (line, [fact for fact in facts if _taken_back(fact) not in held])
        for line, facts in of_lines
    ]


def _taken_back(fact: Fact) -> str | None:
    return fact.offer_id if isinstance(fact, Offer) and fact.voided else None


def contact_facts(
    state: State, source: str, root: str, revision: int, known_at: int
) -> Iterator[Fact]:
    """Return the direct calls of a contact that differ from what was said of them."""
    contact = state.sources[source].contacts.get(root)
    if contact is None:
        return
    replace = msgspec.structs.replace
    for leg_id, leg in contact.legs.items():
        said = contact.said.get(leg_id)
        if said is None or not says_the_same(said, leg):
            contact.said[leg_id] = now = replace(leg, revision=revision, known_at=known_at)
            yield now
    for leg_id in sorted(contact.said.keys() - contact.legs.keys()):
        gone = contact.said.pop(leg_id)
        yield replace(gone, revision=revision, known_at=known_at, voided=True)


def all_said(state: State, terms: Terms, revision: int, known_at: int) -> Iterator[Fact]:
    """Return what was said of all that is still in reach, as it was said last."""
    replace = msgspec.structs.replace
    for line in state.lines.values():
        for leg in line.said_legs.values():
            yield replace(leg, revision=revision, known_at=known_at)
        for offer in line.said_offers.values():
            yield replace(offer, revision=revision, known_at=known_at)
    for source in state.sources.values():
        for contact in source.contacts.values():
            for leg in contact.said.values():
                yield replace(leg, revision=revision, known_at=known_at)
    for agent_id, agent in state.agents.items():
        for span in agent.spans.values():
            yield _span_fact(state, agent_id, span, revision, known_at, voided=False)
    yield from planned_facts(state, terms, revision, known_at)
    for told in state.crm.said():
        yield replace(told, revision=revision, known_at=known_at)
    for episode in state.docket.said():
        yield replace(episode, revision=revision, known_at=known_at)


def agent_facts(
    state: State, agent_id: str, revision: int, known_at: int, ledger: Ledger
) -> Iterator[Fact]:
    """Return the sessions, breaks and states of an agent that differ from what was said."""
    agent = state.agents[agent_id]
    for key, said in agent.unsaid.items():
        span = agent.spans.get(key)
        if span == said:
            continue
        if key[0] == "break":
            ledger.pause(agent.today, said, span)
        if span is not None:
            yield _span_fact(state, agent_id, span, revision, known_at, voided=False)
        elif said is not None:
            yield _span_fact(state, agent_id, said, revision, known_at, voided=True)
    agent.unsaid = {}


def _span_fact(
    state: State, agent_id: str, span: Span, revision: int, known_at: int, *, voided: bool
) -> Fact:
    lasted = None if span.end is None else span.end - span.start
    if span.kind == "session":
        return AgentSession(
            tenant=state.tenant, domain=state.domain, revision=revision, known_at=known_at,
            voided=voided, agent_id=agent_id, source=span.source, logged_in_at=span.start,
            logged_out_at=span.end,
        )  # fmt: skip
    if span.kind == "break":
        return Break(
            tenant=state.tenant, domain=state.domain, revision=revision, known_at=known_at,
            voided=voided, agent_id=agent_id, reason=span.reason, started_at=span.start,
            ended_at=span.end, duration_ms=lasted,
        )  # fmt: skip
    return AgentInterval(
        tenant=state.tenant, domain=state.domain, revision=revision, known_at=known_at,
        voided=voided, agent_id=agent_id, state=span.state, reason=span.reason,
        started_at=span.start, ended_at=span.end, duration_ms=lasted,
    )  # fmt: skip
