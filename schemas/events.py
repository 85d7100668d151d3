"""Interaction events: the one contract between adapters, processors and storage.

An event is a fact of the outside world in the past tense, in a CloudEvents 1.0 envelope
(structured JSON; `type` comes first, which makes decoding a third cheaper). `time` is the time
at the source, UTC, cut to milliseconds; nothing downstream may read a clock instead. `id` is
derived from the source's own identifiers, so a message delivered twice carries the same id.

A visit to a queue is named by its caller's channel and the queue (`channel_id`, `queue_id`),
not by a leg id: no single message of a PBX knows when the visit began, so the leg is a
conclusion of the core (docs/decisions/0004).

What an event says, its `data`, stands above it; its tag is its type on the wire.

Decoding is lenient to unknown fields, so that an adapter may be upgraded before the
processors, and strict in types. Only additive changes keep a type's name.
Source: CloudEvents 1.0.2; the vocabulary is explained in docs/events.md.
"""

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from schemas.crm_events import (
    CardClosed,
    CardOpened,
    CardSaved,
    CaseAssigned,
    CaseClosed,
    CaseCreated,
    CaseReopened,
    CaseResolved,
    CaseUpdated,
    DispositionSet,
    SurveyAnswered,
)
from schemas.envelope import AgentId as AgentId
from schemas.envelope import CallerKey as CallerKey
from schemas.envelope import Clock as Clock
from schemas.envelope import Data as Data
from schemas.envelope import Envelope
from schemas.errors import MalformedEvent

Direction: TypeAlias = Literal["in", "out", "internal"]
EndedBy: TypeAlias = Literal["caller", "agent", "system", "unknown"]
OfferResult: TypeAlias = Literal[
    "answered", "no_answer", "rejected", "busy", "cancelled", "elsewhere", "failed"
]
TransferKind: TypeAlias = Literal["blind", "attended", "queue", "external"]
QueueExit: TypeAlias = Literal[
    "answered", "abandoned", "timeout", "key", "empty", "full", "withdrawn",
    "transferred", "callback", "system",
    "unanswered",  # the source says that no agent answered, but not why the caller left
    "unknown",  # the source says only that the caller left
]  # fmt: skip
Activity: TypeAlias = Literal["work", "break", "meeting", "exception", "absence"]
"""What a plan wants: calls; a pause; a meeting or training; something else; to be away."""
Scope: TypeAlias = Literal["global", "queue"]
SnapshotOf: TypeAlias = Literal["queues", "channels"]

ChannelId: TypeAlias = Annotated[str, Meta(description="The source's id of one call leg")]
QueueId: TypeAlias = Annotated[str, Meta(description="The source's name of the queue")]
Milliseconds: TypeAlias = Annotated[int, Meta(ge=0)]
Device: TypeAlias = Annotated[
    str, Meta(description="Technology and name of a phone or trunk; empty if internal")
]
Dialled: TypeAlias = Annotated[str, Meta(description="What it dialled; a long number as a key")]
DialledKey: TypeAlias = Annotated[str, Meta(description="Keyed hash of a dialled number")]


class InteractionStartedData(Data, frozen=True, kw_only=True):
    """A customer's contact began: its first channel came to life."""

    interaction_id: str
    channel_id: ChannelId
    channel: str = "voice"
    direction: Direction = "in"
    caller_key: CallerKey = ""
    device: Device = ""
    dialled: Dialled = ""
    dialled_key: DialledKey = ""


class InteractionStarted(Envelope, frozen=True, kw_only=True, tag="cc.interaction.started.v1"):
    data: InteractionStartedData


class InteractionEndedData(Data, frozen=True, kw_only=True):
    """The first channel of a contact is gone."""

    interaction_id: str
    channel_id: ChannelId
    cause: str = ""
    place: Annotated[str, Meta(description="Where in the dial plan it ended")] = ""
    device: Device = ""


class InteractionEnded(Envelope, frozen=True, kw_only=True, tag="cc.interaction.ended.v1"):
    data: InteractionEndedData


class InteractionMergedData(Data, frozen=True, kw_only=True):
    """Two contacts turned out to be one: whatever was of `from_id` is of `into_id`."""

    from_id: str
    into_id: str
    reason: Literal["attended_transfer"] = "attended_transfer"


class InteractionMerged(Envelope, frozen=True, kw_only=True, tag="cc.interaction.merged.v1"):
    data: InteractionMergedData


class ChannelStartedData(Data, frozen=True, kw_only=True):
    """A further channel of a contact came to life: a device is dialled."""

    interaction_id: str
    channel_id: ChannelId
    device: Device
    caller_key: CallerKey = ""
    dialled: Dialled = ""
    dialled_key: DialledKey = ""


