"""What the embedded form measures of itself: names, units and help in one place."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_LAGS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600)
_STEPS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class EmbeddedMeasures:
    """The metrics of one embedded pipeline; each registry has its own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.lag = Histogram(
            "pult_event_lag_seconds",
            "From one stage to the next: source (the event, by its source's clock) to journal, "
            "journal to applied, applied to stored",
            ("stage",),
            buckets=_LAGS,
            registry=registry,
        )
        self.applied = Counter(
            "pult_frames_applied", "Messages applied by this process", registry=registry
        )
        self.journal_backlog = Gauge(
            "pult_journal_backlog_frames",
            "Messages in the journal that are not applied yet",
            registry=registry,
        )
        self.journal_bytes = Gauge(
            "pult_journal_bytes", "Size of the journal's files", registry=registry
        )
        self.store_backlog = Gauge(
            "pult_store_backlog_rows",
            "Events and facts that are applied and not stored yet",
            registry=registry,
        )
        self.flushes = Counter(
            "pult_store_flushes", "Times that something was stored", registry=registry
        )
        self.flush_errors = Counter(
            "pult_store_flush_errors", "Times that the store took nothing", registry=registry
        )
        self.flush = Histogram(
            "pult_store_flush_seconds",
            "Time to store what was applied since the last time, all tables",
            buckets=_STEPS,
            registry=registry,
        )
        self.saved = Histogram(
            "pult_snapshot_seconds",
            "Time to store, pack and write a snapshot",
            buckets=_STEPS,
            registry=registry,
        )
        self.snapshot_at = Gauge(
            "pult_snapshot_timestamp_seconds",
            "When the newest snapshot was made",
            registry=registry,
        )
        self.snapshot_bytes = Gauge(
            "pult_snapshot_bytes", "Size of the newest snapshot, packed", registry=registry
        )
        self.dirty_days = Gauge(
            "pult_dirty_days",
            "Local days that an event reached too late and that wait to be folded again",
            registry=registry,
        )
        self.refolds = Counter(
            "pult_refolds", "Times that days were folded again", registry=registry
        )
        self.refold = Histogram(
            "pult_refold_seconds",
            "Time to fold days again, up to the replaced state",
            buckets=(*_STEPS, 300, 1800),
            registry=registry,
        )
        self.disk_free = Gauge(
            "pult_disk_free_bytes", "Free space where the data folder is", registry=registry
        )
        self.source_failures = Counter(
            "pult_source_failures",
            "Times that a source ended with an error and was begun again",
            ("source",),
            registry=registry,
        )
