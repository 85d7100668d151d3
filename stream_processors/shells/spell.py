"""A time in which something does not work: told when it begins, and once when it is over."""

import logging
import re
import time

_LOG = logging.getLogger(__name__)

RETRY_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Between attempts, ever longer; the last one for all further ones."""

_NUMBER = re.compile(r"0x[0-9a-f]+|[0-9]+")


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
        self._told: set[str] = set()

    def begins(self, trouble: str) -> float:
        """Note that it does not work, or still not; return when to try again [monotonic s]."""
        now = time.monotonic()
        if not self.trouble:
            self.times += 1
            self._since = now
            self._told.clear()
        # Once for each reason: numbers and addresses in it make no other one.
        reason = _NUMBER.sub("", trouble)
        if reason not in self._told:
            self._told.add(reason)
            _LOG.warning("%s; nothing is lost, the log keeps it until it is stored", trouble)
        self.trouble = trouble
        self._attempts += 1
        return now + RETRY_SECONDS[min(self._attempts, len(RETRY_SECONDS)) - 1]

    def ends(self) -> None:
        """Note that it works."""
        if self.trouble:
            _LOG.info("stores again after %.1f s", time.monotonic() - self._since)
        self.trouble, self._attempts = "", 0
