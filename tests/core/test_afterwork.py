"""The after-work of calls: a part of handling them, told as timetables."""

from random import Random

import pytest

from tests.core.phoned import DIRECTORY, of
from tests.core.test_pickups import BEHIND_A_LOCAL_CHANNEL, PICKED_UP
from tests.core.test_transfers import ASKED, PUT_TOGETHER, QUEUED, TALKED_ON
from tests.readings import comparable, legs
from tests.timetable import moment, run, terms, values

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


PICKS_UP = """
    08:58:00  login  Boris vip
    {picked_up}
    09:01:02  pause   Boris vip ACW
    09:01:30  unpause Boris vip
    09:02:00  beat
"""


@pytest.mark.parametrize("text", [PICKED_UP, BEHIND_A_LOCAL_CHANNEL])
def test_who_picked_up_a_call_of_a_queue_that_is_not_his_has_its_after_work(text: str) -> None:
    log = values(PICKS_UP.format(picked_up=text))
    _, facts = run(log, terms(agents=DIRECTORY))

    (leg,) = legs(facts)
    assert (leg.queue_id, leg.agent_id, leg.wrapup_ms) == ("sales", "Boris", 28_000)
    _, at_once = run(log, terms(agents=DIRECTORY), size=len(log))
    assert comparable(at_once) == comparable(facts)


def test_who_got_a_caller_in_the_place_of_an_agent_has_the_after_work() -> None:
    _, facts = run(
        values(
            QUEUED
            + """
            09:00:20  login  Boris vip 10
            09:01:00  holds  anna1@trunk1
            09:01:01  starts anna2 900
            09:01:02  enter  anna2 vip
            09:01:10  passes anna1@trunk1 anna2 900 trunk1
            09:01:10  merges anna2 trunk1
            09:01:10  end    trunk1 sales Anna agent
            09:01:10  stops  anna2 16
            09:01:10  stops  anna1@trunk1 16
            09:01:20  ring   trunk1 vip Boris
            09:01:25  leave  trunk1 vip
            09:01:25  answer trunk1 vip Boris
            09:02:00  end    trunk1 vip Boris caller
            09:02:01  hangup trunk1
            09:03:00  beat
            """
        ),
        terms(agents=DIRECTORY),
    )

    boris = of(facts, "Boris")
    assert (boris.queue_id, boris.talk_ms, boris.wrapup_ms) == ("vip", 35_000, 10_000)


def test_who_passes_a_caller_on_has_after_work_and_so_has_who_takes_him() -> None:
    """Anna's second channel is gone a moment after her talk."""
    on = PUT_TOGETHER.replace("09:01:30  stops", "09:01:30.040 stops")
    text = QUEUED.replace("login  Anna sales", "login  Anna sales 10")
    log = values(text + ASKED + on + TALKED_ON)
    _, facts = run(log, terms(agents=DIRECTORY))

    anna, boris = of(facts, "Anna"), of(facts, "Boris")
    assert (anna.ended_at, anna.wrapup_ms) == (moment("09:01:30"), 10_000)
    # A direct call has none: his queues know nothing of it.
    assert (boris.queue_id, boris.wrapup_ms) == ("", None)


def test_a_break_between_a_talk_and_an_after_work_may_come_late() -> None:
    """Of what follows a break nobody can tell which call it is of."""
    none = CALL.replace("login  Anna sales 10", "login Anna sales")
    log = values(
        none
        + """
        09:01:05  pause   Anna sales Lunch
        09:01:10  pause   Anna sales ACW
        09:01:40  unpause Anna sales
        09:02:00  beat
        """
    )
    (place,) = (place for place, value in enumerate(log) if b"Lunch" in value)
    _, facts = run(log)
    _, late = run([*log[:place], *log[place + 1 :], log[place]])

    (leg,) = legs(facts)
    assert leg.wrapup_ms is None
    assert comparable(late) == comparable(facts)


def test_an_after_work_that_begins_late_is_of_its_call_however_long_it_lasts() -> None:
    """So much is told meanwhile that the end of the talk is out of his reach."""
    told = "\n".join(
        f"09:{minute:02}:00 pause Anna sales ACW\n09:{minute:02}:30 beat"
        for minute in range(2, 55)
    )
    none = CALL.replace("login  Anna sales 10", "login Anna sales")
    _, facts = run(
        values(
            none
            + f"""
            09:01:20 pause Anna sales ACW
            {told}
            09:55:20 unpause Anna sales
            10:30:00 beat
            """
        )
    )

    (leg,) = legs(facts)
    assert leg.wrapup_ms == 54 * 60_000


def test_a_talk_of_no_length_has_not_the_after_work_of_the_one_before_it() -> None:
    _, facts = run(
        values(
            CALL
            + """
            09:00:30  enter  b sales
            09:01:00  leave  b sales
            09:01:00  answer b sales Anna
            09:01:00  end    b sales Anna caller
            09:01:00  hangup b
            09:02:00  beat
            """
        )
    )

    assert [(leg.talk_ms, leg.wrapup_ms) for leg in legs(facts)] == [
        (50_000, 10_000), (0, None),
    ]  # fmt: skip


def test_who_never_comes_back_from_an_after_work_keeps_one_call_in_memory() -> None:
    calls = "".join(
        f"""
        {hour:02}:10:00 enter  c{hour} sales
        {hour:02}:10:05 leave  c{hour} sales
        {hour:02}:10:05 answer c{hour} sales Anna
        {hour:02}:11:00 end    c{hour} sales Anna caller
        {hour:02}:11:00 hangup c{hour}
        {hour:02}:11:00 pause  Anna sales ACW
        {hour:02}:59:00 beat
        """
        for hour in range(10, 20)
    )
    beats = "\n".join(f"2026-03-03 {hour:02}:00:00 beat" for hour in range(10))
    state, facts = run(values("09:00:00 login Anna sales\n" + calls + beats))

    assert list(state.lines) == ["pbx1|c19"]
    assert list(state.agents["Anna"].talked) == ["pbx1|c19"]
    assert [leg.wrapup_ms for leg in legs(facts)] == [*[3_545_000] * 9, None]


def test_of_talks_that_end_at_one_instant_the_last_has_the_after_work() -> None:
    """The end of the first was lost: a list finds both gone."""
    log = values("""
        08:59:00  login  Anna sales 30
        09:00:01  enter  a sales
        09:00:02  leave  a sales
        09:00:02  answer a sales Anna
        09:00:10  lost
        09:00:30  enter  b sales
        09:00:31  leave  b sales
        09:00:31  answer b sales Anna
        09:00:40  lost
        09:00:50  channels_end c1 0 09:00:50
        09:02:00  beat
    """)
    _, facts = run(log)

    assert [(leg.talk_ms, leg.wrapup_ms) for leg in legs(facts)] == [
        (48_000, None), (19_000, 30_000),
    ]  # fmt: skip
    for late in range(len(log)):
        crooked = [*log[:late], *log[late + 1 :], log[late]]
        assert comparable(run(crooked)[1]) == comparable(facts), log[late]
