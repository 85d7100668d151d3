"""Passing callers on, with and without a word before: told as timetables."""

import pytest

from schemas.facts import Fact, Leg
from stream_processors.core.state import State
from tests.core.phoned import DIRECTORY, of, shown
from tests.readings import comparable, legs, states
from tests.timetable import moment, run, terms, values

QUEUED = """
    08:59:00  login  Anna sales
    09:00:00  starts trunk1
    09:00:00  enter  trunk1 sales
    09:00:05  starts anna1@trunk1
    09:00:05  ring   trunk1 sales Anna trunk1-Anna
    09:00:10  picks  anna1@trunk1
    09:00:10  leave  trunk1 sales
    09:00:10  answer trunk1 sales Anna
    09:00:10  joins  anna1@trunk1 b1
    09:00:10  joins  trunk1 b1
"""
ASKED = """
    09:01:00  holds  anna1@trunk1
    09:01:01  starts anna2 203
    09:01:02  starts boris1@anna2
    09:01:03  alerts boris1@anna2
    09:01:08  picks  boris1@anna2
    09:01:08  joins  boris1@anna2 b2
    09:01:08  joins  anna2 b2
"""
PUT_TOGETHER = """
    09:01:30  passes anna1@trunk1 anna2 203 trunk1
    09:01:30  merges anna2 trunk1
    09:01:30  end    trunk1 sales Anna agent
    09:01:30  parts  anna2 b2
    09:01:30  parts  anna1@trunk1 b1
    09:01:30  stops  anna2 16
    09:01:30  stops  anna1@trunk1 16
"""
TALKED_ON = """
    09:02:30  asks   trunk1
    09:02:30  parts  trunk1 b2
    09:02:30  parts  boris1@trunk1 b2
    09:02:30  stops  trunk1 16
    09:02:30  stops  boris1@trunk1 16
    09:10:00  beat
"""


def told(text: str) -> tuple[State, list[Fact]]:
    return run(values(text), terms(agents=DIRECTORY))


def test_a_caller_of_a_queue_is_passed_on_after_a_word_and_each_agent_has_his_talk() -> None:
    state, facts = told(QUEUED + ASKED + PUT_TOGETHER + TALKED_ON)

    anna, boris = of(facts, "Anna"), of(facts, "Boris")
    assert (anna.queue_id, anna.transfer_kind, anna.transferred_to) == (
        "sales", "attended", "Boris",
    )  # fmt: skip
    assert (anna.ended_at, anna.ended_by) == (moment("09:01:30"), "agent")
    # 80 s from answer to transfer, of them 30 s on hold.
    assert (anna.talk_ms, anna.hold_ms) == (50_000, 30_000)
    assert (boris.queue_id, boris.direction, boris.outcome) == ("", "in", "answered")
    assert (boris.interaction_id, boris.caller_key) == ("trunk1", "key of trunk1")
    assert (boris.answered_at, boris.talk_ms) == (moment("09:01:08"), 82_000)
    assert (boris.ended_by, boris.transfer_kind) == ("caller", "")
    assert state.queues["sales"].totals["offered"] == 1
    assert state.queues["sales"].talking == {}


def test_the_consultation_is_no_leg_once_the_calls_are_one() -> None:
    _, before = told(QUEUED + ASKED)
    _, after = told(QUEUED + ASKED + PUT_TOGETHER + TALKED_ON)

    assert {leg.interaction_id for leg in legs(before)} == {"trunk1", "anna2"}
    assert {leg.interaction_id for leg in legs(after)} == {"trunk1"}
    assert len(legs(after)) == 2
    gone = [fact for fact in after if isinstance(fact, Leg) and fact.voided]
    assert [(leg.agent_id, leg.interaction_id) for leg in gone] == [("Anna", "anna2")]


def test_whoever_asks_a_colleague_meanwhile_is_holding() -> None:
    _, facts = told(QUEUED + ASKED + PUT_TOGETHER + TALKED_ON)

    assert shown(facts, "Anna") == [
        ("ready", moment("08:59:00"), moment("09:00:05")),
        ("reserved", moment("09:00:05"), moment("09:00:10")),
        ("talking", moment("09:00:10"), moment("09:01:00")),
        ("holding", moment("09:01:00"), moment("09:01:30")),
        ("ready", moment("09:01:30"), None),
    ]
    assert shown(facts, "Boris") == [
        ("reserved", moment("09:01:03"), moment("09:01:08")),
        ("talking", moment("09:01:08"), moment("09:02:30")),
    ]


