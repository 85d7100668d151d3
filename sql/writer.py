"""Writes events and facts so that doing it twice, or dying in between, changes nothing.

Each insert goes into one partition, because only such an insert is all or nothing, and carries
a token by which the store recognises a repetition. Beyond the memory of tokens the sorting keys
do the same: a row written again replaces itself.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from schemas.events import Event
from schemas.facts import Fact
from sql.rows import Insert, Position, event_inserts, fact_inserts
from sql.store import DATABASE, store_errors

# deduplicate_blocks_in_dependent_materialized_views: without it a crash between legs and their
# newest revisions cannot be healed by sending the same rows again.
_SETTINGS = {"async_insert": 0, "deduplicate_blocks_in_dependent_materialized_views": 1}


class Writer:
    """Everything Pult stores goes through here. Serves one thread."""

    def __init__(self, client: Client, session: str = "") -> None:
        """Write through a client.

        Args:
            client: of the calling thread.
            session: within which tokens are remembered; empty where they hold for ever. After a
                power cut an engine may know the token of an insert whose rows it has lost.
        """
        self._client = client
        self._session = session

    def write_events(
        self, events: Sequence[Event], positions: Sequence[Position], token: str
    ) -> None:
        """Store events with their places in the log.

        Args:
            events: any number, in any order.
            positions: partition and offset of each.
            token: names this batch, e.g. `pbx:0:120-180`; the same when it is written again.

        Raises:
            StoreFailed: some may be stored; write the same events with the same token again.
        """
        if events:
            self.write(event_inserts(events, positions), token)

    def write_facts(self, facts: Sequence[Fact], token: str) -> None:
        """Store facts of any kind; of two revisions of one fact the higher one holds.

        Raises:
            StoreFailed: as for `write_events`.
        """
        self.write(fact_inserts(facts), token)

    def write(self, inserts: Iterable[Insert], token: str) -> None:
        """Store rows of any tables.

        Raises:
            StoreFailed: as for `write_events`.
        """
        for insert in inserts:
            with store_errors(f"write {insert.rows.num_rows} rows into {insert.table}"):
                self._insert(insert, f"{token}:{insert.table}:{insert.month}")

    def _insert(self, insert: Insert, token: str) -> None:
        body = arrow(insert.rows)
        # With the hash, a token used for other rows by mistake costs no data.
        unique = f"{self._session}{token}:{blake2b(body, digest_size=8).hexdigest()}"
        insert_arrow(self._client, insert, body, unique)


def insert_arrow(client: Client, insert: Insert, body: bytes, token: str) -> None:
    """Send the rows of an insert, packed by `arrow`, under a token."""
    client.raw_insert(
        f"{DATABASE}.{insert.table}",
        column_names=insert.rows.column_names,
        insert_block=body,
        settings={**_SETTINGS, "insert_deduplication_token": token},
        fmt="Arrow",
    )


def arrow(rows: pa.Table) -> bytes:
    """Return rows as ClickHouse's format Arrow."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, rows.schema) as file:
        file.write_table(rows)
    return bytes(sink.getvalue())
