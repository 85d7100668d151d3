"""What an import leaves behind does not depend on order, form, repetition or a kill."""

import gzip
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import pytest

from tests.lab_cut import Cut
from tests.oracles import ami, wall
from tests.oracles.lab_numbers import LAB_TARGETS
from tests.pult.command import PULT, Moment, all_good, environment, good, in_turn, rows
from tests.pult.conftest import History

SETTINGS = "".join(
    f'[queues.{queue}]\nanswer_within = "{targets.answer_within_ms}ms"\n'
    for queue, targets in LAB_TARGETS.items()
)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("settings") / "pult.toml"
    path.write_text(SETTINGS)
    return path


@pytest.fixture(scope="module")
def of_ami(cut: Cut, config: Path, tmp_path_factory: pytest.TempPathFactory) -> History:
    """What the manager interface alone tells."""
    data = tmp_path_factory.mktemp("ami") / "data"
    _, digest = all_good(
        ("import", "asterisk-ami", cut.ami_path, "--data", data, "--config", config),
        ("digest", "--total", "--data", data),
    )
    return History(data, digest)


@pytest.fixture(scope="module")
def of_both(
    of_ami: History, cut: Cut, config: Path, tmp_path_factory: pytest.TempPathFactory
) -> History:
    """What both feeds tell, the manager interface's imported first."""
    data = copy(of_ami, tmp_path_factory.mktemp("both"))
    options = ("--data", data, "--config", config)
    _, digest = all_good(
        ("import", "asterisk-queue-log", cut.queue_log_path, *options),
        ("digest", "--total", "--data", data),
    )
    return History(data, digest)


def copy(history: History, folder: Path) -> Path:
    return Path(shutil.copytree(history.data, folder / "copy", symlinks=True))


def test_two_feeds_of_one_pbx_say_the_same_in_either_order(
    of_both: History, cut: Cut, config: Path, tmp_path: Path
) -> None:
    common = ("--data", tmp_path / "other", "--config", config)

    _, _, digest, counted = all_good(
        ("import", "asterisk-queue-log", cut.queue_log_path, *common),
        ("import", "asterisk-ami", cut.ami_path, *common),
        ("digest", "--total", *common),
        ("sql", "SELECT outcome, count() FROM legs GROUP BY outcome FORMAT TSV", *common),
    )

    counts = dict(line.split("\t") for line in counted.splitlines())
    expected = Counter(leg.outcome for leg in ami.legs(cut.ami))
    assert digest == of_both.digest
    assert {outcome: int(count) for outcome, count in counts.items()} == expected
    assert set(expected) >= {"answered", "abandoned", "waiting"}


def test_importing_twice_changes_nothing(
    of_both: History, cut: Cut, config: Path, tmp_path: Path
) -> None:
    common = ("--data", copy(of_both, tmp_path), "--config", config)

    *said, digest = all_good(
        ("import", "asterisk-ami", cut.ami_path, *common),
        ("import", "asterisk-queue-log", cut.queue_log_path, *common),
        ("digest", "--total", *common),
    )

    assert digest == of_both.digest
    for line in said:
        messages = line.split()[0]
        assert f"{messages} were there before" in line


def test_a_digest_has_a_line_for_each_table_and_day_and_a_total(of_both: History) -> None:
    *lines, total = good("digest", "--data", of_both.data).splitlines()

    assert total == f"total\t{of_both.digest.strip()}"
    assert [line.split("\t")[0] for line in lines] == [
        "legs", "offers", "agent_sessions", "agent_states", "breaks", "violations",
    ]  # fmt: skip