def test_a_talk_ends_at_the_transfer_though_the_pbx_counts_on() -> None:
    late = PUT_TOGETHER.replace("09:01:30  end    trunk1 sales Anna agent", "")
    on = TALKED_ON.replace(
        "09:02:30  asks", "09:02:30 end trunk1 sales Anna caller\n 09:02:30 asks"
    )
    _, facts = told(QUEUED + ASKED + late + on)

    anna = of(facts, "Anna")
    assert (anna.ended_at, anna.ended_by) == (moment("09:01:30"), "agent")


def test_a_transfer_completed_before_the_answer_goes_to_whoever_takes_it() -> None:
    blonde = """
        09:01:00  starts anna2 401
        09:01:01  starts boris1@anna2
        09:01:01  starts clara1@anna2
        09:01:02  alerts boris1@anna2
        09:01:02  alerts clara1@anna2
        09:01:05  passes anna1@trunk1 anna2 401 trunk1
        09:01:05  merges anna2 trunk1
        09:01:05  end    trunk1 sales Anna agent
        09:01:05  stops  anna2 16
        09:01:05  stops  anna1@trunk1 16
        09:01:15  picks  clara1@anna2
        09:01:15  stops  boris1@anna2 26
        09:01:15  joins  clara1@trunk1 b3
        09:01:15  joins  trunk1 b3
        09:02:15  parts  clara1@trunk1 b3
        09:02:15  parts  trunk1 b3
        09:02:15  stops  clara1@trunk1 16
        09:02:15  stops  trunk1 16
    """
    _, facts = told(QUEUED + blonde)

    anna, clara = of(facts, "Anna"), of(facts, "Clara")
    assert (anna.transfer_kind, anna.transferred_to) == ("attended", "Clara")
    assert (clara.talk_ms, clara.ended_by, clara.interaction_id) == (60_000, "agent", "trunk1")
    assert of(facts, "Boris").outcome == "withdrawn"


def test_a_transfer_before_the_answer_that_nobody_takes_tells_what_was_dialled() -> None:
    _, facts = told(
        QUEUED
        + """
        09:01:00  starts anna2 203
        09:01:01  starts boris1@anna2
        09:01:05  passes anna1@trunk1 anna2 203 trunk1
        09:01:05  merges anna2 trunk1
        09:01:05  stops  anna2 16
        09:01:05  stops  anna1@trunk1 16
        09:01:25  stops  boris1@anna2 17
        09:01:25  stops  trunk1 17
    """
    )

    anna = of(facts, "Anna")
    assert (anna.transfer_kind, anna.transferred_to) == ("attended", "203")
    assert (of(facts, "Boris").outcome, of(facts, "Boris").ended_by) == ("full", "agent")


def test_a_number_outside_stays_the_key_that_the_adapter_made_of_it() -> None:
    _, facts = told(
        QUEUED
        + ASKED.replace("203", "a1b2c3d4a1b2c3d4").replace("boris1", "trunk2")
        + PUT_TOGETHER
    )

    assert of(facts, "Anna").transferred_to == "a1b2c3d4a1b2c3d4"


def test_an_agent_who_takes_the_caller_back_goes_on_with_his_talk() -> None:
    _, facts = told(
        QUEUED
        + ASKED
        + """
        09:01:20  parts   anna2 b2
        09:01:20  parts   boris1@anna2 b2
        09:01:20  stops   boris1@anna2 16
        09:01:20  stops   anna2 16
        09:01:21  resumes anna1@trunk1
        09:02:00  end     trunk1 sales Anna caller
        09:02:00  stops   trunk1 16
        09:02:00  stops   anna1@trunk1 16
    """
    )

    queued, consulted = [leg for leg in legs(facts) if leg.agent_id == "Anna"]
    assert (queued.transfer_kind, queued.ended_at) == ("", moment("09:02:00"))
    assert (queued.talk_ms, queued.hold_ms) == (89_000, 21_000)
    # The word with Boris was a call of its own, in a contact of its own.
    assert (consulted.direction, consulted.interaction_id) == ("internal", "anna2")
    assert ("holding", moment("09:01:00"), moment("09:01:21")) in shown(facts, "Anna")
    assert ("talking", moment("09:01:21"), moment("09:02:00")) in shown(facts, "Anna")


