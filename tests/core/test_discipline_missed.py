"""Missed calls: single ones, rows of them, and rows while others wait; worked out by hand."""

import random

import pytest
from msgspec.structs import replace

from schemas.events import Event, LegTransferred, encode
from schemas.facts import Violation
from stream_processors.core.pipeline import freeze, thaw
from tests.core.judged import evidence, shown, told, under
from tests.readings import violations
from tests.timetable import events, moment, run, values

MISSES = """
    09:00:00  login Anna sales
    09:00:00  login Anna vip
    09:01:00  enter a sales
    09:01:05  ring  a sales Anna
    09:01:15  miss  a sales Anna
    09:02:00  enter b vip
    09:02:05  ring  b vip Anna
    09:02:15  miss  b vip Anna
"""


def test_two_misses_in_a_row_are_one_warning_over_all_queues() -> None:
    facts = told(MISSES, {})

    assert shown(facts, "rona") == [
        ("info", "resolved", moment("09:01:15"), moment("09:01:15")),
        ("warning", "firing", moment("09:02:15"), None),
    ]
    assert evidence(violations(facts, "rona")[1])["queues"] == ["sales", "vip"]


def test_an_answered_call_ends_the_row() -> None:
    facts = told(
        MISSES
        + """
        09:03:00  enter  c sales
        09:03:01  ring   c sales Anna
        09:03:04  answer c sales Anna
        09:03:30  end    c sales Anna caller
        """,
        {},
    )

    assert shown(facts, "rona")[1] == (
        "warning", "resolved", moment("09:02:15"), moment("09:03:04")
    )  # fmt: skip


def test_an_answer_that_turns_out_to_be_of_another_call_still_ends_the_row() -> None:
    """Who passed the caller on is told last; until then the answer was of his first call."""
    log = events(
        MISSES
        + """
        09:02:30  login  Boris sales
        09:03:00  enter  c sales
        09:03:04  answer c sales Boris
        09:03:20  starts boris1 203
        09:03:21  enter  boris1 vip
        09:03:30  passes c-Boris@c boris1 203 c
        09:03:30  merges boris1 c
        09:03:30  end    c sales Boris agent
        09:03:30  stops  boris1
        09:03:40  answer c vip Anna
        09:04:00  enter  d sales
        09:04:10  answer d sales Anna
        """
    )
    passed = next(event for event in log if isinstance(event, LegTransferred))
    told_last = [*(event for event in log if event is not passed), passed]

    for order in (log, told_last):
        _, facts = run([encode(event) for event in order], under({}))
        assert shown(facts, "rona")[1] == (
            "warning", "resolved", moment("09:02:15"), moment("09:03:40")
        )  # fmt: skip


def test_a_cancelled_call_neither_counts_nor_ends_a_row() -> None:
    facts = told(
        """
        09:00:00  login  Anna sales
        09:01:00  enter  a sales
        09:01:05  ring   a sales Anna
        09:01:15  miss   a sales Anna
        09:02:00  enter  b sales
        09:02:05  ring   b sales Anna
        09:02:07  cancel b sales Anna
        09:03:00  enter  c sales
        09:03:05  ring   c sales Anna
        09:03:15  miss   c sales Anna
        """,
        {},
    )

    assert [each[0] for each in shown(facts, "rona")] == ["info", "warning"]


def test_three_misses_within_half_an_hour_are_a_warning_though_calls_are_taken() -> None:
    rows = [
        f"""
        09:{minute:02}:00  enter  m{minute} sales
        09:{minute:02}:05  ring   m{minute} sales Anna
        09:{minute:02}:15  miss   m{minute} sales Anna
        09:{minute:02}:30  enter  t{minute} sales
        09:{minute:02}:31  ring   t{minute} sales Anna
        09:{minute:02}:35  answer t{minute} sales Anna
        09:{minute:02}:50  end    t{minute} sales Anna caller
        09:{minute:02}:55  abandon m{minute} sales
        """
        for minute in (1, 10, 31)
    ]
    facts = told("09:00:00 login Anna sales\n" + "".join(rows), {})

    # The first and the third lie 30 minutes apart to the second: the window is half open.
    assert [each[0] for each in shown(facts, "rona")] == ["info", "info", "info"]
    closer = told("09:00:00 login Anna sales\n" + "".join(rows).replace("09:31:", "09:30:"), {})
    assert shown(closer, "rona")[-1] == (
        "warning", "resolved", moment("09:30:15"), moment("09:30:35")
    )  # fmt: skip


# --- while others wait --------------------------------------------------------------------

