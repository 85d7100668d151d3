"""Journal to Kafka beside a bare producer: `python -m benchmarks.publish`.

The bare producer is idempotent, has the settings of ours, and is handed the values from memory.
Ours reads them from the journal, in stretches, and remembers its place in it: once with the
translation of each message into its events, as it runs, and once with values translated before,
which is the like of the bare producer.
"""

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from benchmarks.broker import Broker, broker
from benchmarks.contestants.clock import now
from benchmarks.lab import NAMES, frames
from benchmarks.rounds import Rates, machine, tell, totals
from producers.frame import Frame, Rejected
from producers.journal import Journal
from producers.place import Place
from producers.publish import Publisher, Target
from producers.session import PRODUCER, Entry
from pult.lean import rarely_collect
from schemas.topics import EVENTS

DAY = date(2026, 11, 21)
KEY = NAMES.domain.encode()


class TranslatedBefore(Publisher):
    """Publishes what was translated already, by the position of its message."""

    translated: Mapping[int, Sequence[Entry]]

    def entries(self, frames: Sequence[tuple[int, Frame | Rejected]]) -> list[Entry]:
        """Return the records that frames stand for."""
        return list(chain.from_iterable(self.translated[position] for position, _ in frames))


class Way:
    """A journal on disk, and the ways of its events into a topic."""

    def __init__(self, site: Broker, folder: Path, half_hours: int) -> None:
        self._site = site
        self._folder = folder
        self._runs = 0
        self._journal = Journal.open(folder / "journal", DAY)
        told = frames(half_hours)
        for at in range(0, len(told), 1_000):
            self._journal.append(told[at : at + 1_000])
        publisher = self._publisher(Publisher, Target("bare", "bare", 1 << 20))
        self._entries: dict[int, list[Entry]] = {}
        while kept := self._journal.read(max(self._entries, default=0), len(told)):
            self._entries |= {each[0]: publisher.entries([each]) for each in kept}
        self.values = [entry.value for found in self._entries.values() for entry in found]

    def bare(self) -> dict[str, Any]:
        """Hand all values to a producer and wait until they are delivered."""
        lost: list[object] = []
        settings = {**PRODUCER, "on_delivery": lambda error, _: lost.append(error)}
        producer = Producer({"bootstrap.servers": self._site.bootstrap, **settings})

        def run(topic: str) -> None:
            produce = producer.produce
            for value in self.values:
                try:
                    produce(topic, value, KEY)
                except BufferError:
                    producer.flush()
                    produce(topic, value, KEY)
            producer.flush()
            assert not lost

        return self._measured(lambda topic: lambda: run(topic))

    def ours(self, kind: type[Publisher]) -> dict[str, Any]:
        """Publish the whole journal."""

        def prepared(topic: str) -> Callable[[], None]:
            publisher = self._publisher(kind, Target(topic, topic, EVENTS.max_message_bytes))
            if isinstance(publisher, TranslatedBefore):
                publisher.translated = {
                    position: [entry._replace(topic=topic) for entry in found]
                    for position, found in self._entries.items()
                }
            publisher.finish()
            return publisher.run

        return self._measured(prepared)

    def _publisher(self, kind: type[Publisher], target: Target) -> Publisher:
        return kind(
            self._journal,
            Place(self._folder / f"place-{target.events}"),
            NAMES,
            {"bootstrap.servers": self._site.bootstrap},
            target,
            ready=lambda: "",
            explain=lambda errors: "; ".join(error.str() for error in errors),
        )

    def _measured(self, prepared: Callable[[str], Callable[[], None]]) -> dict[str, Any]:
        """Return the result of a run into a topic of its own, after a look at what is there."""
        self._runs += 1
        prefix = f"run-{self._runs}"
        topic = EVENTS.named(prefix)
        self._site.make(prefix, (EVENTS,))
        run = prepared(topic)
        began = now()
        run()
        seconds, cpu = (end - begin for begin, end in zip(began, now(), strict=True))
        assert self._site.values(topic) == {NAMES.domain: self.values}, "not what was published"
        self._site.remove((topic,))
        return {"counted": len(self.values), "seconds": seconds, "cpu_seconds": cpu}


def main() -> None:
    """Measure and print."""
    rarely_collect()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--half-hours", type=int, default=10)
    chosen = parser.parse_args()
    bare, whole, like = (
        Rates(each)
        for each in (
            "bare idempotent producer",
            "journal, translation, Kafka",
            "journal, translated before, Kafka",
        )
    )
    with broker() as site, tempfile.TemporaryDirectory(prefix="pult-bench-") as folder:
        way = Way(site, Path(folder), chosen.half_hours)
        print(f"{len(way.values):,} events of one source; {machine()}", flush=True)
        way.bare()  # The first records of a new broker take their time.
        for _ in range(chosen.rounds):
            bare.note(way.bare())
            whole.note(way.ours(Publisher))
            like.note(way.ours(TranslatedBefore))
    totals((bare, whole, like))
    print(tell("the same values from the journal : bare", 0.5, like, bare))
    print(tell("with translation : bare", 0.0, whole, bare))


if __name__ == "__main__":
    main()
