"""Calls that no queue sees: legs without a queue and their agents' states, as timetables."""

from schemas.facts import Fact, Leg
from stream_processors.core.state import State
from tests.core.phoned import shown
from tests.readings import legs, newest, offers
from tests.timetable import moment, run, terms, values

DIRECTORY = {
    "Anna": {"devices": ["SIP/anna"]},
    "Boris": {"ids": ["boris"]},
}


def told(text: str) -> tuple[State, list[Fact]]:
    return run(values(text), terms(agents=DIRECTORY))


def only(facts: list[Fact]) -> Leg:
    (leg,) = legs(facts)
    return leg


INCOMING = """
    09:00:00  starts trunk1
    09:00:01  starts anna1@trunk1
    09:00:02  alerts anna1@trunk1
    09:00:10  picks  anna1@trunk1
    09:00:10  joins  anna1@trunk1 b
    09:00:10  joins  trunk1 b
    09:01:00  asks   trunk1
    09:01:00  parts  trunk1 b
    09:01:00  parts  anna1@trunk1 b
    09:01:00  stops  trunk1 16
    09:01:00  stops  anna1@trunk1 16
"""


def test_a_call_to_an_agents_phone_is_a_leg_without_a_queue() -> None:
    state, facts = told(INCOMING)

    leg = only(facts)
    assert (leg.agent_id, leg.direction, leg.queue_id, leg.outcome) == (
        "Anna", "in", "", "answered",
    )  # fmt: skip
    assert leg.entered_at == moment("09:00:01")
    assert leg.answered_at == leg.left_at == moment("09:00:10")
    assert leg.ended_at == moment("09:01:00")
    assert (leg.wait_ms, leg.ring_ms, leg.talk_ms) == (9_000, 8_000, 50_000)
    assert leg.ended_by == "caller"
    assert (leg.interaction_id, leg.caller_key) == ("trunk1", "key of trunk1")
    assert (leg.answer_within_ms, leg.short_abandon_ms, leg.offers) == (0, 0, 0)
    assert state.queues == {}


def test_a_ringing_phone_reserves_its_agent_and_a_used_one_makes_him_talk() -> None:
    _, facts = told("08:59:00 login Anna sales\n" + INCOMING)

    assert shown(facts) == [
        ("ready", moment("08:59:00"), moment("09:00:02")),
        ("reserved", moment("09:00:02"), moment("09:00:10")),
        ("talking", moment("09:00:10"), moment("09:01:00")),
        ("ready", moment("09:01:00"), None),
    ]


def test_an_agent_of_no_queue_talks_too() -> None:
    _, facts = told(INCOMING)

    assert shown(facts) == [
        ("reserved", moment("09:00:02"), moment("09:00:10")),
        ("talking", moment("09:00:10"), moment("09:01:00")),
    ]


OUTGOING = """
    09:00:00  starts anna1 5e0f 5e0f
    09:00:01  starts trunk1@anna1
    09:00:15  picks  trunk1@anna1
    09:00:15  picks  anna1
    09:00:15  joins  trunk1@anna1 b
    09:00:15  joins  anna1 b
    09:00:40  asks   anna1
    09:00:40  parts  anna1 b
    09:00:40  stops  trunk1@anna1 16
    09:00:40  stops  anna1 16
"""


def test_an_outbound_call_is_talk_from_the_dialling_and_answered_when_picked_up() -> None:
    _, facts = told(OUTGOING)

    leg = only(facts)
    assert (leg.agent_id, leg.direction, leg.outcome) == ("Anna", "out", "answered")
    assert (leg.wait_ms, leg.ring_ms, leg.talk_ms) == (15_000, None, 25_000)
    assert (leg.ended_by, leg.caller_key) == ("agent", "5e0f")
    assert shown(facts) == [("talking", moment("09:00:00"), moment("09:00:40"))]


def test_agents_who_call_each_other_have_a_leg_each() -> None:
    _, facts = told("""
        09:00:00  starts anna1 203
        09:00:01  starts boris1@anna1
        09:00:05  picks  boris1@anna1
        09:00:05  joins  boris1@anna1 b
        09:00:05  joins  anna1 b
        09:00:30  parts  boris1@anna1 b
        09:00:30  parts  anna1 b
        09:00:30  stops  boris1@anna1 16
        09:00:30  stops  anna1 16
    """)

    assert [
        (leg.agent_id, leg.direction, leg.talk_ms, leg.ended_by) for leg in legs(facts)
    ] == [
        ("Anna", "internal", 25_000, "caller"),  # the other end left first
        ("Boris", "internal", 25_000, "agent"),
    ]
    assert {leg.caller_key for leg in legs(facts)} == {""}


