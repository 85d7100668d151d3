"""Attended transfers by a feature code (atxfer) or the Atxfer action: he has one channel.

Asterisk names it twice, as the first and as the second call of the agent; whom he asked is
dialled in the caller's own contact.
"""

from schemas.facts import Fact
from tests.core.phoned import DIRECTORY, of
from tests.readings import legs, states
from tests.timetable import moment, run, terms, values

RECEIVED = """
    09:00:00  starts trunk1
    09:00:01  starts anna1@trunk1 s
    09:00:05  picks  anna1@trunk1
    09:00:05  joins  anna1@trunk1 b1
    09:00:05  joins  trunk1 b1
"""
PLACED = """
    09:00:00  starts anna1 5e0f 5e0f
    09:00:01  starts trunk1@anna1
    09:00:05  picks  trunk1@anna1
    09:00:05  picks  anna1
    09:00:05  joins  trunk1@anna1 b1
    09:00:05  joins  anna1 b1
"""
ASKED = """
    09:01:00  parts  anna1@ONE b1
    09:01:00  joins  anna1@ONE b2
    09:01:01  starts boris1@ONE
    09:01:02  alerts boris1@ONE
    09:01:08  picks  boris1@ONE
    09:01:08  joins  boris1@ONE b3
"""
PASSED = """
    09:01:30  passes anna1@ONE anna1 102 trunk1
    09:01:30  parts  anna1@ONE b2
    09:01:30  stops  anna1@ONE 16
"""
TALKED_ON = """
    09:02:30  asks   boris1@ONE
    09:02:30  parts  boris1@ONE b3
    09:02:30  stops  boris1@ONE 16
    09:02:30  parts  trunk1@ONE b1
    09:02:30  stops  trunk1@ONE 16
    09:10:00  beat
"""


def told(text: str, one: str) -> list[Fact]:
    text = text.replace("trunk1@ONE" if one == "trunk1" else "anna1@ONE", one)
    return run(values(text.replace("ONE", one)), terms(agents=DIRECTORY))[1]


def test_a_call_that_he_had_received_is_passed_to_whom_he_asked() -> None:
    facts = told(RECEIVED + ASKED + PASSED + TALKED_ON, "trunk1")

    anna, boris = of(facts, "Anna"), of(facts, "Boris")
    assert (anna.direction, anna.transfer_kind, anna.transferred_to) == (
        "in", "attended", "Boris",
    )  # fmt: skip
    assert (anna.talk_ms, anna.ended_at, anna.ended_by) == (
        85_000, moment("09:01:30"), "agent",
    )  # fmt: skip
    assert (boris.direction, boris.talk_ms, boris.ended_by, boris.transfer_kind) == (
        "in", 82_000, "agent", "",
    )  # fmt: skip


def test_a_call_that_he_had_placed_stays_his() -> None:
    facts = told(PLACED + ASKED + PASSED + TALKED_ON, "anna1")

    anna, boris = of(facts, "Anna"), of(facts, "Boris")
    assert (anna.direction, anna.outcome, anna.caller_key) == ("out", "answered", "5e0f")
    assert (anna.transfer_kind, anna.transferred_to) == ("attended", "Boris")
    assert (anna.talk_ms, anna.ended_by) == (85_000, "agent")
    assert (boris.direction, boris.talk_ms) == ("out", 82_000)
    assert [(each.state, each.started_at, each.ended_at) for each in states(facts, "Anna")] == [
        ("talking", moment("09:00:00"), moment("09:01:30")),
    ]


def test_of_several_whom_he_asked_it_is_the_one_who_was_there() -> None:
    refused = """
        09:00:30  starts clara1@ONE
        09:00:35  picks  clara1@ONE
        09:00:40  stops  clara1@ONE 16
    """
    facts = told(RECEIVED + refused + ASKED + PASSED + TALKED_ON, "trunk1")

    assert of(facts, "Anna").transferred_to == "Boris"


def test_completed_before_the_answer_it_goes_to_whoever_takes_it() -> None:
    blonde = PASSED.replace("09:01:30", "09:01:05")
    facts = told(PLACED + ASKED + blonde + TALKED_ON, "anna1")

    anna = of(facts, "Anna")
    assert (anna.transferred_to, anna.ended_at) == ("Boris", moment("09:01:05"))


def test_where_nobody_of_the_agents_takes_it_it_tells_what_was_dialled() -> None:
    unheard = """
        09:01:01  starts boris1@ONE
        09:01:25  stops  boris1@ONE 19
    """
    for begun, one in ((RECEIVED, "trunk1"), (PLACED, "anna1")):
        facts = told(begun + unheard + PASSED, one)

        assert of(facts, "Anna").transferred_to == "102"