def test_a_transfer_whose_target_never_answers_and_that_comes_back_is_none() -> None:
    _, facts = told(
        QUEUED
        + """
        09:01:00  starts anna2 203
        09:01:01  starts boris1@anna2
        09:01:05  passes anna1@trunk1 anna2 203 trunk1
        09:01:05  merges anna2 trunk1
        09:01:06  parts  anna1@trunk1 b1
        09:01:25  stops  boris1@anna2 19
        09:01:26  joins  anna1@trunk1 b1
        09:02:00  end    trunk1 sales Anna caller
        09:02:00  stops  trunk1 16
        09:02:00  stops  anna1@trunk1 16
        09:02:00  stops  anna2 16
    """
    )

    anna = next(leg for leg in legs(facts) if leg.queue_id == "sales")
    assert (anna.transfer_kind, anna.transferred_to) == ("", "")
    assert (anna.ended_at, anna.ended_by) == (moment("09:02:00"), "caller")


def test_a_caller_sent_on_blindly_comes_to_whoever_takes_the_call() -> None:
    _, facts = told(
        QUEUED
        + """
        09:01:00  passes anna1@trunk1 - 203 trunk1
        09:01:00  end    trunk1 sales Anna agent
        09:01:00  parts  anna1@trunk1 b1
        09:01:00  stops  anna1@trunk1 16
        09:01:01  starts boris1@trunk1
        09:01:09  picks  boris1@trunk1
        09:01:09  joins  boris1@trunk1 b3
        09:01:09  joins  trunk1 b3
        09:01:40  parts  trunk1 b3
        09:01:40  parts  boris1@trunk1 b3
        09:01:40  stops  trunk1 16
        09:01:40  stops  boris1@trunk1 16
    """
    )

    anna, boris = of(facts, "Anna"), of(facts, "Boris")
    assert (anna.transfer_kind, anna.transferred_to) == ("blind", "Boris")
    assert (boris.direction, boris.talk_ms, boris.ended_by) == ("in", 31_000, "caller")


def test_a_caller_sent_to_a_queue_has_left_when_he_enters_it_as_decision_0005_says() -> None:
    _, facts = told(
        QUEUED
        + """
        09:01:00  passes anna1@trunk1 - support trunk1
        09:01:05  enter  trunk1 support
        09:02:00  abandon trunk1 support
        09:02:00  end    trunk1 sales Anna caller
        09:02:00  stops  trunk1 16
    """
    )

    anna = next(leg for leg in legs(facts) if leg.queue_id == "sales")
    assert (anna.transfer_kind, anna.transferred_to) == ("blind", "support")
    assert (anna.ended_at, anna.ended_by) == (moment("09:01:05"), "system")


ASKED_A_QUEUE = """
    09:01:00  holds  anna1@trunk1
    09:01:01  starts anna2 700
    09:01:02  enter  anna2 support
"""


def test_a_caller_sent_to_a_queue_was_passed_to_it_whoever_has_him_after_that() -> None:
    found = """
        09:01:00  passes anna1@trunk1 - support trunk1
        09:01:00  end    trunk1 sales Anna agent
        09:01:00  enter  trunk1 support
        09:01:00  stops  anna1@trunk1 16
        09:01:03  starts boris1@trunk1
        09:01:03  ring   trunk1 support Boris boris1
        09:01:06  picks  boris1@trunk1
        09:01:06  leave  trunk1 support
        09:01:06  answer trunk1 support Boris 6 boris1
        09:01:06  joins  boris1@trunk1 b3
    """
    asked = """
        09:02:00  holds  boris1@trunk1
        09:02:01  starts boris2 204
        09:02:02  starts clara1@boris2
        09:02:05  picks  clara1@boris2
        09:02:05  picks  boris2
        09:02:05  joins  clara1@boris2 b4
        09:02:05  joins  boris2 b4
        09:02:20  passes boris1@trunk1 boris2 204 trunk1
        09:02:20  merges boris2 trunk1
        09:02:20  end    trunk1 support Boris agent
        09:02:20  stops  boris2 16
        09:02:20  stops  boris1@trunk1 16
    """
    sent = """
        09:02:20  passes boris1@trunk1 - 204 trunk1
        09:02:20  end    trunk1 support Boris agent
        09:02:20  stops  boris1@trunk1 16
        09:02:22  starts clara1@trunk1
        09:02:25  picks  clara1@trunk1
        09:02:25  joins  clara1@trunk1 b5
    """
    for onward, kind in ((asked, "attended"), (sent, "blind")):
        _, facts = told(QUEUED + found + onward + "09:10:00 beat")
        (sales,) = (leg for leg in legs(facts) if leg.queue_id == "sales")
        (support,) = (leg for leg in legs(facts) if leg.queue_id == "support")
        assert (sales.transfer_kind, sales.transferred_to) == ("blind", "support")
        assert (support.transfer_kind, support.transferred_to) == (kind, "Clara")


