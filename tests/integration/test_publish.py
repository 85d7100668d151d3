"""The publisher on a real broker: all of the journal, in order, once more at worst."""

import base64
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from aiokafka.partitioner import murmur2

from producers import outage, publish
from producers.frame import Frame, Naming, Rejected
from producers.identity import CallerKeys
from producers.journal import Journal
from producers.kinds import KINDS
from producers.place import Place
from producers.publish import Publisher, Target
from schemas.errors import JournalFailed
from tests.integration.conftest import NewCluster
from tests.integration.reading import expected_ids, first_ids, make_topics, records
from tests.kafka import Cluster
from tests.oracles.lab_numbers import LAB
from tests.proxy import Proxy
from tests.pult.command import wait_for

DAY = date(2026, 3, 2)
NAMES = Naming("main", "main", CallerKeys(b"any key at all"))
LARGEST = 1_000_000


def lab(first: int, count: int) -> list[Frame | Rejected]:
    """Lines of the lab's queue log."""
    found = list(KINDS["asterisk-queue-log"].frames([LAB / "queue_log"], "pbx1", 0, 0))
    return found[first : first + count]


def paused(second: int, reason: str) -> Frame:
    content = f"{1_700_000_000 + second}|NONE|support|Anna|PAUSE|{reason}".encode()
    return Frame("pbx1", "queue-log", (1_700_000_000 + second) * 1_000_000, content)


class Running:
    """A publisher in a thread."""

    def __init__(
        self, folder: Path, bootstrap: str, prefix: str, largest: int = LARGEST
    ) -> None:
        self.journal = Journal.open(folder / "journal", DAY)
        client: Mapping[str, str | int] = {"bootstrap.servers": bootstrap, "log_level": 0}
        self.publisher = Publisher(
            self.journal,
            Place(folder / "published"),
            NAMES,
            client,
            Target(f"{prefix}.events", f"{prefix}.rejected", largest),
            ready=lambda: "",
            explain=lambda errors: "no Kafka",
        )
        self.thread = threading.Thread(target=self.publisher.run)

    def add(self, frames: list[Frame | Rejected]) -> None:
        """Append to the journal, as a source does."""
        self.journal.append(frames)
        self.publisher.wake()

    def until_published(self) -> None:
        """Wait until Kafka has everything."""
        wait_for(lambda: self.publisher.backlog_frames == 0, 60, "everything published")


@contextmanager
def running(
    folder: Path, bootstrap: str, prefix: str, largest: int = LARGEST
) -> Iterator[Running]:
    made = Running(folder, bootstrap, prefix, largest)
    made.thread.start()
    try:
        yield made
    finally:
        made.publisher.stop(10)
        made.thread.join(20)
        made.journal.close()
        assert not made.thread.is_alive()


