"""One agent: now, the day, and the rules he violated."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.models import dashboard as d
from grafana_foundation_sdk.models import units

from dashboards import history
from dashboards.alerts import exceptions
from dashboards.canvas import Canvas
from dashboards.panels import BAD, NO_DATA, NOTHING, PLAIN, QUIET, WORSE, Pen, Scale, Shown
from dashboards.promql import each, firing, live, nothing, since
from schemas.metrics import (
    ADHERENCE,
    AGENT_ANSWERED,
    AGENT_BREAK_TIME,
    AGENT_MISSED,
    AGENT_TALK_MEAN,
    OCCUPANCY,
)

AGENT = 'agent="$agent"'
OPEN = ("alertname", "severity", "code")
Properties: TypeAlias = Sequence[tuple[str, Any]]
_COUNT: Scale = [(None, NO_DATA), (0, PLAIN)]


def board(pen: Pen) -> d.Dashboard:
    """Return the board."""
    canvas = Canvas("agent", pen, "now-12h", "1m")
    canvas.variable("tenant", "SELECT DISTINCT tenant FROM agent_states",
                    source=history.HISTORY, everything=".*")  # fmt: skip
    canvas.variable(
        "agent",
        "SELECT DISTINCT agent_id FROM agent_states ORDER BY agent_id",
        source=history.HISTORY,
        several=False,
    )
    limits = pen.limits
    busy: Scale = [
        (None, NO_DATA), (0, BAD), (limits.idle, PLAIN), (limits.busy, BAD),
        (limits.exhausting, WORSE),
    ]  # fmt: skip
    duration = units.DurationInHoursMinutesSeconds
    figures = [
        (Shown("agent_answered", None), _COUNT, "sum(answered)"),
        (
            Shown("agent_talk", AGENT_TALK_MEAN),
            _COUNT,
            "(sum(talk_ms) + sum(hold_ms)) / nullIf(sum(handled), 0) / 1000",
        ),
        (
            Shown("agent_missed", AGENT_MISSED),
            [(None, NO_DATA), (0, PLAIN), (2, BAD)],
            "sum(missed) + sum(rejected)",
        ),
        (Shown("agent_breaks", AGENT_BREAK_TIME, duration), _COUNT, "sum(break_ms) / 1000"),
        (Shown("agent_occupancy", OCCUPANCY), busy, history.OCCUPIED),
    ]
    tiles = [
        (3, history.figure(pen, shown, scale, history.sql("agent_figure", figure=formula)))
        for shown, scale, formula in figures
    ]
    canvas.row(5, (5, _state(pen)), *tiles, (4, _kept(pen)))
    canvas.row(4, (24, history.states(pen, Shown("agent_day"), history.sql("agent_day"))))
    canvas.row(10, (12, _hours(pen)), (12, _violations(pen)))
    alerts = firing(f'kind="discipline", {AGENT}', by=", ".join(OPEN))
    canvas.row(8, (12, _compared(pen)), (12, exceptions(pen, "agent_open", alerts, OPEN)))
    return canvas.row(8, (24, _reasons(pen))).done()


def _hours(pen: Pen) -> history.Course:
    """Return bars of answered calls, and a line of what is usual at these hours."""
    names = {key: pen.texts("words", key) for key in ("answered", "usual")}
    shown = Shown("agent_hours", AGENT_ANSWERED)
    panel = history.course(pen, shown, history.sql("agent_hours"), names=names, bars=True)
    return history.as_line(panel, "usual")


def _state(pen: Pen) -> stat.Panel:
    present = since(each("cc_agent_state_start_timestamp_seconds", AGENT))
    none = f'label_replace({nothing("cc_agents")}, "state", "offline", "", "")'
    shown = Shown("agent_state", None, history.SECONDS, words={NOTHING: "offline"})
    panel = pen.tile(
        shown,
        [(None, NO_DATA), (NOTHING, QUIET)],
        (live(present, none), "{{state}}"),
        named=True,
    )
    for state, text in pen.texts.all("states").items():
        panel.override_by_name(state, [d.DynamicConfigValue(id_val="displayName", value=text)])
    return panel


def _kept(pen: Pen) -> stat.Panel:
    limits = pen.limits
    scale: Scale = [
        (None, NO_DATA), (0, WORSE), (limits.kept_badly, BAD), (limits.kept, PLAIN),
    ]  # fmt: skip
    shown = Shown("agent_kept", ADHERENCE, decimals=1)
    return history.figure(pen, shown, scale, history.sql("agent_kept"))


def _violations(pen: Pen) -> history.Rows:
    return history.rows(
        pen,
        Shown("agent_violations", None),
        history.sql("agent_violations"),
        {
            "fired_at": (),
            "code": (history.words(pen, "codes"),),
            "severity": (history.words(pen, "severities"),),
            "state": (history.words(pen, "episodes"),),
            "duration_ms": (),
            "queue_id": (),
            "interaction_id": (history.leads(pen, "call", "interaction"),),
        },
    )


def _compared(pen: Pen) -> history.Rows:
    compared = (
        "answered", "talk_ms_mean", "handle_ms_mean", "missed", "break_ms", "occupancy",
    )  # fmt: skip
    mine = "anyOrNullIf(of_{0}, agent_id = ${{agent:sqlstring}})"
    figures = ",\n    ".join(
        f"if(row = 1, toFloat64({mine.format(name)}), "
        f"quantileExactInclusiveOrNull(0.5)(of_{name})) AS {name}"
        for name in compared
    )
    statement = history.sql("agent_compared", figures=figures, occupied=history.OCCUPIED)
    looks: dict[str, Properties] = {
        "occupancy": history.share(pen, _COUNT),
        "answered": (),
        "missed": (),
    }
    columns: dict[str, Properties] = {"who": (history.words(pen, "compared"),)}
    columns |= {name: looks.get(name, (("unit", history.MILLISECONDS),)) for name in compared}
    return history.rows(pen, Shown("agent_compared"), statement, columns)


def _reasons(pen: Pen) -> history.Rows:
    return history.rows(
        pen,
        Shown("agent_reasons", AGENT_BREAK_TIME),
        history.sql("agent_reasons"),
        {
            "reason": (), "breaks": (), "break_ms": (), "longest_ms": (),
            "login_ratio": history.share(pen, _COUNT),
        },
    )  # fmt: skip
