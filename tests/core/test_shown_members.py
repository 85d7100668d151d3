"""Members of queues.conf, whose joining nobody tells: the first word of their state does."""

from schemas.facts import Fact
from tests.core.phoned import shown
from tests.readings import breaks, comparable, legs, sessions
from tests.timetable import moment, run, values


def told(text: str) -> list[Fact]:
    return run(values(text))[1]


def member(at: str, queue: str, paused: str = "no", reason: str = "-", by: str = "1001") -> str:
    device, interface = f"hint:{by}@local", f"Local/{by}@from-queue/n"
    return f"{at} shown Anna {queue} {paused} {reason} 08:30:00 {device} - 10 {interface}\n"


CALL = """
    09:00:00  enter  a sales
    09:00:05  ring   a sales Anna
    09:00:10  leave  a sales
    09:00:10  answer a sales Anna
    09:01:00  end    a sales Anna caller
    09:02:00  beat
"""


def test_he_is_logged_in_since_then_and_has_the_after_work_of_his_queue() -> None:
    facts = told(member("08:30:00", "sales") + CALL)

    assert [each.logged_in_at for each in sessions(facts)] == [moment("08:30:00")]
    assert shown(facts) == [
        ("ready", moment("08:30:00"), moment("09:00:05")),
        ("reserved", moment("09:00:05"), moment("09:00:10")),
        ("talking", moment("09:00:10"), moment("09:01:00")),
        ("wrapup", moment("09:01:00"), moment("09:01:10")),
        ("ready", moment("09:01:10"), None),
    ]


def test_his_phone_is_the_one_whose_state_the_queue_looks_at() -> None:
    direct = """
        08:40:00  starts anna1 2025550101
        08:40:01  starts trunk7@anna1
        08:40:05  picks  trunk7@anna1
        08:40:05  joins  anna1 b1
        08:41:00  stops  anna1
    """
    (leg,) = legs(told(member("08:30:00", "sales", by="anna") + direct))

    assert (leg.agent_id, leg.direction) == ("Anna", "out")


def test_a_break_is_one_of_all_of_his_queues() -> None:
    facts = told(
        member("08:30:00", "sales", "paused", "Lunch")
        + member("08:31:00", "support", "paused", "Lunch")
        + "08:40:00 unpause Anna sales\n 08:40:00 unpause Anna support\n 08:41:00 beat"
    )

    assert [(each.reason, each.ended_at) for each in breaks(facts)] == [
        ("Lunch", moment("08:40:00"))
    ]


def test_what_was_told_of_him_just_before_stands() -> None:
    paused = "08:29:59.500 login Anna sales\n 08:29:59.900 pause Anna sales Lunch\n"
    facts = told(paused + member("08:30:00", "sales"))

    assert shown(facts)[-1] == ("not_ready", moment("08:29:59.9"), None)


def test_by_another_phone_he_stays_a_member_when_one_is_taken_out() -> None:
    out = "08:50:00 logout Anna sales Local/1001@from-queue/n\n 08:51:00 beat"
    both = member("08:30:00", "sales", by="1002") + member("08:30:01", "sales")

    assert [each.logged_out_at for each in sessions(told(both + out))] == [None]
    assert [
        each.logged_out_at for each in sessions(told(member("08:30:00", "sales") + out))
    ] == [moment("08:50:00")]


def test_who_is_known_to_be_a_member_is_shown_in_vain_and_in_any_order() -> None:
    text = "08:20:00 login Anna sales 10 hint:1001@local Local/1001@from-queue/n\n" + CALL
    log = values(text)
    straight = told(text)

    for at in ("08:30:00", "09:00:07", "09:00:30", "09:01:05", "09:01:59"):
        (late,) = values(member(at, "sales"))
        for place in range(3, len(log) + 1):
            assert comparable(run([*log[:place], late, *log[place:]])[1]) == comparable(
                straight
            )
