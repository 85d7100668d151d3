"""Too many at once at one source, over several teams or in a small one; counted by hand.

Lunch is 30 minutes with 60 s of grace: who pauses at 10:00:07 is late at 10:31:07.
"""

import random
from typing import Any

import pytest

from schemas.facts import Fact
from stream_processors.core.pipeline import freeze, thaw
from stream_processors.core.state import Terms
from tests.core.judged import evidence, shown, under
from tests.plans import plan
from tests.readings import violations
from tests.timetable import moment, run, values

LUNCH: dict[str, dict[str, Any]] = {
    "late_return": {"allowance": {"lunch": "30m"}, "grace": "60s", "critical_after": 99.0},
    "break_budget": {"enabled": False},
}
FROZEN = "\n10:30:00 beat\n10:32:30 beat"


def centre(*sizes: int) -> Terms:
    """Teams of these sizes; Agent00 and those after him are dealt out to them in turn."""
    teams: list[str] = []
    left = dict(enumerate(sizes))
    while any(left.values()):
        for team in left:
            if left[team]:
                left[team] -= 1
                teams.append(f"team{team}" if team else "")
    agents = {f"Agent{n:02}": {"team": team} for n, team in enumerate(teams) if team}
    return under(LUNCH, agents=agents)


def at_lunch(logged_in: range, late: range) -> str:
    """Pauses one second after the other; Agent07 at 10:00:07."""
    return "\n".join(
        [f"09:00:00 login Agent{n:02} sales" for n in logged_in]
        + [f"10:00:{n:02} pause Agent{n:02} sales lunch" for n in late]
    )


def beats(first: int, last: int) -> str:
    """A heartbeat every half minute, in these minutes since nine."""
    minutes = (f"{9 + n // 60:02}:{n % 60:02}" for n in range(first, last))
    return "\n".join(f"{each}:00 beat\n{each}:30 beat" for each in minutes)


def fold(log: list[bytes], terms: Terms, size: int = 1) -> list[Fact]:
    return run(log, terms, size=size)[1]


def states(facts: list[Fact]) -> list[str]:
    return [state for _, state, _, _ in shown(facts, "late_return")]


def test_a_frozen_source_of_three_small_teams_is_one_suspect() -> None:
    log = values(at_lunch(range(36), range(36)) + FROZEN)
    facts = fold(log, centre(12, 12, 12))

    assert states(facts) == ["excused"] * 36
    # The eleventh is the first to make it more than 30 % of 36 (10.8).
    assert shown(facts, "system_suspect") == [("critical", "firing", moment("10:31:10"), None)]
    (suspect,) = violations(facts, "system_suspect")
    assert (suspect.agent_id, suspect.team) == ("", "")
    assert evidence(suspect)["source"] == "pbx1"
    assert evidence(suspect)["logged_in"] == 36
    assert len(evidence(suspect)["agents"]) == 36


def test_large_teams_of_a_frozen_source_are_not_suspected_each_by_itself() -> None:
    # 7 of a team of 22 are more than 30 % of it, too; 14 of 44 are more than 30 % of all.
    log = values(at_lunch(range(44), range(44)) + FROZEN)
    facts = fold(log, centre(22, 22))

    assert shown(facts, "system_suspect") == [("critical", "firing", moment("10:31:13"), None)]
    assert states(facts) == ["excused"] * 44


def test_thirty_percent_of_a_source_are_not_too_many() -> None:
    log = values(at_lunch(range(40), range(12)) + FROZEN)
    facts = fold(log, centre(14, 13, 13))

    assert states(facts) == ["firing"] * 12
    assert violations(facts, "system_suspect") == []


def test_what_is_too_many_of_one_team_alone_is_said_of_the_team() -> None:
    # All 24 of the one team, who are all of the source.
    terms = under(LUNCH, agents={f"Agent{n:02}": {"team": "front"} for n in range(24)})
    facts = fold(values(at_lunch(range(24), range(24)) + FROZEN), terms)

    (suspect,) = violations(facts, "system_suspect")
    # The eighth is the first to make it more than 30 % of 24 (7.2).
    assert (suspect.team, suspect.fired_at) == ("front", moment("10:31:07"))
    assert "source" not in evidence(suspect)


def test_most_of_one_small_team_are_no_suspect() -> None:
    # Nine of 12, who are more than 30 % of the 25 at the source: they may have had a meeting.
    terms = under(LUNCH, agents={f"Agent{n:02}": {"team": "front"} for n in range(12)})
    facts = fold(values(at_lunch(range(25), range(9)) + FROZEN), terms)

    assert states(facts) == ["firing"] * 9
    assert violations(facts, "system_suspect") == []


