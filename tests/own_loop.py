"""An event loop in a thread of its own, for a server that a test tells what to do."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any

_PATIENCE_SECONDS = 60
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class OwnLoop:
    """Runs from `start` to `end`; what it is asked for has been done when a method returns."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        """Begin to run."""
        self._thread.start()

    def run(self, what: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine to its end."""
        asyncio.run_coroutine_threadsafe(what, self._loop).result(_PATIENCE_SECONDS)

    def call(self, what: Callable[[], None]) -> None:
        """Call what may only be called in the loop's thread."""

        async def now() -> None:
            what()

        self.run(now())

    def end(self) -> None:
        """End all that is under way: what is left pending complains when it is collected."""
        self.run(_end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _end_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection in a way that the other side notices as a reset."""
    plug: socket.socket = writer.get_extra_info("socket")
    if not writer.transport.is_closing():
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
    writer.transport.abort()
