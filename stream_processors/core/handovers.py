"""What a contact tells of the visits in it: who passed the caller on, and who held him."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from schemas.events import EndedBy, TransferKind


class Longer(msgspec.Struct, frozen=True, gc=False):
    """A talk goes on after its agent's queue has told the end: until `at`, None if still."""

    agent_id: str
    told: int
    at: int | None
    by: EndedBy | Literal[""]


class Hold(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A stretch [ms] in which one side kept the other waiting."""

    start: int
    end: int | None

    def touches(self, start: int, end: int) -> bool:
        """Tell whether it may be of a talk that lasted from one instant [ms] to another."""
        return self.start <= end and (self.end is None or self.end >= start)


class Handover(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An agent and the caller of a visit parted by a transfer, or he left the call behind.

    Without a kind another caller was passed to him, he was sent away by his caller, or nobody
    says who took it.
    """

    at: int
    agent_id: str
    kind: TransferKind | Literal[""]
    to: str
    by: EndedBy = "agent"  # or the caller, who passed on the agent


def handed_over(handovers: Sequence[Handover], agent_id: str, answered: int) -> Handover | None:
    """Return how an agent passed on the caller of a talk answered at an instant [ms]."""
    for handover in handovers:
        if handover.agent_id == agent_id and handover.at >= answered:
            return handover
    return None


def held_ms(holds: Sequence[Hold], start: int, end: int) -> int | None:
    """Return how long [ms] of a talk was hold; None if nothing was told of holds."""
    total, reached = 0, start
    for hold in sorted(holds, key=lambda each: each.start):
        begun = max(hold.start, reached)
        over = end if hold.end is None else min(hold.end, end)
        if over > begun:
            total += over - begun
            reached = over
    return total if holds else None
