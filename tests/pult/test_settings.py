"""Settings: what may be written, what is refused with which advice, and when a target holds."""

from datetime import timedelta
from pathlib import Path

import pytest

from pult.settings import Settings, load, parse
from schemas.errors import SettingsInvalid
from tests.lab_cut import Cut
from tests.pult.command import all_good


def queue(text: str) -> str:
    return f"[queues.support]\n{text}\n"


def ami(host: str, username: str = "pult") -> str:
    name = f'username = "{username}"'
    return f'[sources.a]\nkind = "asterisk"\nami = {{ host = "{host}", {name} }}\n'


def test_what_is_no_duration_is_refused_with_the_place_in_one_line() -> None:
    with pytest.raises(SettingsInvalid, match=r"queues\.support\.answer_within") as refused:
        parse(queue('answer_within = "ten seconds"'), "pult.toml")

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ('tenent = "x"', "tenent is unknown, did you mean tenant?"),
        (queue('teem = "front"'), "queues.support.teem is unknown, did you mean team?"),
        ('[queues.team]\nteem = "x"', "queues.team.teem is unknown, did you mean team?"),
        ('[agents.Anna]\nteams = "x"', "agents.Anna.teams is unknown, did you mean team?"),
        (
            '[sources.pbx1]\nkind = "asterisk"\nqueuelog = "x"',
            "sources.pbx1.queuelog is unknown, did you mean queue_log?",
        ),
        (
            '[sources.pbx1]\nkind = "asterisk"\nami = { hots = "x" }',
            "sources.pbx1.ami.hots is unknown, did you mean host?",
        ),
        ("[privacy]\nkeep_number = true", "did you mean keep_numbers?"),
        ("[http]\nport = 1", "did you mean sql_port?"),
        ("[kafka]\nzebra = 1", "kafka.zebra is unknown (known: bootstrap, ca, cert,"),
        ('password = "x"', "password is unknown"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(text: str, advice: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        parse(text, "my.toml")

    assert str(refused.value).startswith("settings my.toml: ")
    assert advice in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('timezone = "Mars/Olympus"', "unknown time zone 'Mars/Olympus'"),
        ('timezone = "../etc/passwd"', "unknown time zone"),
        (queue("target = 80"), "queues.support.target"),
        (
            queue('answer_within = "0s"'),
            "queues: support.answer_within: must be longer",
        ),
        (
            '[tenants.a.queues.b]\nanswer_within = "0s"',
            "tenants.a.queues: b.answer_within: must be",
        ),
        (
            '[processor]\nsnapshot_every = "0s"',
            "snapshot_every: must be at least 100ms",
        ),
        (queue('wrapup = "-5s"'), "queues.support.wrapup: '-5s' is no duration (write 10s,"),
        (queue("wrapup = -5"), "queues.support.wrapup: must be at least 0s"),
        (queue('wrapup = "short"'), "queues.support.wrapup: 'short' is no duration (write"),
        (queue('wrapup = "9h"'), "queues.support.wrapup: must be at most 8 hours"),
        (queue('wrapup = "999999999999d"'), "wrapup: '999999999999d' is longer than anything"),
        (
            '[tenants.a.queues.b]\nwrapup = "2d"',
            "tenants.a.queues.b.wrapup: must be at most 8 hours",
        ),
        (queue("wrapup_s = 15"), "queues.support.wrapup_s is unknown, did you mean wrapup?"),
        (queue("answer_within = true"), "answer_within: true is no duration (write 10s,"),
        (queue("answer_within = 2026-03-02"), "must be a length of time such as 10s, 5m or"),
        (queue("answer_within = 1e300"), "answer_within: must be no longer than 100 years"),
        ("timezone = 5", "timezone: must be a text in quotes"),
        ("[kafka]\nbootstrap = ''", "kafka.bootstrap: must not be empty"),
        (
            "[kafka]\nprefix = 'a b'",
            "kafka.prefix: 'a b' is no beginning of a topic's name: up",
        ),
        (
            ami("h", username="a\\nb"),
            "ami.username: 'a\\nb' is no name of a user: some text in",
        ),
        (ami("h", username=""), "ami.username: must not be empty"),
        (queue('answer_within = "999999999999d"'), "longer than anything here lasts (at most"),
        ('[journal]\nkeep = "P999999999D"', "journal.keep"),
        ('tenant = ""', "tenant"),
        ('tenant = "north/west"', "tenant: 'north/west' is no name of a tenant"),
        ('[tenants."north/west"]', "tenants.north/west"),
        ('[sources.a]\nkind = "avaya"', "sources.a.kind"),
        ("[http]\nwall_port = 70000", "http.wall_port"),
        ("queues = 5", "queues"),
        (
            ami("pbx..example.org"),
            "ami.host: 'pbx..example.org' is no name of a host",
        ),
        (ami(f"{'a' * 64}.org"), "a part of it is empty or too long"),
        (
            '[clickhouse]\nurl = "http://db..example"',
            "clickhouse.url: 'db..example' is no name",
        ),
        ('[clickhouse]\nurl = "http://me:mine@db"', "clickhouse.url: must be http:// or"),
        ('[clickhouse]\nurl = "http://db:70000"', "clickhouse.url: Port out of range"),
    ],
)
def test_a_value_out_of_range_names_its_place(text: str, told: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        parse(text, "pult.toml")

    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "mine" not in str(refused.value)


def test_without_a_file_the_defaults_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    settings = load(None)

    assert settings == Settings() == parse("", "pult.toml")
    wanted = settings.policies().queue("any queue")
    assert (wanted.answer_within, wanted.short_abandon) == (
        timedelta(seconds=20),
        timedelta(seconds=5),
    )
    assert settings.http.host == "127.0.0.1"
    assert settings.privacy.keep_numbers is False


def test_a_queue_has_no_wrap_up_time_unless_its_settings_or_its_tenant_s_say_so() -> None:
    text = """
        tenant = "north"
        [queues.support]
        wrapup = "15s"
        [queues.sales]
        [tenants.south.queues.support]
        wrapup = "1m30s"
    """
    settings = parse(text, "pult.toml")

    told = [settings.policies(tenant).queue("support").wrapup for tenant in ("north", "south")]
    assert told == [timedelta(seconds=15), timedelta(seconds=90)]
    assert settings.policies().queue("sales").wrapup == timedelta(0)
    assert settings.policies().queue("any queue").wrapup == timedelta(0)


def test_a_file_beside_the_command_is_read_without_being_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pult.toml").write_text('tenant = "north"\n')
    monkeypatch.chdir(tmp_path)

    assert load(None).tenant == "north"


def test_a_changed_target_does_not_rewrite_the_past(cut: Cut, tmp_path: Path) -> None:
    # Moved back by years, so that the calls are over before this machine's present time.
    past = b"".join(
        b"%d%s" % (int(line[:10]) - 200_000_000, line[10:])
        for line in cut.queue_log.splitlines(keepends=True)
    )
    future = b"".join(
        b"%d%s" % (int(line[:10]) + 4_000_000_000, line[10:])
        for line in past.splitlines(keepends=True)
    )
    (tmp_path / "past").write_bytes(past)
    (tmp_path / "future").write_bytes(future)
    (tmp_path / "before.toml").write_text(queue('answer_within = "11s"'))
    (tmp_path / "after.toml").write_text(queue('answer_within = "33s"\nwrapup = "3s"'))
    asked = (
        "SELECT toYear(entered_at) > 2050 AS future, answer_within_ms, max(wrapup_ms) "
        "FROM legs WHERE queue_id = 'support' GROUP BY ALL ORDER BY ALL FORMAT CSV"
    )

    _, first, _, second, last, third = all_good(
        ("import", "asterisk-queue-log", "past", "--config", "before.toml"),
        ("sql", asked),
        ("import", "asterisk-queue-log", "past", "--config", "after.toml"),
        ("sql", asked),
        ("import", "asterisk-queue-log", "future", "--config", "after.toml"),
        ("sql", asked),
        cwd=tmp_path,
    )

    assert first == second == "0,11000,\\N\n"
    assert "282 queue visits" in last
    assert third == "0,11000,\\N\n1,33000,3000\n"


def test_no_source_may_be_called_as_pult_calls_itself(tmp_path: Path) -> None:
    path = tmp_path / "pult.toml"
    path.write_text('[sources.desk]\nkind = "asterisk"\n', "utf-8")

    with pytest.raises(SettingsInvalid, match="desk is what Pult calls itself"):
        load(path)
