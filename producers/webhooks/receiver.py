"""Listens for webhooks of all sources: a body is in the journal before anybody reads it.

    POST /hooks/SOURCE            and /hooks/SOURCE/SECRET where the address is the secret

200 kept, now or before; 400 torn, or a token in it cannot be blotted out; 401 no or a wrong
signature; 404 no such source; 405 not a POST; 408 too slow; 413 too large; 415 packed in a way
that is not read; 429 too many; 503 not kept, send it again. What a body means never makes
another answer.
"""

import asyncio
import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aiohttp import web

from producers.connections import Connections, Site
from producers.frame import WEBHOOK
from producers.posted import Message, body_key, id_key, kept
from producers.source import Take
from producers.status import SourceStatus
from producers.webhooks.bodies import Body, BodyRefused, Room, packing_of, too_large
from producers.webhooks.keeping import Keeper
from producers.webhooks.limits import Rate
from producers.webhooks.signatures import Check, Posted, Verdict
from schemas.errors import PortTaken, PultFailure

END_SECONDS = 2.0
_RETRY_SECONDS = 5
_BACKLOG = 512
_IDLE_SECONDS = 75.0  # longer than the 60 s of a proxy, so that it is the proxy that hangs up
_SAY_SECONDS = 60.0
_SMALL = 16 * 1024
_UNFINISHED = (400, 408)  # where the next request of that connection would begin nobody knows
_VERDICTS: Sequence[Verdict] = ("missing", "wrong", "stale", "right")

_LOG = logging.getLogger("pult.webhooks")


@dataclass
class Hook:
    """One source that posts.

    Attributes:
        name: of the source.
        check: tells whether a request is from it.
        largest_bytes: no body is larger.
        rate: how much it may say.
        headers: which headers its mapping reads, in lower case.
        id_header: which one holds its id of a message, in lower case.
        status: how it is.
        answers: how many requests were answered how.
    """

    name: str
    check: Check
    largest_bytes: int
    rate: Rate
    headers: tuple[str, ...] = ()
    id_header: str = ""
    public_url: str = ""
    status: SourceStatus = field(init=False)
    answers: Counter[str] = field(default_factory=Counter)
    keeper: Keeper | None = None
    said_at: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.status = SourceStatus(self.name, WEBHOOK, trouble="not listening yet")


