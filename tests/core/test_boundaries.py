"""Waits, queues and time at their edges, each as a timetable of a few lines."""

import pytest

from schemas.facts import Fact, Leg
from stream_processors.core.state import State
from tests.readings import legs, offers, states, teams
from tests.timetable import moment, run, terms, values


def told(text: str) -> tuple[State, list[Fact]]:
    return run(values(text))


def only(text: str) -> Leg:
    (leg,) = legs(told(text)[1])
    return leg


# --- the target and the short abandon -----------------------------------------------------


@pytest.mark.parametrize(("left", "in_time"), [("09:00:20", 1), ("09:00:20.001", 0)])
def test_a_wait_of_exactly_the_target_is_in_time(left: str, in_time: int) -> None:
    state, _ = told(f"""
        09:00:00      enter  a sales
        {left}        leave  a sales
        09:00:20.002  answer a sales Anna
    """)

    counts = state.queues["sales"].totals
    assert (counts["answered"], counts["answered_in_time"]) == (1, in_time)
    assert (counts["level_counted"], counts["answered_in_time"]) == (1, in_time)


@pytest.mark.parametrize(("left", "short"), [("09:00:05", 1), ("09:00:05.001", 0)])
def test_an_abandon_at_exactly_the_limit_is_a_misdial(left: str, short: int) -> None:
    state, _ = told(f"""
        09:00:00  enter   a sales
        {left}    abandon a sales
    """)

    counts = state.queues["sales"].totals
    assert (counts["abandoned"], counts["short_abandoned"]) == (1, short)
    assert counts["level_counted"] == 1 - short


def test_the_wait_ends_when_the_queue_lets_go_and_not_when_the_agent_is_told() -> None:
    leg = only("""
        09:00:00      enter  a sales
        09:00:10.250  leave  a sales
        09:00:10.900  answer a sales Anna
    """)

    assert leg.wait_ms == 10_250


def test_the_target_in_force_at_the_entry_travels_with_the_leg() -> None:
    _, facts = run(
        values("09:00:00 enter a vip\n09:00:06 answer a vip Anna"),
        terms(queues={"vip": {"answer_within": "5s", "short_abandon": "2s"}}),
    )

    (leg,) = legs(facts)
    assert (leg.answer_within_ms, leg.short_abandon_ms) == (5_000, 2_000)


# --- the same caller again ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("first_left", "again", "left"),
    [
        ("09:00:10", "09:03:00", "09:03:10"),
        ("09:00:00.500", "09:00:01.500", "09:00:01.800"),
        ("09:00:00.200", "09:00:00.400", "09:00:00.600"),
    ],
    ids=["later", "within two seconds", "within one second"],
)
def test_the_same_caller_twice_in_one_queue_is_two_legs(
    first_left: str, again: str, left: str
) -> None:
    state, facts = told(f"""
        09:00:00      enter a sales
        {first_left}  empty a sales
        {again}       enter a sales
        {left}        empty a sales
    """)

    first, second = legs(facts)
    assert first.leg_id != second.leg_id
    assert first.interaction_id == second.interaction_id
    assert (first.entered_at, first.left_at) == (moment("09:00:00"), moment(first_left))
    assert (second.entered_at, second.left_at) == (moment(again), moment(left))
    assert state.queues["sales"].outcomes == {"empty": 2}


def test_a_caller_told_by_two_feeds_twice_within_one_second_is_two_legs() -> None:
    _, facts = told("""
        09:00:00.100  enter a sales
        09:00:00      log: enter a sales
        09:00:00.300  empty a sales
        09:00:00      log: empty a sales
        09:00:00.500  enter a sales
        09:00:00      log: enter a sales
        09:00:00.700  empty a sales
        09:00:00      log: empty a sales
    """)

    assert [leg.entered_at - moment("09:00:00") for leg in legs(facts)] == [100, 500]


# --- from queue to queue ------------------------------------------------------------------


def test_a_transfer_to_a_queue_opens_a_leg_of_the_same_interaction() -> None:
    _, facts = told("""
        09:00:00  enter    a sales
        09:00:10  answer   a sales Anna
        09:00:40  transfer a support
        09:00:41  end      a sales Anna agent
        09:00:42  enter    a support
        09:00:50  answer   a support Boris
        09:01:50  end      a support Boris caller
    """)

    first, second = legs(facts)
    assert (first.transferred_to, first.transfer_kind) == ("support", "blind")
    assert (first.outcome, first.talk_ms, first.agent_id) == ("answered", 31_000, "Anna")
    assert (second.queue_id, second.wait_ms, second.talk_ms) == ("support", 8_000, 60_000)
    assert second.interaction_id == first.interaction_id
    assert second.leg_id != first.leg_id
    assert (second.transferred_to, second.transfer_kind) == ("", "")


