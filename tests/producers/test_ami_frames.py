"""Cutting a manager session into messages, whatever the portions and the noise."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.asterisk.frames import AmiFrames
from producers.asterisk.message import parse, timestamp_us

REPOSITORY = Path(__file__).parents[2]
RECORDINGS = REPOSITORY / "tests" / "recordings"
DATA = REPOSITORY.parent / "shared" / "data"
LAB = REPOSITORY / "producers" / "recordings" / "asterisk_lab" / "ami.log.gz"

HANGUP = b"Event: Hangup\r\nPrivilege: call,all\r\nUniqueid: 1.0"
NEWEXTEN = b"Event: Newexten\r\nPrivilege: dialplan,all\r\nUniqueid: 1.0"


def fed(*chunks: bytes, longest: int = 64 * 1024) -> tuple[list[bytes], AmiFrames]:
    frames = AmiFrames(longest)
    return [message for chunk in chunks for message in frames.feed(chunk)], frames


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({min(place, len(data)) for place in places})
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)]


def test_noise_is_passed_over_and_counted() -> None:
    messages, frames = fed(
        NEWEXTEN + b"\r\n\r\n" + HANGUP + b"\r\n\r\n" + NEWEXTEN + b"\r\n\r\n"
    )

    assert messages == [HANGUP]
    assert frames.passed_over == 2


def test_a_message_is_complete_only_with_its_blank_line() -> None:
    messages, frames = fed(HANGUP + b"\r\n")

    assert messages == []
    assert frames.close() == HANGUP
    assert frames.close() == b""


def test_only_variables_that_tell_of_a_queue_exit_are_kept() -> None:
    queue_status = b"Event: VarSet\r\nUniqueid: 1.0\r\nVariable: QUEUESTATUS\r\nValue: TIMEOUT"
    abandoned = b"Event: VarSet\r\nUniqueid: 1.0\r\nVariable: ABANDONED\r\nValue: TRUE"
    other = b"Event: VarSet\r\nUniqueid: 1.0\r\nVariable: MONTH\r\nValue: 5"

    messages, frames = fed(b"\r\n\r\n".join([abandoned, queue_status, other, b""]))

    assert messages == [abandoned, queue_status]
    assert frames.passed_over == 1


def test_a_greeting_and_answers_are_no_events() -> None:
    answer = b"Response: Success\r\nActionID: 1\r\nMessage: Authentication accepted"
    greeting = b"Asterisk Call Manager/11.0.0\r\n"

    messages, frames = fed(greeting + answer + b"\r\n\r\n" + HANGUP + b"\r\n\r\n")

    assert messages == [HANGUP]
    assert [parse(kept)["Message"] for kept in frames.answers] == ["Authentication accepted"]


def test_the_answer_to_a_ping_is_kept_for_its_clock() -> None:
    pong = b"Response: Success\r\nActionID: 1\r\nPing: Pong\r\nTimestamp: 1409169929.412068"

    messages, _ = fed(pong + b"\r\n\r\n")

    assert messages == [pong]
    assert timestamp_us(pong) == 1_409_169_929_412_068


def test_lines_of_a_console_between_messages_are_dropped() -> None:
    console = (
        b"  == Using SIP RTP CoS mark 5\n"
        b"       > 0x5647 -- Strict RTP learning after remote address set to: 192.0.2.1:17554\n"
        b"<-- Examining AMI event: -->\n"
    )

    messages, _ = fed(console + b"Event: Hangup\nUniqueid: 1.0\n\n\n")

    assert messages == [b"Event: Hangup\nUniqueid: 1.0"]


def test_an_event_need_not_begin_with_its_name() -> None:
    message = b"AccountCode: \r\nEvent: Hangup\r\nUniqueid: 1.0"

    assert fed(message + b"\r\n\r\n")[0] == [message]


def test_a_giant_that_is_needed_is_refused_and_the_next_message_read() -> None:
    giant = b"Event: Hangup\r\nUniqueid: 1.0\r\nChannel: " + b"x" * 200

    messages, frames = fed(giant + b"\r\n\r\n" + HANGUP + b"\r\n\r\n", longest=100)

    assert messages == [HANGUP]
    (refused,) = frames.refused
    assert refused.reason == "oversized"
    assert refused.content == giant[:100]


def test_a_stream_without_blank_lines_does_not_fill_the_memory() -> None:
    frames = AmiFrames(longest=1000)
    for _ in range(1000):
        frames.feed(b"x" * 1000)

    assert len(frames._tail) < 10
    assert frames.feed(b"\r\n\r\n" + HANGUP + b"\r\n\r\n") == [HANGUP]


def test_the_first_of_a_repeated_key_counts_and_text_that_is_not_utf_8_stays_readable() -> None:
    headers = parse(
        b"Event: Hangup\r\nVariable: a=1\r\nVariable: b=2\r\n"
        b"CallerIDName: J\xfcrgen: x\r\nEmpty: "
    )

    assert headers["Variable"] == "a=1"
    assert headers["CallerIDName"] == "Jürgen: x"
    assert headers["Empty"] == ""


@pytest.mark.parametrize("path", sorted(RECORDINGS.glob("*.ami")), ids=lambda path: path.stem)
def test_the_line_ends_of_a_recording_do_not_matter(path: Path) -> None:
    data = path.read_bytes()

    crlf, _ = fed(data)
    lf, _ = fed(data.replace(b"\r\n", b"\n"))

    assert [parse(message) for message in lf] == [parse(message) for message in crlf]
    assert crlf


@given(
    places=st.lists(st.integers(0, 28_000)),
    lf=st.booleans(),
    longest=st.sampled_from([64, 700, 65536]),
)
def test_the_portions_of_a_recording_do_not_matter(
    places: list[int], lf: bool, longest: int
) -> None:
    data = (RECORDINGS / "transfer_blind.ami").read_bytes()
    data = data.replace(b"\r\n", b"\n") if lf else data

    whole, at_once = fed(data, longest=longest)
    parts, in_portions = fed(*cut(data, places), longest=longest)

    assert parts == whole
    assert in_portions.refused == at_once.refused
    assert in_portions.passed_over == at_once.passed_over
    assert in_portions.close() == at_once.close()


PIECES = st.sampled_from(
    [b"\n", b"\r\n", b"\r", b"Event: Hangup", b"Event: Newexten", b"Uniqueid: 1.0", b"\xff\x00",
     b"Response: Success", b"Ping: Pong", b"  == noise", b"x" * 120, b": "]
)  # fmt: skip


@given(pieces=st.lists(PIECES, max_size=40), places=st.lists(st.integers(0, 400)))
def test_no_bytes_break_the_reader_and_portions_never_matter(
    pieces: list[bytes], places: list[int]
) -> None:
    data = b"".join(pieces)

    whole, at_once = fed(data, longest=100)
    parts, in_portions = fed(*cut(data, places), longest=100)

    assert parts == whole
    assert in_portions.refused == at_once.refused
    assert in_portions.passed_over == at_once.passed_over


@given(end=st.integers(0, 28_000))
def test_a_recording_cut_anywhere_gives_the_messages_before_the_cut(end: int) -> None:
    data = (RECORDINGS / "transfer_blind.ami").read_bytes()

    whole, _ = fed(data)
    head, _ = fed(data[:end])

    assert head == whole[: len(head)]


def test_the_lab_session_has_80570_events_of_which_one_in_six_is_needed() -> None:
    messages, frames = fed(gzip.decompress(LAB.read_bytes()))

    answers = 2
    assert len(messages) + frames.passed_over == 80_570 + answers
    assert sum(message.startswith(b"Event: QueueCallerJoin\r") for message in messages) == 818
    assert frames.refused == []
    assert frames.close() == b""


def test_a_console_recording_with_noise_gives_each_event_once() -> None:
    path = DATA / "ami-callme" / "log_setVar.txt"
    if not path.exists():
        pytest.skip(f"{path.name} may not be committed and is not beside this checkout")

    messages, frames = fed(path.read_bytes() + b"\n\n")

    # Its README: 221 events; needed are these, by hand from the file (grep "^Event: ").
    names = [parse(message)["Event"] for message in messages]
    assert names == [
        "Newchannel", "Newstate", "Newstate", "QueueCallerJoin", "Newchannel", "AgentCalled",
        "Newstate", "Newstate", "DialEnd", "QueueCallerLeave", "AgentConnect", "BridgeEnter",
        "BridgeEnter", "HangupRequest", "AgentComplete", "BridgeLeave", "VarSet",
        "SoftHangupRequest", "BridgeLeave", "Hangup", "SoftHangupRequest", "Hangup",
    ]  # fmt: skip
    assert len(messages) + frames.passed_over >= 221


def test_what_only_devices_tell_is_passed_over_of_local_channels() -> None:
    of_device, of_joint = (
        f"Event: {name}\r\nPrivilege: call,all\r\nChannel: {channel}\r\n\r\n".encode()
        for name in ("BridgeEnter",)
        for channel in ("PJSIP/1001-00000001", "Local/1001@agents-00000001;2")
    )

    messages, frames = fed(of_device + of_joint)

    assert messages == [of_device.strip()]
    assert frames.passed_over == 1


def test_a_member_is_kept_once_however_often_his_state_is_told() -> None:
    told = (
        b"Event: QueueMemberStatus\r\nPrivilege: agent,all\r\nTimestamp: 1.%d\r\nQueue: %s\r\n"
        b"MemberName: Ann\r\nInterface: SIP/7\r\nPenalty: 0\r\nStatus: %d\r\n\r\n"
    )
    noise = b"a console says so\r\n"
    chunks = [
        told % (1, b"sales", 1), told % (2, b"sales", 2), told % (3, b"support", 2),
        noise + told % (4, b"support", 1), (told % (5, b"vip", 1)).replace(b"Timestamp", b"At"),
    ]  # fmt: skip

    messages, frames = fed(*chunks)

    assert [parse(message)["Queue"] for message in messages] == ["sales", "support"]
    assert frames.passed_over == 3
    # After a start nobody is known, also where a console wrote between the messages.
    for start in (b"Event: FullyBooted\r\n\r\n", noise + b"Event: FullyBooted\r\n\r\n"):
        assert len(frames.feed(start + chunks[1])) == 2


def test_a_dynamic_member_has_joined_and_is_shown_in_vain() -> None:
    shown = (
        b"Event: QueueMemberStatus\r\nTimestamp: 1.2\r\nQueue: sales\r\nInterface: SIP/7\r\n"
        b"Membership: %s\r\n\r\n"
    )

    messages, frames = fed(*(shown % how for how in (b"dynamic", b"static", b"realtime")))

    assert [parse(message)["Membership"] for message in messages] == ["static"]
    assert frames.passed_over == 2


def test_a_message_of_one_line_is_kept_however_its_line_ends() -> None:
    for end in (b"\n", b"\r\n"):
        assert fed(b"Event: FullyBooted" + 2 * end)[0] == [b"Event: FullyBooted"]


@pytest.mark.parametrize("name", [b"QueueMemberAdded", b"QueueMember"])
def test_a_member_who_was_told_of_is_shown_in_vain(name: bytes) -> None:
    joined = (
        b"Event: %s\r\nQueue: sales\r\nName: Ann\r\nMemberName: Ann\r\nLocation: SIP/7\r\n"
        b"Interface: SIP/7\r\n\r\n" % name
    )
    shown = (
        b"Event: QueueMemberStatus\r\nTimestamp: 1.2\r\nQueue: %s\r\nInterface: SIP/%d\r\n\r\n"
    )

    messages, _ = fed(joined, shown % (b"sales", 7), shown % (b"sales", 8), shown % (b"vip", 7))

    told = [(parse(message)["Queue"], parse(message)["Interface"]) for message in messages]
    assert told == [("sales", "SIP/7"), ("sales", "SIP/8"), ("vip", "SIP/7")]
