"""Recording files: what is read, in which order, and what is said when it cannot be."""

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.asterisk.recordings import ami_frames, queue_log_frames
from producers.frame import Frame, Rejected
from producers.kinds import KINDS, TRANSLATIONS
from producers.recording import AMI, QUEUE_LOG, read_chunks, sniff
from schemas.errors import UnreadableRecording

LAB = Path(__file__).parents[2] / "producers" / "recordings" / "asterisk_lab"

HANGUP = "Event: Hangup\nUniqueid: 1.0\nTimestamp: {}\n\n"
MEMBER = "Event: QueueMember\nQueue: sales\nName: Ann\nActionID: 7\n\n"


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@contextmanager
def refused() -> Iterator[list[str]]:
    """What was said, which must be one line."""
    said: list[str] = []
    with pytest.raises(UnreadableRecording) as error:
        yield said
    said.append(str(error.value))
    assert "\n" not in said[0]


def test_a_packed_recording_reads_like_a_plain_one_whatever_its_name(tmp_path: Path) -> None:
    content = b"10|a|q|x|PAUSE|\n" * 100_000
    plain = written(tmp_path, "plain", content)
    packed = written(tmp_path, "packed", gzip.compress(content))

    assert b"".join(read_chunks(plain)) == content
    assert b"".join(read_chunks(packed)) == content


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with refused() as said:
        list(read_chunks(tmp_path / "gone.ami", AMI))

    path = tmp_path / "gone.ami"
    assert said == [
        f"cannot import {path} as asterisk-ami: there is no such file; check the path"
    ]


def test_a_directory_is_no_recording(tmp_path: Path) -> None:
    with refused() as said:
        list(read_chunks(tmp_path, AMI))

    assert "it is a directory" in said[0]


@pytest.mark.parametrize("content", [b"", gzip.compress(b"")], ids=["plain", "packed"])
def test_an_empty_file_is_no_recording(tmp_path: Path, content: bytes) -> None:
    with refused() as said:
        list(read_chunks(written(tmp_path, "empty", content), AMI))

    assert "it is empty" in said[0]


def test_a_file_that_may_not_be_read_is_no_recording(tmp_path: Path) -> None:
    path = written(tmp_path, "secret.ami", HANGUP)
    path.chmod(0)
    user = os.geteuid()
    try:
        if user == 0:  # root may read anything
            os.seteuid(65534)
        with refused() as said:
            list(read_chunks(path, AMI))
    finally:
        os.seteuid(user)

    assert "may not read it" in said[0]


@settings(deadline=None)  # a busy machine
@given(kept=st.integers(20, 40_000))
def test_a_packed_file_cut_off_gives_what_was_before_the_cut(
    tmp_path_factory: pytest.TempPathFactory, kept: int
) -> None:
    content = (LAB / "queue_log").read_bytes()
    packed = gzip.compress(content)
    path = written(
        tmp_path_factory.mktemp("cut"), "log.gz", packed[: min(kept, len(packed) - 1)]
    )

    read = b""
    with refused() as said:
        for chunk in read_chunks(path, QUEUE_LOG):
            read += chunk

    assert content.startswith(read)
    assert f"cut off after {len(read)} bytes" in said[0]


def test_a_packed_file_that_is_damaged_is_told_from_one_cut_off(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress((LAB / "queue_log").read_bytes()))
    packed[5_000:5_050] = b"\xff" * 50

    with refused() as said:
        list(read_chunks(written(tmp_path, "log.gz", bytes(packed)), QUEUE_LOG))

    assert "the gzip file is damaged after" in said[0]


AMI_TEXT = HANGUP.format("10.0")
LOG_TEXT = "10|a|q|x|PAUSE|\n".replace("10|", "1795288587|")


@pytest.mark.parametrize(
    ("head", "kind", "why"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", AMI, "it is a JPEG picture; give a capture of"),
        (b"\x89PNG\r\n\x1a\n", QUEUE_LOG, "it is a PNG picture; give a queue log"),
        (b"%PDF-1.7", AMI, "it is a PDF document"),
        (b"PK\x03\x04", AMI, "it is a ZIP archive"),
        (b"BZh9", AMI, "it is packed with bzip2"),
        (AMI_TEXT.encode("utf-16"), AMI, "iconv -f UTF-16 -t UTF-8"),
        (AMI_TEXT.encode("utf-16-le"), AMI, "iconv -f UTF-16 -t UTF-8"),
        (LOG_TEXT.encode("utf-16-be"), QUEUE_LOG, "iconv -f UTF-16 -t UTF-8"),
        (LOG_TEXT.encode(), AMI, "import it as asterisk-queue-log"),
        (AMI_TEXT.encode(), QUEUE_LOG, "import it as asterisk-ami"),
        (b"Event: \0\0\0\0", AMI, "it is binary"),
        (b"\x01\x02\x03\x04\x05text", AMI, "it is binary"),
        (b"uid,date_time,callid\n1,2,3\n", QUEUE_LOG, "nothing in its first 27 bytes"),
        (b'[{"Event": "Hangup"}]', AMI, "looks like one; give a capture of"),
    ],
)  # fmt: skip
def test_what_is_plainly_something_else_is_told(head: bytes, kind: str, why: str) -> None:
    assert why in sniff(head, kind)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (AMI_TEXT.encode(), AMI),
        (b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\n", AMI),
        (b"  == Using SIP RTP\n\x1b[0m<-- Examining AMI event: -->\nEvent: Hangup\n", AMI),
        ("Event: Newchannel\nCallerIDName: J\xfcrgen\n".encode("latin-1"), AMI),
        (LOG_TEXT.encode(), QUEUE_LOG),
        (b"\xef\xbb\xbf" + LOG_TEXT.encode(), QUEUE_LOG),
        (("half a line\n" + LOG_TEXT).encode(), QUEUE_LOG),
    ],
)
def test_what_may_be_a_recording_is_let_through(head: bytes, kind: str) -> None:
    assert sniff(head, kind) == ""


