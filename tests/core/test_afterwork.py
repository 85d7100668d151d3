"""The after-work of calls: a part of handling them, told as timetables."""

from random import Random

import pytest

from tests.readings import comparable, legs
from tests.timetable import run, terms, values

CALL = """
    08:59:00      login  Anna sales 10
    09:00:00      enter  a sales
    09:00:10      leave  a sales
    09:00:10      answer a sales Anna
    09:01:00      end    a sales Anna caller
    09:01:00      hangup a
"""


@pytest.mark.parametrize(
    ("after", "wrapup_ms"),
    [
        # The time of the queue is over.
        ("09:02:00 beat", 10_000),
        # It is not over yet.
        ("09:01:05 beat", None),
        # Another call reaches her.
        (
            """
            09:01:03  enter b sales
            09:01:04  ring  b sales Anna
            09:02:00  beat
            """,
            4_000,
        ),
        # She logs out.
        ("09:01:07  logout Anna sales\n 09:02:00 beat", 7_000),
        # She goes on, on a pause for it.
        (
            """
            09:01:08  pause   Anna sales wrap-up
            09:01:45  unpause Anna sales
            09:02:00  beat
            """,
            45_000,
        ),
    ],
)
def test_an_after_work_is_of_the_call_before_it(after: str, wrapup_ms: int | None) -> None:
    log = values(CALL + after)
    _, facts = run(log)

    (leg,) = (leg for leg in legs(facts) if leg.agent_id == "Anna")
    assert (leg.talk_ms, leg.wrapup_ms) == (50_000, wrapup_ms)
    for seed in range(5):
        crooked = Random(seed).sample(log, len(log))
        assert comparable(run(crooked)[1]) == comparable(facts)


@pytest.mark.parametrize(
    ("pauses", "until", "wrapup_ms"),
    [("09:01:02", "09:01:30", 28_000), ("09:02:30", "09:03:00", None)],
)
def test_a_pause_for_it_is_of_a_call_that_it_follows_soon(
    pauses: str, until: str, wrapup_ms: int | None
) -> None:
    none = CALL.replace("login  Anna sales 10", "login Anna sales")
    _, facts = run(
        values(none + f"{pauses} pause Anna sales ACW\n {until} unpause Anna sales\n"),
    )

    (leg,) = legs(facts)
    assert leg.wrapup_ms == wrapup_ms


def test_the_after_work_of_a_call_is_known_however_long_its_caller_stays() -> None:
    beats = "\n".join(f"09:{minute:02}:00 beat" for minute in range(3, 59))
    _, facts = run(
        values(
            CALL.replace("09:01:00      hangup a", "")
            + f"""
            09:01:00.5  enter  a vip
            09:01:20    leave  a vip
            09:01:20    answer a vip Boris
            {beats}
            09:59:00    end    a vip Boris caller
            09:59:00    hangup a
            """
        ),
        terms(),
    )

    assert {leg.agent_id: leg.wrapup_ms for leg in legs(facts)} == {
        "Anna": 10_000, "Boris": None,
    }  # fmt: skip


def test_an_after_work_that_outlasts_what_is_remembered_of_calls_is_still_theirs() -> None:
    beats = "\n".join(f"09:{minute:02}:00 beat" for minute in range(2, 45))
    paused = f"09:01:01 pause Anna sales ACW\n{beats}\n09:45:00 unpause Anna sales"
    _, facts = run(values(CALL + paused))

    (leg,) = legs(facts)
    assert leg.wrapup_ms == 44 * 60_000


def test_a_list_tells_the_after_work_of_whom_a_log_tells_of_at_that_moment() -> None:
    listed = """
        08:56:00 log: login Anna sales
        08:59:00 log: pause Anna sales Lunch
        08:59:00.600  member s1 Anna sales paused Lunch 08:59:00 SIP/anna - 10
        08:59:00.600  complete s1 08:59:00
        08:59:20 log: unpause Anna sales
    """
    log = values(
        listed + CALL.replace("08:59:00      login  Anna sales 10", "") + "09:02:00 beat"
    )
    _, facts = run(log)

    (leg,) = legs(facts)
    assert leg.wrapup_ms == 10_000
    for late in range(len(log)):
        crooked = [*log[:late], *log[late + 1 :], log[late]]
        assert comparable(run(crooked)[1]) == comparable(facts)
