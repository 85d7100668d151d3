"""A channel's call as it is kept: what was told of it, and its visits to queues.

Two feeds tell of the same visit with different precision. Each slot of a visit keeps the finest
of what it was told: a tuple whose first item is the resolution [ms], so that `min` decides.
"""

from typing import Literal, TypeAlias

import msgspec

from schemas.events import EndedBy, TransferKind
from stream_processors.core.handovers import Handover, Hold, Longer

MATCH_MS = 2_000
"""Two feeds mean the same thing when their times agree within this."""

ESTIMATED = 1_000_000
"""Resolution of a time nobody told us; any told time is finer."""

Kind: TypeAlias = Literal[
    "entered", "left", "connected", "ended", "transferred",
    "offer_started", "offer_ended", "hangup_requested", "hangup_ordered", "hung_up", "listed",
]  # fmt: skip


class Mark(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """One event of a channel, reduced to what visits need. Sorts by the source's own order."""

    sequence: int
    event_id: str
    kind: Kind
    at: int
    resolution: int
    feed: str
    queue_id: str = ""
    agent_id: str = ""
    word: str = ""  # outcome, result or "forwarded", ended_by, transfer kind, cause, or "phone"
    ref: str = ""  # interaction, offer, or whom the caller was transferred to
    note: str = ""  # caller key, or place in the dial plan
    wait_ms: int | None = None
    span_ms: int | None = None  # ring or talk time, as the source says it
    number: int = 0  # priority
    clock: str = "source"


Told: TypeAlias = tuple[int, int, int]
"""Resolution, rank among equals, value: the smallest is the best told."""


class Ring(msgspec.Struct, gc=False):
    """One ringing of one agent."""

    agent_id: str
    started: Told
    offer_id: str = ""
    fact_id: str = ""
    ended: Told | None = None
    result: tuple[int, int, str] | None = None
    refused: str = ""  # "busy" or "failed": so the dialling of it ended
    ring_ms: int | None = None
    at_phone: bool = False  # the offer is the channel of a phone
    phone: str = ""  # which that is
    forwarded: bool = False  # that phone sent it on: it goes on at a channel that nobody named


class Visit(msgspec.Struct, gc=False):
    """One stay in one queue, with the talk that may follow."""

    queue_id: str
    entered: Told
    first_second: int
    twin: int = 0
    leg_id: str = ""
    entered_feeds: list[str] = msgspec.field(default_factory=list)
    left_feeds: dict[str, int] = msgspec.field(default_factory=dict)
    ended_feeds: list[str] = msgspec.field(default_factory=list)
    interaction: tuple[int, str] = (ESTIMATED, "")
    caller_key: str = ""
    priority: int = 0
    adapter_clock: bool = False
    listed_at: int = 0  # that he waited then [ms], a snapshot has said
    left: Told | None = None
    wait: tuple[int, int] | None = None
    verdict: tuple[int, str] | None = None
    unanswered: tuple[int, str] | None = None
    tells_why: bool = False  # a reason why nobody answered would be heard
    agent_id: str = ""
    connected: Told | None = None
    ended: Told | None = None
    ended_by: EndedBy | Literal[""] = ""
    talk: tuple[int, int] | None = None
    transferred_to: str = ""
    transfer_kind: TransferKind | Literal[""] = ""
    rings: list[Ring] = msgspec.field(default_factory=list)


class Call(msgspec.Struct, gc=False):
    """One channel of one source.

    `interaction_id`, `handovers`, `longer`, `holds` [agent and stretch] and `hangups`
    [agent, or '' for the PBX, and instant] are what the contact of the call has concluded;
    they are no marks of it. So are `until` and `adopted`: an agent who asked a queue for
    somebody gives his place to the caller, whose marks count from then on; `taken_by` is
    that caller's channel, `taken_key` his number, `taken_from` the first visit that is his.
    `picked_up` tells by which channels colleagues took what rang at others, `picked_at`
    their own channels where those are Local channels that had rung the others,
    `picked_since` from when [ms] their channels were there, `swept` when [ms] snapshots or
    restarts found which leg or ringing gone. `claimed` are ends of its talks that named
    another channel, `disclaimed` the events of those that named it (see `strays`).
    """

    source: str
    channel_id: str
    interaction_id: str = ""
    handovers: list[Handover] = msgspec.field(default_factory=list)
    holds: list[tuple[str, Hold]] = msgspec.field(default_factory=list)
    hangups: list[tuple[str, int]] = msgspec.field(default_factory=list)
    longer: list[Longer] = msgspec.field(default_factory=list)
    until: int | None = None
    adopted: list[Mark] = msgspec.field(default_factory=list)
    taken_by: str = ""
    taken_key: str = ""
    taken_from: int = 0
    picked_up: dict[str, str] = msgspec.field(default_factory=dict)
    picked_at: dict[str, str] = msgspec.field(default_factory=dict)
    picked_since: dict[str, int] = msgspec.field(default_factory=dict)
    swept: dict[str, int] = msgspec.field(default_factory=dict)
    claimed: list[Mark] = msgspec.field(default_factory=list)
    disclaimed: list[str] = msgspec.field(default_factory=list)
    marks: list[Mark] = msgspec.field(default_factory=list)
    visits: list[Visit] = msgspec.field(default_factory=list)
    hangup_requested_at: int | None = None
    put_out_at: int | None = None  # the PBX itself ended it then [ms], unasked
    unanswered_at: int | None = None  # so a variable of the channel has said last
    hung_up: tuple[int, str, str] | None = None  # when, where in the dial plan, and why


def finer(told: Told | None, new: Told) -> Told:
    """Return the better told of two values."""
    return new if told is None or new < told else told


def is_under_way(visit: Visit) -> bool:
    """Tell whether a caller waits, or talks to whom the queue has found."""
    return visit.ended is None if visit.connected is not None else visit.left is None


def has_open_visit(call: Call) -> bool:
    """Tell whether an end has not been told of every visit."""
    return any(visit.ended is None for visit in call.visits)


def interaction_of(call: Call, visit: Visit) -> str:
    """Return whose contact a visit is: as concluded, else as told, else its own."""
    return call.interaction_id or visit.interaction[1] or call.channel_id
