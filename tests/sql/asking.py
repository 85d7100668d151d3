"""How tests make a history of a log, and ask it: rows as what JSON makes of them."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import schemas.events as e
from schemas.facts import Fact
from sql.embedded import EmbeddedStore
from stream_processors.core.state import Terms
from tests.timetable import run

_PLAINLY = {
    "output_format_json_quote_64bit_integers": "0",
    "output_format_json_quote_denormals": "1",
}


def report(
    store: EmbeddedStore, view: str, order: str = "ALL", where: str = "true", **parameters: str
) -> list[dict[str, Any]]:
    """Return the rows of a view that takes parameters."""
    given = ", ".join(f"{name} = '{value}'" for name, value in parameters.items())
    return rows(store, f"SELECT * FROM {view}({given}) WHERE {where} ORDER BY {order}")


def rows(store: EmbeddedStore, query: str) -> list[dict[str, Any]]:
    told = store.query(query, "JSONEachRow", _PLAINLY)
    return [json.loads(line) for line in told.splitlines()]


def fold(store: EmbeddedStore, log: list[bytes], under: Terms | None = None) -> list[Any]:
    """Let a log become a history; return its facts."""
    facts = run(log, under)[1]
    events = [e.decode(value) for value in log]
    store.writer.write_events(events, [(0, n) for n in range(1, len(log) + 1)], "events")
    store.writer.write_facts(facts, "facts")
    return facts


def keep(store: EmbeddedStore, facts: Iterable[Fact]) -> None:
    store.writer.write_facts(list(facts), "reports")


def ms(text: str) -> int:
    """Return an instant given in UTC, such as 2026-10-25 00:59:50.5, in ms since 1970."""
    moment = datetime.fromisoformat(f"{text}+00:00")
    return (moment - datetime.fromisoformat("1970-01-01T00:00+00:00")) // timedelta(
        milliseconds=1
    )
