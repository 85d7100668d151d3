"""The connections of an HTTP server: a bounded number, and none that only waits for its head.

All parts of a process share its descriptors, so whoever may use up those of one server takes
the others down with it. Here no server takes more than its share: when that is taken, whoever
has owed something for longest (the rest of a head or of a body, a look at the answer) gives way
to whoever comes.
"""

import asyncio
import heapq
import logging
import resource
import time
from typing import Any

from aiohttp import web
from aiohttp.http import HttpProcessingError
from aiohttp.typedefs import Handler

HEAD_SECONDS = 10.0
"""A whole head comes within so long of the connection, or of its own first byte."""

MOST = 1_000
"""Connections of one server."""

ONE_IN = 8
"""Of the descriptors that a process may have no server takes more than one in so many."""

_FEWEST = 16
_ACCEPTED_AT_ONCE = 64
_SWEEP_SECONDS = 1.0
_SAY_SECONDS = 60.0

_THEIRS = (HttpProcessingError, web.RequestPayloadError, ConnectionError)

_LOG = logging.getLogger("pult.http")


def most_connections() -> int:
    """Return how many connections one server of this process may have."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MOST
    return max(_FEWEST, min(MOST, files // ONE_IN))


class Connections:
    """The connections of one server, in its loop.

    Its application needs `middleware`, its runner `logger`.

    Args:
        what: is served, for the log.
        most: of them are open.
    """

    def __init__(self, what: str, most: int | None = None) -> None:
        self._what = what
        self._most = most_connections() if most is None else most
        self._open: set[_Connection] = set()
        self._of: dict[asyncio.Protocol, _Connection] = {}
        self._said_at: dict[str, float] = {}
        self._sweeping = False
        self.logger = _Requests(self)

    @property
    def count(self) -> int:
        """How many are open."""
        return len(self._open)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note that a head has come, and when its answer is there; refuse torn bodies."""
        connection = self._of.get(request.protocol)
        if connection is None:
            return await handler(request)
        connection.begin(request)
        try:
            return await handler(request)
        except web.RequestPayloadError:
            torn = web.Response(text="the body is cut short or badly packed\n", status=400)
            torn.force_close()  # where its next request would begin nobody knows
            return torn
        finally:
            connection.end()

    def admit(self, connection: "_Connection") -> bool:
        """Make room for a connection; return whether there is any."""
        if len(self._open) >= self._most:
            if self._is_due("many"):
                _LOG.warning(
                    "too many connections server=%s most=%d: who has owed a head or a body "
                    "for longest gives way", self._what, self._most,
                )  # fmt: skip
            # Some at once, so that a flood does not have all looked at for each of its drops.
            owing = (each for each in self._open if each.owes_since is not None)
            for each in heapq.nsmallest(max(1, self._most // 16), owing, key=_gives_way_first):
                self.leave(each)
                each.abort()
        if len(self._open) >= self._most:
            return False
        self._open.add(connection)
        self._of[connection.inner] = connection
        if not self._sweeping:
            self._sweeping = True
            asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep)
        return True

    def leave(self, connection: "_Connection") -> None:
        """Count a connection no more."""
        self._open.discard(connection)
        self._of.pop(connection.inner, None)

    def note_unreadable(self, error: BaseException) -> None:
        """Say once a minute that what came was no HTTP."""
        if self._is_due("unreadable"):
            kind = type(error).__name__
            _LOG.warning("request refused server=%s: it is no HTTP (%s)", self._what, kind)

    def _sweep(self) -> None:
        """Close what has waited for its head too long."""
        before = time.monotonic() - HEAD_SECONDS
        late = [each for each in self._open if each.head_begun_before(before)]
        for each in late:
            self.leave(each)
            each.abort()
        if late and self._is_due("late"):
            _LOG.info(
                "connections closed server=%s: no whole head within %g s",
                self._what, HEAD_SECONDS,
            )  # fmt: skip
        self._sweeping = bool(self._open)
        if self._sweeping:
            asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep)

    def _is_due(self, what: str) -> bool:
        """Tell whether something is to be said: once a minute."""
        now = time.monotonic()
        if now - self._said_at.get(what, -_SAY_SECONDS) < _SAY_SECONDS:
            return False
        self._said_at[what] = now
        return True


