"""What each process exports of itself, asked of the exporters: name, labels, words."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from producers.frame import Naming
from producers.identity import CallerKeys
from producers.journal import Journal
from producers.place import Place
from producers.publish import Publisher, Target
from pult.adapter import PublisherCollector
from pult.health import health_routes
from pult.sources import SourcesCollector
from schemas.policies import Policies, PolicyHistory
from stream_processors.core.state import State, Terms
from stream_processors.shells.embedded_measures import EmbeddedMeasures
from stream_processors.shells.exporter import StateCollector, StatesCollector
from stream_processors.shells.measures import Measures
from stream_processors.shells.sink_measures import SinkMeasures


class Exported(NamedTuple):
    """A metric as Prometheus knows it."""

    part: str
    name: str
    labels: tuple[str, ...]
    text: str


def exported() -> list[Exported]:
    """Return all metrics of all processes, `cc_*` included, each once for each process."""
    return [
        *_of("every process", _health()),
        *_of("run", _run()),
        *_of("processor", _processor()),
        *_of("adapter", _adapter()),
        *_of("sink", _sink()),
    ]


def own_metrics_table() -> str:
    """Return the table of our own metrics."""
    head = "| metric | of | labels | is |\n|---|---|---|---|\n"
    return head + "".join(
        f"| `{each.name}` | {each.part} | {' '.join(each.labels) or 'none'} | {each.text} |\n"
        for each in exported()
        if each.name.startswith("pult_")
    )


def _of(part: str, families: Iterable[tuple[Metric, tuple[str, ...]]]) -> Iterator[Exported]:
    for family, labels in families:
        ending = "_total" if family.type == "counter" else ""
        kind = " (histogram)" if family.type == "histogram" else ""
        yield Exported(
            part, family.name + ending, labels, family.documentation.rstrip(".") + kind
        )


def _registered(registry: CollectorRegistry) -> Iterator[tuple[Metric, tuple[str, ...]]]:
    for collector in dict.fromkeys(registry._collector_to_names):
        for family in collector.collect():
            yield family, tuple(getattr(collector, "_labelnames", ()))


def _health() -> Iterator[tuple[Metric, tuple[str, ...]]]:
    registry = CollectorRegistry()
    health_routes(str, registry)
    return _registered(registry)


def _processor() -> Iterator[tuple[Metric, tuple[str, ...]]]:
    registry = CollectorRegistry()
    Measures(registry)
    state = State("acme", "acme"), Terms(PolicyHistory([(0, Policies())]))
    of_domain = ("tenant", "site")
    for family in StatesCollector(lambda: nullcontext([state]), dict).collect():
        place = () if family.name == "pult_rejected_unplaced" else of_domain
        yield family, (*place, *getattr(family, "_labelnames", ()))
    yield from _registered(registry)


def _sink() -> Iterator[tuple[Metric, tuple[str, ...]]]:
    registry = CollectorRegistry()
    SinkMeasures().register(registry, lambda: 0, lambda: 0)
    for family, labels in _registered(registry):
        yield family, labels or tuple(getattr(family, "_labelnames", ()))


def _run() -> Iterator[tuple[Metric, tuple[str, ...]]]:
    registry = CollectorRegistry()
    EmbeddedMeasures(registry)
    state = State("acme", "acme")
    terms = Terms(PolicyHistory([(0, Policies())]))
    for family in StateCollector(lambda: nullcontext(state), lambda: terms).collect():
        yield family, tuple(getattr(family, "_labelnames", ()))
    yield from _registered(registry)


def _adapter() -> list[tuple[Metric, tuple[str, ...]]]:
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal.open(Path(folder), date(2026, 3, 2))
        publisher = Publisher(
            journal,
            Place(Path(folder) / "published"),
            Naming("acme", "acme", CallerKeys(b"key", keep_numbers=False)),
            {},
            Target("events", "rejected", 100_000),
            ready=str,
            explain=str,
        )
        found = list(PublisherCollector(publisher, Path(folder)).collect())
        journal.close()
    of_feed = ("source", "feed")
    live = ((family, of_feed) for family in SourcesCollector([]).collect())
    return [*((family, ()) for family in found), *live]
