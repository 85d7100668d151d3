"""What Grafana's ClickHouse plugin does on a socket, byte by byte; imports nothing of ours.

Seen on a real one (backend 4.14.1, clickhouse-go 2.43.0): the same address, headers and order
of requests, and the same way to read: the greeting by the revision the client speaks, all that
follows by the revision the greeting names. Statements are those that its frontend sends.
Source: github.com/ClickHouse/clickhouse-go conn_http.go, lib/proto;
github.com/grafana/clickhouse-datasource src/data/CHDatasource.ts.
"""

import socket
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.oracles.native import Column, blocks

SPEAKS = 54460
DIAL_SECONDS, QUERY_SECONDS = 5, 15  # of the data source; what is sent is 4 s more
HELLO = "SELECT displayName(), version(), revision(), timezone()"
CHECK = "SELECT 1"
FUNCTIONS = """
      SELECT
        name, is_aggregate, case_insensitive, alias_to, origin, description,
        syntax, arguments, returned_value, examples, categories
      FROM system.functions
      LIMIT 10000
    """
COLUMNS = "SELECT name, type, table FROM system.columns"


class Refused(Exception):
    """An answer that is an error, with its text as a panel would show it."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(f"[HTTP {status}] response body: {text!r}")
        self.status, self.code, self.text = status, code, text


@dataclass(frozen=True)
class Table:
    """The blocks of an answer, one after the other."""

    blocks: list[list[Column]]

    @property
    def types(self) -> dict[str, str]:
        """Return the types of the columns by their names; none of an empty answer."""
        return {each.name: each.type for each in (self.blocks or [[]])[0]}

    @property
    def rows(self) -> list[tuple[object, ...]]:
        """Return the rows of all blocks."""
        return [row for block in self.blocks for row in zip(*(c.values for c in block))]  # noqa: B905


class Plugin:
    """One connection of the plugin's pool; greeted and checked before it is used."""

    def __init__(
        self, port: int, login: str = "grafana:secret", database: str = "pult", **custom: str
    ) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._host, self._custom = f"127.0.0.1:{port}", custom
        self._login, self._database, self._left = login, database, b""
        self.revision = SPEAKS
        self.hello = self.ask(HELLO, DIAL_SECONDS + 4)
        self.revision = int(str(self.hello.rows[0][2]))
        assert self.ask(CHECK, DIAL_SECONDS + 4).blocks[0][0].name == "1"

    def query(self, statement: str) -> Table:
        """Return what a panel gets.

        Raises:
            Refused: an error.
            CutShort: an answer that ends within a block.
        """
        return self.ask(statement, QUERY_SECONDS + 4)

    def ask(self, statement: str, seconds: int) -> Table:
        """Return what is answered within so many seconds; raises as `query` does."""
        self.send(statement, seconds)
        status, headers, body = self.receive()
        if status != 200:
            raise Refused(status, headers.get("x-clickhouse-exception-code", ""), body.decode())
        return Table(blocks(body, self.revision))

    def send(self, statement: str, seconds: int) -> None:
        """Send a request and wait for nothing."""
        asked = {
            **self._custom,
            "client_protocol_version": str(SPEAKS),
            "database": self._database,
            "default_format": "Native",
            "max_execution_time": str(seconds),
        }
        body, told = statement.encode(), b64encode(self._login.encode()).decode()
        self._socket.sendall(
            f"POST /?{urlencode(asked)} HTTP/1.1\r\nHost: {self._host}\r\n"
            "User-Agent: grafana/0.0.0 clickhouse-go/2.43.0 (grafana_user:; lv:go/1.25.3; "
            f"os:linux)\r\nContent-Length: {len(body)}\r\n"
            f"Accept-Encoding: gzip\r\nAuthorization: Basic {told}\r\n\r\n"
            .encode() + body
        )  # fmt: skip

    def receive(self) -> tuple[int, Mapping[str, str], bytes]:
        """Return status, headers by their names in lower case, and the body."""
        while b"\r\n\r\n" not in self._left:
            self._more()
        head, _, self._left = self._left.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (n.partition(": ") for n in lines)}
        if "chunked" in headers.get("transfer-encoding", ""):
            return int(first.split()[1]), headers, self._chunks()
        return int(first.split()[1]), headers, self._take(int(headers["content-length"]))

    def close(self) -> None:
        """Hang up, also while an answer is on its way, as the client does at its deadline."""
        self._socket.close()

    def _chunks(self) -> bytes:
        made = b""
        while True:
            while b"\r\n" not in self._left:
                self._more()
            size, _, self._left = self._left.partition(b"\r\n")
            made += self._take(int(size, 16))
            self._take(2)
            if int(size, 16) == 0:
                return made

    def _take(self, count: int) -> bytes:
        while len(self._left) < count:
            self._more()
        taken, self._left = self._left[:count], self._left[count:]
        return taken

    def _more(self) -> None:
        more = self._socket.recv(1 << 16)
        if not more:
            msg = "closed in the middle of an answer"
            raise ConnectionResetError(msg)
        self._left += more
