"""A source's clock and what waits for it: deadlines, samples, and sweeps.

Time moves only when the log says so. The clock of a source is the greatest event time seen from
it; a deadline belongs to the source of its object. Deadlines and samples of an instant run when
the clock passes it, after all events of that instant; deadlines come first.
"""

from heapq import heappush
from typing import Literal, TypeAlias

import msgspec

from stream_processors.core.agent import AgentMark
from stream_processors.core.call import MATCH_MS, Mark
from stream_processors.core.contacts import Contact
from stream_processors.core.instants import NEVER
from stream_processors.core.sweeps import Sweep

HORIZON_MS = 10 * 60_000
"""Up to this late, an event gives the same result as if it had come in time."""

SWEEPS_KEPT_MS = 2 * HORIZON_MS
"""So long a snapshot's or a restart's verdict on calls is applied to what comes late."""

SAMPLE_MS = 5_000
"""The wall is sampled at whole multiples of this."""

SILENT_MS = 60_000
"""A source that has said nothing for longer is not sampled: its figures are stale."""

TOLD_WITHIN_MS = 500
"""What was told is in every list that is asked for so much later."""


DeadlineKind: TypeAlias = Literal["leg", "agent", "contact", "discipline", "journey"]
"""What is to be looked at again."""


class Deadline(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """Something that happens because time passes. Sorts by time."""

    at: int
    kind: DeadlineKind
    key: str


class Snapshot(msgspec.Struct):
    """What a snapshot has named so far, sorted; its parts may come in any order, and twice."""

    name: str
    last_at: int = 0
    completed_at: int | None = None
    sweep: Sweep | None = None
    of_channels: bool = False
    all_queues: bool = False
    asked_at: int | None = None
    items: int | None = None  # channels that it must name before it says anything
    queues: list[str] = msgspec.field(default_factory=list)
    present: list[str] = msgspec.field(default_factory=list)
    members: list[tuple[str, str]] = msgspec.field(default_factory=list)

    @property
    def before(self) -> int:
        """Return before which instant [ms] something began of which it speaks."""
        return began_before(self.asked_at, self.completed_at or self.last_at)

    @property
    def is_whole(self) -> bool:
        """Tell whether all of it has been told."""
        if self.completed_at is None:
            return False
        return self.items is None or len(self.present) >= self.items


def began_before(asked_at: int | None, at: int) -> int:
    """Return the instant [ms] before which something began of which a snapshot speaks.

    Asterisk may tell of an event some moments after it happened; and where a snapshot does not
    say when it was asked for, it may be older than its own time.
    """
    return at - MATCH_MS if asked_at is None else min(asked_at, at) - TOLD_WITHIN_MS


def found_gone(
    known: dict[str, int], what: str, since: int, swept: list[int], clock: int
) -> int | None:
    """Return when [ms] something was found gone, None if it was not.

    What found it is forgotten sooner than it is.

    Args:
        known: what was found before; what is found now is put in.
        what: it is.
        since: when [ms] it was there.
        swept: when [ms] sweeps that are still known found it gone.
        clock: what the source's clock shows [ms].
    """
    before = known.pop(what, None)
    # A sweep still known speaks for itself: a part of it that comes late may take it back.
    if before is not None and since <= before < clock - SWEEPS_KEPT_MS:
        swept = [*swept, before]
    if not swept:
        return None
    known[what] = min(swept)
    return known[what]


class Heard(msgspec.Struct):
    """How much a feed has said, and when last [ms, by the source's clock].

    `received_at` is when that came, by ours [ms]: a source that is slow, or ahead, is as silent
    as another once nothing new comes, and one whose clock was set back moves nothing on.
    """

    events: int = 0
    last_at: int = 0
    received_at: int = 0


class Signed(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """A log-in or log-out in a pool of agents, told as of `agent_id`. Sorts by time.

    `holder` is who it is of once nothing can change that any more.
    """

    mark: AgentMark
    agent_id: str
    holder: str = ""


class Source(msgspec.Struct):
    """One PBX or CRM.

    Contacts stand by their root; `roots` and `channels` tell in which contact an interaction or
    a channel is, `devices` since when [ms] a device is whose, `used` the channels of a device.
    `interfaces` tells when [ms] the name of an interface was first told, `unnamed` what was
    told lately of memberships by interface, `signed` of log-ins by numbers of a pool of agents.
    """

    name: str
    clock: int = 0
    began: int = 0  # the earliest that was heard of it [ms]
    heard: int = 0
    due: int = NEVER
    next_sample: int = NEVER
    deadlines: list[Deadline] = msgspec.field(default_factory=list)
    sweeps: list[Sweep] = msgspec.field(default_factory=list)
    snapshots: dict[str, Snapshot] = msgspec.field(default_factory=dict)
    loose: dict[str, list[Mark]] = msgspec.field(default_factory=dict)
    feeds: dict[str, Heard] = msgspec.field(default_factory=dict)
    contacts: dict[str, Contact] = msgspec.field(default_factory=dict)
    roots: dict[str, str] = msgspec.field(default_factory=dict)
    channels: dict[str, str] = msgspec.field(default_factory=dict)
    devices: dict[str, list[tuple[int, str]]] = msgspec.field(default_factory=dict)
    used: dict[str, dict[str, None]] = msgspec.field(default_factory=dict)
    interfaces: dict[str, int] = msgspec.field(default_factory=dict)
    unnamed: dict[str, list[AgentMark]] = msgspec.field(default_factory=dict)
    signed: dict[str, list[Signed]] = msgspec.field(default_factory=dict)
    last_forgotten: int = 0
    lost_at: int = 0
    resynced_at: int = 0

    @property
    def gap_since(self) -> int | None:
        """Since when [ms] nothing was heard of it; None once a later snapshot is complete."""
        return self.lost_at if self.lost_at > self.resynced_at else None

    def remind(self, deadline: Deadline) -> None:
        """Let something happen when the clock passes `deadline.at`."""
        heappush(self.deadlines, deadline)
        if deadline.at < self.due:
            self.due = deadline.at

    def look_ahead(self) -> None:
        """Work out what is due next."""
        self.due = self.next_sample
        if self.deadlines and self.deadlines[0].at < self.due:
            self.due = self.deadlines[0].at


def next_multiple(at: int) -> int:
    """Return the first sampling instant not before `at` [ms]."""
    return -(-at // SAMPLE_MS) * SAMPLE_MS


def first_sample(source: Source, at: int) -> None:
    """Start sampling a source at its first event."""
    source.began = at
    source.next_sample = next_multiple(at)
    source.look_ahead()
