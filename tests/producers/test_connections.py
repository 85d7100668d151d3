"""Connections of a server, on real sockets: strangers give way, who is served does not."""

import asyncio
import logging
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import ClientSession, web

from producers import connections as door
from producers.connections import Connections, Site

HALF = b"POST / HTTP/1.1\r\nHost: x\r\nX-Half"
BODY = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"
SLOW = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"
MOST = 16


class Server:
    """One that answers at once at `/`, and at `/slow` when told."""

    def __init__(self) -> None:
        self.connections = Connections("the tests", MOST)
        self.now = asyncio.Event()
        self.application = web.Application(middlewares=[self.connections.middleware])
        self.application.add_routes([web.post("/", self._read), web.get("/slow", self._slow)])
        self.port = 0
        self.opened: list[asyncio.StreamWriter] = []

    async def _read(self, request: web.Request) -> web.Response:
        with suppress(ConnectionError):
            await request.read()
        return web.Response(text="read")

    async def _slow(self, _: web.Request) -> web.Response:
        await self.now.wait()
        return web.Response(text="slow")

    async def open(self, text: bytes) -> asyncio.StreamReader:
        """Open a connection that says something, and does not hang up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(text)
        self.opened.append(writer)
        return reader

    async def is_open(self, reader: asyncio.StreamReader) -> bool:
        """Tell whether a connection is open and says nothing."""
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(0.05):
                assert await reader.read(10) == b""
                return False
        return not reader.at_eof() and reader.exception() is None


@asynccontextmanager
async def served() -> AsyncIterator[Server]:
    server = Server()
    runner = web.AppRunner(
        server.application, shutdown_timeout=0.1, logger=server.connections.logger
    )
    await runner.setup()
    site = Site(runner, server.connections, host="127.0.0.1", port=0)
    await site.start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        server.now.set()
        await runner.cleanup()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(door, "_SWEEP_SECONDS", 0.1)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("text", [b"", HALF, BODY[:-8]])
async def test_who_sends_no_whole_head_is_let_go(text: bytes) -> None:
    async with served() as server, asyncio.timeout(10):
        with suppress(ConnectionError):
            assert await (await server.open(text)).read() == b""
        assert server.connections.count == 0


@pytest.mark.usefixtures("quick")
async def test_who_drips_a_head_is_let_go_as_well() -> None:
    async with served() as server, asyncio.timeout(10):
        reader, begun = await server.open(HALF), asyncio.get_running_loop().time()
        with suppress(ConnectionError):
            while await server.is_open(reader):
                server.opened[-1].write(b"x")
        assert asyncio.get_running_loop().time() - begun < 3


@pytest.mark.usefixtures("quick")
async def test_who_is_answered_or_idle_after_that_stays() -> None:
    async with served() as server, asyncio.timeout(20):
        slow = await server.open(SLOW)
        idle = await server.open(BODY + b"12345")
        assert (await idle.readuntil(b"read")).startswith(b"HTTP/1.1 200")
        again = server.opened[-1]
        await asyncio.sleep(1.5)
        again.write(BODY + b"12345")
        assert (await idle.readuntil(b"read")).startswith(b"HTTP/1.1 200")
        server.now.set()
        assert (await slow.readuntil(b"slow")).startswith(b"HTTP/1.1 200")
        again.write(HALF)
        with suppress(ConnectionError):
            assert await idle.read() == b"", "the second head does not come to an end"


@pytest.mark.parametrize("text", [b"", HALF, BODY])
async def test_strangers_that_wait_give_way_to_whoever_comes(
    text: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with served() as server, ClientSession() as client, asyncio.timeout(20):
            for _ in range(5 * MOST):
                await server.open(text)
                assert server.connections.count <= MOST
            for _ in range(3):
                url = f"http://127.0.0.1:{server.port}/"
                async with client.post(url, data=b"x", headers={"Connection": "close"}) as told:
                    assert told.status == 200
                await server.open(text)
            assert server.connections.count <= MOST
    said = [each for each in caplog.messages if "too many" in each]
    assert said == [
        f"too many connections server=the tests most={MOST}: "
        "who has owed a head or a body for longest gives way"
    ]
    assert not [each for each in caplog.records if each.exc_info]


async def test_strangers_give_way_before_those_who_were_answered_once() -> None:
    async with served() as server, asyncio.timeout(20):
        known = await server.open(BODY + b"12345")
        await known.readuntil(b"read")
        first = [await server.open(HALF) for _ in range(MOST - 1)]
        await server.open(HALF)
        assert await server.is_open(known)
        assert [await server.is_open(each) for each in first] == [False, *[True] * (MOST - 2)]


async def test_who_is_being_answered_does_not_give_way() -> None:
    async with served() as server, asyncio.timeout(20):
        slow = [await server.open(SLOW) for _ in range(MOST)]
        await asyncio.sleep(0.1)
        with suppress(ConnectionError):
            assert await (await server.open(SLOW)).read() == b""
        server.now.set()
        answers = [await each.readuntil(b"slow") for each in slow]
        assert all(each.startswith(b"HTTP/1.1 200") for each in answers)


async def test_a_body_that_is_badly_packed_is_refused_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with served() as server, ClientSession() as client, asyncio.timeout(20):
        for _ in range(3):
            url, packed = f"http://127.0.0.1:{server.port}/", {"Content-Encoding": "gzip"}
            async with client.post(url, data=b"junk", headers=packed) as answer:
                assert answer.status == 400
    assert len(caplog.messages) == 1
    assert not [each for each in caplog.records if each.exc_info]


def test_no_server_takes_more_than_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for files in (40, 1024, 20_000, -1):
        monkeypatch.setattr(resource, "getrlimit", lambda _, files=files: (files, files))
        found.append(door.most_connections())
    assert found == [16, 128, 1000, 1000]


async def test_a_port_that_is_taken_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        runner = web.AppRunner(web.Application())
        await runner.setup()
        site = Site(runner, Connections("x"), host="127.0.0.1", port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            await site.start()
        await runner.cleanup()
