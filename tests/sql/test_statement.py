"""The guard: what passes, what does not, and that hiding it does not help."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import QueryRefused
from sql.embedded import EmbeddedStore
from sql.settings import LIMITS, check_setting
from sql.statement import READING_TABLE_FUNCTIONS, check_format, reaches_out, read_only

PASSES = {
    "SELECT 1": "",
    "select 1 ;; -- end": "",
    "SELECT 1 FORMAT JSON": "JSON",
    "SELECT 1 SETTINGS max_threads = 1 FORMAT `CSV`": "CSV",
    "SELECT 1 FORMAT TSV SETTINGS max_threads=1": "TSV",
    "SELECT format FROM t": "",
    "SELECT count() AS format, 'FORMAT JSON'": "",
    "(SELECT 1) UNION ALL (SELECT 2)": "",
    "WITH x AS (SELECT 1 AS a) SELECT * FROM x FORMAT Native;": "Native",
    "SHOW TABLES": "",
    "DESC legs": "",
    "DESCRIBE TABLE legs": "",
    "EXPLAIN SELECT 1": "",
    "EXISTS TABLE legs": "",
    "SELECT 'INTO OUTFILE; DROP TABLE x' -- INTO OUTFILE ; SELECT": "",
    'SELECT 1 AS "a;b", 2 AS `INTO OUTFILE` /* ; INTO OUTFILE */': "",
    "SELECT $tag$ ; INSERT $$ $tag$, $$url('x')$$": "",
    "SELECT * FROM numbers(10) JOIN zeros(3) ON 1": "",
    "SELECT extract(HOUR FROM toDateTime(now())), trim(BOTH 'x' FROM concat('a'))": "",
    "SELECT 1 IS DISTINCT FROM toUInt8(2)": "",
    "SELECT * FROM legs ARRAY JOIN range(3) AS n": "",
    "SELECT URLHash('a'), cosineDistance([1], [2]), domain FROM legs": "",
    "SELECT name, value, readonly FROM system.settings WHERE readonly = 1": "",
    "SELECT 1.5e-3, .5, 0xff, 1_000, -1--1": "",
    "SELECT 'it''s', 'a\\'; DROP', \"a\"\"b\"": "",
    "SELECT {x:UInt8}": "",
    "SELECT now(); # a comment": "",
    "SELECT * FROM (SELECT 1 AS a SETTINGS final=1, join_use_nulls=true) WHERE a = 1": "",
    "SELECT settings, Settings['x'] FROM system.query_log WHERE settings = map()": "",
    "SHOW SETTINGS LIKE '%x%'": "",
    "SELECT format('{}', 'a') SETTINGS output_format_json_quote_64bit_integers=0": "",
}


@pytest.mark.parametrize("statement", PASSES)
def test_reading_passes_with_its_format(statement: str) -> None:
    assert read_only(statement).format == PASSES[statement]


WRITES = [
    "INSERT INTO t VALUES (1)", "DROP TABLE legs", "SET readonly = 0", "SYSTEM SHUTDOWN",
    "CREATE TABLE x (a Int8) ENGINE = Memory", "ALTER TABLE legs DELETE WHERE 1", "USE default",
    "SELECT 1 INTO OUTFILE 'x'", "SELECT 1 INTO/**/OUTFILE'x' FORMAT CSV",
    "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", "(DROP TABLE x)",
    "KILL QUERY WHERE 1",
    "SELECT 1 SETTINGS readonly = 0", "SELECT 1 SETTINGS max_threads=1, `readonly`=0",
    "SELECT 1 SETTINGS allow_introspection_functions = 1",
    "SELECT 1 SETTINGS input_format_allow_errors_num=10, "
    "input_format_record_errors_file_path='/tmp/x.sh'",
    "SELECT * FROM (SELECT 1 SETTINGS final=1, format_avro_schema_registry_url='http://x')",
    "SELECT 1 SETTINGS final", "SELECT 1 SETTINGS max_threads = {x:UInt8}",
    "SELECT 1 SETTINGS max_threads = -1", "SELECT 1 SETTINGS 'readonly' = 0",
    "SELECT 1 SETTINGS max_execution_time = 0.0000001", "SELECT 1 SETTINGS final.x = 1",
    "SELECT 1 SETTINGS database = 'default'", "SELECT 1 PARALLEL WITH DROP TABLE x",
]  # fmt: skip
SEVERAL_OR_UNREADABLE = [
    "", " ; ", "-- only a comment", "SELECT 1; SELECT 2", "SELECT 1;; DROP TABLE x",
    "SELECT 'a", "SELECT `a", "SELECT /* a", "SELECT $a$ b", "SELECT 1 \\G", "SELECT ‘a’",
    "SELECT 1INTO OUTFILE 'x'", "SELECT \x001", 'SELECT "a\\"; DROP TABLE x --"', "SELECT #x",
    "SELECT 1$$;$$", "1 + 1", "(", "'a'", "`select` 1", "SELEC 1", "selec drop table legs",
    "((SELEC 1))", "SELEC 1 INTO OUTFILE 'x'", "SELEC * FROM url('http://127.0.0.1', 'CSV')",
]  # fmt: skip
REACHES = [
    "SELECT * FROM url('http://127.0.0.1', 'CSV')", "SELECT * FROM file('/etc/passwd')",
    "SELECT file('/etc/passwd')", "DESCRIBE s3('http://x')", "DESC TABLE remote('h', 'd.t')",
    "SELECT * FROM legs, urlCluster('x')", "SELECT * FROM `url`('x')", 'SELECT * FROM "URL"(1)',
    "SELECT * FROM url /* */ ('x')", "SELECT * FROM executable('x')", "SELECT * FROM python(x)",
    "SELECT * FROM default.`/etc/passwd`", 'SELECT * FROM "default" . "x.csv"',
    "SELECT * FROM {d:Identifier}.{t:Identifier}", "SELECT * FROM loop('default', '/x.csv')",
    "SELECT 1 WHERE 1 IN (SELECT * FROM icebergS3('x'))",
    "SELECT aiGenerate('x')", "SELECT * FROM filesystem('/')", "SELECT * FROM eval('DROP')",
    "SELECT 1 FORMAT AvroConfluent", "SELECT * FROM format(CSV, '1')",
    "SELECT * FROM legs, format(Protobuf, '1')", "SELECT 1 FORMAT `CapnProto` SETTINGS final=1",
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "statement"),
    [
        *(("Code: 164. DB::Exception: ", each) for each in WRITES),
        *(("Code: 62. DB::Exception: Syntax error", each) for each in SEVERAL_OR_UNREADABLE),
        *(("Code: 497. DB::Exception: ", each) for each in REACHES),
    ],
)
def test_everything_else_is_refused(code: str, statement: str) -> None:
    with pytest.raises(QueryRefused) as refused:
        read_only(statement)

    assert str(refused.value).startswith(code)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("queue_reprt", "queue_reprt that takes parameters, did you mean queue_report?"),
        ("`Call_Chian`", "Call_Chian that takes parameters, did you mean call_chain?"),
        ("dispositions", "dispositions that takes parameters, did you mean disposition_re"),
        ("someNewFunction", "someNewFunction that takes parameters (known: adherence, "),
    ],
)
def test_a_misspelt_view_is_refused_with_the_nearest_name(name: str, near: str) -> None:
    told = said_of(f"SELECT * FROM {name}(since = '2026-03-02')")

    assert told.startswith(f"Code: 46. DB::Exception: There is no view or function {near}")
    assert told.endswith(" (UNKNOWN_FUNCTION)")


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (
            "$__fromTme",
            "$__fromTme is nothing that Grafana fills in, did you mean $__fromTime?",
        ),
        ("$__timeFiltr(entered_at)", "Grafana fills in, did you mean $__timeFilter?"),
        ("$queue", "$queue is nothing that Grafana fills in at"),
        ("${queue:csv}", "${queue:csv} is nothing that Grafana fills in at"),
        ("$a$ b", "heredoc without end at"),
    ],
)
def test_what_grafana_left_as_it_was_is_told_as_that(left: str, told: str) -> None:
    assert told in said_of(f"SELECT * FROM legs WHERE entered_at > {left} ")


def engine_said_of(store: EmbeddedStore, text: str) -> str:
    """Return what a server's parser says of a text that it cannot read."""
    query = "SELECT formatQuery({text:String}) SETTINGS implicit_select = 0"
    with pytest.raises(Exception, match="Syntax error: ") as told:
        store.client.query(query, parameters={"text": text})
    return str(told.value)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SELEC 1", "Syntax error: failed at position 1 (SELEC): SELEC 1."),
        ("( SELEC 1)", "Syntax error: failed at position 3 (SELEC): SELEC 1)."),
        ("1 + 1", "Syntax error: failed at position 1 (1): 1 + 1."),
    ],
)
def test_a_slip_of_the_pen_is_told_as_clickhouse_tells_it(
    store: EmbeddedStore, statement: str, said: str
) -> None:
    ours = said_of(statement)

    assert said in engine_said_of(store, statement)
    assert ours.startswith(f"Code: 62. DB::Exception: {said} Expected one of: ")
    assert ours.endswith(". (SYNTAX_ERROR)")


