"""Rules of discipline, each on a timetable of a few lines; instants are worked out by hand."""

from typing import Any

import pytest

import schemas.events as e
from schemas.facts import Violation
from stream_processors.core.pipeline import freeze, thaw
from tests.core.judged import evidence, shown, told, under
from tests.readings import reviews, violations
from tests.timetable import moment, run, values

LUNCH = {"late_return": {"allowance": {"lunch": "30m"}, "grace": "60s"}}
LATE = """
    09:00:00  login   Anna sales
    10:00:00  pause   Anna sales lunch
"""


# --- late return --------------------------------------------------------------------------


def test_a_break_fires_when_allowance_and_grace_have_passed_and_nothing_else_happens() -> None:
    beats = "\n".join(f"10:{minute:02}:{second:02} beat" for minute in (30, 31, 32)
                      for second in range(60))  # fmt: skip
    log = values(LATE + beats)
    state, facts = run(log[:2], under(LUNCH))
    seen: list[tuple[int, str]] = []
    for value in log[2:]:
        state, more = run([value], under(LUNCH), state)
        at = max(source.clock for source in state.sources.values())
        seen += [(at, each.state) for each in violations(more)]
        facts += more

    # The clock has passed an instant when it shows a later one.
    assert seen == [
        (moment("10:30:01"), "pending"),
        (moment("10:31:01"), "firing"),
    ]
    assert shown(facts, "late_return") == [("warning", "firing", moment("10:31:00"), None)]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_it_is_the_same_episode_however_the_log_is_cut(size: int) -> None:
    facts = told(
        LATE + "10:20:00 beat\n10:40:00 beat\n10:45:00 unpause Anna sales", LUNCH, size
    )

    assert shown(facts, "late_return") == [
        ("warning", "resolved", moment("10:31:00"), moment("10:45:00"))
    ]


def test_it_fires_at_the_same_instant_after_a_crash_in_the_meantime() -> None:
    log = values(LATE + "10:20:00 beat\n10:40:00 beat")
    state, _ = run(log[:3], under(LUNCH))

    _, facts = run(log[3:], under(LUNCH), thaw(freeze(state)))

    assert shown(facts, "late_return") == [("warning", "firing", moment("10:31:00"), None)]


def test_who_is_back_within_the_grace_is_not_late() -> None:
    facts = told(LATE + "10:30:30 beat\n10:31:00 unpause Anna sales\n10:50:00 beat", LUNCH)

    assert shown(facts, "late_return") == []


def test_a_break_twice_as_long_as_allowed_is_critical() -> None:
    facts = told(LATE + "11:01:01 beat", LUNCH)

    assert shown(facts, "late_return") == [("critical", "firing", moment("10:31:00"), None)]
    (episode,) = violations(facts, "late_return")
    assert evidence(episode)["critical_at"] == moment("11:01:00")


def test_a_break_that_begins_in_a_talk_counts_from_its_pause() -> None:
    facts = told(
        """
        09:00:00  login   Anna sales
        09:59:00  enter   a sales
        09:59:10  answer  a sales Anna
        10:00:00  pause   Anna sales lunch
        10:20:00  end     a sales Anna caller
        10:35:00  unpause Anna sales
        """,
        LUNCH,
    )

    assert shown(facts, "late_return") == [
        ("warning", "resolved", moment("10:31:00"), moment("10:35:00"))
    ]


def test_an_unpause_that_comes_late_shortens_the_episode_or_takes_it_back() -> None:
    late = [*values(LATE + "10:32:00 beat"), *values("10:31:30 unpause Anna sales")]
    in_time = [*values(LATE + "10:32:00 beat"), *values("10:29:00 unpause Anna sales")]

    shortened, taken_back = run(late, under(LUNCH))[1], run(in_time, under(LUNCH))[1]

    assert shown(shortened, "late_return") == [
        ("warning", "resolved", moment("10:31:00"), moment("10:31:30"))
    ]
    assert shown(taken_back, "late_return") == []
    (voided,) = [each for each in taken_back if isinstance(each, Violation) and each.voided]
    assert voided.revision > min(
        each.revision for each in taken_back if isinstance(each, Violation)
    )


def test_nobody_is_judged_while_the_source_is_not_heard() -> None:
    gap = (
        LATE
        + """
        10:20:00  lost
        10:50:00  beat
        """
    )
    healed = (
        gap
        + """
        10:50:01  member   s Anna sales
        10:50:01  queue    s sales 0
        10:50:02  complete s
        10:50:05  beat
        """
    )

    assert shown(told(gap, LUNCH), "late_return") == []
    # When he came back was not seen: it may have been in time.
    assert shown(told(healed, LUNCH), "late_return") == []


