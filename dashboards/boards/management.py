"""Days, weeks and months: each figure beside that of the time before, equally long."""

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.models import dashboard as d
from grafana_foundation_sdk.models import units

from dashboards import history
from dashboards.canvas import Canvas
from dashboards.panels import BAD, NO_DATA, PLAIN, WORSE, Pen, Scale, Shown
from schemas.metrics import (
    ABANDON_RATIO,
    ADHERENCE,
    ANSWER_MEAN,
    ANSWERED,
    OCCUPANCY,
    OFFERED,
    REPEATS,
    SERVICE_LEVEL,
)

_LOST = "(sum(abandoned) - sum(short_abandoned))"
_LEVEL = "sum({0}answered_in_time) / nullIf(sum({0}counted), 0)"
_HANDLED = "(sum(talk_ms) + sum(hold_ms) + sum(wrapup_ms)) / nullIf(sum(handled), 0) / 1000"
_TENANT = "$__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)"
_CHOSEN = f"{_TENANT} AND $__conditionalAll(queue_id IN (${{queue:singlequote}}), $queue)"
_HOURS = range(24)


def board(pen: Pen) -> d.Dashboard:
    """Return the board."""
    canvas = Canvas("management", pen, "now-7d", "15m")
    canvas.variable("tenant", "SELECT DISTINCT tenant FROM legs", source=history.HISTORY)
    canvas.variable(
        "queue",
        "SELECT DISTINCT queue_id FROM legs WHERE queue_id != '' ORDER BY queue_id",
        source=history.HISTORY,
    )
    canvas.choice("grain", "day", "week", "month").entry("zone", pen.zone)
    canvas.entry("answer_within").entry("short_abandon")
    limits = pen.limits
    level: Scale = [(None, NO_DATA), (0, WORSE), (limits.low, BAD), (limits.target, PLAIN)]
    lost: Scale = [(None, NO_DATA), (0, PLAIN), (limits.lost, BAD), (limits.lost_badly, WORSE)]
    plain: Scale = [(None, NO_DATA), (0, PLAIN)]
    wait: Scale = [(None, NO_DATA), (0, PLAIN), (limits.answer_within, BAD)]
    busy: Scale = [
        (None, NO_DATA), (0, BAD), (limits.idle, PLAIN), (limits.busy, BAD),
        (limits.exhausting, WORSE),
    ]  # fmt: skip
    figures = (
        (Shown("period_offered", OFFERED), plain, "sum(offered)"),
        (Shown("period_answered", ANSWERED), plain, "sum(answered)"),
        (Shown("period_level", SERVICE_LEVEL, decimals=1), level, _LEVEL.format("")),
        (
            Shown("period_lost", ABANDON_RATIO, decimals=1),
            lost,
            f"{_LOST} / nullIf(sum(answered) + {_LOST}, 0)",
        ),
        (
            Shown("period_answer_mean", ANSWER_MEAN),
            wait,
            "sum(answer_ms) / nullIf(sum(answered), 0) / 1000",
        ),
        (
            Shown("period_handling", None, units.DurationInHoursMinutesSeconds),
            plain,
            _HANDLED,
        ),
        (Shown("period_occupancy", OCCUPANCY, decimals=1), busy, history.OCCUPIED),
    )
    tiles = [_figure(pen, *each) for each in figures]
    canvas.row(5, *zip((3, 3, 4, 3, 4, 4, 3), tiles, strict=True))
    canvas.row(9, (12, _level(pen)), (12, _volume(pen)))
    canvas.row(9, (12, _beside(pen)), (12, _channels(pen)))
    canvas.row(9, (12, _week(pen, "week_volume")), (12, _week(pen, "week_level", level)))
    canvas.row(8, (8, _busy(pen)), (8, _kept(pen)), (8, _repeats(pen)))
    canvas.row(8, (12, _lengths(pen)), (12, _talks(pen)))
    canvas.row(11, (24, _queues(pen, level)))
    return canvas.row(14, (13, _definitions(pen, level)), (11, _half_hours(pen))).done()


def _figure(pen: Pen, shown: Shown, scale: Scale, formula: str) -> stat.Panel:
    of_agents = shown.metric is OCCUPANCY
    statement = history.sql(
        "period",
        figure=formula,
        report="agent_report" if of_agents else "queue_report",
        chosen=_TENANT if of_agents else _CHOSEN,
    )
    return history.figure(pen, shown, scale, statement, compared=True)


