"""One contact: what became of it, and everything that sources said of it, in order."""

from grafana_foundation_sdk.models import dashboard as d

from dashboards import history
from dashboards.canvas import Canvas
from dashboards.panels import Pen, Shown


def board(pen: Pen) -> d.Dashboard:
    """Return the board."""
    canvas = Canvas("call", pen, "now-24h", "")
    canvas.variable("tenant", "SELECT DISTINCT tenant FROM legs", source=history.HISTORY)
    canvas.entry("interaction")
    legs = history.rows(
        pen,
        Shown("call_legs"),
        history.sql("call_legs"),
        {
            "entered_at": (),
            "queue_id": (history.leads(pen, "queue", "queue"),),
            "agent_id": (history.leads(pen, "agent", "agent"),),
            "outcome": (history.words(pen, "outcomes"),),
            "wait_ms": (), "talk_ms": (), "hold_ms": (), "wrapup_ms": (),
            "ended_by": (history.words(pen, "parties"),), "transferred_to": (),
        },
    )  # fmt: skip
    chain = history.rows(
        pen,
        Shown("call_chain"),
        history.sql("call_chain"),
        {
            "at": (("unit", "time:YYYY-MM-DD HH:mm:ss.SSS"),),
            "kind": (history.words(pen, "kinds"),),
            "what": (), "queue_id": (), "agent_id": (), "detail": (), "id": (),
        },
    )  # fmt: skip
    return canvas.row(9, (24, legs)).row(18, (24, chain)).done()
