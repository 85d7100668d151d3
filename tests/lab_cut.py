"""The beginning of the lab's recordings, both feeds: short tests need not hear half an hour."""

import gzip
import re
from dataclasses import dataclass
from pathlib import Path

from tests.oracles.lab_numbers import LAB

WHOLE_MINUTES = 60
"""Longer than the recordings are."""

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


def beginning(folder: Path, minutes: int) -> Cut:
    """Write the first minutes of both feeds into a folder."""
    first = int((LAB / "queue_log").read_bytes().partition(b"|")[0])
    until = first + 60 * minutes
    found = Cut(folder, ami_until(until), queue_log_until(until))
    found.write()
    return found


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
