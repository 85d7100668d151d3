"""Parts of a whole installation are killed while PBXs speak: nothing lost, nothing doubled.

Disks fill up, and what was delivered comes again.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.conftest import NewCluster
from tests.integration.whole.centre import Centre, running
from tests.integration.whole.chaos import Chaos
from tests.integration.whole.doubling import say_again
from tests.integration.whole.full_disk import CAN_BE_FULL
from tests.integration.whole.report import judge
from tests.kafka import Cluster
from tests.lab_cut import WHOLE_MINUTES, beginning
from tests.proxy import Proxy

SETTINGS = "[processor]\nsnapshot_every = '500ms'\nsnapshot_events = 2000"
_LOG = logging.getLogger(__name__)


@pytest.fixture
def proxied(new_cluster: NewCluster) -> Iterator[tuple[Cluster, list[Proxy]]]:
    """Three brokers that clients reach through proxies of ours."""
    cluster = new_cluster(3)
    with ExitStack() as stack:
        proxies = [stack.enter_context(Proxy(broker.port)) for broker in cluster.brokers]
        for broker, proxy in zip(cluster.brokers, proxies, strict=True):
            broker.advertised_port = proxy.port
        cluster.start()
        yield cluster, proxies


@pytest.mark.parametrize(
    ("seed", "blows", "speed", "pause_seconds", "minutes", "tenants"),
    [
        # Its first seven blows fill, repeat and kill; most of them fall while a broker is down.
        # The PBX speaks for 24 s, so that there is something to lose at the last of them, too.
        (2755, 7, 20, 0.1, 8, ["red"]),
        *(
            pytest.param(
                seed, 65, 4, 1.0, WHOLE_MINUTES, ["red", "blue"], marks=pytest.mark.soak
            )
            for seed in range(2, 8)
        ),
    ],
)
def test_parts_killed_at_any_moment_lose_and_double_nothing(
    proxied: tuple[Cluster, list[Proxy]],
    prefix: str,
    tmp_path: Path,
    seed: int,
    blows: int,
    speed: float,
    pause_seconds: float,
    minutes: int,
    tenants: Sequence[str],
) -> None:
    cluster, proxies = proxied
    said = beginning(tmp_path / "said", minutes)
    made = Centre(
        cluster.bootstrap, prefix, tmp_path, tenants, speed, 3, SETTINGS,
        workers_at_start=["w1", "w2"][: len(tenants)],
        recording=said.ami_path, queue_log=said.queue_log_path,
    )  # fmt: skip
    for adapter in made.adapters.values():
        adapter.spoiled_by = CAN_BE_FULL

    with running(made) as centre:
        chaos = Chaos(centre, seed, cluster, proxies)
        chaos.deal(blows, pause_seconds)
        report = judge(centre, chaos.report)

    _LOG.info("%s", report)
    assert report.events > 100 * blows
    for disturbance in ("full disk", "repeated messages", "repeated records"):
        assert report.count(disturbance) >= max(1, blows // 13)
    assert report.counts, report
    assert report.good, report


# The moment between an insert and its commit is short; held open, it can be hit from outside.
WITHOUT_TOKENS = """
import pathlib, time, uuid
from sql import ranges
inner, held = ranges.insert_arrow, pathlib.Path({held!r})
def insert_arrow(client, insert, body, token):
    inner(client, insert, body, uuid.uuid4().hex)
    while insert.table == "events" and held.exists():
        time.sleep(0.05)
ranges.insert_arrow = insert_arrow
"""

WITHOUT_NUMBERS = """
import uuid
from producers import journal
journal.frame_number = lambda frame: uuid.uuid4().int >> 65
"""


def test_a_sink_and_a_journal_that_recognise_nothing_again_fail_the_same_check(
    kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    made = Centre(
        kafka.bootstrap, prefix, tmp_path, ["red"], 40, 1, SETTINGS, workers_at_start=["w1"],
        recording=beginning(tmp_path / "said", 5).ami_path,
    )  # fmt: skip
    held = tmp_path / "held"
    held.touch()
    made.sinks["s1"].spoiled_by = WITHOUT_TOKENS.format(held=str(held))
    made.adapters["red"].spoiled_by = WITHOUT_NUMBERS

    with running(made) as centre:
        chaos = Chaos(centre, 1)
        said_again = say_again(centre, "red", most=100)
        chaos.kill_between(centre.sinks["s1"], times=2)
        held.unlink()
        report = judge(centre, chaos.report)

    assert report.doubled > 0, report
    assert report.kept_twice == said_again > 0, report
    assert not report.good
