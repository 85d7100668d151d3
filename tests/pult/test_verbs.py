"""The small verbs, and what all verbs have in common."""

import json
import os
import pty
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from pult import verbs
from pult.cli import parser
from tests.lab_cut import Cut
from tests.pult.command import PULT, SECONDS, Demo, all_good, environment, good, in_turn, pult
from tests.pult.conftest import History

ROOT = Path(__file__).parents[2]
EXAMPLES = {verb.name: verb.examples.splitlines() for verb in verbs.VERBS}


def test_sql_answers_in_any_format_and_takes_the_query_from_stdin(
    queue_log_history: History,
) -> None:
    query = "SELECT 1 AS one, 'a' AS word"
    common = ("--data", queue_log_history.data)

    plain, json_rows, csv, own = all_good(
        ("sql", query, *common),
        ("sql", query, "--format", "JSONEachRow", *common),
        ("sql", query, "--format", "CSV", *common),
        ("sql", query + " FORMAT Values", "--format", "CSV", *common),
    )
    told = pult("sql", "-", *common, stdin=(query + "\n;\n").encode())

    assert plain == told.out == "one\tword\n1\ta\n"
    assert json.loads(json_rows) == {"one": 1, "word": "a"}
    assert csv == '1,"a"\n'
    assert own == "(1,'a')"


def test_on_a_terminal_sql_prints_a_table(queue_log_history: History) -> None:
    ours, theirs = pty.openpty()
    asked = [str(PULT), "sql", "SELECT 1 AS one", "--data", str(queue_log_history.data)]
    done = subprocess.run(
        asked, check=False, stdout=theirs, stderr=subprocess.PIPE,
        env=environment(), timeout=SECONDS,
    )  # fmt: skip
    os.close(theirs)
    table = os.read(ours, 10_000).decode()
    os.close(ours)

    assert done.returncode == 0, done.stderr
    assert {"one", "┌─", "└─"} <= set(re.findall(r"one|.─", table))