def test_a_caller_takes_the_place_in_the_queue_of_the_agent_who_asked_it_for_somebody() -> None:
    state, facts = told(
        QUEUED
        + ASKED_A_QUEUE
        + """
        09:01:05  passes anna1@trunk1 anna2 700 trunk1
        09:01:05  merges anna2 trunk1
        09:01:05.001  end    trunk1 sales Anna agent
        09:01:05.002  stops  anna2 16
        09:01:05.003  stops  anna1@trunk1 16
        09:01:20  leave  trunk1 support
        09:01:20  answer trunk1 support Clara
        09:02:20  end    trunk1 support Clara caller
        09:02:20  stops  trunk1 16
        09:10:00  beat
    """
    )

    anna, clara = of(facts, "Anna"), of(facts, "Clara")
    assert (anna.transfer_kind, anna.transferred_to) == ("attended", "support")
    assert anna.ended_at == moment("09:01:05.001")
    assert (clara.queue_id, clara.outcome, clara.interaction_id) == (
        "support", "answered", "trunk1",
    )  # fmt: skip
    assert (clara.wait_ms, clara.talk_ms, clara.ended_by) == (18_000, 60_000, "caller")
    assert len(legs(facts)) == 2
    assert state.queues["support"].totals["offered"] == 1
    assert {queue.difference() for queue in state.queues.values()} == {0}


def test_a_caller_goes_on_with_whom_the_queue_had_found_for_the_agent() -> None:
    state, facts = told(
        QUEUED
        + ASKED_A_QUEUE
        + """
        09:01:04  ring   anna2 support Clara
        09:01:08  leave  anna2 support
        09:01:08  answer anna2 support Clara
        09:01:30  passes anna1@trunk1 anna2 700 trunk1
        09:01:30  merges anna2 trunk1
        09:01:30.001  end    trunk1 sales Anna agent
        09:01:30.002  end    anna2 support Clara caller
        09:01:30.003  stops  anna2 16
        09:01:30.004  stops  anna1@trunk1 16
        09:02:30  stops  trunk1 16
        09:10:00  beat
    """
    )

    clara = of(facts, "Clara")
    assert of(facts, "Anna").transferred_to == "Clara"
    assert (clara.interaction_id, clara.wait_ms) == ("trunk1", 6_000)
    assert (clara.answered_at, clara.ended_at) == (moment("09:01:08"), moment("09:02:30"))
    assert {queue.difference() for queue in state.queues.values()} == {0}


def test_a_caller_in_the_place_of_an_agent_ends_a_talk_whose_end_no_queue_tells() -> None:
    told_of = """
        09:01:04  starts clara1@anna2
        09:01:04  ring   anna2 support Clara clara1
        09:01:08  picks  clara1@anna2
        09:01:08  leave  anna2 support
        09:01:08  answer anna2 support Clara _ clara1
        09:01:30  passes anna1@trunk1 anna2 700 trunk1
        09:01:30  merges anna2 trunk1
        09:01:30.001  end    trunk1 sales Anna agent
        09:01:30.002  end    anna2 support Clara agent
        09:01:30.003  stops  anna2 16
        09:01:30.004  stops  anna1@trunk1 16
        09:02:30  ASKS
        09:02:30  stops  trunk1 16
        09:10:00  beat
    """
    for asks, ended_by in (
        ("asks trunk1", "caller"),
        ("orders trunk1", "unknown"),
        ("asks clara1@trunk1", "agent"),
    ):
        _, facts = told(QUEUED + ASKED_A_QUEUE + told_of.replace("ASKS", asks))

        clara = of(facts, "Clara")
        assert (clara.ended_at, clara.ended_by) == (moment("09:02:30"), ended_by)


