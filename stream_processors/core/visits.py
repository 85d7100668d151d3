"""Which visit of a call a mark belongs to.

Two feeds tell of one visit, each in its own order and precision, and any may have missed
its beginning. So a visit is known by queue, time and which feed has told what of it already.
"""

from stream_processors.core.call import ESTIMATED, MATCH_MS, Call, Mark, Visit
from stream_processors.core.exits import FOLLOWS_MS

TOLD_STEP_MS, UNTOLD_STEP_MS = 10 * 60_000, 60_000
"""So far may a clock be set back in a wait or a talk: if the source says it was none, or says
nothing."""


def same_entry(call: Call, mark: Mark) -> Visit | None:
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
    """Tell whether the clock of a source was set back after an entry, in the wait or the talk.

    Then the source saw no wait, and the entry comes after what it led to. Set back in the talk,
    it saw none either.
    """
    waited = visit.wait[1] if visit.wait else 0
    reach = TOLD_STEP_MS if visit.wait else UNTOLD_STEP_MS
    is_end_alone = visit.connected is not None and visit.connected[0] == ESTIMATED
    if is_end_alone and visit.talk is not None and visit.talk[1] == 0:
        waited, reach = 0, TOLD_STEP_MS
    return waited == 0 and 0 <= mark.at - visit.entered[2] <= reach


def just_left(call: Call, mark: Mark) -> Visit | None:
    """Find the visit that a mark without queue means: the last, left within a moment."""
    for visit in reversed(call.visits):
        if visit.left is not None and abs(mark.at - visit.left[2]) <= MATCH_MS:
            return visit
    return None


def leaving(call: Call, mark: Mark) -> Visit | None:
    """Find the visit that ends so; None if its feed has told of the answer before."""
    mine = [visit for visit in reversed(call.visits) if visit.queue_id == mark.queue_id]
    for visit in mine:
        if mark.feed in visit.entered_feeds and mark.feed not in visit.left_feeds:
            return _back_since(call, mark, visit) or visit
    if any(_was_answered(visit, mark) for visit in mine):
        return None
    for visit in mine:
        if _left_then(visit, mark):
            return visit
    return open_visit(call, mark) or begun_unseen(call, mark)


def _left_then(visit: Visit, mark: Mark) -> bool:
    """Tell whether another feed says that a visit ended in the second in which a feed says so.

    Of its beginning that has told nothing; the caller may have come back in the same second.
    It may have told just before that nobody answered.
    """
    if visit.left is None or mark.feed in (*visit.entered_feeds, *visit.left_feeds):
        return False
    if visit.unanswered is not None and 0 <= mark.at - visit.unanswered[0] <= FOLLOWS_MS:
        return True
    resolution, _, left = visit.left
    return mark.resolution < resolution < ESTIMATED and 0 <= mark.at - left < resolution


def _back_since(call: Call, mark: Mark, left: Visit) -> Visit | None:
    """Find the visit for which a caller came back, unheard by the feed of a mark.

    By another feed he has left the visit that this one knows, long before what it tells now.
    """
    if left.left is None or left.left[0] == ESTIMATED or mark.at - left.left[2] <= MATCH_MS:
        return None
    return open_visit(call, mark)


def _was_answered(visit: Visit, mark: Mark) -> bool:
    """Tell whether a feed takes leave of a caller again, whom it had told to be answered.

    Some logs have an ABANDON after the talk; whoever has come back since is another visit.
    """
    if visit.connected is None or mark.feed not in visit.left_feeds:
        return False
    began = mark.at - (mark.wait_ms or 0)
    return visit.ended is None or began - visit.ended[2] <= MATCH_MS


def answered(call: Call, mark: Mark) -> Visit:
    """Find the visit that a queue ends by an answer, or rings an agent for."""
    for visit in reversed(call.visits):
        if visit.queue_id != mark.queue_id or _found_nobody(visit, mark):
            continue
        left = visit.left_feeds.get(mark.feed)
        if left is not None and mark.at - left <= MATCH_MS:
            return visit
        if left is None and mark.feed in visit.entered_feeds:
            return _back_since(call, mark, visit) or visit
    return open_visit(call, mark) or begun_unseen(call, mark)


