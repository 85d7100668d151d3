"""A live manager interface on a real socket, against a PBX that misbehaves."""

import logging
import random
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from producers.asterisk.clock import heard_until_us
from producers.asterisk.message import timestamp_us
from producers.asterisk.recordings import ami_frames
from producers.frame import Frame, Naming
from producers.identity import CallerKeys
from producers.kinds import TRANSLATIONS
from pult.source_settings import AmiSettings, SourceSettings
from pult.sources import live_sources
from schemas.errors import SettingsInvalid
from schemas.events import SourceDisconnected
from stream_processors.core.instants import to_ms
from tests.certificates import Certificates
from tests.fake_pbx import FakePbx
from tests.oracles.lab_numbers import LAB
from tests.pbx_tape import stamp_us, tape
from tests.producers.live_reading import (
    QUICK,
    SECRETS,
    Running,
    ami,
    running,
    wait_until,
)

CALL = Path(__file__).parents[1] / "recordings" / "queue_answered.ami"
OURS = re.compile(rb"^ActionID: pult-|^Event: (FullyBooted|PultDisconnected)", re.MULTILINE)
NAMES = Naming("main", "main", CallerKeys(b"tests"))


def said_by_pbx(contents: list[bytes]) -> list[bytes]:
    """Leave out what was said only because we asked, and our own notes."""
    return [each for each in contents if not OURS.search(each)]


def imported(path: Path) -> list[bytes]:
    frames = [each for each in ami_frames([path], "pbx1") if isinstance(each, Frame)]
    return said_by_pbx([each.content.replace(b"\r\n", b"\n") for each in frames])


def plain(contents: list[bytes]) -> list[bytes]:
    return [each.replace(b"\r\n", b"\n") for each in said_by_pbx(contents)]


def gaps(live: Running) -> list[bytes]:
    return [each for each in live.contents() if each.startswith(b"Event: PultDisconnected")]


def test_a_recording_said_on_a_socket_comes_into_the_journal_as_an_import_reads_it(
    tmp_path: Path,
) -> None:
    recording = LAB / "ami.log.gz"
    # Half an hour at once keeps a busy machine from answering for a while.
    patient = QUICK._replace(silent=15)
    with FakePbx(recording) as pbx, running(tmp_path, ami(pbx), patient) as live:
        assert pbx.played.wait(30)
        expected = imported(recording)
        wait_until(lambda: len(plain(live.contents())) >= len(expected), "all is kept")
        found = plain(live.contents())
        wait_until(live.ready, "it is ready")

    assert len(expected) > 10_000
    assert found == expected
    status = live.sources[0].status
    assert status.passed_over > 30_000
    assert (status.losses, status.refused, status.refusals) == (0, 0, 0)


@pytest.mark.parametrize(("auth", "pieces"), [("md5", 7), ("plain", 1)])
def test_messages_in_pieces_of_any_size_are_the_same_messages(
    tmp_path: Path, auth: str, pieces: int
) -> None:
    with FakePbx(CALL, begin=False) as pbx:
        pbx.fragment = pieces
        with running(tmp_path, ami(pbx, auth=auth)) as live:
            wait_until(live.ready, "it is ready")
            pbx.go()
            expected = imported(CALL)
            wait_until(lambda: len(plain(live.contents())) == len(expected), "all is kept")
            found = plain(live.contents())

    assert found == expected