class Receiver:
    """One address for all sources that post; it listens while any of them runs.

    Args:
        host: where to listen.
        port: likewise; 0 is any free one.
        seal: makes of a secret what is equal for equal ones and tells nothing of it.
        now: the present [s since 1970].
    """

    def __init__(
        self,
        host: str,
        port: int,
        seal: Callable[[bytes], str],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._host = host
        self._seal = seal
        self._now = now
        self._hooks: dict[str, Hook] = {}
        self.room = Room()
        self._lock = threading.Lock()
        self._open = 0
        self._server: threading.Thread | None = None
        self._stopped = threading.Event()
        self._socket = _listening(host, port)
        self.port: int = self._socket.getsockname()[1]

    @property
    def address(self) -> str:
        """Where it listens."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    def add(self, hook: Hook) -> "HookSource":
        """Return a source that posts to this receiver."""
        self._hooks[hook.name] = hook
        return HookSource(self, hook)

    def begin(self, hook: Hook, take: Take) -> None:
        """Let a source's messages in."""
        with self._lock:
            hook.keeper = Keeper(take)
            hook.status.connected, hook.status.trouble = True, ""
            hook.status.connections += 1
            self._open += 1
            if self._server is None:
                self._server = threading.Thread(
                    target=lambda: asyncio.run(self._serve()), daemon=True
                )
                self._server.start()

    def end(self, hook: Hook) -> None:
        """Let nothing of a source in any more; the last one ends the listening."""
        with self._lock:
            self._open -= 1
            last = self._open == 0
        if last and self._server is not None:
            self._stopped.set()
            self._server.join()
        hook.status.connected, hook.status.trouble = False, "not listening any more"

    async def _serve(self) -> None:
        connections = Connections("webhooks")
        application = web.Application(middlewares=[connections.middleware])
        application.add_routes([
            web.post("/hooks/{source}", self._posted),
            web.post("/hooks/{source}/{secret}", self._posted),
            web.get("/healthz", _alive),
        ])  # fmt: skip
        runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=END_SECONDS,
            keepalive_timeout=_IDLE_SECONDS, auto_decompress=False, logger=connections.logger,
        )  # fmt: skip
        await runner.setup()
        await Site(runner, connections, sock=self._socket).start()
        self._socket.listen(_BACKLOG)
        try:
            await asyncio.to_thread(self._stopped.wait)
        finally:
            await runner.cleanup()

    async def _posted(self, request: web.Request) -> web.Response:
        hook = self._hooks.get(request.match_info["source"])
        if hook is None or hook.keeper is None:
            return _line(404, "no source of that name takes webhooks")
        answer = await self._answer(hook, hook.keeper, request)
        hook.answers[str(answer.status)] += 1
        return answer

    async def _answer(self, hook: Hook, keeper: Keeper, request: web.Request) -> web.Response:
        if not hook.check.needs_body:
            refused = self._refused(hook, _request(hook, request, b""))
            if refused is not None:
                return refused
        wait = hook.rate.wait_seconds(time.monotonic())
        if wait:
            return self._too_many(hook, wait)
        try:
            return await self._read(hook, keeper, request)
        except BodyRefused as refused:
            self._say(hook, str(refused))
            retry = _RETRY_SECONDS if refused.status == 503 else 0
            answer = _line(refused.status, str(refused), retry)
            if refused.status in _UNFINISHED:
                answer.force_close()
            return answer

    async def _read(self, hook: Hook, keeper: Keeper, request: web.Request) -> web.Response:
        needs_body, most = hook.check.needs_body, hook.largest_bytes
        packing = packing_of(request.headers.getall("Content-Encoding", []))
        if (request.content_length or 0) > most:
            raise too_large(most)
        with Body(self.room, most, is_known=not needs_body) as body:
            came = await body.read(request.content)
            told = body.unpacked(came, packing)
            # Some sign what they pack, others what they send.
            ways = [_request(hook, request, each) for each in {came: None, told: None}]
            refused = self._refused(hook, *ways) if needs_body else None
            if refused is not None:
                return refused
            body.known()
            return await self._keep(hook, keeper, ways[-1])

    async def _keep(self, hook: Hook, keeper: Keeper, posted: Posted) -> web.Response:
        # Only now is it his own turn that he takes: strangers have none to take from him.
        wait = hook.rate.take(time.monotonic())
        if wait:
            return self._too_many(hook, wait)
        body = await _without_secrets(hook.check, posted)
        if body is None:
            raise BodyRefused(400, "it has a secret in a way that cannot be blotted out")
        headers = {
            name: posted.headers[name] for name in hook.headers if name in posted.headers
        }
        own = posted.headers.get(hook.id_header, "") or hook.check.id_of(posted)
        seal = None if body == posted.body else self._seal
        key = id_key(own) if own else body_key(posted.body, headers.items(), seal)
        at_us = int(self._now() * 1_000_000)
        message = Message(key, posted.content_type, headers, body)
        try:
            await keeper.keep(kept(hook.name, message, at_us))
        except PultFailure as failure:
            # The journal has said why; the sender learns only that he is to try again.
            self._say(hook, f"not kept: {failure}")
            return _line(503, "not kept; send it again", retry=_RETRY_SECONDS)
        hook.status.frames += 1
        hook.status.last_heard_us = at_us
        return _line(200, "kept")

    def _refused(self, hook: Hook, *ways: Posted) -> web.Response | None:
        """Return the answer to whoever is not the sender, whichever way his message is read."""
        verdict = max((hook.check(each, self._now()) for each in ways), key=_VERDICTS.index)
        if verdict == "right":
            return None
        hook.status.refusals += 1
        self._say(hook, f"signature {verdict}")
        return _line(401, f"signature {verdict}")

    def _too_many(self, hook: Hook, wait: float) -> web.Response:
        self._say(hook, "too many messages a second")
        return _line(429, "too many messages a second", retry=max(1, round(wait)))

    def _say(self, hook: Hook, what: str) -> None:
        """Say once a minute what was refused; never what was in it."""
        now = time.monotonic()
        if now - hook.said_at.get(what, -_SAY_SECONDS) >= _SAY_SECONDS:
            hook.said_at[what] = now
            _LOG.warning("webhook refused source=%s: %s", hook.name, what)


class HookSource:
    """What one source posts, as a source that goes on for ever."""

    def __init__(self, receiver: Receiver, hook: Hook) -> None:
        self.hook = hook
        self._receiver = receiver

    @property
    def status(self) -> SourceStatus:
        """How it is at present; may be read from any thread."""
        return self.hook.status

    @property
    def address(self) -> str:
        """Where it is to post to."""
        return f"{self._receiver.address}/hooks/{self.hook.name}"

    def run(self, take: Take, stopped: threading.Event) -> None:
        """Take what is posted until stopped."""
        self._receiver.begin(self.hook, take)
        try:
            stopped.wait()
        finally:
            self._receiver.end(self.hook)


def _request(hook: Hook, request: web.Request, body: bytes) -> Posted:
    return Posted(
        method=request.method,
        uri=hook.public_url or _address(request),
        last_part=request.match_info.get("secret", ""),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        content_type=request.headers.get("Content-Type", ""),
    )


async def _without_secrets(check: Check, posted: Posted) -> bytes | None:
    if len(posted.body) <= _SMALL:
        return check.without_secrets(posted)
    # It may take a second, for which nobody else is to wait.
    return await asyncio.to_thread(check.without_secrets, posted)


def _address(request: web.Request) -> str:
    """Return the address as it came: it is signed as it is written, and need not be one."""
    path = request.raw_path
    return f"http://{request.headers.get('Host', '')}{path}" if path[:1] == "/" else path


async def _alive(_: web.Request) -> web.Response:
    return web.Response(text="alive\n")


def _line(status: int, text: str, retry: int = 0) -> web.Response:
    headers = {"Retry-After": str(retry)} if retry else None
    return web.Response(text=f"{text}\n", status=status, headers=headers)


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that is bound.

    Raises:
        PortTaken: another process listens there, or the address is none of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            # Who comes before the first source has begun waits for a moment.
            bound.listen(_BACKLOG)
        except OSError:
            bound.close()
            raise
    except OSError as error:
        why = error.strerror or error
        msg = f"cannot take webhooks at {host}:{port}: {why}; http.webhook_port names another"
        raise PortTaken(msg) from error
    bound.setblocking(False)
    return bound
