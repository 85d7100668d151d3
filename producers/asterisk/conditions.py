"""AMI messages about Asterisk itself: snapshots, start and stop, signs of life.

A snapshot is the answer to one QueueStatus or CoreShowChannels; its ActionID is its id, and
items without one belong to nobody's question. Ours also tells when it was asked for, behind an
`@`, in microseconds by the PBX's clock.
"""

import re
from typing import Literal

from msgspec.structs import replace

from producers.asterisk.message import Message
from producers.instants import MICROSECONDS, instant_us, rfc3339
from schemas.events import (
    Event,
    SnapshotAgent,
    SnapshotAgentData,
    SnapshotChannel,
    SnapshotChannelData,
    SnapshotCompleted,
    SnapshotCompletedData,
    SnapshotLeg,
    SnapshotLegData,
    SnapshotQueue,
    SnapshotQueueData,
    SourceConnected,
    SourceConnectedData,
    SourceDisconnected,
    SourceDisconnectedData,
    SourceHeartbeat,
    SourceHeartbeatData,
    SourceReloaded,
    SourceReloadedData,
    SourceRestarted,
    SourceRestartedData,
)

OURS = "pult-"
"""With this begin the ActionIDs of our sessions, which ask for all queues and channels."""

_LONGEST_ID = 64

_STATES: dict[str, Literal["ringing", "answered"]] = {"5": "ringing", "6": "answered"}
_OF_CALLERS = "Queue"
_OF_QUEUES = frozenset({_OF_CALLERS, "AppQueue"})
"""What a caller of a queue is in, also while he talks, and a phone that it has dialled."""

_SIGNED_OUT = frozenset({"4", "5"})
"""Of an agent of the pool: invalid, unavailable (Asterisk include/asterisk/devicestate.h)."""

_OF_THE_POOL = ("Agent:", "Agent/")

_LOGGED_IN = "AgentLogin"
"""Such a phone is connected all day, and in no call."""

_DURATION = re.compile(r"([0-9]{1,4}):([0-5][0-9]):([0-5][0-9])")


def queue_counted(message: Message) -> list[Event]:
    """QueueParams: Asterisk's own counters, since its start or `queue reset stats`."""
    snapshot = message.text("ActionID")
    if not snapshot:
        return []
    data = SnapshotQueueData(
        snapshot_id=snapshot,
        queue_id=message.need("Queue"),
        waiting=message.number("Calls") or 0,
        completed=message.number("Completed") or 0,
        abandoned=message.number("Abandoned") or 0,
    )
    return [SnapshotQueue(data=data, **message.attributes(SnapshotQueue, data.queue_id))]


def member_listed(message: Message) -> list[Event]:
    """QueueMember: lists say Name and Location where events say MemberName and Interface.

    A member by way of the pool of agents is listed all day; his state says if he is signed in.
    """
    snapshot = message.text("ActionID")
    if not snapshot:
        return []
    device = message.text("StateInterface", "Location", "Interface")
    data = SnapshotAgentData(
        snapshot_id=snapshot,
        agent_id=message.agent(),
        queue_id=message.need("Queue"),
        paused=message.text("Paused") == "1",
        reason=message.text("PausedReason"),
        device=device,
        interface=message.interface(),
        asked_at=_asked_at(snapshot),
        wrapup_ms=message.seconds("Wrapuptime"),
        signed_out=device.startswith(_OF_THE_POOL) and message.text("Status") in _SIGNED_OUT,
    )
    return [SnapshotAgent(data=data, **message.attributes(SnapshotAgent, data.agent_id))]


def member_shown(message: Message) -> list[Event]:
    """QueueMemberStatus: who has never joined, being written in queues.conf, is a member, too.

    One of the pool of agents is told of by his sign-in.
    """
    device = message.text("StateInterface", "Interface", "Location")
    if device.startswith(_OF_THE_POOL):
        return []
    data = SnapshotAgentData(
        snapshot_id="",
        agent_id=message.agent(),
        queue_id=message.need("Queue"),
        paused=message.text("Paused") == "1",
        reason=message.text("PausedReason"),
        device=device,
        interface=message.interface(),
        wrapup_ms=message.seconds("Wrapuptime"),
    )
    return [SnapshotAgent(data=data, **message.attributes(SnapshotAgent, data.agent_id))]


def caller_listed(message: Message) -> list[Event]:
    """QueueEntry: Wait is whole seconds, so the entry is known to a second only."""
    snapshot = message.text("ActionID")
    if not snapshot:
        return []
    data = SnapshotLegData(
        snapshot_id=snapshot,
        channel_id=message.need("Uniqueid"),
        queue_id=message.need("Queue"),
        wait_ms=message.seconds("Wait"),
        asked_at=_asked_at(snapshot),
    )
    return [SnapshotLeg(data=data, **message.attributes(SnapshotLeg, data.channel_id))]


