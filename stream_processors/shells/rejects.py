"""Stops a worker before it drains a whole log into `rejected`.

A few bad records are diverted; if much of the log is bad, something is wrong with what writes
it or with what reads it, and a person has to look before the rest is given up, too.
"""

from collections import deque
from dataclasses import dataclass

from schemas.errors import TooManyRejects


@dataclass(frozen=True, slots=True)
class RejectLimit:
    """How much may be rejected: above `share` of the last `of` records, and `least` of them.

    `what` and `setting` are the words for it in a message.
    """

    share: float = 0.1
    least: int = 100
    of: int = 10_000
    what: str = "events"
    setting: str = "processor.reject_share"


class RejectWatch:
    """Counts what was rejected of the last records, batch by batch."""

    def __init__(self, limit: RejectLimit) -> None:
        self._limit = limit
        self._batches: deque[tuple[int, int]] = deque()
        self._records = self._rejected = 0

    def note(self, records: int, rejected: int) -> None:
        """Add a batch.

        Raises:
            TooManyRejects: the limit is passed.
        """
        if self.passed(records, rejected):
            limit = self._limit
            msg = (
                f"{self.told} (above {limit.setting} {limit.share:g}); see the topic of "
                "rejects for why, mend what writes them, or raise the share"
            )
            raise TooManyRejects(msg)

    @property
    def told(self) -> str:
        """How many they are, in words."""
        return f"{self._rejected} of the last {self._records} {self._limit.what} were rejected"

    def passed(self, records: int, rejected: int) -> bool:
        """Add a batch; tell whether it passes the limit."""
        limit = self._limit
        self._batches.append((records, rejected))
        self._records += records
        self._rejected += rejected
        while self._records - self._batches[0][0] >= limit.of:
            gone, bad = self._batches.popleft()
            self._records -= gone
            self._rejected -= bad
        return (
            rejected > 0
            and self._rejected >= limit.least
            and self._rejected > limit.share * self._records
        )
