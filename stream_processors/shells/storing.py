"""One range of the log into the store: decoded, checked, written, and the rest rejected."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

import msgspec
from clickhouse_connect.driver.client import Client

from schemas import events, facts
from schemas.errors import MalformedEvent, TooManyRejects
from schemas.events import Event
from schemas.facts import Fact, Rejected, RejectReason
from sql.ranges import RangeWriter, Written
from stream_processors.shells.partition import KEPT_BYTES, MAX_EVENT_BYTES
from stream_processors.shells.ranges import Range
from stream_processors.shells.rejects import RejectLimit

Kind = Literal["events", "facts", "rejected"]
Told = TypeVar("Told")


class Entry(Protocol):
    """What is needed of a record of a topic; confluent-kafka's messages have it."""

    def offset(self) -> int | None:
        """Its place in the partition."""

    def timestamp(self) -> tuple[int, int]:
        """Kind of the time, and when it was written [ms since 1970]."""

    def key(self) -> bytes | str | None:
        """The domain, in UTF-8."""

    def value(self) -> bytes | str | None:
        """An event or a fact."""


@dataclass(slots=True)
class Stored:
    """What became of a range."""

    records: int
    written: list[Written] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


class RangeStore:
    """Stores ranges of one kind of topic. Serves one thread."""

    def __init__(self, client: Client, kind: Kind, limit: RejectLimit) -> None:
        self._client = client
        self._kind = kind
        self._limit = limit

    def store(self, told: Range, entries: Sequence[Entry]) -> Stored:
        """Store a range; what it says is in the store when this returns.

        Raises:
            StoreFailed: some may be stored; store the same range again.
            TooManyRejects: so much of it cannot be used that nothing more is tried.
        """
        work = _Work(told, entries, self._kind, self._limit)
        return work.done(self._client)


class _Work:
    """What is done about one range."""

    def __init__(
        self, told: Range, entries: Sequence[Entry], kind: Kind, limit: RejectLimit
    ) -> None:
        self._range = told
        self._entries = entries
        self._kind = kind
        self._limit = limit
        self._stored = Stored(len(entries))
        self._used: list[Entry] = []

    def done(self, client: Client) -> Stored:
        token = self._range.token([_bytes(each.value()) for each in self._entries])
        writer = RangeWriter(client, token, self._refuse)
        if self._kind == "events":
            told = self._decoded(_event)
            at = self._range.partition
            writer.write_events(told, [(at, each.offset() or 0) for each in self._used])
        else:
            writer.write_facts(self._decoded(_fact if self._kind == "facts" else _any_fact))
        if self._stored.rejected:
            # A token of their own: rejects of the topic may be among the rows of this range.
            rejects = RangeWriter(client, f"{token}:own", _cannot_be)
            rejects.write_facts(self._stored.rejected)
            writer.written += rejects.written
        self._stored.written = writer.written
        return self._stored

    def _decoded(self, decode: Callable[[Entry], Told]) -> list[Told]:
        decoded: list[Told] = []
        for entry in self._entries:
            try:
                decoded.append(decode(entry))
            except _Unusable as error:
                self._reject(entry, error.reason, str(error))
            else:
                self._used.append(entry)
        return decoded

    def _refuse(self, place: int, why: str) -> None:
        self._reject(self._used[place], "malformed", f"the store refuses it: {why}")

    def _reject(self, entry: Entry, reason: RejectReason, detail: str) -> None:
        told, rejected = self._range, self._stored.rejected
        value = _bytes(entry.value())
        domain = _bytes(entry.key()).decode(errors="replace")
        rejected.append(
            Rejected(
                tenant=domain.partition("/")[0], domain=domain, revision=entry.offset() or 0,
                known_at=max(0, entry.timestamp()[1]), voided=False, source="",
                feed=told.topic, reason=reason,
                detail=f"offset {entry.offset()} of partition {told.partition}: {detail}",
                content=value[:KEPT_BYTES],
            )
        )  # fmt: skip
        limit, records = self._limit, len(self._entries)
        # Each refused row costs a dozen inserts: a range full of them is not gone through.
        if len(rejected) > limit.least and len(rejected) > limit.share * max(records, limit.of):
            msg = (
                f"{len(rejected)} of the {limit.what} {told} cannot be stored (above "
                f"{limit.setting} {limit.share:g}), the last because: {detail}; mend what "
                "writes them, or raise the share"
            )
            raise TooManyRejects(msg)


class _Unusable(Exception):
    def __init__(self, told: str, reason: RejectReason = "malformed") -> None:
        super().__init__(told)
        self.reason = reason


def _event(entry: Entry) -> Event:
    value = _bytes(entry.value())
    if len(value) > MAX_EVENT_BYTES:
        msg = f"{len(value)} bytes, the largest event has {MAX_EVENT_BYTES}"
        raise _Unusable(msg, "oversized")
    try:
        event = events.decode(value)
    except MalformedEvent as error:
        msg = str(error)
        raise _Unusable(msg) from error
    _check_domain(entry, event.tenant, event.domain)
    return event


def _fact(entry: Entry) -> Fact:
    fact = _any_fact(entry)
    _check_domain(entry, fact.tenant, fact.domain)
    return fact


def _any_fact(entry: Entry) -> Fact:
    try:
        return facts.decode(_bytes(entry.value()))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        msg = f"no fact ({error})"
        raise _Unusable(msg) from error


def _check_domain(entry: Entry, tenant: str, domain: str) -> None:
    """A record under the key of another is in a partition whose owner does not know it."""
    key = _bytes(entry.key())
    if key != domain.encode(errors="replace") or domain.partition("/")[0] != tenant:
        msg = f"of {tenant}/{domain}, its key is {key[:100].decode(errors='replace')}"
        raise _Unusable(msg, "foreign")


def _bytes(value: bytes | str | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""


def _cannot_be(_: int, why: str) -> None:
    """Rejects are made by us of what any record has; if they cannot be stored, stop."""
    msg = f"the store refuses a reject: {why}"
    raise TooManyRejects(msg)
