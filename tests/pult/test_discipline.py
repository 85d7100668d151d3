"""`pult explain` and `pult policy`, and wrong rules in the settings."""

from pathlib import Path
from unittest.mock import ANY

import msgspec
import pytest

from pult.asking import held
from tests.pult.command import good, once
from tests.pult.conftest import History

RULES = """
[discipline.late_return]
allowance = { Lunch = "30m", default = "10m" }
grace = "60s"

[tenants.acme.discipline.late_return]
grace = "90s"

[teams.support.discipline.late_return]
critical_after = 3.0

[agents."Anna Petrova"]
team = "support"
discipline.late_return.allowance = { Lunch = "45m" }
"""


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "pult.toml"
    path.write_text(RULES, "utf-8")
    return path


def test_an_episode_is_explained_by_its_events_in_order(queue_log_history: History) -> None:
    data = ("--data", queue_log_history.data)
    query = "SELECT episode_id FROM violations WHERE code = 'rona' ORDER BY fired_at LIMIT 1"
    episode = good("sql", query, "--format", "TSV", *data).strip()

    told = good("explain", episode, *data)

    head, _, lines = told.partition("\n\n")
    assert head.startswith("rona of ")
    assert "thresholds" in head
    happened = [line[25:] for line in lines.splitlines()]
    assert happened[0].startswith("cc.offer.ended.v1 ")
    assert happened[1:] == ["--> PENDING", "--> FIRED", "--> CLEARED"]


def test_a_folder_that_many_things_are_asked_of_is_opened_once(
    queue_log_history: History,
) -> None:
    with held(queue_log_history.data) as answer:
        assert answer("SELECT count() > 0 FROM events", "TSV") == b"1\n"
        assert answer("SELECT 1", "TSV") == b"1\n"
        busy = once("sql", "SELECT 1", "--data", queue_log_history.data)
    after = once("sql", "SELECT 1", "--data", queue_log_history.data)

    assert busy.code == 1
    assert "pult sql" in busy.complaint
    assert after.code == 0


def test_who_waited_at_a_miss_is_shown_where_that_made_it_critical(
    queue_log_history: History,
) -> None:
    data = ("--data", queue_log_history.data)
    query = (
        "SELECT episode_id, queue_id FROM violations WHERE code = 'rona' AND "
        "severity = 'critical' AND length(JSONExtractArrayRaw(evidence, 'queues')) = 1 "
        "ORDER BY fired_at LIMIT 1"
    )
    episode, queue = good("sql", query, "--format", "TSV", *data).strip().split("\t")

    told = good("explain", episode, *data)

    happened = [line.split("  ", 2) for line in told.partition("\n\n")[2].splitlines()]
    (critical_at,) = [at for at, what, *_ in happened if what == "--> CRITICAL"]
    waiting = [each for each in happened if each[1].startswith("waits ")]
    assert waiting
    for entered_at, _, where in waiting:
        assert entered_at <= critical_at
        assert where.startswith(f"{queue}, ")
        assert "still" in where or where.partition("until ")[2] > critical_at


def test_an_episode_whose_call_goes_on_is_explained_too(tmp_path: Path) -> None:
    """Whoever entered first has waited for 300 s by then; 60 s are three times the target."""
    log, data = tmp_path / "queue_log", ("--data", tmp_path / "data")
    log.write_text(
        "1772442000|c1|sales|NONE|ENTERQUEUE||5550101|1\n"
        "1772442300|c2|sales|NONE|ENTERQUEUE||5550102|2\n"
    )
    good("import", "asterisk-queue-log", log, *data)
    query = "SELECT episode_id FROM violations WHERE code = 'hanging'"
    episode = good("sql", query, "--format", "TSV", *data).strip()

    told = good("explain", episode, *data)

    happened = [line.split("  ") for line in told.partition("\n\n")[2].splitlines()]
    assert [(at, said[:4], more) for at, said, *more in happened] == [
        ("2026-03-02 09:00:00.000", "cc.q", [ANY]),
        ("2026-03-02 09:00:00.000", "call", ["sales, goes on"]),
        ("2026-03-02 09:01:00.000", "--> ", []),
        ("2026-03-02 09:01:00.000", "--> ", []),
    ]


