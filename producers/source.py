"""A source: whatever brings frames, be it a socket, a growing file or a recording."""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from producers.frame import Frame, Rejected
from producers.status import SourceStatus

Take: TypeAlias = Callable[[Sequence[Frame | Rejected]], None]
"""Keeps frames in the journal; once it returns they survive a crash."""

LastFrame: TypeAlias = Callable[[str, str], Frame | None]
"""Returns the newest usable frame that the journal holds of a source and feed."""


class Source(Protocol):
    """Whatever brings frames."""

    def run(self, take: Take, stopped: threading.Event) -> None:
        """Hand frames over as they come, until stopped or at an end; in a thread of its own."""


class LiveSource(Source, Protocol):
    """A source that goes on for ever, and tells how it is."""

    @property
    def status(self) -> SourceStatus:
        """How it is at present; may be read from any thread."""
