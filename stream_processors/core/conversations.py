"""Keeps the contacts of a domain: takes their marks, concludes them, tells whom it concerns.

A device belongs to the agent whom a queue knows by it (StateInterface, else the interface that
it rings), else to whom the directory in the settings gives it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from schemas.events import Clock
from schemas.facts import Leg
from schemas.identity import derived_id
from stream_processors.core.agent import ENDS, OVER, STARTS, AgentMark
from stream_processors.core.call import Mark, interaction_of, is_under_way
from stream_processors.core.calls import Place, change_places, visits_until
from stream_processors.core.contacts import (
    Contact,
    ContactMark,
    Reading,
    Transfer,
    channels_of,
    read,
)
from stream_processors.core.direct import Consideration
from stream_processors.core.handovers import Handover, Hold, held_ms
from stream_processors.core.meaning import DirectCall, Meaning, QueueTalk
from stream_processors.core.pickups import tell_pickups
from stream_processors.core.pools import holders, number_of, tell_anew
from stream_processors.core.sources import Deadline, Source, found_gone

if TYPE_CHECKING:
    from stream_processors.core.change import Cause, Change
    from stream_processors.core.state import Activities, Line

_HINT = "hint:"


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


# --- whose a device is --------------------------------------------------------------------


def claim(change: "Change", source: Source, device: str, agent_id: str, at: int) -> None:
    """Let a device be an agent's from an instant [ms] on, until another claims it."""
    if not device or device.startswith(("Local/", "Custom:")):
        return
    number = number_of(device)
    was = holders(source, number) if number else {}
    if _file_claim(source, device, agent_id, at):
        _unsettle_users(change, source, device)
        if number:
            tell_anew(change, source, number, was)


def _file_claim(source: Source, device: str, agent_id: str, at: int) -> bool:
    """Keep a claim; return False if it changes nothing.

    One that repeats what holds is kept, too: a claim by another may come late and lie between.
    """
    claims = source.devices.setdefault(_claimed(device), [])
    place = bisect_left(claims, (at, agent_id))
    if claims[place : place + 1] == [(at, agent_id)]:
        return False
    claims.insert(place, (at, agent_id))
    # Before the first claim, too, a device is whose that is.
    neighbours = claims[place - 1 : place] if place else claims[1:2]
    return not any(told == agent_id for _, told in neighbours)


def _unsettle_users(change: "Change", source: Source, device: str) -> None:
    """Let the contacts of a device be concluded anew: it has become another agent's."""
    for channel_id in source.used.get(name_of(_claimed(device)), ()):
        change.unsettle_contact(source, source.channels[channel_id])


def name_of(device: str) -> str:
    """Return the name of a device without its technology."""
    return device.rpartition("/")[2]


def _claimed(device: str) -> str:
    """Return what a claim is filed under: a hint names the extension, not the phone."""
    if device.startswith(_HINT):
        return device[len(_HINT) :].partition("@")[0]
    return device


def owner(change: "Change", source: Source, device: str, at: int) -> str:
    """Return whose a device is at an instant [ms], '' if no agent's.

    A call that began before anybody claimed its device is of the first who did.
    """
    name = name_of(device)
    for filed in (device, name):
        claims = source.devices.get(filed)
        if claims:
            place = bisect_right(claims, (at, "\uffff"))
            return claims[max(0, place - 1)][1]
    directory = change.terms.directory
    return directory.get(device) or directory.get(name, "")


# --- concluding ---------------------------------------------------------------------------


