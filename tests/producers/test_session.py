"""A producer is given up while records are on their way: the client's mock broker is slow."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from producers.frame import Frame
from producers.session import Entry, Session
from schemas.topics import partition_of

SLOW = {
    "bootstrap.servers": "replaced by those of the mock",
    "test.mock.num.brokers": 1,
    "test.mock.broker.rtt": 300,
}
FRAME = Frame("pbx1", "ami", 0, b"")
# Topics of the mock have four partitions.
KEY = b"north"
assert partition_of(KEY) < 4


def entries(count: int) -> list[Entry]:
    return [Entry("events", KEY, b"value", n, n, FRAME) for n in range(count)]


def test_records_that_are_given_up_on_their_way_are_a_failure_and_no_defect() -> None:
    session = Session(SLOW, lambda _: None)
    session.send(entries(1))
    session.settle(lambda _: None)
    session.send(entries(1_000))
    session._flush(0.1)

    session.close()

    # The client raises it while it reports what has been purged: nothing may follow a gap. It
    # can lose which error that was, but not that there was one.
    codes = {error.code() for error in session._failures}
    assert codes & {KafkaError._GAPLESS_GUARANTEE, KafkaError._FATAL}


class Broken:
    """Ends a flush as the client does when a fatal error meets its reports."""

    def __init__(self, cause: BaseException | None) -> None:
        self._cause = cause

    def flush(self, seconds: float) -> int:
        """Say what happened, or nothing."""
        msg = "flush returned NULL without setting an exception"
        raise SystemError(msg) from self._cause


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (None, KafkaError._FATAL),
        (
            KafkaException(KafkaError(KafkaError._GAPLESS_GUARANTEE)),
            KafkaError._GAPLESS_GUARANTEE,
        ),
    ],
)
def test_a_fatal_error_that_the_client_loses_on_its_way_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, cause: BaseException | None, code: int
) -> None:
    session = Session(SLOW, lambda _: None)
    monkeypatch.setattr(session, "_producer", Broken(cause))

    assert session._flush(0.1) == 0
    assert [error.code() for error in session._failures] == [code]


def test_a_defect_of_ours_is_no_failure_of_the_brokers(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(SLOW, lambda _: None)
    monkeypatch.setattr(session, "_producer", Broken(TypeError("ours")))

    with pytest.raises(SystemError):
        session._flush(0.1)
