"""What a worker measures of itself: names, units and help in one place."""

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from stream_processors.shells.snapshots import Manifest

_LAGS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600)
_STEPS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Measures:
    """The metrics of one worker; each registry has its own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = partial(Counter, registry=registry)
        gauge = partial(Gauge, registry=registry)
        histogram = partial(Histogram, registry=registry)
        self.lag = histogram(
            "pult_event_lag_seconds",
            "From one stage to the next, of the newest event of a batch: source (the event) to "
            "adapter, adapter to broker, broker to processor",
            ("stage",),
            buckets=_LAGS,
        )
        self.apply = histogram(
            "pult_apply_seconds",
            "Time to apply a batch and to hand over its facts",
            buckets=_STEPS,
        )
        self.applied = counter("pult_processor_events", "Events applied by this process")
        self.facts = counter("pult_processor_facts", "Facts written by this process")
        self.rejected = counter("pult_processor_rejected", "Rejects written by this process")
        self.rebalances = counter("pult_rebalances", "Times that partitions were assigned anew")
        self.restored = histogram(
            "pult_restore_seconds",
            "Time to read and to load the snapshots of an assignment",
            buckets=(*_STEPS, 10, 30, 60),
        )
        self.saved = histogram(
            "pult_snapshot_seconds",
            "Time from freezing a partition to the broker's acknowledgement",
            buckets=(*_STEPS, 10, 30, 60),
        )
        self.snapshot_at = gauge(
            "pult_snapshot_timestamp_seconds",
            "When the newest snapshot of a partition was made",
            ("partition",),
        )
        self.snapshot_bytes = gauge(
            "pult_snapshot_bytes",
            "Size of the newest snapshot of a partition, packed",
            ("partition",),
        )
        self.unsaved = gauge(
            "pult_snapshot_unsaved_events",
            "Events applied to a partition since its newest snapshot",
            ("partition",),
        )
        self.backlog = gauge(
            "pult_partition_backlog",
            "Events of a partition that are not applied yet",
            ("partition",),
        )

    def note_snapshot(self, manifest: Manifest) -> None:
        """Show the newest snapshot of a partition."""
        label = str(manifest.partition)
        self.snapshot_at.labels(label).set(manifest.made_at / 1000)
        self.snapshot_bytes.labels(label).set(manifest.payload_bytes)

    def forget(self, partition: int) -> None:
        """Drop what was measured of a partition that has gone elsewhere."""
        for each in (self.snapshot_at, self.snapshot_bytes, self.unsaved, self.backlog):
            each.remove_by_labels({"partition": str(partition)})
