"""What one interaction went through: its visits to queues and to agents, each revisable."""

from collections.abc import Sequence

import msgspec

from stream_processors.core.discipline.diary import named


class Visit(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """One leg of an interaction; without a queue, a direct call. Instants in milliseconds.

    `target_ms` is what the queue promised, 0 where there is no queue. If its source was not
    heard before its end was inferred, it may have ended at any time from `unseen_since` on.
    """

    entered: int
    leg_id: str
    queue_id: str
    agent_id: str
    direction: str
    answered: int | None
    left: int | None
    ended: int | None
    target_ms: int
    unseen_since: int | None = None

    @property
    def over(self) -> int | None:
        """When nothing more can come of it."""
        return self.left if self.answered is None else self.ended


class Journey(msgspec.Struct, gc=False):
    """One interaction of a source; `visits` by their legs, and which events began them."""

    source: str
    began: int
    visits: dict[str, Visit] = msgspec.field(default_factory=dict)
    entered_by: dict[str, str] = msgspec.field(default_factory=dict)

    def entries_of(self, leg_ids: Sequence[str], fired: int) -> list[str]:
        """Return the events that began visits, of those that are `named`, where known."""
        those = named(leg_ids, fired)
        return [self.entered_by[leg_id] for leg_id in those if leg_id in self.entered_by]

    @property
    def over(self) -> int | None:
        """When [ms] the last visit was over; None while one is not."""
        ends = [each.over for each in self.visits.values()]
        told = [end for end in ends if end is not None]
        return max(told, default=0) if len(told) == len(ends) else None
