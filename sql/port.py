"""What a store of the history is to those who fold it again: one client, one writer."""

from typing import Protocol

from clickhouse_connect.driver.client import Client

from sql.writer import Writer


class Store(Protocol):
    """An embedded store or a server; used by one thread at a time."""

    @property
    def client(self) -> Client:
        """Reads and commands."""

    @property
    def writer(self) -> Writer:
        """Writes events and facts."""
