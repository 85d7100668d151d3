"""`pult init` and `pult check-source` against a PBX on a real socket."""

import resource
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pult.first_settings import write
from pult.settings import load
from schemas.errors import SettingsInvalid
from tests.fake_pbx import FakePbx
from tests.oracles.lab_numbers import LAB
from tests.pbx_session import Session
from tests.pbx_tape import Told, tape
from tests.pult.command import Done, in_turn

CALL = Path(__file__).parents[1] / "recordings" / "queue_answered.ami"
SECRET = {"PBX1_SECRET": "secret-of-the-tests"}


def one(folder: Path, *words: object, env: dict[str, str] | None = None) -> Done:
    (done,) = in_turn(words, cwd=folder, env=SECRET if env is None else env)
    return done


def test_init_writes_queues_and_members_and_no_secret(tmp_path: Path) -> None:
    with FakePbx(begin=False) as pbx:
        for each in tape(LAB / "ami.log.gz"):
            pbx.standing.hear(each.text)
            if len(pbx.standing.members) == 20:
                break
        members = dict(pbx.standing.members)
        hinted, away, plain, *_ = sorted({agent for _, agent in members})
        phones = {hinted: "hint:1001@ext-local", away: "Custom:away", plain: "PJSIP/1003"}
        for (_, agent), member in members.items():
            member["StateInterface"] = phones.get(agent, "")
        done = one(tmp_path, "init", "--port", pbx.port, "--queue-log", tmp_path / "queue_log")
        again = one(tmp_path, "init", "--port", pbx.port)
        forced = one(tmp_path, "init", "--port", pbx.port, "--force")
        other = one(
            tmp_path, "init", "--port", pbx.port, "--config", "b.toml", "--source", "b 1"
        )

    assert (done.code, again.code, forced.code) == (0, 1, 0), done
    assert again.complaint.startswith("pult.toml is there already; --force overwrites it")
    assert done.out.endswith("Then: pult check-source pbx1\n")
    assert other.out.endswith("Then: pult check-source 'b 1' --config b.toml\n")
    text = (tmp_path / "pult.toml").read_text()
    assert SECRET["PBX1_SECRET"] not in text
    told = tomllib.loads(text)
    assert set(told["queues"]) == {queue for queue, _ in members}
    assert set(told["agents"]) == {agent for _, agent in members}
    known_by = {name: {*each} - {"team"} for name, each in told["agents"].items()}
    assert (known_by[hinted], known_by[away], known_by[plain]) == ({"ids"}, set(), {"devices"})
    assert told["agents"][hinted]["ids"] == ["1001"]  # `owner` finds PJSIP/1001 by it
    assert told["agents"][plain]["devices"] == ["PJSIP/1003"]
    assert told["sources"]["pbx1"]["ami"]["secret_env"] == "PBX1_SECRET"
    assert load(tmp_path / "pult.toml").sources["pbx1"].ami is not None


CONF = [
    ("general", ["persistentmembers=yes", "wrapuptime=99"]),
    ("billing", ["wrapuptime=5", "strategy=ringall", "WrapUpTime=40"]),  # a template's, its own
    ("sales", ["wrapuptime=0", f"member={'x' * 100_000}"]),
    ("support", ["wrapuptime= 15"]),
    ("vip", ["strategy=wrapuptime", "wrapuptime=-3"]),
    ("nobody", ["wrapuptime=7"]),
]


def test_init_writes_the_wrap_up_times_of_queues_where_it_may_read_them(tmp_path: Path) -> None:
    with FakePbx(begin=False) as pbx:
        for each in tape(LAB / "ami.log.gz"):
            pbx.standing.hear(each.text)
            if len({queue for queue, _ in pbx.standing.members}) == 4:
                break
        pbx.standing.servicelevels = {"support": "10", "vip": "9" * 20, "sales": "-5"}
        refused = one(tmp_path, "init", "--port", pbx.port)
        without = load(tmp_path / "pult.toml")
        pbx.queues_conf = CONF
        told = one(tmp_path, "init", "--port", pbx.port, "--force")

    wrapups = {
        name: each.wrapup.total_seconds()
        for name, each in load(tmp_path / "pult.toml").queues.items()
    }
    assert wrapups == {"billing": 40, "sales": 0, "support": 15, "vip": 0}
    assert "NOTE" not in told.out
    assert not any(each.wrapup for each in without.queues.values())
    targets = {
        name: each.answer_within.total_seconds() for name, each in without.queues.items()
    }
    assert targets == {"billing": 20, "sales": 20, "support": 10, "vip": 36_500 * 86_400}
    (note,) = (line for line in refused.out.splitlines() if line.startswith("NOTE"))
    assert note.startswith("NOTE it tells no wrap-up times of queues (Permission denied):")


