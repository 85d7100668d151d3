"""Stores a range of the log so that doing it again stores nothing twice.

A range yields one insert for each table and month, under a token made of the range alone, so a
repetition with the same bounds is recognised by the store, whatever died in between. Rows that
the store refuses because of what they say are found by halving, under tokens that follow from
the halving: the same rows are found again in a repetition, and the rest is stored.
"""

import time
from collections.abc import Callable, Sequence
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

_NO_ROW = (MalformedEvent, pa.ArrowException, OverflowError, ValueError)


@dataclass(frozen=True, slots=True)
class Written:
    """One insert that the store has acknowledged."""

    table: str
    rows: int
    seconds: float


@dataclass(slots=True)
class RangeWriter:
    """Stores what a range of the log says. Serves one thread.

    Attributes:
        written: the inserts since it was made.
    """

    client: Client
    token: str
    refuse: Refuse
    written: list[Written] = field(default_factory=list)

    def write_events(self, events: Sequence[Event], positions: Sequence[Position]) -> None:
        """Store events with their places in the log.

        Raises:
            StoreFailed: some may be stored; write the same range again.
        """

        def inserts(places: Sequence[int]) -> list[Insert]:
            return event_inserts(
                [events[each] for each in places], [positions[each] for each in places]
            )

        if events:
            self._write(inserts, range(len(events)), self.token)

    def write_facts(self, facts: Sequence[Fact]) -> None:
        """Store facts of any kinds.

        Raises:
            StoreFailed: some may be stored; write the same range again.
        """
        kinds: dict[type[Fact], list[int]] = {}
        for place, fact in enumerate(facts):
            kinds.setdefault(type(fact), []).append(place)

        def inserts(places: Sequence[int]) -> list[Insert]:
            return fact_inserts([facts[each] for each in places])

        for kind in sorted(kinds, key=lambda each: each.__name__):
            self._write(inserts, kinds[kind], self.token)

    def _write(
        self,
        inserts: Callable[[Sequence[int]], list[Insert]],
        places: Sequence[int],
        token: str,
    ) -> None:
        """Store what stands at some places, all of one table."""
        try:
            made = inserts(places)
        except _NO_ROW as error:
            if len(places) == 1:
                self.refuse(places[0], _line(error))
                return
            half = len(places) // 2
            self._write(inserts, places[:half], f"{token}/0")
            self._write(inserts, places[half:], f"{token}/1")
            return
        for each in made:
            chosen = [places[place] for place in each.places]
            self._insert(replace(each, places=chosen), f"{token}:{each.table}:{each.month}")

    def _insert(self, insert: Insert, token: str) -> None:
        started = time.monotonic()
        count = insert.rows.num_rows
        try:
            with store_errors(f"write {count} rows into {insert.table}"):
                insert_arrow(self.client, insert, arrow(insert.rows), token)
        except RowsRefused as error:
            if count == 1:
                self.refuse(insert.places[0], _line(error))
                return
            half = count // 2
            for name, begin, end in (("0", 0, half), ("1", half, count)):
                rows = insert.rows.slice(begin, end - begin)
                part = replace(insert, rows=rows, places=insert.places[begin:end])
                self._insert(part, f"{token}/{name}")
            return
        self.written.append(Written(insert.table, count, time.monotonic() - started))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:500] or type(error).__name__
