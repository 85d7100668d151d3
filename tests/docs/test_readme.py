"""The README's commands, run as they are written there, and the queries of docs/sql.md.

A demo of its own runs on free ports; the commands are only told its ports and its data folder.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from pult.cli import main
from pult.verbs import VERBS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
SQL_PAGE = (ROOT / "docs" / "sql.md").read_text("utf-8")

PULT = Path(sys.executable).with_name("pult")
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]  # fmt: skip
QUERIES = dict(
    re.findall(
        r"^## (\w+)\n(?:(?!^## ).)*?^```sql\n(.*?)^```", SQL_PAGE, re.DOTALL | re.MULTILINE
    )
)
MAY_BE_EMPTY = {
    "rejected",
    "dirty_days",
    "merged_contacts",  # nobody consulted in the recording
    "reviews",
    "schedules",
    "adherence",
    "adherence_spans",
    "cards",
    "crm_told",
    "case_steps",
    "cases",
    "dispositions",
    "surveys",
    "card_filling",
    "disposition_report",
    "satisfaction",
}
PLAYED_SECONDS = 60


@dataclass(frozen=True)
class Demo:
    """A demo whose recording is over."""

    data: Path
    wall: str
    sql: str

    def ask(self, query: str) -> list[str]:
        """Return the rows of the answer as text."""
        try:
            with urlopen(Request(self.sql, query.encode()), timeout=30) as answer:
                text: str = answer.read().decode()
        except HTTPError as refused:
            pytest.fail(refused.read().decode())
        return text.splitlines()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    data = tmp_path_factory.mktemp("demo") / "data"
    ports = ["--port", "0", "--sql-port", "0"]
    process = subprocess.Popen(
        [PULT, "demo", "--speed", "100000", "--data", data, *ports],
        cwd=data.parent, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = ""
        while "The recording is over" not in said:
            said = process.stdout.readline()
            assert said, "the demo stopped before the recording was over"
        told = json.loads((data / "endpoint.json").read_text("utf-8"))
        running = Demo(data, told["wall"], told["sql"])
        _wait_until_stored(running)
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=PLAYED_SECONDS)
    assert process.returncode == 0


def _wait_until_stored(demo: Demo) -> None:
    """The store follows the fold by a second or two."""
    deadline = time.monotonic() + PLAYED_SECONDS
    while demo.ask("SELECT count() FROM pult.legs WHERE ended_at IS NOT NULL") != ["818"]:
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.parametrize("page", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_every_make_target_that_is_named_exists(page: str) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))

    named = set(re.findall(r"(?:`|^)make ([a-z]+)", page, re.MULTILINE))

    assert "test" in named
    assert named <= targets


def test_the_readme_shows_the_two_commands() -> None:
    assert {"make demo", "make test"} <= set(COMMANDS)


@pytest.mark.parametrize("verb", sorted(set(re.findall(r"\.venv/bin/pult (\w+)", README))))
def test_every_verb_that_is_named_explains_itself(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verb in {each.name for each in VERBS}

    with pytest.raises(SystemExit) as stopped:
        main([verb, "--help"])

    assert stopped.value.code == 0
    assert f"pult {verb}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "line", [c for c in COMMANDS if c.startswith((".venv/bin/pult sql", "curl"))]
)
def test_a_question_of_the_readme_is_answered(line: str, demo: Demo) -> None:
    for address, port in (
        ("http://127.0.0.1:8123", demo.sql),
        ("http://127.0.0.1:8400", demo.wall),
    ):
        line = line.replace(address, port)
    words = shlex.split(line)
    if words[0] == "curl":
        address, *rest = words[1:]
        body = rest[1].encode() if rest else None
        with urlopen(Request(address, body), timeout=30) as answer:
            said = answer.read().decode()
    else:
        said = subprocess.run(
            [PULT, *words[1:], "--data", demo.data],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip

    assert len(said.splitlines()) > 1


def test_an_import_of_the_readme_reads_a_queue_log(tmp_path: Path) -> None:
    line = next(c for c in COMMANDS if "import asterisk-queue-log" in c)
    log = ROOT / "producers" / "recordings" / "asterisk_lab" / "queue_log"
    words = shlex.split(line.replace("/var/log/asterisk/queue_log", str(log)))

    done = subprocess.run(
        [PULT, *words[1:], "--data", tmp_path / "data"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip

    assert "818 queue visits in the history" in done.stdout


def test_every_view_has_an_example(demo: Demo) -> None:
    views = demo.ask(
        "SELECT name FROM system.tables WHERE database = 'pult' "
        "AND (engine = 'View' OR name IN ('events', 'metrics'))"
    )

    assert set(views) == set(QUERIES)


@pytest.mark.parametrize("view", QUERIES)
def test_an_example_finds_something(view: str, demo: Demo) -> None:
    assert re.search(rf"\bFROM {view}\b", QUERIES[view])
    (found,) = demo.ask(
        "SELECT toDate(min(entered_at)) - 1, toDate(min(entered_at)) + 2, min(interaction_id) "
        "FROM legs"
    )
    rows = demo.ask(_of_the_recording(QUERIES[view], *found.split("\t")))

    assert rows or view in MAY_BE_EMPTY


def test_ten_questions_of_managers_are_answered(demo: Demo) -> None:
    section = SQL_PAGE.partition("## Ten questions, ten queries\n")[2].partition("\n## ")[0]
    queries = re.findall(r"^```sql\n(.*?)^```", section, re.DOTALL | re.MULTILINE)

    of_the_demo, *ten = queries
    (said,) = demo.ask(of_the_demo)
    since, until, contact = said.split("\t")
    assert len(ten) == 10
    for query in ten:
        assert demo.ask(_of_the_recording(query, since, until, contact)), query


def test_the_events_behind_an_episode_are_all_that_its_evidence_names(demo: Demo) -> None:
    (query,) = re.findall(
        r"^The events behind one episode, in order:\n\n```sql\n(.*?)^```", SQL_PAGE,
        re.DOTALL | re.MULTILINE,
    )  # fmt: skip
    (named,) = demo.ask(
        "SELECT JSONExtract(evidence, 'events', 'Array(String)') FROM violations "
        "WHERE code = 'rona' ORDER BY fired_at LIMIT 1 FORMAT JSONCompactEachRow"
    )
    columns = query.replace("SELECT occurred_at,", "SELECT id, occurred_at,")

    rows = demo.ask(columns)

    (ids,) = json.loads(named)
    assert len(ids) == 2
    assert sorted(row.partition("\t")[0] for row in rows) == sorted(ids)


def _of_the_recording(query: str, since: str, until: str, contact: str) -> str:
    """Ask of what the demo plays what a page asks of other days and contacts."""
    query = re.sub(r"\binteraction_id = '[^']*'", f"interaction_id = '{contact}'", query)
    query = re.sub(r"\bsince = '[^']*'", f"since = '{since}'", query)
    return re.sub(r"\buntil = '[^']*'", f"until = '{until}'", query)
