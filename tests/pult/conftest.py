"""The lab's recordings, cut short once for all tests: its first minutes, both feeds."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab_cut import Cut, beginning
from tests.pult.command import SECONDS, Demo, all_good, demo, wait_for

MINUTES = 4


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Cut:
    return beginning(tmp_path_factory.mktemp("lab"), MINUTES)


@dataclass(frozen=True)
class History:
    """A data folder and its digest. Tests that change it take a copy."""

    data: Path
    digest: str


@pytest.fixture(scope="session")
def queue_log_history(cut: Cut, tmp_path_factory: pytest.TempPathFactory) -> History:
    data = tmp_path_factory.mktemp("history") / "data"
    _, digest = all_good(
        ("import", "asterisk-queue-log", cut.queue_log_path, "--data", data),
        ("digest", "--total", "--data", data),
    )
    return History(data, digest)


@pytest.fixture(scope="session")
def ended(cut: Cut, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo that has come to the end of the cut: in mid-life, but nothing moves any more."""
    data = tmp_path_factory.mktemp("ended") / "data"
    with demo(data, "--recording", cut.ami_path, "--speed", "200") as running:
        running.until_ended()
        stored = re.compile(r"^pult_store_backlog_rows 0(\.0)?$", re.MULTILINE)
        wait_for(lambda: bool(stored.search(running.get("/metrics"))), SECONDS, "all is stored")
        yield running
