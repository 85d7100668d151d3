"""A sink does not go on in a store that was emptied, or restored from an older backup."""

import signal
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec
import pytest

from tests.integration.half_hour import half_hour
from tests.integration.sinks import Pipe
from tests.integration.stores import PASSWORD, Store
from tests.integration.workers import Site, Worker, eventually
from tests.pult.command import pult
from tests.shells.records import of


@pytest.fixture(autouse=True)
def whole(store: Store) -> Iterator[None]:
    """Of all tests of this module the store runs, and can be written, after each of them."""
    yield
    store.end()
    store.start()


def empty(store: Store) -> None:
    """Have a store hold no events, as one that was restored from an older backup."""
    client = store.client()
    client.command("TRUNCATE TABLE pult.events")
    client.close()


def recent(pipe: Pipe, begin: int, end: int) -> Sequence[tuple[int, str, bytes]]:
    """Events of today: what is older may have been dropped on purpose."""
    tenant, now = pipe.tenant(0), datetime.now(UTC).isoformat(timespec="milliseconds")
    told = []
    for value in half_hour(end)[begin:end]:
        event = msgspec.json.decode(of(value, tenant)) | {"time": now, "recordedtime": now}
        told.append((0, tenant, msgspec.json.encode(event)))
    return told


def filled(site: Site, store: Store) -> tuple[Pipe, Worker]:
    """Return a pipe whose sink has stored 100 events and goes on."""
    pipe = Pipe(site, store)
    pipe.write("events", recent(pipe, 0, 100))
    sink = pipe.sink()
    eventually("100 events are stored", 60, lambda: pipe.committed()["events"] == 100)
    return pipe, sink


def rows(pipe: Pipe) -> int:
    return pipe.store.number(
        f"SELECT count() FROM pult.events FINAL WHERE tenant = '{pipe.tenant(0)}'"
    )


def test_a_store_that_was_emptied_between_two_starts_is_told_of_until_it_is_filled_again(
    installation: Site, store: Store
) -> None:
    pipe, sink = filled(installation, store)
    sink.end()
    empty(store)
    pipe.write("events", recent(pipe, 100, 120))
    sink.start()

    eventually("not ready", 30, lambda: "does not hold" in sink.status("/readyz")[1])
    why = sink.status("/readyz")[1]
    before = rows(pipe), pipe.committed()["events"]
    config = installation.folder / "pult.toml"
    done = pult(
        "rebuild", "--server", "--from-kafka", "--config", config,
        env={"SINK_PASSWORD": PASSWORD},
    )  # fmt: skip
    eventually("all is stored", 30, lambda: pipe.committed()["events"] == 120)

    assert (
        f"the store does not hold what was stored last ({installation.prefix}.events "
        "partition 0 offset 99)"
    ) in why
    assert "pult rebuild --server --from-kafka" in why
    assert before == (0, 100)
    assert done.code == 0, done
    assert rows(pipe) == 120
    assert sink.status("/readyz")[0] == 200
    (said,) = [line for line in sink.said.splitlines() if "does not hold" in line]
    assert " warning sink: " in said


def test_a_store_that_comes_back_empty_beneath_a_sink_is_not_gone_on_with_unasked(
    installation: Site, store: Store
) -> None:
    pipe, sink = filled(installation, store)
    empty(store)
    store.end(signal.SIGKILL)
    pipe.write("events", recent(pipe, 100, 120))
    eventually("it is away", 30, lambda: sink.status("/readyz")[0] == 503)
    store.start()

    eventually("not ready", 30, lambda: "does not hold" in sink.status("/readyz")[1])
    before = rows(pipe), pipe.committed()["events"]
    sink.end()
    accepting = pipe.sink("s1", "--accept-loss")
    eventually("the rest is stored", 30, lambda: pipe.committed()["events"] == 120)

    assert before == (0, 100)
    assert rows(pipe) == 20
    assert accepting.alive


def test_a_store_that_only_reads_for_a_while_is_told_of_and_gets_everything_afterwards(
    installation: Site, store: Store
) -> None:
    pipe, sink = filled(installation, store)
    store.end()
    store.start("--user", "default")
    pipe.write("events", recent(pipe, 100, 120))
    eventually("not ready", 30, lambda: "may only read" in sink.status("/readyz")[1])
    told, measured = sink.status("/readyz")[1], sink.metrics()
    store.end()
    store.start()
    eventually("all is stored", 30, lambda: pipe.committed()["events"] == 120)

    assert "pult sql-server: --writable" in told
    assert measured["pult_ready"] == 0
    assert measured["pult_sink_interruptions_total"] == 1
    assert measured["pult_sink_pending_records"] == 20
    assert rows(pipe) == 120
    assert sink.status("/readyz")[0] == 200
    assert " info sink: stores again after " in sink.said


def test_tables_that_are_gone_beneath_a_sink_name_what_brings_them_back(
    installation: Site, store: Store
) -> None:
    pipe, sink = filled(installation, store)
    client = store.client()
    client.command("DROP DATABASE pult SYNC")
    client.close()
    pipe.write("events", recent(pipe, 100, 120))
    eventually("not ready", 30, lambda: sink.status("/readyz")[0] == 503)
    told = sink.status("/readyz")[1]
    store.migrate()
    eventually("emptied", 30, lambda: "does not hold" in sink.status("/readyz")[1])

    # Each reason is told, not only the first one; late days may tell of theirs besides.
    warnings = [line for line in sink.said.splitlines() if " warning sink: " in line]
    assert any("tables of Pult are not there" in line for line in warnings)
    assert sum("does not hold" in line for line in warnings) == 1
    assert "run pult migrate" in told
    assert "Restoring in docs/operations.md" in told
