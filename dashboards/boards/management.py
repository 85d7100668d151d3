"""Days, weeks and months: each figure beside that of the time before, equally long."""

from grafana_foundation_sdk.models import dashboard as d
from grafana_foundation_sdk.models import units

from dashboards import history
from dashboards.canvas import Canvas
from dashboards.panels import BAD, NO_DATA, PLAIN, WORSE, Pen, Scale, Shown
from schemas.metrics import (
    ABANDON_RATIO,
    ANSWER_MEAN,
    ANSWERED,
    OFFERED,
    SERVICE_LEVEL,
)

_LOST = "countIf(outcome = 'abandoned' AND wait_ms > short_abandon_ms)"
_ANSWERED = "countIf(outcome = 'answered')"
_COUNTED = (
    "countIf(outcome != 'waiting' AND (wait_ms > answer_within_ms OR outcome = 'answered' "
    "OR (outcome = 'abandoned' AND wait_ms > short_abandon_ms)))"
)
_IN_TIME = "countIf(outcome = 'answered' AND wait_ms <= answer_within_ms)"
_HANDLED = "talk_ms + coalesce(hold_ms, 0) + coalesce(wrapup_ms, 0)"


def board(pen: Pen) -> d.Dashboard:
    """Return the board."""
    canvas = Canvas("management", pen, "now-7d", "15m")
    canvas.variable("tenant", "SELECT DISTINCT tenant FROM legs", source=history.HISTORY)
    canvas.variable(
        "queue",
        "SELECT DISTINCT queue_id FROM legs WHERE queue_id != '' ORDER BY queue_id",
        source=history.HISTORY,
    )
    canvas.choice("grain", "day", "week", "month").entry("zone", "UTC")
    limits = pen.limits
    level: Scale = [(None, NO_DATA), (0, WORSE), (limits.low, BAD), (limits.target, PLAIN)]
    lost: Scale = [(None, NO_DATA), (0, PLAIN), (limits.lost, BAD), (limits.lost_badly, WORSE)]
    plain: Scale = [(None, NO_DATA), (0, PLAIN)]
    wait: Scale = [(None, NO_DATA), (0, PLAIN), (limits.answer_within, BAD)]
    figures = (
        (Shown("period_offered", OFFERED), plain, "count()"),
        (Shown("period_answered", ANSWERED), plain, _ANSWERED),
        (
            Shown("period_level", SERVICE_LEVEL, decimals=1),
            level,
            f"{_IN_TIME} / nullIf({_COUNTED}, 0)",
        ),
        (
            Shown("period_lost", ABANDON_RATIO, decimals=1),
            lost,
            f"{_LOST} / nullIf({_LOST} + {_ANSWERED}, 0)",
        ),
        (
            Shown("period_answer_mean", ANSWER_MEAN),
            wait,
            "avgOrNullIf(wait_ms, outcome = 'answered') / 1000",
        ),
        (
            Shown("period_handling", None, units.DurationInHoursMinutesSeconds),
            plain,
            f"avgOrNullIf({_HANDLED}, outcome = 'answered') / 1000",
        ),
    )
    tiles = [
        (
            4,
            history.figure(
                pen, shown, scale, history.sql("period", figure=formula), compared=True
            ),
        )
        for shown, scale, formula in figures
    ]
    canvas.row(5, *tiles)
    canvas.row(9, (12, _level(pen)), (12, _volume(pen)))
    return canvas.row(11, (24, _queues(pen, level))).done()


def _level(pen: Pen) -> history.Course:
    limits = pen.limits
    return history.course(
        pen,
        Shown("period_level_course", SERVICE_LEVEL),
        history.sql("period_level"),
        names={"service_level": pen.texts("columns", "service_level")},
        scale=[(None, WORSE), (limits.low, BAD), (limits.target, PLAIN)],
    ).max(1)


def _volume(pen: Pen) -> history.Course:
    names = {key: pen.texts("words", key) for key in ("offered", "answered", "abandoned")}
    return history.course(
        pen,
        Shown("period_volume", OFFERED),
        history.sql("period_volume"),
        names=names,
        bars=True,
    )


def _queues(pen: Pen, level: Scale) -> history.Rows:
    return history.rows(
        pen,
        Shown("period_queues", SERVICE_LEVEL),
        history.sql("period_queues"),
        {
            "queue_id": (history.leads(pen, "queue", "queue"),),
            "offered": (),
            "answered": (),
            "abandoned": (),
            "service_level": (
                ("unit", units.PercentUnit),
                ("decimals", 1),
                ("thresholds", pen.scale(level).build()),
                ("custom.cellOptions", {"type": "color-text"}),
            ),
            "wait_ms_mean": (("unit", history.MILLISECONDS),),
            "talk_ms_mean": (("unit", history.MILLISECONDS),),
        },
    )