def test_what_the_queue_log_tells_of_the_second_of_a_transfer_happened_after_it() -> None:
    found = """
        09:01:04.2  ring   anna2 support Clara
        09:01:08.2  leave  anna2 support
        09:01:08    log: answer anna2 support Clara
        09:01:08.2  answer anna2 support Clara
        09:01:30.5  passes anna1@trunk1 anna2 700 trunk1
        09:01:30.5  merges anna2 trunk1
        09:01:30    log: transfer trunk1 _ attended sales Anna
        09:01:30    log: end trunk1 sales Anna agent
        09:01:30    log: transfer anna2 _ attended support Clara
        09:01:30    log: end anna2 support Clara agent
        09:01:30.501 end   trunk1 sales Anna agent
        09:01:30.502 end   anna2 support Clara caller
        09:01:30.503 stops anna2 16
        09:01:30.504 stops anna1@trunk1 16
        09:02:30    stops  trunk1 16
        09:10:00    beat
    """
    waits = """
        09:01:05.2  passes anna1@trunk1 anna2 700 trunk1
        09:01:05.2  merges anna2 trunk1
        09:01:05    log: end trunk1 sales Anna agent
        09:01:05    log: answer trunk1 support Clara
        09:01:05.201 end   trunk1 sales Anna agent
        09:01:05.202 stops anna2 16
        09:01:05.203 stops anna1@trunk1 16
        09:01:05.8  leave  trunk1 support
        09:01:05.8  answer trunk1 support Clara
        09:02:30    log: end trunk1 support Clara caller
        09:02:30    end    trunk1 support Clara caller
        09:02:30    stops  trunk1 16
        09:10:00    beat
    """
    entered = ASKED_A_QUEUE + "09:01:02 log: enter anna2 support"
    for told_of, answered in ((found, "09:01:08.2"), (waits, "09:01:05.8")):
        state, facts = told(QUEUED + entered + told_of)

        anna, clara = of(facts, "Anna"), of(facts, "Clara")
        assert (anna.transfer_kind, anna.ended_by) == ("attended", "agent")
        assert moment("09:01:05") <= (anna.ended_at or 0) < moment("09:01:31")
        assert (clara.interaction_id, clara.transfer_kind) == ("trunk1", "")
        assert (clara.answered_at, clara.ended_at) == (moment(answered), moment("09:02:30"))
        assert len(legs(facts)) == 2
        assert {queue.difference() for queue in state.queues.values()} == {0}


def test_two_calls_that_an_agent_received_and_put_together_keep_their_legs() -> None:
    _, facts = told("""
        09:00:00  starts trunk1
        09:00:01  starts anna1@trunk1
        09:00:05  picks  anna1@trunk1
        09:00:05  joins  anna1@trunk1 b1
        09:00:05  joins  trunk1 b1
        09:00:30  starts boris1 201
        09:00:31  starts anna2@boris1
        09:00:35  picks  anna2@boris1
        09:00:35  joins  anna2@boris1 b2
        09:00:35  joins  boris1 b2
        09:01:00  passes anna2@boris1 anna1 _ boris1
        09:01:00  merges boris1 trunk1
        09:01:00  parts  anna2@boris1 b2
        09:01:00  parts  anna1@trunk1 b1
        09:01:00  stops  anna2@boris1 16
        09:01:00  stops  anna1@trunk1 16
        09:01:30  parts  boris1@trunk1 b1
        09:01:30  parts  trunk1 b1
        09:01:30  stops  boris1@trunk1 16
        09:01:30  stops  trunk1 16
    """)

    found = [
        (leg.agent_id, leg.transfer_kind, leg.ended_by, leg.ended_at) for leg in legs(facts)
    ]
    assert found == [
        ("Anna", "", "agent", moment("09:01:00")),
        ("Boris", "", "agent", moment("09:01:30")),
        ("Anna", "attended", "agent", moment("09:01:00")),
    ]
    assert {leg.interaction_id for leg in legs(facts)} == {"trunk1"}


def test_what_is_told_late_and_twice_changes_no_transfer() -> None:
    text = (
        QUEUED
        + ASKED_A_QUEUE
        + """
        09:01:05  passes anna1@trunk1 anna2 700 trunk1
        09:01:05  merges anna2 trunk1
        09:01:05.001  end    trunk1 sales Anna agent
        09:01:05.002  stops  anna2 16
        09:01:05.003  stops  anna1@trunk1 16
        09:01:20  leave  trunk1 support
        09:01:20  answer trunk1 support Clara
        09:02:20  end    trunk1 support Clara caller
        09:02:20  stops  trunk1 16
    """
    )
    log = values(text)
    beat = values("09:05:00 beat")
    _, straight = run([*log, *beat], terms(agents=DIRECTORY))
    for late in range(len(log)):
        moved = [*log[:late], *log[late + 1 :], log[late], log[late], *beat]
        _, crooked = run(moved, terms(agents=DIRECTORY))

        assert comparable(crooked) == comparable(straight), log[late]


