"""ClickHouse's HTTP form, asked by real clients over a real socket."""

import asyncio
import re
import threading
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import clickhouse_connect
import pytest
from aiohttp.test_utils import TestServer
from clickhouse_connect.driver.exceptions import DatabaseError

from sql.embedded import EmbeddedStore
from sql.endpoint import make_endpoint
from sql.statement import PARAMETERISED_VIEWS
from tests.sql.examples import heartbeat, leg


@dataclass
class Asker:
    """Sends what curl would send."""

    session: aiohttp.ClientSession
    port: int

    async def __call__(
        self, body: str | bytes = "", method: str = "POST", host: str = "", **arguments: str
    ) -> tuple[int, str, Mapping[str, str]]:
        """Return status, text and headers."""
        url = f"http://127.0.0.1:{self.port}/?{urlencode(arguments)}"
        headers = {"Host": host} if host else {}
        async with self.session.request(method, url, data=body, headers=headers) as response:
            return response.status, await response.text(), response.headers


@pytest.fixture
async def ask(store: EmbeddedStore) -> AsyncIterator[Asker]:
    async with TestServer(make_endpoint(store.query, store.stop)) as server:
        assert server.port is not None
        async with aiohttp.ClientSession() as session:
            yield Asker(session, server.port)


async def test_a_query_may_come_in_the_address_the_body_or_both(ask: Asker) -> None:
    assert (await ask("SELECT 1"))[1] == "1\n"
    assert (await ask(method="GET", query="SELECT 1"))[1] == "1\n"
    assert (await ask("+ 1", query="SELECT 1"))[1] == "2\n"


async def test_the_statement_names_the_format_else_the_address(ask: Asker) -> None:
    status, text, headers = await ask("SELECT 1 AS x FORMAT JSONEachRow", default_format="CSV")
    assert (status, text) == (200, '{"x":1}\n')
    assert headers["X-ClickHouse-Format"] == "JSONEachRow"

    _, text, headers = await ask("SELECT 'x'", default_format="CSVWithNames")
    assert text == '"\'x\'"\n"x"\n'
    assert headers["Content-Type"] == "text/csv; charset=UTF-8; header=present"

    assert (await ask("SELECT 1, 2"))[2]["X-ClickHouse-Format"] == "TabSeparated"


async def test_names_mean_our_tables(ask: Asker, store: EmbeddedStore) -> None:
    store.writer.write_facts([leg()], "a")

    for database in ("", "default", "pult"):
        assert (await ask("SELECT count() FROM legs", database=database))[1] == "1\n"
    assert (await ask("SELECT 1", database="nope"))[0] == 404


async def test_parameters_and_settings(ask: Asker) -> None:
    assert (await ask("SELECT {x:String} || '%s'", param_x="it's"))[1] == "it\\'s%s\n"
    query = "SELECT value FROM system.settings WHERE name = 'max_execution_time'"
    assert (await ask(query, max_execution_time="9"))[1] == "9\n"
    assert (await ask(query))[1] == "30\n"
    for asked in ("0", "60"):
        assert (await ask(query, max_execution_time=asked))[1] == "30\n"
        assert (await ask(f"{query} SETTINGS max_execution_time={asked}"))[1] == "30\n"
    assert (await ask("SELECT 1", session_id="x", wait_end_of_query="1", compress="0"))[
        0
    ] == 200


async def test_a_slow_query_ends_in_time_and_blocks_nobody(ask: Asker) -> None:
    slow = asyncio.create_task(
        ask("SELECT sum(sleepEachRow(0.05)) FROM numbers(100)", max_execution_time="1",
            max_block_size="1")
    )  # fmt: skip
    await asyncio.sleep(0.2)
    started = time.monotonic()
    assert (await ask("SELECT 1"))[1] == "1\n"
    quick = time.monotonic() - started

    status, text, headers = await slow
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (408, "159"), text
    assert quick < 0.8


