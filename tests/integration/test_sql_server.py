"""ClickHouse's own client over HTTP, reading and writing, against the engine in a process."""

import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import clickhouse_connect
import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from tests.integration.stores import PASSWORD, Store
from tests.oracles.plugin import Plugin, Refused
from tests.pult.command import once


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = Store(tmp_path_factory.mktemp("store") / "data")
    made.start()
    yield made
    made.end(signal.SIGKILL)


@pytest.fixture
def client(store: Store) -> Iterator[Client]:
    made = store.client()
    yield made
    made.command("DROP TABLE IF EXISTS words")
    made.close()


def make_table(client: Client) -> None:
    client.command(
        "CREATE TABLE words (number Int64, word String) ENGINE = MergeTree ORDER BY number "
        "SETTINGS non_replicated_deduplication_window = 100"
    )


def arrow(numbers: list[int], words: list[str]) -> bytes:
    sink = pa.BufferOutputStream()
    rows = pa.table({"number": numbers, "word": words})
    with pa.ipc.new_file(sink, rows.schema) as file:
        file.write_table(rows)
    return bytes(sink.getvalue())


def packed(text: bytes, codec: str) -> bytes:
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, codec) as stream:
        stream.write(text)
    return bytes(out.getvalue())


def test_rows_are_inserted_in_every_way_that_the_client_knows(client: Client) -> None:
    make_table(client)

    client.insert("words", [[1, "native"], [2, "ünï\tcode"]], column_names=["number", "word"])
    client.insert_arrow("words", pa.table({"number": [3], "word": ["arrow"]}))
    client.command("INSERT INTO words VALUES (4, 'values')")
    client.command("INSERT INTO words SELECT number + 1, 'select' FROM words WHERE number = 4")
    columns = ["number", "word"]
    for number, codec in enumerate(("lz4", "zstd", "gzip"), 6):
        body = packed(b"%d\t%s\n" % (number, codec.encode()), codec)
        client.raw_insert(
            "words", column_names=columns, insert_block=body, fmt="TSV", compression=codec
        )

    assert client.query("SELECT * FROM words ORDER BY number").result_rows == [
        (1, "native"), (2, "ünï\tcode"), (3, "arrow"), (4, "values"), (5, "select"), (6, "lz4"),
        (7, "zstd"), (8, "gzip"),
    ]  # fmt: skip


def test_a_repeated_token_is_recognised_and_another_is_not(client: Client) -> None:
    make_table(client)
    for token in ("a", "a", "b"):
        client.raw_insert(
            "words", insert_block=arrow([1], ["x"]), fmt="Arrow",
            settings={"insert_deduplication_token": token, "async_insert": 0},
        )  # fmt: skip

    assert client.command("SELECT count() FROM words") == 2


def test_parameters_settings_and_answers_in_arrow(client: Client) -> None:
    for word in ("it's", "tab\tand\nline", "back\\slash"):
        rows = client.query("SELECT {x:String}", parameters={"x": word}).result_rows
        assert rows == [(word,)]
    words = ["it's", "[comma, ']"]
    asked = client.query("SELECT {x:Array(String)}", parameters={"x": words})
    assert asked.result_rows == [(words,)]
    query = "SELECT value FROM system.settings WHERE name = 'max_block_size'"
    assert client.query(query, settings={"max_block_size": 77}).result_rows == [("77",)]
    assert client.query(query).result_rows != [("77",)]
    assert client.query_arrow("SELECT number FROM numbers(3)").num_rows == 3


def test_what_the_engine_refuses_has_its_code(client: Client) -> None:
    make_table(client)

    with pytest.raises(DatabaseError) as told:
        client.command("ALTER TABLE words ADD COLUMN")
    assert told.value.code == 62
    with pytest.raises(DatabaseError) as told:
        client.insert_arrow("words", pa.table({"number": ["no number"], "word": ["x"]}))
    assert told.value.code in (6, 27, 41, 72)


def test_only_who_knows_the_password_is_let_in(store: Store) -> None:
    for username, password in (("default", "wrong"), ("anna", PASSWORD), ("default", "")):
        with pytest.raises(DatabaseError) as told:
            clickhouse_connect.get_client(
                host="127.0.0.1", port=store.port, username=username, password=password
            )
        assert told.value.code == 516


def test_migrations_apply_over_http_once_and_the_readers_of_a_folder_see_what_was_written(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path / "data")
    store.start()
    try:
        store.migrate()
        config = store.folder.with_suffix(".toml")
        again = once("migrate", "--config", config, env={"SINK_PASSWORD": PASSWORD})
        client = store.client()
        client.command("INSERT INTO pult.dirty_day_facts (tenant, day) VALUES ('a', today())")
        client.close()
        store.end(signal.SIGKILL)
        store.start("--user", "nobody")

        asked = once("sql", "SELECT tenant FROM dirty_days", "--data", store.folder)
        refused = once("sink", "--config", config, env={"SINK_PASSWORD": PASSWORD})
    finally:
        store.end(signal.SIGKILL)

    assert again.out.endswith("has the form of this program; nothing to do\n")
    assert asked.out == "tenant\na\n"
    assert "clickhouse.username" in refused.complaint
    assert "may only read" in refused.complaint


def test_grafanas_plugin_is_greeted_and_a_failed_query_leaves_no_rows(store: Store) -> None:
    with closing(Plugin(store.port, f"default:{PASSWORD}", "default")) as grafana:
        assert grafana.revision == 0
        for _ in range(4):  # as many as there are threads
            with pytest.raises(Refused, match="it broke"):
                grafana.query(
                    "SELECT number, throwIf(number = 70000, 'it broke') FROM numbers(100000)"
                )
        for _ in range(8):
            assert grafana.query("SELECT 7 AS x").rows == [(7,)]
    with pytest.raises(Refused, match="AUTHENTICATION_FAILED"):
        Plugin(store.port, "default:wrong", "default")