def test_an_episode_of_a_call_names_its_queue_and_its_interaction(
    queue_log_history: History,
) -> None:
    data = ("--data", queue_log_history.data)
    query = (
        "SELECT v.episode_id, v.queue_id, l.interaction_id FROM violations AS v JOIN legs AS l "
        "ON l.leg_id = JSONExtract(v.evidence, 'legs', 'Array(String)')[1] "
        "WHERE v.code = 'ping_pong' ORDER BY v.fired_at LIMIT 1"
    )
    episode, queue, interaction = good("sql", query, "--format", "TSV", *data).split()

    head, about, *_ = good("explain", episode, *data).splitlines()

    assert head.startswith(f"ping_pong of queue {queue}: ")
    assert about.split() == ["about", "interaction", interaction]


def test_an_episode_of_calls_is_explained_by_their_events(tmp_path: Path) -> None:
    """The second call that Anna passes on is one too many; c3 is not hers."""
    log, data = tmp_path / "queue_log", ("--data", tmp_path / "data")
    config = tmp_path / "pult.toml"
    config.write_text("[discipline.excess_transfer]\nmost = 1\n", "utf-8")
    told = ["1772442000|NONE|sales|Anna|ADDMEMBER||"]
    for n, (call, agent) in enumerate([("c1", "Anna"), ("c3", "Boris"), ("c2", "Anna")]):
        at = 1772442060 + 60 * n
        told += [
            f"{at}|{call}|sales|NONE|ENTERQUEUE||555010{n}|1",
            f"{at + 5}|{call}|sales|{agent}|CONNECT|5|{call}a|4",
            f"{at + 30}|{call}|sales|{agent}|BLINDTRANSFER|700|internal|5|25|1",
        ]
    log.write_text("\n".join([*told, "1772442600|NONE|sales|Anna|PAUSE||", ""]))
    good("import", "asterisk-queue-log", log, *data, "--config", config)
    query = "SELECT episode_id, evidence FROM violations WHERE code = 'excess_transfer'"
    episode, evidence = good("sql", query, "--format", "TSVRaw", *data).strip().split("\t")
    ids = "SELECT id FROM events WHERE type = 'cc.leg.transferred.v1' AND agent_id != 'Boris'"
    ended = msgspec.json.decode(evidence)["events"]

    lines = good("explain", episode, *data).partition("\n\n")[2].splitlines()

    happened = [(line[11:19], line[25:].split(" ")) for line in lines]
    assert [(at, *what[: 2 if what[0] == "-->" else 1]) for at, what in happened] == [
        ("09:01:00", "cc.queue.entered.v1"),
        ("09:01:05", "cc.leg.connected.v1"),
        ("09:01:30", "cc.leg.ended.v1"),  # one line tells this and the next: by name
        ("09:01:30", "cc.leg.transferred.v1"),
        ("09:01:30", "call"),
        ("09:01:30", "-->", "PENDING"),
        ("09:03:00", "cc.queue.entered.v1"),
        ("09:03:05", "cc.leg.connected.v1"),
        ("09:03:30", "cc.leg.ended.v1"),  # one line tells this and the next: by name
        ("09:03:30", "cc.leg.transferred.v1"),
        ("09:03:30", "call"),
        ("09:03:30", "-->", "FIRED"),
    ]
    assert ended == good("sql", ids, "--format", "TSV", *data).split()


