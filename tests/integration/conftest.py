"""Brokers for tests: one for all modules, a cluster for one, and any that a module makes."""

import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.integration.sinks import Pipe
from tests.integration.stores import Store
from tests.integration.workers import Site, site
from tests.kafka import Cluster, missing


class NewCluster(Protocol):
    """Makes a cluster that is not started yet; it is gone after the module's last test."""

    def __call__(self, brokers: int = 1, *, secured: bool = False) -> Cluster:
        """Return the cluster; for the arguments see there."""


def require_kafka() -> None:
    """Skip a test where no broker can be started; fail where one must be."""
    lacking = missing()
    if lacking and os.environ.get("PULT_REQUIRE_SERVERS") == "1":
        pytest.fail(lacking)
    if lacking:
        pytest.skip(lacking)


def _clusters(folder: Path) -> Iterator[NewCluster]:
    require_kafka()
    made: list[Cluster] = []

    def new(brokers: int = 1, *, secured: bool = False) -> Cluster:
        made.append(Cluster(folder / str(len(made)), brokers, secured=secured))
        return made[-1]

    yield new
    for cluster in made:
        cluster.kill()


@pytest.fixture(scope="module")
def new_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewCluster]:
    """Makes clusters that a test may kill, as `Cluster(folder, ...)` does."""
    yield from _clusters(tmp_path_factory.mktemp("kafka"))


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One broker for all tests, also with TLS and passwords; leave it alive."""
    for new in _clusters(tmp_path_factory.mktemp("kafka")):
        cluster = new(secured=True)
        cluster.start()
        yield cluster


@pytest.fixture(scope="module")
def kafka_cluster(new_cluster: NewCluster) -> Cluster:
    """Three brokers that replicate three times; tests may kill them and start them again."""
    cluster = new_cluster(3)
    cluster.start()
    return cluster


@pytest.fixture
def installation(kafka: Cluster, prefix: str, tmp_path: Path) -> Iterator[Site]:
    """Topics, settings and workers of this test alone, on the one broker."""
    with site(kafka.bootstrap, prefix, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store for all tests of a module, with its tables; they may kill and start it."""
    made = Store(tmp_path_factory.mktemp("store") / "data")
    made.start()
    made.migrate()
    yield made
    made.end(signal.SIGKILL)


@pytest.fixture
def pipe(installation: Site, store: Store) -> Pipe:
    """What a test writes goes through Kafka into that store."""
    return Pipe(installation, store)


@pytest.fixture
def prefix() -> str:
    """A topic prefix of this test alone."""
    return f"test-{uuid.uuid4().hex[:8]}"