def test_a_cut_is_a_gap_from_the_last_message_on_and_a_snapshot_ends_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    half = len(tape(CALL)) // 2
    with FakePbx(CALL, begin=False) as pbx, running(tmp_path, ami(pbx)) as live:
        wait_until(live.ready, "it is ready")
        begun = time.monotonic()
        pbx.go(half)
        wait_until(
            lambda: live.sources[0].status.clock_us >= tape(CALL)[half - 1].at_us, "half"
        )
        pbx.refuse()
        cut_us, took_us = pbx.now_us(), int((time.monotonic() - begun) * 1e6)
        wait_until(lambda: gaps(live), "the gap is noted")
        status = live.sources[0].status
        wait_until(lambda: "nobody listens there" in status.trouble, "it is told")
        pbx.accept()
        wait_until(live.ready, "it is ready again")
        wait_until(lambda: completed(live) == 2, "the snapshot is kept")
        frames = live.frames()

    assert (status.connections, status.losses, status.resynced) == (2, 1, 2)
    (note,) = [each for each in frames if each.content.startswith(b"Event: PultDis")]
    (event,) = TRANSLATIONS["ami"](note, NAMES)
    assert isinstance(event, SourceDisconnected)
    # It may have said something after that message: with a time, or with none, which then has
    # that of the adapter's clock, that runs on while this PBX's stands between its messages.
    assert tape(CALL)[half - 1].at_us <= (stamp_us(note.content) or 0) <= cut_us + took_us
    behind = frames[frames.index(note) + 1 :]
    assert any(each.content.startswith(b"Event: QueueStatusComplete") for each in behind)
    said = [record.getMessage().split()[0] for record in caplog.records]
    assert said == ["connected", "resynced", "lost", "unreachable", "connected", "resynced"]
    assert "secret-of-the-tests" not in caplog.text


def test_a_gap_after_an_event_of_a_wrong_clock_begins_when_the_pbx_was_last_heard(
    tmp_path: Path,
) -> None:
    with FakePbx(CALL) as pbx, running(tmp_path, ami(pbx)) as live:
        wait_until(lambda: live.ready() and completed(live), "it is ready")
        last_us = tape(CALL)[-1].at_us
        wrong = b"Event: QueueMemberPause\r\nTimestamp: %d.000000\r\nQueue: a\r\n\r\n"
        pbx.say(wrong % (time.time() + 600))
        wait_until(lambda: any(b"Queue: a" in each for each in live.contents()), "it is kept")
        pbx.cut()
        wait_until(lambda: gaps(live), "the gap is noted")
        since_us = timestamp_us(gaps(live)[0])

    assert since_us is not None
    assert last_us <= since_us < last_us + 5_000_000


def test_a_gap_right_after_a_snapshot_begins_behind_it(tmp_path: Path) -> None:
    with FakePbx(CALL, begin=False) as pbx:
        with running(tmp_path, ami(pbx)) as live:
            wait_until(lambda: live.ready() and completed(live), "the snapshot is kept")
            pbx.refuse()
            wait_until(lambda: gaps(live), "the gap is noted")
        with running(tmp_path, ami(pbx)) as live:
            wait_until(lambda: len(gaps(live)) == 2, "it is noted again at the start")
            frames = live.frames()

    (snapshot,) = [each for each in frames if b"QueueStatusComplete" in each.content]
    (completion,) = TRANSLATIONS["ami"](snapshot, NAMES)
    notes = [each for each in frames if each.content.startswith(b"Event: PultDis")]
    (cut,), (absence,) = (TRANSLATIONS["ami"](each, NAMES) for each in notes)
    assert to_ms(cut.time) > to_ms(completion.time)
    assert absence.time == cut.time
    assert heard_until_us(snapshot) // 1000 > to_ms(completion.time)


