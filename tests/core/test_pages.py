"""The budget of pages on timetables; an episode becomes critical at two allowances and grace.

The allowance of lunch is a minute and there is no grace: a break is a page after two minutes.
"""

import json
import random
from typing import Any

import msgspec
import pytest

from schemas.discipline import Discipline
from schemas.facts import Fact, Violation
from stream_processors.core.pipeline import freeze, thaw
from stream_processors.core.state import Terms
from tests.oracles import pages as oracle
from tests.plans import plan
from tests.readings import violations
from tests.timetable import moment, run, terms, values

LUNCH = {"late_return": {"allowance": {"lunch": "1m"}, "grace": "0s"}}
ALWAYS = {"toggle": {"enabled": False}, "break_budget": {"enabled": False},
          "relog": {"enabled": False}}  # fmt: skip


def under(per_shift: int = 2, per_hour: int = 6, **rules: Any) -> Terms:
    budget = {"budget": {"per_agent_shift": per_shift, "per_hour": per_hour}}
    return terms(discipline=Discipline().changed([ALWAYS, LUNCH, rules, budget]))


def lunches(agent: str, *times: str, minutes: int = 3) -> str:
    """Return breaks of three minutes, each a page two minutes after it began."""
    lines = []
    for time in times:
        hour, minute = map(int, time.split(":"))
        back = f"{hour + (minute + minutes) // 60:02}:{(minute + minutes) % 60:02}"
        lines += [f"{time}:00 pause {agent} sales lunch", f"{back}:00 unpause {agent} sales"]
    return "\n".join(lines)


def told(text: str, how: Terms, size: int = 1) -> list[Fact]:
    lines = [line.strip() for line in text.strip().splitlines()]
    return run(values("\n".join(sorted(lines))), how, size=size)[1]


def beyond(facts: list[Fact]) -> list[tuple[str, str, str]]:
    """Return agent, beginning of the break and the limit, of those that page nobody."""
    found = []
    for each in violations(facts, "late_return"):
        evidence = json.loads(each.evidence)
        assert evidence.get("paged", True) is ("beyond" not in evidence)
        if "beyond" in evidence:
            began = (each.pending_at - moment("00:00:00")) // 60_000 - 1
            found.append(
                (each.agent_id, f"{began // 60:02}:{began % 60:02}", evidence["beyond"])
            )
    return sorted(found, key=lambda each: (each[1], each[0]))


def test_the_third_page_of_a_log_in_goes_into_the_digest_and_a_new_log_in_begins_anew() -> None:
    log = "09:00:00 login Anna sales\n" + lunches("Anna", "09:10", "10:30", "11:50", "13:10")
    log += "\n14:00:00 logout Anna sales\n15:00:00 login Anna sales\n"
    log += lunches("Anna", "15:10") + "\n16:00:00 beat"

    assert beyond(told(log, under())) == [
        ("Anna", "11:50", "per_agent_shift"),
        ("Anna", "13:10", "per_agent_shift"),
    ]


def test_a_planned_shift_is_one_however_often_somebody_logs_in() -> None:
    log = "\n".join(
        f"{begin} login Anna sales\n{lunches('Anna', lunch)}\n{end} logout Anna sales"
        for begin, lunch, end in (
            ("09:00:00", "09:10", "09:30:00"),
            ("09:40:00", "09:50", "10:10:00"),
            ("10:40:00", "10:50", "11:10:00"),
        )
    )
    lines = values("\n".join([*log.splitlines(), "12:00:00 beat"]))

    _, free = run(lines, under(early_logout={"enabled": False}))
    _, bound = run([plan("Anna", "09:00 work 18:00"), *lines], under())

    assert beyond(free) == []
    assert beyond(bound) == [("Anna", "10:50", "per_agent_shift")]


