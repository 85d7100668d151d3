"""A topic that was made anew, or lost its end, is not taken for the one that was folded."""

import os
import signal
from collections.abc import Callable

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions, NewTopic

from schemas.topics import EVENTS, FACTS, Topic
from tests.integration.half_hour import recorded
from tests.integration.workers import Site, eventually
from tests.pult.command import wait_for
from tests.shells.records import of

KEY = "acme"


def events(begin: int, end: int) -> list[tuple[str | bytes | None, bytes | None]]:
    return [(KEY, of(value, KEY)) for value in recorded()[begin:end]]


def make_anew(site: Site, topic: Topic = EVENTS) -> None:
    """Delete a topic and create it again."""
    admin = AdminClient({"bootstrap.servers": site.bootstrap})
    name = topic.named(site.prefix)
    for future in admin.delete_topics([name]).values():
        future.result(20)

    def there() -> bool:
        return name in admin.list_topics(timeout=20).topics

    wait_for(lambda: not there(), 20, "the topic's end")
    config = {"max.message.bytes": str(EVENTS.max_message_bytes)}
    anew = NewTopic(name, EVENTS.partitions, 1, config=config)
    for future in admin.create_topics([anew]).values():
        future.result(20)
    wait_for(there, 20, "the new topic")


def has_failed(site: Site) -> Callable[[], bool]:
    return lambda: not site.workers[0].alive


def test_a_worker_ends_when_the_topic_is_made_anew_beneath_it(installation: Site) -> None:
    installation.publish(events(0, 300))
    worker = installation.worker("w1")
    installation.wait_until_applied(300)

    make_anew(installation)
    installation.publish(events(300, 500))

    eventually("the worker's end", 30, has_failed(installation))
    assert worker.wait() == 1
    assert "it was made anew, or has lost its end" in worker.complaint


def test_a_worker_ends_when_the_topic_is_given_more_partitions(installation: Site) -> None:
    worker = installation.worker("w1")
    installation.wait_until_ready()

    admin = AdminClient({"bootstrap.servers": installation.bootstrap})
    name = EVENTS.named(installation.prefix)
    admin.create_partitions([NewPartitions(name, 40)])[name].result(20)

    eventually("the worker's end", 30, has_failed(installation))
    assert worker.wait() == 1
    assert f"{name} has more than 32 partitions now" in worker.complaint


def test_a_new_topic_that_has_outgrown_the_snapshot_is_not_read_from_there(
    installation: Site,
) -> None:
    installation.publish(events(0, 300))
    worker = installation.worker("w1")
    installation.wait_until_applied(300)
    worker.end()

    make_anew(installation)
    installation.publish(events(300, 900))
    worker.start()

    assert worker.wait() == 1
    assert "is not what was folded up to offset 300" in worker.complaint


def test_the_same_events_published_again_are_gone_on_with(installation: Site) -> None:
    installation.publish(events(0, 300))
    worker = installation.worker("w1")
    installation.wait_until_applied(300)
    worker.end()

    make_anew(installation)
    installation.publish(events(0, 900))
    worker.start()

    installation.wait_until_applied(900)
    assert "restored partition=" in worker.said


def test_a_worker_ends_when_the_new_topic_has_outgrown_the_old_one_before_it_looks(
    installation: Site,
) -> None:
    installation.publish(events(0, 300))
    worker = installation.worker("w1")
    installation.wait_until_applied(300)

    os.kill(worker.process.pid, signal.SIGSTOP)
    make_anew(installation)
    installation.publish(events(300, 900))
    os.kill(worker.process.pid, signal.SIGCONT)

    eventually("the worker's end", 30, has_failed(installation))
    assert worker.wait() == 1
    assert "was made anew" in worker.complaint


def test_facts_that_are_gone_are_told_of_with_the_remedy(installation: Site) -> None:
    installation.publish(events(0, 300))
    worker = installation.worker("w1")
    installation.wait_until_applied(300)
    worker.end()

    make_anew(installation, FACTS)
    worker.start()
    installation.wait_until_applied(300)

    (said,) = [line for line in worker.said.splitlines() if " warning worker: " in line]
    assert f"{installation.prefix}.facts was made anew, or has lost its end" in said
    assert said.endswith("run pult rebuild --server")
