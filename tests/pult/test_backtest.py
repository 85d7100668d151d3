"""`pult backtest`: rules in force give what the history says, others what they would have."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

import schemas.events as e
from producers.simulation.plan import Faults
from producers.simulation.plan import Plan as SimulationPlan
from producers.simulation.simulation import Simulation
from pult.backtest_facts import Range
from pult.commands.backtest import UNTRIED
from schemas.discipline import CODES
from sql.embedded import EmbeddedStore
from tests.lab import recording
from tests.phones import called_out
from tests.plans import plan
from tests.pult.backtested import (
    in_history,
    kept,
    shown,
    tried,
    whole_day,
    worked_after,
)
from tests.pult.command import good, once
from tests.pult.conftest import History
from tests.timetable import DAY, TENANT, moment, values

# --- all rules, over a recorded half hour ---------------------------------------------------

STRICT = {
    "late_return": {"allowance": {"default": "20s"}, "grace": "5s"},
    "break_too_long": {"longest": {"default": "40s"}},
    "acw_too_long": {"limit": "1s", "grace": "0s"},
    "idle_not_ready": {"limit": "5s", "grace": "5s", "reasons": ["", "Lunch", "Coffee"]},
    "long_hold": {"limit": "1s", "grace": "0s"},
    "slow_handling": {"contacts": 8, "ratio": 1.1, "clear": 1.05},
    "short_call": {
        "shorter_than": "40s", "live_count": 2, "live_calls": 2, "live_times": 0.5,
    },
    "agent_hangup": {"count": 2, "calls": 2, "times_others": 0.5},
    "excess_transfer": {"count": 2, "calls": 2, "times_others": 0.5},
    "break_budget": {"allowance": "3m"},
    "late_login": {"grace": "10s", "critical_after": "1m"},
    "no_show": {"after": "2m"},
    "early_logout": {"wait": "5s", "grace": "0s"},
    "unscheduled_break": {"grace": "5s"},
    "work_instead_of_break": {"limit": "10s"},
    "not_logged_out": {"after": "1m"},
    "hanging": {"times": 1.0},
    "ping_pong": {"queues": 2},
    "wrong_state_work": {"grace": "5s"},
    "system_suspect": {"team": 3, "share": 0.3},
}  # fmt: skip
"""Rules under which half an hour brings episodes of nearly all of them."""

UNHEARD = {"long_hold", "offer_rejected", "acw_too_long"}
"""Nobody in the recording holds, rejects, or works after a call."""


def test_the_rules_in_force_give_what_the_history_says_of_every_code(
    store: EmbeddedStore,
) -> None:
    log = recording.ami()
    joined = (event.data for event in log if isinstance(event, e.AgentQueueJoined))
    agents = sorted({data.agent_id for data in joined})
    policies: dict[str, Any] = {
        "queues": {"support": {"answer_within": "5s", "team": "front"}},
        "agents": {name: {"team": "ab"[n % 2]} for n, name in enumerate(agents)},
        "discipline": STRICT,
    }
    day = log[0].time[:10]
    kept(store, [*plans(agents, day), *map(e.encode, log)], **policies)
    within = whole_day(day)
    later = Range(recording.at_ms(log[0]) + 10 * 60_000, recording.at_ms(log[-1]) - 5 * 60_000)

    for code in CODES:
        if code in UNTRIED:
            continue
        expected = in_history(store, code, within)

        assert shown(tried(store, code, within, **policies)) == expected, code
        assert bool(expected) == (code not in UNHEARD), code
        some = in_history(store, code, later)
        assert shown(tried(store, code, later, **policies)) == some, code


def test_gaps_and_restarts_of_a_source_change_nothing_of_that(store: EmbeddedStore) -> None:
    hour_ms = 3_600_000
    simulated = Simulation(
        SimulationPlan(
            seed=3, begin_ms=moment("10:00:00"), length_ms=4 * hour_ms, seats=40, tenant=TENANT,
            heartbeat_ms=5_000, faults=Faults(restarts=1, gaps=2, gap_ms=120_000),
        )
    )  # fmt: skip
    log = [said.value for said in simulated.events()]
    joined = (
        event.data for event in map(e.decode, log) if isinstance(event, e.AgentQueueJoined)
    )
    agents = sorted({data.agent_id for data in joined})
    policies: dict[str, Any] = {
        "agents": {name: {"team": "ab"[n % 2]} for n, name in enumerate(agents)},
        "discipline": {**STRICT, "system_suspect": {"team": 10, "share": 0.1}},
    }
    kept(store, log, **policies)
    fired = set()

    for code in CODES:
        expected = in_history(store, code, whole_day())
        if code not in UNTRIED:
            assert shown(tried(store, code, whole_day(), **policies)) == expected, code
            fired |= {code} if expected else set()

    assert fired >= {"late_return", "acw_too_long", "rona", "slow_handling", "hanging"}
    assert "system_suspect" in fired


def plans(agents: list[str], day: str) -> list[bytes]:
    """Plan work with a break of five minutes, for those who are there and one who is not."""
    shift = "19:18 work 19:{0} break 19:{1} work 19:49"
    return [
        plan(name, shift.format(20 + n % 20, 25 + n % 20), day=day)
        for n, name in enumerate([*agents, "Zoe Nowhere"])
    ]


# --- what a recorded half hour does not have ------------------------------------------------

WAITS = """
    09:00:00  enter  a sales
    09:00:30  lost
    09:05:00  beat
    09:05:01  queue  s sales {waiting}
    {listed}
    09:05:02  complete s
    09:05:05  beat
