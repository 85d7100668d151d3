"""One call of an agent with colleagues, and who waited for him meanwhile."""

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from stream_processors.core.instants import NEVER

OTHERS_NAMED = 5
"""So many of the callers are named who waited while an agent did something else."""


class Talk(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A call among colleagues, from when to when [ms] and with whom.

    If its source was not heard before its end was inferred, it may have ended at any time from
    `unseen_since` [ms] on.
    """

    start: int
    end: int | None
    unseen_since: int | None
    others: tuple[str, ...]


class Crowd(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """Callers who waited from when to when [ms], the first in which queue; five are named."""

    start: int
    end: int
    queue_id: str
    legs: tuple[str, ...]


class Chat(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A call of an agent with colleagues, and what meanwhile was left undone.

    `queues` could ring him, `crowds` waited in them while nobody of the call had a caller, both
    once he had talked for so long as the rule permits. Up to `settled` [ms] that is final.
    """

    talk: Talk
    leg_id: str
    queues: tuple[str, ...] = ()
    crowds: tuple[Crowd, ...] = ()
    settled: int = 0

    @property
    def end(self) -> int:
        """When [ms] it is over as far as is known."""
        return NEVER if self.talk.end is None else self.talk.end

    @property
    def is_settled(self) -> bool:
        """Tell whether nothing more will become known of it."""
        return self.end <= self.settled

    def settled_until(self, before: int) -> "Chat":
        """Return it as one of which nothing before an instant [ms] will change any more."""
        if before <= self.settled:
            return self
        past = [replace(each, end=min(each.end, before)) for each in self.crowds]
        rest = [replace(each, start=max(each.start, before)) for each in self.crowds]
        final = joined(each for each in past if each.start < each.end)
        going_on = (each for each in rest if each.start < each.end)
        return replace(self, crowds=(*final, *going_on), settled=before)


def joined(crowds: Iterable[Crowd]) -> list[Crowd]:
    """Join callers who waited one after the other without a break; they come in order."""
    found: list[Crowd] = []
    for each in crowds:
        if found and each.start <= found[-1].end:
            last = found[-1]
            legs = tuple(dict.fromkeys(last.legs + each.legs))[:OTHERS_NAMED]
            found[-1] = replace(last, end=max(last.end, each.end), legs=legs)
        else:
            found.append(each)
    return found
