"""How much a sender may say at once."""


class Rate:
    """Lets so many messages a second through, and twice as many in a burst."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._most = max(1.0, 2 * per_second)
        self._left = self._most
        self._at: float | None = None

    def wait_seconds(self, now: float) -> float:
        """Return 0 if it is a message's turn, or how long until it is [s].

        Args:
            now: the present [s, monotonic].
        """
        passed = 0.0 if self._at is None else max(0.0, now - self._at)
        self._at = now
        self._left = min(self._most, self._left + passed * self._per_second)
        return 0.0 if self._left >= 1 else (1 - self._left) / self._per_second

    def take(self, now: float) -> float:
        """Take one message's turn, if it is; return what `wait_seconds` does."""
        wait = self.wait_seconds(now)
        if not wait:
            self._left -= 1
        return wait