"""


@pytest.mark.parametrize("still", [False, True])
def test_nobody_hangs_who_left_unseen_in_a_gap(store: EmbeddedStore, still: bool) -> None:
    listed = "09:05:01 listed s a sales" if still else ""
    kept(store, values(WAITS.format(waiting=int(still), listed=listed)))

    found = tried(store, "hanging", whole_day())

    assert [each.fired_at for each in found] == [moment("09:01:00")] * still
    assert shown(found) == in_history(store, "hanging", whole_day())


def test_a_break_that_lasts_into_a_gap_at_the_end_is_not_late_yet(store: EmbeddedStore) -> None:
    log = values("""
        09:00:00  login  Anna sales
        09:00:10  pause  Anna sales tea
        09:05:00  lost
        09:30:00  beat
    """)
    kept(store, log)

    assert tried(store, "late_return", whole_day()) == []
    quick = {"discipline": {"late_return": {"allowance": {"default": "3m"}}}}
    (late,) = tried(store, "late_return", whole_day(), **quick)
    assert late.fired_at == moment("09:04:10")


def talks(day: str, agent: str, lengths: Iterable[int], hour: int) -> str:
    """Return calls of so many seconds, a minute apart."""
    lines = []
    for n, length in enumerate(lengths):
        minute, call = f"{day} {hour:02}:{n:02}", f"{agent}{day[5:]}{hour}-{n} sales"
        lines += [
            f"{minute}:00 enter {call}",
            f"{minute}:01 answer {call} {agent}",
            f"{minute}:{1 + length:02} end {call} {agent} agent",
        ]
    return "\n".join(lines) + "\n"


def test_short_calls_of_a_month_are_counted_from_its_first_day(store: EmbeddedStore) -> None:
    """Anna: 2 of 4 short, the team: 3 of 12, so twice its share, and not more than that."""
    text = (
        talks("2026-02-03", "Anna", [5, 30], 9)
        + talks("2026-02-03", "Boris", [5, *[30] * 7], 10)
        + talks("2026-02-27", "Anna", [5, 30], 9)
        + "2026-03-01 00:00:01 beat"
    )
    team = {"agents": {"Anna": {"team": "a"}, "Boris": {"team": "a"}}}

    def under(times: float) -> dict[str, Any]:
        rule = {"calls": 4, "times_team": times, "live_count": 100}
        return {**team, "discipline": {"short_call": rule}}

    kept(store, values(text), **under(1.9))
    march = whole_day("2026-03-01")
    (anna,) = tried(store, "short_call", march, **under(1.9))

    assert (anna.agent_id, anna.fired_at) == ("Anna", march.since)
    assert json.loads(anna.evidence)["share"] == 0.5
    assert shown([anna]) == in_history(store, "short_call", march)
    assert tried(store, "short_call", march, **under(2.0)) == []
    assert tried(store, "short_call", whole_day("2026-02-28"), **under(1.9)) == []


@pytest.mark.parametrize(
    ("times", "fired"), [(2.0, "09:02:15"), (2.5, "09:02:45"), (0, "09:01:15")]
)
def test_what_is_usual_after_a_call_is_read_of_the_days_before(
    store: EmbeddedStore, times: float, fired: str
) -> None:
    """The second of two lengths, 60 s, is the percentile; one that was lost midway is none."""
    text = (
        "2026-03-01 08:00:00 login Anna sales"
        + worked_after("2026-03-01 09:00:00", 30)
        + worked_after("2026-03-06 09:00:00", 60)
        + worked_after("2026-03-06 10:00:00", 1200).replace(
            "2026-03-06 10:20:00 unpause Anna *",
            """2026-03-06 10:01:00 lost
            2026-03-06 10:20:00 beat
            2026-03-06 10:20:00 member s Anna sales
            2026-03-06 10:20:01 complete s""",
        )
        + worked_after("2026-03-08 09:00:00", 300)
        + "2026-03-08 10:00:00 beat"
    )
    rule = {"acw_too_long": {"least_count": 2, "times_p90": times}}
    kept(store, values(text), discipline=rule)

    (found,) = tried(store, "acw_too_long", whole_day("2026-03-08"), discipline=rule)

    assert found.fired_at == moment(f"2026-03-08 {fired}")
    assert shown([found]) == in_history(store, "acw_too_long", whole_day("2026-03-08"))


def test_after_work_that_follows_an_outbound_call_is_of_no_queue_here_either(
    store: EmbeddedStore,
) -> None:
    """A queue's call ends at 09:00:10, his own at 09:00:40; 60 s and 15 s from then on."""
    text = (
        "2026-03-01 08:00:00 login Anna sales 0 SIP/anna"
        + worked_after("2026-03-01 09:00:00", 30)
        + worked_after("2026-03-06 09:00:00", 60)
        + """
        2026-03-08 09:00:00 enter  c sales
        2026-03-08 09:00:00 answer c sales Anna
        2026-03-08 09:00:10 end    c sales Anna caller
        """
        + called_out("2026-03-08")
        + """
        2026-03-08 09:00:40 pause  Anna * wrap
        2026-03-08 09:05:00 unpause Anna *
        2026-03-08 10:00:00 beat"""
    )
    rule = {"acw_too_long": {"least_count": 2}}
    kept(store, values(text), discipline=rule)

    (found,) = tried(store, "acw_too_long", whole_day("2026-03-08"), discipline=rule)

    assert found.fired_at == moment("2026-03-08 09:01:55")
    assert shown([found]) == in_history(store, "acw_too_long", whole_day("2026-03-08"))