def conclude(change: "Change", source: Source, root: str, cause: "Cause") -> None:
    """Conclude a contact anew, and pass on what changed to agents and to its visits."""
    contact = source.contacts[root]
    reading = read(contact)
    crm = change.state.crm
    if crm.listens and len(contact.ids) > 1:
        named = crm.join(contact.ids, reading.interaction_id, contact.marks[-1].at)
        change.crm.update(dict.fromkeys(named, cause))
    _change_places(change, source, contact, reading, cause)
    callers = [*reading.parties, *reading.callers]
    talks = _talks(change, source, contact, callers)

    def owner_of(device: str, at: int) -> str:
        return owner(change, source, device, at)

    if tell_pickups(change, contact, reading, talks, owner_of, cause):
        talks = _talks(change, source, contact, callers)
    meaning = Consideration(
        reading,
        talks,
        owner_of,
        lambda channel, since: _closes_at(change, source, contact, channel, since),
    ).meaning()
    _tell_visits(change, contact, reading.interaction_id, talks, meaning, cause)
    legs = {}
    activities: Activities = []
    used = {}
    for call in meaning.calls:
        leg = _leg(change, source, reading.interaction_id, call)
        if not call.of_queue:
            legs[leg.leg_id] = leg
        if call.used is not None:
            used[leg.leg_id] = (call.agent_id, call.used, call.ended)
        activities += _uses(leg, call, source.name)
        if leg.ended_at is None:
            _remind(change, source, contact, call.seen)
    for talk, hold in meaning.holds:
        activities += _holding(talk.agent_id, talk.queue_id, talk.leg_id, hold, source.name)
    old, contact.activities = contact.activities, activities
    change.change_agents(source.name, old, activities)
    _tell_who_was_busy(change, source, contact, used, cause)
    if legs != contact.legs or contact.said:
        contact.legs = legs
        change.contacts[source.name, root] = cause


def _change_places(
    change: "Change",
    source: Source,
    contact: Contact,
    reading: Reading,
    cause: "Cause",
) -> None:
    """Let callers take the place of agents who had asked a queue for somebody."""
    lines, places = change.state.lines, _places_taken(change, source, reading)
    for key in sorted({*contact.places, *places}):
        line = lines.get(key)
        if line is None:
            continue
        if change_places(line.call, places.get(key, Place())):
            change.places_changed = True
            change.settle_line(key, cause, of_contact=True)
            _remind_of_target(change, source, key, line)
    contact.places = sorted(places)


def _places_taken(change: "Change", source: Source, reading: Reading) -> dict[str, Place]:
    """Return which marks count of callers who took places in queues, and of those places."""
    lines = change.state.lines
    places: dict[str, Place] = {}
    taken: dict[str, list[tuple[int, str]]] = {}
    for transfer in reading.transfers:
        if transfer.kind != "attended" or not transfer.whom:
            continue
        caller, until = lines.get(f"{source.name}|{transfer.whom}"), transfer.moment[1]
        for channel in (transfer.by_channel, transfer.consult_channel):
            key = f"{source.name}|{channel}"
            line = lines.get(key)
            past = visits_until(line.call, until) if line else []
            if not past or not is_under_way(past[-1]):
                continue
            number = _number_of(reading, caller, transfer)
            places[key] = Place(until, [], transfer.whom, number, len(past) - 1)
            taken.setdefault(transfer.whom, []).append((until, key))
    for whom, in_turn in taken.items():
        places[f"{source.name}|{whom}"] = Place(in_turn[0][0])
        for key, marks in _parted(change, source, whom, in_turn).items():
            places[key] = replace(places[key], adopted=marks)
    return places


def _number_of(reading: Reading, line: "Line | None", transfer: Transfer) -> str:
    """Return the key of the number of a caller who was passed on, or had been called."""
    told = [visit.caller_key for visit in line.call.visits] if line else []
    party = reading.parties.get(transfer.whom)
    origin = reading.parties.get(reading.interaction_id)
    told += [party.caller_key if party else "", origin.dialled_key if origin else ""]
    return next(filter(None, told), "")


def _parted(
    change: "Change", source: Source, caller: str, taken: list[tuple[int, str]]
) -> dict[str, list[Mark]]:
    """Part a caller's marks since he took a place, among his own and all that he took in turn.

    Ends of talks that he had before stay where they began, the rest goes with him.
    """
    lines, own = change.state.lines, f"{source.name}|{caller}"
    keys, first = [own, *(key for _, key in taken)], taken[0][0]
    held = {own: _marks_until(lines.get(own), first)}
    held |= {key: _marks_until(lines.get(key), until) for until, key in taken}
    line = lines.get(own)
    parted: dict[str, list[Mark]] = {key: [] for key in keys}
    for mark in line.call.marks if line else source.loose.get(caller, []):
        if mark.sequence <= first:
            continue
        at = bisect_left(taken, (mark.sequence, ""))
        ended = [key for key in keys[: at + 1] if _ends_one_of(mark, held[key], parted[key])]
        parted[ended[-1] if ended else keys[at]].append(mark)
    return parted


def _marks_until(line: "Line | None", sequence: int) -> list[Mark]:
    return [mark for mark in line.call.marks if mark.sequence <= sequence] if line else []