def test_a_reader_that_goes_away_is_no_failure(queue_log_history: History) -> None:
    query = "SELECT number FROM numbers(300000)"
    asked = ["sql", query, "--data", str(queue_log_history.data)]
    with subprocess.Popen(
        [PULT, *asked], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        said = running.stderr.read()
        running.wait(SECONDS)

    assert (running.returncode, said) == (0, b"")


def test_metrics_are_the_committed_dictionary(tmp_path: Path) -> None:
    printed = good("metrics", cwd=tmp_path)

    assert printed == (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert not (tmp_path / "pult-data").exists()


def test_schemas_are_printed_one_or_all_or_written(tmp_path: Path) -> None:
    one, every, _ = all_good(
        ("schemas", "cc.queue.entered.v1"),
        ("schemas",),
        ("schemas", "--write", tmp_path / "schemas"),
    )

    written = {path.stem: path for path in (tmp_path / "schemas").iterdir()}
    assert json.loads(one)["$id"] == "urn:pult:event:cc.queue.entered.v1"
    assert json.loads(every)["cc.queue.entered.v1"] == json.loads(one)
    assert set(written) >= set(json.loads(every))
    assert written["cc.queue.entered.v1"].read_text() == one


def test_the_doctor_says_how_settings_and_data_are(
    cut: Cut, queue_log_history: History, ended: Demo, tmp_path: Path
) -> None:
    (tmp_path / "half").write_bytes(cut.queue_log + b"not a line of a queue log\n")
    # Whoever has the usual ports on this machine is not what is asked here.
    (tmp_path / "pult.toml").write_text("[http]\nwall_port = 0\nsql_port = 0\n")
    (tmp_path / "wrong.toml").write_text("tenent = 1\n")
    (tmp_path / "secret.toml").write_text('[privacy]\nsecret_env = "PULT_TEST_SECRET"\n')
    rejected = tmp_path / "rejected"

    fresh, good_one, _, doubtful, used, wrong, secret = in_turn(
        ("doctor", "--data", tmp_path / "fresh"),
        ("doctor", "--data", queue_log_history.data),
        ("import", "asterisk-queue-log", tmp_path / "half", "--data", rejected),
        ("doctor", "--data", rejected),
        ("doctor", "--data", ended.data),
        ("doctor", "--config", tmp_path / "wrong.toml", "--data", tmp_path / "fresh"),
        ("doctor", "--config", tmp_path / "secret.toml", "--data", tmp_path / "fresh"),
        cwd=tmp_path,
    )

    assert (fresh.code, good_one.code, used.code) == (0, 0, 0)
    assert "is not there yet; import or demo makes it" in fresh.out
    assert not (tmp_path / "fresh").exists()
    assert "holds 585 events, 141 queue visits" in good_one.out
    assert doubtful.code == 1
    assert "PROBLEM 1 message could not be used; pult sql" in doubtful.out
    hint = doubtful.out.partition("; pult ")[2].splitlines()[0]
    assert "not a line of a queue log" in good(*shlex.split(hint))
    assert f"is in use by pult demo (process {ended.process.pid}), wall at http" in used.out
    assert wrong.code == 1
    assert "did you mean tenant?" in wrong.out
    assert secret.code == 1
    assert "environment variable PULT_TEST_SECRET is not set" in secret.out
    assert {each.err for each in (fresh, good_one, doubtful, used, wrong, secret)} == {""}


@pytest.fixture(scope="module")
def helps() -> dict[str, str]:
    names = (*EXAMPLES, "", "version")
    said = in_turn(*((verb, "--help") for verb in EXAMPLES), ("--help",), ("--version",))
    assert {each.code for each in said} == {0}
    return {name: each.out for name, each in zip(names, said, strict=True)}


@pytest.mark.parametrize("verb", EXAMPLES)
def test_help_of_a_verb_shows_an_example_and_the_common_options(
    helps: dict[str, str], verb: str
) -> None:
    assert f"  pult {verb}" in helps[verb].partition("examples:")[2]
    assert "default pult-data, or PULT_DATA" in " ".join(helps[verb].split())
    assert verb in helps[""]
    assert max(map(len, helps[verb].partition("examples:")[0].splitlines())) <= 96


@pytest.mark.parametrize("line", [line for each in EXAMPLES.values() for line in each])
def test_an_example_of_the_help_can_be_typed(line: str) -> None:
    (ours,) = (each for each in line.split(" | ") if each.startswith("pult "))
    _, *words = shlex.split(ours)

    assert parser(words).parse_args(words).verb == words[0]


def test_help_tells_units_and_defaults(helps: dict[str, str]) -> None:
    demo, load = (" ".join(helps[verb].split()) for verb in ("demo", "import"))

    assert "times faster than real time (default 30)" in demo
    assert "(default 8400; 0: any free one)" in demo
    assert "(default 8123; 0: any free one)" in demo
    assert "asterisk-ami, asterisk-queue-log" in load
    assert "(default pbx1)" in load
    assert "(default schedule)" in load
    assert helps["version"].startswith("pult ")


def test_common_options_stand_before_or_after_the_verb(
    queue_log_history: History, tmp_path: Path
) -> None:
    asked = ("sql", "SELECT count() FROM legs FORMAT TSV")
    data = queue_log_history.data

    before, after = all_good(("--data", data, *asked), (*asked, "--data", data))
    by_environment, overruled = in_turn(
        asked, (*asked, "--data", "other"), cwd=tmp_path, env={"PULT_DATA": str(data)}
    )

    assert before == after == by_environment.out == "141\n"
    assert overruled.code == 1
    assert "no history in" in overruled.complaint


def test_a_source_may_have_any_name_and_two_sources_are_not_mixed(
    cut: Cut, tmp_path: Path
) -> None:
    common = ("--data", tmp_path / "data")
    query = "SELECT source, count() FROM legs GROUP BY source ORDER BY ALL FORMAT TSV"

    first, second, counted = all_good(
        ("import", "asterisk-queue-log", cut.queue_log_path, *common),
        ("import", "asterisk-queue-log", cut.queue_log_path, "--source", "Филиал 2", *common),
        ("sql", query, *common),
    )

    assert "messages of pbx1, " in first
    assert "messages of Филиал 2, " in second
    assert counted == "pbx1\t141\nФилиал 2\t141\n"
