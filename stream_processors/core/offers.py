"""What a ringing means: when it began and ended, and whether the agent took it."""

from collections.abc import Sequence
from typing import Literal, cast

import msgspec
from msgspec.structs import replace

from schemas.events import OfferResult
from schemas.facts import Offer
from schemas.identity import derived_id
from stream_processors.core.call import MATCH_MS, Call, Ring, Visit, interaction_of
from stream_processors.core.legs import Conclusion
from stream_processors.core.rings import ring_ms
from stream_processors.core.sources import found_gone
from stream_processors.core.sweeps import Sweep

LONGEST_RING_MS = 180_000
"""A ringing of which nothing more is heard has ended by then: its end was lost."""

AT_ONCE_MS = 1_000
"""A phone that is busy sooner has not rung for anybody."""


class Ringing(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a ringing is now. Who dialled a code for it was not rung by the queue himself."""

    offer_id: str
    agent_id: str
    started_at: int
    ended_at: int | None
    result: str
    ring_ms: int | None
    phone: str = ""
    by_code: bool = False


def given_up_at(visit: Visit, clock: int) -> int | None:
    """Return when [ms], after `clock`, a ringing is given up whose end nobody has told.

    Of the last round alone: a round ends those before it.
    """
    last = max((ring.started[2] for ring in visit.rings), default=0)
    ends = [
        ring.started[2] + LONGEST_RING_MS
        for ring in visit.rings
        if ring.ended is None and ring.started[2] >= last - MATCH_MS
    ]
    return min((end for end in ends if end > clock), default=None)


def ringings(
    call: Call, visit: Visit, it: Conclusion, sweeps: Sequence[Sweep], clock: int
) -> list[Ringing]:
    """Return the ringings of a visit; one that nobody ended ends with the wait."""
    found = [_ringing(call, visit, ring, it, sweeps, clock) for ring in visit.rings]
    if len(found) > 1 and len({ring.offer_id for ring in found}) < len(found):
        # A busy member tried twice within a second, told by a log of whole seconds.
        found = [
            replace(ring, offer_id=derived_id(ring.offer_id, str(nth))) if nth else ring
            for nth, ring in _numbered(found)
        ]
    return found


def _numbered(rings: Sequence[Ringing]) -> list[tuple[int, Ringing]]:
    """Return each ringing with its place among those of the same id."""
    seen: dict[str, int] = {}
    numbered = []
    for ring in rings:
        nth = seen[ring.offer_id] = seen.get(ring.offer_id, -1) + 1
        numbered.append((nth, ring))
    return numbered


def _ringing(
    call: Call, visit: Visit, ring: Ring, it: Conclusion, sweeps: Sequence[Sweep], clock: int
) -> Ringing:
    started = ring.started[2]
    result = ring.result[2] if ring.result else ""
    if result == "answered":
        ended = it.answered_at
    elif ring.ended is not None:
        ended = ring.ended[2]
    else:
        ended, result = _lost_end(call, visit, ring, it, sweeps, clock)
    if ended is not None:
        if result == "cancelled" and _taken_elsewhere(ended, it):
            result = "elsewhere"
        ended = max(started, ended)
        if result == "no_answer" and ring.refused:
            result = _refused(ring, ended - started)
    if not ring.fact_id or not ring.offer_id:
        told = ring.offer_id or f"{it.leg_id}|{ring.agent_id}|{started}"
        ring.fact_id = derived_id(call.source, told)
    lasted = ring_ms(ring, ended)
    by_code = call.picked_up.get(ring.offer_id) == ring.agent_id
    return Ringing(
        ring.fact_id, ring.agent_id, started, ended, result, lasted, ring.phone, by_code
    )


def _refused(ring: Ring, rang_ms: int) -> str:
    """Return what became of a ringing of which the queue says only that it went unanswered.

    It says so of busy and unreachable phones, too, in whole seconds of its clock: a second is
    no time at all, if one began meanwhile. A phone that is busy only after a while has rung,
    until its agent refused. A Local channel that fails may have rung a phone in vain before.

    Source: Asterisk apps/app_queue.c (wait_for_answer: AST_CONTROL_BUSY, _CONGESTION).
    """
    if ring.refused == "failed" and not ring.at_phone:
        return "no_answer"
    if rang_ms < AT_ONCE_MS:
        return "busy"
    return "rejected" if ring.refused == "busy" else "failed"


def _lost_end(
    call: Call, visit: Visit, ring: Ring, it: Conclusion, sweeps: Sequence[Sweep], clock: int
) -> tuple[int | None, str]:
    """Return when a ringing must have ended whose end nobody told, and as what."""
    started = ring.started[2]
    ends = [(started + LONGEST_RING_MS, "failed")] if clock >= started + LONGEST_RING_MS else []
    # A queue begins a round of ringing when the one before is over; who picks up begins none.
    ends += [
        (other.started[2], "failed")
        for other in visit.rings
        if other.started[2] > started + MATCH_MS and other.offer_id not in call.picked_up
    ]
    swept = [
        sweep.at
        for sweep in sweeps
        if ring.offer_id and not ring.forwarded and sweep.misses_channel(ring.offer_id, started)
    ]
    gone = found_gone(call.swept, ring.offer_id, started, swept, clock)
    if gone is not None:
        ends.append((gone, "failed"))
    if it.left_at is not None:
        ends.append((it.left_at, "cancelled"))
    return min(ends) if ends else (None, "")


def _taken_elsewhere(ended: int, it: Conclusion) -> bool:
    return it.answered_at is not None and abs(ended - it.answered_at) <= MATCH_MS


def offer_fact(
    call: Call,
    visit: Visit,
    it: Conclusion,
    ring: Ringing,
    tenant: str,
    domain: str,
    revision: int,
    known_at: int,
) -> Offer:
    """Return the fact of a ringing."""
    return Offer(
        tenant=tenant,
        domain=domain,
        revision=revision,
        known_at=known_at,
        voided=False,
        offer_id=ring.offer_id,
        leg_id=it.leg_id,
        interaction_id=interaction_of(call, visit),
        source=call.source,
        queue_id=visit.queue_id,
        agent_id=ring.agent_id,
        started_at=ring.started_at,
        ended_at=ring.ended_at,
        result=cast('OfferResult | Literal[""]', ring.result),
        ring_ms=ring.ring_ms,
    )