def test_a_queue_that_he_asked_has_the_caller_on_its_local_channel() -> None:
    queue = """
        08:59:00  login  Boris support
        09:01:00  enter  local2 support ONE
        09:01:05  ring   local2 support Boris boris1
        09:01:05  starts boris1@ONE
    """
    answered = """
        09:01:10  picks  boris1@ONE
        09:01:10  leave  local2 support
        09:01:10  answer local2 support Boris
    """
    early = PASSED.replace("09:01:30", "09:01:08")
    before = told(RECEIVED + queue + early + answered, "trunk1")
    after = told(RECEIVED + queue + answered + PASSED, "trunk1")

    assert of(before, "Anna").transferred_to == "support"
    assert of(after, "Anna").transferred_to == "Boris"
    for facts in (before, after):
        assert [(leg.agent_id, leg.queue_id) for leg in legs(facts)] == [
            ("Anna", ""), ("Boris", "support"),
        ]  # fmt: skip


def test_an_agent_of_a_queue_passes_its_caller_on_so() -> None:
    queued = """
        08:59:00  login  Anna sales
        09:00:00  starts trunk1
        09:00:00  enter  trunk1 sales
        09:00:01  starts anna1@trunk1 s
        09:00:01  ring   trunk1 sales Anna anna1
        09:00:05  picks  anna1@trunk1
        09:00:05  leave  trunk1 sales
        09:00:05  answer trunk1 sales Anna
        09:00:05  joins  anna1@trunk1 b1
        09:00:05  joins  trunk1 b1
    """
    unheard = """
        09:01:01  starts boris1@ONE
        09:01:35  stops  boris1@ONE 19
    """
    taken = of(told(queued + ASKED + PASSED + TALKED_ON, "trunk1"), "Anna")
    untaken = of(told(queued + unheard + PASSED, "trunk1"), "Anna")

    assert (taken.queue_id, taken.transfer_kind, taken.transferred_to) == (
        "sales", "attended", "Boris",
    )  # fmt: skip
    assert (untaken.transfer_kind, untaken.transferred_to) == ("attended", "102")


def test_who_goes_on_asking_after_the_caller_has_gone_still_talks() -> None:
    facts = told(
        """
        08:59:00  login  Anna sales
        09:00:00  starts trunk1
        09:00:00  enter  trunk1 sales
        09:00:01  starts anna1@trunk1 s
        09:00:01  ring   trunk1 sales Anna anna1
        09:00:05  picks  anna1@trunk1
        09:00:05  leave  trunk1 sales
        09:00:05  answer trunk1 sales Anna _ anna1
        09:00:05  joins  anna1@trunk1 b1
        09:00:05  joins  trunk1 b1
        09:00:50  holds  anna1@trunk1
        """
        + ASKED
        + """
        09:01:20  asks   trunk1
        09:01:20  end    trunk1 sales Anna caller _ anna1
        09:01:20  stops  trunk1 16
        09:01:40  asks   anna1@trunk1
        09:01:40  parts  anna1@trunk1 b2
        09:01:40  stops  anna1@trunk1 16
        09:01:40  parts  boris1@trunk1 b3
        09:01:40  stops  boris1@trunk1 16
        09:10:00  beat
        """,
        "trunk1",
    )

    anna = of(facts, "Anna")
    assert (anna.ended_at, anna.ended_by) == (moment("09:01:20"), "caller")
    busy = [each for each in states(facts, "Anna") if each.state in ("talking", "holding")]
    assert (busy[0].started_at, busy[-1].ended_at) == (moment("09:00:05"), moment("09:01:40"))


def test_who_takes_back_the_caller_has_hung_up_on_whom_he_asked() -> None:
    taken_back = """
        09:01:30  parts  anna1@ONE b2
        09:01:30  joins  anna1@ONE b1
        09:01:31  parts  boris1@ONE b3
        09:01:31  stops  boris1@ONE 16
        09:02:00  asks   anna1@ONE
        09:02:00  parts  anna1@ONE b1
        09:02:00  stops  anna1@ONE 16
        09:02:00  stops  trunk1@ONE 16
        09:10:00  beat
    """
    facts = told(RECEIVED + ASKED + taken_back, "trunk1")

    assert (of(facts, "Boris").ended_by, of(facts, "Anna").ended_by) == ("caller", "agent")
