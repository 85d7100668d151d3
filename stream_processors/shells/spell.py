"""A time in which something does not work: told once for each reason, and when it is over."""

import logging
import time

from schemas.reasons import Reasons

_LOG = logging.getLogger(__name__)

RETRY_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Between attempts, ever longer; the last one for all further ones."""


class Spell:
    """Whether something works at present.

    Attributes:
        trouble: why it does not, in one line; empty if it does.
        times: how often it ceased to.
    """

    def __init__(self) -> None:
        self.trouble = ""
        self.times = 0
        self._attempts = 0
        self._since = 0.0
        self._reasons = Reasons()

    def begins(self, trouble: str) -> float:
        """Note that it does not work, or still not; return when to try again [monotonic s]."""
        now = time.monotonic()
        if not self.trouble:
            self.times += 1
            self._since = now
            self._reasons.forget()
        if self._reasons.is_new(trouble):
            _LOG.warning("%s; nothing is lost, the log keeps it until it is stored", trouble)
        self.trouble = trouble
        self._attempts += 1
        return now + RETRY_SECONDS[min(self._attempts, len(RETRY_SECONDS)) - 1]

    def ends(self) -> None:
        """Note that it works."""
        if self.trouble:
            _LOG.info("stores again after %.1f s", time.monotonic() - self._since)
        self.trouble, self._attempts = "", 0