@pytest.mark.parametrize(
    ("statement", "status", "code", "name"),
    [
        ("SELEC 1", 400, "62", "SYNTAX_ERROR"),
        ("SELECT nope", 404, "47", "UNKNOWN_IDENTIFIER"),
        ("SELECT * FROM nope", 404, "60", "UNKNOWN_TABLE"),
        ("SELECT 1; SELECT 2", 400, "62", "SYNTAX_ERROR"),
        ("DROP TABLE pult.events", 500, "164", "READONLY"),
        ("SELECT 1 FORMAT Nope", 404, "73", "UNKNOWN_FORMAT"),
        ("SELECT * FROM url('http://127.0.0.1:1/')", 403, "497", "ACCESS_DENIED"),
        ("SELECT throwIf(1)", 500, "395", "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
    ],
)
async def test_errors_are_clickhouses(
    ask: Asker, statement: str, status: int, code: str, name: str
) -> None:
    found, text, headers = await ask(statement)

    assert (found, headers["X-ClickHouse-Exception-Code"]) == (status, code), text
    assert text.startswith(f"Code: {code}. DB::Exception: ")
    assert f"({name})" in text


async def test_data_to_insert_are_refused_as_a_write_whatever_their_bytes(ask: Asker) -> None:
    insert, data = "INSERT INTO pult.events FORMAT Arrow", b"ARROW1\0\xff\n'"
    for refused in (
        await ask(data, query=insert),
        await ask(insert.encode() + b"\n" + data),
    ):
        assert refused[2]["X-ClickHouse-Exception-Code"] == "164", refused

    assert (await ask(b"SELECT '\xff'"))[2]["X-ClickHouse-Exception-Code"] == "62"


async def test_an_outfile_is_not_written(ask: Asker, tmp_path: Path) -> None:
    for statement in ("SELECT 1 INTO OUTFILE '{}'", "SELECT 1 /*'*/ into\noutfile '{}' -- '"):
        assert (await ask(statement.format(tmp_path / "out")))[0] == 500

    assert not list(tmp_path.iterdir())


async def test_protection_cannot_be_set_away(ask: Asker) -> None:
    for setting in (
        "readonly", "dialect", "allow_introspection_functions",
        "format_avro_schema_registry_url", "input_format_record_errors_file_path",
    ):  # fmt: skip
        assert (await ask("SELECT 1", **{setting: "0"}))[2][
            "X-ClickHouse-Exception-Code"
        ] == "164"


async def test_only_a_local_name_is_answered(ask: Asker) -> None:
    for host in ("localhost", "127.0.0.1:8123", "[::1]:8123", "LOCALHOST:1"):
        assert (await ask("SELECT 1", host=host))[0] == 200
    status, text, _ = await ask("SELECT 1", host="evil.example:8123")
    assert status == 403
    assert text.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("Origin", "http://evil.example", 403),
        ("Origin", "null", 403),
        ("Origin", "http://localhost.evil.example:80", 403),
        ("Sec-Fetch-Site", "cross-site", 403),
        ("Origin", "http://localhost:3000", 200),
        ("Sec-Fetch-Site", "same-origin", 200),
    ],
)
async def test_a_page_of_another_site_is_turned_away(
    ask: Asker, name: str, value: str, status: int
) -> None:
    url = f"http://127.0.0.1:{ask.port}/?query=SELECT+1"
    async with ask.session.get(url, headers={name: value}) as response:
        assert response.status == status
        assert (await response.text()).count("\n") == 1


async def test_a_format_of_the_address_cannot_carry_more(ask: Asker, tmp_path: Path) -> None:
    form = f"CSV INTO OUTFILE '{tmp_path}/out'"

    assert (await ask("SELECT 1", default_format=form))[0] == 404
    assert not list(tmp_path.iterdir())


async def test_a_parameter_cannot_leave_its_quotes(ask: Asker, tmp_path: Path) -> None:
    value = f" INTO OUTFILE $${tmp_path}/out$$ -- "

    assert (await ask("SELECT '{ %(x)s'", param_x=value))[1] == "{ %(x)s\n"
    assert not list(tmp_path.iterdir())


