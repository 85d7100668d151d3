"""The lab's recordings, cut short once for all tests: its first minutes, both feeds."""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.oracles.lab_numbers import LAB
from tests.pult.command import Demo, all_good, demo

MINUTES = 4
_STAMP = re.compile(rb"^Timestamp: (\d+)\.", re.MULTILINE)


@dataclass(frozen=True)
class Cut:
    """The beginning of the lab's half hour, in mid-life at its end."""

    folder: Path
    ami: bytes
    queue_log: bytes

    @property
    def ami_path(self) -> Path:
        """The file of the manager interface."""
        return self.folder / "ami.log"

    @property
    def queue_log_path(self) -> Path:
        """The file of the queue log."""
        return self.folder / "queue_log"

    def write(self) -> None:
        """Make the two files."""
        self.folder.mkdir(exist_ok=True)
        self.ami_path.write_bytes(self.ami)
        self.queue_log_path.write_bytes(self.queue_log)


def ami_until(second: int) -> bytes:
    """Return the lab's messages before a second."""
    kept = []
    with gzip.open(LAB / "ami.log.gz") as file:
        message = b""
        for line in file:
            message += line
            if line == b"\r\n":
                stamp = _STAMP.search(message)
                if stamp is not None and int(stamp[1]) >= second:
                    break
                kept.append(message)
                message = b""
    return b"".join(kept)


def queue_log_until(second: int) -> bytes:
    """Return the lab's lines before a second."""
    lines = (LAB / "queue_log").read_bytes().splitlines(keepends=True)
    return b"".join(line for line in lines if int(line.partition(b"|")[0]) < second)


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Cut:
    first = int((LAB / "queue_log").read_bytes().partition(b"|")[0])
    until = first + 60 * MINUTES
    found = Cut(tmp_path_factory.mktemp("lab"), ami_until(until), queue_log_until(until))
    found.write()
    return found


@dataclass(frozen=True)
class History:
    """A data folder and its digest. Tests that change it take a copy."""

    data: Path
    digest: str


@pytest.fixture(scope="session")
def queue_log_history(cut: Cut, tmp_path_factory: pytest.TempPathFactory) -> History:
    data = tmp_path_factory.mktemp("history") / "data"
    _, digest = all_good(
        ("import", "asterisk-queue-log", cut.queue_log_path, "--data", data),
        ("digest", "--total", "--data", data),
    )
    return History(data, digest)


@pytest.fixture(scope="session")
def ended(cut: Cut, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo that has come to the end of the cut: in mid-life, but nothing moves any more."""
    data = tmp_path_factory.mktemp("ended") / "data"
    with demo(data, "--recording", cut.ami_path, "--speed", "200") as running:
        running.until_ended()
        yield running