def test_who_takes_a_place_and_hangs_up_waits_no_more_if_that_is_all_that_is_told() -> None:
    log = values(
        QUEUED
        + ASKED_A_QUEUE
        + """
        09:01:05  passes anna1@trunk1 anna2 700 trunk1
        09:01:05  merges anna2 trunk1
        09:01:05  end    trunk1 sales Anna agent
        09:01:30  hangup trunk1
        09:05:00  beat
    """
    )
    straight = run(log, terms(agents=DIRECTORY))[1]
    crooked = run([log[-2], *log[:-2], log[-1]], terms(agents=DIRECTORY))[1]

    assert [leg.ended_at for leg in legs(straight)] == [moment("09:01:05"), moment("09:01:30")]
    assert comparable(crooked) == comparable(straight)


def test_whoever_takes_an_agents_place_in_a_queue_keeps_his_own_number() -> None:
    asked = ASKED_A_QUEUE.replace("enter  anna2 support", "enter  anna2 support _ 101")
    passed = """
        09:01:05  passes anna1@trunk1 anna2 700 trunk1
        09:01:05  merges anna2 trunk1
        09:01:05.001  end    trunk1 sales Anna agent
        09:01:05.002  stops  anna2 16
        09:01:05.003  stops  anna1@trunk1 16
        09:01:20  leave  trunk1 support
        09:01:20  answer trunk1 support Clara
    """
    queued = QUEUED.replace("enter  trunk1 sales", "enter  trunk1 sales _ 2025550101")
    _, before = told(queued + asked)
    _, after = told(queued + asked + passed)
    _, unqueued = told(ASKED_AFTER_A_DIRECT_CALL + asked + passed)

    assert [leg.caller_key for leg in legs(before) if leg.queue_id == "support"] == ["101"]
    assert of(after, "Clara").caller_key == "2025550101"
    assert of(unqueued, "Clara").caller_key == "key of trunk1"


ASKED_AFTER_A_DIRECT_CALL = """
    09:00:00  starts trunk1
    09:00:01  starts anna1@trunk1
    09:00:10  picks  anna1@trunk1
    09:00:10  joins  anna1@trunk1 b1
    09:00:10  joins  trunk1 b1
"""


def test_a_caller_sent_on_who_comes_back_to_the_same_agent_was_passed_to_what_was_dialled() -> (
    None
):
    _, facts = told(
        QUEUED
        + """
        09:01:00  passes anna1@trunk1 - 102 trunk1
        09:01:00  end    trunk1 sales Anna agent
        09:01:00  stops  anna1@trunk1 16
        09:01:01  starts boris1@trunk1
        09:01:21  unheard boris1@trunk1 no_answer
        09:01:21  stops  boris1@trunk1 16
        09:01:22  starts anna2@trunk1
        09:01:30  picks  anna2@trunk1
        09:01:30  joins  anna2@trunk1 b3
        09:01:30  joins  trunk1 b3
        09:02:00  stops  anna2@trunk1 16
        09:02:00  stops  trunk1 16
    """
    )

    first, again = [leg for leg in legs(facts) if leg.agent_id == "Anna"]
    assert (first.transfer_kind, first.transferred_to) == ("blind", "102")
    assert (again.queue_id, again.talk_ms, again.transferred_to) == ("", 30_000, "")


def test_a_caller_who_is_passed_on_from_queue_to_queue_is_counted_in_each_of_them_once() -> (
    None
):
    log = values(
        QUEUED
        + ASKED_A_QUEUE
        + """
        09:01:03  ring   anna2 support Boris boris1 SIP/boris
        09:01:05  answer anna2 support Boris _ boris1
        09:01:10  passes anna1@trunk1 anna2 700 trunk1
        09:01:10  merges anna2 trunk1
        09:01:10.001  end trunk1 sales Anna agent
        09:02:00  starts boris2 800
        09:02:01  enter  boris2 vip
        09:02:10  passes boris1@trunk1 boris2 800 trunk1
        09:02:10  merges boris2 trunk1
        09:02:10.001  end trunk1 support Boris agent
        09:02:30  answer trunk1 vip Clara
        09:03:00  end    trunk1 vip Clara caller
        09:03:00  stops  trunk1 16
    """
    )
    beat = values("09:15:00 beat")
    state, straight = run([*log, *beat], terms(agents=DIRECTORY))

    assert [
        (leg.queue_id, leg.agent_id, leg.transferred_to, leg.ended_at)
        for leg in legs(straight)
        if leg.queue_id
    ] == [
        ("sales", "Anna", "Boris", moment("09:01:10.001")),
        ("support", "Boris", "vip", moment("09:02:10.001")),
        ("vip", "Clara", "", moment("09:03:00")),
    ]
    assert [queue.totals["offered"] for queue in state.queues.values()] == [1, 1, 1]
    for late in range(len(log)):
        moved = [*log[:late], *log[late + 1 :], log[late], *beat]
        _, crooked = run(moved, terms(agents=DIRECTORY))

        assert comparable(crooked) == comparable(straight), log[late]


