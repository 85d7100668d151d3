"""Workers on a real broker: what they conclude is what one process would."""

import json
import time
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from schemas.facts import Leg
from stream_processors.shells.application import DRAIN_SECONDS
from tests.integration.half_hour import TENANTS, assert_equal, interleaved, recorded
from tests.integration.whole.offsets import partition_of
from tests.integration.workers import Site, Worker

TOKEN = "a-token-of-the-supervisor"


def own_tenants(worker: Worker) -> list[str]:
    return sorted(each for each in TENANTS if partition_of(each) in worker.partitions)


def shown_unasked(worker: Worker) -> tuple[list[str], Any]:
    """Return whose walls it offers, and whose it shows or nobody's, to who asks for none."""
    picture = worker.picture("")
    return picture["tenants"], picture["title"] if picture["as_of"] else None


def people(worker: Worker, tenant: str, token: str) -> tuple[int, str]:
    """Return the status, and the first message about a tenant's people or why there is none."""
    address = f"{worker.address}/supervisor/live?tenant={tenant}"
    asked = Request(address, headers={"Authorization": f"Bearer {token}"})
    try:
        with urlopen(asked, timeout=10) as stream:
            told = next(line for line in stream if line.startswith(b"data: "))
            return stream.status, told.removeprefix(b"data: ").decode()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def test_a_worker_names_people_to_who_has_the_token_and_without_one_to_nobody(
    installation: Site,
) -> None:
    values = recorded()
    installation.publish(interleaved(values))
    file = installation.folder / "token"
    file.write_text(f"{TOKEN}\n")
    installation.settings = f'[supervisor]\ntoken_file = "{file}"\n'
    worker = installation.worker("w1")
    installation.wait_until_ready()
    installation.wait_until_applied(len(TENANTS) * len(values))

    status, told = people(worker, TENANTS[0], TOKEN)
    wrong = people(worker, TENANTS[0], TOKEN[::-1])
    wall = json.dumps(worker.picture(f"tenant={TENANTS[0]}"), ensure_ascii=False)
    legs = {f.leg_id: f for f in installation.facts()[TENANTS[0]] if isinstance(f, Leg)}
    worker.end()
    installation.settings = ""
    closed = installation.worker("w2")
    nobody = people(closed, TENANTS[0], TOKEN)

    shown = json.loads(told)["people"]
    assert status == 200
    assert sum(each["answered"] for each in shown) == sum(
        each.answered_at is not None and each.queue_id != "" and not each.voided
        for each in legs.values()
    )
    assert [each["agent"] for each in shown if each["agent"] in wall] == []
    assert wrong[0] == 401
    assert nobody[0] == 403
    assert "[supervisor]" in nobody[1]


def test_two_workers_conclude_what_one_process_would(installation: Site) -> None:
    values = recorded()
    half = len(values) // 2
    installation.publish(interleaved(values[:half]))
    first, second = (installation.worker(name) for name in ("w1", "w2"))
    installation.wait_until_ready()

    installation.publish(interleaved(values[half:]))
    installation.wait_until_applied(len(TENANTS) * len(values))
    members = installation.members()
    owned = first.partitions, second.partitions
    rows = first.metrics() | second.metrics()
    tenants = [own_tenants(each) for each in (first, second)]
    unasked = [shown_unasked(each) for each in (first, second)]
    asked = first.picture(f"tenant={tenants[0][0]}")
    told_at = time.monotonic()
    codes = [first.end(), second.end()]
    took = time.monotonic() - told_at

    assert codes == [0, 0], first.said + second.said
    assert took < 2 * (DRAIN_SECONDS + 2)
    for each in (first, second):
        *_, drained, stopped = each.said.splitlines()
        assert "worker: drained partitions=" in drained
        assert "worker: caught up partitions=" in each.said
        assert stopped.endswith("worker: stopped")
        assert list(each.cwd.iterdir()) == []
    assert_equal(installation)
    assert members == {
        f"{installation.prefix}-processor": [
            ("w1", [f"{installation.prefix}.events"]),
            ("w2", [f"{installation.prefix}.events"]),
        ]
    }
    assert not owned[0] & owned[1]
    assert sorted(tenants[0] + tenants[1]) == TENANTS
    for own, shown in zip(tenants, unasked, strict=True):
        assert shown == ((own, None) if len(own) > 1 else ([], own[0]))
    assert (asked["tenants"], asked["title"]) == ([], tenants[0][0])
    for tenant in TENANTS:
        assert f'cc_queue_waiting{{queue="support",tenant="{tenant}"}}' in rows
    ends = {each: len(records) for each, records in installation.read("events").items()}
    assert installation.committed() == ends
