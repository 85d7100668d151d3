"""What of the settings puts an agent into after-work: pauses that mean it, and wrap-up times.

A source that tells the wrap-up times of members alone, as Asterisk does, says 0 of whoever has
none of his own: then his queue's holds, which only the settings know.

Source: Asterisk apps/app_queue.c: a member's wrapuptime that is not 0, else the queue's.
"""

from schemas.durations import in_ms
from schemas.policies import PolicyHistory


class AfterWorkTerms:
    """What means after-work.

    Attributes:
        reasons: of pauses for it, in lower case; those of now hold for all times.
    """

    __slots__ = ("_policies", "reasons")

    def __init__(self, policies: PolicyHistory) -> None:
        self.reasons = frozenset(policies.current.wrapup_reasons)
        self._policies = policies

    def wrapup_ms(self, queue_id: str, ended: int) -> int:
        """Return the wrap-up time [ms] of a queue after a talk that ended at an instant [ms].

        0 where the settings of that time name none.
        """
        return in_ms(self._policies.at(ended).queue(queue_id).wrapup)
