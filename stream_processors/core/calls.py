"""What a source said of one channel, and the visits to queues that follow from it.

A call is a *set* of marks (one per event), kept in the order of the source's own time. Its
visits are a fold over that order. A mark that comes last is one step; a late one is put into
its place and the few marks of this channel are folded again. So late, repeated and swapped
events give the same visits as punctual ones, by construction.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import cast

import msgspec

from schemas.events import EndedBy, TransferKind
from stream_processors.core import rings, visits
from stream_processors.core.call import ESTIMATED, MATCH_MS, Call, Mark, Visit, finer
from stream_processors.core.exits import FOLLOWS_MS

_ENDS_A_STAY = frozenset({"left", "ended", "transferred"})

_LIST = "snapshot"
"""Stands for the feed that told of an entry where a snapshot did."""


def observe(call: Call, mark: Mark) -> bool:
    """Add a mark; return False if it was there already."""
    marks = call.marks
    if not marks or mark > marks[-1]:
        marks.append(mark)
        if call.until is None and not (call.adopted or call.claimed or call.disclaimed):
            _STEPS[mark.kind](call, mark)
        else:
            _fold_again(call)
        return True
    place = bisect_left(marks, mark)
    if place < len(marks) and marks[place].event_id == mark.event_id:
        return False
    marks.insert(place, mark)
    _fold_again(call)
    return True


def _fold_again(call: Call) -> None:
    call.visits = []
    call.hangup_requested_at = call.put_out_at = call.unanswered_at = None
    call.hung_up = None
    for mark in _counting(call):
        _STEPS[mark.kind](call, mark)


def _counting(call: Call) -> list[Mark]:
    if call.until is None and not (call.claimed or call.disclaimed):
        return call.marks
    own = own_marks(call)
    if call.until is not None:
        own = marks_until(own, call.until, took=call.taken_by != "")
    return sorted({*own, *call.adopted, *call.claimed})


def own_marks(call: Call) -> list[Mark]:
    """Return what was told of a channel, without ends of talks on others."""
    return [mark for mark in call.marks if mark.event_id not in call.disclaimed]


def claim(call: Call, mark: Mark) -> None:
    """Let an end be of a call, whichever channel it names."""
    if mark.event_id in call.disclaimed:
        call.disclaimed.remove(mark.event_id)
    elif mark not in call.marks:
        call.claimed.append(mark)
    _fold_again(call)


def disclaim(call: Call, mark: Mark) -> None:
    """Let an end no longer be of a call, though it may name its channel."""
    if mark in call.claimed:
        call.claimed.remove(mark)
    else:
        call.disclaimed.append(mark.event_id)
    _fold_again(call)


def marks_until(marks: Iterable[Mark], sequence: int, *, took: bool = True) -> list[Mark]:
    """Return what a channel did until somebody took a place.

    What is told of that whole second happened after it: of the channel whose place it was
    (`took`) only what ends a stay, for it may have come in the same second.
    """
    return [mark for mark in marks if not _is_after(mark, sequence, took=took)]


def _is_after(mark: Mark, sequence: int, *, took: bool) -> bool:
    if mark.sequence > sequence:
        return True
    within = sequence - mark.sequence < mark.resolution * 1000
    return mark.resolution > 1 and within and (not took or mark.kind in _ENDS_A_STAY)


class Place(msgspec.Struct, frozen=True):
    """Which marks count of a call, and whose its visits are from some on; see `Call`."""

    until: int | None = None
    adopted: list[Mark] = []
    taken_by: str = ""
    taken_key: str = ""
    taken_from: int = 0


def change_places(call: Call, place: Place) -> bool:
    """Let other marks count after the sequence `until`; return False if nothing changed."""
    now = Place(call.until, call.adopted, call.taken_by, call.taken_key, call.taken_from)
    if now == place:
        return False
    call.until, call.adopted, call.taken_by = place.until, place.adopted, place.taken_by
    call.taken_key, call.taken_from = place.taken_key, place.taken_from
    _fold_again(call)
    return True


def pick_up(
    call: Call, picked_up: dict[str, str], picked_at: dict[str, str], since: dict[str, int]
) -> bool:
    """Let talks by some channels be of other agents; return False if nothing changed."""
    if (call.picked_up, call.picked_at, call.picked_since) == (picked_up, picked_at, since):
        return False
    call.picked_up, call.picked_at, call.picked_since = picked_up, picked_at, since
    _fold_again(call)
    return True


def _by_taker(call: Call, mark: Mark) -> Mark:
    offer_id = mark.ref if mark.kind == "connected" or mark.ref else _offer_of(call, mark)
    taker = call.picked_up.get(offer_id)
    if taker is None:
        return mark
    ref, rung_ms = call.picked_at.get(offer_id, offer_id), mark.span_ms
    if mark.kind == "connected" and rung_ms is not None:
        # The queue tells how long whom it rang was rung: he has had a part of that at most.
        rung_ms = min(rung_ms, max(0, mark.at - call.picked_since[offer_id]))
    return msgspec.structs.replace(mark, agent_id=taker, ref=ref, span_ms=rung_ms)


def _offer_of(call: Call, end: Mark) -> str:
    """Return the offer of the talk that ends so, which a log does not name; '' if unheard."""
    said = [
        mark.ref
        for mark in call.marks
        if mark.kind == "connected" and mark.feed == end.feed and mark.at <= end.at
        and (mark.queue_id, mark.agent_id) == (end.queue_id, end.agent_id)
    ]  # fmt: skip
    return said[-1] if said else ""


def visits_until(call: Call, sequence: int) -> list[Visit]:
    """Return the visits of a call as they stood at a moment."""
    past = Call(call.source, call.channel_id)
    for mark in marks_until(call.marks, sequence):
        observe(past, mark)
    return past.visits


# --- one step for each kind of mark -------------------------------------------------------


def _entered(call: Call, mark: Mark) -> None:
    visit = visits.same_entry(call, mark)
    if visit is None:
        visit = visits.new_visit(call, mark, mark.at, mark.resolution)
    else:
        visit.entered = finer(visit.entered, (mark.resolution, 0, mark.at))
        first = mark.at // 1000
        if first < visit.first_second or not visit.entered_feeds:
            visit.first_second, visit.leg_id = first, ""
    visit.entered_feeds.append(mark.feed)
    visit.interaction = min(visit.interaction, (mark.resolution, mark.ref))
    visit.caller_key = visit.caller_key or mark.note
    visit.priority = visit.priority or mark.number
    visit.adapter_clock = visit.adapter_clock or mark.clock == "adapter"


def _listed(call: Call, mark: Mark) -> None:
    """Let wait who is listed as waiting: his entry, or even his beginning, was lost.

    The list was made some moments after it was asked for, at `mark.at`: whoever has left since
    then was in it, and whoever is known to wait is the one it speaks of, whatever it says of
    how long.
    """
    asked, entered = mark.at, mark.at - (mark.wait_ms or 0)
    for visit in reversed(call.visits):
        if visit.queue_id != mark.queue_id:
            continue
        if visit.left is None or visit.left[2] >= asked - MATCH_MS:
            visit.listed_at = max(visit.listed_at, asked)
            if visit.entered[0] == ESTIMATED and entered < visit.entered[2] - MATCH_MS:
                visit.entered = (ESTIMATED, 0, entered)
                visit.first_second, visit.leg_id = entered // 1000, ""
            return
    if call.hung_up is None:
        visit = visits.new_visit(call, mark, entered, ESTIMATED)
        visit.listed_at = asked
        visit.entered_feeds.append(_LIST)


def _left(call: Call, mark: Mark) -> None:
    if mark.word == "unanswered" and not mark.queue_id:
        call.unanswered_at = mark.at  # of which visit, the next mark tells
        return
    visit = visits.just_left(call, mark) if not mark.queue_id else visits.leaving(call, mark)
    if visit is None:
        return
    rank = 0
    if mark.word == "unanswered":
        told = (mark.at, mark.note)
        visit.unanswered = told if visit.unanswered is None else min(visit.unanswered, told)
        said_at = call.unanswered_at
        visit.tells_why = said_at is not None and mark.at - said_at <= FOLLOWS_MS
        rank = 1
    elif mark.word != "unknown":
        # Of two of a rank the first: Asterisk logs ABANDON behind SYSCOMPAT, of one end.
        surer = 0 if mark.queue_id else 1
        if visit.verdict is None or surer < visit.verdict[0]:
            visit.verdict = (surer, mark.word)
        rank = 0 if mark.queue_id else 2
    visit.left = finer(visit.left, (mark.resolution, rank, mark.at))
    if mark.queue_id and mark.word != "unanswered":
        visit.left_feeds.setdefault(mark.feed, mark.at)
    visits.tell_wait(visit, mark)


def _connected(call: Call, mark: Mark) -> None:
    mark = _by_taker(call, mark) if call.picked_up else mark
    visit = visits.answered(call, mark)
    visit.connected = finer(visit.connected, (mark.resolution, 0, mark.at))
    visit.left = finer(visit.left, (mark.resolution, 1, mark.at))
    visit.left_feeds.setdefault(mark.feed, mark.at)
    visit.agent_id = visit.agent_id or mark.agent_id
    visits.tell_wait(visit, mark)
    rings.taken(visit, mark)


def _ended(call: Call, mark: Mark) -> None:
    mark = _by_taker(call, mark) if call.picked_up else mark
    visit = visits.talking(call, mark)
    visit.ended_feeds.append(mark.feed)
    visit.ended = finer(visit.ended, (mark.resolution, 0, mark.at))
    visit.agent_id = visit.agent_id or mark.agent_id
    if visit.ended_by in ("", "unknown"):
        visit.ended_by = cast(EndedBy, mark.word)
    visits.tell_wait(visit, mark)
    if mark.span_ms is not None:
        talk = (mark.resolution, mark.span_ms)
        visit.talk = talk if visit.talk is None else min(visit.talk, talk)
    if visit.connected is None:
        answered = mark.at - (mark.span_ms or 0)
        visit.connected = (ESTIMATED, 0, answered)
        visit.left = finer(visit.left, (ESTIMATED, 1, answered))
        rings.taken_unheard(visit, mark)


def _transferred(call: Call, mark: Mark) -> None:
    heard = visits.heard_talking(call, mark)
    for visit in reversed(call.visits) if heard is None else (heard,):
        if visit.connected is None or (mark.queue_id and visit.queue_id != mark.queue_id):
            continue
        if mark.at <= (visit.ended[2] if visit.ended else mark.at) + MATCH_MS:
            visit.transferred_to = visit.transferred_to or mark.ref
            visit.transfer_kind = visit.transfer_kind or cast(TransferKind, mark.word)
        return


def _hangup_requested(call: Call, mark: Mark) -> None:
    if call.hangup_requested_at is None:
        call.hangup_requested_at = mark.at


def _hangup_ordered(call: Call, mark: Mark) -> None:
    # What has left its queue is ended by the PBX whoever hung up, when its dial plan is over.
    waits = bool(call.visits) and call.visits[-1].unanswered is None
    if waits and call.hangup_requested_at is None and call.put_out_at is None:
        call.put_out_at = mark.at


def _hung_up(call: Call, mark: Mark) -> None:
    if call.hung_up is None:
        call.hung_up = (mark.at, mark.note, mark.word)


_STEPS = {
    "entered": _entered,
    "left": _left,
    "connected": _connected,
    "ended": _ended,
    "transferred": _transferred,
    "offer_started": rings.offer_started,
    "offer_ended": rings.offer_ended,
    "hangup_requested": _hangup_requested,
    "hangup_ordered": _hangup_ordered,
    "hung_up": _hung_up,
    "listed": _listed,
}
