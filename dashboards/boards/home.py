"""Where people begin: all boards of their language, and what needs somebody now."""

from grafana_foundation_sdk.builders import dashboardlist
from grafana_foundation_sdk.models import dashboard as d

from dashboards import wall_tiles as tiles
from dashboards.alerts import exceptions
from dashboards.boards.floor import COLUMNS
from dashboards.boards.supervisor import ABOUT_PULT
from dashboards.canvas import Canvas, filters
from dashboards.panels import Pen
from dashboards.promql import QUEUE_OR_NONE, firing


def board(pen: Pen) -> d.Dashboard:
    """Return the board."""
    alerts = firing(f'kind=~"queue|system", {QUEUE_OR_NONE}', ABOUT_PULT, by=", ".join(COLUMNS))
    boards = (
        dashboardlist.Panel()
        .title(pen.texts("titles", "boards"))
        .description(pen.texts.about("boards", None))
        .tags(["pult", pen.language])
        .show_search(True)
        .show_starred(False)
        .show_recently_viewed(False)
        .show_headings(False)
        .max_items(30)
        .query("")
    )
    return (
        filters(Canvas("home", pen, "now-30m", "15s"), "queue")
        .at(0, 0, 8, 16, boards)
        .at(8, 0, 16, 10, exceptions(pen, "queue_exceptions", alerts, COLUMNS))
        .at(8, 10, 16, 6, tiles.freshness(pen))
        .done()
    )