def for_an_hour() -> str:
    """Return an hour of heartbeats, in which what is out of reach is forgotten."""
    return "".join(f"{9 + n // 60:02}:{n % 60:02}:00 beat\n" for n in range(15, 75))


def test_however_long_a_caller_talks_on_the_queue_had_dialled_whoever_passed_him_on() -> None:
    text = QUEUED + ASKED + PUT_TOGETHER + for_an_hour()
    _, facts = told(text + TALKED_ON.replace("09:02:", "10:20:").replace("09:10", "10:30"))

    anna, boris = legs(facts)
    assert (anna.queue_id, anna.agent_id, anna.talk_ms) == ("sales", "Anna", 50_000)
    assert (boris.queue_id, boris.agent_id, boris.ended_at) == ("", "Boris", moment("10:20:30"))


def test_however_long_he_asks_a_colleague_an_agent_is_free_once_he_has_passed_on() -> None:
    busy = "".join(
        f"09:02:{n} pause Anna queue{n}\n09:02:{n} unpause Anna queue{n}\n"
        for n in range(10, 30)
    )
    _, facts = told(
        QUEUED + ASKED + busy + for_an_hour() + PUT_TOGETHER.replace("09:01:", "10:20:")
    )

    assert [(each.state, each.started_at) for each in states(facts, "Anna")] == [
        ("ready", moment("08:59:00")),
        ("reserved", moment("09:00:05")),
        ("talking", moment("09:00:10")),
        ("holding", moment("09:01:00")),
        ("ready", moment("10:20:30")),
    ]


def test_however_long_he_talks_in_the_place_of_an_agent_he_waited_as_long_as_he_did() -> None:
    _, facts = told(
        QUEUED
        + ASKED_A_QUEUE
        + """
        09:01:05  passes anna1@trunk1 anna2 700 trunk1
        09:01:05  merges anna2 trunk1
        09:01:05.001  end    trunk1 sales Anna agent
        09:01:05.003  stops  anna1@trunk1 16
        09:01:20  leave  trunk1 support
        09:01:20  answer trunk1 support Clara
        """
        + for_an_hour()
        + "10:20:00  end    trunk1 support Clara caller"
    )

    anna, clara = legs(facts)
    assert (anna.queue_id, clara.queue_id) == ("sales", "support")
    assert (clara.wait_ms, clara.talk_ms) == (18_000, 4_720_000)


def test_a_phone_that_has_become_another_s_in_a_long_call_was_whose_it_was() -> None:
    text = """
        08:59:00  login  Anna sales 0 SIP/desk
        09:00:00  starts trunk1
        09:00:05  starts desk1@trunk1
        09:00:07  picks  desk1@trunk1
        09:01:00  passes desk1@trunk1 - 203 trunk1
        09:01:00  stops  desk1@trunk1
        09:01:01  starts boris1@trunk1
        09:01:05  picks  boris1@trunk1
        09:10:00  logout Anna sales
        09:11:00  login  Dora sales 0 SIP/desk
    """
    _, facts = told(
        text + for_an_hour() + "10:20:00 stops boris1@trunk1\n10:20:00 stops trunk1"
    )

    assert [leg.agent_id for leg in legs(facts)] == ["Anna", "Boris"]


def test_a_call_is_passed_on_by_the_phone_whose_contact_was_told_of_before_or_after() -> None:
    log = values("""
        09:00:05  alerts anna1@trunk9
        09:00:10  passes anna1@trunk1 - 203 trunk1
        09:05:00  beat
    """)
    straight = run(log, terms(agents=DIRECTORY))[1]
    crooked = run([log[1], log[0], log[2]], terms(agents=DIRECTORY))[1]

    assert of(straight, "Anna").ended_at == moment("09:00:10")
    assert comparable(crooked) == comparable(straight)


