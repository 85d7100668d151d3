"""What CRMs tell: cards, what came of contacts, what customers think."""

from grafana_foundation_sdk.builders import bargauge
from grafana_foundation_sdk.models import dashboard as d
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.common import VisibilityMode

from dashboards import history
from dashboards.canvas import Canvas
from dashboards.panels import NO_DATA, PLAIN, Pen, Scale, Shown
from dashboards.promql import each, live
from schemas.metrics import CARD_FILLING, CARDS_OPEN, SATISFACTION

_PLAIN: Scale = [(None, NO_DATA), (0, PLAIN)]


def board(pen: Pen) -> d.Dashboard:
    """Return the board."""
    canvas = Canvas("crm", pen, "now-7d", "1m")
    canvas.variable("tenant", "SELECT DISTINCT tenant FROM agent_states",
                    source=history.HISTORY, everything=".*")  # fmt: skip
    canvas.entry("zone", pen.zone)
    seconds = units.DurationInHoursMinutesSeconds
    canvas.row(
        7,
        (6, _now(pen, Shown("cards_open", CARDS_OPEN), "cc_cards_open")),
        (
            6,
            _now(
                pen,
                Shown("card_filling_now", CARD_FILLING, seconds),
                "cc_card_filling_seconds_mean",
            ),
        ),
        (6, _now(pen, Shown("satisfaction_now", SATISFACTION), "cc_satisfaction_ratio")),
        (6, _solved(pen)),
    )
    canvas.row(10, (24, _cards(pen)))
    canvas.row(10, (12, _results(pen)), (12, _answers(pen)))
    canvas.row(8, (12, _solved_weeks(pen)), (12, _satisfied_weeks(pen)))
    return canvas.row(12, (24, _told(pen))).done()


def _now(pen: Pen, shown: Shown, metric: str) -> bargauge.Panel:
    return pen.bars(shown, _PLAIN, live(f"sort_desc({each(metric)})"), "{{team}}")


def _solved(pen: Pen) -> history.Figure:
    shown = Shown("solved_at_once", None, units.PercentUnit, decimals=1)
    return history.figure(pen, shown, _PLAIN, history.sql("crm_solved"))


def _solved_weeks(pen: Pen) -> history.Course:
    shown = Shown("solved_weeks", None, units.PercentUnit)
    names = {"solved_at_once": pen.texts("titles", "solved_at_once")}
    statement = history.sql("crm_solved_weeks")
    return history.course(pen, shown, statement, names=names, bars=True).max(1).time_from("56d")


def _satisfied_weeks(pen: Pen) -> history.Course:
    shown = Shown("satisfied_weeks", SATISFACTION)
    names = {key: pen.texts("columns", key) for key in ("positive_ratio", "net_promoters")}
    statement = history.sql("crm_satisfied_weeks")
    # Weeks without an answer are no zeros, and no reason to break off.
    panel = history.course(pen, shown, statement, names=names).min(-1).max(1)
    return panel.span_nulls(True).show_points(VisibilityMode.ALWAYS).time_from("56d")


def _cards(pen: Pen) -> history.Rows:
    return history.rows(
        pen,
        Shown("crm_cards", CARD_FILLING),
        history.sql("crm_cards"),
        {
            "agent_id": (history.leads(pen, "agent", "agent"),),
            "cards": (), "saved": (), "dropped": (),
            "filling_mean_ms": (), "filling_p90_ms": (), "after_talk_mean_ms": (),
            "wrapup_mean_ms": (),
        },
    )  # fmt: skip


def _results(pen: Pen) -> history.Rows:
    return history.rows(
        pen,
        Shown("crm_results"),
        history.sql("crm_results"),
        {
            "source": (), "code": (), "name": (), "times": (),
            "share": history.share(pen, _PLAIN),
            "contacts": (),
        },
    )  # fmt: skip


def _answers(pen: Pen) -> history.Rows:
    return history.rows(
        pen,
        Shown("crm_answers", SATISFACTION),
        history.sql("crm_answers"),
        {
            "kind": (history.words(pen, "surveys"),),
            "agent_id": (history.leads(pen, "agent", "agent"),),
            "answers": (),
            "positive_ratio": history.share(pen, _PLAIN),
            "net_promoters": history.share(pen, _PLAIN),
            "response_ratio": history.share(pen, _PLAIN),
        },
    )


def _told(pen: Pen) -> history.Rows:
    return history.rows(
        pen,
        Shown("crm_told"),
        history.sql("crm_told"),
        {
            "at": (),
            "kind": (history.words(pen, "kinds"),),
            "what": (),
            "agent_id": (history.leads(pen, "agent", "agent"),),
            "interaction_id": (history.leads(pen, "call", "interaction"),),
        },
    )
