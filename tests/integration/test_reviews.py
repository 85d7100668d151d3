"""A decision said to Kafka: by the command, through a worker and a sink, into the store."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.sinks import Pipe
from tests.integration.stores import PASSWORD, Store
from tests.integration.workers import Site, eventually
from tests.pult.command import Done, pult
from tests.shells.records import of
from tests.timetable import values

LATE = """
    09:00:00  login   Anna sales
    10:00:00  pause   Anna sales lunch
    10:15:00  beat
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = Store(tmp_path_factory.mktemp("store") / "data")
    made.start()
    made.migrate()
    yield made
    made.end(signal.SIGKILL)


def test_an_excuse_goes_by_way_of_kafka_to_its_tenant_alone(
    installation: Site, store: Store, tmp_path: Path
) -> None:
    pipe = Pipe(installation, store)
    ours, other = pipe.tenant(0), pipe.tenant(1)
    log = values(LATE)
    installation.publish([(name, of(value, name)) for name in (ours, other) for value in log])
    worker, _ = installation.worker("w1"), pipe.sink()
    config = installation.folder / "pult.toml"

    def said(*words: str) -> Done:
        place = ("--server", "--config", config, "--data", tmp_path / "none")
        return pult("violations", *words, *place, env={"SINK_PASSWORD": PASSWORD})

    def states(tenant: str) -> list[str]:
        query = f"SELECT state FROM pult.violations WHERE tenant = '{tenant}'"
        return [str(state) for (state,) in store.ask(query)]

    def stored() -> bool:
        return states(ours) == states(other) == ["firing"]

    eventually("the episodes are stored", 60, stored)
    told = said("list", "--tenant", ours, "--format", "JSONEachRow").out
    episode = json.loads(told)["episode_id"]
    reason = ("--by", "Maria", "--reason", "a doctor")
    unnamed = said("excuse", episode, *reason)
    unknown = said("excuse", "0" * 16, *reason, "--tenant", ours)
    done = said("excuse", episode, *reason, "--tenant", ours)
    eventually("it counts no more", 60, lambda: states(ours) == ["excused"])

    assert (done.code, done.err) == (0, "")
    assert done.out.endswith(f"kept in {installation.prefix}.events\n")
    assert f"no episode {episode} of main is known" in unnamed.complaint
    assert f"no episode {'0' * 16} of {ours} is known" in unknown.complaint
    # The other tenant's Anna did the same at the same instant, and her episode has the same id.
    assert states(other) == ["firing"]
    active = [each for each in worker.metrics() if each.startswith("cc_violation_active{")]
    assert len(active) == 1
    assert f'tenant="{other}"' in active[0]