@pytest.mark.parametrize(
    ("logged_in", "late", "fired"),
    [(10, 10, "10:31:09"), (12, 12, "10:31:11"), (12, 11, None), (9, 9, None)],
)
def test_all_of_a_small_source_are_too_many_from_ten_on(
    logged_in: int, late: int, fired: str | None
) -> None:
    log = values(at_lunch(range(logged_in), range(late)) + FROZEN)
    facts = fold(log, centre(logged_in))

    expected = [("critical", "firing", moment(fired), None)] if fired else []
    assert shown(facts, "system_suspect") == expected
    assert states(facts) == ["excused" if fired else "firing"] * late


def test_the_agents_of_another_source_are_counted_by_themselves() -> None:
    # Of 12 at the first source all are late, of 30 at the other nine: 30 % and no more.
    one = values(at_lunch(range(12), range(12)) + FROZEN)
    other = values(at_lunch(range(12, 42), range(12, 21)) + FROZEN, "pbx2")
    terms = under(LUNCH, agents={f"Agent{n:02}": {"team": f"team{n % 2}"} for n in range(42)})
    facts = fold(one + other, terms)

    (suspect,) = violations(facts, "system_suspect")
    assert evidence(suspect)["source"] == "pbx1"
    assert sorted(states(facts)) == ["excused"] * 12 + ["firing"] * 9


def test_who_left_early_was_of_the_source_too() -> None:
    # Ten of twelve leave: not all, though they are five times as many as those who are left.
    people = [f"Agent{n:02}" for n in range(12)]
    log = [plan(name, "09:00 work 18:00") for name in people]
    log += values(at_lunch(range(12), range(0)))
    log += values(
        "\n".join(f"10:00:00 logout {name} sales" for name in people[:10]) + "\n10:05:00 beat"
    )
    facts = fold(log, under({}))

    assert [each[1] for each in shown(facts, "early_logout")] == ["firing"] * 10
    assert violations(facts, "system_suspect") == []


def test_one_who_was_back_in_time_after_all_takes_the_suspicion_back() -> None:
    log = values(at_lunch(range(36), range(11)) + FROZEN)
    late = values("10:24:00 unpause Agent05 sales")
    terms = centre(12, 12, 12)

    assert states(fold(log, terms)) == ["excused"] * 11
    facts = fold([*log, *late], terms)

    # Ten of 36 are not more than 30 %.
    assert violations(facts, "system_suspect") == []
    assert states(facts) == ["firing"] * 10


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_in_any_order_and_told_twice_it_is_the_same(size: int) -> None:
    back = "\n".join(f"10:40:{n:02} unpause Agent{n:02} sales" for n in range(30))
    log = values(at_lunch(range(36), range(30)) + FROZEN + "\n" + back + "\n10:42:00 beat")
    terms = centre(12, 24)
    expected = {each.episode_id: said(each) for each in violations(fold(log, terms))}
    mixed = [*log[:66], *log[66:], *log[66:96]]
    part = mixed[36:66]
    random.Random(7).shuffle(part)
    mixed[36:66] = part

    assert [each[6] for each in expected.values() if each[0] == "system_suspect"] == [
        moment("10:40:29")
    ]
    state, facts = run(mixed[:70], terms, size=size)
    facts += run(mixed[70:], terms, thaw(freeze(state)), size=size)[1]
    assert {each.episode_id: said(each) for each in violations(facts)} == expected


def said(each: Any) -> tuple[Any, ...]:
    return (
        each.code, each.agent_id, each.severity, each.state, each.pending_at, each.fired_at,
        each.cleared_at, each.evidence,
    )  # fmt: skip


def test_a_source_that_is_frozen_for_hours_blames_nobody_and_is_forgotten_in_the_end() -> None:
    terms = centre(12, 12, 12)
    log = values(at_lunch(range(36), range(36)) + "\n" + beats(61, 300))
    state, facts = run(log, terms, size=100)

    assert states(facts) == ["excused"] * 36
    assert [each.code for each in state.docket.open_episodes()] == ["system_suspect"]

    back = "\n".join(f"14:00:{n:02} unpause Agent{n:02} sales" for n in range(36))
    state, more = run(values(back + "\n14:00:59 beat"), terms, state)
    facts += more

    assert states(facts) == ["excused"] * 36
    assert shown(facts, "system_suspect") == [
        ("critical", "resolved", moment("10:31:10"), moment("14:00:35"))
    ]

    state, more = run(values(beats(301, 600)), terms, state, size=100)

    assert violations(more) == []
    assert state.docket.source_suspects == {}
    assert state.docket.fired["|late_return"] == {}
