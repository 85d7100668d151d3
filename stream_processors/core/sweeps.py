"""What a source tells by silence: a restart, and what its lists leave out, are ends, too."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import TypeVar

import msgspec

T = TypeVar("T", str, tuple[str, str])


class Sweep(msgspec.Struct, frozen=True):
    """An instant at which a source told, by silence, what is no longer there.

    A restart ends what its feed told up to its `sequence`, also of the same instant.

    A snapshot speaks of what began before `before` [ms]: of its `queues` who waits (channels
    in `present`) and who is a member (agent and queue in `members`), also where it is of
    `all_queues` that the source has; one `of_channels` of all channels, which are in `present`
    while they live. All three are sorted: a set would be encoded in another order in another
    process, and what is named in them is found at once.
    """

    at: int
    restarted: bool
    sequence: int = 0
    queues: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    members: tuple[tuple[str, str], ...] = ()
    of_channels: bool = False
    all_queues: bool = False
    before: int = 0
    name: str = ""

    def misses_channel(self, channel_id: str, since: int) -> bool:
        """Tell whether a channel that was there at an instant [ms] has ended by now."""
        return self.of_channels and since < self.before and not self.names(channel_id)

    def names(self, channel_id: str) -> bool:
        """Tell whether a channel is among those that a snapshot listed."""
        return is_among(self.present, channel_id)

    def is_of(self, queue_id: str) -> bool:
        """Tell whether a snapshot listed a queue."""
        return is_among(self.queues, queue_id)

    def misses_member(self, agent_id: str, queue_id: str) -> bool:
        """Tell whether an agent is no member of a queue of the source that a snapshot is of."""
        told_of = self.all_queues or self.is_of(queue_id)
        return told_of and not is_among(self.members, (agent_id, queue_id))


def is_among(told: Sequence[T], what: T) -> bool:
    """Tell whether something is named in a list that is sorted."""
    place = bisect_left(told, what)
    return place < len(told) and told[place] == what


def put(told: list[T], what: T) -> None:
    """Name something in a list that is sorted, if it is not named there."""
    if not is_among(told, what):
        insort(told, what)
