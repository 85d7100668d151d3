"""What a sink did, for Prometheus."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from prometheus_client import Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from stream_processors.shells.storing import Stored

_LAG_SECONDS = (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 3600)
_INSERT_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@dataclass
class SinkMeasures:
    """Counts since the start, by one thread; read by others at the moment of a scrape."""

    rows: Counter[str] = field(default_factory=Counter)
    inserts: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    backlog: dict[tuple[str, int], int] = field(default_factory=dict)
    rebalances: int = 0
    refolds: int = 0

    def __post_init__(self) -> None:
        self._lag = Histogram(
            "pult_sink_lag_seconds",
            "From the broker into the store, of the oldest record of each range",
            ["topic"], registry=None, buckets=_LAG_SECONDS,
        )  # fmt: skip
        self._seconds = Histogram(
            "pult_sink_insert_seconds",
            "One insert", registry=None, buckets=_INSERT_SECONDS,
        )  # fmt: skip

    def register(
        self,
        registry: CollectorRegistry,
        held: Callable[[], int],
        interruptions: Callable[[], int],
    ) -> None:
        """Show all of it in a registry.

        Args:
            registry: where.
            held: returns the records that are in memory.
            interruptions: returns how often nothing could be stored.
        """
        registry.register(self._lag)
        registry.register(self._seconds)
        registry.register(_Counts(self, held, interruptions))

    def note(self, topic: str, stored: Stored, lag_seconds: float) -> None:
        """Add a range that is stored and committed."""
        self.records[topic] += stored.records
        for each in stored.written:
            self.rows[each.table] += each.rows
            self.inserts[each.table] += 1
            self._seconds.observe(each.seconds)
        for reject in stored.rejected:
            self.rejected[topic, reject.reason] += 1
        self._lag.labels(topic).observe(max(0.0, lag_seconds))


class _Counts(Collector):
    def __init__(
        self,
        measures: SinkMeasures,
        held: Callable[[], int],
        interruptions: Callable[[], int],
    ) -> None:
        self._measures = measures
        self._held = held
        self._interruptions = interruptions

    def collect(self) -> Iterator[Metric]:
        """Return all but the histograms."""
        measures = self._measures
        for name, text, label, counts in (
            ("rows", "Rows inserted, repetitions included", "table", measures.rows),
            ("inserts", "Inserts acknowledged", "table", measures.inserts),
            ("records", "Records stored and committed", "topic", measures.records),
        ):  # fmt: skip
            family = CounterMetricFamily(f"pult_sink_{name}", text, labels=[label])
            for key, value in sorted(counts.copy().items()):
                family.add_metric([key], value)
            yield family
        rejected = CounterMetricFamily(
            "pult_sink_rejected", "Records that cannot be stored", labels=["topic", "reason"]
        )
        for labels, value in sorted(measures.rejected.copy().items()):
            rejected.add_metric(labels, value)
        yield rejected
        for name, text, value in (
            ("rebalances", "Assignments of partitions", measures.rebalances),
            ("interruptions", "Times at which nothing could be stored", self._interruptions()),
            ("refolds", "Days folded again because an event came too late", measures.refolds),
        ):  # fmt: skip
            yield CounterMetricFamily(f"pult_sink_{name}", text, value=value)
        yield GaugeMetricFamily(
            "pult_sink_pending_records", "Records read and not stored yet", value=self._held()
        )
        backlog = GaugeMetricFamily(
            "pult_sink_backlog_records",
            "Records in the log that are not stored yet",
            labels=["topic", "partition"],
        )
        for (topic, partition), value in sorted(measures.backlog.copy().items()):
            backlog.add_metric([topic, str(partition)], value)
        yield backlog