def test_a_site_is_judged_by_itself(store: EmbeddedStore) -> None:
    """Both sites have a team of one name; at each, the others are those who work there."""
    agents = {name: {"team": "a"} for name in ("Anna", "Boris", "Clara", "Dora")}
    rule = {"count": 2, "calls": 2, "times_others": 2.0, "shorter_than": "20s"}
    policies: dict[str, Any] = {"agents": agents, "discipline": {"agent_hangup": rule}}
    beat = f"{DAY} 12:00:00 beat"
    north = talks(DAY, "Anna", [30, 30, 5, 5], 9) + talks(DAY, "Boris", [5, 5], 9) + beat
    south = talks(DAY, "Clara", [30, 30, 5, 5], 9) + talks(DAY, "Dora", [30, 30], 9) + beat

    kept(store, values(north), f"{TENANT}/north", **policies)
    kept(store, values(south), f"{TENANT}/south", **policies)
    found = tried(store, "agent_hangup", whole_day(), **policies)

    assert [each.agent_id for each in found] == ["Clara"]
    assert shown(found) == in_history(store, "agent_hangup", whole_day())


# --- the command ----------------------------------------------------------------------------


def day_of(history: History) -> str:
    query = "SELECT min(toDate(occurred_at, 'UTC')) FROM events"
    return good("sql", query, "--format", "TSV", "--data", history.data).strip()


def test_the_rule_in_force_gives_what_the_history_says(queue_log_history: History) -> None:
    day, data = day_of(queue_log_history), ("--data", queue_log_history.data)
    for rule in ("rona", "late_return", "toggle", "relog"):
        query = (
            f"SELECT count(), severity FROM violations WHERE code = '{rule}' "
            "AND fired_at IS NOT NULL GROUP BY severity ORDER BY severity"
        )
        stored = [
            row.split() for row in good("sql", query, "--format", "TSV", *data).splitlines()
        ]
        count = sum(int(number) for number, _ in stored)

        told = good("backtest", rule, "--from", day, "--to", day, *data).splitlines()

        noun = "episode" if count == 1 else "episodes"
        assert told[1].startswith(f"in force: {count} {noun} "), rule
        assert ", ".join(" ".join(each) for each in stored) in told[1]


def test_with_nothing_to_try_the_rule_in_force_is_told_alone(
    queue_log_history: History,
) -> None:
    day = day_of(queue_log_history)

    told = good(
        "backtest", "rona", "--from", day, "--to", day, "--data", queue_log_history.data
    )

    assert [line for line in told.splitlines() if line[0] != " "][1:] == [told.splitlines()[1]]