def test_what_happens_later_to_a_caller_is_not_explained_by_another_call_of_then(
    tmp_path: Path,
) -> None:
    """Anna passes c1 to Boris, who talks with it within the time of her second call."""
    log, data = tmp_path / "queue_log", ("--data", tmp_path / "data")
    config = tmp_path / "pult.toml"
    config.write_text("[discipline.excess_transfer]\nmost = 1\n", "utf-8")
    log.write_text(
        "1772442000|NONE|sales|Anna|ADDMEMBER||\n"
        "1772442000|NONE|vip|Boris|ADDMEMBER||\n"
        "1772442060|c1|sales|NONE|ENTERQUEUE||5550100|1\n"
        "1772442065|c1|sales|Anna|CONNECT|5|c1a|4\n"
        "1772442090|c1|sales|Anna|BLINDTRANSFER|700|internal|5|25|1\n"
        "1772442091|c1|vip|NONE|ENTERQUEUE||5550100|1\n"
        "1772442095|c2|sales|NONE|ENTERQUEUE||5550101|1\n"
        "1772442100|c2|sales|Anna|CONNECT|5|c2a|4\n"
        "1772442110|c1|vip|Boris|CONNECT|19|c1b|4\n"
        "1772442150|c1|vip|Boris|COMPLETECALLER|19|40|1\n"
        "1772442160|c2|sales|Anna|BLINDTRANSFER|700|internal|5|60|1\n"
        "1772442900|NONE|sales|Anna|PAUSE||\n"
    )
    good("import", "asterisk-queue-log", log, *data, "--config", config)
    query = "SELECT episode_id FROM violations WHERE code = 'excess_transfer'"
    episode = good("sql", query, "--format", "TSV", *data).strip()

    lines = good("explain", episode, *data).partition("\n\n")[2].splitlines()

    happened = [(line[11:19], line[25:].split(" ")[0]) for line in lines]
    assert [(at, what) for at, what in happened if what.startswith("cc.")] == [
        ("09:01:00", "cc.queue.entered.v1"),
        ("09:01:05", "cc.leg.connected.v1"),
        ("09:01:30", "cc.leg.ended.v1"),
        ("09:01:30", "cc.leg.transferred.v1"),
        ("09:01:35", "cc.queue.entered.v1"),
        ("09:01:40", "cc.leg.connected.v1"),
        ("09:02:40", "cc.leg.ended.v1"),
        ("09:02:40", "cc.leg.transferred.v1"),
    ]


@pytest.mark.parametrize(
    ("episode", "why"),
    [("x' OR 1", "16 hexadecimal digits"), ("0" * 16, "no such episode")],
)
def test_what_is_no_episode_is_one_line(
    episode: str, why: str, queue_log_history: History
) -> None:
    done = once("explain", episode, "--data", queue_log_history.data)

    assert done.code == 1
    assert why in done.complaint


def query_one(data: tuple[str, Path], code: str) -> str:
    """Return the id of the one episode of a rule."""
    query = f"SELECT episode_id FROM violations WHERE code = '{code}'"
    return good("sql", query, "--format", "TSV", *data).strip()


def test_a_suspected_source_is_named(tmp_path: Path) -> None:
    """All ten agents, of no team, are late from a break of ten minutes: the source is."""
    log, data = tmp_path / "queue_log", ("--data", tmp_path / "data")
    config = tmp_path / "pult.toml"
    config.write_text(
        '[discipline.late_return]\nallowance = { default = "10m" }\n'
        '[agents.Agent0.discipline.break_budget]\nallowance = "10m"\n', "utf-8",
    )  # fmt: skip
    agents = [f"Agent{n}" for n in range(10)]
    log.write_text(
        "".join(f"1772442000|NONE|sales|{name}|ADDMEMBER||\n" for name in agents)
        + "".join(f"{1772442060 + n}|NONE|sales|{name}|PAUSE|Lunch|\n"
                  for n, name in enumerate(agents))
        + "1772444400|NONE|sales|Agent0|UNPAUSE||\n"
    )  # fmt: skip
    good("import", "asterisk-queue-log", log, *data, "--config", config, "--source", "north")
    episode = query_one(data, "system_suspect")
    days = ("--from", "2026-03-02", "--to", "2026-03-02")

    head = good("explain", episode, *data).splitlines()[0]
    tried = good("backtest", "system_suspect", *days, *data, "--config", config)

    assert head.startswith("system_suspect of source north: ")
    # The one budget that is spent tells when its break began: 1772442060, in UTC.
    spent = good("explain", query_one(data, "break_budget"), *data)
    assert '"breaks":["2026-03-02 09:01:00.000"]' in spent
    _, *whose, _ = tried.splitlines()[-3:]
    assert whose == ["  sources 1; most: north, 1 (100%)"]


