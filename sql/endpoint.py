"""ClickHouse's HTTP form over the embedded store: what Grafana and curl speak.

Loopback only, read-only, one statement per request. An answer is complete before its first byte
leaves, so an error is always an error and never a table cut short. Queries run in a few
threads, each with a handle of its own: a slow one does not block the wall, but
holds its thread until it ends, meets max_execution_time, or nobody waits for its answer any
more; when all threads are held, further queries wait.
Source: src/Server/HTTPHandler.cpp of ClickHouse; clickhouse-go 2.43, clickhouse-connect 1.12.
"""

import asyncio
import re
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import ip_address

from aiohttp import web
from aiohttp.typedefs import Handler

from schemas.errors import PultFailure, QueryRefused
from sql.hello import ANSWER, hello_block, is_hello, revision_spoken
from sql.statement import read_only
from sql.store import DATABASE

Query = Callable[[str, str, Mapping[str, str], Mapping[str, str], str], bytes]
"""Statement, format where it names none, settings, parameters, its name; called in threads."""
Stop = Callable[[str], None]
"""Ends the query of a name, if it runs; called in a thread, one call at a time."""

QUERIES_AT_ONCE = 4
QUERIES_WAITING = 100
LOOK_SECONDS = 0.1
"""How often a query that runs is compared with the socket that waits for it."""
BODY_BYTES = 16 * 1024 * 1024

TRANSPORT = frozenset({
    "query", "default_format", "database", "user", "password", "quota_key", "query_id",
    "session_id", "session_timeout", "session_check", "role", "stacktrace", "compress",
    "decompress", "enable_http_compression", "http_zlib_compression_level", "buffer_size",
    "wait_end_of_query", "send_progress_in_http_headers", "client_protocol_version",
    "http_headers_progress_interval_ms", "close_session", "add_http_cors_header",
    "cancel_http_readonly_queries_on_client_close", "http_response_headers",
    "async_insert", "wait_for_async_insert", "insert_deduplication_token",
    "send_receive_timeout", "log_queries",
})  # fmt: skip
"""What a client may say about the transport; an engine would refuse it as a setting."""

_CONTENT_TYPES = (
    ("JSONEachRow", "application/x-ndjson; charset=UTF-8"),
    ("JSONLines", "application/x-ndjson; charset=UTF-8"),
    ("NDJSON", "application/x-ndjson; charset=UTF-8"),
    ("JSONCompactEachRow", "application/x-ndjson; charset=UTF-8"),
    ("JSON", "application/json; charset=UTF-8"),
    ("CSV", "text/csv; charset=UTF-8; header="),
    ("TabSeparated", "text/tab-separated-values; charset=UTF-8"),
    ("TSV", "text/tab-separated-values; charset=UTF-8"),
    ("Pretty", "text/plain; charset=UTF-8"),
    ("Vertical", "text/plain; charset=UTF-8"),
    ("Values", "text/plain; charset=UTF-8"),
    ("Markdown", "text/markdown; charset=UTF-8"),
    ("XML", "application/xml; charset=UTF-8"),
)

# Source: src/Server/HTTP/exceptionCodeToHTTPStatus.cpp of ClickHouse; all others are 500.
_STATUS = {
    400: "BAD_ARGUMENTS CANNOT_COMPILE_REGEXP CANNOT_PARSE_TEXT CANNOT_PARSE_ESCAPE_SEQUENCE "
    "CANNOT_PARSE_QUOTED_STRING CANNOT_PARSE_DATE CANNOT_PARSE_DATETIME CANNOT_PARSE_NUMBER "
    "CANNOT_PARSE_IPV4 CANNOT_PARSE_IPV6 CANNOT_PARSE_INPUT_ASSERTION_FAILED CANNOT_PARSE_UUID "
    "DUPLICATE_COLUMN ILLEGAL_COLUMN THERE_IS_NO_COLUMN TOO_DEEP_AST TOO_BIG_AST SYNTAX_ERROR "
    "INCORRECT_DATA TYPE_MISMATCH VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE",
    403: "ACCESS_DENIED AUTHENTICATION_FAILED",
    404: "UNKNOWN_TABLE UNKNOWN_FUNCTION UNKNOWN_IDENTIFIER UNKNOWN_TYPE UNKNOWN_STORAGE "
    "UNKNOWN_DATABASE UNKNOWN_SETTING UNKNOWN_AGGREGATE_FUNCTION UNKNOWN_FORMAT",
    408: "TIMEOUT_EXCEEDED",
    413: "QUERY_IS_TOO_LARGE",
    501: "NOT_IMPLEMENTED",
    503: "CANNOT_SCHEDULE_TASK TOO_MANY_SIMULTANEOUS_QUERIES",
}
_STATUS_OF = {name: status for status, names in _STATUS.items() for name in names.split()}

