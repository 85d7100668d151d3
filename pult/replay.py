"""A source that reads a recording: the same frames, at a chosen speed, beginning now."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from producers.asterisk.shift import pong, shifted
from producers.frame import Frame, Rejected
from producers.kinds import KINDS
from producers.source import Take

TICK_SECONDS = 0.02
"""How often due frames are handed over: the journal's group commit."""

AT_ONCE = 1_000
PING_SECONDS = 1.0


class Replay:
    """Reads a recording as if its source spoke now.

    Args:
        kind: kind of recording, as in `pult import`.
        paths: its files.
        source: name of the source.
        begin_us: when its first message is said, microseconds since 1970.

    Raises:
        UnreadableRecording: it cannot be read at all; later breaks are told while reading.
    """

    def __init__(self, kind: str, paths: Sequence[Path], source: str, begin_us: int) -> None:
        self.source = source
        frames = KINDS[kind].frames(paths, source, 0, 0)
        # The first one at once: what cannot be read is said before anything is opened.
        self._frames = chain(list(islice(frames, 1)), frames)
        self._begin_us = begin_us
        self._by_us: int | None = None

    def frames(self) -> Iterator[Frame | Rejected]:
        """Yield all frames, moved to the present."""
        for frame in self._frames:
            told = frame.frame if isinstance(frame, Rejected) else frame
            if self._by_us is None:
                # Whole seconds, so that a feed of whole seconds moves by the same.
                self._by_us = (self._begin_us - told.received_at_us) // 1_000_000 * 1_000_000
            moved = shifted(told, self._by_us)
            yield frame._replace(frame=moved) if isinstance(frame, Rejected) else moved

    def batches(self) -> Iterator[list[Frame | Rejected]]:
        """Yield all frames as fast as possible."""
        batch: list[Frame | Rejected] = []
        for frame in self.frames():
            batch.append(frame)
            if len(batch) == AT_ONCE:
                yield batch
                batch = []
        if batch:
            yield batch

    def play(
        self,
        speed: float,
        take: Callable[[list[Frame | Rejected]], None],
        stopped: Callable[[], bool],
    ) -> None:
        """Hand frames over when they are due, with a heartbeat every second; return at the end.

        Time runs `speed` times as fast as ours, from the first frame on.
        """
        started = pinged = time.monotonic()
        first_us: int | None = None
        due: list[Frame | Rejected] = []
        for frame in self.frames():
            at_us = (
                frame.frame.received_at_us
                if isinstance(frame, Rejected)
                else frame.received_at_us
            )
            first_us = at_us if first_us is None else first_us
            while not stopped():
                now = time.monotonic()
                clock_us = first_us + int((now - started) * speed * 1_000_000)
                if at_us <= clock_us and len(due) < AT_ONCE:
                    due.append(frame)
                    break
                if now - pinged >= PING_SECONDS and clock_us < at_us:
                    pinged = now
                    due.append(pong(self.source, clock_us))
                if due:
                    take(due)
                    due = []
                if at_us > clock_us:
                    time.sleep(min(TICK_SECONDS, (at_us - clock_us) / speed / 1_000_000))
            if stopped():
                break
        if due:
            take(due)


class Recording:
    """A recording in the place of a source, at a chosen speed."""

    def __init__(self, replay: Replay, speed: float) -> None:
        self._replay = replay
        self._speed = speed

    def run(self, take: Take, stopped: threading.Event) -> None:
        """Play it once; the end of the recording is the end of the source."""
        self._replay.play(self._speed, take, stopped.is_set)
