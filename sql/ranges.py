"""Stores a range of the log so that doing it again stores nothing twice.

A range yields one insert for each table and month, under a token made of the range alone, so a
repetition with the same bounds is recognised by the store, whatever died in between. Rows that
the store refuses because of what they say are found by halving, under tokens that follow from
the halving: the same rows are found again in a repetition, and the rest is stored.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from schemas.errors import MalformedEvent, RowsRefused
from schemas.events import Event
from schemas.facts import Fact
from sql.rows import Insert, Position, event_inserts, fact_inserts
from sql.store import store_errors
from sql.writer import arrow, insert_arrow

Refuse = Callable[[int, str], None]
"""Told which of what was given cannot be stored, by its place, and why."""

NO_ROW = (MalformedEvent, pa.ArrowException, OverflowError, ValueError)
"""What making rows raises where something said cannot be one."""


@dataclass(frozen=True, slots=True)
class Written:
    """One insert that the store has acknowledged."""

    table: str
    rows: int
    seconds: float


@dataclass(slots=True)
class RangeRows:
    """What a range of the log says as inserts: made first, written afterwards.

    Making rows keeps this process busy, writing them waits for the store, so one range is made
    while another is written. Serves one thread at a time.
    """

    token: str
    refuse: Refuse
    _made: list[tuple[Insert, str]] = field(default_factory=list)

    def add(self, inserts: Iterable[Insert]) -> None:
        """Add all that the range says, as inserts."""
        self._made += [(each, f"{self.token}:{each.table}:{each.month}") for each in inserts]

    def add_events(self, events: Sequence[Event], positions: Sequence[Position]) -> None:
        """Add all events with their places in the log, and refuse those that make no row."""

        def inserts(places: Sequence[int]) -> list[Insert]:
            return event_inserts(
                [events[each] for each in places], [positions[each] for each in places]
            )

        if events:
            self._make(inserts, range(len(events)), self.token)

    def add_facts(self, facts: Sequence[Fact]) -> None:
        """Add all facts, of any kinds, and refuse those that make no row."""
        kinds: dict[type[Fact], list[int]] = {}
        for place, fact in enumerate(facts):
            kinds.setdefault(type(fact), []).append(place)

        def inserts(places: Sequence[int]) -> list[Insert]:
            return fact_inserts([facts[each] for each in places])

        for places in kinds.values():
            self._make(inserts, places, self.token)

    def write(self, client: Client) -> list[Written]:
        """Write what was added; return what the store has acknowledged.

        Raises:
            StoreFailed: some may be stored; make and write the same range again.
        """
        written: list[Written] = []
        for insert, token in self._made:
            self._insert(client, insert, token, written)
        return written

    def _make(
        self,
        inserts: Callable[[Sequence[int]], list[Insert]],
        places: Sequence[int],
        token: str,
    ) -> None:
        """Make rows of what stands at some places, all of one table."""
        try:
            made = inserts(places)
        except NO_ROW as error:
            if len(places) == 1:
                self.refuse(places[0], _line(error))
                return
            half = len(places) // 2
            self._make(inserts, places[:half], f"{token}/0")
            self._make(inserts, places[half:], f"{token}/1")
            return
        for each in made:
            insert = replace(each, places=[places[place] for place in each.places])
            self._made.append((insert, f"{token}:{each.table}:{each.month}"))

    def _insert(
        self, client: Client, insert: Insert, token: str, written: list[Written]
    ) -> None:
        started = time.monotonic()
        count = insert.rows.num_rows
        try:
            with store_errors(f"write {count} rows into {insert.table}"):
                insert_arrow(client, insert, arrow(insert.rows), token)
        except RowsRefused as error:
            if count == 1:
                self.refuse(insert.places[0], _line(error))
                return
            half = count // 2
            for name, begin, end in (("0", 0, half), ("1", half, count)):
                rows = insert.rows.slice(begin, end - begin)
                part = replace(insert, rows=rows, places=insert.places[begin:end])
                self._insert(client, part, f"{token}/{name}", written)
            return
        written.append(Written(insert.table, count, time.monotonic() - started))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:500] or type(error).__name__
