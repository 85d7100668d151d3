"""Rules that are violated: now, over time, and by whom most."""

from grafana_foundation_sdk.builders import bargauge
from grafana_foundation_sdk.models import dashboard as d

from dashboards import history
from dashboards.alerts import exceptions
from dashboards.canvas import Canvas
from dashboards.panels import BAD, NO_DATA, NOTHING, PLAIN, WORSE, Pen, Scale, Shown
from dashboards.promql import TEAM, TEAM_OR_NONE, each, firing, live, nothing
from schemas.metrics import ADHERENCE, BREAKS, VIOLATIONS

COLUMNS = ("alertname", "severity", "agent", "code", "team")
CODE = 'code=~"$code"'


def board(pen: Pen) -> d.Dashboard:
    """Return the board."""
    canvas = Canvas("discipline", pen, "now-24h", "1m")
    for name, query in (
        ("tenant", "SELECT DISTINCT tenant FROM violations"),
        ("team", "SELECT DISTINCT team FROM violations WHERE team != ''"),
        ("code", "SELECT DISTINCT code FROM violations"),
    ):
        canvas.variable(name, query, source=history.HISTORY, everything=".*")
    canvas.entry("zone", pen.zone)
    alerts = firing(
        f'kind=~"discipline|system", {TEAM_OR_NONE}, code=~"$code|"', by=", ".join(COLUMNS)
    )
    canvas.row(10, (9, _open(pen)), (15, exceptions(pen, "violations_open", alerts, COLUMNS)))
    people = history.rows(
        pen,
        Shown("violations_people", None),
        history.sql("violations_people"),
        {
            "agent_id": (history.leads(pen, "agent", "agent"),),
            "team": (),
            "violations": (),
            "critical": (),
            "duration_ms": (),
        },
    )
    canvas.row(9, (14, _course(pen, "violations_course")), (10, people))
    canvas.row(8, (24, _course(pen, "violations_weeks").time_from("56d")))
    listed = history.rows(
        pen,
        Shown("violations_list", None),
        history.sql("violations_list"),
        {
            "fired_at": (),
            "agent_id": (history.leads(pen, "agent", "agent"),),
            "code": (history.words(pen, "codes"),),
            "severity": (history.words(pen, "severities"),),
            "state": (history.words(pen, "episodes"),),
            "team": (),
            "queue_id": (),
            "duration_ms": (),
            "interaction_id": (history.leads(pen, "call", "interaction"),),
        },
    )
    canvas.row(12, (24, listed))
    return canvas.row(10, (14, _kept(pen)), (10, _breaks(pen))).done()


def _course(pen: Pen, key: str) -> history.Course:
    """Return violations over time by rule, one upon the other."""
    return history.course(
        pen, Shown(key, None), history.sql(key), label="code", section="codes", bars=True
    )


def _breaks(pen: Pen) -> history.Rows:
    return history.rows(
        pen,
        Shown("breaks_people", BREAKS),
        history.sql("breaks_people"),
        {
            "agent_id": (history.leads(pen, "agent", "agent"),),
            "breaks": (), "break_ms": (), "longest_ms": (),
            "login_ratio": history.share(pen, [(None, NO_DATA), (0, PLAIN)]),
        },
    )  # fmt: skip


def _kept(pen: Pen) -> history.Rows:
    limits = pen.limits
    scale: Scale = [
        (None, NO_DATA), (0, WORSE), (limits.kept_badly, BAD), (limits.kept, PLAIN),
    ]  # fmt: skip
    return history.rows(
        pen,
        Shown("kept_people", ADHERENCE),
        history.sql("kept_people"),
        {
            "agent_id": (history.leads(pen, "agent", "agent"),),
            "shifts": (),
            "adherence": history.share(pen, scale),
            "out_ms": (), "late_ms": (), "left_early_ms": (),
        },
    )  # fmt: skip


def _open(pen: Pen) -> bargauge.Panel:
    active = each("cc_violation_episodes", TEAM, CODE)
    none = f'label_replace({nothing("cc_agents")}, "code", "-", "", "")'
    query = live(f"sort_desc(sum by (code) ({active}))", none)
    shown = Shown("violations_now", VIOLATIONS, words={NOTHING: "none_open"})
    panel = pen.bars(shown, [(None, NO_DATA), (NOTHING, PLAIN), (1, BAD)], query, "{{code}}")
    for code, text in pen.texts.all("codes").items():
        panel.override_by_name(code, [d.DynamicConfigValue(id_val="displayName", value=text)])
    return panel
