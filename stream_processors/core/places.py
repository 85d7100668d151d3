"""Callers who take the places of agents who had asked a queue for somebody.

An agent asks a queue, then puts a caller through to it: from that transfer on the visit is the
caller's. One caller may be passed on several times; what is told of him is parted among them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from stream_processors.core.call import Mark, Visit, is_under_way
from stream_processors.core.calls import (
    Place,
    change_places,
    marks_until,
    own_marks,
    visits_until,
)
from stream_processors.core.contacts import Contact, Reading, Transfer
from stream_processors.core.sources import Deadline, Source

if TYPE_CHECKING:
    from stream_processors.core.change import Cause, Change
    from stream_processors.core.state import Line


def tell_places(
    change: "Change",
    source: Source,
    contact: Contact,
    reading: Reading,
    lost: Sequence[Transfer],
    cause: "Cause",
) -> bool:
    """Let callers take the place of agents who had asked a queue for somebody.

    They do so by what a reading tells and by transfers that were `lost`. Returns False if
    nothing changed.
    """
    lines, changed = change.state.lines, False
    places = _places_taken(change, source, reading, [*reading.transfers, *lost])
    for key in sorted({*contact.places, *places}):
        line = lines.get(key)
        if line is None:
            continue
        if change_places(line.call, places.get(key, Place())):
            change.places_changed = changed = True
            change.settle_line(key, cause, of_contact=True)
            _remind_of_target(change, source, key, line)
    contact.places = sorted(places)
    return changed


def _places_taken(
    change: "Change", source: Source, reading: Reading, transfers: Iterable[Transfer]
) -> dict[str, Place]:
    """Return which marks count of callers who took places in queues, and of those places."""
    lines = change.state.lines
    places: dict[str, Place] = {}
    taken: dict[str, list[tuple[int, str]]] = {}
    for transfer in transfers:
        if transfer.kind != "attended" or not transfer.whom:
            continue
        caller, until = lines.get(f"{source.name}|{transfer.whom}"), transfer.moment[1]
        for channel in (transfer.by_channel, transfer.consult_channel):
            key = f"{source.name}|{channel}"
            line = lines.get(key)
            past = visits_until(line.call, until) if line else []
            if not past or not is_under_way(past[-1]) or _rang(past[-1], transfer.whom):
                continue
            number = _number_of(reading, caller, transfer)
            places[key] = Place(until, [], transfer.whom, number, len(past) - 1)
            taken.setdefault(transfer.whom, []).append((until, key))
    for whom, in_turn in taken.items():
        places[f"{source.name}|{whom}"] = Place(in_turn[0][0])
        for key, marks in _parted(change, source, whom, in_turn).items():
            places[key] = replace(places[key], adopted=marks)
    return places


def _rang(visit: Visit, channel: str) -> bool:
    """Tell whether a queue rang a channel for a visit: then its caller sends away his agent."""
    return any(ring.offer_id == channel for ring in visit.rings)


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
    line = lines.get(own)
    held = {own: marks_until(own_marks(line.call), first, took=False) if line else []}
    held |= {key: marks_until(lines[key].call.marks, until) for until, key in taken}
    parted: dict[str, list[Mark]] = {key: [] for key in keys}
    marks = own_marks(line.call) if line else source.loose.get(caller, [])
    before = {mark.event_id for mark in marks_until(marks, first, took=False)}
    for mark in marks:
        if mark.event_id in before:
            continue
        # Of a whole second it may have been told ahead of what it follows.
        last = mark.sequence + (mark.resolution - 1) * 1000
        at = bisect_left(taken, (last, ""))
        ended = [key for key in keys[: at + 1] if _ends_one_of(mark, held[key], parted[key])]
        parted[ended[-1] if ended else keys[at]].append(mark)
    return parted


def _ends_one_of(end: Mark, *told: Iterable[Mark]) -> bool:
    """Tell whether a mark is the end of a talk that was told of before, or how it ended."""
    return end.kind in ("ended", "transferred") and any(
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