class ChannelStarted(Envelope, frozen=True, kw_only=True, tag="cc.channel.started.v1"):
    data: ChannelStartedData


class ChannelStateChangedData(Data, frozen=True, kw_only=True):
    """A device began to ring, or was picked up."""

    interaction_id: str
    channel_id: ChannelId
    device: Device
    state: Literal["ringing", "answered"]


class ChannelStateChanged(
    Envelope, frozen=True, kw_only=True, tag="cc.channel.state.changed.v1"
):
    data: ChannelStateChangedData


class ChannelBridgedData(Data, frozen=True, kw_only=True):
    """A device was connected with others."""

    interaction_id: str
    channel_id: ChannelId
    device: Device
    bridge_id: str


class ChannelBridged(Envelope, frozen=True, kw_only=True, tag="cc.channel.bridged.v1"):
    data: ChannelBridgedData


class ChannelUnbridgedData(Data, frozen=True, kw_only=True):
    """A device is no longer connected with others; who hangs up leaves first."""

    interaction_id: str
    channel_id: ChannelId
    device: Device
    bridge_id: str


class ChannelUnbridged(Envelope, frozen=True, kw_only=True, tag="cc.channel.unbridged.v1"):
    data: ChannelUnbridgedData


class ChannelEndedData(Data, frozen=True, kw_only=True):
    """A further channel of a contact is gone."""

    interaction_id: str
    channel_id: ChannelId
    cause: str = ""
    place: str = ""
    device: Device = ""


class ChannelEnded(Envelope, frozen=True, kw_only=True, tag="cc.channel.ended.v1"):
    data: ChannelEndedData


class ChannelHangupRequestedData(Data, frozen=True, kw_only=True):
    """A channel will end: its far end hung up, or the PBX (`by`) wants it so."""

    interaction_id: str
    channel_id: ChannelId
    device: Device = ""
    by: Literal["far_end", "pbx"] = "far_end"


class ChannelHangupRequested(
    Envelope, frozen=True, kw_only=True, tag="cc.channel.hangup_requested.v1"
):
    data: ChannelHangupRequestedData


class QueueEnteredData(Data, frozen=True, kw_only=True):
    """A caller began to wait in a queue."""

    channel_id: ChannelId
    interaction_id: str
    queue_id: QueueId
    position: int = 0
    priority: int = 0
    channel: str = "voice"
    direction: Direction = "in"
    caller_key: CallerKey = ""


class QueueEntered(Envelope, frozen=True, kw_only=True, tag="cc.queue.entered.v1"):
    data: QueueEnteredData


class QueueLeftData(Data, frozen=True, kw_only=True):
    """A caller stopped waiting. An empty `queue_id` means the visit that ended just now."""

    channel_id: ChannelId
    queue_id: QueueId = ""
    outcome: QueueExit = "unknown"
    wait_ms: Milliseconds | None = None
    place: str = ""


class QueueLeft(Envelope, frozen=True, kw_only=True, tag="cc.queue.left.v1"):
    data: QueueLeftData


class OfferStartedData(Data, frozen=True, kw_only=True):
    """An agent's device began to ring for a caller."""

    channel_id: ChannelId
    queue_id: QueueId
    agent_id: AgentId
    offer_id: Annotated[str, Meta(description="The agent's channel, where the source names it")]
    device: str = ""


class OfferStarted(Envelope, frozen=True, kw_only=True, tag="cc.offer.started.v1"):
    data: OfferStartedData


class OfferEndedData(Data, frozen=True, kw_only=True):
    """A ringing ended unanswered. `queue_id` and `agent_id` may be known from its start.

    Where the PBX has dialled a device, `device` names it and `interaction_id` its contact.
    """

    channel_id: ChannelId
    result: OfferResult
    queue_id: QueueId = ""
    agent_id: AgentId = ""
    offer_id: str = ""
    ring_ms: Milliseconds | None = None
    interaction_id: str = ""
    device: Device = ""
    forwarded: Annotated[
        bool, Meta(description="The agent's phone sent it on: he is rung elsewhere instead.")
    ] = False


class OfferEnded(Envelope, frozen=True, kw_only=True, tag="cc.offer.ended.v1"):
    data: OfferEndedData


class LegConnectedData(Data, frozen=True, kw_only=True):
    """An agent took the call."""

    channel_id: ChannelId
    queue_id: QueueId
    agent_id: AgentId
    offer_id: str = ""
    wait_ms: Milliseconds | None = None
    ring_ms: Milliseconds | None = None