def test_whatever_begins_a_statement_of_the_engine_is_no_slip(store: EmbeddedStore) -> None:
    """Fails when an upgrade brings one: it reads, or it is refused as what it is."""
    keywords = "SELECT DISTINCT lower(splitByChar(' ', keyword)[1]) FROM system.keywords"
    words = [word for (word,) in store.client.query(keywords).result_rows]
    slip = "failed at position 1 ({})"

    begins = [w for w in words if slip.format(w) not in engine_said_of(store, f"{w} ~~")]

    assert {"select", "insert", "system", "with"} <= {*begins}
    for word in begins:
        assert slip.format(word) not in said_of(f"{word} x"), word


def said_of(statement: str) -> str:
    """Return why a statement is refused, nothing if it is not."""
    try:
        read_only(statement)
    except QueryRefused as refused:
        return str(refused)
    return ""


def test_every_table_function_of_the_engine_is_judged(store: EmbeddedStore) -> None:
    """Fails when an upgrade brings one: decide whether it leaves the database."""
    names = store.client.query("SELECT lower(name) FROM system.table_functions").result_rows
    known = {name for (name,) in names}

    unjudged = {n for n in known if n not in READING_TABLE_FUNCTIONS and not reaches_out(n)}
    # Also a harmless function of text: refused only where a table stands, and by its formats.
    assert unjudged == {"format"}
    assert not {n for n in READING_TABLE_FUNCTIONS if reaches_out(n)}


