"""Two imports that had read the same history: the later one holds."""

import asyncio
from collections.abc import Sequence

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application

from producers.frame import Frame
from producers.schedule import published
from pult.plan_desk import PATH, PlanDesk
from schemas.errors import JournalFailed
from stream_processors.core.plans import Plan, plan_of

NOW_US = 1_772_442_000_000_000
PLAN = (
    '1772442000000 {"agent_id":"Anna","day":"2026-03-02","version":%d,"zone":"UTC","items":'
    '[{"kind":"work","starts_at":"2026-03-02T%s:00:00.000Z",'
    '"ends_at":"2026-03-02T18:00:00.000Z"}]}'
)


class Journal:
    """What the desk kept; the state knows it once `fold` is called."""

    def __init__(self) -> None:
        self.kept: list[tuple[int, str]] = []
        self.full = False
        self._frames: list[Frame] = []
        self._state: dict[tuple[str, str], Plan] = {}

    def take(self, frames: Sequence[Frame]) -> None:
        """Keep frames unless the disk is full."""
        if self.full:
            msg = "the disk is full"
            raise JournalFailed(msg)
        for frame in frames:
            told = published.plan_in(frame)[1]
            self.kept.append((told.version, told.items[0].starts_at[11:13]))
            self._frames.append(frame)

    def fold(self) -> None:
        """Let the state know what was kept."""
        for frame in self._frames:
            told = published.plan_in(frame)[1]
            self._state[told.agent_id, told.day] = plan_of(told, "an event")

    def known(self, agent_id: str, day: str) -> Plan | None:
        """Return what the state knows."""
        return self._state.get((agent_id, day))


async def posted(journal: Journal, steps: Sequence[str]) -> list[int]:
    desk = PlanDesk("secret", journal.known, journal.take, lambda: NOW_US)
    application = Application()
    application.add_routes(desk.routes())
    statuses = []
    async with TestClient(TestServer(application)) as client:
        for step in steps:
            if step in ("fold", "full", "free"):
                journal.fold()
                journal.full = step == "full"
                continue
            body = {"source": "wfm", "plans": [step]}
            headers = {"Authorization": "Bearer secret"}
            answer = await client.post(PATH, json=body, headers=headers)
            statuses.append(answer.status)
    return statuses


@pytest.mark.parametrize("between", [[], ["fold"]])
def test_the_later_of_two_imports_holds_and_what_holds_is_not_kept_again(
    between: list[str],
) -> None:
    journal = Journal()
    steps = [PLAN % (1, "09"), *between, PLAN % (1, "10"), *between, PLAN % (1, "10")]

    assert asyncio.run(posted(journal, steps)) == [200, 200, 200]
    assert journal.kept == [(1, "09"), (2, "10")]


def test_a_higher_version_is_kept_as_it_was_sent() -> None:
    journal = Journal()

    asyncio.run(posted(journal, [PLAN % (1, "09"), PLAN % (7, "10"), PLAN % (3, "09")]))

    assert journal.kept == [(1, "09"), (7, "10"), (8, "09")]


def test_what_was_not_kept_counts_for_nothing() -> None:
    journal = Journal()

    told = asyncio.run(posted(journal, ["full", PLAN % (1, "09"), "free", PLAN % (1, "09")]))

    assert told == [503, 200]
    assert journal.kept == [(1, "09")]


def test_a_plan_that_ends_before_it_begins_is_refused_at_the_door() -> None:
    journal = Journal()

    assert asyncio.run(posted(journal, [PLAN % (1, "19")])) == [400]
    assert journal.kept == []