class LegConnected(Envelope, frozen=True, kw_only=True, tag="cc.leg.connected.v1"):
    data: LegConnectedData


class LegTransferredData(Data, frozen=True, kw_only=True):
    """The agent passed the caller on."""

    channel_id: ChannelId
    kind: TransferKind
    to: str
    queue_id: QueueId = ""
    agent_id: AgentId = ""
    wait_ms: Milliseconds | None = None
    talk_ms: Milliseconds | None = None
    interaction_id: str = ""
    by_channel_id: Annotated[str, Meta(description="The agent's channel in this call")] = ""
    consult_channel_id: Annotated[
        str, Meta(description="The agent's channel in the call to whom he passes it on")
    ] = ""
    by_device: Annotated[
        Device, Meta(description="The agent's device, where nobody says by which channel")
    ] = ""


class LegTransferred(Envelope, frozen=True, kw_only=True, tag="cc.leg.transferred.v1"):
    data: LegTransferredData


class LegHeldData(Data, frozen=True, kw_only=True):
    """A channel put whoever it talks with on hold."""

    interaction_id: str
    channel_id: ChannelId
    device: Device = ""


class LegHeld(Envelope, frozen=True, kw_only=True, tag="cc.leg.held.v1"):
    data: LegHeldData


class LegResumedData(Data, frozen=True, kw_only=True):
    """A channel took whoever it talks with off hold."""

    interaction_id: str
    channel_id: ChannelId
    device: Device = ""


class LegResumed(Envelope, frozen=True, kw_only=True, tag="cc.leg.resumed.v1"):
    data: LegResumedData


class LegEndedData(Data, frozen=True, kw_only=True):
    """The agent's part in the call is over.

    An empty `channel_id`: the caller's channel was gone before the source wrote the message
    (seen in 14 of 678 calls of a real Asterisk); agent, queue and talk tell which call it was.
    """

    channel_id: ChannelId
    queue_id: QueueId
    agent_id: AgentId = ""
    offer_id: str = ""
    ended_by: EndedBy = "unknown"
    wait_ms: Milliseconds | None = None
    talk_ms: Milliseconds | None = None


class LegEnded(Envelope, frozen=True, kw_only=True, tag="cc.leg.ended.v1"):
    data: LegEndedData


class WrapupStartedData(Data, frozen=True, kw_only=True):
    """An agent began the work after a call, where the source tells of it."""

    agent_id: AgentId
    channel_id: ChannelId = ""


class WrapupStarted(Envelope, frozen=True, kw_only=True, tag="cc.wrapup.started.v1"):
    data: WrapupStartedData


class WrapupEndedData(Data, frozen=True, kw_only=True):
    """An agent finished the work after a call, where the source tells of it."""

    agent_id: AgentId
    channel_id: ChannelId = ""


class WrapupEnded(Envelope, frozen=True, kw_only=True, tag="cc.wrapup.ended.v1"):
    data: WrapupEndedData


class AgentLoggedInData(Data, frozen=True, kw_only=True):
    """An agent signed in, where the source says so in one message."""

    agent_id: AgentId
    device: str = ""


class AgentLoggedIn(Envelope, frozen=True, kw_only=True, tag="cc.agent.logged_in.v1"):
    data: AgentLoggedInData


class AgentLoggedOutData(Data, frozen=True, kw_only=True):
    """An agent signed out, where the source says so in one message."""

    agent_id: AgentId
    device: str = ""


class AgentLoggedOut(Envelope, frozen=True, kw_only=True, tag="cc.agent.logged_out.v1"):
    data: AgentLoggedOutData


class AgentStateChangedData(Data, frozen=True, kw_only=True):
    """An agent made himself ready or not ready, in one queue or in all.

    `interface` is what the queue knows him by beside his name; he may have another one in it.
    """

    agent_id: AgentId
    state: Literal["ready", "not_ready"]
    scope: Scope = "global"
    queue_id: QueueId = ""
    reason: str = ""
    interface: str = ""


class AgentStateChanged(Envelope, frozen=True, kw_only=True, tag="cc.agent.state.changed.v1"):
    data: AgentStateChangedData


class AgentQueueJoinedData(Data, frozen=True, kw_only=True):
    """An agent became a member of a queue; the first membership is the log-in.

    `interface` is what the queue knows him by beside his name.
    """

    agent_id: AgentId
    queue_id: QueueId
    device: str = ""
    interface: str = ""
    penalty: int = 0
    paused: bool = False
    reason: str = ""
    wrapup_ms: Milliseconds = 0


