"""All but the journal may be thrown away, or spoilt by hand: a rebuild brings it back."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pult.command import Moment, all_good, environment, good, in_turn, once, rows
from tests.pult.conftest import History

_BY_HAND = """
import sys
from pathlib import Path
from sql.embedded import EmbeddedStore
store = EmbeddedStore(Path(sys.argv[1]) / "store")
for statement in sys.argv[2:]:
    store.client.command(statement, settings={"mutations_sync": 2})
store.close()
"""


def by_hand(data: Path, *statements: str) -> None:
    """Do to a store what nobody should."""
    subprocess.run(
        [sys.executable, "-c", _BY_HAND, data, *statements], check=True, env=environment()
    )


@pytest.fixture
def data(queue_log_history: History, tmp_path: Path) -> Path:
    return Path(shutil.copytree(queue_log_history.data, tmp_path / "copy", symlinks=True))


def digest(data: Path) -> str:
    return good("digest", "--total", "--data", data)


def test_a_history_that_was_not_touched_is_what_its_events_say(
    data: Path, queue_log_history: History
) -> None:
    checked, rebuilt, digested = all_good(
        ("rebuild", "--check", "--data", data),
        ("rebuild", "--data", data),
        ("digest", "--total", "--data", data),
    )

    assert checked == rebuilt
    assert checked.endswith("folded again: the history says what they say\n")
    assert digested == queue_log_history.digest


def test_comparing_only_leaves_the_history_of_targets_as_it_was(
    data: Path, tmp_path: Path
) -> None:
    """As in a folder without the settings under which it was written."""
    targets = data / "policies.json"
    before = targets.read_bytes()
    other = tmp_path / "other.toml"
    other.write_text("[queues.support]\nanswer_within = '1m'\n")

    good("rebuild", "--check", "--data", data, "--config", other)

    assert targets.read_bytes() == before


def test_who_has_no_settings_at_hand_changes_no_target(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text("[queues.support]\nanswer_within = '1m'\n")
    targets = data / "policies.json"
    good("rebuild", "--data", data, "--config", other)
    noted = targets.read_bytes()
    assert b"PT1M" in noted

    done = once("rebuild", "--data", data)

    assert done.code == 0
    assert (
        f"no settings here (--config names them); the targets noted in {data} hold" in done.err
    )
    assert targets.read_bytes() == noted


def test_the_report_names_exactly_what_was_changed_by_hand(
    data: Path, queue_log_history: History
) -> None:
    first = "SELECT {} FROM {} ORDER BY ALL LIMIT {}"
    (leg,) = rows(data, first.format("leg_id, toDate(entered_at) AS day", "legs", 1))
    offers = {row["offer_id"] for row in rows(data, first.format("offer_id", "offers", 2))}
    day, lost = leg["day"], ", ".join(f"'{each}'" for each in offers)
    by_hand(
        data,
        f"ALTER TABLE pult.leg_facts UPDATE wait_ms = 1 WHERE leg_id = '{leg['leg_id']}'",
        f"ALTER TABLE pult.offer_facts DELETE WHERE offer_id IN ({lost})",
        "INSERT INTO pult.agent_session_facts SELECT * REPLACE ('Nobody' AS agent_id) FROM "
        "(SELECT * FROM pult.agent_session_facts FINAL ORDER BY logged_in_at LIMIT 1)",
    )

    checked, other_days = in_turn(
        ("rebuild", "--check", "--data", data),
        ("rebuild", "--check", "--data", data, "--to", "2020-01-01"),
    )
    rebuilt, again, digested = all_good(
        ("rebuild", "--from", day, "--to", day, "--data", data),
        ("rebuild", "--check", "--data", data),
        ("digest", "--total", "--data", data),
    )

    *lines, summary = checked.out.splitlines()
    assert checked.code == 1
    assert [line.split("\t")[:4] for line in lines] == [
        ["main", "agent_sessions", day, "0 changed, 0 added, 1 voided"],
        ["main", "legs", day, "1 changed, 0 added, 0 voided"],
        ["main", "offers", day, "0 changed, 2 added, 0 voided"],
    ]
    assert lines[0].split("\t")[4].startswith("voided Nobody 20")
    assert lines[1].split("\t")[4] == f"changed {leg['leg_id']}"
    assert set(lines[2].split("\t")[4].split("; ")) == {f"added {each}" for each in offers}
    assert summary.endswith("4 facts differ; pult rebuild puts them right")
    assert other_days.code == 0
    assert rebuilt.splitlines()[:-1] == lines
    assert "says what they say" in again
    assert digested == queue_log_history.digest


def test_events_and_facts_come_back_from_the_journal_alone(
    data: Path, queue_log_history: History
) -> None:
    shutil.rmtree(data / "store")

    refused = once("rebuild", "--data", data)
    _, digested = all_good(
        ("rebuild", "--from-journal", "--data", data), ("digest", "--total", "--data", data)
    )

    assert refused.code == 1
    assert "--from-journal" in refused.complaint
    assert digested == queue_log_history.digest


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(("insert", 2, "before"), id="while facts are written"),
        pytest.param(("insert", 5, "after"), id="before checkpoints are"),
    ],
)
def test_a_killed_rebuild_is_healed_by_running_it_again(
    moment: Moment, data: Path, queue_log_history: History
) -> None:
    tables = ("leg_facts", "leg_history", "offer_facts", "agent_state_facts", "break_facts")
    by_hand(data, *(f"TRUNCATE TABLE pult.{table}" for table in tables))

    healed, digested = in_turn(
        ("rebuild", "--data", data),
        ("rebuild", "--data", data),
        ("digest", "--total", "--data", data),
        killed=moment,
    )

    assert healed.code == 0, healed
    assert digested.out == queue_log_history.digest


def test_a_day_that_is_none_and_days_in_the_wrong_order_are_refused() -> None:
    none, never, swapped = in_turn(
        ("rebuild", "--check", "--from", "2026-02-30"),
        ("rebuild", "--check", "--to", "9999-12-31"),
        ("rebuild", "--check", "--from", "2026-03-03", "--to", "2026-03-02"),
    )

    assert none.code == 2
    assert "'2026-02-30' is no day" in none.complaint
    assert never.code == 2
    assert "9999-12-31 is no day of a history" in never.complaint
    assert swapped.code == 2
    assert swapped.complaint == "cannot rebuild: 2026-03-02 is before 2026-03-03"


def test_a_tenant_of_whom_nothing_is_stored_is_not_said_to_be_right(data: Path) -> None:
    told = once("rebuild", "--check", "--tenant", "nosuch", "--data", data)

    assert told.code == 1
    assert told.complaint == f"no event of tenant nosuch in {data}; check --tenant"


def test_comparing_only_goes_with_no_reading_anew(data: Path) -> None:
    told = once("rebuild", "--check", "--from-journal", "--data", data)

    assert told.code == 2
    assert "leave out --check" in told.complaint
