"""A person who is in a queue twice: by two phones of one name, or at two PBXs."""

import random

from tests.core.phoned import shown
from tests.readings import breaks, comparable, sessions, states
from tests.timetable import moment, run, values

TWO_PHONES = """
    09:00:00  login  Anna sales 0 P/1 SIP/1
    09:00:05  login  Anna sales 0 P/2 SIP/2
    09:01:00  logout Anna sales SIP/2
    09:02:00  logout Anna sales SIP/1
"""


def session(log: list[bytes]) -> tuple[int, int | None]:
    (one,) = sessions(run(log)[1])
    return one.logged_in_at, one.logged_out_at


def test_who_takes_one_of_his_phones_out_of_a_queue_stays_logged_in_by_the_other() -> None:
    log = values(TWO_PHONES)

    assert session(log) == (moment("09:00:00"), moment("09:02:00"))
    straight = comparable(run(log)[1])
    random.Random(2).shuffle(log)
    assert comparable(run(log)[1]) == straight


def test_a_log_that_names_no_phone_changes_nothing_of_that() -> None:
    told_too = """
        09:00:00  log: login  Anna sales
        09:00:05  log: login  Anna sales
        09:01:00  log: logout Anna sales
        09:02:00  log: logout Anna sales
    """

    assert session(values(TWO_PHONES) + values(told_too)) == session(values(TWO_PHONES))


def test_of_two_phones_the_one_that_a_snapshot_lacks_is_out() -> None:
    log = values("""
        09:00:00  login  Anna sales 0 P/1 SIP/1
        09:00:05  login  Anna sales 0 P/2 SIP/2
        09:00:20  lost
        09:00:30  member s1 Anna sales _ _ 09:00:30 _ _ 0 SIP/1
        09:00:30  complete s1 09:00:30
        09:01:00  logout Anna sales SIP/1
    """)

    assert session(log) == (moment("09:00:00"), moment("09:01:00"))


def test_both_phones_that_a_snapshot_lists_are_in() -> None:
    log = values("""
        09:00:30      queue  s1 sales 0
        09:00:30      member s1 Anna sales _ _ 09:00:30 _ _ 0 SIP/1
        09:00:30.004  member s1 Anna sales _ _ 09:00:30 _ _ 0 SIP/2
        09:00:30.004  complete s1 09:00:30
        09:01:00      logout Anna sales SIP/1
        09:02:00      logout Anna sales SIP/2
    """)

    assert session(log) == (moment("09:00:30"), moment("09:02:00"))


def test_queues_of_two_pbxs_that_have_the_same_name_are_two() -> None:
    one = values("09:00:00 login Anna sales 0 P/1 SIP/1\n09:01:00 logout Anna sales SIP/1")
    other = values(
        "09:00:10 login Anna sales 0 P/1 SIP/1\n09:02:00 logout Anna sales SIP/1", source="pbx2"
    )
    log = [one[0], other[0], one[1], other[1]]

    facts = run(log)[1]

    assert session(log) == (moment("09:00:00"), moment("09:02:00"))
    assert [each.state for each in states(facts, "Anna")] == ["ready"]


def test_a_log_that_ends_what_was_lost_ends_it_for_both_phones() -> None:
    log = values("""
        09:00:00  login  Anna sales 0 P/1 SIP/1
        09:00:05  login  Anna sales 0 P/2 SIP/2
        09:01:00  log: logout Anna sales
    """)

    assert session(log) == (moment("09:00:00"), moment("09:01:00"))


IN_BY_BOTH = """
    09:00:00  login  Anna sales 0 P/1 SIP/1
    09:00:05  login  Anna sales 0 P/2 SIP/2
"""


def rests(text: str) -> list[tuple[str, int, int | None]]:
    """Return Anna's breaks: why, since when and until when [ms]."""
    log = values(IN_BY_BOTH + text)
    facts = run(log)[1]
    for seed in range(3):
        crooked = log.copy()
        random.Random(seed).shuffle(crooked)
        assert comparable(run(crooked)[1]) == comparable(facts)
    return [(each.reason, each.started_at, each.ended_at) for each in breaks(facts)]