class _Requests:
    """What aiohttp says of requests, as a logger: strangers' words do not belong into a log.

    It would write a traceback with the beginning of whatever came, secrets among it.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def exception(self, _: str, *__: object, exc_info: BaseException) -> None:
        """Say once a minute that a request was none; say in full what is a defect of ours."""
        if isinstance(exc_info, _THEIRS):
            self._connections.note_unreadable(exc_info)
        else:
            _LOG.error("request failed", exc_info=exc_info)

    def debug(self, *_: object, **__: object) -> None:
        """Say nothing."""


class Site(web.BaseSite):
    """Where a server listens.

    Args:
        runner: what answers, set up.
        connections: bounds whoever comes.
        where: as `create_server` of an event loop takes it: `sock`, or `host` and `port`.
    """

    def __init__(self, runner: web.BaseRunner, connections: Connections, **where: Any) -> None:
        super().__init__(runner)
        self._connections = connections
        self._where = where

    @property
    def name(self) -> str:
        """What is listened for."""
        return "http"

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: somebody else does.
        """
        await super().start()
        # Of accepted ones the loop looks at none before it has accepted so many.
        self._server = await asyncio.get_running_loop().create_server(
            self._made, backlog=_ACCEPTED_AT_ONCE, **self._where
        )

    def _made(self) -> asyncio.Protocol:
        server = self._runner.server
        assert server is not None
        return _Connection(self._connections, server())


class _Connection(asyncio.Protocol):
    """One connection, before what reads it."""

    def __init__(self, connections: Connections, inner: asyncio.Protocol) -> None:
        self.inner = inner
        self._all = connections
        self._transport: asyncio.BaseTransport | None = None
        self._is_in = False
        self._request: web.Request | None = None
        self.answered = 0
        self._since = time.monotonic()
        self._head_since: float | None = self._since
        self._unread_since: float | None = None

    @property
    def owes_since(self) -> float | None:
        """Since when its client has owed something [s, monotonic]; None if we owe him."""
        if self._unread_since is not None:
            return self._unread_since
        if self._request is not None and self._request.content.is_eof():
            return None
        return self._since

    def head_begun_before(self, at: float) -> bool:
        """Tell whether a head that is not whole began before a time [s, monotonic]."""
        begun = self._head_since
        return begun is not None and begun < at and self._unread_since is None

    def begin(self, request: web.Request) -> None:
        """Note that a head is whole."""
        self._request, self._since, self._head_since = request, time.monotonic(), None

    def end(self) -> None:
        """Note that its answer is there."""
        self._request, self._since, self.answered = None, time.monotonic(), self.answered + 1

    def abort(self) -> None:
        """Close it at once."""
        if isinstance(self._transport, asyncio.Transport):
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._is_in = self._all.admit(self)
        if self._is_in:
            self.inner.connection_made(transport)
        else:
            self.abort()

    def data_received(self, data: bytes) -> None:
        if self._request is None and self._head_since is None:
            self._head_since = time.monotonic()
        if self._is_in:
            self.inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self.inner.eof_received() if self._is_in else None

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.leave(self)
        if self._is_in:
            self.inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._unread_since = time.monotonic()
        self.inner.pause_writing()

    def resume_writing(self) -> None:
        self._unread_since = None
        self.inner.resume_writing()


def _gives_way_first(connection: _Connection) -> tuple[bool, float]:
    """Order connections that owe something: strangers first, then who has owed for longest."""
    return connection.answered > 0, connection.owes_since or 0.0
