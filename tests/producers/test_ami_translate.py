"""AMI messages into events, each from its own text alone."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.asterisk.frames import AmiFrames
from producers.asterisk.queue_log_translate import translate as translate_line
from producers.asterisk.recordings import ami_frames
from producers.asterisk.translate import NEEDED, translate
from producers.frame import Frame, FrameWithoutTime, Naming
from producers.identity import CallerKeys
from schemas.errors import UntranslatableFrame
from schemas.events import Event, decode, encode

REPOSITORY = Path(__file__).parents[2]
RECORDINGS = REPOSITORY / "tests" / "recordings"
DATA = REPOSITORY.parent / "shared" / "data"
LAB = REPOSITORY / "producers" / "recordings" / "asterisk_lab" / "ami.log.gz"

NAMES = Naming("acme", "acme/north", CallerKeys(b"secret"))
RECEIVED_US = 1_795_288_590_000_123


def frame(text: str, received_at_us: int = RECEIVED_US) -> Frame:
    return Frame("pbx1", "ami", received_at_us, "\r\n".join(text.split("\n")).encode())


def timed(text: str) -> Frame:
    return frame(f"{text}\nTimestamp: 1795288587.265999")


def told(event: Event) -> dict[str, Any]:
    """The data of an event without what is unknown or as usual."""
    known = {name: getattr(event.data, name) for name in event.data.__struct_fields__}
    usual = ("", None, 0, False, "voice", "in", "far_end", "attended_transfer")
    return {name: value for name, value in known.items() if value not in usual}


def kind(event: Event) -> str:
    return type(event).__name__


JOIN = """Event: QueueCallerJoin
CallerIDNum: +74951000797
Linkedid: 10.0
Uniqueid: 10.2
Queue: support
Position: 2"""


def test_the_envelope_tells_who_when_and_by_whose_clock() -> None:
    (event,) = translate(timed(JOIN), NAMES)

    assert (event.source, event.feed) == ("pbx1", "ami")
    assert (event.tenant, event.domain) == ("acme", "acme/north")
    assert event.time == "2026-11-21T19:16:27.265Z"
    assert event.sequence == 1_795_288_587_265_999
    assert event.recordedtime == "2026-11-21T19:16:30.000Z"
    assert event.clock == "source"
    assert event.resolution == 1
    assert event.subject == "10.0"
    assert decode(encode(event)) == event


def test_no_number_of_a_caller_leaves_the_adapter() -> None:
    (event,) = translate(timed(JOIN), NAMES)

    assert told(event)["caller_key"] == NAMES.callers.key("74951000797")
    assert b"4951000797" not in encode(event)


def test_the_same_message_has_the_same_id_whoever_received_it_and_however_it_was_kept() -> None:
    (first,) = translate(timed(JOIN), NAMES)
    text = timed(JOIN).content
    debug = b"\r\nSequenceNumber: 7772\r\nFile: app_queue.c\r\nLine: 10\r\nFunc: join"
    again = [
        Frame("pbx1", "ami", RECEIVED_US + 9_000_000, text),
        Frame("pbx1", "ami", RECEIVED_US, text.replace(b"\r\n", b"\n")),
        Frame(
            "pbx1", "ami", RECEIVED_US, text.replace(b"\r\nLinkedid", debug + b"\r\nLinkedid")
        ),
    ]

    assert {translate(each, NAMES)[0].id for each in again} == {first.id}


def test_another_source_or_another_microsecond_gives_another_id() -> None:
    (first,) = translate(timed(JOIN), NAMES)
    (elsewhere,) = translate(timed(JOIN)._replace(source="pbx2"), NAMES)
    (later,) = translate(frame(f"{JOIN}\nTimestamp: 1795288587.266000"), NAMES)

    assert len({first.id, elsewhere.id, later.id}) == 3


def test_a_message_without_a_time_is_refused_with_the_remedy() -> None:
    with pytest.raises(FrameWithoutTime) as refused:
        translate(frame(JOIN), NAMES)

    assert str(refused.value) == (
        "AMI QueueCallerJoin without Timestamp header from pbx1 "
        "(set timestampevents = yes in manager.conf)"
    )


def test_a_message_without_a_needed_header_is_refused_by_name() -> None:
    with pytest.raises(
        UntranslatableFrame, match="QueueCallerJoin without Queue header from pbx1"
    ):
        translate(timed("Event: QueueCallerJoin\nUniqueid: 1.0"), NAMES)


@pytest.mark.parametrize("number", ["soon", "1.5", "٣", "9" * 400, "--1"])
def test_a_number_that_is_none_is_refused_by_name(number: str) -> None:
    text = f"Event: AgentConnect\nUniqueid: 1.0\nQueue: q\nMemberName: a\nHoldTime: {number}"

    with pytest.raises(UntranslatableFrame, match="AgentConnect from pbx1: HoldTime is"):
        translate(timed(text), NAMES)


@pytest.mark.parametrize("timestamp", ["yesterday", "-1.0", "99999999999999.0"])
def test_a_timestamp_that_is_none_is_refused(timestamp: str) -> None:
    with pytest.raises(UntranslatableFrame, match="Timestamp is"):
        translate(frame(f"{JOIN}\nTimestamp: {timestamp}"), NAMES)


CALLER = "Uniqueid: 1.0\nLinkedid: 1.0\nQueue: sales"
AGENT = f"{CALLER}\nDestUniqueid: 1.4\nMemberName: Ann\nInterface: SIP/7"

PHONE = "Channel: PJSIP/trunk-de-0000002f\nUniqueid: 1.4\nLinkedid: 1.0"
TOLD_OF_PHONE = {"interaction_id": "1.0", "channel_id": "1.4", "device": "PJSIP/trunk-de"}
JOINT = "Channel: Local/7@agents-0000002f;2\nUniqueid: 1.4\nLinkedid: 1.0"
ATTENDED = (
    "Event: AttendedTransfer\nResult: Success\nDestType: Bridge\n"
    "OrigTransfererUniqueid: sys-100.9\nOrigTransfererLinkedid: sys-100.2\n"
    "SecondTransfererUniqueid: sys-100.10\nSecondTransfererLinkedid: sys-100.10\n"
    "SecondTransfererExten: 203"
)

PARKED = "ParkeeUniqueid: 1.0\nParkeeLinkedid: 1.0\nParkingLot: default\nParkingSpace: 701"

TIMETABLE: list[tuple[str, list[tuple[str, dict[str, Any]]]]] = [
    (
        "Event: Newchannel\nUniqueid: 1.0\nLinkedid: 1.0\nCallerIDNum: <unknown>",
        [("InteractionStarted", {"interaction_id": "1.0", "channel_id": "1.0"})],
    ),
    ("Event: Newchannel\nUniqueid: 1.1\nLinkedid: 1.0", []),
    ("Event: Newchannel\nUniqueid: 1.1", []),
    (
        f"Event: ParkedCall\n{PARKED}\nParkerDialString: PJSIP/1-de",
        [("LegTransferred",
          {"channel_id": "1.0", "kind": "blind", "to": "701", "interaction_id": "1.0",
           "by_device": "PJSIP/1-de"})],
    ),
    (f"Event: ParkedCall\n{PARKED}", []),
    (
        "Event: Hangup\nUniqueid: 1.0\nLinkedid: 1.0\nCause: 16\n"
        "Context: in\nExten: s\nPriority: 2",
        [("InteractionEnded",
          {"interaction_id": "1.0", "channel_id": "1.0", "cause": "16", "place": "in,s,2"})],
    ),
    (
        "Event: Hangup\nUniqueid: 1.1\nLinkedid: 1.0\nCause: 0",
        [("ChannelEnded", {"interaction_id": "1.0", "channel_id": "1.1", "cause": "0"})],
    ),
    ("Event: Hangup\nUniqueid: 1.1", []),
    (
        "Event: HangupRequest\nUniqueid: 1.1\nLinkedid: 1.0",
        [("ChannelHangupRequested", {"interaction_id": "1.0", "channel_id": "1.1"})],
    ),
    (
        f"Event: QueueCallerLeave\n{CALLER}",
        [("QueueLeft", {"channel_id": "1.0", "queue_id": "sales", "outcome": "unknown"})],
    ),
    (
        f"Event: QueueCallerAbandon\n{CALLER}\nHoldTime: 14\n"
        "Context: in\nExten: s\nPriority: 2",
        [("QueueLeft", {"channel_id": "1.0", "queue_id": "sales", "outcome": "unanswered",
                        "wait_ms": 14_000, "place": "in,s,2"})],
    ),
    *(
        (
            f"Event: VarSet\nUniqueid: 1.0\nVariable: QUEUESTATUS\nValue: {status}",
            [("QueueLeft", {"channel_id": "1.0", "outcome": outcome})],
        )
        for status, outcome in [
            ("TIMEOUT", "timeout"), ("LEAVEEMPTY", "empty"),
            ("LEAVEUNAVAIL", "empty"), ("WITHDRAW", "withdrawn"),
        ]
    ),
    *(
        (f"Event: VarSet\nUniqueid: 1.0\nVariable: QUEUESTATUS\nValue: {status}", [])
        for status in ("FULL", "JOINEMPTY", "JOINUNAVAIL", "CONTINUE", "")
    ),
    (
        "Event: VarSet\nUniqueid: 1.0\nVariable: ABANDONED\nValue: TRUE",
        [("QueueLeft", {"channel_id": "1.0", "outcome": "unanswered"})],
    ),
    ("Event: VarSet\nUniqueid: 1.0\nVariable: ABANDONED\nValue: TIMEOUT", []),
    ("Event: VarSet\nUniqueid: 1.0\nVariable: QUEUESTATUS\nValue: TRUE", []),
    (
        f"Event: AgentCalled\n{AGENT}",
        [("OfferStarted", {"channel_id": "1.0", "queue_id": "sales", "agent_id": "Ann",
                           "offer_id": "1.4", "device": "SIP/7"})],
    ),
    ("Event: AgentCalled\nQueue: sales\nAgentCalled: SIP/7\nUniqueid: 1.0", []),
    (
        f"Event: AgentRingNoAnswer\n{AGENT}\nRingTime: 8000",
        [("OfferEnded", {"channel_id": "1.0", "result": "no_answer", "queue_id": "sales",
                         "agent_id": "Ann", "offer_id": "1.4", "ring_ms": 8000})],
    ),
    (
        f"Event: AgentRingNoAnswer\n{AGENT}\nRingTime: 0",
        [("OfferEnded", {"channel_id": "1.0", "result": "busy", "queue_id": "sales",
                         "agent_id": "Ann", "offer_id": "1.4"})],
    ),
    (
        f"Event: AgentDump\n{AGENT}",
        [("OfferEnded", {"channel_id": "1.0", "result": "rejected", "queue_id": "sales",
                         "agent_id": "Ann", "offer_id": "1.4"})],
    ),
    *(
        (
            f"Event: DialEnd\nUniqueid: 1.0\nDestUniqueid: 1.4\nDialStatus: {status}",
            [("OfferEnded", {"channel_id": "1.0", "result": result, "offer_id": "1.4"})],
        )
        for status, result in [
            ("CANCEL", "cancelled"), ("BUSY", "busy"), ("NOANSWER", "no_answer"),
            ("CHANUNAVAIL", "failed"), ("CONGESTION", "failed"),
        ]
    ),
    *(
        (
            "Event: DialEnd\nUniqueid: 1.0\nDestUniqueid: 1.4\nDestLinkedid: 1.0\n"
            f"DestChannel: {channel}\nDialStatus: NOANSWER",
            [("OfferEnded", {"channel_id": "1.0", "result": "no_answer", "offer_id": "1.4",
                             **device})],
        )
        for channel, device in (
            ("PJSIP/203-0000002f", {"device": "PJSIP/203", "interaction_id": "1.0"}),
            ("Local/203@agents-0000002f;1", {}),
        )
    ),
    (
        "Event: DialEnd\nUniqueid: 1.0\nDestUniqueid: 1.4\nDialStatus: CANCEL\nForward: 202",
        [("OfferEnded", {"channel_id": "1.0", "result": "cancelled", "offer_id": "1.4",
                         "forwarded": True})],
    ),
    ("Event: DialEnd\nUniqueid: 1.0\nDestUniqueid: 1.4\nDialStatus: ANSWER", []),
    ("Event: DialEnd\nDestUniqueid: 1.4\nDialStatus: CANCEL", []),
    (
        f"Event: AgentConnect\n{AGENT}\nHoldTime: 9\nRingTime: -1",
        [("LegConnected", {"channel_id": "1.0", "queue_id": "sales", "agent_id": "Ann",
                           "offer_id": "1.4", "wait_ms": 9000})],
    ),
    *(
        (
            f"Event: AgentComplete\n{AGENT}\nHoldTime: 9\nTalkTime: 14\nReason: {reason}",
            [("LegEnded", {"channel_id": "1.0", "queue_id": "sales", "agent_id": "Ann",
                           "offer_id": "1.4", "ended_by": by, "wait_ms": 9000,
                           "talk_ms": 14_000})],
        )
        for reason, by in [("caller", "caller"), ("agent", "agent"), ("transfer", "agent"),
                           ("", "unknown")]
    ),
    (
        "Event: AgentComplete\nQueue: sales\nMemberName: Ann\n"
        "HoldTime: 9\nTalkTime: 14\nReason: agent",
        [("LegEnded", {"queue_id": "sales", "agent_id": "Ann", "ended_by": "agent",
                       "wait_ms": 9000, "talk_ms": 14_000})],
    ),
    (
        "Event: BlindTransfer\nResult: Success\nTransfereeUniqueid: 1.0\nExtension: support",
        [("LegTransferred", {"channel_id": "1.0", "kind": "blind", "to": "support"})],
    ),
    ("Event: BlindTransfer\nResult: Failed\nTransfereeUniqueid: 1.0\nExtension: support", []),
    (
        "Event: BlindTransfer\nResult: Success\nTransferererUniqueid: 1.4\n"
        "TransfererUniqueid: 1.4\nTransfererLinkedid: 1.0\nTransfereeUniqueid: 1.0\n"
        "TransfereeLinkedid: 1.0\nExtension: 203",
        [("LegTransferred", {"channel_id": "1.0", "kind": "blind", "to": "203",
                             "interaction_id": "1.0", "by_channel_id": "1.4"})],
    ),
    # A second call of the transferer, younger by its counter, is put together with the first.
    (
        f"{ATTENDED}\nTransfereeUniqueid: sys-100.2",
        [("LegTransferred", {"channel_id": "sys-100.2", "kind": "attended", "to": "203",
                             "interaction_id": "sys-100.2", "by_channel_id": "sys-100.9",
                             "consult_channel_id": "sys-100.10"}),
         ("InteractionMerged", {"from_id": "sys-100.10", "into_id": "sys-100.2"})],
    ),
    # Several channels on his side: Asterisk names no transferee.
    (
        ATTENDED.replace("Linkedid: sys-100.2", "Linkedid: sys-100.20"),
        [("LegTransferred", {"kind": "attended", "to": "203",
                             "interaction_id": "sys-100.20", "by_channel_id": "sys-100.9",
                             "consult_channel_id": "sys-100.10"}),
         ("InteractionMerged", {"from_id": "sys-100.20", "into_id": "sys-100.10"})],
    ),
    # By a feature code: he has one channel, whose own extension is that of the caller's call.
    *(
        (
            ATTENDED.replace("sys-100.10", "sys-100.9").replace(
                "SecondTransfererLinkedid: sys-100.9", "SecondTransfererLinkedid: sys-100.2"
            ) + target,
            [("LegTransferred", {"kind": "attended", "to": "102", "interaction_id": "sys-100.2",
                                 "by_channel_id": "sys-100.9",
                                 "consult_channel_id": "sys-100.9"})],
        )
        for target in (
            "\nTransferTargetChannel: Local/102@agents-0000002f;1",
            "\nTransferTargetChannel: PJSIP/102-0000002f\nTransferTargetCallerIDNum: 102",
        )
    ),
    (ATTENDED.replace("Success", "Fail"), []),
    (ATTENDED.replace("Bridge", "Threeway"), []),
    (
        f"Event: Newchannel\n{PHONE}\nExten: 203\nCallerIDNum: <unknown>",
        [("ChannelStarted", {**TOLD_OF_PHONE, "dialled": "203"})],
    ),
    # An ISDN channel is named by its span and the number at the other end, a customer's.
    *(
        (
            f"Event: Newstate\nChannelState: 6\nUniqueid: 1.4\nLinkedid: 1.0\nChannel: {name}",
            [("ChannelStateChanged", {**TOLD_OF_PHONE, "device": device, "state": "answered"})],
        )
        for name, device in (
            ("DAHDI/i1/2025550101-2a", "DAHDI/i1"),
            ("DAHDI/i1/+12025550101:7-2a", "DAHDI/i1"),
            ("DAHDI/i1/-2a", "DAHDI/i1"),
            ("DAHDI/i2/201-2a", "DAHDI/i2/201"),
            ("DAHDI/1-1", "DAHDI/1"),
            ("PJSIP/150010001-0000002f", "PJSIP/150010001"),
        )
    ),
    # Channels that the PBX makes for itself are nobody's phone, whatever phone they name.
    *(
        (f"Event: Newchannel\nUniqueid: 1.4\nLinkedid: 1.0\nExten: s\nChannel: {name}", [])
        for name in (
            "AsyncGoto/PJSIP/101-0000002f", "Surrogate/PJSIP/101-0000002f",
            "CBAnn/101-0000002f;2", "CBRec/101-0000002f;1", "Announcer/101-0000002f;1",
            "Recorder/101-0000002f;1", "Snoop/101-0000002f", "Message/ast_msg_queue",
        )
    ),
    ("Event: Newstate\nChannelState: 4\n" + PHONE, []),
    (
        "Event: Newstate\nChannelState: 5\n" + PHONE,
        [("ChannelStateChanged", {**TOLD_OF_PHONE, "state": "ringing"})],
    ),
    (
        "Event: Newstate\nChannelState: 6\n" + PHONE,
        [("ChannelStateChanged", {**TOLD_OF_PHONE, "state": "answered"})],
    ),
    (
        "Event: BridgeEnter\nBridgeUniqueid: b1\n" + PHONE,
        [("ChannelBridged", {**TOLD_OF_PHONE, "bridge_id": "b1"})],
    ),
    (
        "Event: BridgeLeave\nBridgeUniqueid: b1\n" + PHONE,
        [("ChannelUnbridged", {**TOLD_OF_PHONE, "bridge_id": "b1"})],
    ),
    ("Event: Hold\nMusicClass: default\n" + PHONE, [("LegHeld", TOLD_OF_PHONE)]),
    ("Event: Unhold\n" + PHONE, [("LegResumed", TOLD_OF_PHONE)]),
    ("Event: Hold\nStatus: On\n" + PHONE, [("LegHeld", TOLD_OF_PHONE)]),
    ("Event: Hold\nStatus: Off\n" + PHONE, [("LegResumed", TOLD_OF_PHONE)]),
    ("Event: HangupRequest\n" + PHONE, [("ChannelHangupRequested", TOLD_OF_PHONE)]),
    (
        "Event: SoftHangupRequest\n" + PHONE,
        [("ChannelHangupRequested", {**TOLD_OF_PHONE, "by": "pbx"})],
    ),
    (
        "Event: Hangup\nCause: 17\n" + PHONE,
        [("ChannelEnded", {**TOLD_OF_PHONE, "cause": "17"})],
    ),
    *(
        (f"Event: {name}\nChannelState: 6\nBridgeUniqueid: b1\n" + JOINT, [])
        for name in ("Newchannel", "Newstate", "BridgeEnter", "BridgeLeave",
                     "SoftHangupRequest")
    ),
    (
        "Event: QueueMemberAdded\nQueue: sales\nMemberName: Ann\nInterface: Local/7@a/n\n"
        "StateInterface: SIP/7\nPenalty: 3\nPaused: 1\nPausedReason: Lunch\nWrapuptime: 5",
        [("AgentQueueJoined", {"agent_id": "Ann", "queue_id": "sales", "device": "SIP/7",
                               "interface": "Local/7@a/n",
                               "penalty": 3, "paused": True, "reason": "Lunch",
                               "wrapup_ms": 5000})],
    ),
    (
        "Event: QueueMemberRemoved\nQueue: sales\nInterface: SIP/7",
        [("AgentQueueLeft", {"agent_id": "SIP/7", "queue_id": "sales"})],
    ),
    (
        "Event: QueueMemberRemoved\nQueue: sales\nMemberName: Ann\nInterface: SIP/7",
        [("AgentQueueLeft", {"agent_id": "Ann", "queue_id": "sales", "interface": "SIP/7"})],
    ),
    (
        "Event: QueueMemberPause\nQueue: sales\nMemberName: Ann\n"
        "Paused: 1\nPausedReason: Lunch",
        [("AgentStateChanged", {"agent_id": "Ann", "state": "not_ready", "scope": "queue",
                                "queue_id": "sales", "reason": "Lunch"})],
    ),
    (
        "Event: QueueMemberPaused\nQueue: sales\nLocation: SIP/7\nPaused: 0\nReason: Lunch",
        [("AgentStateChanged", {"agent_id": "SIP/7", "state": "ready", "scope": "queue",
                                "queue_id": "sales", "reason": "Lunch"})],
    ),
    (
        "Event: QueueMemberStatus\nQueue: sales\nMemberName: Ann\nInterface: SIP/7\n"
        "StateInterface: hint:7@local\nStatus: 2\nPaused: 1\nPausedReason: Lunch\n"
        "Wrapuptime: 5",
        [("SnapshotAgent", {"agent_id": "Ann", "queue_id": "sales", "paused": True,
                            "reason": "Lunch", "device": "hint:7@local", "interface": "SIP/7",
                            "wrapup_ms": 5000})],
    ),
    (
        "Event: QueueMemberStatus\nQueue: sales\nMemberName: Ann\nInterface: Local/7@a\n"
        "StateInterface: Agent:7\nStatus: 5\nPaused: 0",
        [],
    ),
    (
        "Event: AgentLogin\nAgent: 1001\nChannel: SIP/7-1",
        [("AgentLoggedIn", {"agent_id": "1001", "device": "SIP/7-1"})],
    ),
    (
        "Event: Agentcallbacklogoff\nAgent: 1001\nLoginchan: 7@default\nLogintime: 12",
        [("AgentLoggedOut", {"agent_id": "1001", "device": "7@default"})],
    ),
    ("Event: Shutdown\nShutdown: Cleanly\nRestart: True", [("SourceRestarted", {})]),
    ("Event: Reload\nModule: app_queue.so\nStatus: 0", [("SourceReloaded", {})]),
    ("Event: Join\nQueue: sales\nUniqueid: 1.0", []),
    ("Event: Bridge\nUniqueid1: 1.0", []),
    ("Response: Success\nMessage: Authentication accepted", []),
    ("", []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"), TIMETABLE, ids=[row[0][:60].replace("\n", " ") for row in TIMETABLE]
)
def test_a_message_says(text: str, expected: list[tuple[str, dict[str, Any]]]) -> None:
    assert [(kind(event), told(event)) for event in translate(timed(text), NAMES)] == expected


def test_a_transfer_to_a_customer_does_not_tell_his_number() -> None:
    text = (
        "Event: BlindTransfer\nResult: Success\nTransfereeUniqueid: 1.0\nExtension: 84951000797"
    )

    (event,) = translate(timed(text), NAMES)

    assert told(event)["to"] == NAMES.callers.key("84951000797")


SNAPSHOT = [
    (
        "Event: QueueParams\nQueue: sales\nCalls: 2\n"
        "Completed: 220\nAbandoned: 47\nActionID: 7",
        ("SnapshotQueue", {"snapshot_id": "7", "queue_id": "sales", "waiting": 2,
                           "completed": 220, "abandoned": 47}),
    ),
    (
        "Event: QueueMember\nQueue: sales\nName: Ann\nLocation: SIP/7\nPaused: 1\nActionID: 7",
        ("SnapshotAgent", {"snapshot_id": "7", "agent_id": "Ann", "queue_id": "sales",
                           "paused": True, "device": "SIP/7", "interface": "SIP/7"}),
    ),
    *(
        (
            "Event: QueueMember\nQueue: sales\nName: Ann\nLocation: Local/1001@agents\n"
            f"StateInterface: Agent:1001\nStatus: {status}\nActionID: 7",
            ("SnapshotAgent", {"snapshot_id": "7", "agent_id": "Ann", "queue_id": "sales",
                               "device": "Agent:1001", "interface": "Local/1001@agents",
                               **signed}),
        )
        for status, signed in (("1", {}), ("2", {}), ("5", {"signed_out": True}))
    ),
    (
        "Event: QueueMember\nQueue: sales\nName: Ann\nLocation: SIP/7\nStatus: 5\nActionID: 7",
        ("SnapshotAgent", {"snapshot_id": "7", "agent_id": "Ann", "queue_id": "sales",
                           "device": "SIP/7", "interface": "SIP/7"}),
    ),
    (
        "Event: QueueMember\nQueue: sales\nName: Ann\nPaused: 0\nWrapuptime: 5\nActionID: 7",
        ("SnapshotAgent", {"snapshot_id": "7", "agent_id": "Ann", "queue_id": "sales",
                           "wrapup_ms": 5_000}),
    ),
    (
        "Event: QueueEntry\nQueue: sales\nUniqueid: 1.0\nWait: 12\nActionID: 7",
        ("SnapshotLeg", {"snapshot_id": "7", "channel_id": "1.0", "queue_id": "sales",
                         "wait_ms": 12_000}),
    ),
    (
        "Event: QueueStatusComplete\nActionID: 7",
        ("SnapshotCompleted", {"snapshot_id": "7", "of": "queues"}),
    ),
    (
        "Event: QueueStatusComplete\nActionID: pult-7",
        ("SnapshotCompleted", {"snapshot_id": "pult-7", "of": "queues", "all_queues": True}),
    ),
    (
        "Event: CoreShowChannel\nChannel: SIP/7-1\nUniqueid: 1.0\nActionID: pult-7",
        ("SnapshotChannel", {"snapshot_id": "pult-7", "channel_id": "1.0", "device": "SIP/7"}),
    ),
    (
        "Event: CoreShowChannel\nChannel: SIP/7-1\nUniqueid: 1.1\nLinkedid: 1.0\n"
        "ChannelState: 6\nBridgeId: b\nApplication: AppQueue\nDuration: 01:02:03\n"
        "ActionID: pult-7",
        ("SnapshotChannel", {"snapshot_id": "pult-7", "channel_id": "1.1", "device": "SIP/7",
                             "interaction_id": "1.0", "state": "answered", "bridged": True,
                             "of_queue": True, "lasted_ms": 3_723_000}),
    ),
    (
        # Sent on by an agent behind a Local channel, which waits in his place.
        "Event: CoreShowChannel\nChannel: Local/7@a-1;2\nUniqueid: 1.1\nLinkedid: 1.0\n"
        "Application: Queue\nDuration: 00:00:03\nActionID: pult-7",
        ("SnapshotChannel", {"snapshot_id": "pult-7", "channel_id": "1.1",
                             "interaction_id": "1.0", "of_queue": True}),
    ),
    (
        # Logged in to app_agent_pool: connected all day, and in no call.
        "Event: CoreShowChannel\nChannel: SIP/7-1\nUniqueid: 1.1\nLinkedid: 1.0\n"
        "ChannelState: 6\nBridgeId: b\nApplication: AgentLogin\nDuration: 08:00:00\n"
        "ActionID: pult-7",
        ("SnapshotChannel", {"snapshot_id": "pult-7", "channel_id": "1.1"}),
    ),
    (
        # 2026-11-21T19:16:29.250 UTC
        "Event: CoreShowChannelsComplete\nListItems: 1\nActionID: pult-7@1795288589250999",
        ("SnapshotCompleted", {"snapshot_id": "pult-7@1795288589250999", "of": "channels",
                               "asked_at": "2026-11-21T19:16:29.250Z", "items": 1}),
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    SNAPSHOT,
    ids=[
        "queue",
        "agent",
        "signed in",
        "signed in and busy",
        "signed out",
        "phone unavailable",
        "agent with after-work",
        "leg",
        "end",
        "end of ours",
        "channel",
        "phone",
        "Local channel in a queue",
        "agent's phone",
        "end of channels",
    ],
)
def test_an_item_of_a_snapshot_has_the_time_of_its_receipt(
    text: str, expected: tuple[str, dict[str, Any]]
) -> None:
    (event,) = translate(frame(text), NAMES)

    assert (kind(event), told(event)) == expected
    assert event.clock == "adapter"
    assert event.time == "2026-11-21T19:16:30.000Z"
    assert event.sequence == RECEIVED_US
    nobodys = re.sub("ActionID: .*", "", text)
    assert translate(frame(nobodys), NAMES) == []


def test_two_snapshots_that_say_the_same_are_two() -> None:
    text = SNAPSHOT[0][0]

    (first,) = translate(frame(text), NAMES)
    (again,) = translate(frame(text, RECEIVED_US + 1_000_000), NAMES)

    assert first.id != again.id


def test_a_log_in_tells_when_asterisk_was_booted_to_a_second() -> None:
    (event,) = translate(frame("Event: FullyBooted\nStatus: Fully Booted\nUptime: 4"), NAMES)
    (unsaid,) = translate(frame("Event: FullyBooted\nStatus: Fully Booted"), NAMES)

    assert kind(event) == "SourceConnected"
    assert told(event) == {"booted_at": "2026-11-21T19:16:25.000Z"}
    assert told(unsaid) == {}


def test_a_heartbeat_carries_the_clock_of_the_source_and_a_readable_id() -> None:
    text = "Response: Success\nPing: Pong\nTimestamp: 1795288589.900000"

    (event,) = translate(frame(text), NAMES)

    assert kind(event) == "SourceHeartbeat"
    assert event.id == "pbx1-ami-1795288589900"
    assert event.subject == "pbx1"
    assert event.time == "2026-11-21T19:16:29.900Z"
    assert told(event) == {"skew_ms": -101}
    assert translate(frame("Response: Success\nPing: Pong"), NAMES) == []


def test_heartbeats_of_one_id_have_one_time() -> None:
    """After a reconnect there are two in a second; the store knows an event by both."""
    pong = "Response: Success\nPing: Pong\nTimestamp: 1795288800."

    told_at = [
        (event.id, event.time)
        for part in ("797516", "797999", "877994")
        for event in translate(frame(pong + part), NAMES)
    ]

    assert told_at[0] == told_at[1]
    assert told_at[2][0] != told_at[0][0]
    assert told_at[2][1] != told_at[0][1]


# --- whole recordings -----------------------------------------------------------------------


def story(path: Path) -> list[str]:
    """One line for each event: second and millisecond, type, the data that tells it apart."""
    lines = []
    for each in ami_frames([path], "pbx1"):
        assert isinstance(each, Frame)
        for event in translate(each, NAMES):
            data = told(event)
            shown = [data.get(name) for name in SHOWN if data.get(name) is not None]
            lines.append(" ".join(map(str, (event.time[14:23], kind(event), *shown))))
    return lines


SHOWN = (
    "channel_id", "queue_id", "agent_id", "offer_id", "result", "outcome", "kind", "to",
    "ended_by", "wait_ms", "ring_ms", "talk_ms", "place",
)  # fmt: skip

STORIES = {
    "queue_answered": """
        16:30.539 InteractionStarted 1795288590.12
        16:30.540 QueueEntered 1795288590.12 vip
        16:30.541 OfferStarted 1795288590.12 vip Egor Volkov 1795288590.14
        16:31.545 QueueLeft 1795288590.12 vip unknown
        16:31.545 LegConnected 1795288590.12 vip Egor Volkov 1795288590.14 1000 1000
        17:12.482 ChannelHangupRequested 1795288590.12
        17:12.482 ChannelEnded 1795288590.13 caller,41.4,3
        17:12.482 LegEnded 1795288590.12 vip Egor Volkov 1795288590.14 caller 1000 41000
        17:12.482 ChannelHangupRequested 1795288590.15
        17:12.482 ChannelEnded 1795288590.14 agents,vip,1
        17:12.482 ChannelEnded 1795288590.15 agents,h,2
        17:12.483 InteractionEnded 1795288590.12 inbound,vip,2
    """,
    "queue_abandoned": """
        17:02.542 InteractionStarted 1795288622.100
        17:02.543 QueueEntered 1795288622.100 sales
        17:16.057 ChannelHangupRequested 1795288622.100
        17:16.057 ChannelEnded 1795288622.101 caller,13.0,3
        17:16.057 QueueLeft 1795288622.100 sales unanswered 14000 inbound,sales,2
        17:16.057 QueueLeft 1795288622.100 sales unknown
        17:16.057 InteractionEnded 1795288622.100 inbound,sales,2
    """,
    "queue_timeout": """
        18:00.628 InteractionStarted 1795288680.222
        18:00.629 QueueEntered 1795288680.222 support
        18:15.644 QueueLeft 1795288680.222 support unanswered 15000 inbound,support,2
        18:15.644 QueueLeft 1795288680.222 support unknown
        18:15.644 QueueLeft 1795288680.222 timeout
        18:16.646 ChannelHangupRequested 1795288680.223
        18:16.646 InteractionEnded 1795288680.222 inbound,over,2
        18:16.646 ChannelEnded 1795288680.223 caller,30.7,2
    """,
    "ring_no_answer": """
        16:46.619 InteractionStarted 1795288606.62
        16:46.619 QueueEntered 1795288606.62 vip
        16:46.620 OfferStarted 1795288606.62 vip Jonas Weber 1795288606.64
        16:54.623 OfferEnded 1795288606.62 vip Jonas Weber 1795288606.64 no_answer 8000
        16:54.623 OfferEnded 1795288606.62 1795288606.64 no_answer
        16:54.623 OfferEnded 1795288606.62 1795288606.64 cancelled
        16:54.623 ChannelHangupRequested 1795288606.65
        16:54.623 ChannelEnded 1795288606.64 agents,vip,1
        16:54.624 ChannelEnded 1795288606.65 agents,h,2
        16:55.625 OfferStarted 1795288606.62 vip Nikolai Sokolov 1795288615.82
        16:56.628 QueueLeft 1795288606.62 vip unknown
        16:56.628 LegConnected 1795288606.62 vip Nikolai Sokolov 1795288615.82 10000 1000
        17:06.230 ChannelHangupRequested 1795288606.62
        17:06.230 ChannelEnded 1795288606.63 caller,19.1,3
        17:06.231 LegEnded 1795288606.62 vip Nikolai Sokolov 1795288615.82 caller 10000 10000
        17:06.231 ChannelHangupRequested 1795288615.83
        17:06.231 ChannelEnded 1795288615.82 agents,vip,1
        17:06.232 InteractionEnded 1795288606.62 inbound,vip,2
        17:06.232 ChannelEnded 1795288615.83 agents,h,2
    """,
    "transfer_blind": """
        16:58.704 InteractionStarted 1795288618.92
        16:58.705 QueueEntered 1795288618.92 billing
        17:07.715 OfferStarted 1795288618.92 billing Boris Ivanov 1795288627.108
        17:09.719 QueueLeft 1795288618.92 billing unknown
        17:09.719 LegConnected 1795288618.92 billing Boris Ivanov 1795288627.108 11000 2000
        17:15.143 LegResumed 1795288627.108
        17:15.143 LegTransferred 1795288618.92 blind support
        17:15.143 LegEnded 1795288618.92 billing Boris Ivanov 1795288627.108 agent 11000 6000
        17:15.143 QueueEntered 1795288618.92 support
        17:15.143 ChannelHangupRequested 1795288627.109
        17:15.144 ChannelEnded 1795288627.108 agents,billing,1
        17:15.144 ChannelEnded 1795288627.109 agents,h,2
        17:26.156 OfferStarted 1795288618.92 support Hugo Martin 1795288646.146
        17:30.161 QueueLeft 1795288618.92 support unknown
        17:30.161 LegConnected 1795288618.92 support Hugo Martin 1795288646.146 15000 4000
        17:53.686 ChannelHangupRequested 1795288646.146
        17:53.686 ChannelEnded 1795288646.147 agents,h,2
        17:53.686 LegEnded 1795288618.92 support Hugo Martin 1795288646.146 agent 15000 23000
        17:53.686 ChannelEnded 1795288646.146 agents,support,1
        17:53.686 ChannelHangupRequested 1795288618.93
        17:53.687 InteractionEnded 1795288618.92 inbound,support,2
        17:53.687 ChannelEnded 1795288618.93 caller,142.5,2
    """,
}


@pytest.mark.parametrize("name", STORIES)
def test_a_recorded_call_is_told_event_by_event(name: str) -> None:
    expected = [line.strip() for line in STORIES[name].strip().splitlines()]

    assert story(RECORDINGS / f"{name}.ami") == expected


def lab_events() -> Iterable[Event]:
    for each in ami_frames([LAB], "pbx1"):
        assert isinstance(each, Frame)
        yield from translate(each, NAMES)


def test_the_lab_session_has_the_counts_that_its_readme_tells() -> None:
    events = list(lab_events())
    kinds = Counter(map(kind, events))
    exits = Counter(told(event)["outcome"] for event in events if kind(event) == "QueueLeft")
    missed = [
        event for event in events if kind(event) == "OfferEnded" and "agent_id" in told(event)
    ]

    assert kinds["QueueEntered"] == 818
    # Of those unanswered tells QueueCallerAbandon, and before it the variable ABANDONED.
    assert exits == {"unknown": 818, "unanswered": 2 * 140, "timeout": 18}
    assert kinds["LegConnected"] == kinds["LegEnded"] == 678
    assert kinds["LegTransferred"] == kinds["LegResumed"] == 28  # Unhold, before each
    # Every channel of the lab is Local: there is no device in it, nor a second contact.
    assert not {name for name in kinds if name.startswith("Channel")} - {
        "ChannelEnded", "ChannelHangupRequested",
    }  # fmt: skip
    assert kinds["InteractionMerged"] == kinds["LegHeld"] == 0
    assert kinds["OfferStarted"] == 767
    assert Counter(told(event)["result"] for event in missed) == {"no_answer": 65}
    assert kinds["AgentQueueJoined"] == kinds["AgentQueueLeft"] == 70
    assert kinds["AgentStateChanged"] == 2 * 395
    assert kinds["SnapshotQueue"] == 4
    assert kinds["SnapshotCompleted"] == kinds["SourceConnected"] == 1
    assert len({event.id for event in events}) == len(events)


def test_the_counters_of_asterisk_close_the_lab_session() -> None:
    counted = [told(event) for event in lab_events() if kind(event) == "SnapshotQueue"]

    # truth.json of the recording
    assert sum(queue["completed"] for queue in counted) == 671
    assert {queue["queue_id"]: queue.get("abandoned", 0) for queue in counted}["sales"] == 47


# --- other people's recordings ----------------------------------------------------------------


def translated(messages: Iterable[bytes]) -> Counter[str]:
    """Kinds of events and of refusals; any other error fails the test."""
    found: Counter[str] = Counter()
    for message in messages:
        try:
            found.update(
                kind(each) for each in translate(Frame("p", "ami", RECEIVED_US, message), NAMES)
            )
        except FrameWithoutTime:
            found["without time"] += 1
    return found


def test_the_vocabulary_of_ami_1_passes_without_harm() -> None:
    folder = DATA / "ami-panoramisk"
    if not folder.exists():
        pytest.skip("the recordings of panoramisk are not beside this checkout")
    found: Counter[str] = Counter()
    for path in folder.glob("*.yaml"):
        frames = AmiFrames()
        found += translated([*frames.feed(path.read_bytes() + b"\n\n")])

    # Its README: one QueueParams, 6 QueueMember, QueueStatusComplete. Counted by hand: one
    # QueueMemberPaused, one QueueMemberAdded, which that Asterisk sent without Timestamp.
    assert found["SnapshotQueue"] == found["SnapshotCompleted"] == 1
    assert found["SnapshotAgent"] == 6
    assert found["without time"] == 2
    assert found["SourceHeartbeat"] > 0
    assert set(found) == {
        "SnapshotQueue", "SnapshotAgent", "SnapshotCompleted", "SourceHeartbeat",
        "SourceConnected", "without time",
    }  # fmt: skip


def test_recorded_transfers_without_timestamps_are_refused_for_that_alone() -> None:
    folder = DATA / "ami-cacofonisk"
    if not folder.exists():
        pytest.skip("the recordings of cacofonisk are not beside this checkout")
    messages = []
    for path in folder.rglob("*.json"):
        for headers in json.loads(path.read_text()):
            if headers["Event"].encode() in NEEDED:
                lines = (f"{key}: {value}" for key, value in headers.items())
                messages.append("\r\n".join(lines).encode())
    found = translated(messages)

    # Its README: 84 FullyBooted among 4,491 events.
    assert found["SourceConnected"] == 84
    assert set(found) == {"SourceConnected", "without time"}


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30)
PAUSED = timed("Event: QueueMemberPause\nQueue: sales\nPaused: 1").content


def paused_by_both_feeds(agent: bytes, caller: bytes) -> list[str]:
    ami = PAUSED + b"\r\nMemberName: " + agent + b"\r\nCallerIDName: " + caller
    line = b"1795288587|NONE|sales|" + agent + b"|PAUSE|" + caller
    events = [
        *translate(Frame("pbx1", "ami", RECEIVED_US, ami), NAMES),
        *translate_line(Frame("pbx1", "queue-log", RECEIVED_US, line), NAMES),
    ]
    return [told(event)["agent_id"] for event in events]


@pytest.mark.parametrize(
    ("code_page", "names", "shown"),
    [
        ("utf-8", ("Анна", "Иван"), ["Анна", "Иван"]),
        ("latin-1", ("Jürgen", "Jörgen"), ["Jürgen", "Jörgen"]),
        ("latin-1", ("José", "Josè"), ["José", "Josè"]),
        ("cp1251", ("Анна", "Иван"), ["Àííà", "Èâàí"]),
        ("cp866", ("Анна", "Рита"), ["€\xad\xad\xa0", "\\x90¨â\xa0"]),
    ],
)
def test_two_people_are_two_in_any_code_page_and_the_same_in_both_feeds(
    code_page: str, names: tuple[str, str], shown: list[str]
) -> None:
    # The caller's name comes from elsewhere, and in a code page of its own.
    for caller in (b"", "Müller".encode(), b"M\xfcller"):
        for name, expected in zip(names, shown, strict=True):
            found = paused_by_both_feeds(name.encode(code_page), caller)
            assert found == [expected, expected]


def test_a_name_that_asterisk_cut_within_a_character_is_read_up_to_there() -> None:
    cut = "Анна Петрова".encode()[:-1]

    assert paused_by_both_feeds(cut, b"") == ["Анна Петров\ufffd"] * 2


HEADERS = st.sampled_from(
    ["Uniqueid", "Linkedid", "DestUniqueid", "Queue", "MemberName", "HoldTime", "RingTime",
     "Timestamp", "Paused", "ActionID", "Uptime", "Ping", "Variable", "Value", "Result",
     "TransfereeUniqueid", "Extension", "Exten", "Channel", "ChannelState",
     "BridgeUniqueid", "OrigTransfererUniqueid", "SecondTransfererUniqueid", "DestType",
     "CallerIDNum", "Wait", "Agent", "DialStatus"]
)  # fmt: skip
VALUES = TEXTS | st.sampled_from(
    [
        "1.0",
        "0",
        "-1",
        "1795288587.1",
        "Pong",
        "QUEUESTATUS",
        "TIMEOUT",
        "Success",
        "CANCEL",
        "6",
        "PJSIP/1001-00000001",
    ]
)


@given(
    name=st.sampled_from(sorted(NEEDED)),
    headers=st.lists(st.tuples(HEADERS, VALUES), max_size=12),
    broken=st.binary(max_size=8),
)
def test_no_message_does_more_than_be_refused(
    name: bytes, headers: list[tuple[str, str]], broken: bytes
) -> None:
    lines = [f"{key}: {value}".encode() for key, value in headers]
    content = b"\r\n".join([b"Event: " + name, *lines, b"X: " + broken])

    events: list[Event] = []
    with suppress(UntranslatableFrame):
        events = translate(Frame("pbx1", "ami", RECEIVED_US, content), NAMES)

    assert all(decode(encode(event)) == event for event in events)
