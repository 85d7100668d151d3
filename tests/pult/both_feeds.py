"""Both feeds of the recorded PBX, and the history that an import of them makes."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab_cut import Cut
from tests.oracles.lab_numbers import LAB_TARGETS
from tests.pult.command import all_good, rows

RATE = 1_500.0
SETTINGS = (
    "[http]\nwall_port = 0\nsql_port = 0\n"
    '[processor]\nsnapshot_every = "300ms"\n'
    + "".join(
        f'[queues.{queue}]\nanswer_within = "{targets.answer_within_ms}ms"\n'
        for queue, targets in LAB_TARGETS.items()
    )
)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("settings") / "pult.toml"
    path.write_text(SETTINGS)
    return path


@dataclass(frozen=True)
class Expected:
    """What an import of the same messages says."""

    digest: str
    events: int


def imported(data: Path, config: Path, ami: Path, queue_log: Path) -> Expected:
    options = ("--data", data, "--config", config)
    *_, digest = all_good(
        ("import", "asterisk-ami", ami, *options),
        ("import", "asterisk-queue-log", queue_log, *options),
        ("digest", "--total", *options),
    )
    return Expected(digest, rows(data, "SELECT count() AS n FROM events")[0]["n"])


@pytest.fixture(scope="module")
def of_both(cut: Cut, config: Path, tmp_path_factory: pytest.TempPathFactory) -> Expected:
    data = tmp_path_factory.mktemp("imported") / "data"
    return imported(data, config, cut.ami_path, cut.queue_log_path)


def found(data: Path) -> Expected:
    """Return what the history of a folder says."""
    (digest,) = all_good(("digest", "--total", "--data", data))
    (counted,) = rows(data, "SELECT count() AS n, uniqExact(id) AS ids FROM events")
    assert counted["n"] == counted["ids"]
    return Expected(digest, counted["n"])


def both(cut: Cut) -> tuple[str, str]:
    """Return the two feeds of the PBX."""
    return (
        f"pbx1=asterisk-ami:{cut.ami_path}",
        f"pbx1=asterisk-queue-log:{cut.queue_log_path}",
    )
