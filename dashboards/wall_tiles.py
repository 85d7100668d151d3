"""Tiles that both walls show: each in one definition, so that two walls cannot disagree."""

from typing import TypeAlias, TypeVar

from grafana_foundation_sdk.builders import bargauge, stat
from grafana_foundation_sdk.models import dashboard as d
from grafana_foundation_sdk.models import units

from dashboards.panels import (
    BAD,
    LINK_FILTERS,
    NO_DATA,
    NOTHING,
    QUIET,
    UNITS,
    WORSE,
    Pen,
    Scale,
    Shown,
)
from dashboards.promql import (
    AGE,
    KNOWN,
    QUEUE,
    READY,
    TEAM,
    WINDOW,
    each,
    live,
    nothing,
    since,
)
from schemas.metrics import (
    ABANDON_RATIO,
    AGENTS,
    DATA_AGE,
    LONGEST_WAIT,
    SERVICE_LEVEL,
    WAITING,
)

Tile: TypeAlias = stat.Panel | bargauge.Panel
Panel = TypeVar("Panel", stat.Panel, bargauge.Panel)

OF_ITS_QUEUE = "var-queue=${__field.labels.queue}&${tenant:queryparam}"
TO_QUEUES = ("queue", LINK_FILTERS)
REFRESH = "5s"
SPAN = "now-30m"

_NO_CALLS = {NOTHING: "no_calls"}

NO_QUEUE = f'label_replace({nothing()}, "queue", "-", "", "")'


def _led(pen: Pen, panel: Panel) -> Panel:
    """Let a number lead to its queue, and that of none to those that are chosen.

    Grafana adds the links of some fields to those of all: so none is of all.
    """
    for fields, which, handed in (
        (panel.override_by_regexp, "(?!-$).*", OF_ITS_QUEUE),
        (panel.override_by_name, "-", LINK_FILTERS),
    ):
        links = [pen.led("queue", handed)]
        fields(which, [d.DynamicConfigValue(id_val="links", value=links)])
    return panel


def level_scale(pen: Pen) -> Scale:
    """Return the colours of a service level as a background; -1 is "no calls"."""
    low, target = pen.limits.low, pen.limits.target
    return [(None, NO_DATA), (NOTHING, QUIET), (0, WORSE), (low, BAD), (target, QUIET)]


def wait_scale(pen: Pen) -> Scale:
    """Return the colours of a wait [s]; -1 is "nobody waits"."""
    limits = pen.limits
    return [
        (None, NO_DATA),
        (NOTHING, QUIET),
        (limits.answer_within, BAD),
        (limits.much_too_long, WORSE),
    ]


def worst_level(pen: Pen) -> Tile:
    """The lowest service level with the name of its queue."""
    levels = each("cc_queue_service_level_ratio", QUEUE, WINDOW)
    shown = Shown(
        "service_level",
        SERVICE_LEVEL,
        words=_NO_CALLS,
        decimals=1,
    )
    query = live(f"bottomk(1, {levels})", NO_QUEUE)
    return _led(pen, pen.tile(shown, level_scale(pen), (query, "{{queue}}"), named=True))


def levels(pen: Pen) -> Tile:
    """The service levels of the eight worst queues, worst first."""
    found = each("cc_queue_service_level_ratio", QUEUE, WINDOW)
    shown = Shown(
        "service_levels",
        SERVICE_LEVEL,
        words=_NO_CALLS,
        decimals=1,
    )
    query = f"sort({live(f'bottomk(8, {found})', NO_QUEUE)})"
    return _led(pen, pen.bars(shown, level_scale(pen), query, "{{queue}}"))


def waiting(pen: Pen) -> Tile:
    """How many wait."""
    query = live(f"sum({each('cc_queue_waiting', QUEUE)})")
    shown = Shown("waiting", WAITING, link=TO_QUEUES)
    return pen.tile(shown, [(None, NO_DATA), (0, QUIET)], (query, ""))


def longest_wait(pen: Pen) -> Tile:
    """How long the first in line has waited, and where."""
    oldest = each("cc_queue_oldest_wait_start_timestamp_seconds", QUEUE)
    query = live(f"topk(1, {since(oldest)})", NO_QUEUE)
    shown = Shown(
        "longest_wait",
        LONGEST_WAIT,
        units.DurationInHoursMinutesSeconds,
        words={NOTHING: "nobody_waits"},
    )
    return _led(pen, pen.tile(shown, wait_scale(pen), (query, "{{queue}}"), named=True))


def free(pen: Pen) -> Tile:
    """How many could take a call; -1 where nobody is logged in."""
    ready = f"sum({each('cc_agents', TEAM, READY)})"
    everybody = f"sum({each('cc_agents', TEAM)})"
    query = live(f"{ready} - ({everybody} == bool 0)")
    shown = Shown(
        "free",
        AGENTS,
        words={NOTHING: "nobody_logged_in"},
        link=TO_QUEUES,
    )
    scale = [(None, NO_DATA), (NOTHING, QUIET), (0, WORSE), (1, BAD), (2, QUIET)]
    return pen.tile(shown, scale, (query, ""))


def lost(pen: Pen) -> Tile:
    """The highest abandon ratio with the name of its queue."""
    ratios = each("cc_queue_abandon_ratio", QUEUE, WINDOW)
    query = live(f"topk(1, {ratios})", NO_QUEUE)
    shown = Shown("lost", ABANDON_RATIO, words=_NO_CALLS, decimals=1)
    limits = pen.limits
    scale = [
        (None, NO_DATA),
        (NOTHING, QUIET),
        (limits.lost, BAD),
        (limits.lost_badly, WORSE),
    ]
    return _led(pen, pen.tile(shown, scale, (query, "{{queue}}"), named=True))


def freshness(pen: Pen) -> Tile:
    """Until when the figures are known, as a time of day, and how long ago that is.

    The time of day shows a Grafana that hangs: an age would stand still, too, and look young.
    """
    shown = Shown("freshness", DATA_AGE, link=("pipeline", "${tenant:queryparam}"))
    limits = pen.limits
    scale = [(None, NO_DATA), (0, QUIET), (limits.aging, BAD), (limits.fresh, WORSE)]
    as_of = (f"({KNOWN}) * 1000", pen.texts("words", "as_of"))
    panel = pen.tile(shown, scale, as_of, (AGE, pen.texts("words", "age")), named=True)
    steps = pen.scale([(None, NO_DATA), (0, QUIET)]).build()
    return panel.override_by_query(
        "A",
        [
            d.DynamicConfigValue(id_val="unit", value=UNITS["timestamp"]),
            d.DynamicConfigValue(id_val="thresholds", value=steps),
        ],
    )
