"""Rules about interactions and nobody in particular; instants are worked out by hand."""

from typing import Any

import pytest

from schemas.facts import Fact, Violation
from tests.core.judged import evidence
from tests.readings import violations
from tests.timetable import moment, run, terms, values

Shown = list[tuple[str, str, str, int | None, int | None]]

QUEUES = {"sales": {"answer_within": "20s", "team": "front"}, "support": {"team": "back"}}


def told(text: str, size: int = 1, **policies: Any) -> list[Fact]:
    under = terms(**{"queues": QUEUES, **policies})
    return run(values(text), under, size=size)[1]


def shown(facts: list[Fact], code: str) -> Shown:
    return [
        (each.queue_id, each.severity, each.state, each.fired_at, each.cleared_at)
        for each in violations(facts, code)
    ]


# --- left to wait ---------------------------------------------------------------------------

WAITS = "09:00:00 enter a sales\n"


@pytest.mark.parametrize("size", [1, 100])
def test_a_caller_hangs_when_three_times_the_target_has_passed(size: int) -> None:
    (episode,) = violations(told(WAITS + "09:00:40 beat\n09:01:01 beat", size), "hanging")

    assert (episode.state, episode.fired_at) == ("firing", moment("09:01:00"))
    assert (episode.agent_id, episode.queue_id, episode.team) == ("", "sales", "front")


def test_who_is_answered_at_that_instant_has_not_hung() -> None:
    late = WAITS + "09:01:00 answer a sales Anna\n09:01:20 beat"
    assert shown(told(late), "hanging") == []


@pytest.mark.parametrize("how", ["answer a sales Anna", "abandon a sales", "timeout a sales"])
@pytest.mark.parametrize("size", [1, 100])
def test_it_is_over_when_he_is_out_of_the_queue(how: str, size: int) -> None:
    facts = told(WAITS + f"09:00:30 beat\n09:01:10 {how}\n09:01:30 beat", size)

    assert shown(facts, "hanging") == [
        ("sales", "warning", "resolved", moment("09:01:00"), moment("09:01:10"))
    ]


def test_an_answer_that_comes_late_takes_it_back() -> None:
    facts = told(WAITS + "09:01:20 beat\n09:00:50 answer a sales Anna\n09:01:30 beat")

    assert shown(facts, "hanging") == []
    taken_back = [each for each in facts if isinstance(each, Violation) and each.voided]
    assert [each.code for each in taken_back] == ["hanging"]


def test_nobody_hangs_in_a_gap_of_the_source() -> None:
    gap = WAITS + "09:00:30 lost\n09:05:00 beat\n"
    gone = gap + "09:05:01 queue s sales 0\n09:05:02 complete s\n09:05:05 beat"
    still = gap + "09:05:01 queue s sales 1\n09:05:01 listed s a sales\n09:05:02 complete s\n"

    assert shown(told(gap), "hanging") == []
    # When he left was not seen: it may have been in time.
    assert shown(told(gone), "hanging") == []
    assert shown(told(still + "09:05:05 beat"), "hanging") == [
        ("sales", "warning", "firing", moment("09:01:00"), None)
    ]


def test_a_team_may_want_it_otherwise() -> None:
    teams = {"front": {"discipline": {"hanging": {"times": 2.0}}}}

    assert shown(told(WAITS + "09:00:50 beat", teams=teams), "hanging") == [
        ("sales", "warning", "firing", moment("09:00:40"), None)
    ]


# --- sent from queue to queue ---------------------------------------------------------------

ROUND = """
    09:00:00  enter   a sales
    09:00:10  timeout a sales
    09:00:11  enter   a support
    09:00:20  timeout a support
    09:00:21  enter   a sales
"""


@pytest.mark.parametrize("size", [1, 100])
def test_the_third_queue_is_too_many_though_it_is_the_first_again(size: int) -> None:
    facts = told(ROUND + "09:00:25 beat", size)

    assert shown(facts, "ping_pong") == [
        ("sales", "warning", "firing", moment("09:00:21"), None)
    ]
    (episode,) = violations(facts, "ping_pong")
    assert (episode.agent_id, episode.team) == ("", "front")
    assert evidence(episode)["queues"] == ["sales", "support", "sales"]


def test_it_is_over_with_the_interaction() -> None:
    facts = told(
        ROUND
        + """
        09:00:30  answer a sales Anna
        09:01:30  end    a sales Anna caller
        """
    )

    assert shown(facts, "ping_pong") == [
        ("sales", "warning", "resolved", moment("09:00:21"), moment("09:01:30"))
    ]


def test_two_queues_are_no_round_and_neither_is_one_that_is_entered_again_and_again() -> None:
    two = "\n".join(ROUND.strip().splitlines()[:4])
    again = ROUND.replace("support", "sales")

    assert shown(told(two + "\n09:00:25 beat"), "ping_pong") == []
    assert shown(told(again + "09:00:25 beat"), "ping_pong") == []


def test_an_entry_that_comes_late_makes_it_a_round() -> None:
    without = ROUND.replace("09:00:11  enter   a support", "").replace(
        "09:00:20  timeout a support", ""
    )
    facts = told(without + "09:00:40 beat\n09:00:11 enter a support\n09:00:41 beat")

    assert shown(told(without + "09:00:40 beat"), "ping_pong") == []
    assert shown(facts, "ping_pong") == [
        ("sales", "warning", "firing", moment("09:00:21"), None)
    ]


BACK = """
    09:00:00  enter    a sales
    09:00:05  answer   a sales {first}
    09:00:30  transfer a support
    09:00:30  end      a sales {first} agent
    09:00:31  enter    a support
    09:00:35  answer   a support Boris
    09:01:00  transfer a support
    09:01:00  end      a support Boris agent
    09:01:01  enter    a support
    09:01:05  answer   a support Anna
    09:01:10  beat
"""


def test_a_caller_who_comes_back_to_the_agent_that_passed_him_on_is_played_with() -> None:
    """He enters two queues only, the second of them twice: it is Anna who has him again."""
    facts = told(BACK.format(first="Anna"))

    assert shown(facts, "ping_pong") == [
        ("support", "warning", "firing", moment("09:01:05"), None)
    ]
    (episode,) = violations(facts, "ping_pong")
    assert evidence(episode)["agents"] == ["Anna", "Boris", "Anna"]


def test_a_caller_who_goes_on_to_a_third_agent_is_not() -> None:
    assert shown(told(BACK.format(first="Clara")), "ping_pong") == []
