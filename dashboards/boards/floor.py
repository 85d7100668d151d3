"""The wall that everybody sees: no names of people, how many violate a rule but not who."""

from grafana_foundation_sdk.models import dashboard as d

from dashboards import wall_tiles as tiles
from dashboards.alerts import exceptions
from dashboards.boards.supervisor import ABOUT_PULT
from dashboards.canvas import Canvas, filters
from dashboards.panels import LINK_FILTERS, NO_DATA, NOTHING, QUIET, Pen, Shown
from dashboards.promql import NOT_READY, QUEUE_OR_NONE, TEAM, each, firing, live
from schemas.metrics import AGENTS

COLUMNS = ("alertname", "severity", "queue")


def board(pen: Pen) -> d.Dashboard:
    """Return the board."""
    of_queues = firing(
        f'kind=~"queue|system", {QUEUE_OR_NONE}', ABOUT_PULT, by=", ".join(COLUMNS)
    )
    canvas = filters(Canvas("floor", pen, tiles.SPAN, tiles.REFRESH), "queue", "team")
    return (
        canvas.row(
            9,
            (6, tiles.worst_level(pen)),
            (6, tiles.waiting(pen)),
            (6, tiles.longest_wait(pen)),
            (6, tiles.free(pen)),
        )
        .at(0, 9, 12, 19, exceptions(pen, "queue_exceptions", of_queues, COLUMNS))
        .at(12, 9, 12, 10, tiles.levels(pen))
        .at(12, 19, 6, 9, _on_break(pen))
        .at(18, 19, 6, 9, tiles.freshness(pen))
        .done()
    )


def _on_break(pen: Pen) -> tiles.Tile:
    away = f"sum({each('cc_agents', TEAM, NOT_READY)})"
    everybody = f"sum({each('cc_agents', TEAM)})"
    shown = Shown(
        "not_ready", AGENTS, words={NOTHING: "nobody_logged_in"}, link=("queue", LINK_FILTERS)
    )
    scale = [(None, NO_DATA), (NOTHING, QUIET), (0, QUIET)]
    return pen.tile(shown, scale, (live(f"{away} - ({everybody} == bool 0)"), ""))
