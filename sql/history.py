"""Events back out of the store, and what a day folded again no longer says."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client

from schemas.instants import END_MS
from sql.port import Store
from sql.store import store_errors

# The envelope as text; `type` first, as it travels. toJSONString escapes as JSON wants it.
_EVENT = (
    "concat('{\"type\":', toJSONString(type), ',\"id\":', toJSONString(id), "
    "',\"source\":', toJSONString(source), "
    '\',"time":"\', {occurred_at}, \'","tenant":\', toJSONString(tenant), '
    "',\"domain\":', toJSONString(domain), ',\"feed\":', toJSONString(feed), "
    "',\"sequence\":', toString(sequence), ',\"recordedtime\":\"', {recorded_at}, '\"', "
    "if(subject = '', '', concat(',\"subject\":', toJSONString(subject))), "
    "if(clock = 'source', '', concat(',\"clock\":', toJSONString(clock))), "
    "if(resolution = 1, '', concat(',\"resolution\":', toString(resolution))), "
    "',\"data\":', data, '}')"
)
_INSTANT = "concat(replaceOne(toString({column}), ' ', 'T'), 'Z')"
_ORDER = "occurred_at, source, feed, sequence, id"
LAST_MS = END_MS
"""No event happens then or later."""


def count_events(client: Client, tenant: str, domain: str, since_ms: int = 0) -> int:
    """Return how many events there are from an instant [ms] on, each once.

    Raises:
        StoreFailed: the store cannot be read.
    """
    where = {"tenant": tenant, "domain": domain, "since": since_ms, "until": LAST_MS}
    query = f"SELECT count() FROM pult.events FINAL WHERE {_WANTED}"
    with store_errors("count events"):
        ((count,),) = client.query(query, parameters=where).result_rows
    return int(count)


def received_until(client: Client, tenant: str, domain: str, since_ms: int = 0) -> int:
    """Return when [ms] the newest receipt was of events from an instant [ms] on; 0 of none.

    Raises:
        StoreFailed: the store cannot be read.
    """
    where = {"tenant": tenant, "domain": domain, "since": since_ms, "until": LAST_MS}
    newest = "toUnixTimestamp64Milli(max(recorded_at))"
    with store_errors("find the newest receipt"):
        ((received,),) = client.query(
            f"SELECT {newest} FROM pult.events WHERE {_WANTED}", parameters=where
        ).result_rows
    return int(received)


def highest_position(client: Client, tenant: str, domain: str) -> int:
    """Return the highest position in the log that an event or a fact of a domain is of.

    Raises:
        StoreFailed: the store cannot be read.
    """
    of = "WHERE tenant = {tenant:String} AND domain = {domain:String}"
    tables = sorted({kept.newest for kept in _KEPT})
    queries = [f"SELECT max(log_offset) AS at FROM pult.events {of}"]
    queries += [f"SELECT max(revision) AS at FROM pult.{table} {of}" for table in tables]
    with store_errors("find the end of the log"):
        ((highest,),) = client.query(
            f"SELECT max(at) FROM ({' UNION ALL '.join(queries)})",
            parameters={"tenant": tenant, "domain": domain},
        ).result_rows
    return int(highest)


class Stored(NamedTuple):
    """An event as the store has it: place in the log, when it happened [ms], the event."""

    offset: int
    at: int
    value: bytes


def read_stored(
    client: Client,
    tenant: str,
    domain: str,
    batch: int = 20_000,
    since_ms: int = 0,
    until_ms: int = LAST_MS,
) -> Iterator[list[Stored]]:
    """Yield events in event-time order, each once, batch by batch.

    Every batch is a query of its own, from where the last one ended: memory stays that of a
    batch, the same client may write in between, and nothing times out while a batch is folded.

    Args:
        client: of the calling thread.
        tenant: whose events.
        domain: of which domain.
        batch: events at a time.
        since_ms: first instant, milliseconds since 1970.
        until_ms: first instant not to be read.

    Raises:
        StoreFailed: the store cannot be read.
    """
    where = {"tenant": tenant, "domain": domain, "since": since_ms, "until": until_ms}
    for month in _months(client, where):
        yield from _month(client, {**where, "month": month, "batch": batch})


def _months(client: Client, where: dict[str, Any]) -> list[int]:
    query = (
        "SELECT DISTINCT toYYYYMM(occurred_at) AS month FROM pult.events "
        f"WHERE {_WANTED} ORDER BY month"
    )
    with store_errors("find the months of the events"):
        return [int(month) for (month,) in client.query(query, parameters=where).result_rows]


def _month(client: Client, where: dict[str, Any]) -> Iterator[list[Stored]]:
    after = ""
    place: dict[str, Any] = {}
    while True:
        with store_errors("read events"):
            rows = client.query(
                _page(after),
                parameters={**where, **place},
                column_formats={"event": "bytes"},
            ).result_rows
        if rows:
            yield [Stored(row[0], row[2], row[1]) for row in rows]
        if len(rows) < where["batch"]:
            return
        after, place = _AFTER, dict(zip(_PLACE, rows[-1][2:], strict=True))


_WANTED = (
    "tenant = {tenant:String} AND domain = {domain:String} "
    "AND occurred_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') "
    "AND occurred_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')"
)
_PLACE = ("at", "source", "feed", "sequence", "id")
# The first condition finds the place in the key, the second is the exact one.
_AFTER = (
    "AND occurred_at >= fromUnixTimestamp64Milli({at:Int64}, 'UTC') "
    "AND (toUnixTimestamp64Milli(occurred_at), source, feed, sequence, id) "
    "> ({at:Int64}, {source:String}, {feed:String}, {sequence:Int64}, {id:String})"
)


def _page(after: str) -> str:
    times = {
        name: _INSTANT.replace("{column}", name) for name in ("occurred_at", "recorded_at")
    }
    event = _EVENT
    for name, text in times.items():
        event = event.replace("{" + name + "}", text)
    return (
        f"SELECT log_offset, {event} AS event, toUnixTimestamp64Milli(occurred_at), source, "
        "feed, sequence, id FROM pult.events FINAL "
        f"WHERE {_WANTED} AND toYYYYMM(occurred_at) = {{month:UInt32}} {after} "
        f"ORDER BY tenant, domain, {_ORDER} LIMIT {{batch:UInt32}}"
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    """A table of facts: where to write, where the newest are, its first time column."""

    written: str
    newest: str
    first: str
    condition: str = "1"


_SAMPLES = (
    _Kept("wall_sample_facts", "wall_sample_facts", "at", "origin = 'refold'"),
    _Kept("team_sample_facts", "team_sample_facts", "at", "origin = 'refold'"),
)
_KEPT = (
    _Kept("leg_history", "leg_facts", "entered_at"),
    _Kept("offer_facts", "offer_facts", "started_at"),
    _Kept("agent_session_facts", "agent_session_facts", "logged_in_at"),
    _Kept("agent_state_facts", "agent_state_facts", "started_at"),
    _Kept("break_facts", "break_facts", "started_at"),
    _Kept("violation_history", "violation_facts", "pending_at"),
    _Kept("planned_facts", "planned_facts", "started_at"),
    _Kept("review_facts", "review_facts", "decided_at"),
    _Kept("card_facts", "card_facts", "began_at"),
    _Kept("case_step_facts", "case_step_facts", "at"),
    _Kept("disposition_facts", "disposition_facts", "set_at"),
    _Kept("survey_facts", "survey_facts", "answered_at"),
    *_SAMPLES,
)


def void_missing(
    client: Client,
    tenant: str,
    domain: str,
    revision: int,
    known_at: int,
    since_ms: int = 0,
    until_ms: int = LAST_MS,
    *,
    samples_only: bool = False,
) -> None:
    """Void every fact that a fold at `revision` did not say again; call it after writing those.

    A fact belongs to the range when its first time (entry, start, log-in) does. Samples shown
    live are never touched. Doing it twice changes nothing.

    Raises:
        StoreFailed: some tables may be done; call it again.
    """
    parameters = {
        "tenant": tenant, "domain": domain, "revision": revision, "known_at": known_at,
        "since": since_ms, "until": until_ms,
    }  # fmt: skip
    for kept in _SAMPLES if samples_only else _KEPT:
        with store_errors(f"void what a fold at {revision} left out of {kept.newest}"):
            client.command(_voiding(kept), parameters=parameters, settings=_VOIDING)


# One statement may void keys of many months. What was voided once may have come back since: the
# same rows again are no repetition of a lost insert.
_VOIDING = {"async_insert": 0, "max_partitions_per_insert_block": 0, "insert_deduplicate": 0}


def _voiding(kept: _Kept) -> str:
    return (
        f"INSERT INTO pult.{kept.written} SELECT * REPLACE (true AS voided, "
        "{revision:Int64} AS revision, "
        "fromUnixTimestamp64Milli({known_at:Int64}, 'UTC') AS known_at) "
        # A query of its own, for what REPLACE names would otherwise be meant by the conditions.
        f"FROM (SELECT * FROM pult.{kept.newest} FINAL "
        "WHERE tenant = {tenant:String} AND domain = {domain:String} AND NOT voided "
        f"AND revision < {{revision:Int64}} AND {kept.condition} "
        f"AND {kept.first} >= fromUnixTimestamp64Milli({{since:Int64}}, 'UTC') "
        f"AND {kept.first} < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC'))"
    )


def clean_days(
    store: Store, tenant: str, domain: str, revision: int, first: str, last: str
) -> None:
    """Take back that local days wait to be folded again: a fold at `revision` has done it.

    Args:
        store: where it is said.
        tenant: whose days.
        domain: of which domain.
        revision: log position of the fold; a day that became dirty later stays so.
        first: first local day, as 2026-03-02.
        last: last local day.

    Raises:
        StoreFailed: the days stay dirty; call it again.
    """
    asked = {
        "tenant": tenant, "domain": domain, "revision": revision, "first": first, "last": last,
    }  # fmt: skip
    with store_errors("take back that days are to be folded again"):
        store.client.command(_CLEANING, parameters=asked, settings=_VOIDING)


_CLEANING = (
    "INSERT INTO pult.dirty_day_facts SELECT * REPLACE (true AS voided, "
    "{revision:Int64} AS revision) FROM (SELECT * FROM pult.dirty_day_facts FINAL "
    "WHERE tenant = {tenant:String} AND domain = {domain:String} AND NOT voided "
    "AND revision <= {revision:Int64} AND day >= {first:Date} AND day <= {last:Date})"
)


def domains(client: Client, tenant: str = "") -> list[tuple[str, str]]:
    """Return tenant and domain of all that have events, of one tenant or of all, in order.

    Raises:
        StoreFailed: the store cannot be read.
    """
    query = (
        "SELECT DISTINCT tenant, domain FROM pult.events "
        f"{'WHERE tenant = {tenant:String}' if tenant else ''} ORDER BY tenant, domain"
    )
    with store_errors("find the domains of the events"):
        rows = client.query(query, parameters={"tenant": tenant}).result_rows
    return [(str(tenant), str(domain)) for tenant, domain in rows]
