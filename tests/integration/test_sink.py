"""Kafka into ClickHouse: what is in the topics is in the store, once, whatever dies when."""

import random
import signal
from contextlib import closing

import pytest
from confluent_kafka import Consumer

from tests.integration.half_hour import half_hour
from tests.integration.sinks import Pipe, killed
from tests.integration.stores import PASSWORD, Store
from tests.integration.workers import eventually
from tests.oracles.lab_numbers import LAB
from tests.pult.command import all_good, pult
from tests.shells.records import of

MOMENTS = ("before-insert", "after-insert", "before-commit", "after-commit")


@pytest.fixture(scope="module")
def store(store: Store) -> Store:
    """It merges nothing: a doubled row is seen."""
    with closing(store.client()) as client:
        client.command("SYSTEM STOP MERGES")
    return store


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of the half hour as `pult import` stores it."""
    data = tmp_path_factory.mktemp("imported") / "data"
    _, told = all_good(
        ("import", "asterisk-ami", LAB / "ami.log.gz", "--source", "pbx1", "--data", data),
        ("digest", "--total", "--data", data),
    )
    return told.strip()


def digests(pipe: Pipe, tenants: int) -> set[str]:
    """Return the digests of the tenants, each without its name, as a person asks for them."""
    config = pipe.site.folder / "pult.toml"
    done = [
        pult(
            "digest", "--total", "--server", "--tenant", pipe.tenant(each), "--config", config,
            env={"SINK_PASSWORD": PASSWORD},
        )
        for each in range(tenants)
    ]  # fmt: skip
    return {each.out.strip() for each in done}


def test_two_sinks_store_of_each_tenant_what_an_import_would(pipe: Pipe, imported: str) -> None:
    values = half_hour()
    pipe.publish(values, tenants=2)
    first = pipe.sink()
    eventually("some are stored", 60, lambda: pipe.committed()["events"] > 0)
    second = pipe.sink("s2")
    pipe.wait_until_stored()
    codes = [first.end(), second.end()]

    assert codes == [0, 0]
    assert "revoked" in first.said
    assert all(each.said.rstrip().endswith("sink: stopped") for each in (first, second))
    assert pipe.doubled() == {}
    assert digests(pipe, 2) == {imported}


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(n, marks=pytest.mark.soak) for n in range(2, 26))]
)
def test_a_sink_killed_at_any_moment_loses_and_doubles_nothing(
    pipe: Pipe, imported: str, seed: int
) -> None:
    dice = random.Random(seed)
    moments = ["before-commit", *dice.choices(MOMENTS, k=1 if seed == 1 else 5)]
    # Of six kills each may let four ranges of events pass: there must be so many.
    tenants = 1 if seed == 1 else 2
    pipe.publish(half_hour(), tenants)
    between = 0
    for number, moment in enumerate(moments):
        # Another number of rows each time: bounds that are not kept would be other ones.
        pipe.site.settings = f"{pipe.store.settings}[sink]\nflush_rows = {700 + 60 * number}\n"
        assert killed(pipe.sink(defect=f"{moment}:{dice.randrange(4)}")), moment
        between += pipe.fell_between()
    pipe.site.settings = pipe.store.settings
    sink = pipe.sink()
    pipe.wait_until_stored()
    sink.end()

    assert between
    assert "stores again what was pending" in sink.said
    assert pipe.doubled() == {}
    assert digests(pipe, tenants) == {imported}


@pytest.mark.parametrize(
    "defect", [pytest.param("no-tokens", marks=pytest.mark.soak), "no-bounds"]
)
def test_the_check_finds_a_sink_that_does_not_keep_tokens_or_bounds(
    pipe: Pipe, defect: str
) -> None:
    pipe.site.settings = f"{pipe.store.settings}[sink]\nflush_rows = 500\n"
    pipe.publish(half_hour(1_500), tenants=1)
    assert killed(pipe.sink(defect="before-commit:0"))
    assert pipe.fell_between()

    pipe.site.settings = f"{pipe.store.settings}[sink]\nflush_rows = 700\n"
    sink = pipe.sink(defect=f"{defect}:0")
    pipe.wait_until_stored()
    sink.end()

    found, wanted = pipe.doubled()["events"]
    assert found == wanted + 500


def rival(pipe: Pipe) -> Consumer:
    """Return a further member of the sinks' group, which stores nothing."""
    prefix = pipe.site.prefix
    member = Consumer(
        {
            "bootstrap.servers": pipe.site.bootstrap, "group.id": f"{prefix}-sink",
            "partition.assignment.strategy": "range", "enable.auto.commit": False,
        }
    )  # fmt: skip
    member.subscribe([f"{prefix}.{topic}" for topic in ("events", "facts", "rejected")])
    return member


@pytest.mark.parametrize("how", ["lives", "is killed"])
def test_it_reads_on_during_an_insert_and_gives_nothing_away_in_the_middle_of_it(
    pipe: Pipe, how: str
) -> None:
    values = [(0, pipe.tenant(0), of(value, pipe.tenant(0))) for value in half_hour(3_000)]
    pipe.site.settings = f"{pipe.store.settings}[sink]\nflush_rows = 500\n"
    sink = pipe.sink()
    eventually("ready", 60, lambda: sink.status("/readyz")[0] == 200)
    assert pipe.store.process is not None
    pipe.store.process.send_signal(signal.SIGSTOP)
    try:
        pipe.write("events", values[:500])
        eventually("an insert runs", 60, lambda: len(pipe.pending()) == 1)
        pipe.write("events", values[500:])
        held = "pult_sink_pending_records"
        eventually("it reads on", 60, lambda: sink.metrics()[held] == len(values))
        begun = pipe.pending()
        with closing(rival(pipe)) as member:

            def asked() -> bool:
                member.poll(0.05)
                return "stores to its end" in sink.said

            eventually("it is asked to give partitions away", 60, asked)
            assert pipe.pending() == begun
            if how == "is killed":
                sink.end(signal.SIGKILL)
            pipe.store.process.send_signal(signal.SIGCONT)
            if how == "lives":

                def given() -> bool:
                    member.poll(0.05)
                    return bool(member.assignment())

                eventually("others have them", 60, given)
    finally:
        pipe.store.process.send_signal(signal.SIGCONT)
    if how == "is killed":
        sink.start()
    pipe.events = len(values)
    pipe.wait_until_stored()
    sink.end()

    assert pipe.doubled() == {}
    # What it had begun is committed before others have it, unless it died.
    assert ("stores again what was pending" in sink.said) == (how == "is killed")
