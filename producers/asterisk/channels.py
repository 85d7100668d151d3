"""AMI events about channels of devices: what a call does that no queue tells of.

A device is a phone or a trunk. Local channels are joints of the dial plan and stand for none,
so nearly all that is told of them is passed over. `Linkedid` is the oldest channel of the
contact that a channel is in *now*; it changes when calls are joined, as later messages tell.

Source: docs.asterisk.org, AMI events Newchannel, Newstate, BridgeEnter, BridgeLeave, Hold,
Unhold, AttendedTransfer.
"""

from producers.asterisk.message import Message
from schemas.events import (
    ChannelBridged,
    ChannelBridgedData,
    ChannelEnded,
    ChannelEndedData,
    ChannelHangupRequested,
    ChannelHangupRequestedData,
    ChannelStarted,
    ChannelStartedData,
    ChannelStateChanged,
    ChannelStateChangedData,
    ChannelUnbridged,
    ChannelUnbridgedData,
    Event,
    InteractionEnded,
    InteractionEndedData,
    InteractionMerged,
    InteractionMergedData,
    InteractionStarted,
    InteractionStartedData,
    LegHeld,
    LegHeldData,
    LegResumed,
    LegResumedData,
    LegTransferred,
    LegTransferredData,
)

_LEAST_DIGITS = 7
"""An extension is shorter; a customer's number is not."""

_RINGING, _UP = "5", "6"


def started(message: Message) -> list[Event]:
    """Newchannel: the oldest channel of a contact is the contact; AMI 1.x does not tell."""
    channel, interaction = message.text("Uniqueid"), message.text("Linkedid")
    device = message.device()
    if not channel or not interaction or (channel != interaction and not device):
        return []
    callers, exten = message.names.callers, message.text("Exten")
    caller_key = callers.key(message.text("CallerIDNum"))
    dialled = callers.masked(exten, least_digits=_LEAST_DIGITS) if device else ""
    dialled_key = dialled if dialled != exten else ""
    if channel == interaction:
        first = InteractionStartedData(
            interaction_id=interaction, channel_id=channel, caller_key=caller_key,
            device=device, dialled=dialled, dialled_key=dialled_key,
        )  # fmt: skip
        head = message.attributes(InteractionStarted, interaction)
        return [InteractionStarted(data=first, **head)]
    further = ChannelStartedData(
        interaction_id=interaction, channel_id=channel, caller_key=caller_key,
        device=device, dialled=dialled, dialled_key=dialled_key,
    )  # fmt: skip
    return [ChannelStarted(data=further, **message.attributes(ChannelStarted, interaction))]


def state_changed(message: Message) -> list[Event]:
    """Newstate: a device rings, or is picked up."""
    interaction, state = message.text("Linkedid"), message.text("ChannelState")
    device = message.device()
    if not interaction or not device or state not in (_RINGING, _UP):
        return []
    data = ChannelStateChangedData(
        interaction_id=interaction, channel_id=message.need("Uniqueid"), device=device,
        state="answered" if state == _UP else "ringing",
    )  # fmt: skip
    head = message.attributes(ChannelStateChanged, interaction)
    return [ChannelStateChanged(data=data, **head)]


def bridged(message: Message) -> list[Event]:
    """BridgeEnter."""
    interaction, device = message.text("Linkedid"), message.device()
    if not interaction or not device:
        return []
    data = ChannelBridgedData(
        interaction_id=interaction, channel_id=message.need("Uniqueid"), device=device,
        bridge_id=message.need("BridgeUniqueid"),
    )  # fmt: skip
    return [ChannelBridged(data=data, **message.attributes(ChannelBridged, interaction))]


def unbridged(message: Message) -> list[Event]:
    """BridgeLeave: of a call that ends, the one who hung up leaves first."""
    interaction, device = message.text("Linkedid"), message.device()
    if not interaction or not device:
        return []
    data = ChannelUnbridgedData(
        interaction_id=interaction, channel_id=message.need("Uniqueid"), device=device,
        bridge_id=message.need("BridgeUniqueid"),
    )  # fmt: skip
    return [ChannelUnbridged(data=data, **message.attributes(ChannelUnbridged, interaction))]


def held(message: Message) -> list[Event]:
    """Hold; chan_sip of Asterisk 11 and older tells both ends with it, by Status On and Off."""
    interaction = message.text("Linkedid")
    if message.text("Status") == "Off":
        return resumed(message)
    if not interaction:
        return []
    data = LegHeldData(
        interaction_id=interaction, channel_id=message.need("Uniqueid"), device=message.device()
    )
    return [LegHeld(data=data, **message.attributes(LegHeld, interaction))]


def resumed(message: Message) -> list[Event]:
    """Unhold; Asterisk sends it before a transfer, too, whether there was a hold or not."""
    interaction = message.text("Linkedid")
    if not interaction:
        return []
    data = LegResumedData(
        interaction_id=interaction, channel_id=message.need("Uniqueid"), device=message.device()
    )
    return [LegResumed(data=data, **message.attributes(LegResumed, interaction))]


