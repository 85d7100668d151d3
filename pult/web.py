"""The wall, the metrics and the health of a running pipeline, over HTTP."""

import asyncio
import errno
import re
from collections.abc import Callable
from importlib.resources import files
from ipaddress import ip_address

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry

from producers.connections import Connections, Site
from pult.floor_pages import FloorPages
from pult.health import health_routes, metrics_page
from pult.streams import Paint, Streams
from schemas.errors import PortTaken

END_SECONDS = 1.0
"""How long the end of a server waits for answers that are under way."""

_PAGE = {
    "index.html": "text/html",
    "colours.css": "text/css",
    "wall.css": "text/css",
    "supervisor.css": "text/css",
    "feed.js": "text/javascript",
    "page.js": "text/javascript",
    "sign_in.js": "text/javascript",
    "supervisor.js": "text/javascript",
    "texts.js": "text/javascript",
    "wall.js": "text/javascript",
}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


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
        self._streams = [Streams(paint)]
        self._loop = asyncio.get_running_loop()
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

    def add_floor(self, pages: FloorPages) -> None:
        """Serve the supervisor's page, too."""
        self.application.add_routes(pages.routes())
        self._streams.append(pages.streams)

    def changed(self) -> None:
        """Tell that the state has changed; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """End all streams."""
        for each in self._streams:
            each.close()

    def _wake(self) -> None:
        for each in self._streams:
            each.wake()

    async def _page(self, request: web.Request) -> web.Response:
        name = request.match_info.get("name", "index.html")
        if name not in _PAGE:
            raise web.HTTPNotFound(text=f"nothing at /{name}; the wall is at /")
        body = (files("dashboards") / "wall" / name).read_bytes()
        return web.Response(
            body=body, content_type=_PAGE[name], charset="utf-8", headers=_HEADERS
        )

    async def _live(self, request: web.Request) -> web.StreamResponse:
        return await self._streams[0].send(request, _HEADERS)


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


def sql_host(host: str) -> str:
    """Return where the SQL endpoint listens: without a password on this machine only."""
    return host if is_loopback(host) else "127.0.0.1"


def address(host: str, port: int) -> str:
    """Return the address of a server."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def listen(
    app: web.Application, host: str, port: int, what: str, option: str
) -> tuple[web.AppRunner, int]:
    """Serve an application; return its runner and the port it got.

    Raises:
        PortTaken: another process listens there, or the address is none of this machine; the
            message names the option or the setting.
    """
    connections = Connections(what)
    app.middlewares.insert(0, connections.middleware)
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=END_SECONDS, logger=connections.logger
    )
    await runner.setup()
    try:
        await Site(runner, connections, host=host, port=port).start()
    except OSError as error:
        await runner.cleanup()
        why = error.strerror or error
        # Only of these another port is of use.
        of_port = error.errno in (errno.EADDRINUSE, errno.EACCES)
        advice = f"{option} names another port" if of_port else "check http.host"
        msg = f"cannot serve {what} at {host}:{port}: {why}; {advice}"
        raise PortTaken(msg) from error
    return runner, int(runner.addresses[0][1])
