"""Keeps the contacts of a domain: takes their marks, concludes them, tells whom it concerns."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from stream_processors.core.call import MATCH_MS, interaction_of
from stream_processors.core.contacts import Contact, ContactMark, channels_of, read
from stream_processors.core.devices import name_of, owner
from stream_processors.core.direct import Consideration
from stream_processors.core.direct_legs import holding, leg_of, uses_of
from stream_processors.core.handovers import Handover, Hold, Longer
from stream_processors.core.meaning import Meaning, QueueTalk
from stream_processors.core.pickups import tell_pickups
from stream_processors.core.places import tell_places
from stream_processors.core.sources import Deadline, Source, found_gone

if TYPE_CHECKING:
    from stream_processors.core.change import Cause, Change
    from stream_processors.core.state import Activities, Line

_MOST_ROUNDS = 4
"""Who has whose place tells which talks there were, and these tell of transfers that were lost,
by which places are taken: what comes late may need a second round, until nothing changes."""


def tell(change: "Change", source: Source, mark: ContactMark) -> None:
    """Add a mark to its contact; contacts that it joins become one."""
    contact = _contact(source, mark.interaction_id)
    channels = channels_of(mark)
    for channel_id in channels:
        known = source.channels.get(channel_id)
        if known is not None and known != contact.root:
            contact = _join(change, source, contact, source.contacts[known])
    if mark.kind == "merged" and source.roots.get(mark.ref) != contact.root:
        contact = _join(change, source, contact, _contact(source, mark.ref))
    for channel_id in channels:
        source.channels[channel_id] = contact.root
    if mark.device:
        source.used.setdefault(name_of(mark.device), {})[mark.channel_id] = None
    if contact.add(mark):
        change.unsettle_contact(source, contact.root)


def _contact(source: Source, interaction_id: str) -> Contact:
    root = source.roots.get(interaction_id)
    if root is not None:
        return source.contacts[root]
    source.roots[interaction_id] = interaction_id
    contact = Contact(source.name, interaction_id, [interaction_id])
    source.contacts[interaction_id] = contact
    return contact


def _join(change: "Change", source: Source, one: Contact, other: Contact) -> Contact:
    """Make two contacts one, known under the lesser root."""
    del source.contacts[one.root]
    del source.contacts[other.root]
    change.forget_contact(source, one.root)
    change.forget_contact(source, other.root)
    one.take_in(other)
    source.contacts[one.root] = one
    for interaction_id in one.ids:
        source.roots[interaction_id] = one.root
    for mark in one.marks:
        for channel_id in channels_of(mark):
            source.channels[channel_id] = one.root
    change.unsettle_contact(source, one.root)
    return one


def conclude(change: "Change", source: Source, root: str, cause: "Cause") -> None:
    """Conclude a contact anew, and pass on what changed to agents and to its visits."""
    contact = source.contacts[root]
    reading = read(contact)
    crm = change.state.crm
    if crm.listens and len(contact.ids) > 1:
        named = crm.join(contact.ids, reading.interaction_id, contact.marks[-1].at)
        change.crm.update(dict.fromkeys(named, cause))
    callers = [*reading.parties, *reading.callers]

    def owner_of(device: str, at: int) -> str:
        return owner(change, source, device, at)

    def closes_at(channel: str, since: int) -> int | None:
        return _closes_at(change, source, contact, channel, since)

    def consider() -> tuple[list[QueueTalk], Consideration]:
        found = _talks(change, source, contact, callers)
        return found, Consideration(reading, found, owner_of, closes_at, source.clock)

    talks, considered = consider()
    for _ in range(_MOST_ROUNDS):
        if not tell_places(change, source, contact, reading, considered.lost, cause):
            break
        talks, considered = consider()
    if tell_pickups(change, contact, reading, talks, owner_of, cause):
        talks, considered = consider()
    meaning = considered.meaning()
    alone = considered.left_alone()
    if alone is not None and source.clock <= alone + MATCH_MS:
        source.remind(Deadline(alone + MATCH_MS + 1, "contact", root))
    _tell_visits(change, contact, reading.interaction_id, talks, meaning, cause)
    legs = {}
    activities: Activities = []
    used = {}
    for call in meaning.calls:
        leg = leg_of(change, source, reading.interaction_id, call)
        if not call.of_queue:
            legs[leg.leg_id] = leg
        if call.used is not None:
            used[leg.leg_id] = (call.agent_id, call.used, call.ended)
        activities += uses_of(leg, call, source.name)
        if leg.ended_at is None:
            _remind(change, source, contact, call.seen)
    for talk, hold in meaning.holds:
        activities += holding(talk.agent_id, talk.queue_id, talk.leg_id, hold, source.name)
    old, contact.activities = contact.activities, activities
    change.change_agents(source.name, old, activities)
    _tell_who_was_busy(change, source, contact, used, cause)
    if legs != contact.legs or contact.said:
        contact.legs = legs
        change.contacts[source.name, root] = cause


def _talks(
    change: "Change", source: Source, contact: Contact, channels: Iterable[str]
) -> list[QueueTalk]:
    """Return the visits to queues of all callers in a contact, by entry."""
    found = []
    for channel_id in sorted({*channels, *contact.ids}):
        key = f"{source.name}|{channel_id}"
        line = change.state.lines.get(key)
        if line is not None:
            found += _talks_of(key, line)
    return sorted(found, key=lambda talk: (talk.entered, talk.leg_id))


def _talks_of(key: str, line: "Line") -> list[QueueTalk]:
    talks = []
    for visit, settled in zip(line.call.visits, line.settled, strict=True):
        it = settled.account.it
        offers = frozenset(ring.offer_id for ring in visit.rings if ring.offer_id)
        talk = QueueTalk(
            key, line.call.channel_id, it.leg_id, it.queue_id, it.agent_id, it.entered_at,
            it.left_at, it.answered_at, it.ended_at, offers,
            None if visit.ended is None else visit.ended[2],
            tuple((ring.agent_id, ring.started_at, ring.ended_at) for ring in settled.ringings),
            visit.transfer_kind, visit.transferred_to,
            line.call.taken_by or line.call.channel_id,
        )  # fmt: skip
        talks.append(talk)
    return talks


def _tell_visits(
    change: "Change",
    contact: Contact,
    interaction_id: str,
    talks: list[QueueTalk],
    meaning: Meaning,
    cause: "Cause",
) -> None:
    handed: dict[str, list[Handover]] = {}
    held: dict[str, list[tuple[str, Hold]]] = {}
    hung_up: dict[str, list[tuple[str, int]]] = {}
    longer: dict[str, list[Longer]] = {}
    for talk, goes_on in meaning.longer:
        longer.setdefault(talk.line, []).append(goes_on)
    for talk, handover in meaning.handovers:
        handed.setdefault(talk.line, []).append(handover)
    for talk, hold in meaning.holds:
        held.setdefault(talk.line, []).append((talk.agent_id, hold))
    for talk, who, at in meaning.hangups:
        hung_up.setdefault(talk.line, []).append((who, at))
    for key in sorted({*contact.lines, *(talk.line for talk in talks)}):
        line = change.state.lines.get(key)
        if line is None:
            continue
        told = handed.get(key, []), held.get(key, []), hung_up.get(key, []), longer.get(key, [])
        call = line.call
        shown = {interaction_of(call, visit) for visit in call.visits}
        known = call.handovers, call.holds, call.hangups, call.longer
        if shown - {interaction_id} or known != told:
            call.interaction_id = interaction_id
            call.handovers, call.holds, call.hangups, call.longer = told
            change.settle_line(key, cause, of_contact=True)
    contact.lines = sorted({talk.line for talk in talks})


def _closes_at(
    change: "Change", source: Source, contact: Contact, channel: str, since: int
) -> int | None:
    swept = [
        sweep.at
        for sweep in source.sweeps
        if (sweep.restarted and sweep.at >= since) or sweep.misses_channel(channel, since)
    ]
    gone = found_gone(contact.closed, channel, since, swept, source.clock)
    gives_up = since + change.terms.max_open_ms
    if source.clock < gives_up:
        return gone
    return gives_up if gone is None else min(gone, gives_up)


def _remind(change: "Change", source: Source, contact: Contact, since: int) -> None:
    gives_up = since + change.terms.max_open_ms
    if gives_up > contact.reminded_at:
        contact.reminded_at = gives_up
        source.remind(Deadline(gives_up, "contact", contact.root))


def _tell_who_was_busy(
    change: "Change",
    source: Source,
    contact: Contact,
    used: dict[str, tuple[str, int, int | None]],
    cause: "Cause",
) -> None:
    """Let agents know of their direct calls: what a queue offers meanwhile is not missed."""
    old, contact.used = contact.used, used
    if old == used:
        return
    missed: dict[str, None] = {}
    for leg_id in sorted({*old, *used}):
        was, now = old.get(leg_id), used.get(leg_id)
        if was == now:
            continue
        if was is not None:
            agent = change.agent(was[0], source.name)
            agent.direct.pop(leg_id, None)
            missed.update(agent.missed)
        if now is not None:
            agent = change.agent(now[0], source.name)
            agent.direct[leg_id] = now[1:]
            missed.update(agent.missed)
    for key in missed:
        if key in change.state.lines:
            change.settle_line(key, cause, of_contact=True)
