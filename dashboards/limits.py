"""Where a figure begins to be bad, for all boards: taken from what is wanted of queues.

A wall is coloured by these and by nothing else. What no policy tells has its source beside it.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from schemas.policies import Policies, QueuePolicy

_WANTED = QueuePolicy()


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of figures: ratios from 0 to 1, durations in seconds.

    Args:
        target: share of calls to answer in time.
        answer_within: a wait longer than this is too long.
    """

    target: float = _WANTED.target
    answer_within: float = _WANTED.answer_within / timedelta(seconds=1)

    @classmethod
    def of(cls, policies: Policies) -> Self:
        """Return the limits of some policies.

        Where queues differ, the lowest target and the longest wait: a colour on a board of all
        queues is then no false alarm about any, but late about those of which more is wanted.
        """
        queues = list(policies.queues.values()) or [_WANTED]
        within = max(queue.answer_within for queue in queues)
        return cls(min(queue.target for queue in queues), within / timedelta(seconds=1))

    @property
    def low(self) -> float:
        """Service level at which somebody must act: 70 % where the target is 80 %."""
        return round(self.target * 0.875, 4)

    @property
    def much_too_long(self) -> float:
        """A wait after which most have given up: three times the target."""
        return self.answer_within * 3

    lost = 0.03
    """Abandon ratio of 3 %, usual as a goal (ContactBabel, UK Decision-Makers' Guide)."""

    lost_badly = 0.05

    idle = 0.60
    """Occupancy under which people wait for calls (Erlang C practice: 60 to 85 %)."""

    busy = 0.85
    exhausting = 0.90

    kept = 0.90
    """Adherence under which somebody should look. Ours: change it here for all boards."""

    kept_badly = 0.85

    fresh = 15
    """Seconds: three scrapes of five seconds. Older figures are not shown as those of now."""

    aging = 5