def test_each_threshold_is_shown_with_the_level_that_set_it(settings: Path) -> None:
    told = good(
        "policy", "show", "--agent", "Anna Petrova", "--tenant", "acme",
        "--rule", "late_return", "--config", settings,
    ).splitlines()  # fmt: skip

    assert told[1:] == [
        "  enabled = true  # default",
        '  severity = "warning"  # default',
        '  allowance = { default = "10m", Lunch = "45m" }  '
        "# default: [discipline]; Lunch: [agents.'Anna Petrova'.discipline]",
        '  grace = "1m30s"  # [tenants.acme.discipline]',
        "  critical_after = 3.0  # [teams.support.discipline]",
    ]


def test_a_default_that_somebody_sets_is_his_word_too(tmp_path: Path) -> None:
    path = tmp_path / "pult.toml"
    path.write_text(
        '[discipline.late_return]\nallowance = { Lunch = "30m", default = "10m" }\n'
        "[discipline.rona]\nconsecutive = 2\ncount = 4\n"
        "[teams.support.discipline.rona]\ncount = 3\n",
        encoding="utf-8",
    )

    told = good("policy", "show", "--team", "support", "--config", path).splitlines()

    assert '  allowance = { default = "10m", Lunch = "30m" }  # [discipline]' in told
    assert "  consecutive = 2  # [discipline]" in told
    assert "  count = 3  # [teams.support.discipline]" in told


LATE = """
1770109200|NONE|sales|Anna|ADDMEMBER||
1770120000|NONE|sales|Anna|PAUSE|After Call|
1770122700|NONE|sales|Anna|UNPAUSE||
1770141600|NONE|sales|Anna|REMOVEMEMBER||
""".lstrip()


def test_what_a_later_import_takes_back_says_when_it_was(tmp_path: Path) -> None:
    """The first log ends before the pause does: to its end she is late."""
    data = ("--data", tmp_path / "data")
    first, *_, last = LATE.splitlines()
    pause, back = LATE.splitlines()[1], "1770120300|NONE|sales|Anna|UNPAUSE||"
    file = tmp_path / "queue_log"
    file.write_text("\n".join([first, pause, last, ""]))
    good("import", "asterisk-queue-log", file, *data)
    query = "SELECT episode_id FROM violations WHERE code = 'late_return'"
    episode = good("sql", query, "--format", "TSV", *data).strip()
    assert "VOIDED" not in good("explain", episode, *data)

    file.write_text("\n".join([first, pause, back, last, ""]))
    good("import", "asterisk-queue-log", file, *data)

    told = good("explain", episode, *data)
    assert told.startswith("late_return of Anna: voided")
    assert "--> VOIDED by what was received then" in told


@pytest.mark.parametrize(
    ("settings", "codes"),
    [
        ("", ["late_return"]),
        ("[tenants.acme.discipline.late_return]\nenabled = false", []),
        ("[tenants.other.discipline.late_return]\nenabled = false", ["late_return"]),
        ('wrapup_reasons = ["AFTER CALL"]', ["acw_too_long"]),
    ],
)
def test_what_the_settings_say_of_their_own_tenant_holds_for_an_import(
    settings: str, codes: list[str], tmp_path: Path
) -> None:
    """45 minutes of a pause for which ten are allowed."""
    (tmp_path / "pult.toml").write_text(f'tenant = "acme"\n{settings}\n')
    (tmp_path / "queue_log").write_text(LATE)
    data = ("--config", tmp_path / "pult.toml", "--data", tmp_path / "data")

    good("import", "asterisk-queue-log", tmp_path / "queue_log", *data)

    query = "SELECT code FROM violations WHERE agent_id = 'Anna' AND fired_at IS NOT NULL"
    assert good("sql", query, "--format", "TSV", *data).split() == codes
    shown = good("policy", "show", "--rule", "late_return", *data[:2])
    assert ("enabled = false  # [tenants.acme.discipline]" in shown) == (not codes)


