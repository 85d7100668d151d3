"""What the pages of the alerts tell to type can be typed."""

import json
import re
import shlex
from pathlib import Path

import pytest

from pult.settings import Settings
from sql.embedded import EmbeddedStore
from tests.deploy.programs import ROOT, ran
from tests.docs.own_metrics import exported

PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
OF_PROMETHEUS = {"up", "ALERTS", "scrape_duration_seconds"}
PARTS = ("What it means", "How to look", "What to do")
FOREIGN = {"docker", "journalctl", "systemctl", "df", "du"}
"""What comes with the machine and is not asked here."""


def commands() -> list[tuple[str, list[str]]]:
    """Return the commands of all pages as page and words."""
    found = []
    for path in PAGES:
        text = path.read_text("utf-8")
        for block in re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            lines = block.replace("\\\n", " ").splitlines()
            found += [(path.stem, shlex.split(line, comments=True)) for line in lines]
    return found


def of(program: str) -> list[tuple[str, list[str]]]:
    """Return the arguments of the commands of one program, with their pages."""
    return [(page, words[1:]) for page, words in commands() if words[0] == program]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_says_what_it_means_how_to_look_and_what_to_do(path: Path) -> None:
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)

    if path.stem != "README":
        assert headings == [path.stem, *PARTS]


def test_only_programs_are_named_that_are_checked_here_or_are_of_the_machine() -> None:
    named = {words[0] for _, words in commands()}

    assert named - FOREIGN == {"pult", "promtool", "amtool", "curl"}


def test_every_query_of_the_history_is_answered(store: EmbeddedStore) -> None:
    queries = {words[1] for _, words in of("pult") if words[0] == "sql"}

    assert queries
    for query in queries:
        store.query(query)


def test_every_query_of_prometheus_is_one_and_asks_for_what_is_exported() -> None:
    known = {each.name for each in exported()} | OF_PROMETHEUS
    known |= {f"{name}_bucket" for name in known}
    for page, (*how, query) in of("promtool"):
        assert how == ["query", "instant", "http://127.0.0.1:9090"], page
        asked = set(re.findall(r"\b(?:pult_\w+|cc_\w+|up\b|ALERTS|scrape_\w+)", query))
        assert asked, page
        assert asked <= known, page


def test_every_query_of_prometheus_can_be_read_by_it(tmp_path: Path) -> None:
    queries = [words[-1] for _, words in of("promtool")]
    rules = [{"record": f"asked:{n}", "expr": query} for n, query in enumerate(queries)]
    path = tmp_path / "rules.yml"  # JSON is YAML, too
    path.write_text(json.dumps({"groups": [{"name": "asked", "rules": rules}]}))

    done = ran("promtool", "check", "rules", path)

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_address_is_that_of_a_part() -> None:
    http = Settings().http
    ports = {http.wall_port, http.processor_port, http.adapter_port, http.sink_port}
    for page, words in of("curl"):
        found = re.fullmatch(
            r"http://127\.0\.0\.1:(\d+)/(readyz|metrics/discipline)", words[-1]
        )
        assert found is not None, page
        assert int(found[1]) in ports, page