@pytest.fixture
def full_disk() -> Iterator[None]:
    """Nothing longer than 10 bytes can be written, as on a disk that is full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures("full_disk")
def test_settings_that_cannot_be_written_whole_leave_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "pult.toml"
    path.write_text("# known")

    with pytest.raises(SettingsInvalid, match="cannot write"):
        write(path, "timezone = 'Europe/Berlin'\n", force=True)

    assert path.read_text() == "# known"
    assert list(tmp_path.iterdir()) == [path]


def test_settings_that_take_the_place_of_others_are_read_by_the_same(tmp_path: Path) -> None:
    path = tmp_path / "pult.toml"
    path.write_text("# known\n")
    path.chmod(0o640)

    write(path, "timezone = 'Europe/Berlin'\n", force=True)

    assert path.read_text() == "timezone = 'Europe/Berlin'\n"
    assert path.stat().st_mode & 0o777 == 0o640


def test_init_takes_lines_that_end_with_a_line_feed_alone(tmp_path: Path) -> None:
    with FakePbx(begin=False) as pbx:
        pbx.line_end = "\n"
        pbx.standing.hear(next(
            each.text for each in tape(LAB / "ami.log.gz") if b"QueueMemberAdded" in each.text
        ))  # fmt: skip
        ((queue, agent),) = pbx.standing.members
        one(tmp_path, "init", "--port", pbx.port)

    told = tomllib.loads((tmp_path / "pult.toml").read_text())
    assert (set(told["queues"]), set(told["agents"])) == ({queue}, {agent})


def test_init_sees_the_queues_of_a_pbx_whose_answers_tell_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Session.answer

    def answer(session: Session, action: str, name: str, now_us: int) -> bool:
        if action != "ping":
            return usual(session, action, name, now_us)
        session.say([("Response", "Success"), ("Ping", "Pong")], name)
        return True

    monkeypatch.setattr(Session, "answer", answer)
    with FakePbx(begin=False) as pbx:
        pbx.standing.hear(next(
            each.text for each in tape(LAB / "ami.log.gz") if b"QueueMemberAdded" in each.text
        ))  # fmt: skip
        ((queue, agent),) = pbx.standing.members
        one(tmp_path, "init", "--port", pbx.port)

    told = tomllib.loads((tmp_path / "pult.toml").read_text())
    assert (set(told["queues"]), set(told["agents"])) == ({queue}, {agent})


def test_init_that_is_not_let_in_says_so_and_writes_nothing(tmp_path: Path) -> None:
    with FakePbx(secret="another") as pbx:
        done = one(tmp_path, "init", "--port", pbx.port)
        unset = one(tmp_path, "init", "--port", pbx.port, env={})
        nowhere = one(tmp_path, "init", "--host", "")

    assert "it says 'Authentication failed'; check sources.pbx1.ami.username" in done.complaint
    assert "environment variable PBX1_SECRET (sources.pbx1.ami.secret_env) is not set" in (
        unset.complaint
    )
    assert nowhere.complaint == "cannot ask a PBX: --host: must not be empty"
    assert not (tmp_path / "pult.toml").exists()


def settings_of(folder: Path, pbx: FakePbx) -> None:
    (folder / "pult.toml").write_text(
        f'[sources.pbx1]\nkind = "asterisk"\n'
        f'ami = {{ port = {pbx.port}, secret_env = "PBX1_SECRET" }}\n'
    )


def test_check_source_says_that_a_queue_log_calls_members_by_interface(tmp_path: Path) -> None:
    log = tmp_path / "queue_log"
    log.write_text("1772442000|CLI|s|SIP/7|ADDMEMBER|\n1772442010|NONE|s|Anna|PAUSE|\n")
    settings = f'[sources.pbx1]\nkind = "asterisk"\nqueue_log = "{log}"\n'
    (tmp_path / "pult.toml").write_text(settings)

    done = one(tmp_path, "check-source", "pbx1")

    assert done.code == 1
    assert "as SIP/7; set log_membername_as_agent = yes in queues.conf" in done.out


def test_check_source_says_that_a_file_is_no_queue_log(tmp_path: Path) -> None:
    log = tmp_path / "full"
    log.write_text("[Mar  2 09:00:00] VERBOSE[1] pbx.c: Executing [100@desk:1] Answer\n")
    settings = f'[sources.pbx1]\nkind = "asterisk"\nqueue_log = "{log}"\n'
    (tmp_path / "pult.toml").write_text(settings)

    done = one(tmp_path, "check-source", "pbx1")

    assert done.code == 1
    assert f"{log} is no queue log" in done.out
    assert "check sources.pbx1.queue_log" in done.out


def test_check_source_says_what_it_feeds_and_what_is_missing(tmp_path: Path) -> None:
    with FakePbx(CALL) as pbx:
        settings_of(tmp_path, pbx)
        done = one(tmp_path, "check-source", "pbx1", "--seconds", "1")
        unknown = one(tmp_path, "check-source", "pbx9")

    assert done.code == 0, done
    assert "ok      logged in, AMI 11.0.0" in done.out
    assert "ok      agent: " in done.out
    assert "NOTE    clock: -" in done.out
    assert "NOTE    sources.pbx1.queue_log is not set: what AMI loses stays lost" in done.out
    assert "no source pbx9 in the settings (known: pbx1)" in unknown.complaint


@pytest.mark.parametrize("ahead_seconds", [0, 600])
def test_check_source_names_the_line_that_would_mend_it(
    tmp_path: Path, ahead_seconds: int
) -> None:
    untimed = b"Event: AgentComplete\r\nPrivilege: agent,all\r\nQueue: a\r\nUniqueid: 1.1"
    with FakePbx() as pbx:
        pbx.tape.append(Told(time.time_ns() // 1000, untimed))
        pbx.go()
        pbx.after_end, pbx.ahead_us, pbx.reporting = True, ahead_seconds * 1_000_000, False
        settings_of(tmp_path, pbx)
        done = one(tmp_path, "check-source", "pbx1", "--seconds", "1")

    assert done.code == 1
    assert "PROBLEM 1 event without a time" in done.out
    assert "PROBLEM no list of channels: Permission denied; talks that end" in done.out
    assert "add reporting to write= of this user in manager.conf" in done.out
    assert "set timestampevents = yes in [general] of manager.conf" in done.out
    assert "add call to read= of this user in manager.conf" in done.out
    assert ("PROBLEM clock: +" in done.out) == bool(ahead_seconds)
