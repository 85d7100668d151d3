"""A decision or a plan said to Kafka: by the command, through worker and sink, to the store."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

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


TOKEN = "correct-horse-battery"


def posted(address: str, body: dict[str, str], token: str) -> int:
    """Return the status that a decision is answered with."""
    headers = {"Authorization": f"Bearer {token}"}
    request = Request(address, json.dumps(body).encode(), headers, method="POST")
    try:
        with urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except HTTPError as refused:
        with refused:
            return refused.code


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
    token = tmp_path / "token"
    token.write_text(TOKEN)
    installation.settings += f"[desk]\ntoken_file = '{token}'\n"
    log = values(LATE)
    installation.publish([(name, of(value, name)) for name in (ours, other) for value in log])
    worker = installation.worker("w1", env={"SINK_PASSWORD": PASSWORD})
    pipe.sink()
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

    # The same over HTTP, from the worker.
    place = f"{worker.address}/violations/{episode}/neutral?tenant"
    body = {"author": "Ivan", "reason": "phones were down"}
    assert posted(f"{place}={other}", body, "x" * 20) == 401
    assert posted(f"{place}=main", body, TOKEN) == 404
    assert posted(f"{place}={other}", {"author": "Ivan"}, TOKEN) == 400
    assert posted(f"{place}={other}", body, TOKEN) == 200
    eventually("the other's counts no more", 60, lambda: states(other) == ["excused"])


def test_a_plan_goes_by_way_of_kafka_and_is_judged_live_and_in_the_store(
    installation: Site, store: Store, tmp_path: Path
) -> None:
    pipe = Pipe(installation, store)
    ours = pipe.tenant(2)
    installation.publish([(ours, of(value, ours)) for value in values("08:00 beat" + LATE)])
    worker, _ = installation.worker("w1"), pipe.sink()
    plan = tmp_path / "plan.csv"
    plan.write_text("agent,kind,from,to\nAnna,work,2026-03-02T09:00Z,2026-03-02T18:00Z\n")

    def imported() -> Done:
        return pult(
            "import", "schedule", plan, "--tenant", ours, "--data", tmp_path / "none",
            "--config", installation.folder / "pult.toml", env={"SINK_PASSWORD": PASSWORD},
        )  # fmt: skip

    def rows(query: str) -> list[tuple[str, ...]]:
        return [tuple(map(str, row)) for row in store.ask(f"{query} WHERE tenant = '{ours}'")]

    eventually(
        "Anna is known", 60, lambda: bool(rows("SELECT agent_id FROM pult.agent_sessions"))
    )
    done = imported()
    judged = ("unscheduled_break", "firing")
    eventually(
        "the break is against the plan", 60,
        lambda: judged in rows("SELECT code, state FROM pult.violations"),
    )  # fmt: skip

    assert done.err == ""
    assert "1 are new or changed" in done.out
    assert rows("SELECT agent_id, activity FROM pult.schedules") == [("Anna", "work")]
    assert "nothing changed" in imported().out
    eventually(
        "it is live", 30,
        lambda: any(
            'code="unscheduled_break"' in each and f'tenant="{ours}"' in each
            for each in worker.metrics()
        ),
    )  # fmt: skip