def test_a_phone_that_was_told_of_in_a_queue_first_is_whose_it_turns_out_to_be() -> None:
    log = values("""
        09:00:05  starts anna1@trunk1
        09:00:06  enter  anna1 support trunk1
        09:01:00  login  Anna sales 0 SIP/anna
        09:05:00  beat
    """)
    straight = run(log)[1]
    crooked = run([log[1], log[0], *log[2:]])[1]

    assert comparable(crooked) == comparable(straight)


def test_a_contact_is_that_of_the_channel_which_names_it_wherever_that_has_gone() -> None:
    log = values("""
        09:02:19  ring   anna2 sales Boris boris1
        09:02:19  alerts boris1@anna2
        09:02:23  stops  anna2@trunk1 16
        09:05:00  beat
    """)
    straight = run(log, terms(agents=DIRECTORY))[1]
    crooked = run([*log[1:3], log[0], log[3]], terms(agents=DIRECTORY))[1]

    assert [leg.queue_id for leg in legs(straight)] == ["sales"]
    assert comparable(crooked) == comparable(straight)


@pytest.mark.parametrize("cause", ["3", "17"])
def test_whom_a_colleague_sends_on_to_nobody_the_pbx_cuts_off(cause: str) -> None:
    _, facts = told(f"""
        09:00:00     starts boris1 101
        09:00:00     starts anna1@boris1
        09:00:05     picks  anna1@boris1
        09:00:05     joins  anna1@boris1 b1
        09:00:05     joins  boris1 b1
        09:00:30     passes anna1@boris1 - 1099 boris1
        09:00:30.001 parts  boris1 b1
        09:00:30.001 parts  anna1@boris1 b1
        09:00:30.001 stops  anna1@boris1 16
        09:00:30.500 orders boris1
        09:00:30.500 stops  boris1 {cause}
    """)

    assert (of(facts, "Anna").ended_by, of(facts, "Anna").transferred_to) == ("agent", "1099")
    assert of(facts, "Boris").ended_by == "system"


SENT_AWAY = """
    08:59:00  login  Anna sales
    09:00:00  starts trunk1
    09:00:00  enter  trunk1 sales
    09:00:05  starts anna1@trunk1
    09:00:05  ring   trunk1 sales Anna anna1
    09:00:10  picks  anna1@trunk1
    09:00:10  leave  trunk1 sales
    09:00:10  answer trunk1 sales Anna _ anna1
    09:00:10  joins  anna1@trunk1 b1
    09:00:10  joins  trunk1 b1
    09:01:00  passes trunk1 - 501 anna1
    09:01:00  end    trunk1 sales Anna agent _ anna1
    09:01:00  parts  trunk1 b1
    09:01:00  stops  trunk1 16
    09:01:00  parts  anna1@trunk1 b1
    09:01:20  asks   anna1@trunk1
    09:01:20  stops  anna1@trunk1 16
"""


@pytest.mark.parametrize(
    "log",
    [
        "",
        "    09:01:00 log: transfer trunk1 501 blind sales Anna\n"
        "    09:01:00 log: end trunk1 sales Anna agent 50\n",
    ],
    ids=["ami", "both"],
)
def test_whom_the_caller_sends_away_has_passed_him_to_nobody(log: str) -> None:
    """The log tells it as if the agent had; callers may transfer by Queue's option T."""
    _, facts = told(f"{SENT_AWAY}{log}    09:10:00 beat")

    anna = of(facts, "Anna")
    assert (anna.transfer_kind, anna.transferred_to) == ("", "")
    assert anna.ended_at == moment("09:01:00")
    assert shown(facts)[-2:] == [
        ("talking", moment("09:00:10"), moment("09:01:20")),
        ("ready", moment("09:01:20"), None),
    ]


def test_who_hangs_up_while_he_is_sent_on_has_ended_it_whatever_the_cause() -> None:
    _, facts = told("""
        09:00:00     starts boris1 101
        09:00:00     starts anna1@boris1
        09:00:05     picks  anna1@boris1
        09:00:05     joins  anna1@boris1 b1
        09:00:05     joins  boris1 b1
        09:00:30     passes anna1@boris1 - 1099 boris1
        09:00:30.001 parts  boris1 b1
        09:00:30.001 parts  anna1@boris1 b1
        09:00:30.001 stops  anna1@boris1 16
        09:00:40     asks   boris1
        09:00:40     stops  boris1 17
    """)

    assert of(facts, "Boris").ended_by == "agent"
