"""What rules judge an agent by: what he lately did, each thing under its key, revisable.

A diary holds facts, not verdicts. A fact that comes again replaces what was written of it, a
voided one takes it out; so the order in which facts come does not matter.
"""

from bisect import bisect_left, insort
from typing import TypeAlias

import msgspec

from schemas.facts import Violation


class Stretch(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """A stretch of time of one agent: a break, a session, an after-work, a hold.

    `told` is false where nobody told its end: a snapshot found it over. `events` are the ids of
    the events that began and ended it.
    """

    kind: str
    start: int
    end: int | None
    reason: str
    told: bool
    events: tuple[str, ...]


class Rung(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """An offer that came to an end, or a log-out, which ends a row of offers too."""

    at: int
    offer_id: str
    result: str
    queue_id: str = ""
    leg_id: str = ""
    events: tuple[str, ...] = ()


class Contact(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """A call that an agent has finished; talk and hold in `handle_ms`."""

    at: int
    leg_id: str
    handle_ms: int
    ended_by: str


Means: TypeAlias = tuple[float, float]
"""Mean handle time [ms] of an agent's last contacts and of the others'; 0 and 0: too few."""


class Diary(msgspec.Struct, gc=False):
    """What is known of one agent that any rule can still reach.

    `means` are worked out for so many of the contacts, in their order. `short` counts for each
    month (its start [ms]) calls, short ones, and those of them of which nobody told who ended
    them. What was over before `final_before` [ms] is never judged again.
    """

    team: str = ""
    stretches: dict[tuple[str, int], Stretch] = msgspec.field(default_factory=dict)
    rungs: list[Rung] = msgspec.field(default_factory=list)
    by_offer: dict[str, Rung] = msgspec.field(default_factory=dict)
    contacts: list[Contact] = msgspec.field(default_factory=list)
    by_leg: dict[str, Contact] = msgspec.field(default_factory=dict)
    means: list[Means] = msgspec.field(default_factory=list)
    short: dict[int, list[int]] = msgspec.field(default_factory=dict)
    said: dict[str, dict[str, Violation]] = msgspec.field(default_factory=dict)
    final_before: int = 0

    def of_kind(self, kind: str) -> list[Stretch]:
        """Return the stretches of a kind in the order of time."""
        return sorted(each for each in self.stretches.values() if each.kind == kind)

    def log_outs(self) -> list[int]:
        """Return when [ms] the agent logged out."""
        return [each.end for each in self.of_kind("session") if each.end is not None]

    def write_rung(self, rung: Rung | None, offer_id: str) -> bool:
        """Write how an offer ended, or that it did not; return whether that is news."""
        old = self.by_offer.get(offer_id)
        if old == rung:
            return False
        if old is not None:
            del self.rungs[bisect_left(self.rungs, old)]
            del self.by_offer[offer_id]
        if rung is not None:
            insort(self.rungs, rung)
            self.by_offer[offer_id] = rung
        return True

    def write_contact(self, contact: Contact | None, leg_id: str) -> Contact | None:
        """Write a finished call, or that it is none; return what was written of it before."""
        old = self.by_leg.get(leg_id)
        if old == contact:
            return old
        if old is not None:
            place = bisect_left(self.contacts, old)
            del self.contacts[place], self.means[place:]
            del self.by_leg[leg_id]
        if contact is not None:
            place = bisect_left(self.contacts, contact)
            self.contacts.insert(place, contact)
            del self.means[place:]
            self.by_leg[leg_id] = contact
        return old

    def means_from(self, at: int) -> None:
        """Let the means at the ends of calls from an instant [ms] on be worked out anew."""
        del self.means[bisect_left(self.contacts, Contact(at, "", 0, "")) :]

    def forget(self, before: int, kept_ms: int) -> None:
        """Drop what no rule can reach: nothing comes any more of before `before` [ms].

        Windows of rules are as long as `kept_ms` at most; an episode that may still change
        keeps all that led to it.
        """
        self.final_before = before - kept_ms
        since = before - 3 * kept_ms
        for code, episodes in list(self.said.items()):
            for key, said in list(episodes.items()):
                if is_final(said, self.final_before):
                    del episodes[key]
                else:
                    since = min(since, said.pending_at)
            if not episodes:
                del self.said[code]
        for place, stretch in list(self.stretches.items()):
            if stretch.end is not None and stretch.end < since:
                del self.stretches[place]
        self._forget_rungs(since)
        gone = bisect_left(self.contacts, Contact(since, "", 0, ""))
        for contact in self.contacts[:gone]:
            del self.by_leg[contact.leg_id]
        del self.contacts[:gone], self.means[:gone]

    def _forget_rungs(self, since: int) -> None:
        """Drop offers up to the last that ended a row: what follows begins anew there."""
        last = bisect_left(self.rungs, Rung(since, "", ""))
        while last and self.rungs[last - 1].result not in ENDS_A_ROW:
            last -= 1
        for rung in self.rungs[:last]:
            del self.by_offer[rung.offer_id]
        del self.rungs[:last]


ENDS_A_ROW = frozenset({"answered", "logged_out"})
"""What ends a row of offers that were missed."""


def is_final(said: Violation, before: int) -> bool:
    """Tell whether an episode was over before an instant [ms]."""
    return said.cleared_at is not None and said.cleared_at < before
