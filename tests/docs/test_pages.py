"""Links lead somewhere, decisions are numbered and whole, code refers to pages that exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from pult.cli import parser
from pult.settings import parse

ROOT = Path(__file__).parents[2]
OURS = ("docs", "dashboards", "deploy", "producers", "pult", "schemas", "sql",
        "stream_processors", "tests", "benchmarks")  # fmt: skip
PAGES = sorted(
    [*ROOT.glob("*.md"), *(page for each in OURS for page in (ROOT / each).rglob("*.md"))]
)
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))

_FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_STATUS = re.compile(
    r"^Status: (accepted|superseded by \[\d{4}\]\(.+\))\. Date: 20\d\d-\d\d-\d\d\.$",
    re.MULTILINE,
)
_SHELL = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
_TOML = re.compile(r"^```toml\n(.*?)^```", re.DOTALL | re.MULTILINE)
_OF_A_MAPPING = re.compile(r"^(title|\[columns\]|time_format)\b", re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _links(page: Path) -> Iterator[tuple[str, str]]:
    """Yield path and anchor of each link that leads to a file of ours."""
    for target in _LINK.findall(_FENCED.sub("", page.read_text("utf-8"))):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            yield path, anchor


def _anchors(page: Path) -> set[str]:
    headings = _HEADING.findall(_FENCED.sub("", page.read_text("utf-8")))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _ours(page: Path) -> Iterator[str]:
    """Yield the commands of ours that a page shows."""
    for block in _SHELL.findall(page.read_text("utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            if re.match(r"(\.venv/bin/)?pult ", line):
                yield line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_something(page: Path) -> None:
    broken = []
    for path, anchor in _links(page):
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(f"{path}#{anchor}" if anchor else path)

    assert broken == []


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (page.name, text)
        for page in PAGES
        for text in _TOML.findall(page.read_text("utf-8"))
        if not _OF_A_MAPPING.search(text)
    ],
)
def test_settings_that_a_page_shows_can_be_used(page: str, text: str) -> None:
    parse(text, page)


@pytest.mark.parametrize("line", sorted({each for page in PAGES for each in _ours(page)}))
def test_a_command_that_a_page_shows_is_one(line: str) -> None:
    _, *words = shlex.split(line.partition(" | ")[0], comments=True)

    assert parser(words).parse_args(words).verb == words[0]


def test_decisions_are_numbered_one_by_one() -> None:
    numbers = [int(page.name[:4]) for page in DECISIONS]

    assert numbers == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_has_its_number_date_status_and_parts(page: Path) -> None:
    text = page.read_text("utf-8")

    assert text.startswith(f"# {page.name[:4]} ")
    assert _STATUS.search(text)
    assert _HEADING.findall(text)[1:] == ["Context", "Decision", "Consequences"]


def test_pages_that_the_code_names_exist() -> None:
    named = {
        name.rstrip(".")
        for folder in OURS
        for file in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"\bdocs/[\w./-]*\w", file.read_text("utf-8"))
        if not re.search(r"asterisk/documentation|Operation/Logging", name)
    }

    assert [name for name in sorted(named) if not list(ROOT.glob(f"{name}*"))] == []