def test_who_is_still_away_after_a_gap_is_late() -> None:
    facts = told(
        LATE
        + """
        10:20:00  lost
        10:50:00  beat
        10:50:01  member   s Anna sales paused lunch
        10:50:01  queue    s sales 0
        10:50:02  complete s
        10:50:05  beat
        """,
        LUNCH,
    )

    assert shown(facts, "late_return") == [("warning", "firing", moment("10:31:00"), None)]


def test_a_log_out_ends_a_break_and_its_episode() -> None:
    facts = told(LATE + "10:40:00 logout Anna sales", LUNCH)

    assert shown(facts, "late_return") == [
        ("warning", "resolved", moment("10:31:00"), moment("10:40:00"))
    ]


# --- others -------------------------------------------------------------------------------


def test_a_pause_without_a_reason_is_idle() -> None:
    facts = told(
        "09:00:00 login Anna sales\n09:10:00 pause Anna sales\n09:20:00 unpause Anna sales", {}
    )

    assert shown(facts, "idle_not_ready") == [
        ("warning", "resolved", moment("09:12:00"), moment("09:20:00"))
    ]


def test_after_work_of_which_nobody_tells_the_end_is_too_long() -> None:
    facts = told(
        """
        09:00:00  login  Anna sales 600
        09:00:50  enter  a sales
        09:01:00  answer a sales Anna
        09:02:00  end    a sales Anna caller
        09:04:00  beat
        """,
        {},
    )

    assert shown(facts, "acw_too_long") == [("warning", "firing", moment("09:03:15"), None)]


def test_four_changes_within_ten_minutes_are_toggling_until_it_is_quiet() -> None:
    flips = """
        09:00:00  login   Anna sales
        09:01:00  pause   Anna sales a
        09:02:00  unpause Anna sales
        09:03:00  pause   Anna sales b
        09:04:00  unpause Anna sales
        09:05:00  pause   Anna sales c
    """

    assert shown(told(flips + "09:20:00 beat", {}), "toggle") == [
        ("warning", "firing", moment("09:04:00"), None)
    ]
    assert shown(told(flips + "09:25:01 beat", {}), "toggle") == [
        ("warning", "resolved", moment("09:04:00"), moment("09:25:00"))
    ]


def test_who_goes_on_pausing_for_another_reason_has_not_been_ready() -> None:
    reasons = """
        09:00:00  login   Anna sales
        09:01:00  pause   Anna sales a
        09:02:00  pause   Anna sales b
        09:03:00  pause   Anna sales c
        09:04:00  unpause Anna sales
        09:05:00  beat
    """

    assert shown(told(reasons, {}), "toggle") == []
    # Two changes so far; the fourth comes when another pause ends.
    more = "09:05:00 pause Anna sales d\n09:06:00 unpause Anna sales\n09:07:00 beat"
    assert shown(told(reasons + more, {}), "toggle") == [
        ("warning", "firing", moment("09:06:00"), None)
    ]


def test_whom_a_restart_of_the_pbx_logs_out_has_not_left() -> None:
    restarts = """
        09:00:00  login   Anna sales
        09:10:00  restart
        09:10:20  login   Anna sales
        09:20:00  restart
        09:20:20  login   Anna sales
        09:25:00  beat
    """
    assert shown(told(restarts, {}), "relog") == []

    left = restarts.replace("restart", "logout Anna sales")
    assert shown(told(left, {}), "relog") == [("warning", "firing", moment("09:20:20"), None)]


def test_the_nearest_level_sets_a_threshold() -> None:
    facts = run(
        values(LATE + "10:50:00 beat"),
        under(
            LUNCH,
            agents={"Anna": {"team": "front", "discipline": {"late_return": {"grace": "5m"}}}},
            teams={"front": {"discipline": {"late_return": {"allowance": {"lunch": "40m"}}}}},
        ),
    )[1]

    assert shown(facts, "late_return") == [("warning", "firing", moment("10:45:00"), None)]


def test_a_rule_that_is_off_is_never_judged() -> None:
    facts = told(LATE + "10:50:00 beat", {"late_return": {"enabled": False}})

    assert shown(facts, "late_return") == []


