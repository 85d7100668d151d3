"""The real pages of the supervisor over real HTTP, with people whom a test has written."""

import asyncio
import threading
from dataclasses import dataclass, field
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from prometheus_client import CollectorRegistry

from dashboards.wall.scope import Scope
from pult.floor_pages import FloorPages
from pult.web import Wall, listen
from tests.dashboards.floors import small_floor
from tests.dashboards.pictures import Picture, bad_day

TOKEN = "c0ffee" * 6


@dataclass(frozen=True)
class Answer:
    """Status, headers and beginning of an answer."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass
class FloorServer:
    """A wall and a supervisor's page in a thread, until closed."""

    token: str = TOKEN
    people: Picture = field(default_factory=small_floor)
    asked: list[Scope] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start, and wait until it listens."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_until_complete, args=[self._run()]
        )
        self._started = threading.Event()
        self._thread.start()
        assert self._started.wait(10)

    def show(self, people: Picture) -> None:
        """Send other people to all pages."""
        self.people = people
        self.wall.changed()

    def close(self) -> None:
        """End it."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    def ask(self, path: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
        """Ask without following to elsewhere; of a stream the first lines are read."""
        data = None if form is None else urlencode(form).encode()
        request = Request(self.address + path, data, headers)
        try:
            with build_opener(_Stay).open(request, timeout=5) as answer:
                stream = "event-stream" in answer.headers["Content-Type"]
                lines = [answer.readline() for _ in range(2)] if stream else [answer.read()]
                told = b"".join(lines).decode()
                return Answer(answer.status, dict(answer.headers), told)
        except HTTPError as refused:
            return Answer(refused.code, dict(refused.headers), refused.read().decode())

    def _paint(self, scope: Scope) -> Picture:
        self.asked.append(scope)
        return self.people

    async def _run(self) -> None:
        self._end = asyncio.Event()
        self.wall = Wall(
            lambda _: bad_day(), lambda: "", CollectorRegistry(), CollectorRegistry()
        )
        self.wall.add_floor(FloorPages(self._paint, self.token))
        runner, port = await listen(self.wall.application, "127.0.0.1", 0, "the wall", "--port")
        self.address = f"http://127.0.0.1:{port}"
        self._started.set()
        await self._end.wait()
        self.wall.close()
        await runner.cleanup()


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None