def test_stricter_thresholds_find_more(queue_log_history: History) -> None:
    """Breaks of the first minutes last longer than a second, all of them."""
    day, data = day_of(queue_log_history), ("--data", queue_log_history.data)
    longer = (
        "SELECT count() FROM breaks WHERE duration_ms > 1000 OR ended_at IS NULL "
        "AND started_at < (SELECT max(occurred_at) FROM events) - INTERVAL 1 SECOND"
    )
    breaks = int(good("sql", longer, "--format", "TSV", *data))

    told = good(
        "backtest", "late_return", "--set", "allowance.default=0s", "--set", "grace=1s",
        "--from", day, "--to", day, *data,
    )  # fmt: skip

    found = next(line for line in told.splitlines() if line.startswith("tried: "))
    assert int(found.split()[1]) == breaks > 0
    # As critical as late: with no allowance, all of them are; six an hour page.
    (pages,) = [line.split() for line in told.splitlines()[-3:] if "pages:" in line]
    assert int(pages[1].rstrip(",")) + int(pages[5]) == breaks
    assert int(pages[1].rstrip(",")) <= 6


@pytest.mark.parametrize(
    ("options", "code", "why"),
    [
        (("--set", "grase=1s"), 2, "late_return.grase is unknown, did you mean grace?"),
        (("--set", "grace=-5s"), 2, "is no duration"),
        (("--set", "grace"), 2, "is no NAME=VALUE"),
        (("--set", "allowance=45m"), 2, "late_return.allowance: must be a table"),
        (("--set", "grace=1s", "--set", "grace.x=1s"), 2, "grace is set twice"),
        (("--to", "1999-01-01"), 2, "is before"),
        (("--from", "1999-01-01", "--to", "1999-01-02"), 1, "no event of these days"),
        (("--tenant", "nobody"), 1, "no event of these days"),
    ],
)
def test_a_test_that_makes_no_sense_is_one_line(
    options: tuple[str, ...], code: int, why: str, queue_log_history: History
) -> None:
    day = day_of(queue_log_history)

    done = once(
        "backtest", "late_return", "--from", day, "--to", day, *options,
        "--data", queue_log_history.data,
    )  # fmt: skip

    assert done.code == code
    assert why in done.complaint


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("late_retrun", "there is no rule 'late_retrun', did you mean late_return?"),
        ("dead_call", "dead_call is not judged: it needs"),
        ("ghost_busy", "ghost_busy cannot be tried: it needs"),
        ("budget", "there is no rule 'budget'"),
    ],
)
def test_a_rule_that_is_not_judged_says_why(rule: str, why: str) -> None:
    done = once("backtest", rule, "--from", DAY, "--to", DAY)

    assert done.code == 2
    assert why in done.complaint


def test_of_a_rule_about_calls_the_queues_are_told_and_no_agent(
    queue_log_history: History,
) -> None:
    day, data = day_of(queue_log_history), ("--data", queue_log_history.data)
    longer = (
        "SELECT count() FROM legs WHERE queue_id != '' AND (wait_ms > 20000 OR outcome = "
        "'waiting' AND entered_at < (SELECT max(occurred_at) FROM events) - INTERVAL 20 SECOND)"
    )
    waits = int(good("sql", longer, "--format", "TSV", *data))

    told = good("backtest", "hanging", "--set", "times=1", "--from", day, "--to", day, *data)

    head, queues, teams, pages = told.splitlines()[-4:]
    assert head.startswith("tried: ")
    assert int(head.split()[1]) == waits > 0
    assert queues.startswith("  queues ")
    assert teams.startswith("  teams 1; most: (none), ")
    assert pages.startswith("  pages: 0, ")


def test_a_list_of_reasons_can_be_tried(queue_log_history: History) -> None:
    day, data = day_of(queue_log_history), ("--data", queue_log_history.data)
    longer = (
        "SELECT count() FROM breaks WHERE reason IN ('Lunch', 'Aux') AND duration_ms > 2000"
    )
    breaks = int(good("sql", longer, "--format", "TSV", *data))

    told = good(
        "backtest", "idle_not_ready", "--set", "reasons=Lunch,Aux", "--set", "limit=1s",
        "--set", "grace=1s", "--from", day, "--to", day, *data,
    )  # fmt: skip

    found = next(line for line in told.splitlines() if line.startswith("tried: "))
    assert int(found.split()[1]) >= breaks > 0


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "21.11.2026"])
def test_what_is_no_day_of_a_history_is_wrong_usage(day: str) -> None:
    done = once("backtest", "rona", "--from", day, "--to", day)

    assert done.code == 2
    assert "day" in done.complaint
