"""Fifty connections that post: every 2xx is in the history once, also after kill -9."""

import asyncio
import json
import logging
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from tests.pult.command import wait_for
from tests.pult.hooked import Hooked, hooked, post, signed

CONNECTIONS = 50

_LOG = logging.getLogger(__name__)


def body(name: str) -> bytes:
    told = {"event": "case.updated", "id": name, "time": "2026-03-02T07:15:30.250Z",
            "case_id": name, "status": "open 😀"}  # fmt: skip
    return json.dumps(told).encode()


async def pour(address: str, seconds: float, rate: float, name: str) -> set[str]:
    """Post at a rate over all connections; return what was answered with 2xx."""
    taken: set[str] = set()
    begun = time.monotonic()

    async def one(place: int, session: aiohttp.ClientSession) -> None:
        count = 0
        while (due := count * CONNECTIONS / rate) < seconds:
            await asyncio.sleep(max(0.0, begun + due - time.monotonic()))
            mine = f"{name}-{place}-{count}"
            count += 1
            told = body(mine)
            try:
                async with session.post(address, data=told, headers=signed(told)) as answer:
                    if answer.status == 200:
                        taken.add(mine)
            except aiohttp.ClientError:
                return

    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(one(place, session) for place in range(CONNECTIONS)))
    return taken


def all_once(crm: Hooked, taken: set[str]) -> None:
    """Fail unless whatever was taken is in the history once."""
    query = "SELECT id, count() AS copies, any(data) AS data FROM events GROUP BY id"

    def cases() -> list[str]:
        rows = crm.sql(query)
        assert {int(row["copies"]) for row in rows} <= {1}
        return [json.loads(row["data"])["case_id"] for row in rows]

    wait_for(lambda: taken <= set(cases()), 60, "all that was taken")
    found = cases()
    assert len(found) == len(set(found))


def memory_mb(process: "subprocess.Popen[bytes] | None") -> float:
    """Return the most that a process has held in memory so far [MiB]."""
    assert process is not None
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


@contextmanager
def drips(address: str, count: int = 5) -> Iterator[list[bytes]]:
    """Let some clients send a byte a second, in heads and in bodies; give out their answers."""
    over = threading.Event()
    answers: list[bytes] = []
    host, port = address.split("/")[2].split(":")
    head = b"POST /hooks/crm HTTP/1.1\r\nHost: x\r\n"

    def drip(place: int) -> None:
        begun = head + b"Content-Length: 999\r\n\r\n{" if place % 2 == 0 else head
        while not over.wait(0.1):
            with suppress(OSError), socket.create_connection((host, int(port))) as slow:
                slow.sendall(begun)
                slow.settimeout(1)
                while not over.is_set():
                    try:
                        answers.append(slow.recv(100))
                        break
                    except TimeoutError:
                        slow.sendall(b"x")

    threads = [threading.Thread(target=drip, args=(place,)) for place in range(count)]
    for each in threads:
        each.start()
    try:
        yield answers
    finally:
        over.set()
        for each in threads:
            each.join()


def load(folder: Path, seconds: float, rate: float) -> None:
    with hooked(folder) as crm:
        before = memory_mb(crm.process)
        with drips(crm.hook) as answers:
            begun = time.monotonic()
            taken = asyncio.run(pour(crm.hook, seconds, rate, "a"))
            lasted = time.monotonic() - begun
        assert len(taken) > 0.9 * rate * seconds
        assert lasted < 1.5 * seconds + 2, "nobody waited for those who drip"
        # Who drips a body is told so, who drips a head is cut off.
        how = {each[:12] for each in answers}
        assert how <= {b"", b"HTTP/1.1 408"}
        assert seconds < 30 or b"HTTP/1.1 408" in how, "those who drip are let go"
        all_once(crm, taken)
        grown = memory_mb(crm.process) - before
        _LOG.info("%d posts in %.1f s, %.0f MiB more memory", len(taken), lasted, grown)
        assert grown < 400
        assert crm.stop() == 0


@pytest.mark.soak
def test_a_thousand_posts_a_second_for_a_minute_are_in_the_history(tmp_path: Path) -> None:
    load(tmp_path, 60, 1_000)


def test_large_messages_that_are_rejected_are_stored_in_bounded_memory(
    tmp_path: Path,
) -> None:
    count, size = 300, 1_000_000
    with hooked(tmp_path) as crm, ThreadPoolExecutor(8) as posting:
        before = memory_mb(crm.process)

        def posted(number: int) -> int:
            told = b"%9d" % number + b"y" * (size - 9)
            return post(crm.hook, told, signed(told))

        assert set(posting.map(posted, range(count))) == {200}
        crm.rows(f"SELECT count() AS stored FROM rejected HAVING stored = {count}", 1)
        grown = memory_mb(crm.process) - before
        _LOG.info("%d messages of %d bytes, %.0f MiB more memory", count, size, grown)
        assert grown < 900
        assert crm.stop() == 0


@pytest.mark.parametrize(
    ("seconds", "rate"), [(1, 600), pytest.param(30, 1_000, marks=pytest.mark.soak)]
)
def test_what_was_taken_before_a_kill_is_in_the_history_once(
    tmp_path: Path, seconds: float, rate: float
) -> None:
    crm = Hooked(tmp_path)
    crm.start()

    async def killed() -> set[str]:
        pouring = asyncio.create_task(pour(crm.hook, 2 * seconds + 30, rate, "b"))
        await asyncio.sleep(seconds)
        assert crm.process is not None
        crm.process.send_signal(signal.SIGKILL)
        crm.process.wait(30)
        return await pouring

    taken = asyncio.run(killed())
    assert len(taken) > 0.3 * rate * seconds
    crm.start()
    try:
        # The sender does not know whether the last ones were kept, and says them again.
        again = sorted(taken)[:20]
        assert [post(crm.hook, body(each), signed(body(each))) for each in again] == [200] * 20
        all_once(crm, taken)
        assert crm.stop() == 0
    finally:
        if crm.process is not None and crm.process.poll() is None:
            crm.process.kill()
