"""What a gap takes away: the end of a ringing, of a talk; and what is charged only once."""

from msgspec.structs import replace

from schemas.events import OfferEnded, encode
from tests.readings import comparable, legs, offers, states
from tests.timetable import events, moment, run, values


def shown(text: str, agent_id: str) -> list[str]:
    """Return an agent's states in order."""
    return [each.state for each in states(run(values(text))[1], agent_id)]


def test_a_ringing_whose_end_was_lost_ends_within_three_minutes() -> None:
    _, facts = run(
        values("""
            09:00:00 login Anna sales
            09:00:05 enter a sales
            09:00:10 ring  a sales Anna
            09:05:00 beat
        """)
    )

    (offer,) = offers(facts)
    assert (offer.result, offer.ring_ms) == ("failed", 180_000)
    assert [each.state for each in states(facts, "Anna")] == ["ready", "reserved", "ready"]


def test_so_it_does_where_several_are_rung_at_once_and_the_end_of_another_comes_first() -> None:
    log = values("""
        09:00:00.010  enter  a sales
        09:00:01.010  ring   a sales Anna
        09:00:01.020  ring   a sales Boris
        09:00:06.010  cancel a sales Boris
        09:10:00.010  beat
    """)

    straight = run(log)[1]
    crooked = run([log[0], log[3], log[1], log[2], log[4]])[1]

    assert [(each.agent_id, each.result, each.ring_ms) for each in offers(straight)] == [
        ("Anna", "failed", 180_000), ("Boris", "cancelled", 4_990),
    ]  # fmt: skip
    assert comparable(crooked) == comparable(straight)


def test_a_ringing_ends_when_its_queue_rings_the_next_member() -> None:
    _, facts = run(
        values("""
            09:00:00 login Anna sales
            09:00:00 login Boris sales
            09:00:05 enter a sales
            09:00:10 ring  a sales Anna
            09:00:20 ring  a sales Boris
        """)
    )

    lost, open_one = offers(facts)
    assert (lost.agent_id, lost.ring_ms) == ("Anna", 10_000)
    assert open_one.ended_at is None


def test_who_answers_another_call_no_longer_talks_to_the_one_whose_end_was_lost() -> None:
    told = shown(
        """
        09:00:00 login Anna sales
        09:00:05 enter a sales
        09:00:10 answer a sales Anna
        09:10:00 enter b sales
        09:10:05 answer b sales Anna
        09:10:30 end b sales Anna caller
        09:11:00 beat
        """,
        "Anna",
    )

    assert told == ["ready", "talking", "ready"]


def test_after_work_belongs_to_the_queue_of_the_call() -> None:
    told = shown(
        """
        09:00:00 login Anna sales 30
        09:00:00 login Anna vip
        09:00:05 enter a vip
        09:00:10 answer a vip Anna
        09:00:40 end a vip Anna caller
        09:02:00 enter b sales
        09:02:10 answer b sales Anna
        09:02:40 end b sales Anna caller
        09:05:00 beat
        """,
        "Anna",
    )

    assert told == ["ready", "talking", "ready", "talking", "wrapup", "ready"]


def test_a_caller_let_out_by_a_key_left_by_himself() -> None:
    _, facts = run(values("09:00:00 enter a sales\n09:00:07 leave a sales\n09:00:08 beat"))

    (leg,) = legs(facts)
    assert (leg.outcome, leg.ended_by, leg.wait_ms) == ("key", "caller", 7_000)


def test_a_caller_whom_the_pbx_could_not_connect_has_not_abandoned() -> None:
    """Asterisk logs SYSCOMPAT, and then ABANDON of the same caller (apps/app_queue.c)."""
    log = values("""
        09:00:00  log: enter a sales
        09:00:20  log: incompatible a sales
        09:00:20  log: abandon a sales
    """)
    for told in (log, [log[2], log[1], log[0]], [log[0], log[2], log[1]]):
        (leg,) = legs(run(told)[1])
        assert (leg.outcome, leg.left_at) == ("system", moment("09:00:20"))


def test_two_tries_within_one_second_are_two_offers() -> None:
    entered, missed = events("""
        09:00:00 log: enter a sales
        09:00:03 log: miss a sales Anna
    """)
    assert isinstance(missed, OfferEnded)
    unnamed = replace(missed, data=replace(missed.data, offer_id="", ring_ms=0))
    again = replace(unnamed, id="again", sequence=unnamed.sequence + 1)

    _, facts = run([encode(each) for each in (entered, unnamed, again)])

    (leg,) = legs(facts)
    assert leg.offers == len(offers(facts)) == 2


def test_who_waits_past_the_target_since_an_unseen_entry_counts_once_and_stops_no_clock() -> (
    None
):
    state, facts = run(
        values("""
            09:00:10 ring a sales Anna
            09:00:45 beat
            09:00:00 enter a sales
            09:00:50 answer a sales Anna
            09:01:00 end a sales Anna caller
            09:01:10 beat
        """)
    )

    (leg,) = legs(facts)
    assert (leg.wait_ms, leg.talk_ms) == (50_000, 10_000)
    assert state.queues["sales"].totals["level_counted"] == 1


def test_a_later_restart_does_not_end_again_what_an_earlier_one_ended() -> None:
    _, facts = run(
        values("""
            09:00:00 enter a sales
            09:00:05 answer a sales Anna
            09:00:20 enter b sales
            09:01:00 restart
            09:40:00 enter c sales
            09:41:00 restart
            09:42:00 beat
        """)
    )

    talked, waited, later = legs(facts)
    assert (talked.talk_ms, waited.wait_ms, later.wait_ms) == (55_000, 40_000, 60_000)
    assert (waited.outcome, later.outcome) == ("system", "system")


def test_a_talk_of_which_only_the_answer_was_told_ends_like_others() -> None:
    facts = run(values("""
        09:00:20  answer a sales Anna
        12:59:00  beat
        13:30:00  beat
    """))[1]  # fmt: skip

    (leg,) = legs(facts)
    assert leg.ended_at == moment("13:00:20")


def test_who_was_found_gone_had_gone_then_though_his_channel_ends_much_later() -> None:
    beats = "".join(f"\n09:{minute}:00 beat" for minute in range(10, 50))
    _, facts = run(
        values(f"""
            09:00:00  enter    a sales
            09:02:00  queue    list1 sales 0
            09:02:00  complete list1 09:02:00
            {beats}
            09:50:00  queue    list2 sales 0
            09:50:00  complete list2 09:50:00
            09:55:00  hangup   a
        """)
    )

    (leg,) = legs(facts)
    assert (leg.outcome, leg.ended_at) == ("system", moment("09:02:00"))


def test_a_phone_that_was_found_gone_rang_no_longer_however_long_its_caller_waits() -> None:
    beats = "".join(f"\n09:{minute}:00 beat" for minute in range(10, 50))
    _, facts = run(
        values(f"""
            09:00:00  enter    a sales
            09:00:10  ring     a sales Anna
            09:00:30  channel  list1 a
            09:00:30  channels_end list1 1 09:00:30
            {beats}
            09:50:00  channel  list2 a
            09:50:00  channels_end list2 1 09:50:00
        """)
    )

    assert [each.ended_at for each in offers(facts)] == [moment("09:00:30")]
