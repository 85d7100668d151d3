"""What a visit means: its outcome, its wait, its talk. Pure reading of what was told.

Rules, in the order they are tried:

    answered   an agent took the call, however it ended
    an exit    somebody said that the caller left (see `exits`)
    system     nothing said that he left, but his channel is gone, is elsewhere, is missing from
               a snapshot, the source restarted, or `max_open` has passed
    waiting    none of these yet
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from schemas.events import EndedBy
from schemas.facts import LegOutcome
from schemas.identity import derived_id
from stream_processors.core.call import ESTIMATED, MATCH_MS, Call, Visit
from stream_processors.core.exits import exit_of
from stream_processors.core.handovers import Handover, handed_over
from stream_processors.core.hangups import AT_ONCE_MS, who_hung_up
from stream_processors.core.sources import found_gone
from stream_processors.core.sweeps import Sweep


class Conclusion(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a visit is now. Instants and durations in milliseconds."""

    leg_id: str
    queue_id: str
    outcome: LegOutcome
    entered_at: int
    left_at: int | None
    wait_ms: int | None
    answered_at: int | None
    ended_at: int | None
    ended_by: EndedBy | Literal[""]
    agent_id: str
    inferred: bool  # a beginning or an end was lost and has been estimated


def has_talked(it: Conclusion) -> bool:
    """Tell whether a talk is over that his agent's states know of: not one of no length."""
    return it.answered_at is not None and (it.ended_at or 0) > it.answered_at


def conclude(
    call: Call, index: int, sweeps: Sequence[Sweep], clock: int, max_open_ms: int
) -> Conclusion:
    """Return what the visit at `index` of a call is, by everything told so far."""
    visit = call.visits[index]
    if not visit.leg_id:
        visit.leg_id = _leg_id(call, visit)
    entered = _entered_at(visit)
    if visit.connected is not None:
        return _talked(call, index, sweeps, clock, max_open_ms)
    outcome = exit_of(call, index, clock)
    if outcome is not None and visit.left is not None:
        left, inferred = max(entered, visit.left[2]), visit.entered[0] == ESTIMATED
        by: EndedBy | Literal[""] = "caller" if outcome in ("abandoned", "key") else "system"
    else:
        closed = _closed(call, index, entered, sweeps, clock, max_open_ms)
        if closed is None:
            return Conclusion(
                visit.leg_id, visit.queue_id, "waiting", entered, None, None, None, None,
                "", "", visit.entered[0] == ESTIMATED,
            )  # fmt: skip
        outcome, left, inferred, by = "system", closed, True, "system"
    return Conclusion(
        visit.leg_id, visit.queue_id, outcome, entered, left, _wait(visit, left), None, left,
        by, "", inferred,
    )  # fmt: skip


def _talked(
    call: Call, index: int, sweeps: Sequence[Sweep], clock: int, max_open_ms: int
) -> Conclusion:
    visit = call.visits[index]
    assert visit.left is not None  # being connected always tells of leaving
    entered = _entered_at(visit)
    answered = max(entered, visit.left[2])
    inferred = visit.entered[0] == ESTIMATED or visit.left[0] == ESTIMATED
    by = visit.ended_by
    moved = _moved_on(call, index)
    if visit.ended is not None and moved is not None and visit.ended[2] > moved + MATCH_MS:
        # The PBX counts the talk until the caller hangs up, though he left for another queue.
        ended: int | None = max(answered, moved)
        by = "system"
    elif visit.ended is not None:
        ended, by = _told_end(call, visit, answered)
        if ended is None and clock >= answered + max_open_ms:
            ended, by = answered + max_open_ms, "unknown"
    else:
        ended = _closed(call, index, answered, sweeps, clock, max_open_ms)
        inferred = inferred or ended is not None
        by = "unknown" if ended is not None else ""
    passed = handed_over(call.handovers, visit.agent_id, answered) if call.handovers else None
    if passed is not None and _ends_with(passed, visit, ended, by, moved):
        ended, by = max(answered, passed.at), passed.by
    elif by in ("caller", "agent", "unknown") and ended is not None:
        by = who_hung_up(call, visit.agent_id, ended, by)
    return Conclusion(
        visit.leg_id, visit.queue_id, "answered", entered, answered, _wait(visit, answered),
        answered, ended, by, visit.agent_id, inferred,
    )  # fmt: skip


