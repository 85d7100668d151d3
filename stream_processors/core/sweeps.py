"""What a source tells by silence: a restart, and what its lists leave out, are ends, too."""

import msgspec


class Sweep(msgspec.Struct, frozen=True):
    """An instant at which a source told, by silence, what is no longer there.

    A restart ends what its feed told up to its `sequence`, also of the same instant.

    A snapshot speaks of what began before `before` [ms]: of its `queues` who waits (channels
    in `present`) and who is a member (agent and queue in `members`), also where it is of
    `all_queues` that the source has; one `of_channels` of all channels, which are in `present`
    while they live.
    """

    at: int
    restarted: bool
    sequence: int = 0
    queues: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()
    members: frozenset[tuple[str, str]] = frozenset()
    of_channels: bool = False
    all_queues: bool = False
    before: int = 0
    name: str = ""

    def misses_channel(self, channel_id: str, since: int) -> bool:
        """Tell whether a channel that was there at an instant [ms] has ended by now."""
        return self.of_channels and since < self.before and channel_id not in self.present

    def misses_member(self, agent_id: str, queue_id: str) -> bool:
        """Tell whether an agent is no member of a queue of the source that a snapshot is of."""
        told_of = self.all_queues or queue_id in self.queues
        return told_of and (agent_id, queue_id) not in self.members
