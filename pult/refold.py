"""Fold the history again from the stored events, in the order of their own time.

What an import ends with, what heals a day that an event reached too late, and what
`pult rebuild` does on purpose: the order in which events came, and coming twice, cannot matter.
It begins at the last checkpoint that can be used, writes what the store does not say already,
voids what no longer holds, and renews the checkpoints. What was shown live is left alone.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import TypeAlias
from zoneinfo import ZoneInfo

from pult.checkpoints import Gathered, Start, last_usable, made, next_midnight
from pult.reconciling import Difference, Reconciliation, Scope
from schemas.events import decode
from sql.checkpoints import void_after
from sql.history import (
    LAST_MS,
    Stored,
    clean_days,
    count_events,
    read_stored,
    received_until,
)
from sql.port import Store
from stream_processors.core.instants import DAY_MS, day_bounds, day_name, to_ms
from stream_processors.core.pipeline import FUTURE_MS, Batch, Record, apply
from stream_processors.core.saying import all_said
from stream_processors.core.state import State, Terms

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many events are folded, and of how many."""


@dataclass(frozen=True, slots=True)
class Refolded:
    """What a re-fold came to.

    Attributes:
        state: after the last event; its position is that of the re-fold, so a live fold may
            go on from it with what the log has after that.
        since_ms: the midnight it began at, ms since 1970; 0 for the beginning of the history.
        events: how many were folded.
        differences: what the store did not say already, by table and local day.
    """

    state: State
    since_ms: int
    events: int
    differences: Mapping[tuple[str, str], Difference]


def refold(
    store: Store,
    tenant: str,
    domain: str,
    terms: Terms,
    progress: Progress = lambda folded, total: None,
    since_ms: int = 0,
    until_ms: int = LAST_MS,
    *,
    first_ms: int = 0,
    writing: bool = True,
) -> Refolded:
    """Fold events of a domain again, store what differs, void what no longer holds.

    Before it is called all events up to its position must be stored, and all facts caused by
    them that ever will be.

    Args:
        store: where events are read and facts written.
        tenant: whose events.
        domain: which domain.
        terms: with `refold_at`, the position that becomes the revision of every fact; not below
            that of any fact that it is to replace.
        progress: called with the number of events folded so far, and of all.
        since_ms: the earliest instant about which something may have changed, ms since 1970.
        until_ms: facts that began at this midnight or later are left alone.
        first_ms: facts that began before this midnight are left alone; if it is given no
            checkpoint is made, for a checkpoint promises that those are right, too.
        writing: False to compare only.

    Raises:
        StoreFailed: some may be stored; do it again.
    """
    start = last_usable(store, tenant, domain, terms, since_ms) if since_ms else None
    span = (first_ms, until_ms)
    run = _Refold(store, start or State(tenant, domain), terms, span, writing=writing)
    return run.all(progress)


def refold_days(
    store: Store,
    tenant: str,
    domain: str,
    terms: Terms,
    days: Iterable[str],
    progress: Progress = lambda folded, total: None,
) -> Refolded:
    """Fold some local days again, and all after them: what a late event changes may go on.

    Args:
        store: as for `refold`, like all others.
        tenant: whose events.
        domain: which domain.
        terms: with `refold_at`.
        days: dates such as 2026-03-02, in the time zone of the terms; at least one.
        progress: called with the number of events folded so far, and of all.

    Raises:
        StoreFailed: some may be stored; do it again.
    """
    first = midnight_of(min(days), terms)
    return refold(store, tenant, domain, terms, progress, since_ms=first)


def midnight_of(day: str, terms: Terms) -> int:
    """Return the beginning [ms] of a local date."""
    noon = datetime.fromisoformat(f"{date.fromisoformat(day)}T12:00:00")
    at = noon.replace(tzinfo=ZoneInfo(terms.zone)).timestamp()
    return day_bounds(int(at), terms.zone)[0]


