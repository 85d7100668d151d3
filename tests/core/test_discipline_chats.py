"""Agents who talk with each other while callers wait for them; worked out by hand."""

import random
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.events import Event, encode
from schemas.facts import Fact, Violation
from stream_processors.core.pipeline import freeze, thaw
from stream_processors.core.state import Terms
from tests.core.judged import evidence, under
from tests.readings import legs, violations
from tests.timetable import events, moment, run, values

Shown = list[tuple[str, str, str, int | None, int | None]]
PEOPLE = {"Anna": {"devices": ["SIP/anna"]}, "Boris": {"devices": ["SIP/boris"]}}

CALL = """
    08:58:00  login   Anna sales
    08:58:00  login   Boris vip
    09:00:00  starts  anna1 203
    09:00:00  starts  boris1@anna1
    09:00:01  alerts  boris1@anna1
    09:00:05  picks   boris1@anna1
    09:00:05  joins   boris1@anna1 b
    09:00:05  joins   anna1 b
"""
"""Anna calls Boris; from 09:01:05 on callers wait in vain."""
END = """
    09:05:00  parts   boris1@anna1 b
    09:05:00  parts   anna1 b
    09:05:00  stops   boris1@anna1 16
    09:05:00  stops   anna1 16
"""
WAITING = CALL + "09:00:30 enter x sales\n"


def chatting(rules: dict[str, Any] | None = None) -> Terms:
    return under(rules or {}, agents=PEOPLE)


def told(text: str, size: int = 1, rules: dict[str, Any] | None = None) -> list[Fact]:
    return run(values(text), chatting(rules), size=size)[1]


def shown(facts: list[Fact]) -> Shown:
    return [
        (each.agent_id, each.severity, each.state, each.fired_at, each.cleared_at)
        for each in violations(facts, "ghost_busy")
    ]


@pytest.mark.parametrize("size", [1, 100])
def test_who_talks_with_a_colleague_while_callers_of_his_wait_is_told_of(size: int) -> None:
    """A minute is free, half a minute the grace; vip, where Boris is, has nobody waiting."""
    facts = told(WAITING + "09:01:35.001 beat", size)

    assert shown(facts) == [("Anna", "warning", "firing", moment("09:01:35"), None)]
    (episode,) = violations(facts, "ghost_busy")
    (waiting,) = [leg.leg_id for leg in legs(facts) if leg.queue_id == "sales"]
    mine = next(leg.leg_id for leg in legs(facts) if leg.agent_id == "Anna")
    assert (episode.queue_id, episode.pending_at) == ("sales", moment("09:01:05"))
    assert evidence(episode) == {
        "events": [], "legs": [mine], "started_at": moment("09:00:05"), "with": ["Boris"],
        "waiting_from": moment("09:01:05"), "waiting_until": None, "waiting_legs": [waiting],
        "limit_ms": 60_000, "grace_ms": 30_000,
    }  # fmt: skip


def test_it_is_over_with_the_call() -> None:
    facts = told(WAITING + END + "09:06:00 beat")

    assert shown(facts) == [
        ("Anna", "warning", "resolved", moment("09:01:35"), moment("09:05:00"))
    ]


def test_both_are_where_callers_wait_for_both() -> None:
    facts = told(WAITING + "09:02:00 enter y vip\n09:03:00 beat")

    assert shown(facts) == [
        ("Anna", "warning", "firing", moment("09:01:35"), None),
        ("Boris", "warning", "firing", moment("09:02:30"), None),
    ]


@pytest.mark.parametrize(
    "served",
    [
        "09:01:30  abandon x sales",
        "09:01:30  pause   Anna sales tea",
        "09:01:30  logout  Anna sales",
        END.replace("09:05:00", "09:01:30"),
    ],
)
def test_it_is_nothing_if_nobody_waits_in_vain_any_more(served: str) -> None:
    assert shown(told(WAITING + served + "\n09:03:00 beat")) == []


@pytest.mark.parametrize(
    ("gone", "fires"), [("09:01:20", "09:02:10"), ("09:01:40", "09:01:35")]
)
def test_callers_in_turn_are_one_waiting_if_no_moment_lies_between(
    gone: str, fires: str
) -> None:
    """The second one enters at 09:01:40; if the first has gone before, it begins anew."""
    facts = told(WAITING + f"{gone} abandon x sales\n09:01:40 enter y sales\n09:03:00 beat")

    assert shown(facts)[0][3] == moment(fires)


def test_queues_in_turn_are_one_waiting() -> None:
    both = "08:58:30 login Anna vip\n" + WAITING
    facts = told(both + "09:01:10 enter y vip\n09:01:15 abandon x sales\n09:03:00 beat")

    assert shown(facts)[0] == ("Anna", "warning", "firing", moment("09:01:35"), None)