def test_every_event_of_the_journal_is_published_once_in_order_under_its_domain(
    kafka: Cluster, prefix: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_topics(kafka.bootstrap, prefix)
    with running(tmp_path, kafka.bootstrap, prefix) as first:
        first.add(lab(0, 1_500))
        first.until_published()
        first.add(lab(1_500, 1_000))
    with running(tmp_path, kafka.bootstrap, prefix) as second:
        second.add(lab(2_500, 500))

    read = records(kafka.bootstrap, f"{prefix}.events")
    expected = expected_ids(tmp_path / "journal", NAMES)

    assert len(expected) > 2_000
    assert [each.value["id"] for each in read] == expected
    # The default partitioner of Java's client, which Faust's is the same as.
    assert {each.partition for each in read} == {(murmur2(b"main") & 0x7FFFFFFF) % 32}
    assert {each.key for each in read} == {b"main"}
    assert first.publisher.delivered + second.publisher.delivered == len(expected)
    assert caplog.messages == []


def test_a_topic_that_was_given_more_partitions_has_a_domain_where_it_was(
    kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    make_topics(kafka.bootstrap, prefix, partitions=40)
    with running(tmp_path, kafka.bootstrap, prefix) as publishing:
        publishing.add(lab(0, 100))

    read = records(kafka.bootstrap, f"{prefix}.events")
    hashed = murmur2(b"main") & 0x7FFFFFFF
    assert hashed % 40 != hashed % 32
    assert {each.partition for each in read} == {hashed % 32}


def test_what_cannot_be_used_is_published_as_rejected_with_its_reason(
    kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    make_topics(kafka.bootstrap, prefix)
    unreadable = Frame("pbx1", "ami", 5_000_000, b"Event: QueueCallerJoin\r\nTimestamp: 5.0")
    refused = Rejected(paused(1, "x"), "oversized", "queue log: line longer than 9 bytes")
    with running(tmp_path, kafka.bootstrap, prefix) as publishing:
        publishing.add([unreadable, refused, paused(2, "lunch")])

    facts = [each.value for each in records(kafka.bootstrap, f"{prefix}.rejected")]

    assert [(fact["fact"], fact["reason"], fact["revision"]) for fact in facts] == [
        ("rejected", "malformed", 1),
        ("rejected", "oversized", 2),
    ]
    assert base64.b64decode(facts[0]["content"]) == unreadable.content
    assert facts[1]["detail"] == "queue log: line longer than 9 bytes"
    assert len(records(kafka.bootstrap, f"{prefix}.events")) == 1
    assert publishing.publisher.rejected == 2


@pytest.mark.parametrize("who", ["our own limit", "the broker"])
def test_a_record_that_is_too_large_is_put_aside_cut_and_the_rest_goes_on(
    kafka: Cluster, prefix: str, tmp_path: Path, who: str
) -> None:
    lower = {"max.message.bytes": "20000"} if who == "the broker" else {}
    make_topics(kafka.bootstrap, prefix, config=lower)
    # Not compressible, for the broker counts what it gets.
    giant = paused(2, "".join(chr(0x4E00 + n * n % 20_000) for n in range(20_000)))
    frames = [paused(1, "lunch"), giant, paused(3, "coffee"), *lab(0, 50)]
    largest = 20_000 if who == "our own limit" else LARGEST
    with running(tmp_path, kafka.bootstrap, prefix, largest) as publishing:
        publishing.add(frames)
        publishing.until_published()

    read = records(kafka.bootstrap, f"{prefix}.events")
    facts = [each.value for each in records(kafka.bootstrap, f"{prefix}.rejected")]
    expected = expected_ids(tmp_path / "journal", NAMES)

    assert first_ids(read) == [*expected[:1], *expected[2:]]
    assert {(fact["revision"], fact["reason"]) for fact in facts} == {(2, "oversized")}
    content = base64.b64decode(facts[-1]["content"])
    assert 1_000 < len(content) < 20_000
    assert giant.content.startswith(content)
    assert f"the message had {len(giant.content)} bytes" in facts[-1]["detail"]
    assert publishing.publisher.trouble == ""


def test_kafka_away_stops_nothing_loses_nothing_and_is_told_once(
    new_cluster: NewCluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")

    def noticed(publisher: Publisher) -> None:
        """Wait until an outage has been noticed; nothing else is one, however slow it is."""
        monkeypatch.setattr(publish, "AWAY_SECONDS", 0.5)
        wait_for(lambda: bool(publisher.trouble), 60, "a warning")
        monkeypatch.setattr(publish, "AWAY_SECONDS", 3_600.0)

    monkeypatch.setattr(publish, "AWAY_SECONDS", 3_600.0)
    cluster = new_cluster()
    broker = cluster.brokers[0]
    with Proxy(broker.port) as proxy:
        broker.advertised_port = proxy.port
        cluster.start()
        make_topics(cluster.bootstrap, "away")
        with running(tmp_path, cluster.bootstrap, "away") as publishing:
            publishing.add(lab(0, 200))
            publishing.until_published()
            proxy.refuse()
            for start in range(200, 1_800, 100):
                publishing.add(lab(start, 100))
            publisher = publishing.publisher
            noticed(publisher)
            assert publisher.backlog_frames == 1_600
            assert publisher.backlog_seconds(2e9) > 1e6
            assert publisher.trouble.startswith("no Kafka")
            proxy.accept()
            publishing.until_published()
            wait_for(lambda: not publisher.trouble, 60, "the end of the outage")
            broker.kill()
            publishing.add(lab(1_800, 100))
            noticed(publisher)
            cluster.start(broker)
            publishing.until_published()

        read = records(cluster.bootstrap, "away.events")

    assert [each.value["id"] for each in read] == expected_ids(tmp_path / "journal", NAMES)
    assert [each for each in caplog.records if each.name == "asyncio"] == []
    ours = [each.getMessage() for each in caplog.records if each.name == outage.__name__]
    gone, back, again, last = ours
    assert again == gone
    assert gone.endswith("the journal keeps what comes until it is taken")
    for each in (back, last):
        assert each.startswith("Kafka takes events again after ")
    assert publisher.backlog_frames == 0
    assert publisher.backlog_seconds(2e9) == 0


def test_connections_that_are_cut_and_slow_change_nothing(
    new_cluster: NewCluster, tmp_path: Path
) -> None:
    cluster = new_cluster()
    broker = cluster.brokers[0]
    with Proxy(broker.port) as proxy:
        broker.advertised_port = proxy.port
        cluster.start()
        make_topics(cluster.bootstrap, "cut")
        with running(tmp_path, cluster.bootstrap, "cut") as publishing:
            publishing.add(lab(0, 500))
            publishing.until_published()
            for start in range(500, 3_500, 500):
                proxy.delay_ms = start % 60
                publishing.add(lab(start, 500))
                wait_for(lambda: proxy.connections > 0, 10, "a connection")
                proxy.cut()
            publishing.until_published()

        proxy.delay_ms = 0
        read = records(cluster.bootstrap, "cut.events")

    # Not even a repetition: within one producer Kafka knows what it has.
    assert [each.value["id"] for each in read] == expected_ids(tmp_path / "journal", NAMES)


def test_a_journal_that_is_not_the_one_published_is_refused(tmp_path: Path) -> None:
    (tmp_path / "published").write_text("7\n")

    with pytest.raises(JournalFailed, match=r"ends at 0, but was published up to 7"):
        Running(tmp_path, "127.0.0.1:9", "any")


@pytest.mark.parametrize("text", ["", "seven", "7.5"])
def test_a_place_that_says_nothing_is_named_with_the_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / "published").write_text(text)

    with pytest.raises(JournalFailed, match="remove it to publish the whole journal again"):
        Place(tmp_path / "published")