def _ends_one_of(end: Mark, *told: Iterable[Mark]) -> bool:
    """Tell whether a mark is the end of a talk that was told of before."""
    return end.kind == "ended" and any(
        mark.kind in ("connected", "ended")
        and (mark.queue_id, mark.agent_id) == (end.queue_id, end.agent_id)
        for marks in told
        for mark in marks
    )


def _remind_of_target(change: "Change", source: Source, key: str, line: "Line") -> None:
    for settled in line.settled:
        it = settled.account.it
        passes = it.entered_at + settled.account.target.answer_within_ms
        if it.left_at is None and passes > source.clock:
            source.remind(Deadline(passes, "leg", key))


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
    for talk, handover in meaning.handovers:
        handed.setdefault(talk.line, []).append(handover)
    for talk, hold in meaning.holds:
        held.setdefault(talk.line, []).append((talk.agent_id, hold))
    for key in sorted({*contact.lines, *(talk.line for talk in talks)}):
        line = change.state.lines.get(key)
        if line is None:
            continue
        told = (interaction_id, handed.get(key, []), held.get(key, []))
        call = line.call
        shown = {interaction_of(call, visit) for visit in call.visits}
        if shown - {interaction_id} or (call.handovers, call.holds) != told[1:]:
            call.interaction_id, call.handovers, call.holds = told
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


# --- facts and activities -----------------------------------------------------------------


def _leg(change: "Change", source: Source, interaction_id: str, call: DirectCall) -> Leg:
    """Return the fact of a direct call; who says it puts in when it became known."""
    second = call.started // 1000
    left = call.ended if call.answered is None else call.answered
    hold = talk = None
    if call.answered is not None and call.ended is not None:
        hold = held_ms(call.holds, call.answered, call.ended)
        talk = call.ended - call.answered - (hold or 0)
    ring = None
    if call.answered is not None and call.rang is not None and call.used is not None:
        ring = max(0, call.used - call.rang)
    clock: Clock = "adapter" if call.clock == "adapter" else "source"
    return Leg(
        tenant=change.state.tenant, domain=change.state.domain, revision=0, known_at=0,
        voided=False, leg_id=derived_id(source.name, call.channel_id, "", str(second)),
        first_second=second, source=source.name, interaction_id=interaction_id, queue_id="",
        channel="voice", direction=call.direction, caller_key=call.caller_key, priority=0,
        entered_at=call.started, answered_at=call.answered, left_at=left, ended_at=call.ended,
        outcome=call.outcome, wait_ms=None if left is None else left - call.started,
        ring_ms=ring, talk_ms=talk, hold_ms=hold, wrapup_ms=None, agent_id=call.agent_id,
        ended_by=call.ended_by, transferred_to=call.transferred_to,
        transfer_kind=call.transfer_kind, offers=0, answer_within_ms=0, short_abandon_ms=0,
        clock="estimated" if call.estimated else clock,
    )  # fmt: skip


def _uses(leg: Leg, call: DirectCall, source: str) -> "Activities":
    """Return what a direct call does to its agent: ringing, then in use, perhaps on hold."""
    marks: Activities = []
    if call.used != call.started:
        heard = call.rang or call.started
        quiet = call.used if call.used is not None else call.ended
        marks += _stretch("device_rang", call.agent_id, leg.leg_id, heard, quiet, source)
    if call.used is not None:
        marks += _stretch(
            "device_used", call.agent_id, leg.leg_id, call.used, call.ended, source,
            placed=call.placed,
        )  # fmt: skip
        for hold in call.holds:
            marks += _holding(call.agent_id, "", leg.leg_id, hold, source)
    return marks


def _holding(
    agent_id: str, queue_id: str, leg_id: str, hold: Hold, source: str
) -> "Activities":
    return _stretch("held", agent_id, leg_id, hold.start, hold.end, source, queue_id=queue_id)


def _stretch(
    kind: str, agent_id: str, ref: str, start: int, end: int | None, source: str,
    *, queue_id: str = "", placed: bool = False,
) -> "Activities":  # fmt: skip
    """Return the marks of a stretch of time; one of no length leaves none."""
    if end is not None and end <= start:
        return []
    begun = AgentMark(
        start, STARTS, 0, ref, kind, queue_id, ref, number=int(placed), source=source
    )
    marks: Activities = [(agent_id, begun)]
    if end is not None:
        over = AgentMark(end, ENDS, 0, ref, OVER[kind], queue_id, ref, source=source)
        marks.append((agent_id, over))
    return marks