def ended_without_answer(ends: str) -> tuple[str, str]:
    """Return outcome and who ended it, of a call that rang at Anna's from 09:00:01."""
    _, facts = told(f"""
        09:00:00  starts trunk1
        09:00:01  starts anna1@trunk1
        09:00:02  alerts anna1@trunk1
        {ends}
        09:05:00  beat
    """)
    leg = only(facts)
    assert leg.answered_at is None
    assert leg.talk_ms is None
    assert leg.left_at == leg.ended_at == moment("09:00:20")
    return leg.outcome, leg.ended_by


def test_a_caller_who_gives_up_has_abandoned() -> None:
    assert ended_without_answer("""09:00:20  stops anna1@trunk1 16
        09:00:20  stops trunk1 0""") == ("abandoned", "caller")


def test_a_caller_who_stops_dialling_gives_up_whatever_cause_his_phone_gives() -> None:
    """PJSIP gives 127 to a call that is cancelled, and Dial hands it on to whom it rang."""
    assert ended_without_answer("""09:00:20  asks  trunk1
        09:00:20  stops anna1@trunk1 127
        09:00:20  stops trunk1 127""") == ("abandoned", "caller")
    assert ended_without_answer("09:00:20  stops anna1@trunk1 127") == ("system", "system")


def test_a_phone_that_rings_out_has_timed_out_though_the_caller_goes_on_to_a_mailbox() -> None:
    assert ended_without_answer("09:00:20  stops anna1@trunk1 16") == ("timeout", "system")
    assert ended_without_answer("09:00:20  stops anna1@trunk1 19") == ("timeout", "system")


def test_a_busy_or_refusing_phone_is_full() -> None:
    assert ended_without_answer("09:00:20  stops anna1@trunk1 17") == ("full", "agent")
    assert ended_without_answer("09:00:20  stops anna1@trunk1 21") == ("full", "agent")


def test_a_call_that_another_phone_took_is_withdrawn() -> None:
    assert ended_without_answer("09:00:20  stops anna1@trunk1 26") == ("withdrawn", "system")
    assert ended_without_answer("""09:00:05  starts boss1@trunk1
        09:00:20  picks boss1@trunk1
        09:00:20  stops anna1@trunk1 16""") == ("withdrawn", "system")


def test_a_network_that_fails_is_the_systems_doing() -> None:
    assert ended_without_answer("09:00:20  stops anna1@trunk1 34") == ("system", "system")


def test_whom_the_pbx_cuts_off_nobody_hung_up_on() -> None:
    _, facts = told("""
        09:00:00  starts trunk1
        09:00:01  starts anna1@trunk1
        09:00:10  picks  anna1@trunk1
        09:00:10  joins  anna1@trunk1 b
        09:00:10  joins  trunk1 b
        09:01:00  orders trunk1
        09:01:00  parts  trunk1 b
        09:01:00  orders anna1@trunk1
        09:01:00  parts  anna1@trunk1 b
        09:01:00  stops  trunk1 16
        09:01:00  stops  anna1@trunk1 16
    """)

    assert only(facts).ended_by == "system"


def test_a_phone_is_of_the_agent_whose_queue_membership_names_it() -> None:
    _, facts = told(
        "08:59:00 login Clara sales 0 SIP/anna\n" + INCOMING  # against the directory
    )

    assert only(facts).agent_id == "Clara"


def test_a_phone_named_by_a_hint_is_found_by_its_extension() -> None:
    _, facts = run(values("08:59:00 login Dora sales 0 hint:anna@ext-local\n" + INCOMING))

    assert only(facts).agent_id == "Dora"


def test_a_phone_changes_hands_at_the_next_log_in() -> None:
    later = (
        INCOMING.replace("09:0", "10:0").replace("trunk1", "trunk2").replace("anna1", "anna2")
    )
    _, facts = told(
        "08:59:00 login Clara sales 0 SIP/anna\n" + INCOMING
        + "09:30:00 login Dora sales 0 SIP/anna\n" + later
    )  # fmt: skip

    assert [leg.agent_id for leg in legs(facts)] == ["Clara", "Dora"]