def test_a_log_out_told_late_makes_two_shifts_of_one() -> None:
    log = "09:00:00 login Anna sales\n" + lunches("Anna", "09:05", "09:10", "09:14")
    state, facts = run(values(log + "\n09:18:00 beat"), under())

    _, late = run(values("09:13:10 logout Anna sales\n09:13:20 login Anna sales\n"
                         "09:19:00 beat"), under(), state)  # fmt: skip

    assert beyond(facts) == [("Anna", "09:14", "per_agent_shift")]
    assert beyond(facts + late) == []


def test_a_source_that_lags_behind_takes_its_own_place() -> None:
    ahead = values("09:00:00 login Anna sales\n" + lunches("Anna", "09:10") + "\n09:30:00 beat")
    behind = "09:00:00 login Boris sales\n" + lunches("Boris", "09:05") + "\n09:31:00 beat"
    how = under(per_hour=1)

    state, facts = run(ahead, how)
    _, late = run(values(behind, source="pbx2"), how, state)

    assert beyond(facts) == []
    assert beyond(facts + late) == [("Anna", "09:10", "per_hour")]


def test_it_fires_all_the_same_and_as_severely() -> None:
    log = "09:00:00 login Anna sales\n" + lunches("Anna", "09:10", "09:20") + "\n10:00:00 beat"
    facts = told(log, under(per_shift=1))

    shown = [(each.severity, each.state, each.fired_at) for each in violations(facts)]
    assert shown == [
        ("critical", "resolved", moment("09:11:00")),
        ("critical", "resolved", moment("09:21:00")),
    ]


def test_of_all_agents_there_are_so_many_pages_within_any_hour() -> None:
    people = [f"Agent{n}" for n in range(5)]
    log = "\n".join(f"09:00:00 login {name} sales" for name in people)
    for name, time in zip(people, ["10:00", "10:10", "10:20", "11:00", "11:09"], strict=True):
        log += "\n" + lunches(name, time)

    # At 11:02 the page of 10:02 is just an hour old and counts no more; at 11:11 that of 10:12
    # is not quite: three are left, of 10:12, 10:22 and 11:02.
    assert beyond(told(log + "\n12:00:00 beat", under(per_hour=3))) == [
        ("Agent4", "11:09", "per_hour")
    ]


def test_what_pages_nobody_takes_nothing_from_the_budget() -> None:
    log = "09:00:00 login Anna sales\n09:00:00 login Boris sales\n"
    # A warning only, and what is beyond Anna's own limit.
    log += lunches("Anna", "09:10", "09:50") + "\n" + lunches("Boris", "09:20", minutes=1)
    log += "\n" + lunches("Boris", "10:00") + "\n11:00:00 beat"

    assert beyond(told(log, under(per_shift=1, per_hour=2))) == [
        ("Anna", "09:50", "per_agent_shift")
    ]


def test_people_who_are_not_to_blame_take_nothing_from_the_budget() -> None:
    people = [f"Agent{n:02}" for n in range(20)]
    log = "\n".join(f"09:00:00 login {name} sales" for name in people)
    log += "\n" + "\n".join(lunches(name, "09:10") for name in people[:8])
    log += "\n" + lunches(people[19], "09:40") + "\n10:00:00 beat"
    facts = told(log, under(per_hour=1))

    assert len(violations(facts, "system_suspect")) == 1
    assert beyond(facts) == []


def test_nobody_is_paged_where_the_budget_is_nothing() -> None:
    log = "09:00:00 login Anna sales\n" + lunches("Anna", "09:10") + "\n10:00:00 beat"

    assert beyond(told(log, under(per_hour=0))) == [("Anna", "09:10", "per_hour")]


def test_a_late_event_gives_a_page_back_to_the_next_and_both_are_kept() -> None:
    log = values("09:00:00 login Anna sales\n09:00:00 login Boris sales\n"
                 "09:10:00 pause Anna sales lunch\n09:10:30 pause Boris sales lunch\n"
                 "09:13:00 beat")  # fmt: skip
    state, facts = run(log, under(per_hour=1))
    assert beyond(facts) == [("Boris", "09:10", "per_hour")]

    # She was back after half a minute, as the other feed tells later.
    _, late = run(values("09:10:30 unpause Anna sales"), under(per_hour=1), state)

    assert [(each.agent_id, each.voided) for each in late if isinstance(each, Violation)] == [
        ("Anna", True), ("Boris", False),
    ]  # fmt: skip
    assert beyond(facts + late) == []


