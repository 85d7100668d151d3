"""What people decide and plan, on a `pult run` that reads a PBX: kills, stops and a re-fold."""

import json
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.fake_pbx import FakePbx
from tests.lab_cut import Cut
from tests.pbx_tape import has_heard, past_copy
from tests.pult.command import (
    PULT,
    Demo,
    dies_with_its_parent,
    environment,
    good,
    once,
    rows,
    wait_for,
)
from tests.pult.conftest import History

SECONDS = 40


class Pbx(NamedTuple):
    """A PBX that is read: the settings for it, and when it says its last."""

    config: Path
    last_us: int


@contextmanager
def running(pbx: Pbx, data: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run `pult run`; when it is yielded it has applied all that the PBX says. Then killed."""
    process = subprocess.Popen(
        [PULT, "run", "--config", pbx.config, "--data", data, "--port", "0", "--sql-port", "0"],
        env={**environment(), "PBX1_SECRET": "secret-of-the-tests"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
        preexec_fn=dies_with_its_parent,
    )  # fmt: skip
    try:
        wait_for(lambda: (data / "endpoint.json").exists(), SECONDS, "its pages")
        wait_for(lambda: has_heard(data / "journal", pbx.last_us), SECONDS, "all it says")
        wait_for(
            lambda: "pult_journal_backlog_frames 0.0" in page(data, "/metrics"), SECONDS, "it"
        )
        yield process
    finally:
        process.kill()
        process.wait(SECONDS)
        (data / "endpoint.json").unlink(missing_ok=True)


@contextmanager
def running_server(data: Path) -> Iterator[None]:
    """Serve a history and nothing else."""
    process = subprocess.Popen(
        [PULT, "sql-server", "--data", data, "--sql-port", "0"],
        env=environment(), stdout=subprocess.PIPE, text=True,
        preexec_fn=dies_with_its_parent,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith("SQL ")
        yield
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)


def wall(data: Path) -> str:
    told: str = json.loads((data / "endpoint.json").read_text())["wall"]
    return told


def page(data: Path, path: str) -> str:
    with urlopen(wall(data) + path, timeout=20) as answer:
        text: str = answer.read().decode()
        return text


def open_episodes(data: Path) -> dict[str, dict[str, Any]]:
    told = good("violations", "list", "--format", "JSONEachRow", "--data", data)
    return {each["episode_id"]: each for each in map(json.loads, told.splitlines())}


def active(data: Path) -> list[str]:
    return re.findall(r"^cc_violation_active{(.*)} 1.0$", page(data, "/metrics"), re.MULTILINE)


def state_of(data: Path, episode: str) -> tuple[str, str, str]:
    """Return state, what the rules say, and the last reason."""
    where = f"WHERE episode_id = '{episode}'"
    (row,) = rows(data, f"SELECT state, ruled, review_reason FROM violations {where}")
    return row["state"], row["ruled"], row["review_reason"]


@pytest.fixture
def pbx(cut: Cut, tmp_path: Path) -> Iterator[Pbx]:
    """A PBX that says four minutes in which people toggle."""
    recording, _ = past_copy(
        cut.ami_path, cut.queue_log_path, tmp_path / "past", now_us=1_000_000_000_000_000
    )
    with FakePbx(recording) as fake:
        config = tmp_path / "pult.toml"
        config.write_text(
            '[sources.pbx1]\nkind = "asterisk"\n'
            f'ami = {{ port = {fake.port}, secret_env = "PBX1_SECRET" }}\n'
            "[discipline]\ntoggle = { count = 2, severity = 'critical' }\n"
            "budget = { per_hour = 2 }\n"
        )
        yield Pbx(config, fake.tape[-1].at_us)


def test_decisions_change_what_counts_and_outlast_a_kill_a_stop_and_a_re_fold(
    pbx: Pbx, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    options = ("--config", pbx.config, "--data", data)
    with running(pbx, data):
        wait_for(lambda: len(open_episodes(data)) > 2, SECONDS, "three open episodes")
        seen, excused, neutral, *_ = open_episodes(data)
        revisions = f"SELECT * FROM violation_revisions WHERE episode_id = '{excused}'"
        before, shown = rows(data, revisions), len(active(data))
        good("violations", "ack", seen, "--by", "Maria", *options)
        good("violations", "excuse", excused, "--by", "Maria", "--reason", "a doctor", *options)
        wait_for(lambda: len(active(data)) == shown - 1, SECONDS, "one less")
        assert sum('paged="true"' in each for each in active(data)) <= 2 < shown
        acknowledged = [each for each in active(data) if 'state="acknowledged"' in each]
        wait_for(lambda: excused not in open_episodes(data), SECONDS, "it in the store")
        assert open_episodes(data)[seen]["state"] == "acknowledged"
        assert open_episodes(data)[seen]["reviewed_by"] == "Maria"
        assert len(acknowledged) == 1
        assert state_of(data, excused) == ("excused", "firing", "a doctor")
        assert rows(data, revisions) == before
        # What was answered is on the disk, whatever happens next.
        good("violations", "ack", neutral, "--by", "Ivan", "--reason", "seen", *options)
    said = good("violations", "neutral", neutral, "--by", "Ivan", "--reason", "power", *options)
    assert said.endswith("kept in the journal; it holds when pult run is started\n")

    with running(pbx, data) as process:
        wait_for(lambda: state_of(data, neutral)[0] == "excused", SECONDS, "it in the store")
        assert neutral not in open_episodes(data)
        assert state_of(data, neutral)[1:] == ("firing", "power")
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0

    decided = rows(data, "SELECT verdict, author FROM reviews ORDER BY decided_at")
    assert [(each["verdict"], each["author"]) for each in decided] == [
        ("acknowledged", "Maria"), ("excused", "Maria"), ("acknowledged", "Ivan"),
        ("neutral", "Ivan"),
    ]  # fmt: skip
    checked = good("rebuild", "--check", *options)
    assert checked.endswith("the history says what they say\n")


def test_what_is_not_allowed_or_unknown_is_one_line(ended: Demo, tmp_path: Path) -> None:
    data, words = ended.data, ("--by", "Maria", "--reason", "a doctor")
    # The demo stands still; which of its episodes are open then is for the rules to say.
    over = "SELECT episode_id FROM violations WHERE state = 'resolved'"
    wait_for(lambda: bool(rows(data, over)), SECONDS, "an episode in the store")
    episode = rows(data, over)[0]["episode_id"]
    unknown = once("violations", "excuse", "0" * 16, *words, "--data", data)
    foreign = once("violations", "excuse", episode, *words, "--tenant", "acme", "--data", data)
    other = tmp_path / "other.toml"
    other.write_text('[desk]\ntoken_env = "DESK"\n')
    stranger = once(
        "violations", "excuse", episode, *words, "--config", other, "--data", data,
        env={"DESK": "a-token-of-somebody-else"},
    )  # fmt: skip
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(f"{wall(data)}/violations/{episode}/ack", b"{}"), timeout=20)
    refused.value.close()

    assert refused.value.code == 401
    assert "no episode 0000000000000000 is known" in unknown.complaint
    assert f"no episode {episode} of acme is known" in foreign.complaint
    assert "does not take our token" in stranger.complaint
    assert [each.code for each in (unknown, foreign, stranger)] == [1, 1, 1]
    assert (data / "desk.token").stat().st_mode & 0o777 == 0o600
    assert rows(data, "SELECT * FROM reviews") == []


def test_what_is_said_of_an_import_holds_at_once(
    queue_log_history: History, tmp_path: Path
) -> None:
    data = shutil.copytree(queue_log_history.data, tmp_path / "data", symlinks=True)
    query = "SELECT episode_id FROM violations WHERE state != 'voided' LIMIT 1"
    episode = rows(data, query)[0]["episode_id"]
    before = state_of(data, episode)

    said = good(
        "violations", "excuse", episode, "--by", "Maria", "--reason", "a doctor", "--data", data
    )

    assert "kept" in said
    assert "pult run" not in said
    assert before[0] != "excused"
    assert state_of(data, episode) == ("excused", before[1], "a doctor")
    good("rebuild", "--from-journal", "--data", data)
    assert state_of(data, episode) == ("excused", before[1], "a doctor")


def test_what_is_said_between_two_runs_follows_from_the_journal_alone(
    queue_log_history: History, tmp_path: Path
) -> None:
    data = shutil.copytree(queue_log_history.data, tmp_path / "data", symlinks=True)
    query = "SELECT episode_id FROM violations WHERE state != 'voided' LIMIT 1"
    episode = rows(data, query)[0]["episode_id"]
    config = tmp_path / "pult.toml"
    config.write_text('[sources.pbx1]\nkind = "asterisk"\nqueue_log = "queue_log"\n')
    words = ("--by", "Maria", "--reason", "a doctor", "--data", data, "--config", config)
    with running_server(data):
        busy = once("violations", "excuse", episode, *words)
    good("violations", "excuse", episode, *words)
    before = state_of(data, episode)

    good("rebuild", "--from-journal", "--data", data)

    assert "in use by pult sql-server" in busy.complaint
    assert before[0] != "excused"
    assert state_of(data, episode) == ("excused", before[1], "a doctor")


def test_without_a_run_the_history_says_what_is_known(
    queue_log_history: History, tmp_path: Path
) -> None:
    data = ("--data", queue_log_history.data)
    words = ("--by", "Maria", "--reason", "a doctor")
    unknown = once("violations", "excuse", "0" * 16, *words, *data)
    nowhere = once("violations", "ack", "0" * 16, *words, "--data", tmp_path / "none")
    badly = once("violations", "ack", "../../metrics", *words, *data)
    blank = once("violations", "excuse", "0" * 16, "--by", "Maria", "--reason", " ", *data)
    closed = once("violations", "list", "--tenant", "none", *data)

    assert "no episode 0000000000000000 of main is known" in unknown.complaint
    assert "no history in" in nowhere.complaint
    assert "is no episode: it has 16" in badly.complaint
    assert "a reason is needed" in blank.complaint
    assert not (tmp_path / "none").exists()
    assert (closed.code, closed.out, closed.err) == (0, "", "no violation is open\n")


@pytest.mark.parametrize(
    ("settings", "env", "why"),
    [
        ('token_env = "DESK"', {}, "environment variable DESK (desk.token_env) holds no token"),
        ('token_env = "DESK"', {"DESK": "short"}, "a token has 16 or more"),
        ('token_file = "none"', {}, "cannot read the token of the desk in none"),
        ('token_env = "A"\ntoken_file = "b"', {}, "set one"),
    ],
)
def test_a_token_that_is_none_is_said_at_the_start(
    settings: str, env: dict[str, str], why: str, tmp_path: Path
) -> None:
    config = tmp_path / "pult.toml"
    config.write_text(
        f'[desk]\n{settings}\n[sources.pbx1]\nkind = "asterisk"\nqueue_log = "queue_log"\n'
    )

    done = once("run", "--config", config, "--data", tmp_path / "data", env=env, cwd=tmp_path)

    assert done.code == 1
    assert why in done.complaint
    assert not (tmp_path / "data" / "desk.token").exists()


def test_a_plan_is_told_to_whoever_owns_the_folder_and_judged_at_once(
    pbx: Pbx, tmp_path: Path
) -> None:
    data, plan = tmp_path / "data", tmp_path / "plan.csv"
    with running(pbx, data) as process:
        query = (
            "SELECT toUnixTimestamp(min(occurred_at)) AS first FROM events WHERE feed = 'ami'"
        )
        wait_for(lambda: int(rows(data, query)[0]["first"]) > 0, SECONDS, "its first message")
        start = datetime.fromtimestamp(int(rows(data, query)[0]["first"]) + 30, UTC)
        end = start + timedelta(hours=8)
        plan.write_text(f"agent,kind,from,to\nZoe,work,{start.isoformat()},{end.isoformat()}\n")
        command = ("import", "schedule", plan, "--data", data, "--config", pbx.config)

        refused = once(*command)
        told = good(*command, "--new-agents")

        assert "'Zoe' is no agent of the settings or the history" in refused.complaint
        assert "1 new or changed" in told
        wait_for(
            lambda: any(
                'agent="Zoe"' in each and "late_login" in each for each in active(data)
            ),
            SECONDS,
            "that Zoe is late",
        )
        wait_for(lambda: bool(rows(data, "SELECT 1 FROM schedules")), SECONDS, "the plan")
        assert "nothing changed" in good(*command)
        other = tmp_path / "other.toml"
        other.write_text('tenant = "north"\n')
        elsewhere = once("import", "schedule", plan, "--data", data, "--config", other)
        assert "writes for tenant main, the settings name north" in elsewhere.complaint
        process.send_signal(signal.SIGTERM)
        process.wait(SECONDS)
    checked = good("rebuild", "--check", "--data", data, "--config", pbx.config)
    assert checked.endswith("the history says what they say\n")


@pytest.mark.parametrize("action", ["ack", "excuse"])
def test_what_is_no_id_of_an_episode_is_told_plainly(action: str, tmp_path: Path) -> None:
    reason = () if action == "ack" else ("--reason", "a doctor")

    done = once("violations", action, "zzz", "--by", "Maria", *reason, "--data", tmp_path)

    assert done.code == 1
    assert done.complaint == (
        "'zzz' is no episode: it has 16 hexadecimal digits; pult violations list shows the "
        "open ones"
    )
