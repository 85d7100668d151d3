"""A history in an embedded store, and what back-tests of it find, in comparable form."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec

import schemas.events as e
from pult.backtest import replayed
from pult.backtest_facts import Range
from schemas.facts import Violation
from schemas.policies import Policies
from sql.embedded import EmbeddedStore
from stream_processors.core.state import State
from tests.timetable import DAY, TENANT, moment, run, terms

DAY_MS = 24 * 3_600_000


def kept(store: EmbeddedStore, log: list[bytes], site: str = TENANT, **policies: Any) -> None:
    """Let a log of a site become history, judged by policies."""
    events = [msgspec.structs.replace(e.decode(value), domain=site) for value in log]
    told = [e.encode(event) for event in events]
    _, facts = run(told, terms(**policies), State(TENANT, site), size=200)
    positions = [(0, n) for n in range(1, len(log) + 1)]
    store.writer.write_events(events, positions, f"events of {site}")
    store.writer.write_facts(facts, f"facts of {site}")


def tried(store: EmbeddedStore, code: str, within: Range, **policies: Any) -> list[Violation]:
    """Return what a back-test finds under policies."""

    def ask(query: str) -> list[dict[str, Any]]:
        return [json.loads(each) for each in store.query(query, "JSONEachRow").splitlines()]

    held = Policies(**policies)
    return replayed(ask, held, held.discipline_of, code, within)


def in_history(store: EmbeddedStore, code: str, within: Range) -> list[list[Any]]:
    """Return the episodes that fired within a range, as the history has them."""
    told = store.query(
        "SELECT episode_id, agent_id, queue_id, team, severity, state, about, evidence, "
        "toUnixTimestamp64Milli(fired_at) AS fired, toUnixTimestamp64Milli(cleared_at) AS over "
        f"FROM violations WHERE code = '{code}' AND state != 'voided' "
        f"AND fired >= {within.since} AND fired < {within.until} "
        "ORDER BY fired, agent_id, episode_id",
        "JSONCompactEachRow",
        {"output_format_json_quote_64bit_integers": "0"},
    )
    return [compared(*json.loads(each)) for each in told.splitlines()]


def shown(found: Iterable[Violation]) -> list[list[Any]]:
    return [
        compared(
            each.episode_id, each.agent_id, each.queue_id, each.team, each.severity, each.state,
            each.about, each.evidence, each.fired_at, each.cleared_at,
        )
        for each in found
    ]  # fmt: skip


def compared(*told: Any) -> list[Any]:
    """Return what must agree: facts name no events, and other rules spend of the budget."""
    evidence = json.loads(told[7])
    for name in ("events", "paged", "beyond"):
        evidence.pop(name, None)
    return [*told[:7], evidence, *told[8:]]


def whole_day(text: str = DAY) -> Range:
    since = moment(f"{text} 00:00:00")
    return Range(since, since + DAY_MS)


def worked_after(begun: str, length: int) -> str:
    """Return a call that ends at an instant, and after-work of so many seconds."""
    start = datetime.fromisoformat(begun)
    call = f"{start:%d%H%M} sales"
    return f"""
        {start - timedelta(seconds=20)} enter  {call}
        {start - timedelta(seconds=20)} answer {call} Anna
        {start} end     {call} Anna caller
        {start} pause   Anna * wrap
        {start + timedelta(seconds=length)} unpause Anna *
    """
