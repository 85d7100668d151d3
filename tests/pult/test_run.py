"""`pult run` as a whole: whatever dies, the history is that of an import of the same."""

import logging
import random
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.lab_cut import Cut, ami_until, queue_log_until
from tests.oracles.lab_numbers import LAB, LAB_TARGETS
from tests.pult.both_feeds import RATE, Expected, both, config, found, imported, of_both
from tests.pult.command import all_good, pult, rows, wait_for
from tests.pult.recorded import Recorded

__all__ = ["config", "of_both"]

TELL_SECONDS, LIVE_SECONDS = 2.0, 3.0
FIRST_SECOND = int((LAB / "queue_log").read_bytes().partition(b"|")[0])
LAST_SECOND = FIRST_SECOND + 3_600
"""After the end of the lab's half hour."""

_LOG = logging.getLogger(__name__)


def killed_again_and_again(run: Recorded, kills: int, seed: int) -> None:
    """Let it live and be killed, mostly while it is told its share of the recordings."""
    chance = random.Random(seed)
    for life in range(kills):
        run.pace = f"1/{kills + 1 - life}/{TELL_SECONDS}"
        with run.started() as process:
            if chance.random() < 0.8:
                wait_for(lambda: run.metric("pult_frames_applied_total") > 0, 20, "a message")
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0, LIVE_SECONDS))
    run.pace = f"1/1/{TELL_SECONDS}"


Told = tuple[Cut, Expected]


@pytest.fixture(scope="module")
def some_minutes(cut: Cut, of_both: Expected) -> Told:
    return cut, of_both