def _week(pen: Pen, key: str, level: Scale = ()) -> history.Rows:
    """Return the hours of the week: how many came, or the level where a scale is given."""
    if level:
        shown, formula = (
            Shown(key, SERVICE_LEVEL),
            ("sumIf(answered_in_time, hour = {0}) / nullIf(sumIf(counted, hour = {0}), 0)"),
        )
        looks = [("unit", units.PercentUnit), ("thresholds", pen.scale(level).build())]
    else:
        shown, formula = Shown(key, OFFERED), "sumIf(offered, hour = {0})"
        looks = [("color", {"mode": "continuous-blues"})]
    hours = ",\n    ".join(f"{formula.format(hour)} AS `{hour:02}`" for hour in _HOURS)
    panel = history.rows(
        pen,
        shown,
        history.sql("week_hours", hours=hours),
        {"weekday": (history.words(pen, "weekdays"),)},
    )
    looks += [("custom.cellOptions", {"type": "color-background"}), ("decimals", 0)]
    looks += [("custom.minWidth", 50)]
    values = [d.DynamicConfigValue(id_val=name, value=value) for name, value in looks]
    return panel.override_by_regexp(r"^\d\d$", values)


def _busy(pen: Pen) -> history.Course:
    limits = pen.limits
    return history.course(
        pen,
        Shown("period_busy", OCCUPANCY),
        history.sql("period_busy", figure=history.OCCUPIED),
        names={"occupancy": pen.texts("titles", "period_occupancy")},
        scale=[
            (None, BAD),
            (limits.idle, PLAIN),
            (limits.busy, BAD),
            (limits.exhausting, WORSE),
        ],
    ).max(1)


def _lengths(pen: Pen) -> history.Course:
    shown = Shown("period_lengths", ANSWER_MEAN)
    columns = {"answer_mean": "period_answer_mean", "handle_mean": "period_handling"}
    names = {column: pen.texts("titles", key) for column, key in columns.items()}
    return history.course(pen, shown, history.sql("period_lengths"), names=names)


def _talks(pen: Pen) -> history.Course:
    names = {key: pen.texts("words", key) for key in ("passed_on_ratio", "hold_ratio")}
    shown = Shown("period_talks", None, units.PercentUnit)
    return history.course(pen, shown, history.sql("period_talks"), names=names)


def _repeats(pen: Pen) -> history.Course:
    names = {key: pen.texts("words", key) for key in ("repeat_ratio", "resolved_ratio")}
    return history.course(
        pen, Shown("period_repeats", REPEATS), history.sql("period_repeats"), names=names
    ).max(1)


def _kept(pen: Pen) -> history.Course:
    limits = pen.limits
    return history.course(
        pen,
        Shown("period_kept", ADHERENCE),
        history.sql("period_kept"),
        names={"adherence": pen.texts("columns", "adherence")},
        scale=[(None, WORSE), (limits.kept_badly, BAD), (limits.kept, PLAIN)],
    ).max(1)


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


def _beside(pen: Pen) -> history.Course:
    """Return bars of the shown time, and a line of the time before laid over them."""
    names = {key: pen.texts("words", key) for key in ("offered", "before")}
    shown = Shown("period_beside", OFFERED)
    panel = history.course(pen, shown, history.sql("period_beside"), names=names, bars=True)
    return history.as_line(panel, "before")


def _channels(pen: Pen) -> history.Course:
    shown = Shown("period_channels", None, units.PercentUnit)
    statement = history.sql("period_channels")
    panel = history.course(
        pen, shown, statement, label="channel", section="channels", bars=True
    )
    return panel.max(1)


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
            "service_level": history.share(pen, level),
            "wait_ms_mean": (("unit", history.MILLISECONDS),),
            "handle_ms_mean": (("unit", history.MILLISECONDS),),
        },
    )


def _definitions(pen: Pen, level: Scale) -> history.Rows:
    """Return the service level by the definitions of contracts, the first being our own."""
    named = pen.texts.all("definitions")
    listed = ",\n    ".join(f"({n}, '{name}', {name})" for n, name in enumerate(named))
    return history.rows(
        pen,
        Shown("definitions", SERVICE_LEVEL),
        history.sql("definitions", definitions=listed),
        {
            "queue_id": (history.leads(pen, "queue", "queue"), ("custom.width", 160)),
            "site": (("custom.width", 90),),
            "definition": (history.words(pen, "definitions"),),
            "level": (*history.share(pen, level), ("custom.width", 120)),
        },
    )


def _half_hours(pen: Pen) -> history.Rows:
    limits = pen.limits
    missed: Scale = [(None, NO_DATA), (0, PLAIN), (0.1, BAD), (0.2, WORSE)]
    level: Scale = [(None, NO_DATA), (0, WORSE), (limits.low, BAD), (limits.target, PLAIN)]
    return history.rows(
        pen,
        Shown("half_hours", SERVICE_LEVEL),
        history.sql("half_hours", target=f"{limits.target:g}"),
        {
            "queue_id": (history.leads(pen, "queue", "queue"),),
            "half_hours": (),
            "half_hours_below": (),
            "below_ratio": history.share(pen, missed),
            "worst_level": history.share(pen, level),
        },
    )