def snapshot_completed(message: Message) -> list[Event]:
    """QueueStatusComplete: whoever was not listed is not there.

    Somebody else may have asked for one queue only.
    """
    snapshot = message.text("ActionID")
    if not snapshot:
        return []
    data = SnapshotCompletedData(
        snapshot_id=snapshot, asked_at=_asked_at(snapshot),
        all_queues=snapshot.startswith(OURS),
    )  # fmt: skip
    return [_completed(message, data)]


def channel_listed(message: Message) -> list[Event]:
    """CoreShowChannel: every channel that there is, Local ones too."""
    snapshot = message.text("ActionID")
    if not snapshot:
        return []
    channel = message.need("Uniqueid", "UniqueID")
    data = SnapshotChannelData(snapshot_id=snapshot, channel_id=channel)
    device, doing = message.device(), message.text("Application")
    if device and doing != _LOGGED_IN:
        data = replace(
            data, interaction_id=message.text("Linkedid"), device=device,
            state=_STATES.get(message.text("ChannelState"), ""),
            bridged=message.text("BridgeId") != "", of_queue=doing in _OF_QUEUES,
            lasted_ms=_lasted_ms(message.text("Duration")), asked_at=_asked_at(snapshot),
        )  # fmt: skip
    elif doing == _OF_CALLERS:
        data = replace(data, interaction_id=message.text("Linkedid"), of_queue=True)
    return [SnapshotChannel(data=data, **message.attributes(SnapshotChannel, channel))]


def _lasted_ms(text: str) -> int | None:
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    return ((int(found[1]) * 60 + int(found[2])) * 60 + int(found[3])) * 1000


def channels_completed(message: Message) -> list[Event]:
    """CoreShowChannelsComplete: a channel that was not listed is no more."""
    snapshot = message.text("ActionID")
    if not snapshot:
        return []
    data = SnapshotCompletedData(
        snapshot_id=snapshot, of="channels", asked_at=_asked_at(snapshot),
        items=message.number("ListItems"),
    )  # fmt: skip
    return [_completed(message, data)]


def _completed(message: Message, data: SnapshotCompletedData) -> Event:
    head = message.attributes(SnapshotCompleted, message.frame.source)
    return SnapshotCompleted(data=data, **head)


def _asked_at(snapshot: str) -> str:
    digits = snapshot.rpartition("@")[2] if "@" in snapshot else ""
    at_us = instant_us(f"{digits[:-6]}.{digits[-6:]}") if digits.isdigit() else None
    return "" if at_us is None else rfc3339(at_us)


def connected(message: Message) -> list[Event]:
    """FullyBooted, after each log-in: Uptime is cut to a second, so one more is taken off."""
    uptime = message.number("Uptime")
    booted_at = ""
    if uptime is not None:
        booted_at = rfc3339(max(message.at_us() - (uptime + 1) * MICROSECONDS, 0))
    head = message.attributes(SourceConnected, message.frame.source)
    return [SourceConnected(data=SourceConnectedData(booted_at=booted_at), **head)]


def disconnected(message: Message) -> list[Event]:
    """PultDisconnected: our own note that nothing was heard since; no Asterisk says this."""
    head = message.attributes(SourceDisconnected, message.frame.source)
    data = SourceDisconnectedData(reason=message.text("Reason"))
    return [SourceDisconnected(data=data, **head)]


def restarted(message: Message) -> list[Event]:
    """Shutdown: all open calls and log-ins end, whether Asterisk comes back or not."""
    head = message.attributes(SourceRestarted, message.frame.source)
    return [SourceRestarted(data=SourceRestartedData(), **head)]


def reloaded(message: Message) -> list[Event]:
    """Reload of a module: members of realtime queues may be announced again."""
    head = message.attributes(SourceReloaded, message.frame.source)
    return [SourceReloaded(data=SourceReloadedData(), **head)]


def answered_ping(message: Message) -> list[Event]:
    """Pong: the source's own clock. Its id is its millisecond, as the store keeps its time.

    Of one id there must be one time: the store knows an event by both.
    """
    if not message.text("Timestamp"):
        return []
    frame, at_us = message.frame, message.at_us()
    head = message.attributes(SourceHeartbeat, frame.source)
    readable = f"{frame.source}-{frame.feed}-{at_us // 1000}"
    if len(readable) <= _LONGEST_ID:
        head["id"] = readable
    skew_ms = (at_us - frame.received_at_us) // 1000
    return [SourceHeartbeat(data=SourceHeartbeatData(skew_ms=skew_ms), **head)]
