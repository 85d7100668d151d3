"""Streams of pictures to the pages that are open: the newest soon, never too many."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from aiohttp import web

from dashboards.wall.picture import Picture
from dashboards.wall.scope import Scope
from producers.connections import most_connections

SEND_AT_LEAST_SECONDS = 1.0
SEND_AT_MOST_EVERY_SECONDS = 0.05
SHARE = 0.25
"""Of a processor pictures take no more; beyond that they are sent less often."""

_WRITE_SECONDS = 0.0001
"""CPU of sending a picture to one page."""

Paint = Callable[[Scope], Picture]


@dataclass(frozen=True, slots=True)
class _Painted:
    """A picture as it is sent, when it was painted, and the event of the next change."""

    at: float
    message: bytes
    outdated: asyncio.Event
    cpu_seconds: float


class Streams:
    """Sends pictures to pages; made in the loop that serves them.

    Args:
        paint: returns the picture of a scope.
        at_most_every: how long after a picture the next one of its scope follows at once [s].
        most: pages at once; None: half of the connections; others are for metrics and health.
    """

    def __init__(
        self,
        paint: Paint,
        at_most_every: float = SEND_AT_MOST_EVERY_SECONDS,
        most: int | None = None,
    ) -> None:
        self._paint = paint
        self._at_most_every = at_most_every
        self._most = most_connections() // 2 if most is None else most
        self._changed = asyncio.Event()
        self._closed = False
        self._painted: dict[Scope, _Painted] = {}
        self._pages: Counter[Scope] = Counter()

    def wake(self) -> None:
        """Tell that the state has changed, in the loop."""
        # A new event for the next change: each stream waits for changes after its own picture.
        self._changed.set()
        self._changed = asyncio.Event()

    def close(self) -> None:
        """End all streams, which would hold up the end of the server for a minute."""
        self._closed = True
        self.wake()

    async def send(
        self, request: web.Request, headers: Mapping[str, str], until: float = float("inf")
    ) -> web.StreamResponse:
        """Answer with pictures of what a request asks for, until a time [s since 1970]."""
        if self._pages.total() >= self._most:
            return web.Response(text=f"{self._most} pages are open already\n", status=503)
        scope = _scope(request)
        response = web.StreamResponse(
            headers={**headers, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        )
        self._pages[scope] += 1
        try:
            # A page may be gone before its first picture, which raises here already.
            await response.prepare(request)
            while not self._closed and time.time() < until:
                shown = self._shown(scope)
                await response.write(shown.message)
                await self._until_outdated(shown)
        except ConnectionResetError:
            pass
        finally:
            self._pages[scope] -= 1
            if not self._pages[scope]:
                del self._pages[scope]
                self._painted.pop(scope, None)
        return response

    async def _until_outdated(self, shown: _Painted) -> None:
        """Wait for the first change that is late enough, or until a sign of life is due.

        After a pause a change is sent at once; pages of one scope wake together.
        """
        await asyncio.sleep(shown.at + self.pace() - time.monotonic())
        with suppress(TimeoutError):
            async with asyncio.timeout(shown.at + SEND_AT_LEAST_SECONDS - time.monotonic()):
                await shown.outdated.wait()

    def pace(self) -> float:
        """Return how long after a picture the next one of its scope may follow [s]."""
        painting = sum(each.cpu_seconds for each in self._painted.values())
        wanted = (painting + _WRITE_SECONDS * self._pages.total()) / SHARE
        return min(max(wanted, self._at_most_every), SEND_AT_LEAST_SECONDS)

    def _shown(self, scope: Scope) -> _Painted:
        """Return what a scope is shown now; pages of one scope share a picture."""
        painted = self._painted.get(scope)
        # Who wakes first paints; the others are a little later, or the clock a little coarse.
        if painted is None or time.monotonic() - painted.at > 0.9 * self.pace():
            cpu = time.thread_time()
            body = b"event: picture\ndata: " + msgspec.json.encode(self._paint(scope)) + b"\n\n"
            painted = self._painted[scope] = _Painted(
                time.monotonic(), body, self._changed, time.thread_time() - cpu
            )
        return painted


def _scope(request: web.Request) -> Scope:
    queues = frozenset(
        name
        for value in request.query.getall("queues", [])
        for name in value.split(",")
        if name
    )
    return Scope(queues, request.query.get("team", ""), request.query.get("tenant", ""))
