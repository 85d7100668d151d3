"""Whether Pult itself works: in the order in which data flows, losses and delays beside it."""

from grafana_foundation_sdk.builders import bargauge, stat, timeseries
from grafana_foundation_sdk.models import dashboard as d
from grafana_foundation_sdk.models import units

from dashboards.alerts import exceptions
from dashboards.canvas import Canvas, filters
from dashboards.panels import BAD, NO_DATA, PLAIN, QUIET, WORSE, Pen, Shown
from dashboards.promql import RECEIVED, TENANT, each, firing
from schemas.metrics import CONSERVATION, DATA_AGE

COLUMNS = ("alertname", "severity", "source", "topic", "partition")
RATE = "[$__rate_interval]"
_PARTS = 'job=~"adapter|processor|sink|run"'


def board(pen: Pen) -> d.Dashboard:
    """Return the board."""
    alerts = firing('kind="", severity=~"critical|warning"', by=", ".join(COLUMNS))
    canvas = filters(Canvas("pipeline", pen, "now-1h", "15s"))
    canvas.row(
        6,
        (9, _parts(pen, "up", f"min by (job) (up{{{_PARTS}}})")),
        (9, _parts(pen, "ready", "min by (job) (pult_ready)")),
        (3, _differences(pen)),
        (3, _disk(pen)),
    )
    canvas.row(9, (12, exceptions(pen, "alerts", alerts, COLUMNS)), (12, _sources(pen)))
    canvas.row(
        8, (8, _lag(pen)), (8, _rate(pen, "events", _counted("pult_events_total", "source"))),
        (8, _rejects(pen)),
    )  # fmt: skip
    canvas.row(8, (8, _backlogs(pen)), (8, _times(pen)), (8, _unrest(pen)))
    return canvas.done()


def _counted(name: str, by: str, *, filtered: bool = True) -> tuple[str, str]:
    chosen = f"{{{TENANT}}}" if filtered else ""
    return f"sum by ({by}) (rate({name}{chosen}{RATE}))", f"{{{{{by}}}}}"


def _parts(pen: Pen, key: str, query: str) -> stat.Panel:
    shown = Shown(key, words={0.0: "down", 1.0: "up"})
    scale = [(None, NO_DATA), (0, WORSE), (1, QUIET)]
    return pen.tile(shown, scale, (query, "{{job}}"), named=True)


def _differences(pen: Pen) -> stat.Panel:
    query = f"sum(abs({each('cc_queue_conservation_difference')}))"
    scale = [(None, NO_DATA), (0, QUIET), (1, WORSE)]
    return pen.tile(Shown("differences", CONSERVATION), scale, (query, ""))


def _disk(pen: Pen) -> stat.Panel:
    shown = Shown("disk", unit=units.BytesSI, decimals=1)
    scale = [(None, NO_DATA), (0, WORSE), (2e9, BAD), (5e9, QUIET)]
    return pen.tile(shown, scale, ("min(pult_disk_free_bytes)", ""))


def _sources(pen: Pen) -> bargauge.Panel:
    last = f"max by (source) ({RECEIVED}{{{TENANT}}})"
    limits = pen.limits
    scale = [(None, NO_DATA), (0, PLAIN), (limits.aging, BAD), (limits.fresh, WORSE)]
    query = f"sort_desc(clamp_min(time() - {last}, 0))"
    return pen.bars(Shown("source_age", DATA_AGE), scale, query, "{{source}}")


def _lag(pen: Pen) -> timeseries.Panel:
    buckets = f"sum by (stage, le) (rate(pult_event_lag_seconds_bucket{RATE}))"
    shown = Shown("lag", unit=units.Seconds)
    return pen.lines(
        shown,
        (f"histogram_quantile(0.95, {buckets})", "{{stage}}"),
        scale=[(None, PLAIN), (1, BAD), (5, WORSE)],
    )


def _rate(pen: Pen, key: str, *queries: tuple[str, str]) -> timeseries.Panel:
    return pen.lines(Shown(key, unit=units.OpsPerSecond), *queries)


def _rejects(pen: Pen) -> timeseries.Panel:
    return _rate(
        pen,
        "rejects",
        _counted("pult_rejected_total", "reason"),
        _counted("pult_rejected_unplaced_total", "reason", filtered=False),
        _counted("pult_sink_rejected_total", "reason", filtered=False),
    )


def _backlogs(pen: Pen) -> timeseries.Panel:
    words = pen.texts
    backlog = "max without (instance, job, pod) (pult_sink_backlog_records)"
    return pen.lines(
        Shown("backlogs"),
        ("sum(pult_journal_backlog_frames)", words("words", "journal")),
        (
            "sum(max without (instance, job, pod) (pult_partition_backlog))",
            words("words", "not_applied"),
        ),
        (f"sum by (topic) ({backlog})", "{{topic}}"),
        ("sum(pult_store_backlog_rows)", words("words", "not_stored")),
    )


def _times(pen: Pen) -> timeseries.Panel:
    def slow(name: str) -> str:
        return f"histogram_quantile(0.95, sum by (le) (rate({name}_bucket{RATE})))"

    words = pen.texts
    return pen.lines(
        Shown("times", unit=units.Seconds),
        (slow("pult_apply_seconds"), words("words", "applying")),
        (slow("pult_sink_insert_seconds"), words("words", "inserting")),
        (slow("pult_store_flush_seconds"), words("words", "flushing")),
        (slow("pult_snapshot_seconds"), words("words", "snapshot")),
    )


def _unrest(pen: Pen) -> timeseries.Panel:
    words = pen.texts
    lost = "pult_source_losses_total"
    return pen.lines(
        Shown("unrest"),
        ("sum(increase(pult_rebalances_total[15m]))", words("words", "rebalances")),
        (f"sum by (source) (increase({lost}[15m]))", "{{source}}"),
    )
