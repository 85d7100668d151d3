"""What a worker is told."""

from dataclasses import dataclass, field

from stream_processors.shells.policy_log import TenantPolicies
from stream_processors.shells.rejects import RejectLimit

SAVE_SECONDS = 60.0
SAVE_EVENTS = 50_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What a worker is told.

    Attributes:
        name: its own, stable over restarts.
        events, facts, rejected, snapshots: names of the topics.
        policies: what is wanted now.
        limit: how much may be rejected.
        accept_loss: whether to go on where the log has lost events that no snapshot holds.
        save_seconds, save_events: a partition is saved so often, and after so many events.
    """

    name: str
    events: str
    facts: str
    rejected: str
    snapshots: str
    policies: TenantPolicies
    limit: RejectLimit = field(default_factory=RejectLimit)
    accept_loss: bool = False
    save_seconds: float = SAVE_SECONDS
    save_events: int = SAVE_EVENTS
