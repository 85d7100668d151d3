"""AMI messages into events: one table of names, no memory from message to message.

The table is also what tells noise from need in `frames.py`: a name that is not in it is passed
over before anything is kept.
"""

from collections.abc import Callable
from typing import TypeAlias

from producers.asterisk import calls, channels, conditions, members
from producers.asterisk.message import Message
from producers.frame import Frame, Naming
from schemas.events import Event

_Translation: TypeAlias = Callable[[Message], list[Event]]

PONG = "Ping: Pong"
"""The one answer that is translated; it carries the source's clock."""

_TRANSLATIONS: dict[str, _Translation] = {
    "Newchannel": channels.started,
    "Newstate": channels.state_changed,
    "BridgeEnter": channels.bridged,
    "BridgeLeave": channels.unbridged,
    "Hold": channels.held,
    "Unhold": channels.resumed,
    "HangupRequest": channels.hangup_requested,
    "SoftHangupRequest": channels.hangup_ordered,
    "Hangup": channels.ended,
    "BlindTransfer": channels.blindly_transferred,
    "AttendedTransfer": channels.transferred_after_consulting,
    "ParkedCall": channels.parked,
    "QueueCallerJoin": calls.queue_entered,
    "QueueCallerLeave": calls.queue_left,
    "QueueCallerAbandon": calls.queue_left_unanswered,
    "VarSet": calls.variable_set,
    "AgentCalled": calls.offer_started,
    "AgentRingNoAnswer": calls.offer_not_answered,
    "AgentDump": calls.offer_rejected,
    "DialEnd": calls.dial_ended,
    "AgentConnect": calls.leg_connected,
    "AgentComplete": calls.leg_ended,
    "QueueMemberAdded": members.queue_joined,
    "QueueMemberRemoved": members.queue_left,
    "QueueMemberPause": members.pause_changed,
    "QueueMemberPaused": members.pause_changed,
    "QueueMemberStatus": conditions.member_shown,
    "AgentLogin": members.logged_in,
    "Agentlogin": members.logged_in,
    "Agentcallbacklogin": members.logged_in,
    "AgentLogoff": members.logged_out,
    "Agentlogoff": members.logged_out,
    "Agentcallbacklogoff": members.logged_out,
    "QueueParams": conditions.queue_counted,
    "QueueMember": conditions.member_listed,
    "QueueEntry": conditions.caller_listed,
    "QueueStatusComplete": conditions.snapshot_completed,
    "CoreShowChannel": conditions.channel_listed,
    "CoreShowChannelsComplete": conditions.channels_completed,
    "FullyBooted": conditions.connected,
    "Shutdown": conditions.restarted,
    "Reload": conditions.reloaded,
    "PultDisconnected": conditions.disconnected,
    PONG: conditions.answered_ping,
}

_LISTED_FOR_US = (f"\nActionID: {conditions.OURS}".encode(),)
_MARKS = {
    "QueueMemberStatus": (b"\nTimestamp: ",),
    "VarSet": (b"Variable: QUEUESTATUS", b"Variable: ABANDONED"),
    "CoreShowChannel": _LISTED_FOR_US,
    "CoreShowChannelsComplete": _LISTED_FOR_US,
}

NEEDED: dict[bytes, tuple[bytes, ...]] = {
    name.encode(): _MARKS.get(name, (b"",)) for name in _TRANSLATIONS if name != PONG
}
"""Names of events that a translation needs, each with texts of which the message has one."""

OF_MEMBERS = b"QueueMemberStatus"
"""Needed once in a session, of a member of whom nothing else tells: who, at which device."""

OF_DEVICES = frozenset({b"Newstate", b"BridgeEnter", b"BridgeLeave", b"SoftHangupRequest"})
"""Needed only of channels of devices: of a Local channel nobody wants to know them."""


def translate(frame: Frame, names: Naming) -> list[Event]:
    """Return the events that one AMI message stands for; most stand for none.

    Raises:
        UntranslatableFrame: one of the messages we need lacks a header, or a number is none;
            the frame belongs into `rejected`.
    """
    message = Message(frame, names)
    translation = _TRANSLATIONS.get(message.name)
    return [] if translation is None else translation(message)
