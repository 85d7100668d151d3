"""One range of the log into the store: decoded, checked, written, and the rest rejected."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import attrgetter
from typing import Literal, TypeVar

import msgspec
from clickhouse_connect.driver.client import Client

from schemas import events, facts
from schemas.errors import MalformedEvent, TooManyRejects
from schemas.events import Event
from schemas.facts import Fact, Rejected, RejectReason
from sql.ranges import NO_ROW, RangeRows, Written
from sql.rows import Insert, Position, event_inserts, fact_inserts, joined
from stream_processors.shells.partition import KEPT_BYTES, MAX_EVENT_BYTES
from stream_processors.shells.ranges import Range
from stream_processors.shells.rejects import RejectLimit
from stream_processors.shells.sink_records import Records

Kind = Literal["events", "facts", "rejected"]
Told = TypeVar("Told", Event, Fact)

_PIECE = 3_000
"""So many records are packed together: what they become stays in the processor's cache."""

_NO_FACT = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@dataclass(slots=True)
class Stored:
    """What became of a range."""

    records: int
    written: list[Written] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


class Storing:
    """What is done about one range of one kind of topic: `pack` first, then `store`.

    Serves one thread at a time; the two may be different ones.

    Args:
        told: the range.
        records: all its records.
        kind: what they are.
        limit: how many of them may be rejected.
        session: what its tokens begin with.
    """

    def __init__(
        self, told: Range, records: Records, kind: Kind, limit: RejectLimit, session: str = ""
    ) -> None:
        self._range = told
        self._records = records
        self._kind = kind
        self._limit = limit
        self._stored = Stored(len(records))
        self._used: Sequence[int] = range(len(records))
        self._token = f"{session}{told.token(records.values)}"
        self._rows = RangeRows(self._token, self._refuse)

    def pack(self) -> None:
        """Decode and check the records and make rows of them.

        Raises:
            TooManyRejects: so much of it cannot be used that nothing more is tried.
        """
        try:
            self._rows.add(self._inserts())
        except _NOT_ALL_GOOD:
            self._pack_what_is_good()

    def store(self, client: Client) -> Stored:
        """Write what was packed; all the range says is in the store when this returns.

        Raises:
            StoreFailed: some may be stored; store the same range again.
            TooManyRejects: as for `pack`.
        """
        written = self._rows.write(client)
        if self._stored.rejected:
            # A token of their own: rejects of the topic may be among the rows of this range.
            rejects = RangeRows(f"{self._token}:own", _cannot_be)
            rejects.add_facts(self._stored.rejected)
            written += rejects.write(client)
        self._stored.written = written
        return self._stored

    def _inserts(self) -> list[Insert]:
        """Return the rows of all records, made in pieces; raises what is wrong with any."""
        pieces, sizes = [], []
        for begin in range(0, len(self._records), _PIECE):
            piece = self._records.part(begin, begin + _PIECE)
            pieces.append(self._piece(piece))
            sizes.append(len(piece))
        return joined(pieces, sizes)

    def _piece(self, records: Records) -> list[Insert]:
        if self._kind == "events":
            if max(map(len, records.values)) > MAX_EVENT_BYTES:
                raise _Unusable
            told = events.decode_all(records.values)
            _check_keys(records, told)
            return event_inserts(told, self._positions(records.offsets))
        said = facts.decode_all(records.values)
        if self._kind == "facts":
            _check_keys(records, said)
        return fact_inserts(said)

    def _positions(self, offsets: Iterable[int]) -> list[Position]:
        return list(zip(repeat(self._range.partition), offsets, strict=False))

    def _pack_what_is_good(self) -> None:
        """Look at each record alone, reject those that are no good and pack the others."""
        if self._kind == "events":
            told = self._decoded(_event)
            offsets = [self._records.offsets[each] for each in self._used]
            self._rows.add_events(told, self._positions(offsets))
        else:
            self._rows.add_facts(self._decoded(_fact if self._kind == "facts" else _any_fact))

    def _decoded(self, decode: Callable[[bytes, bytes], Told]) -> list[Told]:
        decoded: list[Told] = []
        used: list[int] = []
        for place, record in enumerate(
            zip(self._records.keys, self._records.values, strict=True)
        ):
            try:
                decoded.append(decode(*record))
            except _Unusable as error:
                self._reject(place, error.reason, str(error))
            else:
                used.append(place)
        self._used = used
        return decoded

    def _refuse(self, place: int, why: str) -> None:
        self._reject(self._used[place], "malformed", f"the store refuses it: {why}")

    def _reject(self, place: int, reason: RejectReason, detail: str) -> None:
        told, rejected = self._range, self._stored.rejected
        offset, value = self._records.offsets[place], self._records.values[place]
        domain = self._records.keys[place].decode(errors="replace")
        rejected.append(
            Rejected(
                tenant=domain.partition("/")[0], domain=domain, revision=offset,
                known_at=max(0, self._records.times_ms[place]), voided=False, source="",
                feed=told.topic, reason=reason,
                detail=f"offset {offset} of partition {told.partition}: {detail}",
                content=value[:KEPT_BYTES],
            )
        )  # fmt: skip
        limit, records = self._limit, len(self._records)
        # Each refused row costs a dozen inserts: a range full of them is not gone through.
        if len(rejected) > limit.least and len(rejected) > limit.share * max(records, limit.of):
            msg = (
                f"{len(rejected)} of the {limit.what} {told} cannot be stored (above "
                f"{limit.setting} {limit.share:g}), the last because: {detail}; mend what "
                "writes them, or raise the share"
            )
            raise TooManyRejects(msg)


