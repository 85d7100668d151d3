"""What a source said of one channel, and the visits to queues that follow from it.

A call is a *set* of marks (one per event), kept in the order of the source's own time. Its
visits are a fold over that order. A mark that comes last is one step; a late one is put into
its place and the few marks of this channel are folded again. So late, repeated and swapped
events give the same visits as punctual ones, by construction.

Two feeds tell of the same visit with different precision. Each slot of a visit keeps the finest
of what it was told: a tuple whose first item is the resolution [ms], so that `min` decides.
"""

from bisect import bisect_left
from typing import Literal, TypeAlias, cast

import msgspec

from schemas.events import EndedBy, TransferKind
from stream_processors.core.handovers import Handover, Hold

MATCH_MS = 2_000
"""Two feeds mean the same thing when their times agree within this."""

ESTIMATED = 1_000_000
"""Resolution of a time nobody told us; any told time is finer."""

TOLD_STEP_MS, UNTOLD_STEP_MS = 10 * 60_000, 60_000
"""So far may a clock be set back in a wait: if the source says it was none, or says nothing."""

_LIST = "snapshot"
"""Stands for the feed that told of an entry where a snapshot did."""

Kind: TypeAlias = Literal[
    "entered", "left", "connected", "ended", "transferred",
    "offer_started", "offer_ended", "hangup_requested", "hung_up", "listed",
]  # fmt: skip