class AgentQueueJoined(Envelope, frozen=True, kw_only=True, tag="cc.agent.queue.joined.v1"):
    data: AgentQueueJoinedData


class AgentQueueLeftData(Data, frozen=True, kw_only=True):
    """An agent is no longer a member of a queue; the last membership's end is the log-out."""

    agent_id: AgentId
    queue_id: QueueId
    interface: str = ""


class AgentQueueLeft(Envelope, frozen=True, kw_only=True, tag="cc.agent.queue.left.v1"):
    data: AgentQueueLeftData


class SnapshotQueueData(Data, frozen=True, kw_only=True):
    """One queue of a snapshot: what the source counts itself, to check ours against."""

    snapshot_id: str
    queue_id: QueueId
    waiting: int
    completed: int = 0
    abandoned: int = 0


class SnapshotQueue(Envelope, frozen=True, kw_only=True, tag="cc.snapshot.queue.v1"):
    data: SnapshotQueueData


class SnapshotAgentData(Data, frozen=True, kw_only=True):
    """One membership of a snapshot that was asked for at `asked_at` (RFC 3339).

    No `wrapup_ms` means that the source lists none, as Asterisk before 18; then, as with 0, the
    wrap-up time of the queue holds, which only the settings tell.
    Whoever is `signed_out` is listed all the same, but works in no queue until he signs in.
    Without `snapshot_id` it is of no list: a source told of this member by himself.
    """

    snapshot_id: str
    agent_id: AgentId
    queue_id: QueueId
    paused: bool = False
    reason: str = ""
    device: str = ""
    interface: str = ""
    asked_at: str = ""
    wrapup_ms: Milliseconds | None = None
    signed_out: bool = False


class SnapshotAgent(Envelope, frozen=True, kw_only=True, tag="cc.snapshot.agent.v1"):
    data: SnapshotAgentData


class SnapshotLegData(Data, frozen=True, kw_only=True):
    """One waiting caller of a snapshot that was asked for at `asked_at` (RFC 3339)."""

    snapshot_id: str
    channel_id: ChannelId
    queue_id: QueueId
    wait_ms: Milliseconds | None = None
    asked_at: str = ""


class SnapshotLeg(Envelope, frozen=True, kw_only=True, tag="cc.snapshot.leg.v1"):
    data: SnapshotLegData


class SnapshotChannelData(Data, frozen=True, kw_only=True):
    """One channel of a snapshot of channels that was asked for at `asked_at` (RFC 3339).

    Of a device's channel it also tells how long it has been there, and what it does.
    """

    snapshot_id: str
    channel_id: ChannelId
    interaction_id: str = ""
    device: str = ""
    state: Literal["ringing", "answered", ""] = ""
    bridged: bool = False
    of_queue: bool = False
    lasted_ms: Milliseconds | None = None
    asked_at: str = ""


class SnapshotChannel(Envelope, frozen=True, kw_only=True, tag="cc.snapshot.channel.v1"):
    data: SnapshotChannelData


class SnapshotCompletedData(Data, frozen=True, kw_only=True):
    """All of a snapshot has been sent: what began before `asked_at` and is not named is gone.

    `asked_at` (RFC 3339) is by the source's clock; `items` is how many channels it named;
    `all_queues` tells that a queue which it does not name is none of the source's any more.
    """

    snapshot_id: str
    of: SnapshotOf = "queues"
    asked_at: str = ""
    items: int | None = None
    all_queues: bool = False


class SnapshotCompleted(Envelope, frozen=True, kw_only=True, tag="cc.snapshot.completed.v1"):
    data: SnapshotCompletedData


DESK = "desk"
"""Source of what people decide at the control desk; it has no clock that others live by."""


class ViolationReviewedData(Data, frozen=True, kw_only=True):
    """A person decided about an episode: seen, excused, or not to count for anybody."""

    episode_id: str
    verdict: Literal["acknowledged", "excused", "neutral"]
    author: Annotated[str, Meta(min_length=1)]
    reason: str = ""


class ViolationReviewed(Envelope, frozen=True, kw_only=True, tag="cc.violation.reviewed.v1"):
    data: ViolationReviewedData


