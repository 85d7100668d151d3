"""What the embedded form measures of itself: names, units and help in one place."""

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_LAGS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600)
_STEPS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class EmbeddedMeasures:
    """The metrics of one embedded pipeline; each registry has its own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = partial(Counter, registry=registry)
        gauge = partial(Gauge, registry=registry)
        histogram = partial(Histogram, registry=registry)
        self.lag = histogram(
            "pult_event_lag_seconds",
            "From one stage to the next: source (the event, by its source's clock) to journal, "
            "journal to applied, applied to stored",
            ("stage",),
            buckets=_LAGS,
        )
        self.applied = counter("pult_frames_applied", "Messages applied by this process")
        self.journal_backlog = gauge(
            "pult_journal_backlog_frames", "Messages in the journal that are not applied yet"
        )
        self.journal_bytes = gauge("pult_journal_bytes", "Size of the journal's files")
        self.store_backlog = gauge(
            "pult_store_backlog_rows", "Events and facts that are applied and not stored yet"
        )
        self.flushes = counter("pult_store_flushes", "Times that something was stored")
        self.flush_errors = counter(
            "pult_store_flush_errors", "Times that the store took nothing"
        )
        self.flush = histogram(
            "pult_store_flush_seconds",
            "Time to store what was applied since the last time, all tables",
            buckets=_STEPS,
        )
        self.saved = histogram(
            "pult_snapshot_seconds", "Time to store, pack and write a snapshot", buckets=_STEPS
        )
        self.snapshot_at = gauge(
            "pult_snapshot_timestamp_seconds", "When the newest snapshot was made"
        )
        self.snapshot_bytes = gauge(
            "pult_snapshot_bytes", "Size of the newest snapshot, packed"
        )
        self.dirty_days = gauge(
            "pult_dirty_days",
            "Local days that an event reached too late and that wait to be folded again",
        )
        self.refolds = counter("pult_refolds", "Times that days were folded again")
        self.refold = histogram(
            "pult_refold_seconds",
            "Time to fold days again, up to the replaced state",
            buckets=(*_STEPS, 300, 1800),
        )
        self.disk_free = gauge("pult_disk_free_bytes", "Free space where the data folder is")
        self.source_failures = counter(
            "pult_source_failures",
            "Times that a source ended with an error and was begun again",
            ("source",),
        )