def test_the_budget_of_pages_is_shown_with_the_level_that_set_it(tmp_path: Path) -> None:
    path = tmp_path / "pult.toml"
    path.write_text(
        "[discipline]\nbudget = { per_hour = 4 }\n"
        "[tenants.acme.discipline.budget]\nper_agent_shift = 1\n"
    )

    told = good(
        "policy", "show", "--tenant", "acme", "--rule", "budget", "--config", path
    ).splitlines()

    assert told[1:] == [
        "  per_agent_shift = 1  # [tenants.acme.discipline]",
        "  per_hour = 4  # [discipline]",
    ]


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ('[discipline.late_return]\ngrace = "-5s"', "is no duration"),
        (
            "[discipline.rona]\nconsecutive = 0",
            "rona.consecutive: must be at least 1",
        ),
        ('[discipline.late_retrun]\ngrace = "5s"', "did you mean late_return?"),
        ('[discipline.late_return]\ngrase = "5s"', "did you mean grace?"),
        ("[teams.a.discipline.rona]\ncounts = 1", "did you mean count?"),
        ("[agents.Anna.discipline.ronna]\ncount = 1", "did you mean rona?"),
        ('[tenants.acme.discipline.rona]\nwithin = "x"', "is no duration"),
        ('[discipline.rona]\nwithin = "2h"', "discipline.rona.within: must be at most 1h"),
        ('[discipline.slow_handling]\nwithin = "1h"\ncontacts = 1', "must be at least 2"),
        ("[sources.pbx1]\nqueue_log = {}", "queue_log: must be a path"),
        ('[discipline.rona]\nseverity = "page"', "severity"),
        ('[discipline.late_return]\nallowance = "45m"', "allowance"),
        (
            '[teams.a.discipline.late_return]\nallowance = "45m"',
            "late_return.allowance: must be a table",
        ),
        ("[discipline]\nbudget = { per_our = 2 }", "did you mean per_hour?"),
        ("[discipline]\nbudget = { per_hour = -1 }", "must be at least 0"),
        ("[tenants.acme.discipline]\nbudget = { per_shift = 1 }", "did you mean"),
        ("[teams.a.discipline]\nbudget = { per_hour = 1 }", "holds for all of a tenant"),
        ("[agents.Anna.discipline.hanging]\ntimes = 5.0", "hanging is about no agent"),
        ("[agents.Anna.discipline.system_suspect]\nteam = 5", "is about no agent"),
    ],
)
def test_a_wrong_rule_is_one_line(rules: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "pult.toml"
    path.write_text(rules, "utf-8")

    done = once("policy", "show", "--config", path)

    assert done.code == 1
    assert why in done.complaint


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--agent", "Ana Petrova"), "no agent 'Ana Petrova', did you mean Anna Petrova?"),
        (("--agent", "Zoe"), "no agent 'Zoe' (known: Anna Petrova)"),
        (("--team", "sales"), "no team 'sales' (known: support)"),
        (("--tenant", "main2"), "no tenant 'main2', did you mean main?"),
        (("--rule", "ronna"), "there is no rule 'ronna', did you mean rona?"),
        (("--rule", "dead_call"), "dead_call is not judged: it needs"),
    ],
)
def test_who_is_not_in_the_settings_is_wrong_usage(
    options: tuple[str, str], why: str, tmp_path: Path
) -> None:
    path = tmp_path / "pult.toml"
    path.write_text("[agents.'Anna Petrova']\nteam = 'support'\nids = ['1001']", "utf-8")

    done = once("policy", "show", *options, "--config", path)

    assert (done.code, done.out) == (2, "")
    assert why in done.complaint


def test_an_agent_goes_by_his_other_ids_too(tmp_path: Path) -> None:
    path = tmp_path / "pult.toml"
    path.write_text(
        "[agents.Anna]\nids = ['1001']\ndiscipline.rona.count = 7", encoding="utf-8"
    )

    told = good("policy", "show", "--agent", "1001", "--rule", "rona", "--config", path)

    assert "  count = 7  # [agents.'Anna'.discipline]" in told.splitlines()


def test_a_wrong_threshold_to_try_is_one_plain_line(tmp_path: Path) -> None:
    days = ("--from", "2026-03-01", "--to", "2026-03-02", "--data", tmp_path)

    done = once("backtest", "late_return", "--set", "grace=-5s", *days)

    assert done.code == 2
    assert done.complaint == (
        "cannot test a rule: late_return.grace: '-5s' is no duration (write 10s, 5m or 1h30m)"
    )