# --- too many at once ---------------------------------------------------------------------


def test_a_team_of_fifty_whose_feed_freezes_is_one_suspect_and_no_violation_of_people() -> None:
    people = [f"Agent{n:02}" for n in range(50)]
    log = "\n".join(f"09:00:00 login {name} sales" for name in people)
    log += "\n" + "\n".join(
        f"10:00:{n:02} pause {name} sales lunch" for n, name in enumerate(people)
    )
    # The PBX answers, but tells nothing any more.
    log += "\n10:30:00 beat\n10:32:30 beat"
    facts = told(log, LUNCH)

    states = {state for _, state, _, _ in shown(facts, "late_return")}
    assert states == {"excused"}
    assert len(shown(facts, "late_return")) == 50
    # The sixteenth is the first to make it more than 30 % of fifty.
    assert shown(facts, "system_suspect") == [("critical", "firing", moment("10:31:15"), None)]
    (suspect,) = violations(facts, "system_suspect")
    assert len(evidence(suspect)["agents"]) == 50


def test_a_few_of_a_team_are_judged_one_by_one() -> None:
    people = [f"Agent{n:02}" for n in range(50)]
    log = "\n".join(f"09:00:00 login {name} sales" for name in people)
    log += "\n" + "\n".join(f"10:00:00 pause {name} sales lunch" for name in people[:15])
    facts = told(log + "\n10:32:30 beat", LUNCH)

    assert [each[1] for each in shown(facts, "late_return")] == ["firing"] * 15
    assert shown(facts, "system_suspect") == []


# --- what people decide -------------------------------------------------------------------


def reviewed(episode_id: str, verdict: Any, at: str) -> bytes:
    time = f"2026-03-02T{at}.000Z"
    return e.encode(
        e.ViolationReviewed(
            id=f"review of {at}", source=e.DESK, time=time, tenant="test", domain="test",
            feed="desk", sequence=1, recordedtime=time,
            data=e.ViolationReviewedData(
                episode_id=episode_id, verdict=verdict, author="Maria", reason="a doctor"
            ),
        )
    )  # fmt: skip


def test_an_excused_episode_is_open_for_nobody_and_moves_no_clock() -> None:
    state, facts = run(values(LATE + "10:40:00 beat"), under(LUNCH))
    (episode,) = violations(facts, "late_return")
    assert state.docket.open_episodes() == [episode]

    log = [reviewed(episode.episode_id, "acknowledged", "10:50:00")]
    state, facts = run(log, under(LUNCH), state)
    assert [(each.verdict, each.author) for each in reviews(facts)] == [
        ("acknowledged", "Maria")
    ]
    assert state.docket.open_episodes() == [episode]

    log = [reviewed(episode.episode_id, "excused", "10:51:00")]
    state, _ = run(log, under(LUNCH), state)
    assert state.docket.open_episodes() == []
    assert [source.clock for source in state.sources.values()] == [moment("10:40:00")]


# --- a month of short calls ---------------------------------------------------------------


def test_who_has_more_than_twice_the_short_calls_of_the_team_stands_out() -> None:
    """Anna: 8 of 20 short, Boris and Clara: 1 of 20 each; the team 10 of 60, twice is 1/3."""
    lines = ["2026-03-02 08:00:00 login Anna sales", "2026-03-02 08:00:00 login Boris sales",
             "2026-03-02 08:00:00 login Clara sales"]  # fmt: skip
    for n in range(60):
        agent, nth = ("Anna", "Boris", "Clara")[n % 3], n // 3
        short = nth < (8 if agent == "Anna" else 1)
        hour, minute = 9 + n // 30, n % 30 * 2
        talked = 5 if short else 50
        lines += [
            f"2026-03-02 {hour:02}:{minute:02}:00 enter c{n} sales",
            f"2026-03-02 {hour:02}:{minute:02}:01 answer c{n} sales {agent}",
            f"2026-03-02 {hour:02}:{minute:02}:{1 + talked:02} end c{n} sales {agent} agent",
        ]
    log = values("\n".join([*lines, "2026-04-01 00:00:01 beat"]))

    _, facts = run(log, under({"short_call": {"calls": 20}}), size=50)

    (episode,) = violations(facts, "short_call")
    assert episode.agent_id == "Anna"
    assert episode.fired_at == episode.cleared_at == moment("2026-04-01 00:00:00")
    assert evidence(episode)["share"] == 0.4
    assert evidence(episode)["team_share"] == 0.1667
