"""How verbs ask the history: of the data folder, of its owner, or of the server."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import msgspec

from pult import asking, settings
from pult.context import Context

Row: TypeAlias = dict[str, Any]

Ask: TypeAlias = Callable[[str], list[Row]]
"""Answers a reading statement with rows."""


def add_server(parser: argparse.ArgumentParser) -> None:
    """Add the option that asks the server."""
    parser.add_argument(
        "--server", action="store_true",
        help="ask the server of [clickhouse], also where the data folder has a history",
    )  # fmt: skip


def answer(context: Context, query: str, form: str, *, server: bool) -> bytes:
    """Return the answer to a reading statement in a ClickHouse format.

    Args:
        context: which data folder and settings.
        query: one reading statement.
        form: the format.
        server: ask the server, also where the folder has a history.

    Raises:
        QueryRefused, StoreFailed, DataFolderUnusable: it cannot be asked.
    """
    loaded = settings.load(context.config)
    if server or asking.means_server(context.data, loaded):
        return asking.ask_server(loaded.clickhouse, context.environ, query, form)
    return asking.ask(context.data, query, form)


@dataclass(frozen=True, slots=True)
class History:
    """What is asked many things in turn; `answer` takes a reading statement and a format."""

    answer: Callable[[str, str], bytes]

    def rows(self, query: str) -> list[Row]:
        """Return the rows that answer a statement; times are texts, as ClickHouse's are.

        Raises:
            QueryRefused, StoreFailed, DataFolderUnusable: it cannot be asked.
        """
        told = self.answer(query, "JSONEachRow")
        return [msgspec.json.decode(line) for line in told.splitlines() if line]


@contextmanager
def held(context: Context, chosen: argparse.Namespace) -> Iterator[History]:
    """Yield the history; a data folder is opened once for all that is asked of it.

    Raises:
        StoreFailed, DataFolderUnusable: it cannot be asked.
    """
    loaded = settings.load(context.config)
    if chosen.server or asking.means_server(context.data, loaded):
        yield History(partial(asking.ask_server, loaded.clickhouse, context.environ))
        return
    with asking.held(context.data) as told:
        yield History(told)


def quoted(text: str) -> str:
    """Return a text as a literal of ClickHouse's SQL."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