class _Refold:
    """One run."""

    def __init__(
        self,
        store: Store,
        start: Start | State,
        terms: Terms,
        span: tuple[int, int],
        *,
        writing: bool,
    ) -> None:
        assert terms.refold_at is not None
        self.store, self.terms, self.writing = store, terms, writing
        self.first_ms, self.until_ms = span
        self.revision = terms.refold_at
        self.state = start.state if isinstance(start, Start) else start
        place = start.place if isinstance(start, Start) else None
        self.since_ms = place.midnight if place else 0
        self.midnight = self.since_ms  # the next one to be passed; 0 before the first event
        self.events = 0
        self.checkpoints = Gathered()
        scope = Scope(
            self.state.tenant, self.state.domain, self.revision, self.since_ms, self.until_ms,
            place.position if place else None, self.first_ms,
        )  # fmt: skip
        received = received_until(
            store.client, self.state.tenant, self.state.domain, self.since_ms
        )
        self.reconciliation = Reconciliation(
            store, scope, lambda at: day_name(at, terms.zone), received, writing=writing
        )
        if place:
            self.midnight = next_midnight(place.midnight, terms)
            self.reconciliation.remember(
                all_said(self.state, terms, self.revision, self._clock())
            )

    def all(self, progress: Progress) -> Refolded:
        """Fold to the end, or until nothing in question can change any more."""
        state = self.state
        total = count_events(self.store.client, state.tenant, state.domain, self.since_ms)
        for stored in read_stored(
            self.store.client, state.tenant, state.domain, since_ms=self.since_ms
        ):
            if not self._fold(stored):
                break
            progress(self.events, total)
        else:
            if self.midnight:
                self._check_point()
        self.reconciliation.finish()
        if self.writing:
            self._renew()
        state.position = self.revision
        return Refolded(state, self.since_ms, self.events, self.reconciliation.differences)

    def _fold(self, stored: list[Stored]) -> bool:
        """Fold a stretch of events day by day; return False if the rest changes nothing."""
        self.reconciliation.reach(next_midnight(stored[-1].at, self.terms))
        begin = 0
        while begin < len(stored):
            at = stored[begin].at
            if at >= self.midnight:
                if _is_future(stored[begin]):
                    # The core rejects it: no day has come with it.
                    self._apply(stored[begin : begin + 1])
                    begin += 1
                    continue
                if self.midnight:
                    self._check_point()
                    if self.midnight >= self.until_ms and not self._may_change():
                        return False
                self.midnight = next_midnight(at, self.terms)
            end = bisect_left(stored, self.midnight, begin, key=attrgetter("at"))
            self._apply(stored[begin:end])
            begin = end
        return True

    def _apply(self, stored: list[Stored]) -> None:
        state = self.state
        first = state.position + 1
        records = tuple(Record(first + n, each.value) for n, each in enumerate(stored))
        self.reconciliation.add(apply(state, Batch(records), self.terms))
        self.events += len(records)
        self.reconciliation.settle(self._clock())

    def _may_change(self) -> bool:
        return self.reconciliation.is_open_within(self._clock())

    def _check_point(self) -> None:
        if self.writing and self.midnight <= self.until_ms and not self.first_ms:
            # Positions are counted from the last checkpoint: equal states are equal bytes.
            self.state.position = 0
            self.checkpoints.add(made(self.state, self.midnight, self.revision, self.terms))

    def _renew(self) -> None:
        """Last of all: a checkpoint promises that the facts before it are stored."""
        state, last = self.state, self.midnight or DAY_MS
        clean_days(
            self.store, state.tenant, state.domain, self.revision,
            day_name(max(self.since_ms, self.first_ms), self.terms.zone),
            day_name(min(self.until_ms, last) - 1, self.terms.zone),
        )  # fmt: skip
        if self.until_ms >= LAST_MS and not self.first_ms:
            void_after(self.store.client, state.tenant, state.domain, self.since_ms)
        self.checkpoints.write(self.store, state.tenant, state.domain)

    def _clock(self) -> int:
        return min((source.clock for source in self.state.sources.values()), default=0)


def _is_future(stored: Stored) -> bool:
    """Tell whether an event is dated so late that only a wrong clock can mean it."""
    return stored.at > to_ms(decode(stored.value).recordedtime) + FUTURE_MS