class _Unusable(Exception):
    def __init__(self, told: str = "", reason: RejectReason = "malformed") -> None:
        super().__init__(told)
        self.reason = reason


def usable_event(key: bytes, value: bytes) -> Event | None:
    """Return the event that a record is, None if it cannot be used."""
    try:
        return _event(key, value)
    except _Unusable:
        return None


def _event(key: bytes, value: bytes) -> Event:
    if len(value) > MAX_EVENT_BYTES:
        msg = f"{len(value)} bytes, the largest event has {MAX_EVENT_BYTES}"
        raise _Unusable(msg, "oversized")
    try:
        event = events.decode(value)
    except MalformedEvent as error:
        msg = str(error)
        raise _Unusable(msg) from error
    _check_domain(key, event.tenant, event.domain)
    return event


def _fact(key: bytes, value: bytes) -> Fact:
    fact = _any_fact(key, value)
    _check_domain(key, fact.tenant, fact.domain)
    return fact


def _any_fact(_: bytes, value: bytes) -> Fact:
    try:
        return facts.decode(value)
    except _NO_FACT as error:
        msg = f"no fact ({error})"
        raise _Unusable(msg) from error


def _check_domain(key: bytes, tenant: str, domain: str) -> None:
    """A record under the key of another is in a partition whose owner does not know it."""
    if not _is_key(key, tenant, domain):
        msg = f"of {tenant}/{domain}, its key is {key[:100].decode(errors='replace')}"
        raise _Unusable(msg, "foreign")


def _check_keys(records: Records, told: Sequence[Event] | Sequence[Fact]) -> None:
    """Check as `_check_domain` does, without a word; different keys are few."""
    tenants, domains = (map(attrgetter(name), told) for name in ("tenant", "domain"))
    if not all(
        _is_key(*each) for each in set(zip(records.keys, tenants, domains, strict=True))
    ):
        raise _Unusable


def _is_key(key: bytes, tenant: str, domain: str) -> bool:
    return key == domain.encode(errors="replace") and domain.partition("/")[0] == tenant


# Also what a row cannot be made of, see there.
_NOT_ALL_GOOD = (_Unusable, *_NO_FACT, *NO_ROW)


def _cannot_be(_: int, why: str) -> None:
    """Rejects are made by us of what any record has; if they cannot be stored, stop."""
    msg = f"the store refuses a reject: {why}"
    raise TooManyRejects(msg)
