"""From the thread that reads a source to the one that keeps what it says, in bounded memory.

A PBX cuts off a reader that stalls for a tenth of a second, and a disk may stall for longer.
So the reader only puts frames here; the keeper takes them in batches, one commit each.
"""

import threading
import time
from collections.abc import Sequence

from producers.frame import Frame, Rejected

COMMIT_SECONDS = 0.02
"""How long the first frame of a batch waits for others."""

AT_ONCE = 1_000
"""Frames of a batch at most."""

MOST_BYTES = 64 * 1024 * 1024
"""What may wait; beyond it the reader waits, too, and the source's own buffers fill."""

_FRAME_BYTES = 200


class Handover:
    """A queue for one reader and one keeper.

    Args:
        most_bytes: what may wait.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._waiting: list[Frame | Rejected] = []
        self._bytes = 0
        self._since = 0.0
        self._closed = False
        self._changed = threading.Condition()

    def put(self, frames: Sequence[Frame | Rejected]) -> bool:
        """Let frames wait to be kept; return whether there was no room for a while.

        After `close` they are dropped: nobody would take them.
        """
        if not frames:
            return False
        with self._changed:
            full = self._bytes > self._most_bytes
            self._changed.wait_for(lambda: self._bytes <= self._most_bytes or self._closed)
            if self._closed:
                return full
            if not self._waiting:
                self._since = time.monotonic()
            self._waiting += frames
            self._bytes += sum(map(_size, frames))
            self._changed.notify_all()
            return full

    def next(self) -> list[Frame | Rejected]:
        """Return the next batch; an empty one after `close`, when nothing is left."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            left = self._since + COMMIT_SECONDS - time.monotonic()
            self._changed.wait_for(lambda: len(self._waiting) >= AT_ONCE or self._closed, left)
            batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            self._bytes -= sum(map(_size, batch))
            self._changed.notify_all()
            return batch

    def close(self) -> None:
        """Take nothing more; what waits can still be fetched."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def _size(told: Frame | Rejected) -> int:
    frame = told.frame if isinstance(told, Rejected) else told
    return len(frame.content) + _FRAME_BYTES