class Mark(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """One event of a channel, reduced to what visits need. Sorts by the source's own order."""

    sequence: int
    event_id: str
    kind: Kind
    at: int
    resolution: int
    feed: str
    queue_id: str = ""
    agent_id: str = ""
    word: str = ""  # outcome, result, ended_by, transfer kind, cause of the end, or "phone"
    ref: str = ""  # interaction, offer, or whom the caller was transferred to
    note: str = ""  # caller key, or place in the dial plan
    wait_ms: int | None = None
    span_ms: int | None = None  # ring or talk time, as the source says it
    number: int = 0  # priority
    clock: str = "source"


Told: TypeAlias = tuple[int, int, int]
"""Resolution, rank among equals, value: the smallest is the best told."""


class Ring(msgspec.Struct, gc=False):
    """One ringing of one agent."""

    agent_id: str
    started: Told
    offer_id: str = ""
    fact_id: str = ""
    ended: Told | None = None
    result: tuple[int, int, str] | None = None
    ring_ms: int | None = None
    at_phone: bool = False  # the offer is the channel of a phone


class Visit(msgspec.Struct, gc=False):
    """One stay in one queue, with the talk that may follow."""

    queue_id: str
    entered: Told
    first_second: int
    twin: int = 0
    leg_id: str = ""
    entered_feeds: list[str] = msgspec.field(default_factory=list)
    left_feeds: dict[str, int] = msgspec.field(default_factory=dict)
    ended_feeds: list[str] = msgspec.field(default_factory=list)
    interaction: tuple[int, str] = (ESTIMATED, "")
    caller_key: str = ""
    priority: int = 0
    adapter_clock: bool = False
    listed_at: int = 0  # that he waited then [ms], a snapshot has said
    left: Told | None = None
    wait: tuple[int, int] | None = None
    verdict: tuple[int, str] | None = None
    unanswered: tuple[int, str] | None = None
    agent_id: str = ""
    connected: Told | None = None
    ended: Told | None = None
    ended_by: EndedBy | Literal[""] = ""
    talk: tuple[int, int] | None = None
    transferred_to: str = ""
    transfer_kind: TransferKind | Literal[""] = ""
    rings: list[Ring] = msgspec.field(default_factory=list)


class Call(msgspec.Struct, gc=False):
    """One channel of one source.

    `interaction_id`, `handovers` and `holds` [agent and stretch] are what the contact of the
    call has concluded; they are no marks of it. So are `until` and `adopted`: an agent who
    asked a queue for somebody gives his place to the caller, whose marks count from then on;
    `taken_by` is that caller's channel, `taken_key` his number, `taken_from` the first visit
    that is his. `picked_up` tells by which channels colleagues took what rang at others.
    """

    source: str
    channel_id: str
    interaction_id: str = ""
    handovers: list[Handover] = msgspec.field(default_factory=list)
    holds: list[tuple[str, Hold]] = msgspec.field(default_factory=list)
    until: int | None = None
    adopted: list[Mark] = msgspec.field(default_factory=list)
    taken_by: str = ""
    taken_key: str = ""
    taken_from: int = 0
    picked_up: dict[str, str] = msgspec.field(default_factory=dict)
    marks: list[Mark] = msgspec.field(default_factory=list)
    visits: list[Visit] = msgspec.field(default_factory=list)
    hangup_requested_at: int | None = None
    hung_up: tuple[int, str, str] | None = None  # when, where in the dial plan, and why


def observe(call: Call, mark: Mark) -> bool:
    """Add a mark; return False if it was there already."""
    marks = call.marks
    if not marks or mark > marks[-1]:
        marks.append(mark)
        if call.until is None and not call.adopted:
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
    call.hangup_requested_at = None
    call.hung_up = None
    for mark in _counting(call):
        _STEPS[mark.kind](call, mark)


def _counting(call: Call) -> list[Mark]:
    if call.until is None:
        return call.marks
    own = [mark for mark in call.marks if mark.sequence <= call.until]
    return sorted({*own, *call.adopted})


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


def pick_up(call: Call, picked_up: dict[str, str]) -> bool:
    """Let talks by some channels be of other agents; return False if nothing changed."""
    if call.picked_up == picked_up:
        return False
    call.picked_up = picked_up
    _fold_again(call)
    return True


def _by_taker(call: Call, mark: Mark) -> Mark:
    taker = call.picked_up.get(mark.ref)
    return mark if taker is None else msgspec.structs.replace(mark, agent_id=taker)


def visits_until(call: Call, sequence: int) -> list[Visit]:
    """Return the visits of a call as they stood at a moment."""
    past = Call(call.source, call.channel_id)
    for mark in call.marks:
        if mark.sequence <= sequence:
            observe(past, mark)
    return past.visits


def is_under_way(visit: Visit) -> bool:
    """Tell whether a caller waits, or talks to whom the queue has found."""
    return visit.ended is None if visit.connected is not None else visit.left is None


def finer(told: Told | None, new: Told) -> Told:
    """Return the better told of two values."""
    return new if told is None or new < told else told


def has_open_visit(call: Call) -> bool:
    """Tell whether an end has not been told of every visit."""
    return any(visit.ended is None for visit in call.visits)


def is_end_of(call: Call, mark: Mark) -> bool:
    """Tell whether an end that names no caller is the end of this call.

    The offer says so where the source names it; else the talk's length does: whole seconds,
    so the talk began within one second of end minus talk.
    """
    for visit in call.visits:
        if visit.queue_id != mark.queue_id or visit.connected is None:
            continue
        if mark.ref:
            if any(ring.offer_id == mark.ref for ring in visit.rings):
                return True
        elif visit.agent_id == mark.agent_id and mark.span_ms is not None:
            began = mark.at - mark.span_ms
            if abs(began - visit.connected[2]) <= MATCH_MS - 500:
                return True
    return False


# --- one step for each kind of mark -------------------------------------------------------


def _entered(call: Call, mark: Mark) -> None:
    visit = _same_entry(call, mark)
    if visit is None:
        visit = _new_visit(call, mark, mark.at, mark.resolution)
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


def _same_entry(call: Call, mark: Mark) -> Visit | None:
    """Find the visit of which another feed (or a loser of its own join) told already.

    Of several the nearest; of two of one second the first, for both feeds keep their order.
    """
    found, nearest = None, MATCH_MS + 1
    stepped = None
    for visit in call.visits:
        if visit.queue_id != mark.queue_id or mark.feed in visit.entered_feeds:
            continue
        if visit.entered_feeds:
            apart = abs(visit.entered[2] - mark.at)
            if apart < nearest:
                found, nearest = visit, apart
        elif _clock_stepped_back(visit, mark):
            stepped = visit
    return found or stepped


def _clock_stepped_back(visit: Visit, mark: Mark) -> bool:
    """Tell whether the clock of a source was set back after an entry, while the caller waited.

    Then the source saw no wait, and the entry comes after what it led to.
    """
    waited = visit.wait[1] if visit.wait else 0
    reach = TOLD_STEP_MS if visit.wait else UNTOLD_STEP_MS
    return waited == 0 and 0 <= mark.at - visit.entered[2] <= reach


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
        visit = _new_visit(call, mark, entered, ESTIMATED)
        visit.listed_at = asked
        visit.entered_feeds.append(_LIST)


def _left(call: Call, mark: Mark) -> None:
    visit = _just_left(call, mark) if not mark.queue_id else _leaving(call, mark)
    if visit is None:
        return
    rank = 0
    if mark.word == "unanswered":
        told = (mark.at, mark.note)
        visit.unanswered = told if visit.unanswered is None else min(visit.unanswered, told)
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
    _tell_wait(visit, mark)


def _just_left(call: Call, mark: Mark) -> Visit | None:
    """Find the visit that a mark without queue means: the last, left within a moment."""
    for visit in reversed(call.visits):
        if visit.left is not None and abs(mark.at - visit.left[2]) <= MATCH_MS:
            return visit
    return None


def _leaving(call: Call, mark: Mark) -> Visit | None:
    """Find the visit that ends so; None if its feed has told of the answer before."""
    mine = [visit for visit in reversed(call.visits) if visit.queue_id == mark.queue_id]
    for visit in mine:
        if mark.feed in visit.entered_feeds and mark.feed not in visit.left_feeds:
            return visit
    if any(_was_answered(visit, mark) for visit in mine):
        return None
    return _open_visit(call, mark) or _begun_unseen(call, mark)


def _was_answered(visit: Visit, mark: Mark) -> bool:
    """Tell whether a feed takes leave of a caller again, whom it had told to be answered.

    Some logs have an ABANDON after the talk; whoever has come back since is another visit.
    """
    if visit.connected is None or mark.feed not in visit.left_feeds:
        return False
    began = mark.at - (mark.wait_ms or 0)
    return visit.ended is None or began - visit.ended[2] <= MATCH_MS


def _connected(call: Call, mark: Mark) -> None:
    mark = _by_taker(call, mark) if call.picked_up else mark
    visit = _answered(call, mark)
    visit.connected = finer(visit.connected, (mark.resolution, 0, mark.at))
    visit.left = finer(visit.left, (mark.resolution, 1, mark.at))
    visit.left_feeds.setdefault(mark.feed, mark.at)
    visit.agent_id = visit.agent_id or mark.agent_id
    _tell_wait(visit, mark)
    ring = _ring_of(visit, mark)
    if ring is None:
        began = mark.at - (mark.span_ms or 0)
        ring = Ring(mark.agent_id, (ESTIMATED, 0, began), mark.ref)
        visit.rings.append(ring)
    elif mark.ref and not ring.offer_id:
        ring.offer_id, ring.fact_id = mark.ref, ""
    ring.result = (-1, 0, "answered")
    if ring.ring_ms is None and mark.resolution > 1:
        ring.ring_ms = mark.span_ms


def _answered(call: Call, mark: Mark) -> Visit:
    for visit in reversed(call.visits):
        if visit.queue_id == mark.queue_id and mark.feed in visit.entered_feeds:
            left = visit.left_feeds.get(mark.feed)
            if left is None or mark.at - left <= MATCH_MS:
                return visit
    return _open_visit(call, mark) or _begun_unseen(call, mark)


def _ended(call: Call, mark: Mark) -> None:
    mark = _by_taker(call, mark) if call.picked_up else mark
    visit = _talking_visit(call, mark)
    visit.ended_feeds.append(mark.feed)
    visit.ended = finer(visit.ended, (mark.resolution, 0, mark.at))
    visit.agent_id = visit.agent_id or mark.agent_id
    if visit.ended_by in ("", "unknown"):
        visit.ended_by = cast(EndedBy, mark.word)
    _tell_wait(visit, mark)
    if mark.span_ms is not None:
        talk = (mark.resolution, mark.span_ms)
        visit.talk = talk if visit.talk is None else min(visit.talk, talk)
    if visit.connected is None:
        answered = mark.at - (mark.span_ms or 0)
        visit.connected = (ESTIMATED, 0, answered)
        visit.left = finer(visit.left, (ESTIMATED, 1, answered))


def _talking_visit(call: Call, mark: Mark) -> Visit:
    heard = _heard_talking(call, mark)
    if heard is not None:
        return heard
    for visit in reversed(call.visits):
        if visit.queue_id != mark.queue_id or visit.connected is None:
            continue
        if mark.agent_id and visit.agent_id and visit.agent_id != mark.agent_id:
            continue
        if visit.ended is None or abs(visit.ended[2] - mark.at) <= MATCH_MS:
            return visit
    return _open_visit(call, mark) or _begun_unseen(call, mark)


def _heard_talking(call: Call, mark: Mark) -> Visit | None:
    """Find the talk of which a feed has told the beginning, and not yet the end.

    Whoever is passed on to the queue that he comes from may talk again within the second, so
    that a feed of whole seconds tells of the next talk before the finer one ends the first.
    """
    for visit in reversed(call.visits):
        if mark.feed not in visit.left_feeds or mark.feed in visit.ended_feeds:
            continue
        if visit.connected is None or (mark.queue_id and visit.queue_id != mark.queue_id):
            continue
        if mark.agent_id and visit.agent_id and visit.agent_id != mark.agent_id:
            continue
        if visit.ended is None or abs(visit.ended[2] - mark.at) <= MATCH_MS:
            return visit
    return None


def _transferred(call: Call, mark: Mark) -> None:
    heard = _heard_talking(call, mark)
    for visit in reversed(call.visits) if heard is None else (heard,):
        if visit.connected is None or (mark.queue_id and visit.queue_id != mark.queue_id):
            continue
        if mark.at <= (visit.ended[2] if visit.ended else mark.at) + MATCH_MS:
            visit.transferred_to = visit.transferred_to or mark.ref
            visit.transfer_kind = visit.transfer_kind or cast(TransferKind, mark.word)
        return


def _offer_started(call: Call, mark: Mark) -> None:
    visit = _answered(call, mark)
    told = (mark.resolution, 0, mark.at)
    at_phone = mark.word == "phone"
    for ring in visit.rings:
        if ring.offer_id == mark.ref:
            ring.started = finer(ring.started, told)
            ring.at_phone = ring.at_phone or at_phone
            return
        if not ring.offer_id and ring.agent_id == mark.agent_id and _same_second(ring, mark):
            ring.offer_id, ring.fact_id = mark.ref, ""
            ring.started = told
            ring.at_phone = at_phone
            return
    visit.rings.append(Ring(mark.agent_id, told, mark.ref, at_phone=at_phone))


def _same_second(ring: Ring, mark: Mark) -> bool:
    """A short ring that a coarse feed told the end of, before a fine one told its beginning."""
    return ring.ended is not None and 0 <= mark.at - ring.ended[2] < ring.ended[0]


def _offer_ended(call: Call, mark: Mark) -> None:
    ring = _known_ring(call, mark)
    if ring is None:
        if not mark.queue_id:
            return  # the end of a ringing that no queue began
        ring = Ring(mark.agent_id, (ESTIMATED, 0, mark.at - (mark.span_ms or 0)), mark.ref)
        _answered(call, mark).rings.append(ring)
    rank = 0 if mark.agent_id else 1
    ring.ended = finer(ring.ended, (mark.resolution, rank, mark.at))
    result = (rank, mark.sequence, mark.word)
    ring.result = result if ring.result is None else min(ring.result, result)
    if ring.ring_ms is None:
        ring.ring_ms = mark.span_ms


def _known_ring(call: Call, mark: Mark) -> Ring | None:
    for visit in reversed(call.visits):
        if mark.queue_id and visit.queue_id != mark.queue_id:
            continue
        ring = _ring_of(visit, mark)
        if ring is not None and not _was_taken(ring, mark):
            return ring
    return None


def _was_taken(ring: Ring, mark: Mark) -> bool:
    """Tell whether a ringing has been answered, so that an end that names none is another's."""
    return not mark.ref and ring.result is not None and ring.result[2] == "answered"


def _ring_of(visit: Visit, mark: Mark) -> Ring | None:
    """Find the ringing a mark tells the end of: by its offer, else by its agent and time."""
    if mark.ref:
        for ring in reversed(visit.rings):
            if ring.offer_id == mark.ref:
                return ring
    if not mark.agent_id:
        return None
    for ring in reversed(visit.rings):
        if ring.agent_id != mark.agent_id or (mark.ref and ring.offer_id):
            continue
        if ring.ended is None or (
            ring.ended[0] != mark.resolution and abs(ring.ended[2] - mark.at) <= MATCH_MS
        ):
            return ring
    return None


def _hangup_requested(call: Call, mark: Mark) -> None:
    if call.hangup_requested_at is None:
        call.hangup_requested_at = mark.at


def _hung_up(call: Call, mark: Mark) -> None:
    if call.hung_up is None:
        call.hung_up = (mark.at, mark.note, mark.word)


_STEPS = {
    "entered": _entered,
    "left": _left,
    "connected": _connected,
    "ended": _ended,
    "transferred": _transferred,
    "offer_started": _offer_started,
    "offer_ended": _offer_ended,
    "hangup_requested": _hangup_requested,
    "hung_up": _hung_up,
    "listed": _listed,
}

# --- which visit a mark belongs to --------------------------------------------------------


def _open_visit(call: Call, mark: Mark) -> Visit | None:
    """Find a visit of the queue that another feed knows and that is not over."""
    for visit in reversed(call.visits):
        if visit.queue_id == mark.queue_id:
            over = visit.ended or (None if visit.connected else visit.left)
            if over is None or mark.at - over[2] <= MATCH_MS:
                return visit
    return None


def _begun_unseen(call: Call, mark: Mark) -> Visit:
    """Open a visit whose beginning was lost: it began as long ago as the source says."""
    ago = mark.wait_ms or 0
    if mark.kind == "ended":
        ago += mark.span_ms or 0
    return _new_visit(call, mark, mark.at - ago, ESTIMATED)


def _new_visit(call: Call, mark: Mark, at: int, resolution: int) -> Visit:
    second = at // 1000
    twin = sum(
        other.queue_id == mark.queue_id and other.first_second == second
        for other in call.visits
    )
    visit = Visit(mark.queue_id, (resolution, 0, at), second, twin)
    call.visits.append(visit)
    return visit


def _tell_wait(visit: Visit, mark: Mark) -> None:
    if mark.wait_ms is not None:
        told = (mark.resolution, mark.wait_ms)
        visit.wait = told if visit.wait is None else min(visit.wait, told)