async def test_closing_waits_for_no_query() -> None:
    started, released = threading.Event(), threading.Event()

    def query(*_: object) -> bytes:
        started.set()
        released.wait(10)
        return b""

    app = make_endpoint(query, lambda _: None)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        asked = asyncio.create_task(session.get(server.make_url("/?query=SELECT+1")))
        await asyncio.to_thread(started.wait, 10)
        before = time.monotonic()
        await app.cleanup()
        assert time.monotonic() - before < 1
        released.set()
        await asked


async def test_a_row_delivered_twice_is_counted_once(ask: Asker, store: EmbeddedStore) -> None:
    for token in ("a", "b"):
        store.writer.write_events([heartbeat()], [(0, 0)], token)
    assert store.client.command("SELECT count() FROM pult.events") == 2

    assert (await ask("SELECT count() FROM events"))[1] == "1\n"
    assert (await ask("SELECT count() FROM events AS e JOIN events FINAL USING (id)"))[
        1
    ] == "1\n"


async def test_every_table_and_view_still_answers(ask: Asker, store: EmbeddedStore) -> None:
    given = {
        "since": "2026-03-02", "until": "2026-03-03", "zone": "UTC", "step": "day",
        "answer_within": "20", "short_abandon": "5", "interaction_id": "call1", "days": "7",
        "kind": "", "contact": "",
    }  # fmt: skip
    query = "SELECT name, create_table_query FROM system.tables WHERE database = 'pult'"
    for name, text in store.client.query(query).result_rows:
        wanted = sorted(set(re.findall(r"{(\w+):String}", text)))
        said = ", ".join(f"{each} = '{given[each]}'" for each in wanted)
        of = f"{name}({said})" if name in PARAMETERISED_VIEWS else f"`{name}`"
        assert (await ask(f"SELECT count() FROM {of}"))[0] == 200, name
    assert (await ask("SELECT count() > 1 FROM system.settings, numbers(3) AS n"))[1] == "1\n"


async def test_a_client_looking_for_a_server_finds_one(ask: Asker) -> None:
    assert (await ask(method="GET"))[1] == "Ok.\n"
    async with ask.session.get(f"http://127.0.0.1:{ask.port}/ping") as response:
        assert await response.text() == "Ok.\n"


async def test_grafanas_hello_says_plain_native(ask: Asker) -> None:
    hello = "SELECT displayName(), version(), revision(), timezone()"
    _, text, _ = await ask(hello, default_format="TSV", client_protocol_version="54460")

    assert text.split("\t")[2] == "0"


async def test_many_at_once(ask: Asker) -> None:
    answers = await asyncio.gather(*(ask(f"SELECT {n} FROM numbers(2)") for n in range(40)))

    assert [text for _, text, _ in answers] == [f"{n}\n{n}\n" for n in range(40)]


async def test_clickhouse_connect_speaks_to_it(ask: Asker, store: EmbeddedStore) -> None:
    store.writer.write_facts([leg()], "a")

    def talk() -> tuple[object, object]:
        client = clickhouse_connect.get_client(host="127.0.0.1", port=ask.port, database="pult")
        found = client.query("SELECT leg_id, hold_ms FROM legs WHERE queue_id = {q:String}",
                             parameters={"q": "support"}).result_rows  # fmt: skip
        with pytest.raises(DatabaseError, match="READONLY"):
            client.command("TRUNCATE TABLE pult.events")
        return found, client.query_arrow("SELECT 1 AS x").to_pylist()

    assert await asyncio.to_thread(talk) == ([("leg0000000000000", None)], [{"x": 1}])


async def test_a_writer_and_readers_share_the_store(ask: Asker, store: EmbeddedStore) -> None:
    def write() -> None:
        for number in range(20):
            store.writer.write_facts([leg(number)], f"w{number}")

    writing = threading.Thread(target=write)
    writing.start()
    while writing.is_alive():
        status, text, _ = await ask("SELECT count() FROM legs")
        assert status == 200, text
    assert (await ask("SELECT count() FROM legs"))[1] == "20\n"
