"""`pult import schedule`: plans beside the half hour of a real Asterisk, and a real plan.

Who was logged in when is in the lab's queue log: Maria Garcia from 19:17:13.178 after a pause
of half a minute, Hugo Martin until 19:48:22.008, and Zoe nobody has ever seen. The lab ends at
19:51:25, and its first message is of 19:16:26.
"""

import json
import tomllib
from pathlib import Path

import pytest

from tests.lab_cut import Cut
from tests.oracles.lab_numbers import LAB
from tests.pult.command import good, in_turn, once

AMAZON = Path(__file__).parents[3] / "shared" / "data" / "amazon-connect-samples"
SETTINGS = """
[agents."Hugo Martin"]
timezone = "Europe/Moscow"

[discipline.late_login]
grace = "10s"
"""
PLAN = """agent,kind,from,to,zone
Maria Garcia,work,2026-11-21 19:16:46,2026-11-21 19:40:00,UTC
Hugo Martin,work,2026-11-21 22:17:00,2026-11-21 23:30:00,
Zoe,work,2026-11-21 19:20:00,2026-11-21 19:50:00,UTC
"""
EXPECTED = [
    ["early_logout", "Hugo Martin", "firing", "19:50:22.008", None],
    ["late_login", "Maria Garcia", "resolved", "19:16:56.000", "19:17:13.178"],
    ["late_login", "Zoe", "resolved", "19:20:10.000", "19:50:00.000"],
]
OF_SHIFTS = (
    "SELECT code, agent_id, state, substring(toString(fired_at), 12), "
    "substring(toString(cleared_at), 12) FROM violations WHERE code IN "
    "('late_login', 'no_show', 'early_logout', 'not_logged_out') AND state != 'voided' "
    "ORDER BY code, agent_id"
)


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "pult.toml"
    path.write_text(SETTINGS)
    return path


def asked(query: str, data: Path) -> list[list[str | int | None]]:
    told = good("sql", query, "--format", "JSONCompactEachRow", "--data", data)
    return [json.loads(line) for line in told.splitlines()]


def write(folder: Path, text: str) -> Path:
    path = folder / "plan.csv"
    path.write_text(text)
    return path


def test_a_plan_before_the_calls_or_after_them_gives_the_same_history(
    tmp_path: Path, settings: Path
) -> None:
    plan = write(tmp_path, PLAN)
    calls = ("import", "asterisk-ami", LAB / "ami.log.gz", "--config", settings)
    plans = ("import", "schedule", plan, "--config", settings)
    before, after = tmp_path / "before", tmp_path / "after"

    good(*plans, "--data", before, "--new-agents")
    good(*calls, "--data", before)
    good(*calls, "--data", after)
    told = good(*plans, "--data", after, "--new-agents")

    assert "3 agents, 3 days of theirs planned (2026-11-21); 3 new or changed" in told
    assert asked(OF_SHIFTS, before) == EXPECTED
    assert asked(OF_SHIFTS, after) == EXPECTED
    assert good("digest", "--data", before) == good("digest", "--data", after)

    digest = good("digest", "--data", after)
    again = good(*plans, "--data", after)  # Zoe has been planned for
    assert "nothing changed" in again
    assert good("digest", "--data", after) == digest


def test_an_unknown_agent_leaves_nothing_behind(tmp_path: Path, settings: Path) -> None:
    plan = write(tmp_path, PLAN)
    data = tmp_path / "data"

    done = once("import", "schedule", plan, "--config", settings, "--data", data)

    assert done.code == 1
    assert "line 2: 'Maria Garcia' is no agent of the settings or the history" in done.complaint
    assert "(and 1 more row is wrong); nothing was imported" in done.complaint
    assert asked("SELECT count() FROM schedules", data) == [[0]]


def test_a_new_version_of_a_day_replaces_the_old_one(tmp_path: Path) -> None:
    data = tmp_path / "data"
    head = "agent,kind,from,to\n"
    first = head + "Anna,work,2026-03-02T09:00Z,2026-03-02T18:00Z\n"
    second = first + "Anna,absence,2026-03-02T12:00Z,2026-03-02T18:00Z\n"
    query = "SELECT version, activity, toHour(started_at), toHour(ended_at) FROM schedules"

    for text in (first, second, second):
        good("import", "schedule", write(tmp_path, text), "--data", data, "--new-agents")

    assert asked(f"{query} ORDER BY started_at", data) == [
        [2, "work", 9, 12],
        [2, "absence", 12, 18],
    ]


