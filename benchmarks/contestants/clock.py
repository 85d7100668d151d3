"""Times a contestant from its first batch to its last, without its start."""

import json
import time
from typing import Any


class Clock:
    """Starts when the first batch is done, which is not counted; stops by hand.

    Args:
        expected: after so many events a contestant is done.
    """

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.events = 0
        self._first = 0
        self._began = self._ended = (0.0, 0.0)

    def handled(self, events: int) -> bool:
        """Note a batch; return whether it was the last one."""
        if not self.events:
            self._first = events
            self._began = now()
        self.events += events
        return self.events >= self.expected

    def stop(self) -> None:
        """Note that all is done."""
        self._ended = now()

    def report(self, **more: Any) -> None:
        """Print the result; with a batch of everything it would be meaningless."""
        print(json.dumps(self.told(**more)), flush=True)

    def told(self, **more: Any) -> dict[str, Any]:
        """Return the result: events, time and CPU time [s], and whatever else there is."""
        counted = self.events - self._first
        wall, cpu = (end - begin for begin, end in zip(self._began, self._ended, strict=True))
        result = {"events": self.events, "counted": counted, "seconds": wall}
        return {**result, "cpu_seconds": cpu, **more}


def now() -> tuple[float, float]:
    """Return time and CPU time of this process [s], each from a beginning of its own."""
    return time.monotonic(), time.process_time()