def test_a_picture_is_refused_by_its_name(tmp_path: Path) -> None:
    path = written(tmp_path, "photo.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF")

    with refused() as said:
        list(ami_frames([path], "pbx1"))

    assert said == [
        f"cannot import {path} as asterisk-ami: it is a JPEG picture; "
        "give a capture of the manager interface"
    ]


# --- as frames ------------------------------------------------------------------------------


def test_a_message_without_a_time_was_received_at_the_last_one_told(tmp_path: Path) -> None:
    text = MEMBER + HANGUP.format("10.5") + MEMBER + HANGUP.format("12.0") + MEMBER
    path = written(tmp_path, "session.ami", text)

    frames = list(ami_frames([path], "pbx1"))

    assert [frame.received_at_us for frame in frames if isinstance(frame, Frame)] == [
        10_500_000, 10_500_000, 10_500_000, 12_000_000, 12_000_000,
    ]  # fmt: skip


def test_a_capture_that_tells_no_time_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = written(tmp_path, "session.ami", MEMBER)

    with refused() as said:
        list(ami_frames([path], "pbx1"))

    assert "set timestampevents = yes in manager.conf" in said[0]


def test_a_capture_that_ends_within_a_message_rejects_it(tmp_path: Path) -> None:
    path = written(tmp_path, "session.ami", HANGUP.format("10.0") + "Event: Hangup\nUniq")

    whole, cut = ami_frames([path], "pbx1")

    assert isinstance(whole, Frame)
    assert isinstance(cut, Rejected)
    assert (cut.frame.content, cut.reason) == (b"Event: Hangup\nUniq", "malformed")
    assert cut.frame.received_at_us == 10_000_000


def test_giants_are_rejected_and_not_lost(tmp_path: Path) -> None:
    giant = HANGUP.format("11.0") + "Event: Hangup\nChannel: " + "x" * 70_000 + "\n\n"
    log = LOG_TEXT + "1795288587|a|q|x|INFO|" + "x" * 70_000 + "\n"

    _, rejected = ami_frames([written(tmp_path, "session.ami", giant)], "pbx1")
    _, rejected_line = queue_log_frames([written(tmp_path, "queue_log", log)], "pbx1")

    assert isinstance(rejected, Rejected)
    assert isinstance(rejected_line, Rejected)
    assert rejected.reason == rejected_line.reason == "oversized"


def test_rotated_logs_are_read_in_the_order_of_their_seconds(tmp_path: Path) -> None:
    newest = written(tmp_path, "queue_log", "1795288589|a|q|x|PAUSE|\n")
    oldest = written(tmp_path, "queue_log.1.gz", gzip.compress(b"1795288587|a|q|x|PAUSE|"))
    middle = written(
        tmp_path, "queue_log.0", "1795288587|a|q|y|PAUSE|\n1795288588|a|q|x|PAUSE|\n"
    )

    frames = list(queue_log_frames([newest, oldest, middle], "pbx1", 1_795_288_587, 4))

    places = [
        (frame.received_at_us // 1_000_000 % 10, frame.ordinal)
        for frame in frames
        if isinstance(frame, Frame)
    ]
    assert places == [(7, 4), (7, 5), (8, 0), (9, 0)]


def test_each_kind_reads_and_translates_its_recording() -> None:
    counts = {}
    for name, file in [(AMI, "ami.log.gz"), (QUEUE_LOG, "queue_log")]:
        frames = list(KINDS[name].frames([LAB / file], "pbx1", 0, 0))
        assert {frame.feed for frame in frames if isinstance(frame, Frame)} == {
            KINDS[name].feed
        }
        counts[name] = len(frames)

    assert counts[QUEUE_LOG] == (LAB / "queue_log").read_bytes().count(b"\n")
    # The others come from nowhere but a journal: nobody has recordings of them.
    others = {"reviews", "schedule", "webhook"}
    assert TRANSLATIONS.keys() == {"ami", "queue-log"} | others
