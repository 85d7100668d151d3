"""The wall, the metrics and the health of a running pipeline, over HTTP."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from ipaddress import ip_address

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry

from dashboards.wall.picture import Picture, Scope
from pult.health import health_routes, metrics_page
from schemas.errors import PortTaken

SEND_AT_LEAST_SECONDS = 1.0
SEND_AT_MOST_EVERY_SECONDS = 0.05
SHARE = 0.25
"""Of a processor pictures take no more; beyond that they are sent less often."""

_WRITE_SECONDS = 0.0001
"""CPU of sending a picture to one page."""

END_SECONDS = 1.0
"""How long the end of a server waits for answers that are under way."""

_PAGE = {
    "index.html": "text/html",
    "wall.css": "text/css",
    "wall.js": "text/javascript",
    "texts.js": "text/javascript",
}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

Paint = Callable[[Scope], Picture]


@dataclass(frozen=True, slots=True)
class _Painted:
    """A picture as it is sent, when it was painted, and the event of the next change."""

    at: float
    message: bytes
    outdated: asyncio.Event
    cpu_seconds: float


class Wall:
    """Sends pictures to the pages that are open."""

    def __init__(
        self,
        paint: Paint,
        ready: Callable[[], str],
        registry: CollectorRegistry,
        discipline: CollectorRegistry,
        host: str = "127.0.0.1",
    ) -> None:
        """Build the application.

        Args:
            paint: returns the picture of a scope.
            ready: returns why the figures are not to be trusted, or an empty string.
            registry: what `/metrics` shows.
            discipline: what `/metrics/discipline` shows, for those who ask every second.
            host: where it is served; at a loopback address it answers to no other name.
        """
        self._paint = paint
        self._changed = asyncio.Event()
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._painted: dict[Scope, _Painted] = {}
        self._pages: Counter[Scope] = Counter()
        self.application = web.Application(
            middlewares=[only_loopback] if is_loopback(host) else []
        )
        self.application.add_routes(
            [
                web.get("/", self._page),
                web.get("/live", self._live),
                *health_routes(ready, registry),
                web.get("/metrics/discipline", metrics_page(discipline)),
                web.get("/{name}", self._page),
            ]
        )

    def changed(self) -> None:
        """Tell that the state has changed; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """End all streams, which would hold up the end of the server for a minute."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        # A new event for the next change: each stream waits for changes after its own picture.
        self._changed.set()
        self._changed = asyncio.Event()

    async def _page(self, request: web.Request) -> web.Response:
        name = request.match_info.get("name", "index.html")
        if name not in _PAGE:
            raise web.HTTPNotFound(text=f"nothing at /{name}; the wall is at /")
        body = (files("dashboards") / "wall" / name).read_bytes()
        return web.Response(
            body=body, content_type=_PAGE[name], charset="utf-8", headers=_HEADERS
        )

    async def _live(self, request: web.Request) -> web.StreamResponse:
        scope = Scope(
            frozenset(
                name
                for value in request.query.getall("queues", [])
                for name in value.split(",")
                if name
            ),
            request.query.get("team", ""),
            request.query.get("tenant", ""),
        )
        response = web.StreamResponse(
            headers={**_HEADERS, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        )
        self._pages[scope] += 1
        try:
            # A page may be gone before its first picture, which raises here already.
            await response.prepare(request)
            while not self._closed:
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

    async def _until_outdated(self, shown: "_Painted") -> None:
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
        return min(max(wanted, SEND_AT_MOST_EVERY_SECONDS), SEND_AT_LEAST_SECONDS)

    def _shown(self, scope: Scope) -> "_Painted":
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


@web.middleware
async def only_loopback(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse other names: a foreign page may point a name of its own at 127.0.0.1 and read."""
    host = request.headers.get("Host", "")
    if not is_loopback(re.sub(r":\d*\Z", "", host)):
        return web.Response(text=f"served on localhost only, not as {host!r}\n", status=403)
    return await handler(request)


def is_loopback(host: str) -> bool:
    """Tell whether a name or an address (IPv6 also in brackets) means this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


async def listen(
    app: web.Application, host: str, port: int, what: str, option: str
) -> tuple[web.AppRunner, int]:
    """Serve an application; return its runner and the port it got.

    Raises:
        PortTaken: another process listens there; the message names the option.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=END_SECONDS)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        why = error.strerror or error
        msg = f"cannot serve {what} at {host}:{port}: {why}; {option} names another port"
        raise PortTaken(msg) from error
    return runner, int(runner.addresses[0][1])
