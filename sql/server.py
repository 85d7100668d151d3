"""A ClickHouse server, reached over HTTP, and whether it can do what is asked of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from schemas.errors import StoreFailed
from sql.store import DATABASE, store_errors

LEAST_VERSION = (25, 3)
"""The first one whose DDL takes all of ours; the long-term release of spring 2025."""

LEAST_TOKENS = 1_000
"""So many insert tokens a table must remember for a repeated insert to be recognised."""

_SESSION: Mapping[str, str | int] = {"async_insert": 0}
_TOKENS = re.compile(r"(?:non_)?replicated_deduplication_window = (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How to reach a server. `ca` is a file with PEM, empty for the system's authorities."""

    url: str
    username: str = "default"
    password: str = ""
    ca: str = ""
    verify: bool = True
    connect_seconds: float = 5.0
    answer_seconds: float = 60.0

    def __repr__(self) -> str:
        """Leave the password out."""
        return f"Server({self.username}@{self.url})"


def open_server(server: Server) -> Client:
    """Return a client that the server has answered; it serves one thread at a time.

    Raises:
        StoreFailed: it does not answer, or lets us not in.
    """
    parts = urlsplit(server.url)
    with store_errors(f"use ClickHouse at {server.url}"):
        return clickhouse_connect.get_client(
            interface=parts.scheme,
            host=parts.hostname or "",
            port=parts.port or (8443 if parts.scheme == "https" else 8123),
            username=server.username,
            password=server.password,
            verify=server.verify,
            ca_cert=server.ca or None,
            connect_timeout=max(1, round(server.connect_seconds)),
            send_receive_timeout=max(1, round(server.answer_seconds)),
            # What is written is packed by us or small; answers are small.
            compress=False,
            # Sessions would make two threads wait for one another.
            autogenerate_session_id=False,
            settings=dict(_SESSION),
        )


def check_version(text: str) -> None:
    """Look whether a version is new enough.

    Raises:
        StoreFailed: it is not.
    """
    found = re.match(r"(\d+)\.(\d+)", text)
    if found is None or (int(found[1]), int(found[2])) < LEAST_VERSION:
        least = ".".join(map(str, LEAST_VERSION))
        msg = f"it is of version {text}; {least} or later is needed"
        raise StoreFailed(msg)


def check_tokens(client: Client) -> None:
    """Look whether all tables remember enough insert tokens.

    Raises:
        StoreFailed: one does not, so that a repeated insert would be stored twice.
    """
    with store_errors("read the settings of the tables"):
        rows = client.query(
            "SELECT name, engine_full FROM system.tables WHERE database = {database:String} "
            "AND engine LIKE '%MergeTree' ORDER BY name",
            parameters={"database": DATABASE},
        ).result_rows
    for name, engine in rows:
        found = _TOKENS.search(engine)
        if int(found[1] if found else 0) < LEAST_TOKENS:
            msg = (
                f"table {DATABASE}.{name} does not remember {LEAST_TOKENS} insert tokens; run "
                f"ALTER TABLE {DATABASE}.{name} MODIFY SETTING "
                "non_replicated_deduplication_window = 10000"
            )
            raise StoreFailed(msg)


def check_writable(client: Client) -> None:
    """Write what is there already, which is recognised as a repetition and changes nothing.

    Raises:
        StoreFailed: it is read-only, full, or we may not write.
    """
    with store_errors(f"write into {DATABASE}.migrations"):
        client.command(
            f"INSERT INTO {DATABASE}.migrations SELECT * FROM {DATABASE}.migrations FINAL "
            "ORDER BY name LIMIT 1",
            settings={"async_insert": 0},
        )
