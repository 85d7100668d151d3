"""What judging has to be told besides the facts."""

from collections.abc import Sequence
from typing import Protocol

from schemas.discipline import PageBudget
from schemas.rules import Rule
from stream_processors.core.plans import Shift


class Bench(Protocol):
    """Whose domain it is, what time it is, and which rules hold."""

    tenant: str
    domain: str
    zone: str

    def clock(self, agent_id: str) -> int:
        """Return the time [ms] of an agent's source, as long as it was heard."""

    def remind(self, agent_id: str, at: int) -> None:
        """Let `Clerk.look` be called when the time of the agent's source passes `at` [ms]."""

    def shifts(self, agent_id: str) -> Sequence[Shift]:
        """Return what is planned for an agent, in the order of time."""

    def heard_since(self, agent_id: str) -> int:
        """Return from when on [ms] an agent's source was heard."""

    def waiting(self, queue_id: str, at: int) -> Sequence[str]:
        """Return the legs of who waited in a queue at an instant [ms], longest first."""

    def rule(self, code: str, agent_id: str, team: str, at: int) -> Rule:
        """Return the rule that held for an agent at an instant [ms]."""

    def budget(self, at: int) -> PageBudget:
        """Return how many pages there may be, as it was in force at an instant [ms]."""
