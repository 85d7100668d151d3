"""How far a journal has come: a position in a file that survives a power cut."""

from pathlib import Path
from typing import NamedTuple

from producers.durable import taking_place
from schemas.errors import JournalFailed


class Doing(NamedTuple):
    """What is done with a journal up to a place: the verb and its past participle."""

    verb: str
    past: str


PUBLISH = Doing("publish", "published")
STORE = Doing("store", "stored")


class Place:
    """A position that only rises.

    Attributes:
        path: the file.
        position: everything up to it has been published, or stored; 0 before the first frame.
        log: id of the topic that it was published to, empty where that is not on record.

    Args:
        path: the file.
        doing: what is done with the journal.

    Raises:
        JournalFailed: the file holds no position, or cannot be read or written.
    """

    def __init__(self, path: Path, doing: Doing = PUBLISH) -> None:
        self.path = path
        try:
            text = path.read_text(encoding="ascii").strip() if path.exists() else "0"
            position, _, self.log = text.partition(" ")
            self.position = int(position)
        except (OSError, ValueError) as error:
            msg = (
                f"cannot read from {path} how far the journal was {doing.past}: {error}; "
                f"remove it to {doing.verb} the whole journal again (nothing is counted twice)"
            )
            raise JournalFailed(msg) from error
        self._saved = self.position, self.log

    def save(self) -> None:
        """Make it durable; a crash before that makes frames be published, or stored, again.

        Raises:
            JournalFailed: the disk is full or unusable.
        """
        told = self.position, self.log
        if self._saved == told:
            return
        try:
            with taking_place(self.path) as file:
                file.write(f"{self.position} {self.log}".strip().encode() + b"\n")
        except OSError as error:
            msg = f"cannot write {self.path}: {error.strerror} (free some space)"
            raise JournalFailed(msg) from error
        self._saved = told
