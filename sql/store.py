"""The embedded engine in a folder, and the one place where its errors become ours."""

import errno
import fcntl
import functools
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import tzinfo
from pathlib import Path
from typing import ParamSpec, TypeVar

import clickhouse_connect
from clickhouse_connect.driver.binding import DT64Param
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from pyarrow import ArrowException

from schemas.errors import RowsRefused, StoreFailed

DATABASE = "pult"

_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")

# What asks the engine and has the whole answer when it returns.
_ASKING = ("command", "insert_arrow", "query", "query_arrow", "raw_insert", "raw_query")

# The engine sizes its caches by the machine it finds. A wall on a desk must not take its
# memory: these are limits, met only by long histories.
_ENGINE: Mapping[str, str] = {
    "mark_cache_size": "33554432",
    "index_mark_cache_size": "8388608",
    "primary_index_cache_size": "33554432",
    "query_condition_cache_size": "4194304",
    "background_pool_size": "1",
}

# async_insert is on by default since 26.3 and would acknowledge before anything is stored.
# Compiled expressions pay off after many runs only, and cost memory from the first.
_SESSION: Mapping[str, str | int] = {
    "async_insert": 0,
    "max_insert_threads": 1,
    "compile_expressions": 0,
    "compile_aggregate_expressions": 0,
    "compile_sort_description": 0,
}

_AGAIN = re.compile(
    r"(?<=DB::Exception: )(?:Code: \d+\. DB::Exception: )+"
    r"|(?<=\))(?: \(version [^)]*\)\. \([A-Z_]+\))+$"
)
# How clickhouse-connect wraps what a server said; the address is named by who asks.
_OVER_HTTP = re.compile(
    r"^Received ClickHouse exception, code: \d+, server response: | \(for url [^)]*\)$"
)
_DISK_FULL = ("No space left", "File too large", "Disk quota exceeded", "NOT_ENOUGH_SPACE")
# What an insert is refused with because of what its rows say: an error of every row of them and
# of nothing else. Source: src/Common/ErrorCodes.cpp of ClickHouse.
_CONTENT = frozenset({
    6, 25, 26, 27, 38, 41, 53, 69, 70, 72, 117, 131, 321, 349, 407, 467, 469, 632, 675, 676,
    691,
})  # fmt: skip
_FULL = "the disk is full "
_NOT_WRITABLE = ("Permission denied", "Read-only file system")


def open_embedded(folder: Path, settings: Mapping[str, str | int] | None = None) -> Client:
    """Return a client of the engine that keeps its data in a folder, made if it is missing.

    A client serves one thread at a time; open one per thread, all on the same folder: a process
    has one engine. Never fork afterwards, the child would hang.

    Raises:
        StoreFailed: another process owns the folder, or it cannot be written.
    """
    with store_errors(f"open the store in {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        _check_writable(folder)
        _check_free(folder)
        client = clickhouse_connect.get_client(
            interface="chdb",
            path=str(folder),
            settings={**_SESSION, **(settings or {})},
            chdb_options=dict(_ENGINE),
        )
    return _answers_apart(client)


def _answers_apart(client: Client) -> Client:
    """Return the client, now with a question thrown in after each error.

    What a query had written when it failed stays in the handle (chDB 4.4.0), and comes out
    in front of the next answer; here it is an answer that nobody reads.
    """
    drain = functools.partial(client.raw_query, "SELECT 1 WHERE 0", fmt="Native")
    for name in _ASKING:
        setattr(client, name, _drained(getattr(client, name), drain))
    return client


def _drained(
    ask: Callable[_Given, _Answer], drain: Callable[[], object]
) -> Callable[_Given, _Answer]:
    @functools.wraps(ask)
    def asking(*given: _Given.args, **named: _Given.kwargs) -> _Answer:
        try:
            return ask(*given, **named)
        except BaseException:
            with suppress(ClickHouseError):
                drain()
            raise

    return asking


class Cell(DT64Param):
    """A parameter of a query as it came over HTTP, escaped like a cell of a table already."""

    def __init__(self, text: str) -> None:
        self._text = text

    def format(self, tz: tzinfo | None, top_level: bool) -> str:
        """Return the text; the client would escape it once more."""
        return self._text


@contextmanager
def store_errors(doing: str) -> Iterator[None]:
    """Turn whatever the store says into one line that begins with what was being done.

    Raises:
        RowsRefused: because of what the rows say.
        StoreFailed: in place of any other error of ClickHouse, its client, Arrow and the disk.
    """
    try:
        yield
    except (ClickHouseError, ArrowException, OSError) as error:
        msg = f"cannot {doing}: {_explained(error)}"
        refused = getattr(error, "code", None) in _CONTENT
        raise (RowsRefused if refused else StoreFailed)(msg) from error


def _explained(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    # An error that passed through several layers of the engine names itself in each of them.
    first_line = _OVER_HTTP.sub("", text.splitlines()[0].strip())
    first_line = _AGAIN.sub("", _OVER_HTTP.sub("", first_line))
    if _FULL in first_line:
        # Of a server of ours, which has said it in these words already.
        return first_line
    if any(sign in text for sign in _DISK_FULL):
        return f"{_FULL}({first_line}); free space and try again, nothing stored is lost"
    if any(sign in text for sign in _NOT_WRITABLE):
        return f"it cannot be written ({first_line}); check owner and rights"
    return first_line


def _check_writable(folder: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def _check_free(folder: Path) -> None:
    """The engine itself says no more than BAD_ARGUMENTS when another process has the folder."""
    status = folder / "status"
    if not status.exists():
        return
    holder = _lock_holder(status)
    if holder is not None and holder != os.getpid():
        msg = (
            f"another process ({holder or 'unknown'}) has it open; stop it, or ask it through "
            "its endpoint"
        )
        raise BlockingIOError(errno.EWOULDBLOCK, msg)


def _lock_holder(status: Path) -> int | None:
    """Return the process that holds the engine's lock (0: unknown), None when nobody does."""
    with status.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _pid(file.read(200))
    return None


def _pid(text: bytes) -> int:
    for line in text.splitlines():
        name, _, value = line.partition(b":")
        if name == b"PID" and value.strip().isdigit():
            return int(value)
    return 0
