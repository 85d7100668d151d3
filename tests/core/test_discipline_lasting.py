"""Episodes that outlast what is remembered, and facts that are told otherwise afterwards."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

import schemas.events as e
from schemas.discipline import Discipline
from schemas.facts import Fact, Violation
from schemas.policies import Policies, PolicyHistory
from stream_processors.core.change import Change
from stream_processors.core.discipline.crew import Crew
from stream_processors.core.judging import Court
from stream_processors.core.state import Terms
from tests.readings import rejected, violations
from tests.timetable import moment, run, terms, values

LUNCH: dict[str, dict[str, Any]] = {
    "late_return": {"allowance": {"lunch": "30m"}, "grace": "60s", "critical_after": 99.0},
    "break_budget": {"enabled": False},
}
TEAM = [f"Agent{n:02}" for n in range(50)]
ALL_AT_LUNCH = "\n".join(
    [f"09:00:00 login {name} sales" for name in TEAM]
    + [f"10:00:{n:02} pause {name} sales lunch" for n, name in enumerate(TEAM)]
)


def lunch() -> Terms:
    return terms(discipline=Discipline().changed([LUNCH]))


def beats(first: str, last: str) -> str:
    """A heartbeat every half minute, so that the source is never silent."""
    times = range(moment(first) // 1000, moment(last) // 1000 + 1, 30)
    midnight = moment("00:00:00") // 1000
    return "\n".join(f"{timedelta(seconds=at - midnight)!s:0>8} beat" for at in times)


def suspects(facts: list[Fact]) -> list[tuple[str, int | None]]:
    return [(each.state, each.cleared_at) for each in violations(facts, "system_suspect")]


# --- a suspect ----------------------------------------------------------------------------


def test_a_suspect_is_over_when_the_last_of_its_episodes_is() -> None:
    back = "\n".join(f"10:40:{n:02} unpause {name} sales" for n, name in enumerate(TEAM))
    some = back.splitlines()[:49]
    log = ALL_AT_LUNCH + "\n10:33:00 beat\n"

    assert suspects(run(values(log + "\n".join(some)), lunch())[1]) == [("firing", None)]
    assert suspects(run(values(log + back), lunch())[1]) == [("resolved", moment("10:40:49"))]


def test_a_feed_that_is_frozen_for_hours_blames_nobody_in_the_end() -> None:
    log = values(ALL_AT_LUNCH + "\n" + beats("10:01:00", "15:00:00"))
    state, facts = run(log, lunch(), size=100)

    assert {each.state for each in violations(facts, "late_return")} == {"excused"}
    assert suspects(facts) == [("firing", None)]
    assert [each.code for each in state.docket.open_episodes()] == ["system_suspect"]

    back = "\n".join(f"15:00:{n:02} unpause {name} sales" for n, name in enumerate(TEAM))
    _, more = run(values(back), lunch(), state)

    assert {each.state for each in violations([*facts, *more], "late_return")} == {"excused"}
    assert suspects([*facts, *more]) == [("resolved", moment("15:00:49"))]


# --- what is remembered -------------------------------------------------------------------


def test_a_source_whose_clock_is_ahead_makes_nobody_elses_past_final() -> None:
    mine = values("""
        09:00:00 login   Anna sales
        10:00:00 pause   Anna sales lunch
        10:40:00 unpause Anna sales
    """)
    other = values("09:00:00 login Olga vip\n" + beats("10:00:00", "16:00:00"), "pbx2")
    late = values("10:35:00 unpause Anna sales")

    _, facts = run([*mine, *other, *late], lunch(), size=50)

    (episode,) = violations(facts, "late_return")
    assert (episode.state, episode.cleared_at) == ("resolved", moment("10:35:00"))


def slow_until(last: str) -> Violation:
    """Return the spell of Anna, whose two calls lie 3.5 hours apart, Boris's between them."""
    calls = [
        ("09:00:00", "Anna", 100), ("09:10:00", "Boris", 10), ("10:00:00", "Boris", 10),
        ("12:30:00", "Anna", 100),
    ]  # fmt: skip
    lines = ["08:59:00 login Anna sales", "08:59:00 login Boris sales"]
    for n, (at, agent, seconds) in enumerate(calls):
        lines += [f"{at} enter c{n} sales", f"{at} answer c{n} sales {agent}"]
        end = f"{timedelta(milliseconds=moment(at) - moment('00:00:00'), seconds=seconds)}"
        lines.append(f"{end:0>8} end c{n} sales {agent} caller")
    lines += beats("09:00:15", last).splitlines()
    rules = {"slow_handling": {"contacts": 2, "ratio": 2.0, "clear": 1.5}}

    _, facts = run(
        values("\n".join(sorted(lines))),
        terms(discipline=Discipline().changed([rules])),
        size=50,
    )

    (episode,) = violations(facts, "slow_handling")
    return episode


