"""A time in which Kafka takes nothing: told once for each reason, and once when it is over."""

import logging
import re
import time

_LOG = logging.getLogger(__name__)
_NUMBER = re.compile(r"0x[0-9a-f]+|[0-9]+")


class Outage:
    """Whether anything is delivered at present.

    Attributes:
        trouble: why it is not, in one line; empty if it is.
        times: how often it ceased to be.
    """

    def __init__(self) -> None:
        self.trouble = ""
        self.times = 0
        self._since = 0.0
        self._told: set[str] = set()

    def goes_on(self, trouble: str) -> None:
        """Note why nothing is delivered, or still not."""
        if not self.trouble:
            self.times += 1
            self._since = time.monotonic()
            self._told.clear()
        self.trouble = trouble
        # Numbers and addresses in it make no other reason.
        reason = _NUMBER.sub("", trouble)
        if reason not in self._told:
            self._told.add(reason)
            _LOG.warning("%s; the journal keeps what comes until it is taken", trouble)

    def ends(self, backlog: int) -> None:
        """Note that records are delivered, with so many messages behind them."""
        if self.trouble:
            _LOG.info(
                "Kafka takes events again after %.0f s; %d messages to catch up",
                time.monotonic() - self._since, backlog,
            )  # fmt: skip
        self.trouble = ""
