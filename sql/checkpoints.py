"""The table of checkpoints: states at local midnights, from which a re-fold may begin.

A state is bytes here; what they mean is for those who fold. A checkpoint is void when an event
before its midnight came after it was made: whoever stores such events says so (`void_after`),
and `earliest_news` finds what nobody said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from sql.history import LAST_MS
from sql.port import Store
from sql.rows import Insert
from sql.store import store_errors


@dataclass(frozen=True, slots=True)
class Place:
    """A checkpoint without its state: enough to tell whether it can be used.

    Times are ms since 1970; `day` is the local day that begins at `midnight`, as 2026-03-02;
    `position` is the log position up to which the history was complete when it was made.
    """

    midnight: int
    day: str
    position: int
    definition: str
    policies: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint as it is written; `made_at` in ms since 1970."""

    place: Place
    made_at: int
    state: bytes


def write(store: Store, tenant: str, domain: str, checkpoints: Sequence[Checkpoint]) -> None:
    """Store checkpoints; of two of one midnight the later written holds.

    Raises:
        StoreFailed: some may be stored; each is whole or not there.
    """
    for some in _pieces(checkpoints):
        token = f"checkpoint:{tenant}:{domain}:{some[0].place.midnight}:{some[0].made_at}"
        store.writer.write([Insert("checkpoints", 0, _rows(tenant, domain, some))], token)


_BYTES_AT_ONCE = 8_000_000


def _pieces(checkpoints: Sequence[Checkpoint]) -> Iterator[list[Checkpoint]]:
    """An insert is one piece of memory, and a state may be megabytes."""
    piece: list[Checkpoint] = []
    for each in checkpoints:
        piece.append(each)
        if sum(len(one.state) for one in piece) > _BYTES_AT_ONCE:
            yield piece
            piece = []
    if piece:
        yield piece


def _rows(tenant: str, domain: str, some: Sequence[Checkpoint]) -> pa.Table:
    places, instant = [each.place for each in some], pa.timestamp("ms", tz="UTC")
    return pa.table({
        "tenant": [tenant] * len(some),
        "domain": [domain] * len(some),
        "midnight": pa.array([place.midnight for place in places], instant),
        "day": pa.array([place.day for place in places]).cast(pa.date32()),
        "position": pa.array([place.position for place in places], pa.int64()),
        "definition": [place.definition for place in places],
        "policies": [place.policies for place in places],
        "made_at": pa.array([each.made_at for each in some], instant),
        "state": pa.array([each.state for each in some], pa.binary()),
        "checksum": [_checksum(each.state) for each in some],
        "voided": [False] * len(some),
    })  # fmt: skip


def places(client: Client, tenant: str, domain: str, until_ms: int) -> Iterator[Place]:
    """Yield the checkpoints of midnights not after an instant [ms], the newest first.

    Raises:
        StoreFailed: the store cannot be read.
    """
    query = (
        "SELECT toUnixTimestamp64Milli(midnight), toString(day), position, definition, "
        f"policies FROM pult.checkpoints FINAL {_OF_DOMAIN} AND NOT voided "
        "AND midnight <= fromUnixTimestamp64Milli({at:Int64}, 'UTC') "
        "ORDER BY tenant, domain, midnight DESC"
    )
    asked = {"tenant": tenant, "domain": domain, "at": until_ms}
    with store_errors("find checkpoints"):
        rows = client.query(query, parameters=asked).result_rows
    yield from (Place(*row) for row in rows)


def state_of(client: Client, tenant: str, domain: str, place: Place) -> bytes | None:
    """Return the state of a checkpoint, None if it is gone or damaged.

    Raises:
        StoreFailed: the store cannot be read.
    """
    query = (
        f"SELECT state, checksum FROM pult.checkpoints FINAL {_OF_DOMAIN} AND NOT voided "
        "AND midnight = fromUnixTimestamp64Milli({at:Int64}, 'UTC')"
    )
    asked = {"tenant": tenant, "domain": domain, "at": place.midnight}
    with store_errors(f"read the checkpoint of {place.day}"):
        rows = client.query(
            query, parameters=asked, column_formats={"state": "bytes"}
        ).result_rows
    for state, checksum in rows:
        if _checksum(state) == checksum:
            return bytes(state)
    return None


def earliest_news(client: Client, tenant: str, domain: str, position: int) -> int:
    """Return when the earliest event happened [ms] that came after a log position.

    Without any it is an instant after all others.

    Raises:
        StoreFailed: the store cannot be read.
    """
    query = (
        "SELECT count(), toUnixTimestamp64Milli(min(occurred_at)) FROM pult.events "
        f"{_OF_DOMAIN} AND log_offset > {{at:Int64}}"
    )
    asked = {"tenant": tenant, "domain": domain, "at": position}
    with store_errors("find events newer than a checkpoint"):
        ((count, earliest),) = client.query(query, parameters=asked).result_rows
    return int(earliest) if count else LAST_MS


def void_after(client: Client, tenant: str, domain: str, at: int) -> None:
    """Void the checkpoints of all midnights after an instant [ms]; twice is as good as once.

    Raises:
        StoreFailed: nothing was voided.
    """
    command = (
        "INSERT INTO pult.checkpoints SELECT * REPLACE (true AS voided, '' AS state) "
        f"FROM (SELECT * FROM pult.checkpoints FINAL {_OF_DOMAIN} AND NOT voided "
        "AND midnight > fromUnixTimestamp64Milli({at:Int64}, 'UTC'))"
    )
    asked = {"tenant": tenant, "domain": domain, "at": at}
    with store_errors("void checkpoints"):
        client.command(
            command, parameters=asked, settings={"async_insert": 0, "insert_deduplicate": 0}
        )


_OF_DOMAIN = "WHERE tenant = {tenant:String} AND domain = {domain:String}"


def _checksum(state: bytes) -> str:
    return blake2b(state, digest_size=16).hexdigest()
