"""What a worker measures of itself: names, units and help in one place."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_LAGS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600)
_STEPS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Measures:
    """The metrics of one worker; each registry has its own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.lag = Histogram(
            "pult_event_lag_seconds",
            "From one stage to the next, of the newest event of a batch: source (the event) to "
            "adapter, adapter to broker, broker to processor",
            ("stage",),
            buckets=_LAGS,
            registry=registry,
        )
        self.apply = Histogram(
            "pult_apply_seconds",
            "Time to apply a batch and to hand over its facts",
            buckets=_STEPS,
            registry=registry,
        )
        self.applied = Counter(
            "pult_processor_events", "Events applied by this process", registry=registry
        )
        self.facts = Counter(
            "pult_processor_facts", "Facts written by this process", registry=registry
        )
        self.rejected = Counter(
            "pult_processor_rejected", "Rejects written by this process", registry=registry
        )
        self.rebalances = Counter(
            "pult_rebalances", "Times that partitions were assigned anew", registry=registry
        )
        self.restored = Histogram(
            "pult_restore_seconds",
            "Time to read and to load the snapshots of an assignment",
            buckets=(*_STEPS, 10, 30, 60),
            registry=registry,
        )
        self.saved = Histogram(
            "pult_snapshot_seconds",
            "Time from freezing a partition to the broker's acknowledgement",
            buckets=(*_STEPS, 10, 30, 60),
            registry=registry,
        )
        self.snapshot_at = Gauge(
            "pult_snapshot_timestamp_seconds",
            "When the newest snapshot of a partition was made",
            ("partition",),
            registry=registry,
        )
        self.snapshot_bytes = Gauge(
            "pult_snapshot_bytes",
            "Size of the newest snapshot of a partition, packed",
            ("partition",),
            registry=registry,
        )
        self.unsaved = Gauge(
            "pult_snapshot_unsaved_events",
            "Events applied to a partition since its newest snapshot",
            ("partition",),
            registry=registry,
        )
        self.backlog = Gauge(
            "pult_partition_backlog",
            "Events of a partition that are not applied yet",
            ("partition",),
            registry=registry,
        )

    def forget(self, partition: int) -> None:
        """Drop what was measured of a partition that has gone elsewhere."""
        for each in (self.snapshot_at, self.snapshot_bytes, self.unsaved, self.backlog):
            each.remove_by_labels({"partition": str(partition)})