def test_a_phone_comes_back_to_who_had_it_first() -> None:
    _, facts = told(
        "08:00:00 login Clara sales 0 SIP/anna\n 08:10:00 login Dora sales 0 SIP/anna\n"
        + "08:20:00 login Clara vip 0 SIP/anna\n" + INCOMING
    )  # fmt: skip

    assert [leg.agent_id for leg in legs(facts)] == ["Clara"]


def test_a_call_that_was_joined_to_another_is_known_by_that_one() -> None:
    # What began before the log did is heard of only by its name.
    _, facts = told("""
        09:00:00  starts boris1 *8
        09:00:01  picks  boris1
        09:00:01  joins  boris1@trunk1 b
        09:00:31  parts  boris1@trunk1 b
        09:00:31  stops  boris1@trunk1 16
    """)

    assert only(facts).interaction_id == "trunk1"


def test_a_phone_of_nobody_makes_no_leg() -> None:
    _, facts = run(values(INCOMING), terms())

    assert newest(facts) == {}


def test_what_a_queue_dials_is_no_direct_call() -> None:
    state, facts = told("""
        08:59:00  login  Anna sales
        09:00:00  starts trunk1
        09:00:01  enter  trunk1 sales
        09:00:02  starts anna1@trunk1
        09:00:02  ring   trunk1 sales Anna anna1
        09:00:10  picks  anna1@trunk1
        09:00:10  leave  trunk1 sales
        09:00:10  answer trunk1 sales Anna
        09:00:11  joins  anna1@trunk1 b
        09:01:00  end    trunk1 sales Anna agent
        09:01:00  stops  anna1@trunk1 16
        09:01:00  stops  trunk1 16
    """)

    assert only(facts).queue_id == "sales"
    assert state.queues["sales"].totals["offered"] == 1
    assert shown(facts) == [
        ("ready", moment("08:59:00"), moment("09:00:02")),
        ("reserved", moment("09:00:02"), moment("09:00:10")),
        ("talking", moment("09:00:10"), moment("09:01:00")),
        ("ready", moment("09:01:00"), None),
    ]


def test_a_phone_behind_a_local_channel_of_the_queue_is_no_direct_call_either() -> None:
    _, facts = told("""
        09:00:00  starts trunk1
        09:00:01  enter  trunk1 sales
        09:00:02  ring   trunk1 sales Anna local1
        09:00:03  starts anna1@trunk1
        09:00:20  miss   trunk1 sales Anna local1
        09:00:20  stops  anna1@trunk1 16
        09:05:00  abandon trunk1 sales
        09:05:00  stops  trunk1 16
    """)

    assert [leg.queue_id for leg in legs(facts)] == ["sales"]


def test_an_agent_who_talks_directly_is_busy_for_the_queue_that_rings_him() -> None:
    _, facts = told(
        "08:59:00 login Anna sales\n"
        + OUTGOING
        + """
        09:00:20  enter  a sales
        09:00:20  ring   a sales Anna
        09:00:30  miss   a sales Anna
        09:10:00  beat
    """
    )

    assert ("talking", moment("09:00:00"), moment("09:00:40")) in shown(facts)
    assert "reserved" not in {state for state, *_ in shown(facts)}
    assert [(offer.result, offer.ring_ms) for offer in offers(facts)] == [("busy", 10_000)]


def test_what_rings_in_vain_at_a_free_phone_is_missed() -> None:
    ringing = """
        09:01:20  enter  a sales
        09:01:20  ring   a sales Anna
        09:01:30  miss   a sales Anna
        09:10:00  beat
    """
    _, facts = told("08:59:00 login Anna sales\n" + OUTGOING + ringing)

    assert [offer.result for offer in offers(facts)] == ["no_answer"]


def test_a_ringing_whose_beginning_was_lost_began_as_long_before_its_end_as_it_rang() -> None:
    ringing = """
        09:00:40.200  enter  a sales
        09:00:51.500  log: miss a sales Anna _ 11
        09:00:51.500  miss   a sales Anna p1 11
        09:10:00      beat
    """
    log = values("08:59:00 login Anna sales\n" + OUTGOING + ringing)
    _, facts = run(log, terms(agents=DIRECTORY))

    (offer,) = offers(facts)
    assert offer.started_at == moment("09:00:40.500")  # the log's second alone would say 40
    assert (offer.result, offer.ring_ms) == ("no_answer", 11_000)


def test_a_direct_call_that_is_told_late_excuses_what_rang_meanwhile() -> None:
    ringing = values("""
        09:00:20  enter  a sales
        09:00:20  ring   a sales Anna
        09:00:30  miss   a sales Anna
    """)
    late = [*ringing, *values(OUTGOING), *values("09:05:00 beat")]
    _, facts = run(late, terms(agents=DIRECTORY))

    assert [offer.result for offer in offers(facts)] == ["busy"]


