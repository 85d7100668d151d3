"""A time in which Kafka takes nothing: told once for each reason, and once when it is over."""

import logging
import time

from schemas.reasons import Reasons

_LOG = logging.getLogger(__name__)


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
        self._reasons = Reasons()

    def goes_on(self, trouble: str) -> None:
        """Note why nothing is delivered, or still not."""
        if not self.trouble:
            self.times += 1
            self._since = time.monotonic()
            self._reasons.forget()
        self.trouble = trouble
        if self._reasons.is_new(trouble):
            _LOG.warning("%s; the journal keeps what comes until it is taken", trouble)

    def ends(self, backlog: int) -> None:
        """Note that records are delivered, with so many messages behind them."""
        if self.trouble:
            _LOG.info(
                "Kafka takes events again after %.0f s; %d messages to catch up",
                time.monotonic() - self._since, backlog,
            )  # fmt: skip
        self.trouble = ""
