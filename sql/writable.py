"""ClickHouse's HTTP form over an embedded store, also to write: for tests and one machine.

One process owns a folder and does what it is told by whoever is let in: any statement, and
inserts of any format in the body, as clickhouse-connect's HTTP client sends them. Loopback
only, like the reading endpoint. It is no server for more than one machine: no access rights
but one password, no TLS, answers complete in memory.
Source: src/Server/HTTPHandler.cpp of ClickHouse; clickhouse-connect 1.12.
"""

import asyncio
import hmac
import json
import re
import threading
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from aiohttp import web
from clickhouse_connect.driver.client import Client

from schemas.errors import PultFailure, QueryRefused, StoreFailed
from sql.endpoint import (
    TRANSPORT,
    answered,
    failed,
    no_other_site,
    only_loopback,
    parameters_in,
    ping,
)
from sql.hello import ANSWER, hello_block, is_hello, revision_spoken
from sql.store import Cell, open_embedded, store_errors

BODY_BYTES = 512 * 1024 * 1024
STATEMENTS_AT_ONCE = 4

_INSERT = re.compile(
    rb"\s*INSERT\s+INTO\s+(?:TABLE\s+)?(?P<into>[^;]*?)"
    rb"(?:\s+SETTINGS\s+(?P<settings>[^;]*?))?\s+FORMAT\s+(?P<format>\w+)[ \t\r]*(?:\n|\Z)",
    re.IGNORECASE,
)
_COLUMNS = re.compile(r"(?P<table>[^(]+?)\s*(?:\((?P<columns>.*)\))?\s*", re.DOTALL)
_ANSWERS = re.compile(
    r"[\s(]*(?:SELECT|WITH|SHOW|DESCRIBE|DESC|EXPLAIN|EXISTS)\b", re.IGNORECASE
)
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*\Z", re.IGNORECASE)
# These mean something to whoever writes.
_MEANT = frozenset({"async_insert", "wait_for_async_insert", "insert_deduplication_token"})
_FRAMES = {b"\x04\x22\x4d\x18": "lz4", b"\x28\xb5\x2f\xfd": "zstd", b"\x1f\x8b": "gzip"}


@dataclass(frozen=True, slots=True)
class Login:
    """Who is let in; anybody where there is no password."""

    username: str = "default"
    password: str = ""

    def lets_in(self, username: str, password: str) -> bool:
        """Tell whether these are the right ones."""
        return not self.password or (
            hmac.compare_digest(username.encode(), self.username.encode())
            and hmac.compare_digest(password.encode(), self.password.encode())
        )


