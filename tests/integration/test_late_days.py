"""Events that come twenty minutes late through Kafka: the store ends as if they had not."""

import signal
from collections.abc import Iterator

import pytest

from sql.digest import digest, total
from tests.integration.half_hour import half_hour
from tests.integration.sinks import Pipe
from tests.integration.stores import Store
from tests.integration.workers import Site, eventually
from tests.oracles.lab_numbers import LAB
from tests.pult.command import all_good
from tests.shells.records import of


@pytest.fixture
def pipe(installation: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipe]:
    store = Store(tmp_path_factory.mktemp("store") / "data")
    store.start()
    store.migrate()
    made = Pipe(installation, store)
    installation.settings += "[processor]\nsnapshot_every = '300ms'\n"
    yield made
    store.end(signal.SIGKILL)


def test_a_day_that_events_reached_too_late_is_folded_again_from_the_store(
    pipe: Pipe, tmp_path_factory: pytest.TempPathFactory
) -> None:
    values, tenant = half_hour(), pipe.tenant(0)
    late = slice(1_200, 1_900)
    told = [*values[: late.start], *values[late.stop :], *values[late]]
    pipe.site.publish((tenant, of(value, tenant)) for value in told)
    worker, sink = pipe.site.worker("w1"), pipe.sink()

    eventually("folded again", 90, lambda: "folded again" in sink.said)
    marked = pipe.store.number("SELECT count() FROM pult.dirty_day_facts WHERE NOT voided")
    left = pipe.store.number("SELECT count() FROM pult.dirty_days")
    data = tmp_path_factory.mktemp("imported") / "data"
    _, imported = all_good(
        ("import", "asterisk-ami", LAB / "ami.log.gz", "--source", "pbx1", "--data", data),
        ("digest", "--total", "--data", data),
    )
    client = pipe.store.client()
    stored = total(digest(client, "UTC", tenant))
    client.close()
    worker.end()
    sink.end()

    assert marked
    assert left == 0
    assert stored == imported.strip()