def test_direct_calls_touch_no_figure_of_a_queue() -> None:
    queue = """
        09:00:05  enter  a sales
        09:00:09  answer a sales Clara
        09:00:30  end    a sales Clara caller
        09:10:00  beat
        09:10:10  beat
    """
    # The last line has both forget what is old; the first time, only one has the queue yet.
    alone, _ = told(queue)
    beside, _ = told(OUTGOING + queue)

    assert beside.queues["sales"] == alone.queues["sales"]
    assert set(beside.queues) == {"sales"}


def test_a_restart_ends_what_it_cut_off() -> None:
    _, facts = told("\n".join(INCOMING.splitlines()[:6]) + "\n09:02:00 restart\n09:03:00 beat")

    leg = only(facts)
    assert (leg.outcome, leg.ended_at, leg.ended_by) == (
        "answered", moment("09:02:00"), "system",
    )  # fmt: skip
    assert leg.clock == "estimated"
    assert shown(facts)[-1] == ("talking", moment("09:00:10"), moment("09:02:00"))


def test_a_second_restart_does_not_end_again_what_the_first_one_ended() -> None:
    cut = "\n".join(INCOMING.splitlines()[:6])
    _, facts = told(cut + """
        09:02:00 restart
        10:00:00 beat
        11:00:00 restart
        11:00:01 login Anna sales 0 SIP/anna
        11:30:00 beat
    """)  # fmt: skip

    assert only(facts).ended_at == moment("09:02:00")


def test_an_end_alone_tells_of_no_call() -> None:
    _, facts = told("""
        09:00:00  asks  anna1@trunk1
        09:00:00  parts anna1@trunk1 b
        09:00:00  stops anna1@trunk1 16
        09:05:00  beat
    """)

    assert newest(facts) == {}


def test_a_talk_that_is_heard_of_in_its_middle_began_at_the_latest_then() -> None:
    _, facts = told("""
        09:00:00  joins anna1@trunk1 b
        09:00:30  parts anna1@trunk1 b
        09:00:30  stops anna1@trunk1 16
        09:05:00  beat
    """)

    leg = only(facts)
    assert (leg.outcome, leg.talk_ms, leg.clock) == ("answered", 30_000, "estimated")


def test_a_call_whose_end_was_lost_is_given_up_in_time() -> None:
    _, facts = told("\n".join(INCOMING.splitlines()[:6]) + "\n13:30:00 beat")

    leg = only(facts)
    assert (leg.ended_at, leg.clock) == (moment("13:00:01"), "estimated")  # max_open: 4 h


def test_a_call_by_a_click_is_outbound_though_the_agents_phone_rings_first() -> None:
    _, facts = told("""
        09:00:00  starts anna1@local1
        09:00:05  picks  anna1@local1
        09:00:05  joins  anna1@local1 b
        09:00:06  starts trunk1@local1
        09:00:16  picks  trunk1@local1
        09:00:16  joins  trunk1@local1 b
        09:00:46  parts  trunk1@local1 b
        09:00:46  parts  anna1@local1 b
        09:00:46  stops  trunk1@local1 16
        09:00:46  stops  anna1@local1 16
    """)

    leg = only(facts)
    assert (leg.direction, leg.outcome, leg.ended_by) == ("out", "answered", "caller")
    assert (leg.answered_at, leg.talk_ms) == (moment("09:00:16"), 30_000)


def test_who_picks_up_a_ringing_call_elsewhere_talks_to_its_caller() -> None:
    _, facts = told("""
        09:00:00  starts trunk1
        09:00:01  starts anna1@trunk1
        09:00:02  alerts anna1@trunk1
        09:00:10  starts boris1 *8
        09:00:11  picks  boris1
        09:00:11  stops  anna1@trunk1 26
        09:00:11  joins  boris1@trunk1 b
        09:00:11  joins  trunk1 b
        09:00:50  parts  boris1@trunk1 b
        09:00:50  parts  trunk1 b
        09:00:50  stops  boris1@trunk1 16
        09:00:50  stops  trunk1 16
    """)

    anna, boris = legs(facts)
    assert (anna.agent_id, anna.outcome) == ("Anna", "withdrawn")
    assert (boris.agent_id, boris.outcome, boris.direction) == ("Boris", "answered", "in")
    assert boris.interaction_id == "trunk1"
    assert (boris.talk_ms, boris.ended_by) == (39_000, "agent")


