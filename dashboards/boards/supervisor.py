"""The wall of whoever must act: eight panels, the list of exceptions first among them."""

from grafana_foundation_sdk.models import dashboard as d

from dashboards import wall_tiles as tiles
from dashboards.alerts import exceptions
from dashboards.canvas import Canvas, filters
from dashboards.panels import Pen
from dashboards.promql import QUEUE_OR_NONE, TEAM_OR_NONE, firing

COLUMNS = ("alertname", "severity", "queue", "agent", "code", "team")

DOUBTS = (
    "PultSourceSilent", "PultNoFigures", "PultPartGone", "PultProcessGone",
    "PultPartitionsUnowned", "PultViolationsUnread",
)  # fmt: skip

ABOUT_PULT = f'alertname=~"{"|".join(DOUBTS)}"'
"""What makes all other figures doubtful."""


def board(pen: Pen) -> d.Dashboard:
    """Return the board."""
    people = f'kind=~"queue|discipline|system", {QUEUE_OR_NONE}, {TEAM_OR_NONE}'
    alerts = firing(people, ABOUT_PULT, by=", ".join(COLUMNS))
    canvas = filters(Canvas("supervisor", pen, tiles.SPAN, tiles.REFRESH), "queue", "team")
    return (
        canvas.row(
            8,
            (6, tiles.worst_level(pen)),
            (6, tiles.waiting(pen)),
            (6, tiles.longest_wait(pen)),
            (6, tiles.free(pen)),
        )
        .at(0, 8, 15, 20, exceptions(pen, "exceptions", alerts, COLUMNS))
        .at(15, 8, 9, 12, tiles.levels(pen))
        .at(15, 20, 4, 8, tiles.lost(pen))
        .at(19, 20, 5, 8, tiles.freshness(pen))
        .done()
    )
