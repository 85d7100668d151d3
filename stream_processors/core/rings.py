"""The ringings of a visit: whom the queue rang for its caller, and what came of it."""

from stream_processors.core.call import ESTIMATED, MATCH_MS, Call, Mark, Ring, Visit, finer
from stream_processors.core.visits import answered


def offer_started(call: Call, mark: Mark) -> None:
    """An agent is rung for a caller."""
    visit = answered(call, mark)
    told = (mark.resolution, 0, mark.at)
    at_phone = mark.word == "phone"
    for ring in visit.rings:
        if ring.offer_id == mark.ref:
            ring.started = finer(ring.started, told)
            ring.at_phone = ring.at_phone or at_phone
            ring.phone = ring.phone or mark.note
            return
        if not ring.offer_id and ring.agent_id == mark.agent_id and _same_second(ring, mark):
            ring.offer_id, ring.fact_id = mark.ref, ""
            ring.started = told
            ring.at_phone, ring.phone = at_phone, mark.note
            return
    visit.rings.append(Ring(mark.agent_id, told, mark.ref, at_phone=at_phone, phone=mark.note))


def _same_second(ring: Ring, mark: Mark) -> bool:
    """A short ring that a coarse feed told the end of, before a fine one told its beginning."""
    return ring.ended is not None and 0 <= mark.at - ring.ended[2] < ring.ended[0]


def offer_ended(call: Call, mark: Mark) -> None:
    """An agent is no longer rung."""
    ring = _known_ring(call, mark)
    if ring is None:
        if not mark.queue_id:
            return  # the end of a ringing that no queue began
        ring = Ring(mark.agent_id, (ESTIMATED, 0, mark.at - (mark.span_ms or 0)), mark.ref)
        answered(call, mark).rings.append(ring)
    _began_unseen(ring, mark)
    if mark.word == "forwarded":
        ring.forwarded, ring.at_phone = True, False
        return
    rank = 0 if mark.agent_id else 1
    if mark.ref and not rank and (ring.result is None or ring.result[0] != 0):
        _take_back(ring, mark, answered(call, mark))
    if rank and mark.word in ("busy", "failed"):
        ring.refused = mark.word
    ring.ended = finer(ring.ended, (mark.resolution, rank, mark.at))
    result = (rank, mark.sequence, mark.word)
    ring.result = result if ring.result is None else min(ring.result, result)
    if ring.ring_ms is None:
        ring.ring_ms = mark.span_ms


def _take_back(ring: Ring, mark: Mark, visit: Visit) -> None:
    """Undo an end that a log, which names no phones, seemed to tell of his other one."""
    for other in visit.rings:
        if (
            other is not ring and other.agent_id == mark.agent_id
            and other.ended is not None and other.ended[0] > 1 and _echoes(other, mark)
        ):  # fmt: skip
            other.ended = other.result = other.ring_ms = None
            return


def _echoes(ring: Ring, mark: Mark) -> bool:
    """Tell whether both feeds told this end: of a ringing they say the same length."""
    return (
        ring.ended is not None and ring.result is not None
        and ring.ended[0] != mark.resolution and abs(ring.ended[2] - mark.at) <= MATCH_MS
        and (ring.result[0], ring.result[2]) == (0, mark.word)
        and ring.ring_ms is not None and ring.ring_ms == mark.span_ms
    )  # fmt: skip


def _began_unseen(ring: Ring, mark: Mark) -> None:
    """Reckon the beginning that nobody told from the finest end and how long it has rung."""
    if ring.started[0] == ESTIMATED and mark.span_ms is not None:
        began = (ESTIMATED, mark.resolution, mark.at - mark.span_ms)
        ring.started = began if ring.started[1] == 0 else min(ring.started, began)


def taken(visit: Visit, mark: Mark) -> None:
    """The agent who is rung answers."""
    ring = _ring_of(visit, mark)
    if ring is None:
        began = mark.at - (mark.span_ms or 0)
        ring = Ring(mark.agent_id, (ESTIMATED, 0, began), mark.ref)
        visit.rings.append(ring)
    elif mark.ref and not ring.offer_id:
        ring.offer_id, ring.fact_id = mark.ref, ""
    _began_unseen(ring, mark)
    ring.result = (-1, 0, "answered")
    if ring.ring_ms is None and mark.resolution > 1:
        ring.ring_ms = mark.span_ms


def taken_unheard(visit: Visit, mark: Mark) -> None:
    """The end of a talk tells at which of the ringings before it was answered."""
    for ring in visit.rings:
        if mark.ref and ring.offer_id == mark.ref:
            ring.result = (-1, 0, "answered")


def _known_ring(call: Call, mark: Mark) -> Ring | None:
    for visit in reversed(call.visits):
        if mark.queue_id and visit.queue_id != mark.queue_id:
            continue
        ring = _ring_of(visit, mark)
        if ring is not None:
            return ring
    return None


def _was_taken(ring: Ring, mark: Mark) -> bool:
    """Tell whether a ringing has been answered, so that an end that names none is another's."""
    is_answered = ring.result is not None and ring.result[2] == "answered"
    return is_answered and mark.kind == "offer_ended" and not mark.ref


def _ring_of(visit: Visit, mark: Mark) -> Ring | None:
    """Find the ringing a mark tells the end of: by its offer, else by its agent and time."""
    if mark.ref:
        for ring in reversed(visit.rings):
            if ring.offer_id == mark.ref:
                return ring
    if not mark.agent_id:
        return None
    mine = [ring for ring in reversed(visit.rings) if ring.agent_id == mark.agent_id]
    for ring in mine:
        if not mark.ref and _echoes(ring, mark):
            return ring
    for ring in mine:
        if _was_taken(ring, mark):
            continue
        if mark.ref and ring.offer_id and not ring.forwarded:
            continue
        if ring.ended is None or (
            ring.ended[0] != mark.resolution and abs(ring.ended[2] - mark.at) <= MATCH_MS
        ):
            return ring
    return None


def ring_of_answer_ms(visit: Visit, answered: int | None) -> int | None:
    """Return how long the agent who answered was rung [ms]."""
    for ring in visit.rings:
        if ring.result is not None and ring.result[2] == "answered":
            return ring_ms(ring, answered)
    return None


def ring_ms(ring: Ring, ended: int | None) -> int | None:
    """Return how long a ringing has lasted [ms], as the source says it if it can."""
    is_answered = ring.result is not None and ring.result[2] == "answered"
    by_the_finest = is_answered and ring.started[:2] == (ESTIMATED, 1)
    if ring.started[0] != 1 and ring.ring_ms is not None and not by_the_finest:
        return ring.ring_ms
    return None if ended is None else max(0, ended - ring.started[2])
