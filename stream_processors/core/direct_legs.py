"""A direct call as a fact, and what it does to its agent."""

from typing import TYPE_CHECKING

from schemas.events import Clock
from schemas.facts import Leg
from schemas.identity import derived_id
from stream_processors.core.agent import ENDS, OVER, STARTS, AgentMark
from stream_processors.core.handovers import Hold, held_ms
from stream_processors.core.meaning import DirectCall
from stream_processors.core.sources import Source

if TYPE_CHECKING:
    from stream_processors.core.change import Change
    from stream_processors.core.state import Activities


def leg_of(change: "Change", source: Source, interaction_id: str, call: DirectCall) -> Leg:
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


def uses_of(leg: Leg, call: DirectCall, source: str) -> "Activities":
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
            marks += holding(call.agent_id, "", leg.leg_id, hold, source)
    return marks


def holding(agent_id: str, queue_id: str, leg_id: str, hold: Hold, source: str) -> "Activities":
    """Return what a hold does to the agent who holds; the queue is '' in a direct call."""
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
