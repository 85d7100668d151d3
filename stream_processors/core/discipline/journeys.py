"""Rules about an interaction and nobody in particular: bounced around, left to wait."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from schemas.durations import in_ms
from schemas.rules import Hanging, PingPong, Rule
from stream_processors.core.discipline.episode import Episode
from stream_processors.core.discipline.journey import Journey, Visit

R = TypeVar("R", bound=Rule)


@dataclass(frozen=True, slots=True)
class Case:
    """One interaction before the rules.

    Attributes:
        journey: what it went through.
        clock: of its source [ms]; while the source is not heard, when it fell silent.
        rules: tells the rule of a code that held for a queue at an instant [ms].
    """

    journey: Journey
    clock: int
    rules: Callable[[str, str, int], Rule]

    def rule(self, kind: type[R], code: str, queue_id: str, at: int) -> R:
        """Return the rule of a code that held for a queue at an instant [ms]."""
        rule = self.rules(code, queue_id, at)
        assert isinstance(rule, kind)
        return rule


def waits_too_long_at(visit: Visit, rule: Hanging) -> int | None:
    """Return the instant [ms] at which a caller will have waited too long; None: at none."""
    if not rule.enabled or not visit.target_ms:
        return None
    return visit.entered + max(round(visit.target_ms * rule.times), in_ms(rule.least))


def hanging(case: Case) -> Iterator[Episode]:
    """Visits that wait for a multiple of what was promised; over when the caller is out."""
    for each in sorted(case.journey.visits.values()):
        if not each.queue_id:
            continue
        rule = case.rule(Hanging, "hanging", each.queue_id, each.entered)
        fires = waits_too_long_at(each, rule)
        if fires is None or (each.unseen_since is not None and each.unseen_since <= fires):
            continue
        if each.left is not None and each.left <= fires:
            continue
        yield Episode(
            code="hanging",
            about=f"visit {each.leg_id}",
            rule=rule,
            pending_at=fires,
            levels=((fires, rule.severity),),
            cleared_at=each.left,
            queue_id=each.queue_id,
            told=False,
            evidence={
                "events": case.journey.entries_of([each.leg_id], fired=0),
                "legs": [each.leg_id],
                "entered_at": each.entered,
                "target_ms": each.target_ms,
            },
        )


def ping_pong(case: Case) -> Iterator[Episode]:
    """Interactions sent from queue to queue, or back to an agent who had them before.

    Over when the interaction is.
    """
    visits = sorted(case.journey.visits.values())
    queues = _changes([(each.entered, each.queue_id, each) for each in visits if each.queue_id])
    agents = _changes(
        sorted(
            (each.answered, each.agent_id, each)
            for each in visits
            if each.answered is not None and each.agent_id
        )
    )
    found = [*_too_far(case, queues), *_back_again(case, agents)]
    if not found:
        return
    fires, rule, visit = min(found, key=lambda each: each[0])
    legs = [each.leg_id for each in visits]
    yield Episode(
        code="ping_pong",
        about="interaction",
        rule=rule,
        pending_at=visits[0].entered,
        levels=((fires, rule.severity),),
        cleared_at=case.journey.over,
        queue_id=visit.queue_id,
        evidence={
            "events": case.journey.entries_of(legs, fired=legs.index(visit.leg_id)),
            "legs": legs,
            "queues": [name for _, name, _ in queues],
            "agents": [name for _, name, _ in agents],
            "count": len(queues),
        },
    )


Step = tuple[int, str, Visit]
"""When [ms] an interaction came to whom."""


def _changes(steps: Sequence[Step]) -> list[Step]:
    """Leave out steps to where it was already."""
    return [each for n, each in enumerate(steps) if not n or each[1] != steps[n - 1][1]]


def _too_far(case: Case, queues: Sequence[Step]) -> Iterator[tuple[int, PingPong, Visit]]:
    for count, (at, queue_id, visit) in enumerate(queues, 1):
        rule = case.rule(PingPong, "ping_pong", queue_id, at)
        if rule.enabled and count >= rule.queues:
            yield at, rule, visit
            return


def _back_again(case: Case, agents: Sequence[Step]) -> Iterator[tuple[int, PingPong, Visit]]:
    had: set[str] = set()
    for at, agent_id, visit in agents:
        rule = case.rule(PingPong, "ping_pong", visit.queue_id, at)
        if rule.enabled and agent_id in had:
            yield at, rule, visit
            return
        had.add(agent_id)