ROW = """
    09:00:00  login   Anna sales
    09:01:00  enter   a sales
    09:01:05  ring    a sales Anna
    09:01:15  miss    a sales Anna
    09:02:00  enter   b sales
    09:02:05  ring    b sales Anna
    09:02:15  miss    b sales Anna
"""
"""The second miss, at 09:02:15, is the second in a row; who is called a waits all the while."""
ALONE = ROW.replace("09:02:00", "09:01:40  abandon a sales\n    09:02:00")
LATER = """
    09:03:00  enter   c sales
    09:03:10  ring    b sales Anna again
    09:03:20  miss    b sales Anna again
    09:04:00  enter   d sales
    09:04:01  ring    d sales Anna
    09:04:04  answer  d sales Anna
"""


def test_a_row_of_misses_while_others_wait_is_critical() -> None:
    facts = told(ROW + "09:02:16 beat", {})

    assert shown(facts, "rona") == [
        ("info", "resolved", moment("09:01:15"), moment("09:01:15")),
        ("critical", "firing", moment("09:02:15"), None),
    ]
    found = evidence(violations(facts, "rona")[1])
    assert found["waiting"] == [0, 1]
    assert found["critical_at"] == moment("09:02:15")
    assert found["waiting_legs"] == found["legs"][:1]


def test_it_is_a_warning_until_the_moment_of_the_miss_has_passed() -> None:
    """What else happened at that moment may still be told."""
    state, before = run(values(ROW), under({}))
    _, after = run(values("09:02:15.001 beat"), under({}), state)

    assert shown(before, "rona")[1][0] == "warning"
    assert shown(after, "rona") == [("critical", "firing", moment("09:02:15"), None)]


def test_the_caller_that_is_offered_is_no_other() -> None:
    facts = told(ALONE + "09:02:16 beat", {})

    assert shown(facts, "rona")[1] == ("warning", "firing", moment("09:02:15"), None)
    assert evidence(violations(facts, "rona")[1])["waiting"] == [0, 0]


def test_who_waits_in_another_queue_does_not_count() -> None:
    facts = told(ALONE + "09:02:16 beat", {})
    elsewhere = told("09:00:30 enter x vip\n" + ALONE + "09:02:16 beat", {})

    assert shown(elsewhere, "rona") == shown(facts, "rona")


def test_a_single_miss_is_of_no_consequence_whoever_waits() -> None:
    facts = told("09:00:30 enter x sales" + ROW.split("09:02:00")[0] + "09:01:20 beat", {})

    assert shown(facts, "rona") == [
        ("info", "resolved", moment("09:01:15"), moment("09:01:15"))
    ]


def test_a_warning_becomes_critical_at_the_first_miss_with_others_waiting() -> None:
    """At 09:03:20 c waits besides b; at 09:02:15 nobody did."""
    facts = told(ALONE + LATER, {})

    assert shown(facts, "rona")[1] == (
        "critical", "resolved", moment("09:02:15"), moment("09:04:04")
    )  # fmt: skip
    found = evidence(violations(facts, "rona")[1])
    assert found["waiting"] == [0, 0, 1]
    assert found["critical_at"] == moment("09:03:20")


@pytest.mark.parametrize(
    ("left", "severity"), [("09:02:15", "warning"), ("09:02:15.001", "critical")]
)
def test_who_leaves_at_the_moment_of_the_miss_waits_no_more(left: str, severity: str) -> None:
    log = ROW.replace("09:02:15  miss", f"{left} abandon a sales\n 09:02:15 miss")

    assert shown(told(log + "09:02:16 beat", {}), "rona")[1][0] == severity


@pytest.mark.parametrize(
    ("entered", "severity"), [("09:02:15", "critical"), ("09:02:15.001", "warning")]
)
def test_who_enters_at_the_moment_of_the_miss_waits(entered: str, severity: str) -> None:
    log = ALONE + f"{entered} enter x sales\n09:02:16 beat"

    assert shown(told(log, {}), "rona")[1][0] == severity


def test_so_many_must_wait_as_the_rule_says_and_zero_means_never() -> None:
    log = ROW + "09:02:16 beat"
    two = "09:01:30 enter x sales\n" + log

    assert shown(told(log, {"rona": {"critical_waiting": 2}}), "rona")[1][0] == "warning"
    assert shown(told(two, {"rona": {"critical_waiting": 2}}), "rona")[1][0] == "critical"
    assert shown(told(two, {"rona": {"critical_waiting": 0}}), "rona")[1][0] == "warning"


