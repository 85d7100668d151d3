"""A small server of its own process: the wall's files, and a stream of whatever it is told.

`python -m tests.dashboards.player PORT` serves the page at `/`, the last posted text as event
`picture` at `/live` (at once, then twice a second), and what was asked of `/live` at `/asked`.
It stands in for the real server so that a test can stop, hang and restart it.
"""

import asyncio
import sys
from contextlib import suppress
from importlib import resources
from typing import NoReturn

from aiohttp import web

WALL = resources.files("dashboards.wall")
KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript"}


class _Player:
    """What is on, who asked for it, and whether anybody is let in."""

    def __init__(self) -> None:
        self.message = ""
        self.refusing = False
        self.changed = asyncio.Event()
        self.asked: list[str] = []

    async def page(self, request: web.Request) -> web.Response:
        name = request.match_info["name"] or "index.html"
        kind = KINDS.get(name.rpartition(".")[2])
        file = WALL / name
        if kind is None or not file.is_file():
            raise web.HTTPNotFound
        headers = {"Cache-Control": "no-cache"}
        return web.Response(text=file.read_text("utf-8"), content_type=kind, headers=headers)

    async def play(self, request: web.Request) -> web.Response:
        self.message = await request.text()
        self._wake()
        return web.Response()

    async def refuse(self, request: web.Request) -> web.Response:
        self.refusing = await request.text() == "on"
        self._wake()
        return web.Response()

    async def questions(self, _: web.Request) -> web.Response:
        return web.json_response(self.asked)

    async def live(self, request: web.Request) -> web.StreamResponse:
        if self.refusing:
            raise web.HTTPServiceUnavailable
        self.asked.append(request.query_string)
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        await stream.write(b"retry: 500\n\n")
        with suppress(ConnectionResetError):
            await self._send(stream)
        return stream

    def _wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    async def _send(self, stream: web.StreamResponse) -> NoReturn:
        while not self.refusing:
            if self.message:
                await stream.write(f"event: picture\ndata: {self.message}\n\n".encode())
            with suppress(TimeoutError):
                await asyncio.wait_for(self.changed.wait(), 0.5)
        raise ConnectionResetError


def main(port: int) -> None:
    """Serve until killed."""
    player = _Player()
    app = web.Application()
    app.router.add_get("/live", player.live)
    app.router.add_get("/asked", player.questions)
    app.router.add_post("/play", player.play)
    app.router.add_post("/refuse", player.refuse)
    app.router.add_get("/{name:[^/]*}", player.page)
    web.run_app(app, host="127.0.0.1", port=port, print=None, shutdown_timeout=0.1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