@pytest.mark.parametrize("last", ["12:59:45", "22:00:15"])
def test_calls_within_the_time_a_rule_looks_back_are_remembered_as_long(last: str) -> None:
    """While it lasts, also of a spell of many hours, it is known of which calls it is."""
    episode = slow_until(last)

    assert (episode.agent_id, episode.fired_at) == ("Anna", moment("12:31:40"))
    assert len(msgspec.json.decode(episode.evidence)["legs"]) == 2


def test_no_window_is_longer_than_what_is_remembered() -> None:
    with pytest.raises(ValueError, match="less than or equal to"):
        Discipline().changed([{"rona": {"within": "61m"}}])


# --- told otherwise -----------------------------------------------------------------------


def test_a_stricter_rule_of_today_rewrites_nothing_of_yesterday() -> None:
    flips = "09:00:00 login Anna sales\n" + "\n".join(
        f"09:{minute:02}:00 {'pause' if minute % 2 else 'unpause'} Anna sales"
        for minute in range(1, 5)
    )
    mild = Discipline().changed([{"idle_not_ready": {"enabled": False}}])
    strict = mild.changed([{"toggle": {"count": 2}}])
    history = PolicyHistory(
        [
            (0, Policies(discipline=mild)),
            (moment("09:30:00"), Policies(discipline=strict)),
        ]
    )
    later = "\n09:40:00 pause Anna sales\n09:41:00 unpause Anna sales"

    _, facts = run(values(flips + later), Terms(history))

    first, second = violations(facts, "toggle")
    assert (first.fired_at, second.fired_at) == (moment("09:04:00"), moment("09:41:00"))
    assert (first.rule_version, second.rule_version) == (
        mild.toggle.version,
        strict.toggle.version,
    )


def test_a_call_that_turns_out_to_be_anothers_counts_for_him_alone() -> None:
    state, _ = run(values("""
        09:00:00      login  Anna sales
        09:00:00      login  Boris sales
        09:01:00      enter  a sales
        09:01:05      answer a sales Anna
        09:02:00      end    a sales Anna caller
    """))  # fmt: skip
    (leg,) = [each for line in state.lines.values() for each in line.said_legs.values()]
    corrected = msgspec.structs.replace(leg, agent_id="Boris")
    court = Court(Change(state, terms()))

    court.write_line(next(iter(state.lines.values())), [corrected])

    assert state.docket.diaries["Anna"].contacts == []
    assert [each.leg_id for each in state.docket.diaries["Boris"].contacts] == [leg.leg_id]
    crew: Crew = state.docket.crews[""]
    assert [agent for _, agent in crew.calls] == ["Boris"]


def test_a_second_gap_does_not_judge_what_ended_unseen_in_the_first() -> None:
    log = """
        09:00:00  login    Anna sales
        10:00:00  pause    Anna sales lunch
        10:20:00  lost
        10:50:00  beat
        10:50:01  member   s Anna sales
        10:50:01  queue    s sales 0
        10:50:02  complete s
        10:55:00  lost
        10:56:00  member   t Anna sales
        10:56:00  queue    t sales 0
        10:56:01  complete t
        10:57:00  beat
    """
    # The rest of the team makes each of them be looked at once more.
    log = "\n".join(f"09:00:00 login {name} sales" for name in TEAM[:20]) + log

    _, facts = run(values(log), lunch())

    assert violations(facts, "late_return") == []


def test_what_the_desk_cannot_mean_is_rejected() -> None:
    beat = e.decode(values("09:00:00 beat")[0])
    told = e.encode(msgspec.structs.replace(beat, source=e.DESK))

    _, facts = run([told])

    (refused,) = rejected(facts)
    assert (refused.reason, refused.source) == ("malformed", "desk")
