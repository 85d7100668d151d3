"""Whether the store holds one event, or one reject, and whether it drops events by itself."""

from typing import Any

from clickhouse_connect.driver.client import Client

from schemas.events import Event
from sql.store import store_errors


def holds_event(client: Client, event: Event, occurred_ms: int) -> bool:
    """Tell whether the store holds an event of that id and time.

    Raises:
        StoreFailed: it does not say it.
    """
    return _is_any(
        client, "events", "tenant = {tenant:String} AND domain = {domain:String} "
        "AND id = {id:String} AND occurred_at = fromUnixTimestamp64Milli({at:Int64}, 'UTC')",
        tenant=event.tenant, domain=event.domain, id=event.id, at=occurred_ms,
    )  # fmt: skip


def holds_reject(client: Client, event: Event, feed: str, revision: int) -> bool:
    """Tell whether the store has rejected, of a feed, what has that place in the log.

    Raises:
        StoreFailed: it does not say it.
    """
    return _is_any(
        client, "rejected_facts", "tenant = {tenant:String} AND domain = {domain:String} "
        "AND feed = {feed:String} AND revision = {revision:Int64}",
        tenant=event.tenant, domain=event.domain, feed=feed, revision=revision,
    )  # fmt: skip


def drops_by_itself(client: Client) -> bool:
    """Tell whether somebody has given the table of events a TTL.

    Raises:
        StoreFailed: the store does not say it.
    """
    with store_errors("look for a TTL of pult.events"):
        return bool(
            client.command(
                "SELECT count() FROM system.tables WHERE database = 'pult' "
                "AND name = 'events' AND engine_full LIKE '% TTL %'"
            )
        )


def _is_any(client: Client, table: str, condition: str, **asked: Any) -> bool:
    query = f"SELECT count() FROM pult.{table} WHERE {condition}"
    with store_errors(f"look for a row in pult.{table}"):
        return bool(client.command(query, parameters=asked))
