"""A loop over confluent-kafka with the same `apply`, and the same facts into Kafka.

As durable for what it writes: an idempotent producer with the settings of the processor's, its
facts in the partition of the events, offsets committed once a second behind facts that are
acknowledged. It keeps no snapshots, checks nothing it reads, measures and serves nothing: after
a crash it would have to fold the whole log again.
"""

import time
from collections.abc import Iterable, Iterator

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from confluent_kafka import TopicPartition as Place

from benchmarks.contestants.clock import Clock
from benchmarks.contestants.task import Task, told
from pult.lean import rarely_collect
from schemas.facts import encode
from schemas.policies import Policies, PolicyHistory
from schemas.topics import FACTS
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import State, Terms
from stream_processors.shells.outbox import PRODUCER

AT_ONCE = 5_000
COMMIT_SECONDS = 1.0


class Loop:
    """The states of all domains, and what follows from their events."""

    def __init__(self, task: Task) -> None:
        self._producer = Producer(
            {"bootstrap.servers": task.bootstrap, **PRODUCER, "error_cb": _trouble}
        )
        self._facts = FACTS.named(task.run)
        self._terms = Terms(PolicyHistory([(0, Policies())]))
        self._states: dict[bytes, State] = {}

    def take(self, messages: Iterable[Message]) -> None:
        """Fold messages, each partition's in order, and hand over the facts."""
        groups: dict[tuple[int, bytes], list[Record]] = {}
        for message in messages:
            place = (message.partition(), message.key())
            record = Record(message.offset(), message.value())
            groups.setdefault(place, []).append(record)
        produce = self._producer.produce
        for (partition, key), records in groups.items():
            for value in self.concluded(key, records):
                produce(self._facts, value, key, partition)
            self._producer.poll(0)

    def concluded(self, key: bytes, records: list[Record]) -> Iterator[bytes]:
        """Fold records of a domain; yield the facts that follow."""
        state = self._states.get(key)
        if state is None:
            name = key.decode()
            state = self._states[key] = State(name, name, position=-1)
        return map(encode, apply(state, Batch(tuple(records)), self._terms))

    def settle(self) -> None:
        """Return when all facts are acknowledged."""
        self._producer.flush()


def _trouble(error: KafkaError) -> None:
    if error.fatal():
        raise KafkaException(error)


def main(kind: type[Loop] = Loop) -> None:
    """Do the task of the command line."""
    rarely_collect()
    task = told()
    clock, loop = Clock(task.expected), kind(task)
    consumer = Consumer(
        {
            "bootstrap.servers": task.bootstrap,
            "group.id": f"{task.run}-plain",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.queue.backoff.ms": 2,
            "queued.min.messages": 200_000,
            "queued.max.messages.kbytes": 65_536,
        }
    )
    consumer.subscribe([task.events])
    committed_at, read = time.monotonic(), dict[int, int]()
    done = False
    while not done:
        messages = [each for each in consumer.consume(AT_ONCE, 0.1) if not each.error()]
        if not messages:
            continue
        loop.take(messages)
        read |= {each.partition(): each.offset() + 1 for each in messages}
        done = clock.handled(len(messages))
        if done or time.monotonic() - committed_at >= COMMIT_SECONDS:
            loop.settle()
            consumer.commit(offsets=[Place(task.events, *each) for each in read.items()])
            committed_at = time.monotonic()
    clock.stop()
    consumer.close()
    clock.report()


if __name__ == "__main__":
    main()