def hangup_requested(message: Message) -> list[Event]:
    """HangupRequest: the far end hung up, which tells an abandon from a time-out."""
    interaction = message.text("Linkedid")
    if not interaction:
        return []
    data = ChannelHangupRequestedData(
        interaction_id=interaction, channel_id=message.need("Uniqueid"), device=message.device()
    )
    head = message.attributes(ChannelHangupRequested, interaction)
    return [ChannelHangupRequested(data=data, **head)]


def hangup_ordered(message: Message) -> list[Event]:
    """SoftHangupRequest: Asterisk ends a channel; for most, because the other end hung up."""
    interaction, device = message.text("Linkedid"), message.device()
    if not interaction or not device:
        return []
    data = ChannelHangupRequestedData(
        interaction_id=interaction, channel_id=message.need("Uniqueid"), device=device, by="pbx"
    )
    head = message.attributes(ChannelHangupRequested, interaction)
    return [ChannelHangupRequested(data=data, **head)]


def ended(message: Message) -> list[Event]:
    """Hangup: of the contact's oldest channel, or of a further one."""
    interaction = message.text("Linkedid")
    if not interaction:
        return []
    channel, cause, place = message.need("Uniqueid"), message.text("Cause"), message.place()
    device = message.device()
    if channel == interaction:
        over = InteractionEndedData(
            interaction_id=interaction, channel_id=channel, cause=cause, place=place,
            device=device,
        )  # fmt: skip
        head = message.attributes(InteractionEnded, interaction)
        return [InteractionEnded(data=over, **head)]
    gone = ChannelEndedData(
        interaction_id=interaction, channel_id=channel, cause=cause, place=place, device=device
    )
    return [ChannelEnded(data=gone, **message.attributes(ChannelEnded, interaction))]


def blindly_transferred(message: Message) -> list[Event]:
    """BlindTransfer that succeeded; a target of 7 digits or more is a customer's number."""
    if message.text("Result") != "Success":
        return []
    channel = message.need("TransfereeUniqueid")
    data = LegTransferredData(
        channel_id=channel,
        kind="blind",
        to=message.names.callers.masked(message.need("Extension"), least_digits=_LEAST_DIGITS),
        interaction_id=message.text("TransfereeLinkedid", "TransfererLinkedid"),
        by_channel_id=message.text("TransfererUniqueid"),
    )
    subject = message.text("TransfereeLinkedid") or channel
    return [LegTransferred(data=data, **message.attributes(LegTransferred, subject))]


def parked(message: Message) -> list[Event]:
    """ParkedCall: passed on to a parking space by a device; of its channel nothing is said."""
    interaction, device = message.text("ParkeeLinkedid"), message.text("ParkerDialString")
    if not interaction or not device:
        return []
    data = LegTransferredData(
        channel_id=message.need("ParkeeUniqueid"), kind="blind",
        to=message.text("ParkingSpace"), interaction_id=interaction, by_device=device,
    )  # fmt: skip
    return [LegTransferred(data=data, **message.attributes(LegTransferred, interaction))]


def transferred_after_consulting(message: Message) -> list[Event]:
    """AttendedTransfer that succeeded: the agent's two calls become one, without him.

    The first call is the one in which he gave the word; either may be the consultation. By a
    feature code both are one channel of his, and a Local channel stands for the consultation.
    A threeway call is none: he stays in it.
    """
    if message.text("Result") != "Success" or message.text("DestType") in ("Fail", "Threeway"):
        return []
    first = message.need("OrigTransfererUniqueid")
    second = message.need("SecondTransfererUniqueid")
    mine = message.text("OrigTransfererLinkedid") or first
    other = message.text("SecondTransfererLinkedid") or second
    to = message.text("SecondTransfererExten", "TransferTargetCallerIDNum")
    if first == second:
        to = _dialled(message.text("TransferTargetChannel")) or message.text(
            "TransferTargetCallerIDNum"
        )
    data = LegTransferredData(
        channel_id=message.text("TransfereeUniqueid"),
        kind="attended",
        to=message.names.callers.masked(to, least_digits=_LEAST_DIGITS),
        interaction_id=mine,
        by_channel_id=first,
        consult_channel_id=second,
    )
    events: list[Event] = [
        LegTransferred(data=data, **message.attributes(LegTransferred, mine))
    ]
    if mine != other:
        into, gone = sorted((mine, other), key=_age)
        merged = InteractionMergedData(from_id=gone, into_id=into)
        events.append(
            InteractionMerged(data=merged, **message.attributes(InteractionMerged, into))
        )
    return events


def _dialled(channel: str) -> str:
    """Return the extension that a Local channel is named by, '' of any other."""
    technology, _, name = channel.partition("/")
    return name.partition("@")[0] if technology == "Local" else ""


def _age(channel: str) -> tuple[int, int, str]:
    """Order channels by birth: [<system name>-]<epoch second>.<counter>; the oldest wins."""
    second, _, counter = channel.rpartition("-")[2].partition(".")
    return (_number(second), _number(counter), channel)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else 0