def test_open_episodes_say_which_of_them_page() -> None:
    log = "09:00:00 login Anna sales\n09:00:00 login Boris sales\n"
    log += "09:10:00 pause Anna sales lunch\n09:11:00 pause Boris sales lunch\n09:15:00 beat"
    state, _ = run(values(log), under(per_hour=1))

    (anna, boris) = sorted(state.docket.open_episodes(), key=lambda each: each.agent_id)
    assert state.docket.beyond == {boris.episode_id: "per_hour"}
    assert anna.episode_id in state.docket.pages["Anna"]


def test_a_changed_budget_leaves_what_is_long_over_alone() -> None:
    log = "09:00:00 login Anna sales\n" + lunches("Anna", "09:10", "09:20", "09:30")
    state, facts = run(values(log + "\n12:00:00 beat\n16:00:00 beat"), under(per_shift=1))

    more = lunches("Anna", "16:10", "16:20", "16:30") + "\n16:50:00 beat"
    _, after = run(values(more), under(per_shift=3), state)

    # Of the morning one has paged, whatever three would have meant then.
    assert [each[:2] for each in beyond(facts)] == [("Anna", "09:20"), ("Anna", "09:30")]
    assert beyond(after) == [("Anna", "16:30", "per_agent_shift")]


@pytest.mark.parametrize("seed", range(4))
def test_a_day_of_breaks_is_paged_as_counted_from_scratch(seed: int) -> None:
    """Six agents, two log-ins each; however cut, and over a crash in the middle."""
    chance = random.Random(seed)
    log, expected = [], []
    for agent in (f"Agent{n}" for n in range(6)):
        for shift, (first, last) in enumerate([(8 * 60, 12 * 60), (13 * 60, 17 * 60)]):
            log.append(f"{first // 60:02}:00:00 login {agent} sales")
            at = first + chance.randrange(1, 30)
            while at + 5 < last:
                stays = chance.choice([1, 3, 4])
                log.append(lunches(agent, f"{at // 60:02}:{at % 60:02}", minutes=stays))
                if stays > 2:
                    page = moment(f"{at // 60:02}:{at % 60:02}:00") + 120_000
                    expected.append((page, agent, shift))
                at += stays + chance.randrange(1, 50)
            log.append(f"{last // 60:02}:00:00 logout {agent} sales")
    text = "\n".join(log) + "\n18:00:00 beat\n22:00:00 beat"
    lines = sorted(line.strip() for line in text.splitlines())
    whole, how = values("\n".join(lines)), under(per_shift=2, per_hour=3)

    at_once, facts = run(whole, how, size=1000)
    half = len(whole) // 2
    earlier, before = run(whole[:half], how, size=3)
    in_pieces, rest = run(whole[half:], how, thaw(freeze(earlier)), size=7)

    by_key = {
        (each.agent_id, each.pending_at + 60_000): each
        for each in violations(facts)
        if each.severity == "critical"
    }
    assert by_key.keys() == {(agent, at) for at, agent, _ in expected}
    pages = [(at, by_key[agent, at].episode_id, agent, shift) for at, agent, shift in expected]
    told_as = {
        each.episode_id for each in by_key.values() if "beyond" not in json.loads(each.evidence)
    }
    assert told_as == oracle.paged(pages, 2, 3)
    assert 0 < len(told_as) < len(pages)
    assert beyond(before + rest) == beyond(facts)
    kept = [
        json.dumps([msgspec.to_builtins(state.docket.pages), state.docket.beyond])
        for state in (at_once, in_pieces)
    ]
    assert kept[0] == kept[1]