def test_a_shift_that_overlaps_yesterday_s_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    night = "agent,kind,from,to\nAnna,work,2026-03-01T22:00Z,2026-03-02T06:00Z\n"
    morning = "agent,kind,from,to\nAnna,work,2026-03-02T05:00Z,2026-03-02T09:00Z\n"
    good("import", "schedule", write(tmp_path, night), "--data", data, "--new-agents")

    done = once("import", "schedule", write(tmp_path, morning), "--data", data, "--new-agents")

    assert (
        "the shift of Anna on 2026-03-02 overlaps the one that is planned for 2026-03-01"
        in (done.complaint)
    )


@pytest.mark.parametrize(
    ("year", "why"),
    [
        ("0001", "before 2000-01-01"), ("1999", "before 2000-01-01"),
        ("2149", "more than two years from now"), ("9999", "more than two years from now"),
    ],
)  # fmt: skip
def test_a_wrong_year_is_refused_before_anything_is_kept(
    year: str, why: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    wrong = f"agent,kind,from,to\nAnna,work,{year}-07-02T09:00Z,{year}-07-02T18:00Z\n"

    done = once("import", "schedule", write(tmp_path, wrong), "--data", data, "--new-agents")

    assert f"line 2: {year}-07-02 is {why}" in done.complaint
    assert asked("SELECT count() FROM events", data) == [[0]]


def test_holidays_replace_the_work_of_their_days_and_no_other(tmp_path: Path) -> None:
    data, head = tmp_path / "data", "agent,kind,from,to\n"
    work = head + "".join(
        f"Anna,work,2026-03-{day:02}T09:00Z,2026-03-{day:02}T18:00Z\n" for day in (6, 7, 8, 9)
    )
    by_day = head + "".join(
        f"Anna,absence,2026-03-0{day}T00:00Z,2026-03-0{day + 1}T00:00Z\n" for day in (7, 8)
    )
    at_once = head + "Anna,absence,2026-03-07T00:00Z,2026-03-09T00:00Z\n"
    query = (
        "SELECT activity, toDayOfMonth(started_at), toDayOfMonth(ended_at) FROM schedules "
        "ORDER BY started_at"
    )

    good("import", "schedule", write(tmp_path, work), "--data", data, "--new-agents")
    good("import", "schedule", write(tmp_path, by_day), "--data", data)
    assert asked(query, data) == [
        ["work", 6, 6], ["absence", 7, 8], ["absence", 8, 9], ["work", 9, 9],
    ]  # fmt: skip
    good("import", "schedule", write(tmp_path, at_once), "--data", data)
    assert asked(query, data) == [["work", 6, 6], ["absence", 7, 9], ["work", 9, 9]]
    good("import", "schedule", write(tmp_path, work), "--data", data)
    assert asked(query, data) == [["work", day, day] for day in (6, 7, 8, 9)]
    assert "nothing changed" in good(
        "import", "schedule", write(tmp_path, work), "--data", data
    )


def test_shifts_of_two_files_that_overlap_are_refused(tmp_path: Path) -> None:
    night, morning = tmp_path / "night.csv", tmp_path / "morning.csv"
    night.write_text("agent,kind,from,to\nAnna,work,2026-03-07T22:00Z,2026-03-08T06:00Z\n")
    morning.write_text("agent,kind,from,to\nAnna,work,2026-03-08T05:00Z,2026-03-08T13:00Z\n")
    command = ("import", "schedule", night, morning, "--data", tmp_path / "data")

    done = once(*command, "--new-agents")

    assert "the shift of Anna on 2026-03-08 overlaps the one that" in done.complaint
    assert asked("SELECT count() FROM events", tmp_path / "data") == [[0]]


def test_times_with_an_offset_are_of_the_days_of_the_settings_zone(tmp_path: Path) -> None:
    """Two whole days in Moscow, which in UTC would be parts of three and one whole."""
    config, data = tmp_path / "pult.toml", tmp_path / "data"
    config.write_text('timezone = "Europe/Moscow"\n[agents.Anna]\n')
    plan = write(
        tmp_path,
        "agent,kind,from,to\nAnna,absence,2026-03-02T00:00+03:00,2026-03-04T00:00+03:00\n",
    )

    told = good("import", "schedule", plan, "--config", config, "--data", data)

    assert told.startswith("1 agent, 1 day of theirs planned (2026-03-02); 1 new")
    assert asked("SELECT day, zone FROM schedules", data) == [["2026-03-02", "Europe/Moscow"]]


def test_a_file_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    plan = write(tmp_path, PLAN)

    done = once("import", "schedule", plan, plan, "--data", tmp_path / "data")

    assert done.code == 1
    assert "it is given twice; nothing was imported" in done.complaint


def test_in_an_empty_folder_nobody_is_known(tmp_path: Path) -> None:
    plan = write(tmp_path, "agent,kind,from,to\nAna,work,2026-03-02T09:00Z,2026-03-02T18:00Z\n")

    done = once("import", "schedule", plan, "--data", tmp_path / "data")

    assert "'Ana' is no agent of the settings or the history (--new-agents" in done.complaint


def test_options_of_schedules_go_with_schedules_only(tmp_path: Path) -> None:
    done = once("import", "asterisk-ami", "x", "--zone", "UTC", "--data", tmp_path / "data")

    assert done.complaint == "--zone goes with pult import schedule only"


@pytest.mark.skipif(not AMAZON.exists(), reason=f"{AMAZON.name} is not beside this checkout")
def test_a_real_plan_of_amazon_connect(tmp_path: Path) -> None:
    """All who work are planned; each instant of the day says what the file says."""
    file = AMAZON / "agent-schedule.json"
    data = tmp_path / "data"

    told = good(
        "import", "schedule", file, "--mapping", "amazon-connect", "--zone", "Europe/London",
        "--new-agents", "--alarms", AMAZON / "alarm_config.json", "--data", data,
    )  # fmt: skip

    assert '[discipline.late_login]  # BSL\ngrace = "5m"' in told
    assert "# WOE: no rule of its own" in told
    assert "discipline" in tomllib.loads(told)
    agents = json.loads(file.read_text())
    found: dict[str, list[tuple[str, str, str]]] = {}
    # In February London's clock shows UTC.
    for agent, activity, start, end in asked(
        "SELECT agent_id, activity, formatDateTime(started_at, '%Y-%m-%dT%H:%i'), "
        "formatDateTime(ended_at, '%Y-%m-%dT%H:%i') FROM schedules ORDER BY 1, 3",
        data,
    ):
        found.setdefault(str(agent), []).append((str(activity), str(start), str(end)))
    assert found.keys() == agents.keys()
    for agent, plan in agents.items():
        # Read apart from the importer: minute by minute, the exception before the break.
        for hour in range(24):
            for minute in range(0, 60, 5):
                at = f"2019-02-07T{hour:02}:{minute:02}"
                here = [
                    kind
                    for kind in ("EXCEPTION", "BREAK", "WORK")
                    if kind in plan["SCHEDULE"]
                    and plan["SCHEDULE"][kind]["T1"] <= at < plan["SCHEDULE"][kind]["T2"]
                ]
                said = [kind for kind, start, end in found[agent] if start <= at < end]
                outside = here == ["BREAK"]  # AG148366 has a break before his shift
                assert said == ([] if outside else [here[0].lower()] if here else [])


def test_a_demo_makes_way_for_plans_that_hold_and_for_no_others(
    cut: Cut, tmp_path: Path
) -> None:
    plan, data = write(tmp_path, PLAN), tmp_path / "data"
    plans = ("import", "schedule", plan, "--data", data)
    counted = ("sql", "SELECT count() > 0 FROM legs FORMAT TSV", "--data", data)

    _, refused, kept, imported = in_turn(
        ("demo", "--once", "--recording", cut.ami_path, "--data", data),
        plans,
        counted,
        (*plans, "--new-agents", "--zone", "UTC"),
    )

    assert "nothing was imported" in refused.complaint
    assert kept.out == "1\n"
    assert imported.out.startswith(f"the demo's data in {data} are removed\n3 agents, 3 days")