def test_a_queue_log_says_the_same_rotated_packed_or_in_parts(
    cut: Cut, queue_log_history: History, tmp_path: Path
) -> None:
    lines = cut.queue_log.splitlines(keepends=True)
    in_mid_second = next(
        n for n in range(len(lines) // 2, len(lines)) if lines[n][:10] == lines[n - 1][:10]
    )
    older, newer, packed = (
        tmp_path / name for name in ("queue_log.1", "queue_log", "queue_log.1.gz")
    )
    packed.write_bytes(gzip.compress(b"".join(lines[:in_mid_second])))
    older.write_bytes(b"".join(lines[:in_mid_second]))
    newer.write_bytes(b"".join(lines[in_mid_second:]))

    def load(name: str, *paths: Path) -> Sequence[object]:
        return "import", "asterisk-queue-log", *paths, "--data", tmp_path / name

    def digest(name: str) -> Sequence[object]:
        return "digest", "--total", "--data", tmp_path / name

    said = all_good(
        load("rotated", newer, packed), digest("rotated"),
        load("parts", older), load("parts", newer), digest("parts"),
        load("parts", older), digest("parts"),
    )  # fmt: skip

    assert [said[n] for n in (1, 4, 6)] == [queue_log_history.digest] * 3


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(("journal", 2, "after"), id="while reading"),
        pytest.param(("insert", 1, "after"), id="between events and fold"),
        pytest.param(("insert", 4, "before"), id="while writing facts"),
    ],
)
def test_a_killed_import_is_healed_by_running_it_again(
    moment: Moment, of_ami: History, cut: Cut, config: Path, tmp_path: Path
) -> None:
    common = ("--data", tmp_path / "data", "--config", config)
    load = ("import", "asterisk-ami", cut.ami_path, *common)

    healed, digest = in_turn(load, load, ("digest", "--total", *common), killed=moment)

    assert healed.code == 0, healed
    assert digest.out == of_ami.digest


def test_samples_of_the_wall_are_what_the_events_up_to_then_say(
    of_ami: History, cut: Cut
) -> None:
    legs = ami.legs(cut.ami)
    columns = ("waiting", "longest_wait_ms", "waiting_over_target", "talking")
    counted = ("answered", "answered_in_time", "abandoned", "short_abandoned", "service_level")
    wanted = [*columns, *(f"{name}_{w}m" for name in counted for w in wall.WINDOWS_MINUTES)]
    found = rows(
        of_ami.data,
        f"SELECT toUnixTimestamp64Milli(at) AS at_ms, queue_id, origin, {', '.join(wanted)} "
        "FROM wall_samples ORDER BY at_ms, queue_id "
        "SETTINGS output_format_json_quote_64bit_integers = 0",
    )
    instants = sorted({row["at_ms"] for row in found})

    assert {row["origin"] for row in found} == {"refold"}
    assert {b - a for a, b in pairwise(instants)} == {5_000}
    assert all(at % 5_000 == 0 for at in instants)
    for row in found:
        # The end of a talk is told apart by the two feeds: its count is another test's matter.
        sample = asdict(
            wall.sample(
                legs,
                row["queue_id"],
                row["at_ms"],
                target_ms=LAB_TARGETS[row["queue_id"]].answer_within_ms,
                talk_end="parted",
            )
        )
        expected = {name: sample[name] for name in columns} | {
            f"{name}_{w}m": window[name]
            for w, window in sample["windows"].items()
            for name in counted
        }
        assert {name: row[name] for name in wanted} == expected, row


def test_an_import_killed_at_any_moment_leaves_a_folder_that_works(
    cut: Cut, queue_log_history: History, tmp_path: Path
) -> None:
    load = ("import", "asterisk-queue-log", cut.queue_log_path, "--data", tmp_path / "data")
    running = subprocess.Popen(
        [PULT, *map(str, load)],
        env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while running.poll() is None and not (tmp_path / "data" / "store" / "store").exists():
            time.sleep(0.001)
    finally:
        running.kill()
        running.wait()

    _, healed = all_good(load, ("digest", "--total", "--data", tmp_path / "data"))

    assert healed == queue_log_history.digest


def test_the_digest_of_one_tenant_is_that_of_a_folder_with_nobody_else(
    queue_log_history: History, cut: Cut, tmp_path: Path
) -> None:
    data, other = tmp_path / "data", tmp_path / "other.toml"
    other.write_text('tenant = "other"\n')
    common = ("--data", data)

    *_, of_main, of_other, of_nobody = all_good(
        ("import", "asterisk-ami", cut.ami_path, *common, "--config", other),
        ("import", "asterisk-queue-log", cut.queue_log_path, *common),
        ("digest", "--total", "--tenant", "main", *common),
        ("digest", "--tenant", "other", *common),
        ("digest", "--tenant", "nobody", *common),
    )

    assert of_main == queue_log_history.digest
    assert len(of_other.splitlines()) == 6 + 1
    assert len(of_nobody.splitlines()) == 1