def test_after_reloads_one_more_snapshot_tells_which_queues_are_left(tmp_path: Path) -> None:
    stamp = b"Timestamp: %d.000000\r\nModule: All\r\nStatus: 0\r\n\r\n"
    with FakePbx() as pbx, running(tmp_path, ami(pbx), QUICK._replace(reload=0.2)) as live:
        wait_until(live.ready, "it is ready")
        asked = pbx.asked.count("QueueStatus")
        reload = b"Event: Reload\r\n" + stamp % (pbx.now_us() // 1_000_000)
        pbx.say(5 * reload)
        wait_until(lambda: pbx.asked.count("QueueStatus") == asked + 1, "it is asked again")
        wait_until(lambda: completed(live) == asked + 1, "the answer is kept")

        assert live.sources[0].status.losses == 0


def completed(live: Running) -> int:
    return sum(b"QueueStatusComplete" in each for each in live.contents())


def test_a_message_cut_in_its_middle_is_lost_and_the_next_connection_begins_clean(
    tmp_path: Path,
) -> None:
    with FakePbx(CALL, begin=False) as pbx, running(tmp_path, ami(pbx)) as live:
        wait_until(live.ready, "it is ready")
        pbx.say(tape(CALL)[0].text + b"\r\n\r\n" + tape(CALL)[1].text[:60])
        wait_until(lambda: plain(live.contents()), "the whole one is kept")
        pbx.cut()
        wait_until(lambda: live.sources[0].status.connections == 2, "it is connected again")
        wait_until(live.ready, "it is ready again")
        pbx.say(tape(CALL)[2].text + b"\r\n\r\n")
        names = [each.text.partition(b"\r")[0] for each in tape(CALL)]
        assert names[0] == b"Event: Newchannel"
        pbx.go()
        expected = imported(CALL)
        wait_until(lambda: len(plain(live.contents())) >= len(expected), "all is kept")
        found = plain(live.contents())

    assert found == expected


def test_a_silent_pbx_is_left_and_called_again(tmp_path: Path) -> None:
    with FakePbx(CALL, begin=False) as pbx, running(tmp_path, ami(pbx)) as live:
        wait_until(live.ready, "it is ready")
        pbx.silent = True
        wait_until(lambda: gaps(live), "the silence is noted")
        wait_until(lambda: "log-in" in live.sources[0].status.trouble, "it is told")
        assert not live.sources[0].status.connected
        pbx.silent = False
        pbx.cut()
        wait_until(live.ready, "it is ready again")

        assert b"nothing was heard for 1.5 s" in gaps(live)[0]


def test_a_heartbeat_comes_only_when_the_pbx_answers_and_tells_its_clock(
    tmp_path: Path,
) -> None:
    with FakePbx() as pbx:
        pbx.after_end = True
        pbx.ahead_us = -90_000_000
        with running(tmp_path, ami(pbx)) as live:
            wait_until(lambda: len(pongs(live)) > 3 and completed(live), "there are some")
            pbx.silent = True
            wait_until(lambda: gaps(live), "the silence is noted")
            heard = pongs(live)
            skew_ms = live.sources[0].status.skew_ms
            frames = live.frames()

    assert skew_ms is not None
    assert -93_000 < skew_ms <= -90_000
    assert len(heard) == len(pongs_of(frames))
    # A snapshot tells no time; it counts as said by the clock of the PBX.
    complete = next(each for each in frames if b"QueueStatusComplete" in each.content)
    pong = pongs_of(frames)[0]
    assert -93_000_000 < complete.received_at_us - pong.received_at_us < -85_000_000


def pongs(live: Running) -> list[Frame]:
    return pongs_of(live.frames())


def pongs_of(frames: list[Frame]) -> list[Frame]:
    return [each for each in frames if b"Ping: Pong" in each.content]


def test_a_flood_of_noise_is_passed_over_and_counted(tmp_path: Path) -> None:
    with FakePbx(CALL, begin=False) as pbx, running(tmp_path, ami(pbx)) as live:
        wait_until(live.ready, "it is ready")
        pbx.flood(200_000)
        pbx.go()
        expected = imported(CALL)
        wait_until(lambda: len(plain(live.contents())) == len(expected), "all is kept")
        status = live.sources[0].status

        assert status.passed_over >= 200_000
        assert (status.losses, live.contents().count(b"VarSet")) == (0, 0)


def test_a_keeper_that_stalls_holds_up_neither_the_reader_nor_the_pings(
    tmp_path: Path,
) -> None:
    with FakePbx(CALL, begin=False) as pbx, running(tmp_path, ami(pbx)) as live:
        wait_until(live.ready, "it is ready")
        asked = pbx.asked.count("Ping")
        with live.stalled():
            pbx.go()
            assert pbx.played.wait(20)
            wait_until(lambda: pbx.asked.count("Ping") > asked + 10, "pings went on")
            status = live.sources[0].status
            wait_until(lambda: status.frames >= len(imported(CALL)), "all was read")
            assert plain(live.contents()) == []
        expected = imported(CALL)
        wait_until(lambda: len(plain(live.contents())) == len(expected), "all is kept")
        assert status.losses == 0


def test_a_wrong_secret_is_told_with_its_settings_and_not_tried_in_haste(
    tmp_path: Path,
) -> None:
    pace = QUICK._replace(first_refused=60, most_refused=60)
    with FakePbx(secret="another") as pbx, running(tmp_path, ami(pbx), pace) as live:
        wait_until(lambda: live.sources[0].status.refusals, "it was refused")
        trouble = live.sources[0].status.trouble
        pbx.cut()
        with pytest.raises(AssertionError):
            wait_until(lambda: pbx.log_ins > 1, "", seconds=1)

    assert trouble == (
        f"cannot log in to Asterisk at 127.0.0.1:{pbx.port}: it says 'Authentication failed'; "
        "check sources.pbx1.ami.username and PBX1_SECRET, and permit= of that user in "
        "manager.conf"
    )


def test_a_pbx_that_restarts_with_the_same_ids_tells_other_calls(tmp_path: Path) -> None:
    with FakePbx(CALL) as pbx, running(tmp_path, ami(pbx)) as live:
        expected = len(imported(CALL))
        wait_until(lambda: len(plain(live.contents())) == expected, "the first life is kept")
        wait_until(live.ready, "it is ready")
        pbx.restart(again=True)
        wait_until(lambda: len(plain(live.contents())) == 2 * expected + 1, "the second, too")
        contents = live.contents()

    booted = [each for each in contents if each.startswith(b"Event: FullyBooted")]
    assert len(booted) == 2
    assert sum(each.startswith(b"Event: Shutdown") for each in contents) == 1


def told_by(tmp_path: Path, port: int, **more: object) -> str:
    """Return what is said of a PBX that cannot be read."""
    settings = AmiSettings.model_validate({"port": port, "secret_env": "PBX1_SECRET", **more})
    entry = SourceSettings(kind="asterisk", ami=settings)
    with running(tmp_path, entry) as live:
        status = live.sources[0].status
        wait_until(lambda: status.trouble != "not connected yet", "something is said")
        return status.trouble


@contextmanager
def answering(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    """Answer each caller of a port alike: whoever is not let in comes again at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):  # the end: the port is closed
                while True:
                    plug, _ = server.accept()
                    with suppress(OSError), plug:
                        answer(plug)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)  # what waits in `accept` keeps a port open
            thread.join(5)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    made = Certificates(tmp_path_factory.mktemp("certificates"))
    made.make()
    return made


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"ca": "authority"}, ""),
        ({"ca": "authority", "server_name": "localhost"}, ""),
        ({"verify": False}, ""),
        (
            {},
            "(unable to get local issuer certificate); set sources.pbx1.ami.ca",
        ),
        ({"ca": "stranger"}, "is not trusted"),
        ({"ca": "authority", "server_name": "pbx.test"}, "set sources.pbx1.ami.server_name"),
    ],
)
def test_tls_is_checked_against_authority_and_name(
    tmp_path: Path, certificates: Certificates, more: dict[str, object], why: str
) -> None:
    if "ca" in more:
        more = {**more, "ca": getattr(certificates, str(more["ca"]))}
    with FakePbx(CALL, certificate=certificates.server) as pbx:
        if why:
            assert why in told_by(tmp_path, pbx.port, tls=True, **more)
            assert pbx.log_ins == 0
            return
        with running(tmp_path, ami(pbx, tls=True, **more)) as live:
            expected = len(imported(CALL))
            wait_until(lambda: len(plain(live.contents())) == expected, "all is kept")


def test_a_certificate_that_has_expired_is_told_as_that(
    tmp_path: Path, certificates: Certificates
) -> None:
    with FakePbx(CALL, certificate=certificates.expired) as pbx:
        told = told_by(tmp_path, pbx.port, tls=True, ca=certificates.authority)

    assert told.endswith("certificate has expired; renew it on the PBX, or set the clock here")


def test_tls_where_none_is_spoken_and_none_where_it_is_are_told(
    tmp_path: Path, certificates: Certificates
) -> None:
    with FakePbx() as pbx:
        told = told_by(tmp_path / "a", pbx.port, tls=True, verify=False)
        assert "it speaks no TLS; check sources.pbx1.ami.port (5039?)" in told
    with FakePbx(certificate=certificates.server) as pbx:
        told = told_by(tmp_path / "b", pbx.port)
        assert "it does not answer to a log-in; if that port wants TLS, set tls = true" in told


def test_a_challenge_that_is_refused_and_a_tls_of_yesterday_are_told(
    tmp_path: Path, certificates: Certificates
) -> None:
    yesterday = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    yesterday.set_ciphers("DEFAULT:@SECLEVEL=0")
    yesterday.load_cert_chain(certificates.server)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        yesterday.minimum_version = yesterday.maximum_version = ssl.TLSVersion.TLSv1_1

    def refuse(plug: socket.socket) -> None:
        plug.sendall(b"Asterisk Call Manager/5.0.2\r\n")
        plug.recv(1_000)
        plug.sendall(b"Response: Error\r\nMessage: Must specify AuthType\r\n\r\n")
        plug.recv(1)

    with answering(lambda plug: yesterday.wrap_socket(plug, server_side=True)) as port:
        old = told_by(tmp_path / "a", port, tls=True, verify=False)
    with answering(refuse) as port:
        refused = told_by(tmp_path / "b", port)

    assert "it speaks no TLS of version 1.2 or later" in old
    assert "no challenge for auth = md5 and says 'Must specify AuthType'; try auth = plain" in (
        refused
    )


def test_a_port_that_is_closed_or_speaks_something_else_is_told(tmp_path: Path) -> None:

    def greet(plug: socket.socket) -> None:
        plug.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        plug.recv(1)

    with answering(greet) as port:
        told = told_by(tmp_path / "a", port)
    assert "it greets with 'SSH-2.0-OpenSSH_9.2', which is no manager interface" in told

    assert "nobody listens there; check sources.pbx1.ami.host and port" in told_by(
        tmp_path / "b", port
    )
    told = told_by(tmp_path / "c", port, host="no-such-host.invalid")
    assert "its name is not known; check sources.pbx1.ami.host" in told


def test_a_start_notes_since_when_nothing_was_heard(tmp_path: Path) -> None:
    with FakePbx(CALL) as pbx:
        with running(tmp_path, ami(pbx)) as live:
            wait_until(live.ready, "it is ready")
            wait_until(lambda: len(plain(live.contents())) == len(imported(CALL)), "kept")
        last_us = tape(CALL)[-1].at_us
        with running(tmp_path, ami(pbx)) as live:
            wait_until(lambda: gaps(live), "it is noted")
            (note,) = gaps(live)

    since_us = timestamp_us(note)
    assert since_us is not None
    assert last_us <= since_us < last_us + 5_000_000
    assert note.endswith(b"Reason: not running")


def test_without_its_secret_a_source_is_not_started(tmp_path: Path) -> None:
    entry = SourceSettings(kind="asterisk", ami=AmiSettings(secret_env="NOT_SET"))
    with pytest.raises(SettingsInvalid) as told:
        live_sources("pbx1", entry, SECRETS)
    assert "environment variable NOT_SET (sources.pbx1.ami.secret_env) is not set" in str(
        told.value
    )

    pem = AmiSettings(secret_env="PBX1_SECRET", tls=True, ca=tmp_path / "no.pem")
    with pytest.raises(SettingsInvalid) as told:
        live_sources("pbx1", SourceSettings(kind="asterisk", ami=pem), SECRETS)
    assert "(sources.pbx1.ami.ca): No such file or directory" in str(told.value)


@pytest.mark.parametrize("cuts", [25, pytest.param(500, marks=pytest.mark.soak)])
def test_after_any_number_of_cuts_at_any_byte_it_is_ready_again(
    tmp_path: Path, cuts: int
) -> None:
    chance = random.Random(cuts)
    pace = QUICK._replace(first_retry=0.001, most_retry=0.01)
    with FakePbx(begin=False) as pbx, running(tmp_path, ami(pbx), pace) as live:
        text = b"".join(each.text + b"\r\n\r\n" for each in tape(CALL))
        for _ in range(cuts):
            if chance.random() < 0.7:
                # Otherwise it is cut somewhere between greeting and snapshot.
                wait_until(lambda: pbx.sessions > 0, "it is logged in")
            pbx.say(text[: chance.randrange(len(text))])
            pbx.cut()
        wait_until(lambda: pbx.sessions == 1, "it is logged in")
        wait_until(live.ready, "it is ready")
        status = live.sources[0].status
        assert status.losses > 0
        assert status.connections == status.losses + 1
        assert status.refused == 0