def test_a_word_about_a_caller_on_hold_is_work_for_both() -> None:
    caller = """
        08:59:00  enter   c sales
        08:59:10  ring    c sales Anna
        08:59:12  answer  c sales Anna
    """
    facts = told(caller + WAITING + "09:01:00 enter y vip\n09:03:00 beat")
    assert shown(facts) == []

    # Without the caller, nothing more is to be asked.
    more = told(caller + WAITING + "09:02:00 end c sales Anna caller\n09:03:00 beat")
    assert shown(more) == [("Anna", "warning", "firing", moment("09:02:30"), None)]


def test_a_call_with_somebody_else_is_none() -> None:
    outside = WAITING.replace("boris1", "trunk1")

    assert shown(told(outside + "09:03:00 beat")) == []


def test_who_joins_a_queue_in_a_call_lets_its_callers_wait_from_then_on() -> None:
    text = WAITING.replace("login   Anna sales", "login   Anna vip")
    facts = told(text + "09:02:00 login Anna sales\n09:03:00 beat")

    assert shown(facts) == [("Anna", "warning", "firing", moment("09:02:30"), None)]


def test_what_is_told_late_takes_it_back_or_brings_it_about() -> None:
    elsewhere = WAITING.replace("login   Anna sales", "login   Anna vip")
    gone = (WAITING, "09:01:10 abandon x sales")
    left = (WAITING, "08:59:00 logout Anna sales")
    come = (CALL, "09:01:10 enter x sales")
    joined = (elsewhere, "08:59:00 login Anna sales")

    assert late(*gone) == late(*left) == []
    assert late(*come) == [("Anna", "warning", "firing", moment("09:01:40"), None)]
    assert late(*joined) == [("Anna", "warning", "firing", moment("09:01:35"), None)]


def late(before: str, then: str) -> Shown:
    log = [*values(before + "09:03:00 beat"), *values(then)]
    return shown(run(log, chatting())[1])


def test_thresholds_hold_and_a_rule_that_is_off_is_never_judged() -> None:
    text = WAITING + "09:03:00 beat"
    strict = {"ghost_busy": {"limit": "30s", "grace": "0s"}}

    assert shown(told(text, rules=strict))[0][3] == moment("09:00:35")
    assert shown(told(text, rules={"ghost_busy": {"enabled": False}})) == []


def test_no_order_and_no_cut_changes_it() -> None:
    told_in_order = events(
        WAITING
        + """
        09:01:15  enter   y sales
        09:01:20  abandon x sales
        09:02:00  pause   Anna sales tea
        09:02:30  unpause Anna sales
        09:02:40  enter   z vip
        """
        + END
    )
    straight = said(told_in_order, 1)

    assert [(each.agent_id, each.fired_at) for each in straight] == [
        ("Anna", moment("09:01:35")), ("Boris", moment("09:03:10")),
    ]  # fmt: skip
    for seed in range(20):
        crooked = random.Random(seed).sample(told_in_order, len(told_in_order))
        assert said(crooked, 1 + seed % 5) == straight


def said(log: list[Event], size: int) -> list[Violation]:
    _, facts = run([*map(encode, log), *values("09:07:00 beat")], chatting(), size=size)
    return [replace(each, revision=0, known_at=0) for each in violations(facts, "ghost_busy")]


def test_what_was_found_stays_when_who_waited_is_forgotten() -> None:
    """The call lasts for three hours; who waited at its beginning is known no more."""
    beats = [f"{hour:02}:{minute:02}:30 beat" for hour in (9, 10, 11) for minute in range(60)]
    log = values(WAITING + "09:02:00 abandon x sales\n" + "\n".join(beats[3:]))
    state, facts = run(log, chatting(), size=50)
    then = values("11:59:40 enter y sales\n11:59:50 abandon y sales\n11:59:55 beat")
    state, later = run(then, chatting(), thaw(freeze(state)))

    assert shown([*facts, *later]) == [("Anna", "warning", "firing", moment("09:01:35"), None)]
    (chat,) = state.docket.diaries["Anna"].chats.values()
    assert [(each.start, each.end) for each in chat.crowds] == [
        (moment("09:01:05"), moment("09:02:00")), (moment("11:59:40"), moment("11:59:50")),
    ]  # fmt: skip


def test_of_calls_that_are_long_over_nothing_is_kept() -> None:
    beats = [f"{hour:02}:{minute:02}:30 beat" for hour in range(9, 15) for minute in range(60)]
    log = values(WAITING + END + "09:05:10 abandon x sales\n" + "\n".join(beats[6:]))
    state, _ = run(log, chatting(), size=50)

    assert state.docket.chatting == {}
    assert all(not diary.chats for diary in state.docket.diaries.values())
