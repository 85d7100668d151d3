"""How far a journal has been published: a position in a file that survives a power cut."""

from pathlib import Path

from producers.durable import taking_place
from schemas.errors import JournalFailed


class Place:
    """A position that only rises.

    Attributes:
        path: the file.
        position: everything up to it has been published; 0 before the first frame.

    Raises:
        JournalFailed: the file holds no position, or cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            text = path.read_text(encoding="ascii").strip() if path.exists() else "0"
            self.position = int(text)
        except (OSError, ValueError) as error:
            msg = (
                f"cannot read from {path} how far the journal was published: {error}; remove "
                "it to publish the whole journal again (nothing is counted twice)"
            )
            raise JournalFailed(msg) from error
        self._saved = self.position

    def save(self) -> None:
        """Make the position durable; a crash before that makes frames be published again.

        Raises:
            JournalFailed: the disk is full or unusable.
        """
        if self._saved == self.position:
            return
        try:
            with taking_place(self.path) as file:
                file.write(f"{self.position}\n".encode())
        except OSError as error:
            msg = f"cannot write {self.path}: {error.strerror} (free some space)"
            raise JournalFailed(msg) from error
        self._saved = self.position
