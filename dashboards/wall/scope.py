"""Whom a page is about, and what it needs to be drawn besides the state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from schemas.policies import Policies
from stream_processors.core.agent import Agent
from stream_processors.core.state import Terms

Mode: TypeAlias = Literal["live", "recording", "ended"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which queues and whose people, empty means all; of which domain, where there are many."""

    queues: frozenset[str] = frozenset()
    team: str = ""
    domain: str = ""

    def has_queue(self, queue_id: str, policies: Policies) -> bool:
        """Tell whether a queue belongs to the scope: named, or served by the scope's team."""
        if self.queues and queue_id not in self.queues:
            return False
        return not self.team or policies.queue(queue_id).team == self.team

    def has_agent(self, agent: Agent) -> bool:
        """Tell whether an agent is in the scope: of the team, or a member of its queues."""
        if self.team and agent.team != self.team:
            return False
        return not self.queues or not self.queues.isdisjoint(agent.now.queues)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a picture needs besides the state."""

    version: str
    title: str
    terms: Terms
    mode: Mode = "live"
    speed: float = 1.0
    silent: frozenset[str] = frozenset()
    failed: Mapping[str, str] = field(default_factory=dict)
    """Why sources bring nothing: `source_lost`, `source_refused` or `source_failed`."""
    tenants: Sequence[str] = ()
    """Which ones there are to choose from, where the state is that of none."""
