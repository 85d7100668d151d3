"""Boards of now show nothing while a part of the figures is missing. Judged by promtool."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.dashboards.boards import PROMETHEUS, questions
from tests.deploy.programs import ran

NOW = "60s"
ALL = {"tenant": ".*", "queue": ".+", "team": ".*", "code": ".*", "agent": "a"}
QUESTIONS = {
    each.name: re.sub(r"\$(\w+)", lambda found: ALL[found[1]], each.target["expr"])
    for each in questions(PROMETHEUS)
    if each.target.get("instant") and "pipeline" not in each.board
}
CLEAR = {name for name, asked in QUESTIONS.items() if "AllClear" in asked}
SHOWN = (("supervisor", 2), ("supervisor", 4), ("supervisor", 8), ("floor", 2), ("home", 3))
WATCHED = {'ALERTS{alertname="Watchdog",alertstate="firing"}': "1x20"}

Series = dict[str, str]


def part(
    job: str, name: str, partitions: Iterable[int] = (), *, ready: int = 1, gone: bool = False,
    people: int = 1, said: str = "0+5", heard: str = "0+5",
) -> Series:  # fmt: skip
    """Return what Prometheus has of a process with a source, a queue and a team of its own.

    Its source is `heard` each 5 s, and has `said` it by its own clock.
    Of one that is gone it has the word of the last scrape that failed, 40 s after it began.
    """
    where = f'job="{job}",instance="{name}"'
    own = f'{where},tenant="t",site="{name}"'
    exported = {
        f'pult_ready{{{where}}}': f"{ready}+0",
        f'pult_source_last_event_timestamp_seconds{{{own},source="s",feed="ami"}}': said,
        f'pult_source_last_received_timestamp_seconds{{{own},source="s",feed="ami"}}': heard,
        f'cc_queue_waiting{{{own},queue="q"}}': "1+0",
        f'cc_agents{{{own},team="t",state="ready"}}': "1+0",
        **{
            f'pult_partition_backlog{{{where},partition="{n}"}}': "0+0" for n in partitions
        },
    }  # fmt: skip
    until = "x7 stale" if gone else "x20"
    up = "1x7 0x20" if gone else "1x20"
    of_people = up if gone else f"{people}x20"
    return {
        f'up{{{where}}}': up,
        f'up{{job="discipline",instance="{name}"}}': of_people,
        **{series: f"{values}{until}" for series, values in exported.items()},
    }  # fmt: skip


def answered(folder: Path, series: Series) -> set[str]:
    """Return which questions have an answer at the instant `NOW`."""
    names = list(QUESTIONS)
    tests = [
        # Nothing is expected: of what is there all the same, promtool tells the value.
        {"expr": f"group({QUESTIONS[name]}) * {number}", "eval_time": NOW, "exp_samples": []}
        for number, name in enumerate(names)
    ]
    told = [{"series": each, "values": values} for each, values in series.items()]
    one = {"interval": "5s", "input_series": told, "promql_expr_test": tests}
    (folder / "asked.yml").write_text(json.dumps({"tests": [one]}), "utf-8")
    said = ran("promtool", "test", "rules", folder / "asked.yml")
    text = said.stdout + said.stderr
    assert "err:" not in text, text
    return {names[round(float(value))] for value in re.findall(r"got: \{\} (\S+)", text)}


LOWER, UPPER, EVERY = range(16), range(16, 32), range(32)
RUN = part("run", "r1")


@pytest.mark.parametrize(
    "whole",
    [
        RUN,
        RUN | part("run", "r2"),
        part("processor", "w1", LOWER) | part("processor", "w2", UPPER),
        # Its partitions are another's by now.
        part("processor", "w1", EVERY) | part("processor", "w2", LOWER, gone=True),
        # It has not noticed that it lost them.
        part("processor", "w1", EVERY) | part("processor", "w2", LOWER, ready=0),
    ],
    ids=["one machine", "two", "two workers", "taken over", "not given up"],
)
def test_figures_are_shown_and_all_is_clear_where_every_part_is_read(
    whole: Series, tmp_path: Path
) -> None:
    found = answered(tmp_path, whole | WATCHED)

    assert len(CLEAR) == 5
    assert found >= CLEAR
    assert {f"pult-{board}-en {panel}A" for board, panel in SHOWN} <= found


@pytest.mark.parametrize(
    "torn",
    [
        RUN | part("run", "r2", gone=True),
        part("processor", "w1", LOWER),
        part("processor", "w1", LOWER) | part("processor", "w2", UPPER, gone=True),
        # It has taken them, and has not read up to now.
        part("processor", "w1", EVERY, ready=0) | part("processor", "w2", UPPER, gone=True),
        part("processor", "w1", LOWER) | part("processor", "w2", UPPER, ready=0),
    ],
    ids=["one of two machines", "no owner", "worker gone", "taken over", "catching up"],
)
def test_nothing_is_shown_while_a_part_of_the_figures_is_missing(
    torn: Series, tmp_path: Path
) -> None:
    assert answered(tmp_path, torn | WATCHED) == set()


def test_nothing_is_clear_where_no_rule_is_judged(tmp_path: Path) -> None:
    found = answered(tmp_path, RUN)

    assert not found & CLEAR
    assert found


def test_nothing_is_clear_while_violations_are_not_read(tmp_path: Path) -> None:
    found = answered(tmp_path, part("run", "r1", people=0) | WATCHED)

    assert not found & CLEAR
    assert found


@pytest.mark.parametrize("skew", [100, -100])
def test_the_clock_of_a_pbx_hides_neither_its_silence_nor_what_it_says(
    skew: int, tmp_path: Path
) -> None:
    speaks = part("run", "r1", said=f"{skew}+5")
    # It has been dead for 40 s.
    dead = part("run", "r1", said=f"{20 + skew}+0", heard="20+0")

    heard = answered(tmp_path, speaks | WATCHED)
    gone = answered(tmp_path, dead | WATCHED)

    assert heard >= CLEAR
    told = {name for name in QUESTIONS if "* 1000" in QUESTIONS[name]}
    ages = {name.removesuffix("A") + "B" for name in told}
    assert gone == told | ages
    assert len(gone) == 2 * 3
