"""Which figure of a report on a board is which metric of `/metrics` over the same time."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sql.embedded import EmbeddedStore
from tests.dashboards.boards import CLICKHOUSE, questions
from tests.oracles.grafana_macros import expanded

DAY = "day"


class Figure(NamedTuple):
    """A column of a panel, and the metric that it shows.

    `window` where the metric has one, `definition` where one row alone is of that metric.
    """

    board: str
    title: str
    column: str
    metric: str
    window: str = ""
    definition: str = ""


FIGURES = (
    Figure(
        "management",
        "Mean wait and handling by time",
        "answer_mean",
        "cc_queue_answer_seconds_mean",
        "60m",
    ),
    Figure(
        "management",
        "Service level by every definition",
        "level",
        "cc_queue_service_level_ratio",
        DAY,
        "service_level",
    ),
    Figure("queue", "Visits by length of the wait [s]", "answered", "cc_queue_answered_total"),
    Figure(
        "queue", "Visits by length of the wait [s]", "abandoned", "cc_queue_abandoned_total"
    ),
    Figure("management", "Offered", "value", "cc_queue_offered_total"),
    Figure("management", "Answered", "value", "cc_queue_answered_total"),
    Figure("management", "Service level", "value", "cc_queue_service_level_ratio", DAY),
    Figure("management", "Lost", "value", "cc_queue_abandon_ratio", DAY),
    Figure("management", "Mean wait", "value", "cc_queue_answer_seconds_mean", "60m"),
    Figure("management", "Offered, answered, abandoned", "offered", "cc_queue_offered_total"),
    Figure("management", "Offered, answered, abandoned", "answered", "cc_queue_answered_total"),
    Figure(
        "management", "Offered, answered, abandoned", "abandoned", "cc_queue_abandoned_total"
    ),
    Figure("management", "Queues, worst first", "offered", "cc_queue_offered_total"),
    Figure("management", "Queues, worst first", "answered", "cc_queue_answered_total"),
    Figure("management", "Queues, worst first", "abandoned", "cc_queue_abandoned_total"),
    Figure(
        "management",
        "Queues, worst first",
        "service_level",
        "cc_queue_service_level_ratio",
        DAY,
    ),
    Figure(
        "queue", "Offered, answered, abandoned by 15 min", "offered", "cc_queue_offered_total"
    ),
    Figure(
        "queue", "Offered, answered, abandoned by 15 min", "answered", "cc_queue_answered_total"
    ),
    Figure(
        "queue",
        "Offered, answered, abandoned by 15 min",
        "abandoned",
        "cc_queue_abandoned_total",
    ),
)
"""Titles less their brackets. Counts are added up over the rows; a ratio is in one row."""


def texts() -> Mapping[Figure, str]:
    """Return the query behind each figure."""
    found: dict[Figure, str] = {}
    for figure in FIGURES:
        behind = [
            each.target["rawSql"]
            for each in questions(CLICKHOUSE)
            if each.board == f"pult-{figure.board}-en"
            if each.panel["title"].partition(" (")[0] == figure.title
        ]
        assert len(behind) == 1, figure
        found[figure] = behind[0]
    return found


def shown(
    store: EmbeddedStore, queue: str, begin_ms: int, end_ms: int
) -> Iterator[tuple[Figure, float | None]]:
    """Ask every figure of one queue over a stretch of time [ms]; None: there is no value."""
    chosen = {
        "tenant": ("$__all",), "queue": (queue,), "grain": ("day",), "zone": ("UTC",),
        "team": ("$__all",), "agent": ("$__all",), "answer_within": ("",),
        "short_abandon": ("",),
    }  # fmt: skip
    begin = datetime.fromtimestamp(begin_ms // 1000, UTC)
    end = datetime.fromtimestamp(end_ms // 1000, UTC) + timedelta(seconds=1)
    answers: dict[str, list[dict[str, Any]]] = {}
    for figure, text in texts().items():
        sql = expanded(text, chosen, begin, end)
        if sql not in answers:
            answers[sql] = json.loads(store.query(sql, "JSON"))["data"]
        rows = [
            row[figure.column]
            for row in answers[sql]
            if figure.definition in ("", row.get("definition"))
        ]
        values = [float(value) for value in rows if value is not None]
        # A single value stands beside that of the period before it: the last one is of now.
        value = values[-1] if figure.column == "value" and values else sum(values)
        yield figure, value if values else None
