"""Grafana's ClickHouse plugin, as its bytes are, against the endpoint of the embedded store."""

import asyncio
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from urllib.request import urlopen
from uuid import UUID

import pytest
from aiohttp import web
from clickhouse_connect.driver.exceptions import DatabaseError

from schemas.errors import StoreFailed
from sql.embedded import EmbeddedStore
from sql.endpoint import make_endpoint
from sql.statement import PARAMETERISED_VIEWS
from tests.oracles import plugin
from tests.oracles.plugin import Plugin, Refused
from tests.plans import plan
from tests.sql.asking import fold
from tests.sql.examples import LATE, facts_of_each_kind, heartbeat
from tests.timetable import values

BROKEN = "SELECT number, throwIf(number = 70000, 'it broke') FROM numbers(100000)"
SLOW = "SELECT sum(sleepEachRow(0.05)) FROM numbers(400) SETTINGS max_block_size = 1"
RUNNING = "SELECT count() FROM system.processes WHERE position(query, 'sleepEach' || 'Row') > 0"


@dataclass
class Served:
    """An endpoint with one thread for queries: what one leaves behind, the next one meets."""

    port: int
    store: EmbeddedStore
    begun: list[str] = field(default_factory=list)

    def query(
        self, statement: str, form: str, given: Mapping[str, str], values: Mapping[str, str],
        name: str,
    ) -> bytes:  # fmt: skip
        """Answer from the store, and note what has begun."""
        self.begun.append(statement)
        return self.store.query(statement, form, given, values, name)

    def running(self) -> int:
        """Return how many slow queries the engine has."""
        ((count,),) = self.store.client.query(RUNNING).result_rows
        return int(str(count))