class WritableStore:
    """One folder that does what it is told; any thread may ask.

    Raises:
        StoreFailed: the folder is in use by another process, or not writable.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._of_thread = threading.local()
        self._opening = threading.Lock()
        self._clients = [open_embedded(folder)]

    def run(
        self,
        statement: str,
        form: str,
        settings: Mapping[str, str],
        parameters: Mapping[str, str],
        database: str = "",
    ) -> bytes:
        """Run one statement; return its table in the format it names or `form`, if it has one.

        Unqualified names are those of `database`.

        Raises:
            StoreFailed: in ClickHouse's words.
        """
        answers = _ANSWERS.match(statement) and not _FORMAT.search(statement)
        with store_errors("run a statement"):
            return self._client(database).raw_query(
                statement,
                parameters={name: Cell(text) for name, text in parameters.items()} or None,
                settings=dict(settings),
                fmt=form if answers else None,
            )

    def insert(
        self,
        into: str,
        form: str,
        body: bytes,
        settings: Mapping[str, str],
        database: str = "",
    ) -> Mapping[str, str]:
        """Insert what stands in a body; return how many rows and bytes that were.

        Raises:
            QueryRefused: `into` is no table, with or without its columns.
            StoreFailed: in ClickHouse's words.
        """
        found = _COLUMNS.fullmatch(into)
        if found is None:
            msg = f"Code: 62. DB::Exception: Syntax error: INSERT INTO {into}. (SYNTAX_ERROR)"
            raise QueryRefused(msg)
        columns = found["columns"]
        with store_errors("insert"):
            summary = self._client(database).raw_insert(
                found["table"],
                column_names=columns and [each.strip(' `"') for each in columns.split(",")],
                insert_block=body,
                settings=dict(settings),
                fmt=form,
            )
        return dict(summary.summary)

    def close(self) -> None:
        """Let go of the folder; what was acknowledged is stored already."""
        with self._opening:
            for client in self._clients:
                client.close()
            self._clients.clear()

    def _client(self, database: str) -> Client:
        client: Client | None = getattr(self._of_thread, "client", None)
        if client is None:
            with self._opening:
                if not self._clients:
                    msg = f"the store in {self._folder} is closed"
                    raise StoreFailed(msg)
                client = open_embedded(self._folder)
                self._clients.append(client)
            self._of_thread.client = client
        client.database = database or "default"
        return client


def make_writable(store: WritableStore, login: Login) -> web.Application:
    """Return the application that does in a store what clients ask."""
    endpoint = _Endpoint(store, login)
    app = web.Application(
        client_max_size=BODY_BYTES, middlewares=[only_loopback, no_other_site]
    )
    app.router.add_get("/ping", ping)
    app.router.add_route("*", "/", endpoint.answer)
    app.on_cleanup.append(endpoint.close)
    return app


class _Endpoint:
    def __init__(self, store: WritableStore, login: Login) -> None:
        self._store = store
        self._login = login
        self._threads = ThreadPoolExecutor(STATEMENTS_AT_ONCE, thread_name_prefix="statement")

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request, with ClickHouse's status and headers where it fails."""
        username, password = _told(request)
        if not self._login.lets_in(username, password):
            return failed(
                f"Code: 516. DB::Exception: {username}: Authentication failed: password is "
                "incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)"
            )
        try:
            body = _unpacked(await request.read(), request.headers.get("Content-Encoding", ""))
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._done, request, body)
        except PultFailure as failure:
            return failed(str(failure))

    def _done(self, request: web.Request, body: bytes) -> web.Response:
        statement = request.query.get("query", "")
        insert = _INSERT.match(statement.encode()) or (not statement and _INSERT.match(body))
        # VALUES are part of the statement for the engine, data for nobody.
        if insert and insert["format"].lower() != b"values":
            rows = body if statement else body[insert.end() :]
            into, form = insert["into"].decode(), insert["format"].decode()
            written = self._store.insert(
                into, form, rows, _settings(request), _database(request)
            )
            return web.Response(headers={"X-ClickHouse-Summary": json.dumps(written)})
        return self._ran(request, _whole(statement, body))

    def _ran(self, request: web.Request, statement: str) -> web.Response:
        form = (
            request.query.get("default_format")
            or request.headers.get("X-ClickHouse-Format")
            or "TabSeparated"
        )
        greeting = is_hello(statement)
        revision = revision_spoken(request.query) if greeting and form == "Native" else 0
        table = self._store.run(
            ANSWER if greeting else statement,
            "TabSeparated" if revision else form,
            _settings(request),
            parameters_in(request.query),
            _database(request),
        )
        if revision:
            return _packed(request, answered(hello_block(table, revision), "Native"))
        if not _ANSWERS.match(statement):
            return web.Response(body=table)
        named = _FORMAT.search(statement)
        return _packed(request, answered(table, named[1] if named else form))

    async def close(self, _: web.Application) -> None:
        """Finish what runs, then let go of the folder."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._store.close()


def _database(request: web.Request) -> str:
    asked = request.query.get("database", "")
    return asked or request.headers.get("X-ClickHouse-Database", "")


def _settings(request: web.Request) -> Mapping[str, str]:
    return {
        name: value
        for name, value in request.query.items()
        if (name not in TRANSPORT or name in _MEANT) and not name.startswith("param_")
    }


def _whole(statement: str, body: bytes) -> str:
    try:
        whole = "\n".join(part for part in (statement, body.decode()) if part)
    except UnicodeDecodeError as error:
        msg = "Code: 62. DB::Exception: Syntax error: it is no UTF-8. (SYNTAX_ERROR)"
        raise QueryRefused(msg) from error
    if not whole.strip():
        msg = "Code: 62. DB::Exception: Syntax error: Empty query. (SYNTAX_ERROR)"
        raise QueryRefused(msg)
    return whole


def _told(request: web.Request) -> tuple[str, str]:
    """Return the user and the password that a client gave, in one of ClickHouse's ways."""
    kind, _, packed = request.headers.get("Authorization", "").partition(" ")
    if kind == "Basic":
        try:
            username, _, password = b64decode(packed).decode().partition(":")
        except (Base64Error, UnicodeDecodeError):
            return "", ""
        return username, password
    given, headers = request.query, request.headers
    return (
        headers.get("X-ClickHouse-User") or given.get("user", "default"),
        headers.get("X-ClickHouse-Key") or given.get("password", ""),
    )


def _unpacked(body: bytes, encoding: str) -> bytes:
    """Return a body without its compression; what HTTP knows has been taken off before."""
    for beginning, name in _FRAMES.items():
        if encoding == name and body.startswith(beginning):
            with store_errors(f"unpack {encoding}"):
                return bytes(pa.CompressedInputStream(pa.BufferReader(body), name).read())
    return body


def _packed(request: web.Request, response: web.Response) -> web.Response:
    wanted = request.headers.get("Accept-Encoding", "")
    if request.query.get("enable_http_compression") == "1" and "gzip" in wanted:
        response.enable_compression(web.ContentCoding.gzip)
    return response
