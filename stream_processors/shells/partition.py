"""The fold of one partition: its records grouped by domain, each domain a state of its own.

What cannot belong to a domain is rejected here, with a reason and a count; the core does the
same with what it can decode but not use. Nothing here knows a broker.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from schemas.errors import MalformedEvent
from schemas.events import decode
from schemas.facts import Fact, Rejected, RejectReason
from stream_processors.core.pipeline import Batch, Record, apply, freeze, thaw
from stream_processors.core.state import State, Terms
from stream_processors.shells.continuity import UNMARKED, mark_of

MAX_EVENT_BYTES = 100_000
"""A larger event is rejected: what follows from it must fit into a record of 1 MB."""

KEPT_BYTES = 600_000
"""So much is kept of what is rejected; in base64 it still fits into a record."""

BEFORE_THE_LOG = -1
"""Position of a state that has seen nothing; Kafka's first offset is 0."""


class LogRecord(Protocol):
    """What the fold needs of a record of the log."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """When it was written [ms since 1970]."""

    @property
    def key(self) -> bytes | None:
        """The domain, in UTF-8."""

    @property
    def value(self) -> bytes | None:
        """The event."""


class Frozen(msgspec.Struct):
    """A partition as a snapshot holds it: one record of states, clocks and the next offset.

    Clocks and deadlines of the sources are inside the states; `clock` is the greatest.
    `facts_end` is where the topic of facts ended when this was the state, `last` the mark of
    the record before `position`.
    """

    position: int
    clock: int
    states: list[bytes]
    rejected: dict[str, int]
    facts_end: int = -1
    last: int = UNMARKED


class PartitionFold:
    """All domains of one partition.

    Attributes:
        position: offset of the next record to apply.
        last: mark of the record before it.
        states: state of each domain.
        rejected: how many records that belong to no domain were rejected, by reason.
        facts_end: where the topic of facts ends, if nobody but its owner has written to it.
        seen_to: up to here somebody else may have written facts: `resume`.
    """

    def __init__(self, position: int, terms_of: Callable[[str], Terms]) -> None:
        self.position = position
        self.last = UNMARKED
        self.facts_end = 0
        self.seen_to = position
        self.states: dict[str, State] = {}
        self.rejected: dict[str, int] = {}
        self._terms_of = terms_of
        self._domains: dict[bytes, str] = {}

    @property
    def clock(self) -> int:
        """Greatest event time of all sources [ms since 1970], 0 before the first event."""
        return max(
            (
                source.clock
                for state in self.states.values()
                for source in state.sources.values()
            ),
            default=0,
        )

    def terms(self, tenant: str) -> Terms:
        """Return what the domains of a tenant are folded under."""
        return self._terms_of(tenant)

    def resume(self, facts_end: int, log_end: int) -> None:
        """Go on where this worker or another one may have been further already.

        If the topic of facts has grown since this was the state, others have applied records
        that are still ahead, in batches cut otherwise. Of what held for a moment only, a batch
        says nothing where another one did; so each record that was there is applied by itself,
        which says all that any batch can have said, and takes back what no longer holds.

        Args:
            facts_end: where the topic of facts ends now.
            log_end: where the log ends now.
        """
        if self.facts_end != facts_end:
            self.seen_to = log_end
        self.facts_end = facts_end

    def take(self, records: Sequence[LogRecord], end: int) -> dict[bytes, list[Fact]]:
        """Apply records in the order of the log, up to `end`; return facts by their key."""
        groups: dict[bytes, list[Record]] = {}
        facts: dict[bytes, list[Fact]] = {}
        for record in records:
            key, value = record.key, record.value
            if key is None or value is None or len(value) > MAX_EVENT_BYTES:
                facts.setdefault(key or b"", []).append(self._unusable(record))
                continue
            group = groups.get(key)
            if group is None:
                group = groups[key] = []
            group.append(Record(record.offset, value))
        for key, group in groups.items():
            found = self._apply(key, group)
            if key in facts:
                facts[key] += found
            else:
                facts[key] = found
        self.position, self.last = end, mark_of(records[-1].value)
        return facts

    def freeze(self) -> Frozen:
        """Return the whole of it at this position."""
        states = [freeze(state) for state in self.states.values()]
        return Frozen(
            self.position, self.clock, states, dict(self.rejected), self.facts_end, self.last
        )

    def thaw(self, frozen: Frozen) -> None:
        """Go back to what was frozen."""
        self.position, self.last = frozen.position, frozen.last
        self.facts_end = frozen.facts_end
        self.rejected = dict(frozen.rejected)
        for each in frozen.states:
            state = thaw(each)
            self.states[state.domain] = state

    def _apply(self, key: bytes, records: list[Record]) -> list[Fact]:
        domain = self._domains.get(key)
        facts: list[Fact] = []
        if domain is None:
            domain = _domain_in(key)
            if domain is None:
                return [
                    self._reject(each, "unreadable", f"its key {key[:100]!r} names no domain")
                    for each in records
                ]
            if domain not in self.states:
                records = self._begin(domain, records, facts)
                if not records:
                    return facts
            self._domains[key] = domain
        state = self.states[domain]
        terms = self._terms_of(state.tenant)
        seen = bisect_left(records, self.seen_to, key=_position)
        for record in records[:seen]:
            facts += apply(state, Batch((record,)), terms)
        if seen < len(records):
            facts += apply(state, Batch(tuple(records[seen:])), terms)
        return facts

    def _begin(self, domain: str, records: list[Record], facts: list[Fact]) -> list[Record]:
        """Make a state at the first event that names the domain; return the rest from there.

        A key alone makes no state: strangers could fill the memory with made-up domains.
        """
        tenant = domain.partition("/")[0]
        for index, record in enumerate(records):
            try:
                event = decode(record.value)
            except MalformedEvent as error:
                facts.append(self._reject(record, "malformed", str(error)))
                continue
            if event.domain == domain and event.tenant == tenant:
                self.states[domain] = State(tenant, domain, position=BEFORE_THE_LOG)
                return records[index:]
            told = f"of {event.tenant}/{event.domain}, its key is {domain}"
            facts.append(self._reject(record, "foreign", told))
        return []

    def _unusable(self, record: LogRecord) -> Rejected:
        if record.value is None:
            return self._reject(Record(record.offset, b""), "malformed", "it has no value")
        value = Record(record.offset, record.value[:KEPT_BYTES])
        if record.key is None:
            return self._reject(value, "unreadable", "it has no key, which names the domain")
        size = len(record.value)
        told = f"{size} bytes, the largest event has {MAX_EVENT_BYTES}"
        if size > KEPT_BYTES:
            told += f"; the first {KEPT_BYTES} are kept"
        return self._reject(value, "oversized", told)

    def _reject(self, record: Record, reason: RejectReason, detail: str) -> Rejected:
        self.rejected[reason] = self.rejected.get(reason, 0) + 1
        return Rejected(
            tenant="", domain="", revision=record.position, known_at=0, voided=False,
            source="", feed="", reason=reason, detail=detail, content=record.value,
        )  # fmt: skip


def _position(record: Record) -> int:
    return record.position


def _domain_in(key: bytes) -> str | None:
    """Return the domain that a key names: tenant or tenant/site; None if it names none."""
    try:
        domain = key.decode()
    except UnicodeDecodeError:
        return None
    parts = domain.split("/")
    if len(parts) > 2 or not all(part.strip() for part in parts) or not domain.isprintable():
        return None
    return domain
