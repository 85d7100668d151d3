"""Counts what is said of agents: their own figures of the day.

Each time a fact is said, what it added before is taken out and what it adds now is put in; so
the cost does not depend on the length of a day, and a correction counts once.
"""

from collections.abc import Callable, Mapping

from schemas.facts import Leg, Offer
from stream_processors.core.agent import Agent, Span
from stream_processors.core.discipline.diary import UNANSWERED
from stream_processors.core.today import Today


class Ledger:
    """Counts what is said of agents.

    Args:
        agents: who is known.
        day_of: returns the start [ms] of the local day of an instant [ms].
    """

    def __init__(self, agents: Mapping[str, Agent], day_of: Callable[[int], int]) -> None:
        self._agents = agents
        self._day_of = day_of

    def leg(self, before: Leg | None, after: Leg | None) -> None:
        """Note that another is now said of a call than before, or nothing any more."""
        if before is not None and before.answered_at is not None:
            today = self._today(before.agent_id)
            if today is not None:
                today.add_leg(before, -1)
        if after is not None and after.answered_at is not None:
            today = self._today(after.agent_id)
            if today is not None:
                today.begin(self._day_of(after.answered_at))
                today.add_leg(after, 1)

    def offer(self, before: Offer | None, after: Offer | None) -> None:
        """Note that another is now said of a ringing than before, or nothing any more."""
        if before is not None and before.ended_at is not None and before.result in UNANSWERED:
            today = self._today(before.agent_id)
            if today is not None:
                today.add_offer(before.ended_at, -1)
        if after is not None and after.ended_at is not None and after.result in UNANSWERED:
            today = self._today(after.agent_id)
            if today is not None:
                today.begin(self._day_of(after.ended_at))
                today.add_offer(after.ended_at, 1)

    def pause(self, today: Today, before: Span | None, after: Span | None) -> None:
        """Note that another is now said of a break than before."""
        if before is not None:
            today.add_break(before.start, before.end, -1)
        if after is not None:
            today.begin(self._day_of(after.start if after.end is None else after.end))
            today.add_break(after.start, after.end, 1)

    def _today(self, agent_id: str) -> Today | None:
        agent = self._agents.get(agent_id)
        return None if agent is None else agent.today
