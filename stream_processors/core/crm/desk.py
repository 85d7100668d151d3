"""What a CRM has told lately, and what was said of it: each with its contact.

An item is kept until no call can be heard any more that would change which contact it is of.
Nothing here is done, and nothing remembered of calls, before a CRM is heard for the first time.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from schemas.facts import Card, CrmFact, Leg, says_the_same
from stream_processors.core.crm.cards import GIVEN_UP_MS, CardMark, Filling, fillings, put
from stream_processors.core.crm.kin import Kin
from stream_processors.core.crm.matching import (
    AFTER_MS,
    WINDOW_MS,
    Match,
    at_of,
    hint_of,
    match,
)
from stream_processors.core.crm.traces import Book, Index, Trace, drop, trace_of
from stream_processors.core.instants import DAY_MS, MINUTE_MS
from stream_processors.core.sources import HORIZON_MS, Heard

KEPT_MS = WINDOW_MS + 2 * HORIZON_MS
"""So long a call that is heard of may still change which contact something is of."""

_FORGET_MS = 5 * MINUTE_MS


class Item(msgspec.Struct):
    """Something told: what it says but for its contact (None: it no longer holds).

    Attributes:
        named: the id of a contact that it told itself when its contact was looked for last.
    """

    fact: CrmFact | None
    said: CrmFact | None = None
    named: str = ""


class CardFile(msgspec.Struct):
    """What one agent did with one card lately."""

    source: str
    card_id: str
    agent_id: str
    marks: list[CardMark] = msgspec.field(default_factory=list)
    items: list[str] = msgspec.field(default_factory=list)


class Crm(msgspec.Struct):
    """What the CRMs of a domain have told that is still in reach.

    Attributes:
        settled: of calls that what was before this [ms] may be of some are forgotten already.
    """

    clock: int = 0
    last_forgotten: int = 0
    settled: int = 0
    book: Book = msgspec.field(default_factory=Book)
    kin: Kin = msgspec.field(default_factory=Kin)
    items: dict[str, Item] = msgspec.field(default_factory=dict)
    cards: dict[str, CardFile] = msgspec.field(default_factory=dict)
    by_interaction: Index = msgspec.field(default_factory=dict)
    by_agent: Index = msgspec.field(default_factory=dict)
    by_caller: Index = msgspec.field(default_factory=dict)
    heard: dict[str, Heard] = msgspec.field(default_factory=dict)

    @property
    def listens(self) -> bool:
        """Tell whether a CRM has been heard."""
        return self.book.since is not None

    @property
    def is_to_forget(self) -> bool:
        """Tell whether much time has passed by what CRMs told, whatever the sources do."""
        return self.clock - self.last_forgotten >= _FORGET_MS

    def hear(self, source: str, at: int) -> Iterator[str]:
        """Note that a CRM told something of an instant [ms]; return the items concerned."""
        heard = self.heard.setdefault(source, Heard())
        heard.events += 1
        heard.last_at = max(heard.last_at, at)
        self.clock = max(self.clock, at)
        before = self.book.since
        if before is None or at < before:
            self.book.since = at
            yield from self.items if before is not None else ()

    # --- what was told ----------------------------------------------------------------------

    def take(self, key: str, fact: CrmFact) -> bool:
        """Take one thing that was told once and for all; return False if it is known."""
        known = self.items.get(key)
        if known is not None and known.fact == fact:
            return False
        if known is not None and known.fact is not None and _rank(known.fact) >= _rank(fact):
            return False
        self._put(key, fact)
        return True

    def take_card(self, whose: CardFile, mark: CardMark, place: tuple[str, str]) -> list[str]:
        """Take what an agent did with a card; return the fillings that it may have changed.

        Args:
            whose: an empty file of the card and agent.
            mark: what he did.
            place: tenant and domain.
        """
        name = "\x1f".join((whose.source, whose.card_id, whose.agent_id))
        file = self.cards.setdefault(name, whose)
        if not put(file.marks, mark):
            return []
        before, file.items = file.items, []
        for each in fillings(file.marks):
            key = f"{name}\x1f{each.began}"
            file.items.append(key)
            self._put(key, _card(file, each, place))
        for key in before:
            if key not in file.items:
                self._put(key, None)
        return list(dict.fromkeys([*before, *file.items]))

    def _put(self, key: str, fact: CrmFact | None) -> None:
        item = self.items.get(key)
        if item is None:
            item = self.items[key] = Item(None)
        elif item.fact is not None:
            for index, name in self._places(item.fact):
                drop(index, name, key)
        item.fact = fact
        if fact is not None:
            for index, name in self._places(fact):
                index.setdefault(name, {})[key] = None

    def _places(self, fact: CrmFact) -> Iterator[tuple[Index, str]]:
        if fact.interaction_id:
            yield self.by_interaction, fact.interaction_id
        if fact.agent_id:
            yield self.by_agent, fact.agent_id
        if fact.caller_key:
            yield self.by_caller, fact.caller_key

    # --- what is known of calls -------------------------------------------------------------

    def note(self, leg: Leg) -> list[str]:
        """Take what was said of a leg; return the items whose contact it may be."""
        trace = trace_of(leg)
        before = self.book.take(leg.leg_id) if leg.voided else self.book.put(trace)
        if before == trace and not leg.voided:
            return []
        both = (trace,) if before is None else (trace, before)
        return [key for each in both for key in self._concerned(each)]

    def join(self, ids: Iterable[str], known_as: str, at: int) -> list[str]:
        """Take that some ids are one contact; return the items that name one of them.

        Args:
            ids: all of its ids.
            known_as: the one that it is known by now.
            at: the last [ms] that was told of it.
        """
        return list(self._naming(known_as)) if self.kin.join(ids, known_as, at) else []

    def _naming(self, interaction_id: str) -> Iterator[str]:
        for name in self.kin.names(interaction_id):
            yield from self.by_interaction.get(name, ())

    def _concerned(self, trace: Trace) -> Iterator[str]:
        if trace.interaction_id:
            yield from self._naming(trace.interaction_id)
        if trace.agent_id:
            yield from self._near(self.by_agent.get(trace.agent_id, ()), trace, AFTER_MS)
        if trace.caller_key:
            yield from self._near(self.by_caller.get(trace.caller_key, ()), trace, WINDOW_MS)

    def _near(self, keys: Iterable[str], trace: Trace, within: int) -> Iterator[str]:
        for key in keys:
            fact = self.items[key].fact
            if fact is None:
                continue
            if at_of(fact) + within >= trace.entered and (
                trace.ended is None or at_of(fact) <= trace.over(0) + within
            ):
                yield key

    # --- what is said of it -----------------------------------------------------------------

    def say(self, key: str, revision: int, known_at: int) -> CrmFact | None:
        """Return what is new about an item; None if nothing is."""
        item = self.items.get(key)
        if item is None:
            return None
        if item.fact is None:
            del self.items[key]
            if item.said is None:
                return None
            return msgspec.structs.replace(
                item.said, revision=revision, known_at=known_at, voided=True
            )
        now = msgspec.structs.replace(
            item.fact, revision=revision, known_at=known_at, **self._contact(item, item.fact)
        )
        if item.said is not None and says_the_same(item.said, now):
            return None
        item.said = now
        return now

    def _contact(self, item: Item, fact: CrmFact) -> dict[str, Any]:
        """Return which contact something is of.

        A card may stay open for longer than calls are remembered. What is done with it then
        leaves its contact as it was, unless it tells the id of one.
        """
        said, named = item.said, item.named
        item.named = fact.interaction_id
        if said is not None and named == item.named and at_of(fact) < self.settled:
            return {name: getattr(said, name) for name in Match._fields}
        return match(hint_of(fact), self.book, self.kin)._asdict()

    def said(self) -> Iterator[CrmFact]:
        """Return what was said last of all that is in reach."""
        for item in self.items.values():
            if item.said is not None:
                yield item.said

    # --- what is out of reach ---------------------------------------------------------------

    def forget(self, clocks: Iterable[int]) -> None:
        """Drop what no call that may still be heard can change.

        Args:
            clocks: of the sources [ms]; for one that stands still nothing waits over a day.
        """
        latest = max((self.clock, *clocks))
        if latest < self.last_forgotten + _FORGET_MS:
            return
        self.last_forgotten = latest
        earliest = min((latest, *(each for each in clocks if each > latest - DAY_MS)))
        before = earliest - KEPT_MS
        self.settled = max(self.settled, before)
        # What stays was not before that, and its contact is looked for so far back.
        self.book.forget(before - WINDOW_MS)
        self.kin.forget(before - WINDOW_MS)
        self._forget_cards(before)
        of_cards = {key for file in self.cards.values() for key in file.items}
        for key in [
            key
            for key, item in self.items.items()
            if key not in of_cards and (item.fact is None or at_of(item.fact) < before)
        ]:
            self._put(key, None)
            del self.items[key]

    def _forget_cards(self, before: int) -> None:
        for name, file in list(self.cards.items()):
            over = 0
            for each in fillings(file.marks):
                if each.final_at >= before or each.last >= before:
                    break
                over += each.marks
                file.items.remove(f"{name}\x1f{each.began}")
            del file.marks[:over]
            if not file.marks:
                del self.cards[name]


def final_at(fact: CrmFact) -> int:
    """Return from when on [ms] a fact cannot change any more."""
    if not isinstance(fact, Card):
        return at_of(fact) + KEPT_MS + HORIZON_MS
    last = max(fact.began_at, fact.saved_at or 0, fact.closed_at or 0)
    may_go_on = 0 if fact.closed_at is not None else GIVEN_UP_MS
    return last + may_go_on + KEPT_MS + HORIZON_MS


def _rank(fact: CrmFact) -> bytes:
    """Order different tellings under one id, so that it does not matter which came first."""
    return msgspec.json.encode(msgspec.structs.astuple(fact)[5:])


def _card(file: CardFile, filling: Filling, place: tuple[str, str]) -> Card:
    return Card(
        *place, 0, 0, False, file.source, file.card_id, file.agent_id, filling.began,
        filling.opened, filling.saved, filling.closed, filling.saves, filling.fields,
        filling.lasted, filling.form, filling.case_id, filling.caller_key,
        filling.interaction_id,
    )  # fmt: skip
