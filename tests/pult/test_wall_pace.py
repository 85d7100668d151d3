"""How often the wall sends: soon after a change, never too often, and the last one for sure."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout
from prometheus_client import CollectorRegistry

from dashboards.wall.picture import Picture
from dashboards.wall.scope import Scope
from pult import streams
from pult.streams import SEND_AT_LEAST_SECONDS, SEND_AT_MOST_EVERY_SECONDS, SHARE
from pult.web import Wall, listen

SECONDS = 20


@dataclass
class Painter:
    """Paints a number, which may take its time, and counts how often it did."""

    cpu_seconds: float = 0.0
    number: int = 0
    painted: list[Scope] = field(default_factory=list)

    def paint(self, scope: Scope) -> Picture:
        """Return the number as a picture."""
        self.painted.append(scope)
        until = time.thread_time() + self.cpu_seconds
        while time.thread_time() < until:
            pass
        return {"number": self.number}


class Page:
    """One open page."""

    def __init__(self, lines: AsyncIterator[bytes]) -> None:
        self._lines = lines
        self.numbers: list[int] = []

    async def next(self) -> int:
        """Return the number of the next picture."""
        async with asyncio.timeout(SECONDS):
            async for line in self._lines:
                if line.startswith(b"data: "):
                    told: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
                    self.numbers.append(told["number"])
                    return self.numbers[-1]
        msg = "the stream ended"
        raise AssertionError(msg)

    async def until(self, number: int) -> None:
        """Read until a number is shown."""
        while await self.next() != number:
            pass


@asynccontextmanager
async def served(
    painter: Painter, pages: int = 1
) -> AsyncIterator[tuple[Callable[[], None], list[Page]]]:
    """Serve a wall to so many pages; each has had its first picture."""
    wall = Wall(painter.paint, lambda: "", CollectorRegistry(), CollectorRegistry())
    runner, port = await listen(wall.application, "127.0.0.1", 0, "the wall", "--port")

    def change() -> None:
        painter.number += 1
        wall.changed()

    async with ClientSession(timeout=ClientTimeout()) as client:
        opened = []
        for _ in range(pages):
            answer = await client.get(f"http://127.0.0.1:{port}/live")
            opened.append(Page(answer.content.__aiter__()))
            await opened[-1].next()
        yield change, opened
        wall.close()
    await runner.cleanup()


async def test_a_change_after_a_pause_is_sent_at_once() -> None:
    waits = []
    async with served(Painter()) as (change, (page,)):
        for number in range(1, 8):
            await asyncio.sleep(3 * SEND_AT_MOST_EVERY_SECONDS)
            changed = time.monotonic()
            change()
            await page.until(number)
            waits.append(time.monotonic() - changed)

    # A machine that is busy may be late now and then, a wall that waits always is.
    assert min(waits) < SEND_AT_MOST_EVERY_SECONDS / 2


async def test_of_changes_without_end_each_page_gets_some_and_the_last_one() -> None:
    painter = Painter()
    began = time.monotonic()
    async with served(painter, pages=10) as (change, pages):
        while time.monotonic() - began < 1:
            change()
            await asyncio.sleep(0.002)
        lasted = time.monotonic() - began
        await asyncio.gather(*(page.until(painter.number) for page in pages))

    # Pages of one scope share what is painted; the last picture comes on top of the first.
    assert len(painter.painted) <= lasted / (0.9 * SEND_AT_MOST_EVERY_SECONDS) + 2
    for page in pages:
        assert page.numbers == sorted(page.numbers)
        assert len(page.numbers) <= len(painter.painted) + 1


async def test_pictures_that_are_dear_are_sent_less_often() -> None:
    painter = Painter(cpu_seconds=0.04)
    began = time.monotonic()
    async with served(painter) as (change, (page,)):
        while time.monotonic() - began < 1:
            change()
            await asyncio.sleep(0.002)
        lasted = time.monotonic() - began
        await page.until(painter.number)

    assert len(painter.painted) * painter.cpu_seconds <= SHARE * lasted + 3 * 0.04
    assert len(painter.painted) >= 2


async def test_a_page_hears_every_second_though_nothing_changes() -> None:
    painter = Painter()
    async with served(painter) as (_, (page,)):
        began = time.monotonic()
        await page.next()

        assert time.monotonic() - began > SEND_AT_LEAST_SECONDS / 2
    assert page.numbers == [0, 0]


async def test_pages_that_are_open_leave_room_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "most_connections", lambda: 6)
    wall = Wall(Painter().paint, lambda: "", CollectorRegistry(), CollectorRegistry())
    runner, port = await listen(wall.application, "127.0.0.1", 0, "the wall", "--port")
    async with ClientSession(f"http://127.0.0.1:{port}") as client:
        pages = [await client.get("/live") for _ in range(3)]
        assert [page.status for page in pages] == [200] * 3
        for path, status in (("/live", 503), ("/", 200), ("/metrics", 200), ("/readyz", 200)):
            async with client.get(path) as answer:
                assert answer.status == status
        wall.close()
    await runner.cleanup()
