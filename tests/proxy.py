"""A TCP proxy that a test owns: it stands between two programs and spoils what they say."""

import asyncio
import time
from types import TracebackType

from tests.kafka import free_port
from tests.own_loop import OwnLoop, reset

_PORTION = 1 << 16
_IN_FLIGHT = 64


class Proxy:
    """Passes connections of its port on to another port of the loopback, until told otherwise.

    Its methods may be called from any thread, and have taken effect when they return.

    Attributes:
        port: where it listens; the same for its whole life.
        delay_ms: how much later than it came each portion is passed on, in both directions.
    """

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self.delay_ms = 0.0
        self._target_port = target_port
        self._loop = OwnLoop()
        self._server: asyncio.Server | None = None
        self._clients: list[asyncio.StreamWriter] = []
        self._targets: list[asyncio.StreamWriter] = []
        self._passing: set[asyncio.Task[None]] = set()

    def __enter__(self) -> "Proxy":
        self._loop.start()
        self.accept()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.refuse()
        self._loop.end()

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return len(self._clients)

    def accept(self) -> None:
        """Listen, as at the beginning."""

        async def listen() -> None:
            if self._server is None:
                self._server = await asyncio.start_server(self._begin, "127.0.0.1", self.port)

        self._loop.run(listen())

    def refuse(self) -> None:
        """Cut all connections and refuse new ones, as a host whose program has died."""

        def close() -> None:
            if self._server is not None:
                self._server.close()
                self._server = None
            self._cut_all()

        self._loop.call(close)

    def cut(self) -> None:
        """Reset all connections; new ones are accepted at once."""
        self._loop.call(self._cut_all)

    def half_close(self) -> None:
        """Tell all clients that nothing more will come, while what they say still goes on."""

        def close() -> None:
            for client in self._clients:
                if client.can_write_eof():
                    client.write_eof()

        self._loop.call(close)

    def _cut_all(self) -> None:
        for writer in (*self._clients, *self._targets):
            reset(writer)
        self._clients.clear()
        self._targets.clear()

    def _begin(
        self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        """Begin a connection in a task of our own: asyncio logs its own if one is cancelled."""
        task = asyncio.ensure_future(self._connected(from_client, to_client))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def _connected(
        self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        self._clients.append(to_client)
        try:
            from_target, to_target = await asyncio.open_connection(
                "127.0.0.1", self._target_port
            )
        except OSError:
            to_client.transport.abort()
            self._forget(to_client)
            return
        if to_client.transport.is_closing():
            # It was cut while the other half was made.
            reset(to_target)
            return
        self._targets.append(to_target)
        ways = [
            asyncio.ensure_future(self._pass_on(from_client, to_target)),
            asyncio.ensure_future(self._pass_on(from_target, to_client)),
        ]
        await asyncio.wait(ways)
        for writer in (to_client, to_target):
            writer.transport.abort()
            self._forget(writer)

    def _forget(self, writer: asyncio.StreamWriter) -> None:
        for writers in (self._clients, self._targets):
            if writer in writers:
                writers.remove(writer)

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Pass one direction on until its end; a half-closed connection stays half-closed."""
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_IN_FLIGHT)
        read = asyncio.ensure_future(self._read(reader, waiting))
        try:
            while True:
                at, portion = await waiting.get()
                await asyncio.sleep(max(0.0, at - time.monotonic()))
                if not portion:
                    break
                writer.write(portion)
                await writer.drain()
            if writer.can_write_eof() and not writer.is_closing():
                writer.write_eof()
        except (OSError, RuntimeError):
            # The other side has gone, or was told already that nothing more comes.
            writer.transport.abort()
        finally:
            read.cancel()

    async def _read(
        self, reader: asyncio.StreamReader, waiting: "asyncio.Queue[tuple[float, bytes]]"
    ) -> None:
        portion = b"?"
        while portion:
            try:
                portion = await reader.read(_PORTION)
            except OSError:
                portion = b""
            await waiting.put((time.monotonic() + self.delay_ms / 1000, portion))
