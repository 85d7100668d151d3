"""`pult adapter NAME` on live sources, as a process: killed, refused, and asked how it is.

No broker runs: what an adapter reads is in its journal, whether Kafka is there or not.
"""

import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.fake_pbx import FakePbx
from tests.kafka import free_port
from tests.oracles.lab_numbers import LAB
from tests.pbx_tape import past_copy
from tests.pult.command import PULT, dies_with_its_parent, environment, wait_for

SECONDS = 30


class LiveAdapter:
    """An adapter of a fake PBX and a queue log."""

    def __init__(self, folder: Path, pbx: FakePbx, queue_log: Path | None = None) -> None:
        self.data = folder / "data"
        self.port = free_port()
        self.config = folder / "pult.toml"
        log = f'queue_log = "{queue_log}"\n' if queue_log else ""
        self.config.write_text(
            f'[kafka]\nbootstrap = "127.0.0.1:1"\n[http]\nadapter_port = {self.port}\n'
            f'[sources.pbx1]\nkind = "asterisk"\n{log}'
            f'ami = {{ port = {pbx.port}, secret_env = "PBX1_SECRET" }}\n'
        )
        self._said = folder / "said"
        self.secret = "secret-of-the-tests"

    @property
    def said(self) -> str:
        """All lines so far, of all its lives."""
        return self._said.read_text()

    def start(self) -> "subprocess.Popen[bytes]":
        """Start it once more."""
        command = [PULT, "adapter", "pbx1", "--config", self.config, "--data", self.data]
        with self._said.open("ab") as said:
            return subprocess.Popen(
                list(map(str, command)), stdout=said, stderr=said,
                env={**environment(), "PBX1_SECRET": self.secret},
                preexec_fn=dies_with_its_parent,
            )  # fmt: skip

    def get(self, path: str) -> str:
        """Return one of its pages; empty while it does not answer."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                text: str = answer.read().decode()
                return text
        except HTTPError as error:
            return error.read().decode()
        except OSError:
            return ""

    def metric(self, name: str, feed: str = "ami") -> float:
        """Return a metric of the source, -1 if it has none."""
        labels = re.escape(f'{{feed="{feed}",source="pbx1"}}')
        text = self.get("/metrics")
        found = re.search(rf"^pult_source_{name}{labels} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else -1.0

    def kept(self, feed: str) -> list[bytes]:
        """Return what its journal holds of a feed, read without our journal."""
        found: list[bytes] = []
        for day in sorted((self.data / "journal").glob("*.sqlite")):
            connection = sqlite3.connect(f"file:{day}?mode=ro", uri=True)
            query = "SELECT content FROM frames WHERE feed = ? ORDER BY position"
            found += [content for (content,) in connection.execute(query, (feed,))]
            connection.close()
        return found


@contextmanager
def started(adapter: LiveAdapter) -> "Iterator[subprocess.Popen[bytes]]":
    process = adapter.start()
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_both_feeds_of_a_source_come_into_one_journal_and_tell_how_they_are(
    tmp_path: Path,
) -> None:
    recording, log = past_copy(
        LAB / "ami.log.gz", LAB / "queue_log", tmp_path, time.time_ns() // 1000
    )
    lines = log.read_bytes().splitlines()
    with FakePbx(recording) as pbx, started(adapter := LiveAdapter(tmp_path, pbx, log)) as it:
        assert pbx.played.wait(SECONDS)
        wait_for(lambda: adapter.metric("ready") == 1, SECONDS, "ready")
        # Each is counted when it is read: the PBX has said all, the adapter may be behind.
        wait_for(lambda: adapter.metric("frames_total") > 10_000, SECONDS, "frames")
        wait_for(lambda: adapter.metric("passed_over_total") > 30_000, SECONDS, "noise")
        wait_for(
            lambda: adapter.metric("frames_total", "queue-log") == len(lines), SECONDS, "lines"
        )
        assert adapter.metric("connected") == 1
        assert adapter.metric("clock_skew_seconds") < 0
        pbx.refuse()
        trouble = "pbx1 (ami): cannot read Asterisk at"
        wait_for(lambda: trouble in adapter.get("/readyz"), SECONDS, "not ready")
        assert adapter.metric("connected") == 0
        assert adapter.get("/healthz") == "alive\n"
        it.send_signal(signal.SIGTERM)
        assert it.wait(SECONDS) == 0

    assert adapter.kept("queue-log") == lines
    said = adapter.said
    assert "info source: connected source=pbx1" in said
    assert "info source: resynced source=pbx1" in said
    assert "warning source: lost source=pbx1" in said
    assert adapter.secret not in said
    assert not re.search(r"\+?7495\d{7}", said)


def test_an_adapter_killed_at_any_moment_loses_no_line_of_the_queue_log(
    tmp_path: Path,
) -> None:
    lines = (LAB / "queue_log").read_bytes().splitlines(keepends=True)
    chance, path = random.Random(7), tmp_path / "queue_log"
    path.write_bytes(lines[0])
    place = 1
    with FakePbx() as pbx:
        adapter = LiveAdapter(tmp_path, pbx, path)
        for kills in range(2):
            with started(adapter):
                wait_for(lambda: adapter.metric("ready") == 1, SECONDS, "ready")
                for _ in range(chance.randint(2, 10)):
                    place = append(path, lines, place, chance.randint(1, 120))
                    time.sleep(chance.uniform(0, 0.1))
            # While it is dead the log grows, and is rotated every other time.
            place = append(path, lines, place, 50)
            if kills % 2:
                path.rename(tmp_path / f"queue_log.{kills}")
            place = append(path, lines, place, 50)
        with started(adapter):
            wait_for(lambda: len(adapter.kept("queue-log")) >= place, SECONDS, "all is kept")

    assert adapter.kept("queue-log") == [line.rstrip(b"\n") for line in lines[:place]]
    notes = [each for each in adapter.kept("ami") if b"PultDisconnected" in each]
    assert notes
    assert all(note.endswith(b"Reason: not running") for note in notes)


def append(path: Path, lines: list[bytes], place: int, count: int) -> int:
    """Append some lines; return the place of the next one."""
    with path.open("ab") as file:
        file.write(b"".join(lines[place : place + count]))
    return min(place + count, len(lines))


def test_a_fake_pbx_is_a_process_of_its_own_that_says_when_it_is_done(tmp_path: Path) -> None:
    recording = Path(__file__).parents[1] / "recordings" / "queue_answered.ami"
    written, path = tmp_path / "written", tmp_path / "queue_log"
    written.write_bytes(b"1795288590|a|q|NONE|ENTERQUEUE||1|1\n9999999999|a|q|x|PAUSE|\n")
    command = [
        sys.executable, "-m", "tests.fake_pbx", "--recording", recording, "--speed", "200",
        "--queue-log", written, path, "--clock-goes-on",
    ]  # fmt: skip
    with subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2], preexec_fn=dies_with_its_parent,
    ) as pbx:  # fmt: skip
        try:
            assert pbx.stdout is not None
            port = int(pbx.stdout.readline().removeprefix("listening "))
            with socket.create_connection(("127.0.0.1", port), 10) as plug:
                plug.sendall(LOG_IN)
                heard = b""
                while b"Uniqueid: 1795288590.12" not in heard or heard.count(b"Hangup") < 4:
                    heard += plug.recv(65536)
                assert pbx.stdout.readline() == "played\n"
                assert path.read_bytes() == written.read_bytes()
                plug.sendall(b"Action: Ping\r\n\r\n")
                heard = b""
                while b"Pong" not in heard:
                    heard += plug.recv(65536)
            pbx.terminate()
            assert pbx.wait(SECONDS) == 0
        finally:
            # Else a failure would wait for it, for ever.
            pbx.kill()


LOG_IN = (
    b"Action: Login\r\nUsername: pult\r\nSecret: secret-of-the-tests\r\nActionID: 1\r\n\r\n"
)
