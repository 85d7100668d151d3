"""Wrap-up times of queues, which only the settings tell, as timetables."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.facts import Fact
from schemas.policies import Policies, PolicyHistory, QueuePolicy
from stream_processors.core.pipeline import freeze, thaw
from stream_processors.core.state import State, Terms
from tests.core.drawn import some
from tests.core.phoned import DIRECTORY
from tests.core.test_pickups import PICKED_UP
from tests.readings import comparable, legs, states, teams
from tests.timetable import TENANT, moment, run, terms, values

CALL = """
    09:00:00      enter  a sales
    09:00:10      leave  a sales
    09:00:10      answer a sales Anna
    09:01:00      end    a sales Anna caller
    09:01:00      hangup a
"""
OVER = "09:02:00 beat"


def wrapping(**seconds: int) -> Terms:
    """Return terms with wrap-up times [s] of queues."""
    return terms(queues={name: {"wrapup": f"{each}s"} for name, each in seconds.items()})


def afterworks(facts: list[Fact]) -> list[int | None]:
    return [leg.wrapup_ms for leg in legs(facts)]


@pytest.mark.parametrize(
    ("member", "wrapup_ms"),
    [
        # What Asterisk says of whoever has no time of his own, and what one before 18 says.
        ("08:59:00 login  Anna sales 0", 15_000),
        ("08:59:00 shown  Anna sales", 15_000),
        ("08:59:00 log: login Anna sales", 15_000),
        ("08:59:00 member s1 Anna sales - - 08:59:00 SIP/anna - 0", 15_000),
        # His own wins, longer or shorter.
        ("08:59:00 login  Anna sales 40", 40_000),
        ("08:59:00 login  Anna sales 5", 5_000),
        ("08:59:00 shown  Anna sales - - 08:59:00 SIP/anna - 5", 5_000),
        # Until a list says that he has none any more.
        (
            """
            08:58:00 login  Anna sales 40
            08:59:00 member s1 Anna sales - - 08:59:00 SIP/anna - 0
            """,
            15_000,
        ),
        # A sign-in that names no queue is for all of them.
        ("08:59:00 signs_in Anna", 15_000),
        # He has left when the call is over, and is elsewhere.
        (
            """
            08:59:00 login  Anna sales
            08:59:00 login  Anna vip
            09:00:30 logout Anna sales
            """,
            None,
        ),
    ],
)
def test_a_queue_s_time_is_of_members_that_have_none_of_their_own(
    member: str, wrapup_ms: int | None
) -> None:
    _, facts = run(values(f"{member}\n{CALL}\n{OVER}"), wrapping(sales=15))

    assert afterworks(facts) == [wrapup_ms]


def test_a_queue_without_a_setting_has_no_after_work() -> None:
    log = values(f"08:59:00 login Anna sales\n{CALL}\n{OVER}")

    assert afterworks(run(log, wrapping(vip=15))[1]) == [None]
    assert afterworks(run(log, wrapping(sales=0))[1]) == [None]


def test_a_queue_s_time_makes_states_and_occupancy() -> None:
    _, facts = run(
        values(f"08:59:00 login Anna sales\n{CALL}\n09:02:00.001 beat"), wrapping(sales=15)
    )

    assert [(each.state, each.started_at, each.ended_at) for each in states(facts, "Anna")] == [
        ("ready", moment("08:59:00"), moment("09:00:10")),
        ("talking", moment("09:00:10"), moment("09:01:00")),
        ("wrapup", moment("09:01:00"), moment("09:01:15")),
        ("ready", moment("09:01:15"), None),
    ]
    # Of the three minutes since her log-in she talked 50 s and wrapped up 15 s.
    shown = teams(facts)[moment("09:02:00")]
    assert shown.occupancy_30m == pytest.approx(65 / 180)
    assert (shown.ready, shown.wrapup) == (1, 0)


def test_a_call_has_the_time_of_its_own_queue_whatever_his_others_have() -> None:
    calls = "\n".join(
        f"""
        09:0{minute}:00 enter  {queue} {queue}
        09:0{minute}:10 leave  {queue} {queue}
        09:0{minute}:10 answer {queue} {queue} Anna
        09:0{minute}:30 end    {queue} {queue} Anna caller
        09:0{minute}:30 hangup {queue}
        """
        for minute, queue in enumerate(("sales", "vip", "support"), 1)
    )
    joins = """
        08:59:00 login Anna sales
        08:59:00 login Anna vip 7
        08:59:00 login Anna support
    """
    _, facts = run(values(f"{joins}\n{calls}\n09:05:00 beat"), wrapping(sales=15, vip=25))

    assert afterworks(facts) == [15_000, 7_000, None]


def test_a_queue_is_found_by_its_setting_whatever_the_case_of_its_name() -> None:
    log = values(f"08:59:00 login Anna sales\n{CALL}\n{OVER}")
    _, facts = run(log, wrapping(Sales=15))

    assert [(leg.queue_id, leg.wrapup_ms) for leg in legs(facts)] == [("Sales", 15_000)]


def test_who_picks_up_a_call_of_a_queue_that_is_not_his_has_not_its_time() -> None:
    log = values(f"08:58:00 login Boris vip\n{PICKED_UP}\n09:02:00 beat")
    queues = {name: {"wrapup": "15s"} for name in ("sales", "vip")}
    _, facts = run(log, terms(agents=DIRECTORY, queues=queues))

    (leg,) = legs(facts)
    assert (leg.queue_id, leg.agent_id, leg.wrapup_ms) == ("sales", "Boris", None)


def in_force(*versions: tuple[str, int], refold_at: int | None = None) -> Terms:
    """Return terms with the wrap-up time [s] of sales from each moment on."""
    history = [
        (moment(since), Policies(queues={"sales": QueuePolicy(wrapup=timedelta(seconds=each))}))
        for since, each in versions
    ]
    return Terms(PolicyHistory(history), refold_at=refold_at)


CHANGED = (("08:00:00", 0), ("09:02:30", 15), ("09:04:20", 5), ("09:08:00", 30))
"""In force from when: none, then 15 s, 5 s, 30 s."""

FOUR_CALLS = "09:00:30 login Anna sales\n" + "\n".join(
    f"""
    09:0{minute}:00 enter  c{minute} sales
    09:0{minute}:10 leave  c{minute} sales
    09:0{minute}:10 answer c{minute} sales Anna
    09:0{minute + 1}:20 end    c{minute} sales Anna caller
    09:0{minute + 1}:20 hangup c{minute}
    """
    for minute in (1, 3, 5, 7)
)  # ended at 09:02:20, 09:04:20 (as the setting changes), 09:06:20, 09:08:20


def test_a_changed_time_holds_for_talks_that_end_from_then_on() -> None:
    log = values(f"{FOUR_CALLS}\n09:10:00 beat")
    _, facts = run(log, in_force(*CHANGED))

    assert afterworks(facts) == [None, 5_000, 5_000, 30_000]
    for seed in range(5):
        crooked = Random(seed).sample(log, len(log))
        assert comparable(run(crooked, in_force(*CHANGED))[1]) == comparable(facts)


def test_a_live_fold_that_learns_of_a_change_when_it_comes_says_what_a_refold_says() -> None:
    """It is stopped between two calls and goes on under the new setting."""
    log = values(f"{FOUR_CALLS}\n09:10:00 beat")
    state, before = run(log[:6], in_force(("08:00:00", 15)))
    changed = (("08:00:00", 15), ("09:02:30", 40))
    _, after = run(log[6:], in_force(*changed), thaw(freeze(state)))
    _, again = run(log, in_force(*changed, refold_at=1_000), size=7)

    assert afterworks(before + after) == [15_000, 40_000, 40_000, 40_000]
    assert comparable(before + after) == comparable(again)


@some(40)
@given(
    own=st.sampled_from([0, 10, 20]),
    of_queue=st.sampled_from([0, 10, 20]),
    talks=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    gaps=st.lists(st.integers(1, 30), min_size=5, max_size=5),
    size=st.integers(1, 9),
)
def test_each_after_work_is_as_long_as_the_rule_and_the_next_ring_let_it_be(
    own: int, of_queue: int, talks: list[int], gaps: list[int], size: int
) -> None:
    at, lines, expected = 0, [f"login Anna sales {own}"], []
    stamped = [f"09:00:00 {lines[0]}"]

    def tell(text: str) -> None:
        stamped.append(f"09:{at // 60:02}:{at % 60:02} {text}")

    for n, talk in enumerate(talks):
        tell(f"enter  c{n} sales")
        tell(f"ring   c{n} sales Anna")
        at += 2
        tell(f"leave  c{n} sales")
        tell(f"answer c{n} sales Anna")
        at += talk
        tell(f"end    c{n} sales Anna caller")
        tell(f"hangup c{n}")
        is_last = n == len(talks) - 1
        at += 60 if is_last else gaps[n]
        length = own or of_queue
        expected.append(min(length, 60 if is_last else gaps[n]) * 1000 if length else None)
    tell("beat")
    _, facts = run(values("\n".join(stamped)), wrapping(sales=of_queue), size=size)

    assert afterworks(facts) == expected


def test_a_state_that_was_saved_in_after_work_ends_it_in_time() -> None:
    under = wrapping(sales=15)
    state, before = run(values(f"08:59:00 login Anna sales\n{CALL}\n09:01:05 beat"), under)
    saved: State = thaw(freeze(state))
    _, after = run(values("09:01:20 beat"), under, saved)

    assert saved.tenant == TENANT
    assert afterworks(before + after) == [15_000]