class PlannedActivity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a plan wants of an agent from one instant to another (RFC 3339, UTC)."""

    kind: Activity
    starts_at: str
    ends_at: str
    name: Annotated[str, Meta(description="What the plan calls it")] = ""


class SchedulePublishedData(Data, frozen=True, kw_only=True):
    """What is planned for an agent on a day; of two plans the higher version holds.

    `day` is the local date (2026-03-02) on which the shifts begin. The items are in the order
    of time and do not overlap; none means that nothing is planned any more.
    """

    agent_id: AgentId
    day: str
    version: Annotated[int, Meta(ge=1)]
    zone: Annotated[str, Meta(description="Time zone of the agent, as Europe/Moscow")]
    items: tuple[PlannedActivity, ...] = ()


class SchedulePublished(Envelope, frozen=True, kw_only=True, tag="cc.schedule.published.v1"):
    data: SchedulePublishedData


class SourceHeartbeatData(Data, frozen=True, kw_only=True):
    """The source answered; the event's `time` is its own clock."""

    skew_ms: int | None = None


class SourceHeartbeat(Envelope, frozen=True, kw_only=True, tag="cc.source.heartbeat.v1"):
    data: SourceHeartbeatData


class SourceConnectedData(Data, frozen=True, kw_only=True):
    """The adapter reads the source again; nothing older than `booted_at` (RFC 3339) is open."""

    booted_at: str = ""


class SourceConnected(Envelope, frozen=True, kw_only=True, tag="cc.source.connected.v1"):
    data: SourceConnectedData


class SourceDisconnectedData(Data, frozen=True, kw_only=True):
    """The adapter has not heard the source since `time`; a complete snapshot ends the gap."""

    reason: str = ""


class SourceDisconnected(Envelope, frozen=True, kw_only=True, tag="cc.source.disconnected.v1"):
    data: SourceDisconnectedData


class SourceRestartedData(Data, frozen=True, kw_only=True):
    """The source started anew: its open calls and log-ins ended."""


class SourceRestarted(Envelope, frozen=True, kw_only=True, tag="cc.source.restarted.v1"):
    data: SourceRestartedData


class SourceReloadedData(Data, frozen=True, kw_only=True):
    """The source read its configuration again; nothing ended."""


class SourceReloaded(Envelope, frozen=True, kw_only=True, tag="cc.source.reloaded.v1"):
    data: SourceReloadedData


class SourceNotedData(Data, frozen=True, kw_only=True):
    """A message kept as it came, because only its vendor knows what it means."""

    verb: str
    channel_id: ChannelId = ""
    queue_id: QueueId = ""
    agent_id: AgentId = ""
    fields: tuple[str, ...] = ()


class SourceNoted(Envelope, frozen=True, kw_only=True, tag="cc.source.noted.v1"):
    data: SourceNotedData


Event: TypeAlias = (
    InteractionStarted | InteractionEnded | InteractionMerged
    | ChannelStarted | ChannelStateChanged | ChannelBridged | ChannelUnbridged
    | ChannelHangupRequested | ChannelEnded
    | QueueEntered | QueueLeft | OfferStarted | OfferEnded
    | LegConnected | LegHeld | LegResumed | LegTransferred | LegEnded
    | WrapupStarted | WrapupEnded
    | AgentLoggedIn | AgentLoggedOut | AgentStateChanged | AgentQueueJoined | AgentQueueLeft
    | SnapshotQueue | SnapshotAgent | SnapshotLeg | SnapshotChannel | SnapshotCompleted
    | ViolationReviewed | SchedulePublished
    | CardOpened | CardSaved | CardClosed | DispositionSet
    | CaseCreated | CaseAssigned | CaseUpdated | CaseResolved | CaseReopened | CaseClosed
    | SurveyAnswered
    | SourceHeartbeat | SourceConnected | SourceDisconnected | SourceRestarted
    | SourceReloaded | SourceNoted
)  # fmt: skip

_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_ENCODER = msgspec.json.Encoder()
# msgspec lets the last two through: broken UTF-8 in a string, absurd nesting.
_NO_EVENT = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def encode(event: Event) -> bytes:
    """Return the value of an event as it travels and is stored: UTF-8 JSON, one object."""
    return _ENCODER.encode(event)


def decode(value: bytes) -> Event:
    """Parse a value into exactly one event of the contract; times stay text.

    Raises:
        MalformedEvent: not JSON, an unknown `type`, or a missing or ill-typed field.
    """
    try:
        return _DECODER.decode(value)
    except _NO_EVENT as error:
        msg = f"event rejected: {error}"
        raise MalformedEvent(msg) from error


def decode_all(values: Sequence[bytes]) -> list[Event]:
    """Parse values as `decode` does one, in four fifths of the time.

    Raises:
        MalformedEvent: one of them is no event; it is not said which.
    """
    try:
        return list(map(_DECODER.decode, values))
    except _NO_EVENT as error:
        msg = f"event rejected: {error}"
        raise MalformedEvent(msg) from error