def test_an_exit_that_is_told_late_takes_back_that_it_was_critical() -> None:
    log = [*values(ROW + "09:02:30 beat"), *values("09:02:10 abandon a sales")]
    _, facts = run(log, under({}))

    severities = [
        each.severity
        for each in facts
        if isinstance(each, Violation) and each.fired_at == moment("09:02:15")
    ]
    assert severities == ["warning", "critical", "warning"]
    assert evidence(violations(facts, "rona")[1])["waiting"] == [0, 0]


def test_an_entry_that_is_told_late_makes_it_critical() -> None:
    log = [*values(ALONE + "09:02:30 beat"), *values("09:02:10 enter x sales")]
    _, facts = run(log, under({}))

    assert shown(facts, "rona")[1][0] == "critical"


def test_no_order_and_no_cut_changes_how_severe_it_is() -> None:
    told_in_order = events(ALONE + LATER + "09:05:00 abandon b sales\n09:06:00 abandon c sales")
    straight = _said(told_in_order, 1)

    assert [each.severity for each in straight] == ["info", "critical"]
    for seed in range(20):
        crooked = random.Random(seed).sample(told_in_order, len(told_in_order))
        assert _said(crooked, 1 + seed % 5) == straight


def _said(log: list[Event], size: int) -> list[Violation]:
    beat = values("09:10:00 beat")
    _, facts = run([*map(encode, log), *beat], under({}), size=size)
    return [replace(each, revision=0, known_at=0) for each in violations(facts, "rona")]


def test_what_was_found_stays_when_who_waited_is_forgotten() -> None:
    """Hours later nobody knows any more who waited; the episode is still open."""
    hours = (9, 10, 11, 12)
    minutes = [f"{hour:02}:{minute:02}:30 beat" for hour in hours for minute in range(60)]
    log = values(ROW + "09:02:16 beat\n" + "\n".join(minutes[3:]))
    state, facts = run(log, under({}), size=50)
    state, later = run(values("12:59:40 beat"), under({}), thaw(freeze(state)))

    assert shown([*facts, *later], "rona")[1][0] == "critical"
    assert state.docket.missed == {}
    assert state.queues["sales"].left == []


DODGED = """
    09:00:00  login  Anna sales
    09:01:00  enter  a sales
    09:01:05  ring   a sales Anna
    09:01:08  pause  Anna sales coffee
    09:01:20  miss   a sales Anna
"""


def test_a_pause_right_after_a_call_began_to_ring_dodges_it_if_nobody_answers() -> None:
    going_on = told(DODGED + "09:21:20 beat", {})

    assert shown(going_on, "toggle") == [("warning", "firing", moment("09:01:20"), None)]
    over = told(DODGED + "09:21:21 beat", {})
    assert shown(over, "toggle") == [
        ("warning", "resolved", moment("09:01:20"), moment("09:21:20"))
    ]
    (episode,) = violations(over, "toggle")
    rang_paused_missed = {event.id for event in events(DODGED)[-3:]}
    assert set(evidence(episode)["events"]) == rang_paused_missed


@pytest.mark.parametrize(
    ("paused", "reason", "then", "why"),
    [
        ("09:01:08.001", "coffee", "miss", "later than 3 s after the call began to ring"),
        ("09:01:04.999", "coffee", "miss", "before it rang"),
        ("09:01:06", "coffee", "answer", "the call was answered"),
        ("09:01:06", "coffee", "cancel", "the caller hung up"),
        ("09:01:06", "Auto-Pause", "miss", "the PBX paused her"),
    ],
)
def test_another_pause_dodges_nothing(paused: str, reason: str, then: str, why: str) -> None:
    day = DODGED.replace("09:01:08 ", paused).replace("coffee", reason)

    assert shown(told(day.replace("miss ", then), {}), "toggle") == [], why


def test_dodges_within_the_quiet_time_are_one_episode_whose_times_may_be_set() -> None:
    again = """
        09:10:00  unpause Anna sales
        09:15:00  enter  b sales
        09:15:05  ring   b sales Anna
        09:15:07  pause  Anna sales coffee
        09:15:20  miss   b sales Anna
        09:36:00  beat
    """

    (episode,) = violations(told(DODGED + again, {}), "toggle")
    assert (episode.fired_at, episode.cleared_at, evidence(episode)["count"]) == (
        moment("09:01:20"), moment("09:35:20"), 2,
    )  # fmt: skip
    assert shown(told(DODGED + again, {"toggle": {"after_offer": "0s"}}), "toggle") == []
