"""What a viewer reads at the edges, evaluated by Grafana's own code in Node.

`@grafana/data` is installed once, into .grafana; where npm cannot, this is skipped.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.dashboards.boards import boards
from tests.deploy.programs import ROOT

VIEWER = Path(__file__).parent / "viewer"
INSTALLED = ROOT / ".grafana"
MINUTES_3 = 180
NO_DATA = ("NO DATA", "purple")

Seen = tuple[str, str]


@pytest.fixture(scope="module")
def viewer() -> Path:
    """Return the folder with Grafana's code."""
    wanted = (VIEWER / "package.json").read_text("utf-8")
    ready = INSTALLED / "ready"
    if ready.is_file() and ready.read_text("utf-8") == wanted:
        return INSTALLED
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("this needs Node 20 and npm")
    INSTALLED.mkdir(exist_ok=True)
    (INSTALLED / "package.json").write_text(wanted, "utf-8")
    done = subprocess.run(
        ["npm", "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund",
         "--legacy-peer-deps"],
        check=False, cwd=INSTALLED, capture_output=True, text=True, timeout=MINUTES_3,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"npm cannot install @grafana/data: {done.stderr.strip()[:100]}")
    ready.write_text(wanted, "utf-8")
    return INSTALLED


def defaults(board: str, title: str) -> Mapping[str, Any]:
    """Return the field configuration of a panel, by the beginning of its title."""
    (panel,) = [
        panel
        for panel in boards()[f"pult-{board}-en"]["panels"]
        if panel["title"].startswith(title) and panel["type"] in ("stat", "bargauge")
    ]
    found: Mapping[str, Any] = panel["fieldConfig"]["defaults"]
    return found


def of_part(board: str, title: str, part: int) -> Mapping[str, Any]:
    """Return what holds for one of two numbers of a tile."""
    (panel,) = [p for p in boards()[f"pult-{board}-en"]["panels"] if p["title"] == title]
    changed = panel["fieldConfig"]["overrides"][part]["properties"]
    return {
        **panel["fieldConfig"]["defaults"],
        **{each["id"]: each["value"] for each in changed},
    }


def seen(viewer: Path, asked: Sequence[tuple[Mapping[str, Any], object]]) -> list[Seen]:
    """Return text and colour of each value."""
    done = subprocess.run(
        ["node", str(VIEWER / "evaluate.cjs"), str(viewer)],
        check=True, capture_output=True, text=True, timeout=MINUTES_3,
        input=json.dumps([[config, value] for config, value in asked]),
    )  # fmt: skip
    return [(each["text"], each["color"]) for each in json.loads(done.stdout)]


EDGES: Sequence[tuple[str, str, Sequence[tuple[object, str, str]]]] = (
    ("supervisor", "Service level 30 min, worst", (
        (-1, "no calls", "transparent"), (0, "0.0%", "red"), (0.6999, "70.0%", "red"),
        (0.7, "70.0%", "yellow"), (0.7999, "80.0%", "yellow"), (0.8, "80.0%", "transparent"),
        (1, "100.0%", "transparent"), (None, *NO_DATA), ("NaN", *NO_DATA),
    )),
    ("supervisor", "Longest wait", (
        (-1, "nobody waits", "transparent"), (0, "00:00:00", "transparent"),
        (1, "00:00:01", "transparent"), (19.9, "00:00:19", "transparent"),
        (20, "00:00:20", "yellow"), (60, "00:01:00", "red"), (3540, "00:59:00", "red"),
        (93600, "26:00:00", "red"), (None, *NO_DATA),
    )),
    ("supervisor", "Waiting now", (
        (0, "0", "transparent"), (1234, "1234", "transparent"), (None, *NO_DATA),
    )),
    ("supervisor", "Free agents", (
        (-1, "nobody logged in", "transparent"), (0, "0", "red"), (1, "1", "yellow"),
        (2, "2", "transparent"), (None, *NO_DATA),
    )),
    ("floor", "On break", ((-1, "nobody logged in", "transparent"), (3, "3", "transparent"))),
    ("supervisor", "Lost 30 min", (
        (-1, "no calls", "transparent"), (0, "0.0%", "transparent"), (0.03, "3.0%", "yellow"),
        (0.05, "5.0%", "red"),
    )),
    ("supervisor", "Data", (
        (0, "00:00:00", "transparent"), (5, "00:00:05", "yellow"), (15, "00:00:15", "red"),
        (3540, "00:59:00", "red"), (93600, "26:00:00", "red"), (None, *NO_DATA),
    )),
    ("pipeline", "Parts", ((0, "DOWN", "red"), (1, "up", "transparent"), (None, *NO_DATA))),
    ("discipline", "Open now by rule", (
        (-1, "none", "text"), (1, "1", "yellow"), (1234, "1234", "yellow"), (None, *NO_DATA),
    )),
    ("management", "Mean handling", (
        (0, "00:00:00", "text"), (3599.9, "00:59:59", "text"), (93600, "26:00:00", "text"),
        (None, *NO_DATA),
    )),
    ("management", "Service level (target", (
        (0, "0.0%", "red"), (0.6999, "70.0%", "red"), (0.7, "70.0%", "yellow"),
        (0.8, "80.0%", "text"), (None, *NO_DATA), ("NaN", *NO_DATA),
    )),
    ("agent", "Adherence", ((0.8499, "85.0%", "red"), (0.85, "85.0%", "yellow"),
                            (0.9, "90.0%", "text"), (None, *NO_DATA))),
    ("agent", "Occupancy", (
        (0.5, "50%", "yellow"), (0.6, "60%", "text"), (0.85, "85%", "yellow"),
        (0.9, "90%", "red"),
    )),
)  # fmt: skip


@pytest.fixture(scope="module")
def told(viewer: Path) -> Mapping[tuple[str, str], list[Seen]]:
    """Return what is seen at all edges, by panel: Node is begun once."""
    asked = [
        (defaults(board, title), value)
        for board, title, edges in EDGES
        for value, _, _ in edges
    ]
    answers = iter(seen(viewer, asked))
    return {(board, title): [next(answers) for _ in edges] for board, title, edges in EDGES}


@pytest.mark.parametrize(
    ("board", "title", "edges"), EDGES, ids=[f"{board} {title}" for board, title, _ in EDGES]
)
def test_text_and_colour_at_the_edges(
    board: str,
    title: str,
    edges: Sequence[tuple[object, str, str]],
    told: Mapping[tuple[str, str], list[Seen]],
) -> None:
    assert told[board, title] == [(text, color) for _, text, color in edges]


def test_the_time_of_the_data_is_a_time_of_day(viewer: Path) -> None:
    at = 1772431200000  # 2026-03-02T06:00:00Z

    ((text, color),) = seen(viewer, [(of_part("supervisor", "Data", 0), at)])

    assert (text, color) == ("06:00:00", "transparent")
