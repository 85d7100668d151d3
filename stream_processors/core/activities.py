"""What calls, snapshots and restarts do to agents, as marks of theirs."""

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.events import Event
from stream_processors.core.agent import (
    ENDS,
    EVERY_QUEUE,
    RESTARTS,
    STARTS,
    TELLS,
    AgentMark,
)
from stream_processors.core.legs import Conclusion
from stream_processors.core.offers import Ringing
from stream_processors.core.state import Activities
from stream_processors.core.sweeps import Sweep


def told_mark(event: Event, kind: str, at: int, **more: Any) -> AgentMark:
    """Return the mark of an agent that an event tells; `at` in ms, further fields by name."""
    return AgentMark(
        at, TELLS, event.sequence, event.id, kind,
        resolution=event.resolution, source=event.source, **more,
    )  # fmt: skip


def restart_mark(sweep: Sweep, source: str) -> AgentMark:
    """Return what a restart of his source does to an agent."""
    ref = f"restart|{source}"
    return AgentMark(sweep.at, RESTARTS, sweep.sequence, ref, "restarted", source=source)


def roll_marks(
    sweep: Sweep, agent_id: str, queues: Iterable[str], source: str
) -> set[AgentMark]:
    """Return what a snapshot does to an agent in those of his queues that lack him."""
    return {
        AgentMark(
            sweep.at, ENDS, 0, f"roll|{sweep.name}|{queue_id}", "unlisted", queue_id,
            number=sweep.before, source=source,
        )
        for queue_id in queues
        if queue_id not in ("", EVERY_QUEUE) and sweep.misses_member(agent_id, queue_id)
    }  # fmt: skip


def is_roll_call(mark: AgentMark, name: str) -> bool:
    """Tell whether a mark is what the snapshot of a name said."""
    return mark.kind == "unlisted" and mark.mark_id.startswith(f"roll|{name}|")


def activities_of(it: Conclusion, rings: Sequence[Ringing], source: str) -> Activities:
    """Return what a visit does to agents: ringing and talking, begun and ended."""
    marks: Activities = []
    for ring in rings:
        if ring.ended_at is None or ring.ended_at > ring.started_at:
            at, ref = ring.started_at, ring.offer_id
            # Of whom a queue rings it is known that he is a member, and on no break.
            by = "" if ring.by_code else it.queue_id
            mark = AgentMark(at, STARTS, 0, ref, "ring_started", by, ref, source=source)
            marks.append((ring.agent_id, mark))
            if ring.ended_at is not None:
                mark = AgentMark(
                    ring.ended_at, ENDS, 0, ref, "ring_ended", by, ref, source=source
                )
                marks.append((ring.agent_id, mark))
    start, end = it.answered_at, it.ended_at
    if start is not None and it.agent_id and (end is None or end > start):
        ref = it.leg_id
        phones = [ring.phone for ring in rings if ring.result == "answered"]
        talk = AgentMark(
            start,
            STARTS,
            0,
            ref,
            "talk_started",
            it.queue_id,
            ref,
            source=source,
            interface=phones[-1] if phones else "",
        )
        marks.append((it.agent_id, talk))
        if end is not None:
            talk = AgentMark(end, ENDS, 0, ref, "talk_ended", it.queue_id, ref, source=source)
            marks.append((it.agent_id, talk))
    return marks
