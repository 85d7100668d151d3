"""What rules judge an agent by: what he lately did, each thing under its key, revisable.

A diary holds facts, not verdicts. A fact that comes again replaces what was written of it, a
voided one takes it out; so the order in which facts come does not matter.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from itertools import takewhile
from typing import TypeVar

import msgspec

from schemas.facts import Violation
from stream_processors.core.discipline.chat import OTHERS_NAMED, Chat
from stream_processors.core.discipline.entries import (
    Contact,
    OfferEnd,
    Pace,
    Stretch,
    Tally,
    Wrapup,
)
from stream_processors.core.instants import DAY_MS, HOUR_MS, MINUTE_MS

T = TypeVar("T")

KINDS = ("break", "wrapup", "holding", "session")
"""What stretches of time are of."""


def _none_yet() -> dict[str, dict[int, Stretch]]:
    return {kind: {} for kind in KINDS}


class Diary(msgspec.Struct, gc=False):
    """What is known of one agent that any rule can still reach.

    `stretches` are by kind, and within one by their starts [ms], in their order.
    `ended_by` names the event that ended a call, `paces` are worked out for so many of the
    contacts, in their order. `short` counts for each month (its start [ms]) calls, short ones,
    and those of them of which nobody told who ended them; `tallies` are the marked calls by
    rule, `work` is from when to when [ms] he had callers, `chats` when with colleagues, by leg;
    `wrapups` are in the order of their starts [ms]. What was over before `final_before` [ms] is
    never judged again; of what was over before `known_since` [ms] some is forgotten.
    """

    team: str = ""
    stretches: dict[str, dict[int, Stretch]] = msgspec.field(default_factory=_none_yet)
    offer_ends: list[OfferEnd] = msgspec.field(default_factory=list)
    offers: dict[str, OfferEnd] = msgspec.field(default_factory=dict)
    contacts: list[Contact] = msgspec.field(default_factory=list)
    by_leg: dict[str, Contact] = msgspec.field(default_factory=dict)
    ended_by: dict[str, str] = msgspec.field(default_factory=dict)
    paces: list[Pace] = msgspec.field(default_factory=list)
    short: dict[int, list[int]] = msgspec.field(default_factory=dict)
    tallies: dict[str, Tally] = msgspec.field(default_factory=dict)
    work: dict[str, tuple[int, int | None]] = msgspec.field(default_factory=dict)
    chats: dict[str, Chat] = msgspec.field(default_factory=dict)
    wrapups: dict[int, Wrapup] = msgspec.field(default_factory=dict)
    said: dict[str, dict[str, Violation]] = msgspec.field(default_factory=dict)
    final_before: int = 0
    known_since: int = 0

    def of_kind(self, kind: str) -> Sequence[Stretch]:
        """Return the stretches of a kind in the order of time."""
        return list(self.stretches[kind].values())

    def write_stretch(self, kind: str, start: int, stretch: Stretch | None) -> None:
        """Write a stretch that began at `start` [ms], or that none did."""
        _write(self.stretches[kind], start, stretch)

    def paused_at(self, at: int) -> bool:
        """Tell whether the agent was in a break at an instant [ms] that had begun before."""
        breaks = reversed(self.stretches["break"].values())
        last = next((each for each in breaks if each.start < at), None)
        return last is not None and (last.end is None or last.end > at)

    def session_at(self, at: int) -> Stretch | None:
        """Return the log-in that an instant [ms] is of, its end included."""
        return next(
            (
                each
                for each in reversed(self.stretches["session"].values())
                if each.start <= at and (each.end is None or at <= each.end)
            ),
            None,
        )

    def logged_in_at(self, at: int) -> bool:
        """Tell whether the agent was logged in at an instant [ms]."""
        return any(
            each.start <= at and (each.end is None or each.end > at)
            for each in self.stretches["session"].values()
        )

    def write_offer_end(self, ended: OfferEnd | None, offer_id: str) -> bool:
        """Write how an offer ended, or that it did not; return whether that is news."""
        old = self.offers.get(offer_id)
        if old == ended:
            return False
        if old is not None:
            del self.offer_ends[bisect_left(self.offer_ends, old)]
            del self.offers[offer_id]
        if ended is not None:
            insort(self.offer_ends, ended)
            self.offers[offer_id] = ended
        return True

    def count_others(self, offer_id: str, others: Sequence[str]) -> bool:
        """Write whose legs waited as an offer was missed; return whether that is news."""
        old = self.offers[offer_id]
        now = msgspec.structs.replace(
            old, others=len(others), waiting=tuple(others[:OTHERS_NAMED])
        )
        if now == old:
            return False
        self.offer_ends[bisect_left(self.offer_ends, old)] = now
        self.offers[offer_id] = now
        return True

    def write_contact(self, contact: Contact | None, leg_id: str) -> Contact | None:
        """Write a finished call, or that it is none; return what was written of it before."""
        old = self.by_leg.get(leg_id)
        if old == contact:
            return old
        if contact is None:
            self.ended_by.pop(leg_id, None)
        if old is not None:
            place = bisect_left(self.contacts, old)
            del self.contacts[place], self.paces[place:]
            del self.by_leg[leg_id]
        if contact is not None:
            place = bisect_left(self.contacts, contact)
            self.contacts.insert(place, contact)
            del self.paces[place:]
            self.by_leg[leg_id] = contact
        return old

    def ends_of(self, leg_ids: Sequence[str], fired: int) -> list[str]:
        """Return the events that ended calls, of those that are `named`, where known."""
        those = named(leg_ids, fired)
        return [self.ended_by[leg_id] for leg_id in those if leg_id in self.ended_by]

    def write_wrapup(self, start: int, wrapup: Wrapup | None) -> None:
        """Write what an after-work that began at `start` [ms] counts for, or that none did."""
        _write(self.wrapups, start, wrapup)

    def wrapups_within(self, at: int, later_ms: int) -> list[int]:
        """Return which after-works began at an instant [ms] or so soon after it."""
        since = takewhile(lambda start: start >= at, reversed(self.wrapups))
        return [start for start in since if start <= at + later_ms]

    def last_call(self, at: int) -> Contact | None:
        """Return the call that ended last until an instant [ms]."""
        place = bisect_left(self.contacts, Contact(at + 1, "", 0, ""))
        return self.contacts[place - 1] if place else None

    def worked_after(self, call: Contact, until: int) -> bool:
        """Tell whether another caller of his left after a queue's call, by `until` [ms]."""
        return any(
            end is not None and call.at < end <= until and leg_id != call.leg_id
            for leg_id, (_, end) in self.work.items()
        )

    def calls_between(self, start: int, end: int) -> int:
        """Return how many calls ended in [start, end]."""
        first = bisect_left(self.contacts, Contact(start, "", 0, ""))
        return bisect_left(self.contacts, Contact(end + 1, "", 0, "")) - first

    def ended_within(self, at: int, later_ms: int) -> list[Contact]:
        """Return the calls that ended at an instant [ms] or so soon after it."""
        first = bisect_left(self.contacts, Contact(at, "", 0, ""))
        last = bisect_left(self.contacts, Contact(at + later_ms + 1, "", 0, ""))
        return self.contacts[first:last]

    def paces_from(self, at: int) -> None:
        """Let the paces at the ends of calls from an instant [ms] on be worked out anew."""
        del self.paces[bisect_left(self.contacts, Contact(at, "", 0, "")) :]

    def forget(self, before: int, needed: int) -> list[str]:
        """Drop what no rule can reach: nothing comes any more of before `before` [ms].

        An episode that may still change keeps what its rule looks at, back to what led to it.
        So does what a shift needs that lasts: all from `needed` [ms] on.

        Returns:
            The ids of the calls that were dropped.
        """
        self.final_before = before - WINDOW_MS
        led_to = self._forget_said()
        kept = min(before - KEPT_MS, needed)
        since = min([kept, *led_to.values()])

        def reach(*codes: str) -> int:
            return min([kept, *(at for code, at in led_to.items() if code in codes)])

        self.known_since = max(self.known_since, since)
        for kind, known in self.stretches.items():
            # The breaks of one log-in are added up over a day.
            last = since - ADDED_UP_MS if kind in ("break", "session") else since
            for start, stretch in list(known.items()):
                if stretch.end is not None and stretch.end < last:
                    del known[start]
                    if kind == "wrapup":
                        del self.wrapups[start]
        # The call that an after-work follows tells of which queue it is.
        followed = next(iter(self.wrapups), before) - FOLLOWS_MS
        self._forget_offer_ends(reach("rona", "offer_rejected", "toggle"))
        for code, tally in self.tallies.items():
            tally.forget(reach(code))
        work_since = min(followed, reach("wrong_state_work", "ghost_busy"))
        for leg_id, (_, end) in list(self.work.items()):
            if end is not None and end < work_since:
                del self.work[leg_id]
        chats_since = reach("ghost_busy")
        for leg_id, chat in list(self.chats.items()):
            if chat.talk.end is not None and chat.talk.end < chats_since:
                del self.chats[leg_id]
        for month in [month for month in self.short if month < before - MONTHS_MS]:
            del self.short[month]
        # An agent who is slow is so by the calls before that.
        slow = min(before - WINDOW_MS, led_to.get("slow_handling", before)) - CALLS_MS
        calls_since = min(followed, slow, reach("long_hold", *self.tallies))
        return self._forget_contacts(calls_since)

    def _forget_said(self) -> dict[str, int]:
        """Drop what is final; return by rule when [ms] began what led to the rest."""
        led_to: dict[str, int] = {}
        for code, episodes in list(self.said.items()):
            for key, said in list(episodes.items()):
                if is_final(said, self.final_before):
                    del episodes[key]
            if episodes:
                led_to[code] = min(said.pending_at for said in episodes.values())
            else:
                del self.said[code]
        return led_to

    def _forget_contacts(self, since: int) -> list[str]:
        """Drop calls that ended before an instant [ms]; return their ids."""
        last = bisect_left(self.contacts, Contact(since, "", 0, ""))
        gone = [contact.leg_id for contact in self.contacts[:last]]
        for leg_id in gone:
            del self.by_leg[leg_id]
            self.ended_by.pop(leg_id, None)
        del self.contacts[:last], self.paces[:last]
        return gone

    def _forget_offer_ends(self, since: int) -> None:
        """Drop offers up to the last that ended a row: what follows begins anew there."""
        last = bisect_left(self.offer_ends, OfferEnd(since, "", ""))
        while last and self.offer_ends[last - 1].result not in ENDS_A_ROW:
            last -= 1
        for ended in self.offer_ends[:last]:
            del self.offers[ended.offer_id]
        del self.offer_ends[:last]


