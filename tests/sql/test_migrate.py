"""Migrations: once, in order, never edited; what people depend on is there, and says so."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import get_args

import pytest

from schemas.errors import StoreFailed
from schemas.facts import RejectReason
from sql.embedded import EmbeddedStore
from sql.migrate import migrate, statements
from sql.statement import PARAMETERISED_VIEWS

_LEG = (
    "tenant domain source leg_id interaction_id queue_id channel direction caller_key priority "
    "entered_at answered_at left_at ended_at outcome wait_ms ring_ms talk_ms hold_ms wrapup_ms "
    "agent_id ended_by transferred_to transfer_kind offers answer_within_ms short_abandon_ms "
    "clock revision known_at"
)
_WINDOWS = " ".join(
    f"{name}_{window}"
    for window in ("5m", "30m")
    for name in (
        "answered", "answered_in_time", "abandoned", "short_abandoned", "service_level",
    )
)  # fmt: skip
PUBLIC = {
    "events": "tenant domain id type source feed occurred_at recorded_at interaction_id "
    "queue_id agent_id data log_partition log_offset subject sequence clock",
    "legs": _LEG,
    "leg_revisions": _LEG,
    "interactions": "tenant domain source interaction_id channel direction started_at ended_at "
    "legs queue_hops transfers agents first_queue_id last_outcome",
    "offers": "offer_id leg_id interaction_id queue_id agent_id started_at ended_at result "
    "ring_ms",
    "agent_sessions": "agent_id logged_in_at logged_out_at source",
    "agent_states": "agent_id state reason started_at ended_at duration_ms",
    "breaks": "agent_id reason started_at ended_at duration_ms",
    "wall_samples": "at origin queue_id waiting longest_wait_ms waiting_over_target talking "
    + _WINDOWS,
    "team_samples": "at team logged_in ready reserved talking holding wrapup not_ready "
    "occupancy_30m",
    "rejected": "source feed reason detail bytes received_at",
    "metrics": "name unit means formula attribution empty source version",
    "dirty_days": "tenant domain day",
    "violations": "episode_id code agent_id queue_id team severity state pending_at fired_at "
    "cleared_at rule_version thresholds evidence",
    "reviews": "review_id episode_id verdict author reason decided_at",
}


@dataclass
class Definition:
    """What `schemas.metrics.Metric` looks like from here."""

    name: str
    unit: str = "ratio"
    means: str = "share"
    formula: str = "a / b"
    attribution: str = "answer"
    empty: str = "dash"
    source: str = "ours"
    version: int = 1


@pytest.fixture
def applied(store: EmbeddedStore) -> Iterator[EmbeddedStore]:
    kept = store.client.query("SELECT * FROM pult.migrations FINAL").result_rows
    yield store
    store.client.command("TRUNCATE TABLE pult.migrations")
    store.client.insert("pult.migrations", kept)


def test_a_second_run_does_nothing(store: EmbeddedStore) -> None:
    assert store.migrated[0] == "0001_database.sql"
    assert migrate(store.client) == []


def test_everything_may_be_applied_again_after_a_crash(applied: EmbeddedStore) -> None:
    applied.client.command("TRUNCATE TABLE pult.migrations")

    assert migrate(applied.client) == applied.migrated


def test_of_a_view_that_is_written_again_later_only_the_last_form_is_written(
    applied: EmbeddedStore,
) -> None:
    def written() -> list[str]:
        tables = "SELECT create_table_query FROM system.tables WHERE database = 'pult'"
        return sorted(row[0] for row in applied.client.query(tables).result_rows)

    before = written()
    for name in applied.migrated:
        for statement in statements((files("sql") / "migrations" / name).read_text()):
            applied.client.command(statement)

    assert written() == before


def test_an_edited_migration_is_noticed(applied: EmbeddedStore) -> None:
    applied.client.insert(
        "pult.migrations", [["0002_events.sql", "3f2a"]], column_names=["name", "sha256"]
    )

    with pytest.raises(
        StoreFailed, match=r"0002_events.sql changed .* \(expected sha 3f2a\.\."
    ):
        migrate(applied.client)


def test_a_newer_store_is_left_alone(applied: EmbeddedStore) -> None:
    applied.client.insert(
        "pult.migrations", [["9999_future.sql", "aa"]], column_names=["name", "sha256"]
    )

    with pytest.raises(StoreFailed, match=r"newer pult \(9999_future.sql"):
        migrate(applied.client)


@pytest.mark.parametrize("table", PUBLIC)
def test_public_columns_exist(store: EmbeddedStore, table: str) -> None:
    described = store.client.query(f"DESCRIBE TABLE pult.{table}").result_rows

    assert set(PUBLIC[table].split()) <= {row[0] for row in described}


def test_every_table_and_column_says_what_it_is(store: EmbeddedStore) -> None:
    silent = store.query(
        "SELECT table, name FROM system.columns WHERE database = 'pult' AND comment = '' "
        "AND table NOT LIKE '%_feed' UNION ALL "
        "SELECT name, '' FROM system.tables WHERE database = 'pult' AND comment = ''"
    )

    assert silent == b""


def test_all_reasons_of_rejects_are_told_where_they_stand(store: EmbeddedStore) -> None:
    told = store.query(
        "SELECT comment FROM system.columns WHERE database = 'pult' AND name = 'reason' "
        "AND startsWith(table, 'rejected') ORDER BY table"
    )

    assert [line.split() for line in told.decode().splitlines()] == [
        list(get_args(RejectReason))
    ] * 2


def test_views_with_parameters_are_those_that_may_be_asked_like_functions(
    store: EmbeddedStore,
) -> None:
    asked = store.query(
        "SELECT name FROM system.tables WHERE database = 'pult' AND engine = 'View' "
        "AND match(create_table_query, '[{]\\w+:')"
    )

    assert set(asked.decode().split()) == PARAMETERISED_VIEWS


def test_the_dictionary_follows_the_program(store: EmbeddedStore) -> None:
    migrate(store.client, [Definition("b"), Definition("a")])
    migrate(store.client, [Definition("b", version=2)])

    assert store.query("SELECT name, version FROM metrics") == b"b\t2\n"
