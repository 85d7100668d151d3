"""When offsets are committed, by whom; what needs a broker is in tests/integration."""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import cast

import pytest
from faust.types import TP

from stream_processors.shells.application import Connection, build
from stream_processors.shells.ledger import Ledger
from stream_processors.shells.membership import Holder
from stream_processors.shells.policy_log import TenantPolicies
from stream_processors.shells.transport import BatchConsumer, Keeper
from stream_processors.shells.worker_plan import Plan

NOWHERE = Connection({}, {"bootstrap_servers": ["127.0.0.1:1"]})
PLAN = Plan("w1", "events", "facts", "rejected", "snapshots", TenantPolicies())


async def never(*_: object) -> None:
    raise AssertionError


class Broker:
    """Takes commits, each when it is told to."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.answers = asyncio.Semaphore(0)

    async def commit(self, offsets: Mapping[TP, int]) -> bool:
        """Take note, and answer when there is an answer left."""
        self.asked += offsets.values()
        await self.answers.acquire()
        return True


async def test_what_became_safe_while_a_commit_was_under_way_is_committed_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app, ledger, broker = build(PLAN, "group", NOWHERE), Ledger(), Broker()
    app.keeper = cast(Keeper, SimpleNamespace(ledger=ledger))
    consumer = BatchConsumer(app.transport, never, never, never)
    monkeypatch.setattr(consumer, "assignment", lambda: {TP("events", 0)})
    monkeypatch.setattr(consumer, "_commit", broker.commit)
    ledger.begin({0: 0})
    ledger.secure(0, 10)

    first = asyncio.create_task(consumer.commit())
    await asyncio.sleep(0)
    ledger.secure(0, 20)
    others = [asyncio.create_task(consumer.commit()) for _ in range(2)]
    broker.answers.release()
    broker.answers.release()
    await asyncio.gather(first, *others)

    assert broker.asked == [10, 20]
    assert ledger.committable(0) is None


@pytest.mark.parametrize(
    ("now", "held", "told"),
    [
        ("", Holder("w1-b", "10.0.0.2"), ["10.0.0.2"]),
        # Its session had run out, or it was taken out.
        ("", None, []),
        # Only its generation was too old.
        ("", Holder("w1-a", "10.0.0.1"), []),
        ("w1-a", Holder("w1-b", "10.0.0.2"), []),
    ],
)
async def test_a_place_in_the_group_is_taken_by_another_only_if_that_one_has_it(
    monkeypatch: pytest.MonkeyPatch, now: str, held: Holder | None, told: list[str]
) -> None:
    app, heard = build(PLAN, "group", NOWHERE), list[str]()
    app.keeper = cast(Keeper, SimpleNamespace(ledger=Ledger(), displaced=heard.append))
    app.holder = lambda: held
    consumer = BatchConsumer(app.transport, never, never, never)
    monkeypatch.setattr(consumer, "_member", "w1-a")
    monkeypatch.setattr(consumer, "_thread", SimpleNamespace(member=now))

    await consumer._look_for_another()

    assert heard == told
