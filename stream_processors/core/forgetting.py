"""What is out of reach is dropped: no window and no late event needs it any more."""

from bisect import bisect_right

from stream_processors.core import agents
from stream_processors.core.afterwork import is_at_it
from stream_processors.core.agent import Agent
from stream_processors.core.contacts import Contact, channels_of
from stream_processors.core.devices import name_of
from stream_processors.core.discipline.forgetting import (
    forget_docket,
    forget_journeys,
    forget_lengths,
    forget_missed,
)
from stream_processors.core.discipline.lengths import first_day
from stream_processors.core.instants import DAY_MS, NEVER
from stream_processors.core.interfaces import forget_interfaces
from stream_processors.core.lasting import remember_level
from stream_processors.core.pools import forget_signed
from stream_processors.core.publishing import forget_plans
from stream_processors.core.sources import HORIZON_MS, Source
from stream_processors.core.state import Settled, State, Terms
from stream_processors.core.windows import KEPT_MS


def forget(state: State, source: Source, at: int, terms: Terms) -> None:
    """Drop what neither a window nor an event within the horizon can reach at `at` [ms].

    Everything that changed must have been said before: what is dropped is final.
    """
    before = max(0, at - 2 * HORIZON_MS)  # a PBX without a battery begins in 1970
    forget_signed(source, before)
    _forget_contacts(source, before, before - max(DAY_MS, terms.max_open_ms))
    _forget_lines(state, source, before)
    forget_interfaces(source, before)
    people = [agent for agent in state.agents.values() if agent.source == source.name]
    for agent in people:
        agents.forget(agent, before)
        _forget_phone(state, agent, before)
    teams = [team for team in state.teams.values() if team.source == source.name]
    needed = {agent.agent_id: before for agent in people}
    for agent_id in list(state.plans):
        if state.source_of(agent_id).name == source.name:
            needed[agent_id] = forget_plans(state, agent_id, before)
    docket = state.docket
    forget_docket(docket, source.name, before, needed, [team.team for team in teams])
    forget_journeys(docket, source.name, before)
    wrapups_since = docket.wrapups_since(before)
    usual_since = first_day(terms.day_of(wrapups_since), terms.zone)
    policies = terms.policies.current
    for queue in state.queues.values():
        if queue.source == source.name:
            remember_level(queue, policies.queue(queue.queue_id).target, at)
            queue.forget(at - KEPT_MS, terms.day_of(at) - 2 * DAY_MS)
            forget_missed(docket, queue.queue_id, at - KEPT_MS)
            forget_lengths(docket, queue.queue_id, usual_since)
    for team in teams:
        team.forget(at - KEPT_MS)
    if state.crm.listens:
        forget_crm(state)


def forget_crm(state: State) -> None:
    """Drop what a CRM told that no call can change any more, and calls out of its reach."""
    state.crm.forget([source.clock for source in state.sources.values()])


def _forget_lines(state: State, source: Source, before: int) -> None:
    prefix = f"{source.name}|"
    gone = []
    for key, line in state.lines.items():
        if line.call.marks[0].at >= before:
            break  # lines stand in the order of their first news
        if not key.startswith(prefix) or line.call.marks[-1].at >= before:
            continue
        # Without its visits, what a queue dialled in a contact would pass for direct calls.
        if line.call.channel_id in source.channels:
            continue
        if all(_is_over(state, settled, before) for settled in line.settled):
            gone.append(key)
    for key in gone:
        del state.lines[key]
    unused = []
    for channel_id, marks in source.loose.items():
        if marks[0].at >= before:
            break
        unused.append(channel_id)
    for channel_id in unused:
        del source.loose[channel_id]
    for key, pair in list(state.pairs.items()):
        pair.lines = [each for each in pair.lines if each in state.lines]
        pair.ends = [end for end in pair.ends if end.at >= before]
        pair.strays = [stray for stray in pair.strays if stray.mark.at >= before]
        if not (pair.lines or pair.ends or pair.strays):
            del state.pairs[key]


def _forget_phone(state: State, agent: Agent, before: int) -> None:
    """Drop calls that are gone, and when he used his phone if none that rang can ask for it."""
    for calls in (agent.missed, agent.talked):
        for key in [key for key in calls if key not in state.lines]:
            del calls[key]
    if not agent.missed:
        past = [
            ref for ref, (_, end) in agent.direct.items() if end is not None and end < before
        ]
        for ref in past:
            del agent.direct[ref]


def _forget_contacts(source: Source, before: int, given_up: int) -> None:
    """Drop contacts that are over, and those that were last told of before `given_up` [ms]."""
    gone = [
        contact
        for contact in source.contacts.values()
        if contact.marks[-1].at < before and _is_finished(contact, given_up)
    ]
    for contact in gone:
        del source.contacts[contact.root]
        for interaction_id in contact.ids:
            del source.roots[interaction_id]
        named = {(each, mark.device) for mark in contact.marks for each in channels_of(mark)}
        for channel_id, device in named:
            source.channels.pop(channel_id, None)
            users = source.used.get(name_of(device))
            if users is not None:
                users.pop(channel_id, None)
                if not users:
                    del source.used[name_of(device)]
    for device, claims in source.devices.items():
        if len(claims) > 1 and claims[1][0] < before:
            needed = min(before, _first_use(source, device))
            del claims[: max(0, bisect_right(claims, (needed, "")) - 1)]


def _first_use(source: Source, device: str) -> int:
    """Return when [ms] the first contact began that is still known of a device."""
    roots = {source.channels[channel] for channel in source.used.get(name_of(device), ())}
    return min((source.contacts[root].began for root in roots), default=NEVER)


def _is_finished(contact: Contact, given_up: int) -> bool:
    """Tell whether all channels of a contact have ended, or nobody can wait for it any more."""
    # Of some nobody has told the beginning: only lists, or what came after it.
    over = ("ended", "unheard")
    open_channels = {m.channel_id for m in contact.marks if m.device and m.kind not in over}
    open_channels -= {m.channel_id for m in contact.marks if m.kind == "ended"}
    return not open_channels or contact.marks[-1].at < given_up


def _is_over(state: State, settled: Settled, before: int) -> bool:
    """Tell whether nothing more is to be expected of a visit.

    One that was given up may still be told to have ended: forgotten, it would count twice.
    """
    it = settled.account.it
    if it.ended_at is None or is_at_it(state.agents.get(it.agent_id), it.ended_at):
        return False
    return not it.inferred or it.ended_at < before - DAY_MS
