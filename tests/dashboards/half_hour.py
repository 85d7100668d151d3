"""The recorded half hour as a history that questions of boards are asked of."""

import copy
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.events import decode
from schemas.facts import Leg
from sql.embedded import EmbeddedStore
from tests.dashboards.boards import CLICKHOUSE, questions
from tests.dashboards.crm_told import of_crm
from tests.lab.recording import Folded, ami, fold
from tests.oracles.grafana_macros import expanded
from tests.plans import plan
from tests.timetable import run

QUESTIONS = list(questions(CLICKHOUSE))
BEGIN = datetime(2026, 11, 21, 19, 16, 26, tzinfo=UTC)
END = datetime(2026, 11, 21, 19, 51, 26, tzinfo=UTC)
"""Whole seconds before the first word of the recording and after its last one."""

ALL = ("$__all",)
CHOSEN: Mapping[str, tuple[str, ...]] = {
    "tenant": ALL, "queue": ALL, "team": ALL, "code": ALL, "agent": ("Anna Petrova",),
    "grain": ("day",), "zone": ("Europe/Moscow",), "answer_within": ("",),
    "short_abandon": ("5",),
}  # fmt: skip


class History:
    """The half hour as a history, and what it answers."""

    def __init__(self, store: EmbeddedStore, lab: Folded) -> None:
        self.store = store
        self.lab = lab
        self._told: dict[str, dict[str, Any]] = {}
        self.contact = next(leg.interaction_id for leg in lab.facts if isinstance(leg, Leg))

    def ask(self, sql: str) -> dict[str, Any]:
        """Return names, types and rows; whoever asks the same again is told the same.

        Nobody writes into this history, and the engine takes a second for each question.
        """
        if sql not in self._told:
            self._told[sql] = json.loads(self.store.query(sql, "JSON"))
        return copy.deepcopy(self._told[sql])

    def filled(self, sql: str, chosen: Mapping[str, tuple[str, ...]]) -> str:
        """Return a question as the server gets it."""
        return expanded(sql, {**chosen, "interaction": (self.contact,)}, BEGIN, END)


def recorded(opened: EmbeddedStore) -> History:
    """Fill a store with the half hour, a little of a CRM and a plan."""
    tables = (
        "SELECT name FROM system.tables WHERE database = 'pult' "
        "AND engine LIKE '%MergeTree' AND name != 'migrations'"
    )
    for (table,) in opened.client.query(tables).result_rows:
        opened.client.command(f"TRUNCATE TABLE pult.{table}")
    lab = fold(ami())
    places = [(0, place) for place in range(1, len(ami()) + 1)]
    opened.writer.write_events(list(ami()), places, "lab")
    opened.writer.write_facts(list(lab.facts), "lab")
    more = [*of_crm(BEGIN), _planned()]
    places = [(1, place) for place in range(1, len(more) + 1)]
    opened.writer.write_events([decode(value) for value in more], places, "more")
    opened.writer.write_facts(run(more)[1], "more")
    return History(opened, lab)


def _planned() -> bytes:
    """Return a plan of work from the first whole minute of the half hour to its last."""
    first = BEGIN + timedelta(minutes=1)
    day, at = f"{BEGIN:%Y-%m-%d}", f"{BEGIN:%H:%M:%S}"
    return plan("Anna Petrova", f"{first:%H:%M} work {END:%H:%M}", at=at, day=day)


def figure(history: History, title: str, board: str, **chosen: str) -> list[dict[str, Any]]:
    """Return the rows behind a panel."""
    (sql,) = [
        question.target["rawSql"]
        for question in QUESTIONS
        if question.panel["title"] == title and question.board == f"pult-{board}-en"
    ]
    wanted = {**CHOSEN, **{name: (value,) for name, value in chosen.items()}}
    rows: list[dict[str, Any]] = history.ask(history.filled(sql, wanted))["data"]
    return rows


def visits(history: History, queue: str = "") -> list[Leg]:
    """Return the visits to a queue, or to all."""
    legs = [fact for fact in history.lab.facts if isinstance(fact, Leg) and not fact.voided]
    return [leg for leg in legs if leg.queue_id and queue in ("", leg.queue_id)]