@pytest.fixture
def served(store: EmbeddedStore, request: pytest.FixtureRequest) -> Iterator[Served]:
    """Serve; a parameter tells whether the handler of a client that hangs up is cancelled."""
    made = Served(0, store)
    loop, up, down = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        cancels = getattr(request, "param", False)
        app = make_endpoint(made.query, store.stop, 1)
        runner = web.AppRunner(app, handler_cancellation=cancels, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.port = int(runner.addresses[0][1])
        up.set()
        await down.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert up.wait(10)
    yield made
    loop.call_soon_threadsafe(down.set)
    thread.join(10)
    loop.close()


@pytest.fixture
def grafana(served: Served) -> Iterator[Plugin]:
    with closing(Plugin(served.port)) as connected:
        yield connected


def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_it_is_greeted_in_its_revision_and_told_to_read_plain_native(grafana: Plugin) -> None:
    assert grafana.hello.types == {
        "displayName()": "String", "version()": "String",
        "revision()": "UInt32", "timezone()": "String",
    }  # fmt: skip
    ((name, version, revision, zone),) = grafana.hello.rows
    assert revision == 0
    assert name
    assert zone
    assert str(version).split(".")[0].isdigit()


# Expected values are read off the literals.
TYPES: list[tuple[str, str, object]] = [
    ("'Ж😀' || char(0)", "String", "Ж😀\0"),
    ("repeat('x', 300)", "String", "x" * 300),
    ("toFixedString('ab', 4)", "FixedString(4)", b"ab\0\0"),
    ("'a'::LowCardinality(String)", "LowCardinality(String)", "a"),
    ("NULL::LowCardinality(Nullable(String))", "LowCardinality(Nullable(String))", None),
    ("'b'::LowCardinality(Nullable(String))", "LowCardinality(Nullable(String))", "b"),
    ("NULL::Nullable(Float64)", "Nullable(Float64)", None),
    ("0.25::Nullable(Float64)", "Nullable(Float64)", 0.25),
    ("NULL::Nullable(DateTime)", "Nullable(DateTime)", None),
    ("1.5::Float32", "Float32", 1.5),
    ("18446744073709551615::UInt64", "UInt64", 2**64 - 1),
    ("-9223372036854775808::Int64", "Int64", -(2**63)),
    ("-5::Int8", "Int8", -5),
    ("60000::UInt16", "UInt16", 60000),
    ("true", "Bool", True),
    ("'y'::Enum8('x' = 1, 'y' = -2)", "Enum8('y' = -2, 'x' = 1)", "y"),
    ("1.25::Decimal(9, 2)", "Decimal(9, 2)", Decimal("1.25")),
    ("-1.5::Decimal(18, 3)", "Decimal(18, 3)", Decimal("-1.500")),
    ("-7.125::Decimal(38, 3)", "Decimal(38, 3)", Decimal("-7.125")),
    ("toDate('2026-03-02')", "Date", date(2026, 3, 2)),
    ("toDate32('1960-01-02')", "Date32", date(1960, 1, 2)),
    ("toDateTime('2026-03-02 10:00:00', 'UTC')", "DateTime",
     datetime(2026, 3, 2, 10, tzinfo=UTC)),
    ("toDateTime64('2026-03-29 03:30:00.123', 3, 'Europe/Berlin')",
     "DateTime64(3, 'Europe/Berlin')", datetime(2026, 3, 29, 1, 30, 0, 123000, UTC)),
    ("toDateTime64('1969-12-31 23:59:59.5', 3, 'UTC')", "DateTime64(3, 'UTC')",
     datetime(1970, 1, 1, tzinfo=UTC) - timedelta(milliseconds=500)),
    ("['x', NULL]::Array(Nullable(String))", "Array(Nullable(String))", ["x", None]),
    ("['q', 'r', 'q']::Array(LowCardinality(String))", "Array(LowCardinality(String))",
     ["q", "r", "q"]),
    ("[]::Array(LowCardinality(String))", "Array(LowCardinality(String))", []),
    ("[[1], [], [2, 3]]::Array(Array(UInt16))", "Array(Array(UInt16))", [[1], [], [2, 3]]),
    ("map('a', 1, 'b', 2)::Map(String, UInt8)", "Map(String, UInt8)", {"a": 1, "b": 2}),
    ("tuple(1::UInt8, 'x')", "Tuple(UInt8, String)", (1, "x")),
    ("toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')", "UUID",
     UUID("61f0c404-5cb3-11e7-907b-a6006ad3dba0")),
    ("toIPv4('10.1.2.3')", "IPv4", IPv4Address("10.1.2.3")),
    ("toIPv6('2001:db8::1')", "IPv6", IPv6Address("2001:db8::1")),
    ("INTERVAL 3 MINUTE", "IntervalMinute", 3),
]  # fmt: skip


def test_every_type_that_a_board_asks_for_arrives(grafana: Plugin) -> None:
    columns = ", ".join(f"{literal} AS c{n}" for n, (literal, _, _) in enumerate(TYPES))

    table = grafana.query(f"SELECT {columns} FROM numbers(3)")

    assert list(table.types.values()) == [kind for _, kind, _ in TYPES]
    assert [list(row) for row in table.rows] == [[value for _, _, value in TYPES]] * 3


def test_many_blocks_are_one_table(grafana: Plugin) -> None:
    statement = (
        "SELECT number, toString(number % 7)::LowCardinality(String) AS l, "
        "if(number % 3 = 0, NULL, number) AS n FROM numbers(200000) ORDER BY number"
    )

    table = grafana.query(statement)

    assert len(table.blocks) > 1
    assert table.rows == [(n, str(n % 7), None if n % 3 == 0 else n) for n in range(200_000)]


def test_nothing_is_zero_bytes(grafana: Plugin) -> None:
    assert grafana.query("SELECT * FROM legs").blocks == []
    assert grafana.query("SELECT 1 AS x WHERE 0").rows == []


def test_an_error_in_the_middle_is_whole_and_leaves_nothing_behind(grafana: Plugin) -> None:
    """The engine keeps what the failed query had written, for the next answer of the thread."""
    with pytest.raises(Refused) as refused:
        grafana.query(BROKEN)

    assert (refused.value.status, refused.value.code) == (500, "395")
    assert refused.value.text.startswith("Code: 395. DB::Exception: it broke")
    assert refused.value.text.count("\n") == 1
    assert "/*" not in refused.value.text
    assert grafana.query("SELECT 7 AS x").rows == [(7,)]


@pytest.mark.parametrize("form", ["Native", "JSON", "CSV", "Arrow", "JSONEachRow"])
def test_no_client_of_the_engine_reads_what_a_failed_query_wrote(
    store: EmbeddedStore, form: str
) -> None:
    for row in (500, 70_000, 200_000):
        broken = f"SELECT throwIf(number = {row}), number FROM numbers(300000)"
        with pytest.raises(DatabaseError):
            store.client.raw_query(broken, fmt=form)
        assert store.client.raw_query("SELECT 1", fmt="CSV") == b"1\n"
    with pytest.raises(DatabaseError):
        store.client.query(BROKEN)
    assert store.client.query("SELECT 1").result_rows == [(1,)]


def test_the_time_of_each_request_is_its_limit(grafana: Plugin, served: Served) -> None:
    started = time.monotonic()
    with pytest.raises(Refused) as refused:
        grafana.ask(SLOW, 1)

    assert (refused.value.status, refused.value.code) == (408, "159")
    assert time.monotonic() - started < 5
    asked = "SELECT value FROM system.settings WHERE name = 'max_execution_time'"
    assert grafana.ask(asked, 9).rows == [("9",)]
    assert grafana.query(asked).rows == [("19",)]
    with closing(Plugin(served.port, max_threads="1")) as custom:
        asked = "SELECT value FROM system.settings WHERE name = 'max_threads'"
        assert custom.query(asked).rows == [("1",)]


def test_a_small_answer_waits_for_no_acknowledgement(grafana: Plugin) -> None:
    """Headers and body in two segments cost 40 ms each time, unless sent without delay."""

    def seconds() -> float:
        started = time.perf_counter()
        assert grafana.query("SELECT 1").rows == [(1,)]
        return time.perf_counter() - started

    assert statistics.quantiles([seconds() for _ in range(40)], n=4)[0] < 0.03


@pytest.mark.parametrize("served", [False, True], indirect=True)
def test_who_hangs_up_ends_the_query(grafana: Plugin, served: Served) -> None:
    impatient = Plugin(served.port)
    impatient.send(SLOW, 19)
    until(lambda: served.running() == 1)

    impatient.close()
    started = time.monotonic()
    assert grafana.query("SELECT 1").rows == [(1,)]

    assert time.monotonic() - started < 5  # of the twenty seconds that it would have taken
    assert served.running() == 0


def test_who_hangs_up_while_waiting_is_not_served(grafana: Plugin, served: Served) -> None:
    first, second = Plugin(served.port), Plugin(served.port)
    first.send(SLOW, 19)
    until(lambda: served.running() == 1)
    second.send("SELECT 'second'", 19)
    second.close()
    with urlopen(f"http://127.0.0.1:{served.port}/ping") as pong:  # it has heard of the end
        assert pong.status == 200
    first.close()

    assert grafana.query("SELECT 'third'").rows == [("third",)]
    assert "SELECT 'second'" not in served.begun


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("SELECT 1; SELECT 2", "SYNTAX_ERROR"),
        ("DROP TABLE pult.events", "READONLY"),
        ("INSERT INTO pult.events SELECT * FROM pult.events", "READONLY"),
        ("SET readonly = 0", "READONLY"),
        ("SELECT 1 INTO OUTFILE '/nowhere'", "READONLY"),
        ("KILL QUERY WHERE 1", "READONLY"),
        ("SELECT * FROM file('/etc/passwd')", "ACCESS_DENIED"),
    ],
)
def test_one_statement_that_reads(grafana: Plugin, statement: str, name: str) -> None:
    with pytest.raises(Refused, match=name):
        grafana.query(statement)
    assert grafana.query("SELECT count() FROM events").rows == [(0,)]