_CODE = re.compile(r"(?:Code: (\d+)\. DB::Exception: )+")
_NAME = re.compile(r"\(([A-Z][A-Z0-9_]+)\)")


@dataclass(frozen=True, slots=True)
class _Request:
    """What a client asks."""

    statement: str
    format: str
    settings: Mapping[str, str]
    parameters: Mapping[str, str]
    hello_revision: int = 0


def make_endpoint(query: Query, stop: Stop, at_once: int = QUERIES_AT_ONCE) -> web.Application:
    """Return the application that answers ClickHouse's HTTP requests with `query`.

    Args:
        query: raises `QueryRefused` or `StoreFailed`; the text of either reaches the client.
        stop: ends a query whose client has hung up; told again while the query still runs.
        at_once: queries that run together; more wait, many more are turned away.
    """
    endpoint = _Endpoint(query, stop, at_once)
    app = web.Application(
        client_max_size=BODY_BYTES, middlewares=[only_loopback, no_other_site]
    )
    app.router.add_get("/ping", ping)
    app.router.add_get("/replicas_status", ping)
    app.router.add_route("*", "/", endpoint.answer)
    app.on_cleanup.append(endpoint.close)
    return app


class _Endpoint:
    """The queries of all clients."""

    def __init__(self, query: Query, stop: Stop, at_once: int) -> None:
        self._query = query
        self._stop = stop
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="query")
        self._stopping = ThreadPoolExecutor(1, thread_name_prefix="stop")
        self._room = at_once + QUERIES_WAITING
        self._asking: set[asyncio.Task[bytes]] = set()

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request, with ClickHouse's status and headers where it fails."""
        if request.method not in ("GET", "HEAD", "POST"):
            return failed("Code: 1. DB::Exception: use GET or POST. (UNSUPPORTED_METHOD)", 405)
        try:
            asked = await _read(request)
            if not asked.statement.strip():
                return _ok() if request.method != "POST" else failed(_EMPTY)
            return await self._answer(asked, request)
        except PultFailure as failure:
            return failed(str(failure))

    async def _answer(self, asked: _Request, request: web.Request) -> web.Response:
        checked = read_only(asked.statement)
        if self._room <= 0:
            return failed(_FULL)
        self._room -= 1
        asking = asyncio.create_task(self._ran(asked, request))
        self._asking.add(asking)
        asking.add_done_callback(self._over)
        # A server may cancel the handler of a client that hung up; the query would go on.
        body = await asyncio.shield(asking)
        if asked.hello_revision:
            return answered(hello_block(body, asked.hello_revision), "Native")
        return answered(body, checked.format or asked.format)

    def _over(self, asking: asyncio.Task[bytes]) -> None:
        self._asking.discard(asking)
        self._room += 1
        if not asking.cancelled():
            asking.exception()  # nobody else may be there to take note of it

    async def _ran(self, asked: _Request, request: web.Request) -> bytes:
        name = secrets.token_hex(8)
        running = self._threads.submit(self._begin, asked, name, request)
        answer = asyncio.wrap_future(running)
        while not answer.done():
            await asyncio.wait({answer}, timeout=LOOK_SECONDS)
            if not answer.done() and _hung_up(request):
                await self._end(running, name)
        return answer.result()

    def _begin(self, asked: _Request, name: str, request: web.Request) -> bytes:
        """Run in a thread; what waited too long for its client is not begun."""
        if _hung_up(request):
            return b""
        return self._query(
            asked.statement, asked.format, asked.settings, asked.parameters, name
        )

    async def _end(self, running: Future[bytes], name: str) -> None:
        """End a query that nobody waits for: where it waits itself, or in the engine."""
        if not running.cancel():
            with suppress(PultFailure):
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._stopping, self._stop, name)

    async def close(self, _: web.Application) -> None:
        """Take no more; nobody waits for what still runs, it meets max_execution_time."""
        for asking in self._asking:
            asking.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._stopping.shutdown(wait=False, cancel_futures=True)


