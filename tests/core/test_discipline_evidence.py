"""Episodes about calls name the events that decided them."""

from typing import Any

import pytest
from msgspec.structs import replace

import schemas.events as e
from tests.core.judged import evidence, under
from tests.readings import violations
from tests.timetable import events, run


def named(log: list[e.Event], code: str, rules: dict[str, Any]) -> list[str]:
    """Return the events that the only episode of a code names."""
    (episode,) = violations(run(map(e.encode, log), under(rules))[1], code)
    found: list[str] = evidence(episode)["events"]
    return found


TWO_PASSED_ON = """
    09:00:00 enter    a sales
    09:00:05 answer   a sales Anna
    09:00:30 transfer a 700
    09:00:30 end      a sales Anna agent
    09:01:00 enter    b sales
    09:01:05 answer   b sales Anna
    09:01:30 transfer b 700
    09:01:30 end      b sales Anna agent
    09:02:00 beat
"""
PASSED_ON = {"excess_transfer": {"most": 1}}


def test_of_calls_that_were_passed_on_the_transfers() -> None:
    log = events(TWO_PASSED_ON)

    assert named(log, "excess_transfer", PASSED_ON) == [log[2].id, log[6].id]


def test_the_finer_of_two_words_about_one_instant_whichever_comes_first() -> None:
    fine = events(TWO_PASSED_ON)
    *coarse, beat = events("""
        09:00:00 log: enter    a sales
        09:00:05 log: answer   a sales Anna
        09:00:30 log: transfer a 700
        09:01:00 log: enter    b sales
        09:01:05 log: answer   b sales Anna
        09:01:30 log: transfer b 700
        09:02:10 beat
    """)
    transfers = [fine[2].id, fine[6].id]

    assert named([*fine, *coarse, beat], "excess_transfer", PASSED_ON) == transfers
    assert named([*coarse, *fine, beat], "excess_transfer", PASSED_ON) == transfers
    state, facts = run(map(e.encode, coarse), under(PASSED_ON))
    facts += run(map(e.encode, [*fine, beat]), under(PASSED_ON), state)[1]
    (episode,) = violations(facts, "excess_transfer")
    assert evidence(episode)["events"] == transfers


def test_of_a_caller_who_waits_his_entry() -> None:
    log = events("""
        09:00:00 enter a sales
        09:00:10 enter b sales
        09:00:30 abandon b sales
        09:01:30 beat
    """)

    # Three times 20 s have passed for the first; the second was gone by then.
    assert named(log, "hanging", {}) == [log[0].id]


def test_of_one_who_was_sent_around_each_entry() -> None:
    log = events("""
        09:00:00 enter   a sales
        09:00:10 timeout a sales
        09:00:10 enter   a support
        09:00:20 timeout a support
        09:00:20 enter   a billing
        09:00:30 beat
    """)

    assert named(log, "ping_pong", {}) == [log[0].id, log[2].id, log[4].id]


def passed_on(calls: int) -> list[e.Event]:
    """Anna passes on so many calls, one a minute."""
    lines = [
        line
        for n in range(calls)
        for line in (
            f"09:{n:02}:00 enter    c{n} sales",
            f"09:{n:02}:05 answer   c{n} sales Anna",
            f"09:{n:02}:10 transfer c{n} 700",
            f"09:{n:02}:10 end      c{n} sales Anna agent",
        )
    ]
    return events("\n".join([*lines, f"09:{calls:02}:00 beat"]))


def transfers(log: list[e.Event]) -> list[str]:
    return [each.id for each in log if isinstance(each, e.LegTransferred)]


def test_of_many_calls_the_first_twenty() -> None:
    log = passed_on(24)

    assert named(log, "excess_transfer", PASSED_ON) == transfers(log)[:20]


def test_of_many_calls_before_it_fired_the_last_twenty_up_to_that_one() -> None:
    # More than 24 are too many: the 25th, of 28.
    log = passed_on(28)
    rules = {"excess_transfer": {"most": 24}}

    assert named(log, "excess_transfer", rules) == transfers(log)[5:25]


def test_of_one_who_was_sent_around_much_the_last_twenty_entries() -> None:
    # The 22nd queue is one too many; the 23rd joins.
    stay = [
        line
        for n in range(23)
        for line in (f"09:{n:02}:00 enter a q{n}", f"09:{n:02}:30 timeout a q{n}")
    ]
    log = events("\n".join([*stay, "09:30:00 beat"]))
    entries = [each.id for each in log if isinstance(each, e.QueueEntered)]

    found = named(log, "ping_pong", {"ping_pong": {"queues": 22}})

    assert found == entries[2:22]


def test_what_is_told_of_the_very_instant_of_an_end_is_named_however_the_log_is_cut() -> None:
    # Anna's own ten minutes after a call end at the clock; in that millisecond she pauses.
    by_the_clock = events("""
        09:00:00 login  Anna sales 600
        09:00:10 enter  a sales
        09:00:20 answer a sales Anna
        09:01:00 end    a sales Anna agent
        09:11:00 beat
        09:11:00 pause  Anna sales lunch
        09:12:00 beat
        09:13:00 beat
    """)
    # Of two words about one instant the first in the log stands, also if it is heard last.
    told_twice = events("""
        09:00:00 login   Anna sales
        09:00:00 login   Anna support
        09:00:01 pause   Anna sales wrap
        09:00:01 pause   Anna support wrap
        09:20:00 unpause Anna sales
        09:20:00 unpause Anna support
        09:21:00 beat
        09:22:00 beat
    """)

    def ways(log: list[e.Event], late: int) -> list[list[str]]:
        moved = [each for each in log if each is not log[late]]
        moved.insert(-1, log[late])
        limit = {"acw_too_long": {"limit": "60s", "times_p90": 0}}
        found: list[list[str]] = []
        for order, size in ((log, 1), (log, 100), (moved, 1), (moved, 100)):
            _, facts = run(map(e.encode, order), under(limit), size=size)
            (episode,) = violations(facts, "acw_too_long")
            found.append(evidence(episode)["events"])
        return found

    assert ways(by_the_clock, 5) == [[by_the_clock[5].id]] * 4
    assert ways(told_twice, 4) == [[told_twice[2].id, told_twice[4].id]] * 4


@pytest.mark.parametrize("size", [1, 100])
def test_the_word_of_a_queue_about_a_ringing_that_is_over_is_named(size: int) -> None:
    # Asterisk tells of an end twice in one millisecond: of the channel, then of the agent.
    log = events("""
        09:00:00 login    Anna sales
        09:00:10 enter    a sales
        09:00:20 ring     a sales Anna
        09:00:30 rung_off a Anna
        09:00:30 miss     a sales Anna
        09:01:00 beat
    """)
    over = log[3]
    assert isinstance(over, e.OfferEnded)
    log[3] = replace(over, data=replace(over.data, result="no_answer"))

    _, facts = run(map(e.encode, log), under({}), size=size)

    (episode,) = violations(facts, "rona")
    assert evidence(episode)["events"] == sorted([log[2].id, log[4].id])


def test_of_a_break_that_a_restart_ended_the_event_that_began_it() -> None:
    log = events("""
        09:00:00 login   Anna sales
        09:10:00 pause   Anna sales lunch
        09:40:00 restart
        09:45:00 beat
    """)

    assert named(log, "late_return", {}) == [log[1].id]
