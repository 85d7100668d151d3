"""The fact of a visit: what it means, and what was told of it, in the words of the table."""

from typing import Literal

import msgspec

from schemas.events import TransferKind
from schemas.facts import Leg
from stream_processors.core.call import MATCH_MS, Call, Visit, interaction_of
from stream_processors.core.handovers import handed_over, held_ms
from stream_processors.core.legs import Conclusion
from stream_processors.core.rings import ring_of_answer_ms


class Target(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What was wanted of the queue when the caller entered."""

    answer_within_ms: int
    short_abandon_ms: int


def leg_fact(
    call: Call,
    visit: Visit,
    it: Conclusion,
    target: Target,
    tenant: str,
    domain: str,
    revision: int,
    known_at: int,
    wrapup_ms: int | None = None,
) -> Leg:
    """Return the fact of a visit."""
    talk = hold = None
    if it.answered_at is not None and it.ended_at is not None:
        talk = _talk(visit, it.answered_at, it.ended_at)
        if call.holds:
            # The same agent may have held the same caller in another visit.
            mine = [
                held
                for agent_id, held in call.holds
                if agent_id == it.agent_id and held.touches(it.answered_at, it.ended_at)
            ]
            hold = held_ms(mine, it.answered_at, it.ended_at)
            talk = max(0, talk - (hold or 0))
    to, kind = _passed_on(call, visit, it)
    return Leg(
        tenant,
        domain,
        revision,
        known_at,
        False,  # voided
        it.leg_id,
        visit.first_second,
        call.source,
        interaction_of(call, visit),  # interaction_id
        visit.queue_id,
        "voice",  # channel
        "in",  # direction
        _caller_key(call, visit),
        visit.priority,
        it.entered_at,
        it.answered_at,
        it.left_at,
        it.ended_at,
        it.outcome,
        it.wait_ms,
        ring_of_answer_ms(visit, it.answered_at),  # ring_ms
        talk,  # talk_ms
        hold,  # hold_ms
        wrapup_ms,
        it.agent_id,
        it.ended_by,
        to,  # transferred_to
        kind,  # transfer_kind
        len(visit.rings),  # offers
        target.answer_within_ms,
        target.short_abandon_ms,
        "estimated" if it.inferred else "adapter" if visit.adapter_clock else "source",  # clock
    )


def _talk(visit: Visit, answered: int, ended: int) -> int:
    if visit.ended is None or ended < visit.ended[2] or ended > visit.ended[2] + MATCH_MS:
        return max(0, ended - answered)
    exact = (
        visit.left is not None and visit.left[0] == 1 and visit.ended and visit.ended[0] == 1
    )
    if not exact and visit.talk is not None:
        return visit.talk[1]
    return max(0, ended - answered)


def _passed_on(
    call: Call, visit: Visit, it: Conclusion
) -> tuple[str, TransferKind | Literal[""]]:
    """Return to whom the caller went on after this visit, and how."""
    if call.handovers and it.answered_at is not None:
        passed = handed_over(call.handovers, visit.agent_id, it.answered_at)
        if passed is not None:
            return passed.to, passed.kind
    to, kind = visit.transferred_to, visit.transfer_kind
    sent_on = visit.connected is not None or it.outcome == "transferred"
    following = [other for other in call.visits if other.entered[2] > visit.entered[2]]
    if not following:
        return to, kind
    first = min(following, key=lambda other: other.entered[2])
    if not kind and not to and sent_on:
        return first.queue_id, "queue"  # nobody announced it, as an AMI redirect
    if kind == "blind" and it.ended_at is not None:
        # Somebody dials a queue by its extension, and it is entered at once.
        to = first.queue_id if abs(first.entered[2] - it.ended_at) <= MATCH_MS else to
    return to, kind


def _caller_key(call: Call, visit: Visit) -> str:
    """Return whose number it is that waits: of a caller who took an agent's place, his."""
    if call.taken_key and any(visit is each for each in call.visits[call.taken_from :]):
        return call.taken_key
    return visit.caller_key