def test_who_pauses_one_of_his_phones_is_rung_at_the_other_and_has_no_break() -> None:
    one = """
        09:01:00  pause   Anna sales lunch SIP/1
        09:02:00  unpause Anna sales SIP/1
        09:03:00  pause   Anna sales lunch SIP/2
    """

    assert rests(one) == []
    assert [each.state for each in states(run(values(IN_BY_BOTH + one))[1], "Anna")] == [
        "ready"
    ]


def test_who_pauses_both_phones_has_a_break_from_the_second_to_the_first_that_is_back() -> None:
    assert rests("""
        09:01:00  pause   Anna sales lunch SIP/1
        09:03:00  pause   Anna sales lunch SIP/2
        09:07:00  unpause Anna sales SIP/1
        09:07:30  unpause Anna sales SIP/2
    """) == [("lunch", moment("09:03:00"), moment("09:07:00"))]


def test_whose_only_phone_that_rings_leaves_the_queue_has_a_break_at_the_other() -> None:
    assert rests("""
        09:01:00  pause   Anna sales lunch SIP/1
        09:03:00  logout  Anna sales SIP/2
        09:07:00  unpause Anna sales SIP/1
    """) == [("lunch", moment("09:03:00"), moment("09:07:00"))]


def test_who_joins_by_a_second_phone_on_a_break_has_ended_it() -> None:
    assert rests("""
        09:01:00  logout  Anna sales SIP/2
        09:02:00  pause   Anna sales lunch SIP/1
        09:05:00  login   Anna sales 0 P/2 SIP/2
        09:06:00  pause   Anna sales tea SIP/2
    """) == [
        ("lunch", moment("09:02:00"), moment("09:05:00")), ("tea", moment("09:06:00"), None),
    ]  # fmt: skip


def test_a_list_that_has_one_of_his_phones_paused_tells_of_no_break() -> None:
    paused, rings = "paused lunch 09:03:00 _ _ 0 SIP/1", "_ _ 09:03:00 _ _ 0 SIP/2"
    for one, other in ((paused, rings), (rings, paused)):
        assert (
            rests(f"""
            09:01:00      pause  Anna sales lunch SIP/1
            09:02:00      lost
            09:03:00      member s1 Anna sales {one}
            09:03:00.004  member s1 Anna sales {other}
            09:03:00.004  complete s1 09:03:00
        """)
            == []
        )


def test_a_list_that_has_both_of_his_phones_paused_tells_of_a_break() -> None:
    assert rests("""
        09:01:00      pause  Anna sales lunch SIP/1
        09:02:00      lost
        09:03:00      member s1 Anna sales paused lunch 09:03:00 _ _ 0 SIP/1
        09:03:00.004  member s1 Anna sales paused lunch 09:03:00 _ _ 0 SIP/2
        09:03:00.004  complete s1 09:03:00
    """) == [("lunch", moment("09:03:00.004"), None)]


def test_a_pause_of_which_only_the_log_tells_is_of_both_phones() -> None:
    assert rests("""
        09:01:00  log: pause   Anna sales lunch
        09:02:00  log: unpause Anna sales
    """) == [("lunch", moment("09:01:00"), moment("09:02:00"))]


def test_who_talks_at_two_phones_talks_until_both_are_free() -> None:
    """The second call says nothing of the first: it was not taken at the same phone."""
    facts = run(
        values("""
            08:59:00  login  Anna sales
            09:00:00  enter  one sales
            09:00:01  ring   one sales Anna a1 SIP/1001
            09:00:05  leave  one sales
            09:00:05  answer one sales Anna _ a1
            09:00:10  enter  two sales
            09:00:11  ring   two sales Anna a2 SIP/2001
            09:00:15  leave  two sales
            09:00:15  answer two sales Anna _ a2
            09:00:20  end    two sales Anna caller _ a2
            09:00:40  end    one sales Anna caller _ a1
            09:01:00  beat
        """)
    )[1]

    assert [each for each in shown(facts) if each[1] >= moment("09:00:05")] == [
        ("talking", moment("09:00:05"), moment("09:00:40")),
        ("ready", moment("09:00:40"), None),
    ]
