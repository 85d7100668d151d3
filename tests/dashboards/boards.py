"""The committed boards, as Grafana reads them."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

GENERATED = Path(__file__).parents[2] / "dashboards" / "generated"
FILES = sorted(GENERATED.glob("*/*/*.json"))
PROMETHEUS = "prometheus"
CLICKHOUSE = "clickhouse"


class Question(NamedTuple):
    """One query of a panel, with where it stands."""

    board: str
    panel: Mapping[str, Any]
    target: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Where it stands."""
        return f"{self.board} {self.panel['id']}{self.target['refId']}"


@cache
def boards() -> Mapping[str, Mapping[str, Any]]:
    """Return all boards by uid."""
    found = [json.loads(path.read_text("utf-8")) for path in FILES]
    return {each["uid"]: each for each in found}


def panels(board: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the panels of a board."""
    found: list[Mapping[str, Any]] = board["panels"]
    return found


def questions(datasource: str, language: str = "en") -> Iterator[Question]:
    """Return every query of one data source in the boards of a language."""
    for uid, board in boards().items():
        for panel in panels(board):
            if not uid.endswith(f"-{language}") or "datasource" not in panel:
                continue
            if panel["datasource"]["uid"] != datasource:
                continue
            for target in panel["targets"]:
                yield Question(uid, panel, target)


def variables(text: str) -> set[str]:
    """Return the names of a board's variables in a text; those of Grafana begin with `__`."""
    found = re.findall(r"\$(?:\{(\w+)[^}]*\}|(\w+))", text)
    return {a or b for a, b in found if not (a or b).startswith("__")}