def test_a_waiting_caller_who_reaches_another_queue_has_left_the_first() -> None:
    state, facts = told("""
        09:00:00  enter a sales
        09:00:30  enter a support
    """)

    first, second = legs(facts)
    assert (first.outcome, first.clock) == ("system", "estimated")
    assert (first.left_at, first.wait_ms) == (moment("09:00:30"), 30_000)
    assert (second.outcome, second.left_at) == ("waiting", None)
    assert (len(state.queues["sales"].waiting), len(state.queues["support"].waiting)) == (0, 1)


def test_a_talk_ends_when_the_caller_is_moved_though_the_pbx_says_so_later() -> None:
    _, facts = told("""
        09:00:00  login  Anna sales
        09:00:00  enter  a sales
        09:00:10  answer a sales Anna
        09:01:00  enter  a support
        09:01:05  answer a support Boris
        09:02:00  end    a sales Anna caller
        09:02:00  end    a support Boris caller
    """)

    first, second = legs(facts)
    assert (first.ended_at, first.talk_ms) == (moment("09:01:00"), 50_000)
    assert (first.ended_by, first.clock) == ("system", "source")
    assert (first.transferred_to, first.transfer_kind) == ("support", "queue")
    assert (second.ended_at, second.talk_ms) == (moment("09:02:00"), 55_000)
    assert [(each.state, each.started_at) for each in states(facts, "Anna")] == [
        ("ready", moment("09:00:00")),
        ("talking", moment("09:00:10")),
        ("ready", moment("09:01:00")),
    ]


# --- several agents, several queues -------------------------------------------------------


@pytest.mark.parametrize("end", ["cancel a sales Boris", "rung_off a Boris"])
def test_ring_all_makes_two_offers_and_the_loser_was_answered_elsewhere(end: str) -> None:
    _, facts = told(f"""
        09:00:00      enter  a sales
        09:00:01      ring   a sales Anna
        09:00:01.001  ring   a sales Boris
        09:00:06      answer a sales Anna
        09:00:06.050  {end}
    """)

    anna, boris = offers(facts)
    assert (anna.agent_id, anna.result, anna.ring_ms) == ("Anna", "answered", 5_000)
    assert (boris.agent_id, boris.result) == ("Boris", "elsewhere")
    assert boris.ended_at == moment("09:00:06.050")
    assert [leg.offers for leg in legs(facts)] == [2]


@pytest.mark.parametrize("answered", ["09:00:05.900", "09:00:06.200"])
@pytest.mark.parametrize(("one", "other"), [("phone1", "phone2"), ("phone2", "phone1")])
def test_of_two_phones_of_an_agent_the_one_not_answered_was_rung_off(
    one: str, other: str, answered: str
) -> None:
    """A log names no phones: what it cancels when Anna has answered rang at her other one."""
    _, facts = told(f"""
        09:00:00      enter    a sales
        09:00:01      ring     a sales Anna a-{one}
        09:00:01.001  ring     a sales Anna a-{other}
        {answered}    answer   a sales Anna _ a-phone2
        09:00:06.250  rung_off a phone1
        09:00:06      log: cancel a sales Anna
    """)

    assert sorted(each.result for each in offers(facts)) == ["answered", "elsewhere"]
    assert [leg.offers for leg in legs(facts)] == [2]


def test_a_ringing_that_the_caller_ended_was_cancelled() -> None:
    _, facts = told("""
        09:00:00      enter    a sales
        09:00:01      ring     a sales Anna
        09:00:05      rung_off a Anna
        09:00:05.010  abandon  a sales
    """)

    (offer,) = offers(facts)
    assert (offer.result, offer.ring_ms) == ("cancelled", 4_000)


def test_an_agent_in_three_queues_is_one_person_of_the_team() -> None:
    _, facts = told("""
        09:00:00      login Anna sales
        09:00:00.001  login Anna support
        09:00:00.002  login Anna billing
        09:00:06      beat
    """)

    shown = teams(facts)[moment("09:00:05")]
    assert (shown.logged_in, shown.ready) == (1, 1)


def test_an_agent_who_talks_in_one_of_three_queues_is_free_in_none() -> None:
    _, facts = told("""
        08:59:00      login  Anna sales
        08:59:00.001  login  Anna support
        08:59:00.002  login  Anna billing
        08:59:50      enter  a support
        09:00:00      answer a support Anna
        09:00:06      beat
    """)

    shown = teams(facts)[moment("09:00:05")]
    assert (shown.logged_in, shown.talking, shown.ready) == (1, 1, 0)
