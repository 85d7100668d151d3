"""What judging has to be told besides the facts."""

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from schemas.discipline import PageBudget
from stream_processors.core.discipline.held import Held
from stream_processors.core.plans import Shift
from stream_processors.core.queues import Stay

Serving: TypeAlias = tuple[int, frozenset[str]]
"""From an instant [ms] on these queues could ring an agent: a member there, not paused."""


class Bench(Protocol):
    """Whose domain it is, what time it is, and which rules hold."""

    tenant: str
    domain: str
    zone: str

    def source_name(self, agent_id: str) -> str:
        """Return the name of an agent's source."""

    def clock(self, agent_id: str) -> int:
        """Return the time [ms] of an agent's source, as long as it was heard."""

    def latest(self) -> int:
        """Return the latest time [ms] of all sources."""

    def remind(self, agent_id: str, at: int) -> None:
        """Let `Clerk.look` be called when the time of the agent's source passes `at` [ms]."""

    def shifts(self, agent_id: str) -> Sequence[Shift]:
        """Return what is planned for an agent, in the order of time."""

    def heard_since(self, agent_id: str) -> int:
        """Return from when on [ms] an agent's source was heard."""

    def stays(self, queue_id: str, since: int) -> Sequence[Stay]:
        """Return who waits in a queue, or left it after an instant [ms], longest first."""

    def served(self, agent_id: str, since: int) -> Sequence[Serving]:
        """Return which queues could ring an agent from an instant [ms] on, step by step."""

    def rules(self, agent_id: str, team: str) -> Held:
        """Return which rules held for an agent of a team."""

    def budget(self, at: int) -> PageBudget:
        """Return how many pages there may be, as it was in force at an instant [ms]."""
