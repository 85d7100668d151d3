"""What stands in a diary: stretches of time, ends of offers, calls, and counts of them."""

from bisect import bisect_left
from typing import Literal

import msgspec

from schemas.events import EndedBy


class Stretch(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """A stretch of time of one agent: a break, a session, an after-work, a hold.

    `told` is false where nobody told its end: a snapshot found it over. If the source was not
    heard before that, it may have ended at any time from `unseen_since` [ms] on. `events` are
    the ids of the events that began and ended it, empty where no event did. Where nobody told
    its beginning after a gap, it may have begun at any time from `begun_unseen_since` [ms] on.
    """

    kind: str
    start: int
    end: int | None
    reason: str
    told: bool
    events: tuple[str, ...]
    unseen_since: int | None = None
    begun_unseen_since: int | None = None


class OfferEnd(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """An offer that came to an end, or a log-out, which ends a row of offers too.

    Of one that was missed: how many `others` waited in its queue then besides its caller, and
    the legs of those among them who had waited longest. `rang_at` [ms] is when it began.
    """

    at: int
    offer_id: str
    result: str
    queue_id: str = ""
    leg_id: str = ""
    events: tuple[str, ...] = ()
    others: int = 0
    waiting: tuple[str, ...] = ()
    rang_at: int = 0


class Contact(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """A queue's call that an agent has finished: was it passed on, how long was it held?

    Nobody hung up on a caller who went on to a colleague, a number or another queue.
    """

    at: int
    leg_id: str
    handle_ms: int
    hung_up_by: EndedBy | Literal["", "nobody"]
    passed: bool = False
    hold_ms: int = 0
    queue_id: str = ""


class Wrapup(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The queue whose call an after-work follows, empty if it follows none.

    `day` is the local day (its start [ms]) that it is counted in with whole `seconds`; None if
    it is not: it goes on, it is of no queue, or nobody saw it end or begin.
    """

    queue_id: str
    day: int | None = None
    seconds: int = 0


class Mark(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """A finished call that a rate rule counts; `sure` if it is told whose doing it was."""

    at: int
    leg_id: str
    sure: bool


class Share(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """How an agent stood at the end of a marked call, by the rule that held then.

    Within the time of the rule: his calls and how many of them are marked, the same of the
    others of his team, and whether that is too much.
    """

    calls: int
    marked: int
    of_others: int
    marked_of_others: int
    too_much: bool


class Tally(msgspec.Struct, gc=False):
    """Marked calls of one rule in their order; `shares` are worked out for so many of them."""

    marks: list[Mark] = msgspec.field(default_factory=list)
    shares: list[Share] = msgspec.field(default_factory=list)

    def write(self, mark: Mark | None, at: int, leg_id: str) -> bool:
        """Write that a call of an instant [ms] is marked, or is not; tell if that is news."""
        place = bisect_left(self.marks, Mark(at, leg_id, sure=False))
        old = None
        if place < len(self.marks) and self.marks[place].leg_id == leg_id:
            old = self.marks[place]
        if old == mark:
            return False
        self.shares_from(at)
        if old is not None:
            del self.marks[place]
        if mark is not None:
            self.marks.insert(place, mark)
        return True

    def shares_from(self, at: int) -> bool:
        """Let the shares from an instant [ms] on be worked out anew; tell if there were any."""
        known = len(self.shares)
        if not known or self.marks[known - 1].at < at:
            return False
        del self.shares[self.place(at) :]
        return True

    def place(self, at: int) -> int:
        """Return where the first mark of an instant [ms] or after it stands."""
        return bisect_left(self.marks, Mark(at, "", sure=False))

    def between(self, start: int, end: int) -> int:
        """Return how many marks there are in [start, end]."""
        return self.place(end + 1) - self.place(start)

    def forget(self, before: int) -> None:
        """Drop marks of before an instant [ms]."""
        last = self.place(before)
        del self.marks[:last], self.shares[:last]


class Pace(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """How an agent's last `contacts` compare with the others', by the rule of their end.

    Means of handle times [ms]; `contacts` is 0 where there were too few to compare. The rule
    says whether he is `slow`, and whether he has `recovered` if he was.
    """

    own_ms: float = 0.0
    others_ms: float = 0.0
    contacts: int = 0
    slow: bool = False
    recovered: bool = False