def _write(known: dict[int, T], start: int, what: T | None) -> None:
    """Write what began at `start` [ms], or that nothing did; they stay in the order of time."""
    if what is None:
        known.pop(start, None)
        return
    is_late = start not in known and known and start < next(reversed(known))
    known[start] = what
    if is_late:
        in_order = sorted(known.items())
        known.clear()
        known.update(in_order)


WINDOW_MS = HOUR_MS
"""No window of a rule is longer, but that of `slow_handling` (schemas/rules.py)."""

CALLS_NAMED = 20
"""Of so many calls at most an episode names the events."""


def named(leg_ids: Sequence[str], fired: int) -> Sequence[str]:
    """Return the calls whose events an episode names.

    That at the place `fired`, at which it fired, is one of them: of too many those long before
    it are left out, and those that joined last.
    """
    first = max(0, fired + 1 - CALLS_NAMED)
    return leg_ids[first : first + CALLS_NAMED]


KEPT_MS = 3 * WINDOW_MS
"""So far back is known what an agent did."""

CALLS_MS = 4 * HOUR_MS
"""So far `slow_handling` may look back."""

ADDED_UP_MS = DAY_MS
"""Breaks are added up over so long at most."""

MONTHS_MS = 62 * DAY_MS
"""A month that began so long ago is over for good."""

FOLLOWS_MS = MINUTE_MS
"""After-work that begins so soon after a queue's call has ended is of that queue."""

ENDS_A_ROW = frozenset({"answered", "logged_out"})
"""What ends a row of offers that were missed."""

UNANSWERED = frozenset({"no_answer", "rejected"})
"""Ends of offers that the agent let go by."""


def is_final(said: Violation, before: int) -> bool:
    """Tell whether an episode was over before an instant [ms]."""
    return said.cleared_at is not None and said.cleared_at < before