def _told_end(
    call: Call, visit: Visit, answered: int
) -> tuple[int | None, EndedBy | Literal[""]]:
    """Return when a talk ended of which the queue has told the end, and who ended it."""
    assert visit.ended is not None  # the caller of this function looked
    for longer in call.longer:
        if longer.agent_id == visit.agent_id and longer.told == visit.ended[2]:
            return longer.at, longer.by
    return max(answered, visit.ended[2]), visit.ended_by


def _ends_with(
    passed: Handover,
    visit: Visit,
    ended: int | None,
    by: EndedBy | Literal[""],
    moved: int | None,
) -> bool:
    """Tell whether a talk ended when its caller was passed on, rather than when it is told to.

    A caller who then enters a queue has left by that, if the source tells of the end at all
    (decision 0005).
    """
    if by == "unknown":
        return moved is None or passed.at <= moved
    is_exact = visit.ended is not None and visit.ended[0] == 1
    near = AT_ONCE_MS if is_exact else MATCH_MS
    return moved is None and (ended is None or ended > passed.at + near)


def _entered_at(visit: Visit) -> int:
    """Return when a caller entered: not after he left, by a clock set back meanwhile."""
    entered, left = visit.entered[2], visit.left
    was_told = left is not None and left[0] != ESTIMATED
    return left[2] if left and was_told and entered > left[2] + MATCH_MS else entered


def _moved_on(call: Call, index: int) -> int | None:
    """Return when the caller entered the next queue; nobody is in two places at once."""
    if index + 1 == len(call.visits):
        return None
    return min(visit.entered[2] for visit in call.visits[index + 1 :])


def _closed(
    call: Call, index: int, since: int, sweeps: Sequence[Sweep], clock: int, max_open_ms: int
) -> int | None:
    """Return when a visit that nobody ended must have ended, at the latest; None if open."""
    gives_up = since + max_open_ms
    moved = _moved_on(call, index)
    if moved is None and call.hung_up is None and not sweeps and clock < gives_up:
        return None
    visit = call.visits[index]
    ends = [] if moved is None else [moved]
    if call.hung_up is not None:
        ends.append(call.hung_up[0])
    if clock >= gives_up:
        ends.append(gives_up)
    there = max(since, visit.listed_at)
    swept = [
        sweep.at for sweep in sweeps if sweep.at >= there and _misses(sweep, call, visit, there)
    ]
    gone = found_gone(call.swept, visit.leg_id, there, swept, clock)
    if gone is not None:
        ends.append(gone)
    return max(since, min(ends)) if ends else None


def _misses(sweep: Sweep, call: Call, visit: Visit, since: int) -> bool:
    if sweep.restarted:
        return sweep.at > since or not _told_after(sweep, call)
    channel_id = call.taken_by or call.channel_id
    if sweep.of_channels:
        phone = _phone_of(visit)
        return sweep.misses_channel(channel_id, since) or (
            phone != "" and sweep.misses_channel(phone, since)
        )
    # It lists who waits, not who talks; and it may be older than a join just before it.
    return (
        visit.connected is None
        and sweep.is_of(visit.queue_id)
        and not sweep.names(channel_id)
        and since < sweep.before
    )


def _told_after(restart: Sweep, call: Call) -> bool:
    """Tell whether a call was told of at the instant of a restart, but after it."""
    return any(
        mark.at == restart.at and mark.sequence > restart.sequence for mark in call.marks
    )


def _phone_of(visit: Visit) -> str:
    """Return the channel of the phone at which a visit was answered, '' if it is not known.

    Not a Local channel: that goes as soon as the phones behind it are connected.
    """
    if visit.connected is None:
        return ""
    for ring in reversed(visit.rings):
        if ring.at_phone and ring.result is not None and ring.result[2] == "answered":
            return ring.offer_id
    return ""


def _wait(visit: Visit, left: int) -> int:
    """Return the wait: the difference of two exact times, else what the source says."""
    exact = visit.entered[0] == 1 and visit.left is not None and visit.left[0] == 1
    if not exact and visit.wait is not None:
        return visit.wait[1]
    return max(0, left - visit.entered[2])


def _leg_id(call: Call, visit: Visit) -> str:
    """Derive the id from the earliest known second of entry, never from an ordinal of joins.

    Only visits of the very same second need one (a dial plan that loops on an empty queue).
    """
    twin = (str(visit.twin),) if visit.twin else ()
    return derived_id(
        call.source, call.channel_id, visit.queue_id, str(visit.first_second), *twin
    )
