"""docs/operations.md explains each line of the log and each setting of the containers."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.deploy.programs import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
PACKAGES = ("pult", "producers", "stream_processors", "sql")
LEVELS = {"info", "warning", "error", "exception", "critical"}
_VALUE = re.compile(r"\s?\w*=?%[-+ #0-9.]*[sdrfxg]")


def _lines() -> Iterator[str]:
    """Yield the first words of each line that is logged, without its values."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield from _lines_of(path)


def _lines_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="_LOG"), attr=level),
                args=[ast.Constant(value=str(text)), *_],
            ) if level in LEVELS:
                parts = (part.strip(" ;:,") for part in _VALUE.split(text))
                yield next(part for part in parts if part)


def _explained() -> set[str]:
    table = PAGE.partition("\n## What each line means\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)) - {"line"}


def test_each_line_of_the_log_is_explained() -> None:
    said = set(_lines())

    assert said
    assert said == _explained()