def test_a_ringing_that_the_pbx_ended_was_not_the_callers_though_he_is_let_go_at_once() -> None:
    assert ended_without_answer("""09:00:20  unheard anna1@trunk1 no_answer
        09:00:20  stops anna1@trunk1 16
        09:00:20  stops trunk1 16""") == ("timeout", "system")
    assert ended_without_answer("""09:00:20  asks    trunk1
        09:00:20  unheard anna1@trunk1 cancelled
        09:00:20  stops anna1@trunk1 16
        09:00:20  stops trunk1 127""") == ("abandoned", "caller")
    assert ended_without_answer("""09:00:20  unheard anna1@trunk1 busy
        09:00:20  stops anna1@trunk1 17
        09:00:20  stops trunk1 17""") == ("full", "agent")


def test_whoever_stops_dialling_has_given_up_whatever_cause_his_phone_gives() -> None:
    _, facts = told("""
        09:00:00  starts anna1 5e0f 5e0f
        09:00:01  starts trunk1@anna1
        09:00:20  asks   anna1
        09:00:20  stops  trunk1@anna1 16
        09:00:20  stops  anna1 127
    """)

    assert (only(facts).outcome, only(facts).ended_by) == ("abandoned", "agent")


def test_whom_the_pbx_stops_ringing_the_agent_has_not_given_up() -> None:
    def outcome(told_last: str, ends: str) -> tuple[str, str]:
        _, facts = told(f"""
            09:00:00  starts anna1 5e0f 5e0f
            09:00:01  starts trunk1@anna1
            09:00:05  unheard trunk1@anna1 failed
            09:00:05  stops  trunk1@anna1 34
            09:00:06  starts trunk2@anna1
            09:00:20  unheard trunk2@anna1 {told_last}
            09:00:20  stops  trunk2@anna1 16
            {ends}
            09:00:25  stops  anna1 16
        """)
        return only(facts).outcome, only(facts).ended_by

    assert outcome("no_answer", "") == ("timeout", "system")
    assert outcome("no_answer", "09:00:24 asks anna1") == ("timeout", "system")
    assert outcome("cancelled", "") == ("abandoned", "agent")
    assert outcome("cancelled", "09:00:20 asks anna1") == ("abandoned", "agent")


def test_whom_he_called_is_a_colleague_though_no_transfer_was_heard() -> None:
    _, facts = told(
        INCOMING.partition("09:01:00")[0]
        + """
        09:00:30  starts anna2 boris
        09:00:31  starts boris1@anna2
        09:00:35  picks  boris1@anna2
        09:00:35  joins  boris1@anna2 b2
        09:00:35  joins  anna2 b2
        09:00:50  joins  boris1@trunk1 b
        09:00:50  stops  anna1@trunk1 16
        09:00:50  stops  anna2 16
        09:01:30  stops  boris1@trunk1 16
        09:01:30  stops  trunk1 16
    """
    )

    found = [(leg.agent_id, leg.direction, leg.caller_key) for leg in legs(facts)]
    assert ("Anna", "internal", "") in found
    assert {agent for agent, direction, _ in found if direction == "in"} == {"Anna", "Boris"}


def test_whoever_was_called_and_sent_on_gives_up_as_a_caller_does() -> None:
    sent_on = """
        09:00:00  starts anna1 2025550101
        09:00:01  starts trunk7@anna1
        09:00:05  picks  trunk7@anna1
        09:00:05  joins  anna1 b
        09:00:05  joins  trunk7@anna1 b
        09:01:00  passes anna1 - 102 trunk7
        09:01:00  parts  trunk7@anna1 b
        09:01:00  stops  anna1 16
        09:01:00  starts boris1@anna1
        09:01:01  alerts boris1@anna1
    """
    gives_up = """
        09:01:09  asks   trunk7@anna1
        09:01:09  stops  boris1@anna1 0
        09:01:09  stops  trunk7@anna1 16
    """
    rings_out = """
        09:01:20  unheard boris1@anna1 no_answer
        09:01:20  stops  boris1@anna1 0
        09:01:21  stops  trunk7@anna1 16
    """
    for end, outcome, by in (
        (gives_up, "abandoned", "caller"),
        (rings_out, "timeout", "system"),
    ):
        _, facts = told(sent_on + end)
        (boris,) = (leg for leg in legs(facts) if leg.agent_id == "Boris")
        assert (boris.outcome, boris.ended_by) == (outcome, by)