def test_what_the_plugin_asks_by_itself(grafana: Plugin) -> None:
    assert grafana.query("SELECT version()").rows
    assert ("pult",) in grafana.query("SHOW DATABASES").rows
    assert ("legs",) in grafana.query("SHOW TABLES").rows
    assert ("legs",) in grafana.query('SHOW TABLES FROM "pult"').rows
    described = grafana.query('DESC TABLE "pult"."legs"').rows
    assert ("leg_id", "String") in [row[:2] for row in described]
    assert ("leg_id", "String", "legs") in grafana.query(plugin.COLUMNS).rows
    assert len(grafana.query(plugin.FUNCTIONS).rows) > 1000
    assert grafana.query("select distinct queue_id from pult.legs limit 1000").rows == []
    assert grafana.query('SELECT "queue_id" FROM "pult"."legs" LIMIT 1').rows == []


def test_views_with_parameters_take_what_the_macros_become(
    grafana: Plugin, store: EmbeddedStore
) -> None:
    fold(store, [plan("Anna", "09:00 work 10:00"), *values(LATE)])
    for view, since, end in (
        ("adherence", "'2026-03-02'", "'2026-03-03'"),
        ("pult.adherence", "toDateTime(1772409600)", "toDateTime(1772496000)"),
        (
            '"pult"."adherence"',
            "fromUnixTimestamp64Milli(1772409600000)",
            "fromUnixTimestamp64Milli(1772496000000)",
        ),
    ):
        asked = f"SELECT agent_id, late_ms FROM {view}(since = {since}, until = {end})"
        assert [row[1] for row in grafana.query(asked).rows] == [600_000], asked


def test_all_that_is_kept_can_be_read(grafana: Plugin, store: EmbeddedStore) -> None:
    store.writer.write_events([heartbeat()], [(0, 0)], "a")
    store.writer.write_facts(facts_of_each_kind(), "b")
    query = "SELECT name FROM system.tables WHERE database = 'pult'"

    for (name,) in store.client.query(query).result_rows:
        if name not in PARAMETERISED_VIEWS:
            (counted,) = grafana.query(f'SELECT count() FROM "pult"."{name}"').rows
            assert len(grafana.query(f'SELECT * FROM "pult"."{name}"').rows) == counted[0], name


def test_forty_panels_at_once(served: Served) -> None:
    def panel(number: int) -> list[tuple[object, ...]]:
        with closing(Plugin(served.port)) as connected:
            return connected.query(f"SELECT {number} AS n, count() FROM numbers(20000)").rows

    with ThreadPoolExecutor(10) as panels:
        answers = list(panels.map(panel, range(40)))

    assert answers == [[(n, 20_000)] for n in range(40)]


def test_closing_the_store_ends_what_is_asked(store: EmbeddedStore, served: Served) -> None:
    other = EmbeddedStore(store.folder)
    with ThreadPoolExecutor(1) as asking:
        asked = asking.submit(other.query, SLOW)
        until(lambda: served.running() == 1)

        started = time.monotonic()
        other.close()

        assert time.monotonic() - started < 5
        with pytest.raises(StoreFailed, match="QUERY_WAS_CANCELLED"):
            asked.result()