def _hung_up(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


_EMPTY = "Code: 62. DB::Exception: Syntax error: Empty query. (SYNTAX_ERROR)"
_FULL = (
    "Code: 202. DB::Exception: Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)"
)


async def _read(request: web.Request) -> _Request:
    asked = request.query
    body = await _body(request, asked.get("query", ""))
    statement = "\n".join(part for part in (asked.get("query", ""), body) if part)
    database = asked.get("database") or request.headers.get("X-ClickHouse-Database", "")
    if database not in ("", "default", DATABASE):
        msg = f"Code: 81. DB::Exception: Database {database} does not exist. (UNKNOWN_DATABASE)"
        raise QueryRefused(msg)
    read = _Request(
        statement=statement,
        format=asked.get("default_format")
        or request.headers.get("X-ClickHouse-Format")
        or "TabSeparated",
        settings={
            name: value
            for name, value in asked.items()
            if name not in TRANSPORT and not name.startswith("param_")
        },
        parameters=parameters_in(asked),
    )
    if not is_hello(statement):
        return read
    revision = revision_spoken(asked) if read.format == "Native" else 0
    form = "TabSeparated" if revision else read.format
    return replace(read, statement=ANSWER, format=form, hello_revision=revision)


def parameters_in(asked: Mapping[str, str]) -> Mapping[str, str]:
    """Return the parameters of a query as they came: as cells of a TabSeparated table."""
    return {
        name.removeprefix("param_"): value
        for name, value in asked.items()
        if name.startswith("param_")
    }


async def _body(request: web.Request, query: str) -> str:
    body = await request.read()
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        # Mostly the data of an INSERT; then that is what is wrong with it.
        first, _, _ = body.decode(errors="replace").partition("\n")
        read_only(query or first)
        msg = "Code: 62. DB::Exception: Syntax error: the query is no UTF-8. (SYNTAX_ERROR)"
        raise QueryRefused(msg) from error


def answered(body: bytes, form: str) -> web.Response:
    """Answer with a table in a format."""
    return web.Response(
        body=body, headers={"Content-Type": _content_type(form), "X-ClickHouse-Format": form}
    )


def _content_type(form: str) -> str:
    for beginning, content_type in _CONTENT_TYPES:
        if form.startswith(beginning):
            if content_type.endswith("header="):
                return content_type + ("present" if "WithNames" in form else "absent")
            return content_type
    return "application/octet-stream"


def failed(text: str, status: int = 0) -> web.Response:
    """Answer with an error as ClickHouse words it, whatever was said before its code."""
    found = _CODE.search(text)
    code, said = (found[1], text[found.end() :]) if found else (_UNKNOWN_CODE, text)
    names = _NAME.findall(said)
    return web.Response(
        text=f"Code: {code}. DB::Exception: {said}\n",
        status=status or _STATUS_OF.get(names[-1] if names else "", 500),
        headers={"X-ClickHouse-Exception-Code": code},
    )


_UNKNOWN_CODE = "1002"


def _ok() -> web.Response:
    return web.Response(text="Ok.\n")


async def ping(_: web.Request) -> web.Response:
    """Answer that somebody is there."""
    return _ok()


@web.middleware
async def only_loopback(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A page in a browser may point a name of its own at 127.0.0.1; its Host gives it away."""
    if not _loopback(request.headers.get("Host", "")):
        host = request.headers.get("Host", "")
        return failed(
            "Code: 516. DB::Exception: this endpoint answers on localhost only, "
            f"not as {host!r}. (AUTHENTICATION_FAILED)",
            403,
        )
    return await handler(request)


@web.middleware
async def no_other_site(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A page of another site may send requests here unasked; its browser says where it is from.

    It could not read the answers, but a slow query would keep the store busy for its owner.
    """
    origin = request.headers.get("Origin")
    foreign = origin is not None and not _loopback(origin.partition("://")[2])
    if foreign or request.headers.get("Sec-Fetch-Site") == "cross-site":
        return failed(
            "Code: 516. DB::Exception: this endpoint answers no page of another site, "
            f"such as {origin or 'unknown'!r}. (AUTHENTICATION_FAILED)",
            403,
        )
    return await handler(request)


def _loopback(host: str) -> bool:
    name = re.sub(r":\d*\Z", "", host).strip("[]")
    if name.lower() == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
