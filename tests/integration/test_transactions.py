"""Others may write events in transactions: the marks of these are no records of ours."""

from contextlib import closing

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.cimpl import OFFSET_BEGINNING

from stream_processors.shells.ranges import Range
from stream_processors.shells.sink_offsets import backlog as backlog_of
from stream_processors.shells.sink_parts import Part
from tests.integration.half_hour import TENANTS, recorded
from tests.integration.workers import Site, Worker, eventually
from tests.shells.records import of

TENANT = TENANTS[0]
PARTITION = 7


def transacted(site: Site, values: list[bytes], *, commit: bool) -> None:
    """Write events of the tenant in a transaction, and end it in one way or the other."""
    producer = Producer(
        {
            "bootstrap.servers": site.bootstrap,
            "transactional.id": f"{site.prefix}-{commit}", "log_level": 0,
        }
    )  # fmt: skip
    producer.init_transactions(20)
    producer.begin_transaction()
    for value in values:
        producer.produce(f"{site.prefix}.events", value, TENANT, PARTITION)
    assert producer.flush(20) == 0
    if commit:
        producer.commit_transaction(20)
    else:
        producer.abort_transaction(20)


def backlog(worker: Worker) -> float:
    """Return how much of all partitions is still to be applied."""
    told = worker.metrics().items()
    return sum(value for name, value in told if name.startswith("pult_partition_backlog"))


def test_a_log_that_ends_in_transactions_is_caught_up_with(installation: Site) -> None:
    values = [of(value, TENANT) for value in recorded()[:300]]
    transacted(installation, values[:200], commit=True)
    transacted(installation, values[200:], commit=False)
    worker = installation.worker("w1")

    installation.wait_until_ready(20)
    left = backlog(worker)
    applied = worker.metrics()["pult_processor_events_total"]
    worker.end()
    again = installation.worker("w1")
    installation.wait_until_ready(20)
    again.end()

    assert applied == 200
    assert left == 0
    assert "Traceback" not in again.said


def test_the_mark_of_a_transaction_does_not_wait_to_be_stored(installation: Site) -> None:
    values = [of(value, TENANT) for value in recorded()[:100]]
    transacted(installation, values, commit=True)
    topic = f"{installation.prefix}.events"
    part = Part(topic, PARTITION, next=0)
    consumer = Consumer({"bootstrap.servers": installation.bootstrap, "group.id": topic})

    def left() -> int | None:
        consumer.poll(0.1)
        return backlog_of(consumer, part)

    with closing(consumer):
        consumer.assign([TopicPartition(topic, PARTITION, OFFSET_BEGINNING)])
        part.take(consumer.consume(len(values), 20), 0.0)
        held = left()
        part.stored(Range(topic, PARTITION, 0, len(values) - 1), len(values))
        eventually("no backlog", 10, lambda: left() == 0)

    assert held == len(values) + 1