def test_no_function_of_the_engine_finds_things_by_a_string(store: EmbeddedStore) -> None:
    """A dictionary, a table, a model or a file named by a string is seen by no other check."""
    query = (
        "SELECT name FROM system.functions WHERE match(lower(name), "
        "'^dict[ghi]|^joinget|intable$|^file|catboost|^naivebayescl|^region|lemmatize|synonyms')"
    )
    names = [name for (name,) in store.client.query(query).result_rows]

    assert {"hasColumnInTable", "joinGet", "dictGet", "file", "filesystemAvailable"} <= {*names}
    for name in names:
        with pytest.raises(QueryRefused, match=f"function {name} "):
            read_only(f"SELECT {name}('a', 'b', 1)")


def test_no_setting_that_names_something_outside_is_allowed(store: EmbeddedStore) -> None:
    """Whatever an upgrade of the engine brings."""
    query = (
        "SELECT name FROM system.settings WHERE match(name, "
        "'path|url|file|schema|uri|host|user|password|storage|disk|database')"
    )
    names = [name for (name,) in store.client.query(query).result_rows]

    assert len(names) > 100
    for name in names:
        with pytest.raises(QueryRefused, match=f"Code: 164.*{name}"):
            check_setting(name, "1")


@pytest.mark.parametrize("name", ["readonly", "READONLY", "dialect", "a\nb", "x" * 1000, ""])
def test_a_setting_nobody_allowed_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(QueryRefused, match="Code: 164") as refused:
        check_setting(name, "1")

    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_can_only_be_lowered(name: str) -> None:
    limit = str(LIMITS[name])

    assert check_setting(name, "1") == "1"
    assert check_setting(name, "0") == check_setting(name, "9" * 25) == limit
    assert read_only(f"SELECT 1 SETTINGS {name}=0, final=1").text.count(f"={limit},") == 1
    with pytest.raises(QueryRefused):
        check_setting(name, "auto")


@pytest.mark.parametrize(
    "name", ["", "CSV INTO OUTFILE 'x'", "CSV SETTINGS a=1", "AvroConfluent"]
)
def test_a_format_is_a_name_that_needs_nothing_else(name: str) -> None:
    with pytest.raises(QueryRefused):
        check_format(name)


GAP = st.sampled_from([" ", "\n", "\t", "/* ' */", "/**/", '-- "\n', "# `\n", "\u00a0", "  "])
HARMLESS = st.sampled_from(
    ["'a'", "'it''s'", "'\\''", "'/*'", '"--"', "`;`", "$$'$$", "$x$;$x$", "'-- '", "1", "a"]
)
LIST = st.lists(HARMLESS, min_size=1, max_size=4)


@given(LIST, st.lists(GAP, min_size=4, max_size=4), st.booleans())
def test_hiding_between_comments_and_quotes_does_not_help(
    items: list[str], gaps: list[str], second: bool
) -> None:
    first, *others = gaps
    beginning = f"SELECT{first}" + f"{others[0]},".join(items)
    evil = ";{1}DROP{2}TABLE x" if second else "{0}INTO{1}OUTFILE{2}'f'"

    with pytest.raises(QueryRefused, match=r"OUTFILE|Multi-statements"):
        read_only(beginning + evil.format(*others))


@given(LIST, st.lists(GAP, min_size=2, max_size=2))
def test_the_engine_reads_what_the_guard_read(items: list[str], gaps: list[str]) -> None:
    statement = f"SELECT{gaps[0]}" + f"{gaps[1]},".join(items)

    once = read_only(statement).text

    assert read_only(once).text == once
    assert once.count(",") == statement.count(",")


@given(st.text(max_size=40))
def test_any_text_is_judged_without_surprise(text: str) -> None:
    try:
        checked = read_only("SELECT " + text)
    except QueryRefused:
        return

    assert read_only(checked.text).text == checked.text