def _found_nobody(visit: Visit, mark: Mark) -> bool:
    """Tell whether a queue had said of a visit that nobody answered, well before an answer."""
    told = visit.unanswered
    return mark.kind == "connected" and told is not None and mark.at - told[0] > FOLLOWS_MS


def talking(call: Call, mark: Mark) -> Visit:
    """Find the visit whose talk ends so."""
    heard = heard_talking(call, mark)
    if heard is not None:
        return heard
    for visit in reversed(call.visits):
        if visit.queue_id != mark.queue_id or visit.connected is None:
            continue
        if mark.agent_id and visit.agent_id and visit.agent_id != mark.agent_id:
            continue
        if visit.ended is None or abs(visit.ended[2] - mark.at) <= MATCH_MS:
            return visit
    return open_visit(call, mark) or _left_for(call, mark) or begun_unseen(call, mark)


def _left_for(call: Call, mark: Mark) -> Visit | None:
    """Find the visit left for a talk that ends, of whose beginning nothing was heard.

    Nobody has said why the caller left, and he did when the talk began.
    """
    if mark.span_ms is None:
        return None
    began = mark.at - mark.span_ms
    for visit in reversed(call.visits):
        if visit.queue_id != mark.queue_id or visit.connected or visit.left is None:
            continue
        unsaid = visit.verdict is None and visit.unanswered is None
        if unsaid and abs(began - visit.left[2]) <= MATCH_MS:
            return visit
    return None


def heard_talking(call: Call, mark: Mark) -> Visit | None:
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


def open_visit(call: Call, mark: Mark) -> Visit | None:
    """Find a visit of the queue that another feed knows and that is not over."""
    for visit in reversed(call.visits):
        if visit.queue_id != mark.queue_id or _found_nobody(visit, mark):
            continue
        if not _is_with_another(call, visit, mark):
            over = visit.ended or (None if visit.connected else visit.left)
            if over is None or mark.at - over[2] <= MATCH_MS:
                return visit
    return None


def _is_with_another(call: Call, visit: Visit, mark: Mark) -> bool:
    """Tell whether the caller of a visit has talked to another agent than a mark is about.

    So he has come back to the queue unheard. Of what a colleague picked up, the queue goes on
    naming whom it rang.
    """
    if visit.connected is None or not mark.agent_id or visit.agent_id in ("", mark.agent_id):
        return False
    if any(ring.offer_id in call.picked_up for ring in visit.rings):
        return False
    began = mark.at - (mark.span_ms or 0) if mark.kind == "ended" else mark.at
    return began - visit.connected[2] > MATCH_MS


def begun_unseen(call: Call, mark: Mark) -> Visit:
    """Open a visit whose beginning was lost: it began as long ago as the source says."""
    ago = mark.wait_ms or 0
    if mark.kind == "ended":
        ago += mark.span_ms or 0
    return new_visit(call, mark, mark.at - ago, ESTIMATED)


def new_visit(call: Call, mark: Mark, at: int, resolution: int) -> Visit:
    """Open a visit; one of the same queue and second is a twin."""
    second = at // 1000
    twin = sum(
        other.queue_id == mark.queue_id and other.first_second == second
        for other in call.visits
    )
    visit = Visit(mark.queue_id, (resolution, 0, at), second, twin)
    call.visits.append(visit)
    return visit


def tell_wait(visit: Visit, mark: Mark) -> None:
    """Note how long the caller waited, as a mark says it."""
    if mark.wait_ms is not None:
        told = (mark.resolution, mark.wait_ms)
        visit.wait = told if visit.wait is None else min(visit.wait, told)


def is_end_of(call: Call, mark: Mark) -> bool:
    """Tell whether an end that names no caller is the end of this call.

    The offer says so where the source names it; else the talk's length does: whole seconds,
    so the talk began within one second of end minus talk. Of a Local channel that was taken
    out of the way it names the phone, which nobody was told to be rung.
    """
    for visit in call.visits:
        if visit.queue_id != mark.queue_id or visit.connected is None:
            continue
        if mark.ref and any(ring.offer_id == mark.ref for ring in visit.rings):
            return True
        if visit.agent_id == mark.agent_id and mark.span_ms is not None:
            began = mark.at - mark.span_ms
            if abs(began - visit.connected[2]) <= MATCH_MS - 500:
                return True
    return False
