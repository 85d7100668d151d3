"""One queue, or some: now, and how it came to that."""

from grafana_foundation_sdk.builders import bargauge
from grafana_foundation_sdk.models import dashboard as d
from grafana_foundation_sdk.models import units

from dashboards import history
from dashboards import wall_tiles as tiles
from dashboards.canvas import Canvas, filters
from dashboards.panels import BAD, NO_DATA, NOTHING, PLAIN, QUIET, WORSE, Pen, Shown
from dashboards.promql import QUEUE, READY, WINDOW, each, live
from schemas.metrics import ANSWER_MEAN, OFFERED, QUEUE_AGENTS, SERVICE_LEVEL, WAITING


def board(pen: Pen) -> d.Dashboard:
    """Return the board."""
    canvas = filters(Canvas("queue", pen, "now-6h", "1m"), "queue")
    canvas.row(
        5,
        (4, tiles.worst_level(pen)),
        (4, _offered(pen)),
        (4, tiles.lost(pen)),
        (4, _answer_mean(pen)),
        (4, tiles.waiting(pen)),
        (4, tiles.longest_wait(pen)),
    )
    limits = pen.limits
    level = each("cc_queue_service_level_ratio", QUEUE, WINDOW)
    level_lines = pen.lines(
        Shown("service_level_course", SERVICE_LEVEL),
        (level, "{{queue}}"),
        scale=[(None, WORSE), (limits.low, BAD), (limits.target, PLAIN)],
    ).max(1)
    ready = each("cc_queue_agents", QUEUE, READY)
    both = pen.lines(
        Shown("waiting_and_ready", WAITING),
        (f"sum({each('cc_queue_waiting', QUEUE)})", pen.texts("words", "waiting")),
        (f"sum({ready})", pen.texts("states", "ready")),
    )
    states = pen.bars(
        Shown("queue_agents", QUEUE_AGENTS),
        [(None, NO_DATA), (0, PLAIN)],
        live(f"sum by (state) ({each('cc_queue_agents', QUEUE)})"),
        "{{state}}",
    )
    canvas.row(9, (10, level_lines), (9, both), (5, _named(pen, states)))
    canvas.row(9, (8, _volume(pen)), (8, _level(pen)), (8, _waits(pen)))
    canvas.row(9, (24, _lengths(pen)))
    return canvas.row(14, (24, _calls(pen))).done()


def _volume(pen: Pen) -> history.Course:
    names = {key: pen.texts("words", key) for key in ("offered", "answered", "abandoned")}
    shown = Shown("queue_volume", OFFERED)
    return history.course(pen, shown, history.sql("queue_volume"), names=names, bars=True)


def _level(pen: Pen) -> history.Course:
    limits = pen.limits
    return history.course(
        pen,
        Shown("queue_level", SERVICE_LEVEL),
        history.sql("queue_level"),
        label="queue_id",
        scale=[(None, WORSE), (limits.low, BAD), (limits.target, PLAIN)],
    ).max(1)


def _waits(pen: Pen) -> history.Course:
    return history.course(
        pen,
        Shown("queue_waits", None, history.SECONDS),
        history.sql("queue_waits"),
        scale=[(None, PLAIN), (pen.limits.answer_within, BAD)],
    )


def _lengths(pen: Pen) -> history.Lengths:
    names = {key: pen.texts("words", key) for key in ("answered", "abandoned")}
    return history.lengths(pen, Shown("wait_lengths"), history.sql("wait_lengths"), names)


def _calls(pen: Pen) -> history.Rows:
    return history.rows(
        pen,
        Shown("queue_calls"),
        history.sql("queue_calls"),
        {
            "entered_at": (),
            "queue_id": (),
            "agent_id": (history.leads(pen, "agent", "agent"),),
            "outcome": (history.words(pen, "outcomes"),),
            "wait_ms": (),
            "talk_ms": (),
            "interaction_id": (history.leads(pen, "call", "interaction"),),
        },
    )


def _named(pen: Pen, panel: bargauge.Panel) -> bargauge.Panel:
    for state, text in pen.texts.all("states").items():
        panel.override_by_name(state, [d.DynamicConfigValue(id_val="displayName", value=text)])
    return panel


def _offered(pen: Pen) -> tiles.Tile:
    query = live(f"sum({each('cc_queue_window_offered', QUEUE, WINDOW)})")
    return pen.tile(Shown("offered", OFFERED), [(None, NO_DATA), (0, QUIET)], (query, ""))


def _answer_mean(pen: Pen) -> tiles.Tile:
    means = each("cc_queue_answer_seconds_mean", QUEUE, WINDOW)
    shown = Shown(
        "answer_mean",
        ANSWER_MEAN,
        units.DurationInHoursMinutesSeconds,
        words={NOTHING: "no_calls"},
    )
    query = live(f"topk(1, {means})", tiles.NO_QUEUE)
    return pen.tile(shown, tiles.wait_scale(pen), (query, "{{queue}}"), named=True)
