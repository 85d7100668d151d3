"""A producer is given up while records are on their way: the client's mock broker is slow."""

from confluent_kafka import KafkaError

from producers.frame import Frame
from producers.session import Entry, Session

SLOW = {
    "bootstrap.servers": "replaced by those of the mock",
    "test.mock.num.brokers": 1,
    "test.mock.broker.rtt": 300,
}
FRAME = Frame("pbx1", "ami", 0, b"")


def entries(count: int) -> list[Entry]:
    return [Entry("events", b"key", b"value", n, n, FRAME) for n in range(count)]


def test_records_that_are_given_up_on_their_way_are_a_failure_and_no_defect() -> None:
    session = Session(SLOW, lambda _: None)
    session.send(entries(1))
    session.settle(lambda _: None)
    session.send(entries(1_000))
    session._flush(0.1)

    session.close()

    # The client raises it while it reports what has been purged: nothing may follow a gap.
    assert KafkaError._GAPLESS_GUARANTEE in {error.code() for error in session._failures}
