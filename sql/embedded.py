"""The embedded store of one folder: opened, migrated, written by one thread, read by many."""

import re
import secrets
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from schemas.errors import StoreFailed
from sql.migrate import migrate
from sql.settings import LIMITS, check_setting
from sql.statement import check_format, read_only
from sql.store import DATABASE, Cell, open_embedded, store_errors
from sql.writer import Writer

# Readers of one process share the machine with the fold: one long query must not take it all.
_READING: Mapping[str, str | int] = {
    "max_execution_time": LIMITS["max_execution_time"],
    "max_memory_usage": LIMITS["max_memory_usage"],
    "max_bytes_before_external_group_by": 300_000_000,
    "max_bytes_before_external_sort": 300_000_000,
    # A row delivered twice stays twice in the table until a merge; readers see it once.
    "final": 1,
    "readonly": 2,  # last: nothing can be set back afterwards, and 2 lets a query limit itself
}

# How many parts of a table, and bytes of them, may be broken when the store is opened.
_BROKEN: Mapping[str, int] = {
    "max_suspicious_broken_parts": 1_000_000,
    "max_suspicious_broken_parts_bytes": 1 << 50,
}

# Where there is no such place, the client writes the values into the text itself (%(x)s),
# also within quotes, where a value ends the quote and goes on as SQL that nobody checked.
_PLACE = re.compile(r"\{\w+:[^}]+\}")

# The engine sees this statement, too, among those that run; it is not to end itself.
_STOP = (
    "KILL QUERY WHERE position(query, {mark:String}) > 0 "
    "AND NOT startsWith(query, 'KILL QUERY') ASYNC"
)


class EmbeddedStore:
    """One folder of data. Any thread may ask; only one at a time may use `writer`.

    What is written survives the process at once, a power cut once the file system is synced.
    """

    def __init__(self, folder: Path, definitions: Sequence[object] = ()) -> None:
        """Open a folder and bring it to the form of this program.

        Raises:
            StoreFailed: in use by another process, not writable, or of a newer program.
        """
        self.folder = folder
        self._opened: list[Client] = []
        self._stopper: Client | None = None
        self._of_thread = threading.local()
        self._opening = threading.Lock()
        self._closed = False
        self._asked: set[str] = set()
        self.client = open_embedded(folder)
        try:
            self.migrated = migrate(self.client, definitions)
            _open_whatever_is_lost(self.client)
        except BaseException:
            self.client.close()
            raise
        self.writer = Writer(self.client, f"{secrets.token_hex(4)}:")

    def query(
        self,
        statement: str,
        format: str = "TabSeparated",
        settings: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
        name: str = "",
    ) -> bytes:
        """Answer one reading statement from any thread, in the format it names or `format`.

        Args:
            statement: what is asked.
            format: of the answer.
            settings: of the engine, for this statement.
            parameters: of the statement, escaped as in ClickHouse's format TabSeparated.
            name: by which `stop` finds it while it runs; letters and digits that no other has.

        Raises:
            QueryRefused: it does more than read, or is more than one statement.
            StoreFailed: the store cannot answer it.
        """
        checked = read_only(statement)
        allowed = {name: check_setting(name, value) for name, value in (settings or {}).items()}
        name = name or secrets.token_hex(8)
        # At the end, where it moves no position that an error names.
        mark = f" {_mark(name)}"
        self._asked.add(name)
        try:
            with store_errors("answer a query"):
                return self._reader().raw_query(
                    checked.text + mark,
                    parameters=_cells(parameters) if _PLACE.search(checked.text) else None,
                    settings=allowed,
                    fmt=None if checked.format else check_format(format),
                )
        except StoreFailed as failure:
            raise StoreFailed(str(failure).replace(mark, "")) from failure
        finally:
            self._asked.discard(name)

    def stop(self, name: str) -> None:
        """End the query of a name, if the engine has it; it fails with QUERY_WAS_CANCELLED.

        One thread at a time. A query that has not reached the engine yet is not held up.

        Raises:
            StoreFailed: the store is closed, or cannot.
        """
        if self._stopper is None:
            self._stopper = self._open({})
        with store_errors("stop a query"):
            self._stopper.command(_STOP, parameters={"mark": _mark(name)})

    def close(self) -> None:
        """Let go of the folder; what was written is stored already, what is asked now fails."""
        with self._opening:
            self._closed = True
            for name in tuple(self._asked):
                with suppress(ClickHouseError):
                    self.client.command(_STOP, parameters={"mark": _mark(name)})
            for client in (*self._opened, self.client):
                client.close()
            self._opened.clear()

    def _reader(self) -> Client:
        client: Client | None = getattr(self._of_thread, "client", None)
        if client is None:
            client = self._open(_READING)
            self._of_thread.client = client
        return client

    def _open(self, settings: Mapping[str, str | int]) -> Client:
        with self._opening:
            if self._closed:
                msg = f"cannot answer a query: the store in {self.folder} is closed"
                raise StoreFailed(msg)
            client = open_embedded(self.folder, settings)
            # Unqualified names mean our tables; in `default` they would mean files.
            client.database = DATABASE
            self._opened.append(client)
        return client


def _mark(name: str) -> str:
    """Return the comment by which the engine's list of queries tells one from another."""
    return f"/* {name} */"


def _open_whatever_is_lost(client: Client) -> None:
    """Let the store be opened after a power cut, however many of its newest parts are broken.

    By default the engine refuses above a hundred of a table: a minute and a half of inserts.
    """
    settings = ", ".join(f"{name} = {value}" for name, value in _BROKEN.items())
    query = (
        "SELECT name FROM system.tables WHERE database = {database:String} "
        f"AND engine LIKE '%MergeTree' AND position(engine_full, '{next(iter(_BROKEN))}') = 0"
    )
    with store_errors("prepare the store for a power cut"):
        for (name,) in client.query(query, parameters={"database": DATABASE}).result_rows:
            client.command(f"ALTER TABLE {DATABASE}.{name} MODIFY SETTING {settings}")


def _cells(parameters: Mapping[str, str] | None) -> dict[str, Cell]:
    return {name: Cell(text) for name, text in (parameters or {}).items()}
