"""`pult run` after a power cut: what the store had not put on the disk comes back."""

import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab_cut import Cut
from tests.pult.both_feeds import SETTINGS, Expected, both, config, found, of_both
from tests.pult.command import SECONDS, rows, wait_for
from tests.pult.recorded import Recorded

__all__ = ["config", "of_both"]


@pytest.fixture
def seldom(tmp_path: Path) -> Path:
    """Settings under which a state is kept at the stop only."""
    path = tmp_path / "seldom.toml"
    path.write_text(SETTINGS.replace('"300ms"', '"1h"'))
    return path


def parts(data: Path) -> Iterator[Path]:
    """Yield the folders in which the engine keeps rows; not those it has set aside."""
    for path in data.glob("store/store/*/*/*"):
        if re.fullmatch(r"\d+_\d+_\d+_\d+", path.name):
            yield path


def cut_power(data: Path, chance: random.Random) -> int:
    """Take from a killed process what it had not put on the disk; return how many parts.

    The kernel was asked to write when the newest snapshot was made. What came later is gone, or
    its names are there without their content. What says which inserts are known has survived:
    the worst that can happen.
    """
    newest = max((data / "snapshots").glob("*.snapshot")).stat().st_mtime_ns
    lost = [each for each in parts(data) if each.stat().st_mtime_ns > newest]
    for part in lost:
        match chance.choice(["gone", "empty", "half"]):
            case "gone":
                shutil.rmtree(part)
            case "empty":
                for file in part.iterdir():
                    file.write_bytes(b"")
            case "half":
                content = (part / "data.bin").read_bytes()
                (part / "data.bin").write_bytes(content[: len(content) // 2])
    return len(lost)


def stored(run: Recorded) -> bool:
    """Tell whether all that the journal holds is applied and stored."""
    if "restored" in run.page("/readyz")[1]:
        return False
    names = ("pult_journal_backlog_frames", "pult_store_backlog_rows")
    return all(run.metric(each) == 0 for each in names)


def test_what_a_power_cut_takes_from_the_store_comes_back_from_the_journal(
    cut: Cut, seldom: Path, of_both: Expected, tmp_path: Path
) -> None:
    chance = random.Random(1)
    run = Recorded(tmp_path / "data", seldom, "1/2/0.1", *both(cut))
    events = "SELECT count() AS n FROM events"

    with run.started() as process:
        run.wait_until_told()
        run.end(process)
    (kept,) = rows(run.data, events)
    run.pace = "1/1/0.1"
    with run.started():
        run.wait_until_told()
        wait_for(lambda: stored(run), SECONDS, "all is stored")
    assert cut_power(run.data, chance) > 0
    # It reads the same of the journal both times, and stores the same in as few inserts.
    with run.started("pbx1=nothing:"):
        wait_for(lambda: stored(run), SECONDS, "all is stored again")
        (again,) = rows(run.data, events)
    assert kept["n"] < again["n"] == of_both.events
    assert cut_power(run.data, chance) > 0
    with run.started("pbx1=nothing:") as process:
        wait_for(lambda: stored(run), SECONDS, "all is stored again")
        run.end(process)

    assert found(run.data) == of_both


def test_a_store_that_is_gone_is_completed_from_the_journal(
    cut: Cut, seldom: Path, of_both: Expected, tmp_path: Path
) -> None:
    run = Recorded(tmp_path / "data", seldom, 100_000, *both(cut))

    with run.started() as process:
        run.wait_until_told()
        run.end(process)
    shutil.rmtree(run.data / "store")
    with run.started("pbx1=nothing:") as process:
        wait_for(lambda: stored(run), SECONDS, "a store")
        run.end(process)

    assert run.said.count("store ends before the journal store=0") == 1
    assert found(run.data) == of_both