@pytest.fixture(scope="module")
def half_hour(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("half_hour")
    whole = Cut(folder, ami_until(LAST_SECOND), queue_log_until(LAST_SECOND))
    whole.write()
    return whole, imported(folder / "data", config, whole.ami_path, whole.queue_log_path)


@pytest.mark.parametrize(
    ("seed", "kills", "recording"),
    [
        (1, 2, "some_minutes"),
        *(pytest.param(n, 25, "half_hour", marks=pytest.mark.soak) for n in (1, 2, 3, 4)),
    ],
)
def test_killed_at_any_moment_it_loses_nothing_and_doubles_nothing(
    request: pytest.FixtureRequest,
    config: Path,
    tmp_path: Path,
    seed: int,
    kills: int,
    recording: str,
) -> None:
    told, expected = request.getfixturevalue(recording)
    run = Recorded(tmp_path / "data", config, "", *both(told))

    killed_again_and_again(run, kills, seed)
    with run.started(*run.recordings, "pbx2=hung:") as process:
        run.wait_until_told()
        run.end(process)

    outcome = found(run.data)
    behind = [int(each) for each in re.findall(r"restored .*frames_behind=(\d+)", run.said)]
    _LOG.info(
        "seed %d: %d kills, %d with messages in the journal behind the snapshot, %d in all; "
        "%d events, %d expected; digests %s",
        seed, kills, sum(map(bool, behind)), sum(behind), outcome.events, expected.events,
        "equal" if outcome.digest == expected.digest else "differ",
    )  # fmt: skip
    assert outcome == expected
    assert len(behind) >= kills - 1
    assert sum(map(bool, behind)) >= kills / 3, "it was killed while nothing was to be lost"
    assert "stopped position=" in run.said, "a source that does not stop held up the end"
    assert "Traceback" not in run.said


@pytest.mark.soak
def test_a_run_that_keeps_a_state_though_not_all_is_stored_fails_the_same_check(
    cut: Cut, config: Path, of_both: Expected, tmp_path: Path
) -> None:
    run = Recorded(tmp_path / "data", config, "1/2/4", *both(cut))

    with run.started(*run.recordings, "pbx2=careless:"):
        wait_for(lambda: run.metric("pult_store_flushes_total") > 0, 20, "something stored")
    run.pace = f"1/1/{TELL_SECONDS}"
    with run.started() as process:
        run.wait_until_told()
        run.end(process)

    outcome = found(run.data)
    assert outcome.events < of_both.events
    assert outcome.digest != of_both.digest


def test_what_was_known_is_there_after_a_stop_and_so_is_what_was_imported_meanwhile(
    cut: Cut, config: Path, of_both: Expected, tmp_path: Path
) -> None:
    run = Recorded(tmp_path / "data", config, 100_000, both(cut)[0])
    other = ("import", "asterisk-queue-log", cut.queue_log_path)
    options = ("--data", run.data, "--config", config)

    with run.started() as process:
        run.wait_until_told()
        before, ready = run.picture(), run.page("/readyz")
        refused = pult(*other, *options)
        run.end(process)
    with run.started("pbx1=nothing:", "pbx2=refused:") as process:
        wait_for(lambda: run.picture()["as_of"] is not None, 20, "figures")
        after = run.picture()
        wait_for(lambda: "password" in run.page("/readyz")[1], 20, "the refusal")
        unready, alive = run.page("/readyz"), run.page("/healthz")
        run.end(process)
    all_good((*other, *options))
    with run.started() as process:
        run.wait_until_told()
        offered = sum(
            run.metric(f'cc_queue_offered_total{{queue="{queue}"}}') for queue in LAB_TARGETS
        )
        run.end(process)

    assert ready == (200, "ready\n")
    assert "is in use by pult run" in refused.complaint
    silent = "pbx2: cannot log in: the password is wrong; pbx1 is silent; pbx2 is silent\n"
    assert (unready, alive) == ((503, silent), (200, "alive\n"))
    assert "source failed source=pbx2: cannot log in" in run.said
    for figure in ("as_of", "waiting", "agents", "service_level", "queues"):
        assert after[figure] == before[figure]
    assert [each["silent"] for each in before["sources"]] == [False]
    assert [each["silent"] for each in after["sources"]] == [True]
    assert "folding the stored events again" in run.said
    assert offered == rows(run.data, "SELECT count() AS n FROM legs")[0]["n"]
    assert found(run.data) == of_both


def test_a_full_disk_is_said_and_reading_goes_on_when_there_is_room(
    cut: Cut, config: Path, of_both: Expected, tmp_path: Path
) -> None:
    run = Recorded(tmp_path / "data", config, RATE, *both(cut))
    with run.started() as process:
        wait_for(lambda: run.metric("pult_frames_applied_total") > 200, 20, "messages")
        process.send_signal(signal.SIGUSR1)
        wait_for(lambda: "disk is full" in run.page("/readyz")[1], 20, "a full disk")
        assert run.page("/readyz")[0] == 503
        assert run.page("/healthz")[0] == 200
        process.send_signal(signal.SIGUSR2)
        run.wait_until_told()
        assert run.page("/readyz") == (200, "ready\n")
        run.end(process)

    assert found(run.data) == of_both
    assert run.said.count("database or disk is full") == 1


def test_a_journal_made_anew_does_not_lose_against_what_the_old_one_left_in_the_store(
    cut: Cut, config: Path, of_both: Expected, tmp_path: Path
) -> None:
    middle = ami_until(FIRST_SECOND + 120)
    (tmp_path / "first").write_bytes(middle)
    (tmp_path / "rest").write_bytes(cut.ami.removeprefix(middle))
    first = Recorded(
        tmp_path / "data", config, 100_000, f"pbx1=asterisk-ami:{tmp_path / 'first'}"
    )
    rest = Recorded(
        first.data, config, 100_000,
        f"pbx1=asterisk-ami:{tmp_path / 'rest'}", both(cut)[1],
    )  # fmt: skip
    highest = "SELECT max(log_offset) AS n, count() AS events FROM events"

    with first.started() as process:
        first.wait_until_told()
        first.end(process)
    (before,) = rows(first.data, highest)
    shutil.rmtree(first.data / "journal")
    with rest.started() as process:
        rest.wait_until_told()
        assert rest.metric("pult_dirty_days") == 0
        rest.end(process)

    (after,) = rows(first.data, highest)
    assert "journal ends before the store journal=0" in rest.said
    above = f"SELECT count() AS n FROM events WHERE log_offset > {before['n']}"
    fresh = after["events"] - before["events"]
    assert rows(first.data, above)[0]["n"] >= fresh > 0
    assert found(first.data) == of_both


GAP_SECONDS = (60, 120)


def with_a_gap(content: bytes) -> bytes:
    """Return the messages of the manager interface without a minute of them."""
    first, last = (FIRST_SECOND + each for each in GAP_SECONDS)
    until, whole = ami_until(first), ami_until(last)
    assert content.startswith(whole)
    return until + content.removeprefix(whole)


def test_what_a_queue_log_tells_too_late_heals_a_gap_also_when_it_is_stopped_before(
    config: Path, tmp_path: Path
) -> None:
    early, late = (ami_until(FIRST_SECOND + 60 * minutes) for minutes in (13, 15))
    files = {
        "ami": with_a_gap(early),
        "more": late.removeprefix(early),
        "queue_log": queue_log_until(FIRST_SECOND + 60 * 15),
        "whole": with_a_gap(late),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    run = Recorded(
        tmp_path / "data", config, 8_000,
        f"pbx1=asterisk-ami:{tmp_path / 'ami'}",
        f"+pbx1=asterisk-queue-log:{tmp_path / 'queue_log'}",
        f"+pbx1=asterisk-ami:{tmp_path / 'more'}",
    )  # fmt: skip

    with run.started() as process:
        wait_for(lambda: run.metric("pult_dirty_days") == 1, 60, "a late line")
        run.end(process)
    with run.started() as process:
        run.wait_until_told()
        wait_for(lambda: run.metric("pult_refolds_total") >= 1, 60, "days folded again")
        wait_for(lambda: run.metric("pult_dirty_days") == 0, 60, "no day that is left")
        run.end(process)

    expected = imported(
        tmp_path / "imported", config, tmp_path / "whole", tmp_path / "queue_log"
    )
    assert found(run.data) == expected
    assert rows(run.data, "SELECT day FROM dirty_days") == []
