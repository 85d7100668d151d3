"""A source: whatever brings frames, be it a socket, a growing file or a recording."""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from producers.frame import Frame, Rejected

Take: TypeAlias = Callable[[Sequence[Frame | Rejected]], None]
"""Keeps frames in the journal; once it returns they survive a crash."""


class Source(Protocol):
    """Whatever brings frames."""

    def run(self, take: Take, stopped: threading.Event) -> None:
        """Hand frames over as they come, until stopped or at an end; in a thread of its own."""
