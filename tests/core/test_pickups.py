"""A queue's ringing that a colleague picks up: the queue goes on naming whom it rang."""

import pytest

from schemas.facts import Fact
from tests.core.phoned import DIRECTORY
from tests.readings import breaks, comparable, legs, offers, sessions, states
from tests.timetable import moment, run, terms, values

PICKED_UP = """
    08:59:00  login  Anna sales
    09:00:00  starts trunk1
    09:00:00  enter  trunk1 sales
    09:00:05  starts anna1@trunk1
    09:00:05  ring   trunk1 sales Anna anna1
    09:00:08  starts boris1 *8
    09:00:09  picks  boris1
    09:00:09  unheard anna1@trunk1 cancelled
    09:00:09  stops  anna1@trunk1 26
    09:00:09  leave  trunk1 sales
    09:00:09  answer trunk1 sales Anna _ boris1
    09:00:09  joins  boris1@trunk1 b1
    09:00:09  joins  trunk1 b1
    09:01:00  end    trunk1 sales Anna caller _ boris1
    09:01:00  parts  boris1@trunk1 b1
    09:01:00  stops  boris1@trunk1 16
    09:01:00  stops  trunk1 16
"""


BEHIND_A_LOCAL_CHANNEL = (
    PICKED_UP.replace("ring   trunk1 sales Anna anna1", "ring   trunk1 sales Anna local1")
    .replace("Anna _ boris1", "Anna _ local1")
    .replace("caller _ boris1", "caller _ local1")
)
"""So a member is rung whose interface is Local/1001@from-queue/n."""


def told(log: list[bytes]) -> list[Fact]:
    return run([*log, *values("09:10:00 beat")], terms(agents=DIRECTORY))[1]


@pytest.mark.parametrize("text", [PICKED_UP, BEHIND_A_LOCAL_CHANNEL])
def test_whoever_picked_up_has_the_talk(text: str) -> None:
    facts = told(values(text))

    (leg,) = legs(facts)
    assert (leg.queue_id, leg.agent_id, leg.ended_by) == ("sales", "Boris", "caller")
    assert (leg.wait_ms, leg.talk_ms) == (9_000, 51_000)
    assert [(each.agent_id, each.result) for each in offers(facts)] == [
        ("Anna", "elsewhere"), ("Boris", "answered"),
    ]  # fmt: skip
    assert ("talking", moment("09:00:09"), moment("09:01:00")) in [
        (each.state, each.started_at, each.ended_at) for each in states(facts, "Boris")
    ]
    assert "talking" not in {each.state for each in states(facts, "Anna")}


@pytest.mark.parametrize("text", [PICKED_UP, BEHIND_A_LOCAL_CHANNEL])
@pytest.mark.parametrize("unheard", ["unheard anna1@trunk1 cancelled", "beat"])
def test_whoever_picks_up_was_not_rung_before_he_dialled(text: str, unheard: str) -> None:
    """The answer tells how long whom the queue rang was rung, and names whoever took it."""
    text = text.replace("unheard anna1@trunk1 cancelled", unheard)
    own = "local1" if "local1" in text else "boris1"
    facts = told(values(text.replace(f"Anna _ {own}", f"Anna _ {own} 4")))

    assert [(each.agent_id, each.started_at, each.result) for each in offers(facts)] == [
        ("Anna", moment("09:00:05"), "elsewhere"),
        ("Boris", moment("09:00:08"), "answered"),
    ]
    assert [(each.state, each.started_at) for each in states(facts, "Boris")][:2] == [
        ("reserved", moment("09:00:08")), ("talking", moment("09:00:09")),
    ]  # fmt: skip


@pytest.mark.parametrize("text", [PICKED_UP, BEHIND_A_LOCAL_CHANNEL])
def test_who_picks_up_is_no_member_of_the_queue_and_stays_on_his_break(text: str) -> None:
    """Whom a queue rings must be a member and have come back; but it has not rung him."""
    for own in ("boris1", "local1"):
        text = text.replace(f"Anna _ {own}", f"Anna _ {own} 4")
    facts = told(
        values(f"""
        08:59:00  login   Boris support
        08:59:30  pause   Boris support lunch
        {text}
        09:05:00  unpause Boris support
        09:06:00  logout  Boris support
        """)
    )

    mine = [each for each in sessions(facts) if each.agent_id == "Boris"]
    assert [(each.logged_in_at, each.logged_out_at) for each in mine] == [
        (moment("08:59:00"), moment("09:06:00")),
    ]
    assert [(each.started_at, each.ended_at) for each in breaks(facts)] == [
        (moment("08:59:30"), moment("09:05:00")),
    ]


AGAIN = """
    09:01:00  passes boris1@trunk1 - 700 trunk1
    09:01:00.001  enter trunk1 sales
    09:01:00.002  end   trunk1 sales Anna agent _ boris1
    09:01:00.003  parts boris1@trunk1 b1
    09:01:00.003  stops boris1@trunk1 16
    09:01:10  request trunk1
    09:01:10  unanswered trunk1 sales
    09:01:10  leave  trunk1 sales
    09:01:10  stops  trunk1 16
"""
AGAIN_LOGGED = """
    09:00:00  log: enter  trunk1 sales
    09:00:09  log: answer trunk1 sales Anna 9 boris1 4
    09:01:00  log: enter  trunk1 sales
    09:01:00  log: transfer trunk1 700 blind sales Anna
    09:01:00  log: end    trunk1 sales Anna agent 51
    09:01:10  log: abandon trunk1 sales
"""


@pytest.mark.parametrize("log", ["", AGAIN_LOGGED], ids=["ami", "both"])
def test_who_sends_him_to_the_queue_that_he_comes_from_has_not_answered_again(log: str) -> None:
    taken = PICKED_UP[: PICKED_UP.index("    09:01:00")]
    facts = told(values(taken + AGAIN + log))

    assert [(leg.agent_id, leg.outcome, leg.transfer_kind) for leg in legs(facts)] == [
        ("Boris", "answered", "blind"), ("", "abandoned", ""),
    ]  # fmt: skip


def test_a_log_of_whole_seconds_does_not_change_how_long_he_was_rung() -> None:
    text = PICKED_UP.replace("09:00:08  starts boris1", "09:00:08.600 starts boris1")
    text = text.replace("09:00:09  ", "09:00:09.500 ")
    for feeds in ("", "    09:00:09 log: answer trunk1 sales Anna 9 boris1 4"):
        (leg,) = legs(told(values(text.replace("Anna _ boris1", "Anna _ boris1 4") + feeds)))

        assert leg.ring_ms == 900


@pytest.mark.parametrize("text", [PICKED_UP, BEHIND_A_LOCAL_CHANNEL])
def test_the_log_of_the_same_queue_names_whom_it_rang_and_changes_nothing(text: str) -> None:
    log = """
        09:00:00  log: enter  trunk1 sales
        09:00:09  log: answer trunk1 sales Anna _ boris1
        09:01:00  log: end    trunk1 sales Anna caller
    """
    if "local1" in text:
        log = log.replace("boris1", "local1")
    facts = told(values(text + log))

    (leg,) = legs(facts)
    assert (leg.agent_id, leg.talk_ms) == ("Boris", 51_000)
    assert [(each.agent_id, each.result) for each in offers(facts)] == [
        ("Anna", "elsewhere"), ("Boris", "answered"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", [PICKED_UP, BEHIND_A_LOCAL_CHANNEL])
def test_the_order_in_which_it_is_told_changes_nothing(text: str) -> None:
    log = values(text)
    straight = told(log)
    for late in range(len(log)):
        crooked = told([*log[:late], *log[late + 1 :], log[late], log[late]])

        assert comparable(crooked) == comparable(straight), log[late]


def test_who_comes_in_while_whoever_was_rung_answers_picked_nothing_up() -> None:
    text = """
    08:59:00  login  Anna sales
    09:00:00  starts trunk1
    09:00:00  enter  trunk1 sales
    09:00:05  starts anna1@trunk1
    09:00:05  ring   trunk1 sales Anna local1
    09:00:08  starts boris1 800
    09:00:09  picks  boris1
    09:00:09  picks  anna1@trunk1
    09:00:09  leave  trunk1 sales
    09:00:09  answer trunk1 sales Anna _ local1
    09:00:09  joins  anna1@trunk1 b1
    09:00:09  joins  trunk1 b1
    09:00:09  joins  boris1@trunk1 b1
    09:01:00  end    trunk1 sales Anna caller _ local1
    09:01:00  stops  anna1@trunk1 16
    09:01:00  stops  boris1@trunk1 16
    09:01:00  stops  trunk1 16
    """

    assert [leg.agent_id for leg in legs(told(values(text))) if leg.queue_id] == ["Anna"]


UNHEARD = """
    08:59:00  login  Anna sales 0 SIP/anna
    08:59:00  login  Boris sales 0 SIP/boris
    09:00:00  starts trunk1
    09:00:00  enter  trunk1 sales
    09:00:05  starts anna1@trunk1
    09:00:05  ring   trunk1 sales Anna anna1
    09:00:07  lost
    09:00:09  log: answer trunk1 sales Anna 9 boris1 4
    09:00:20  there  c1 trunk1 bridged 20 09:00:20
    09:00:20  there  c1 boris1@trunk1 queued 12 09:00:20
    09:00:20  channels_end c1 2 09:00:20
    09:01:00  end    trunk1 sales Anna caller _ boris1
    09:01:00  log: end    trunk1 sales Anna caller 51
    09:01:00  parts  boris1@trunk1 b1
    09:01:00  stops  boris1@trunk1 16
    09:01:00  stops  trunk1 16
"""


def test_of_a_pick_up_that_was_not_heard_a_list_shows_who_did_it() -> None:
    facts = told(values(UNHEARD))

    (leg,) = legs(facts)
    assert (leg.agent_id, leg.answered_at, leg.talk_ms) == ("Boris", moment("09:00:09"), 51_000)
    assert "talking" not in {each.state for each in states(facts, "Anna")}
    assert [(each.state, each.started_at) for each in states(facts, "Boris")] == [
        ("ready", moment("08:59:00")), ("reserved", moment("09:00:08")),
        ("talking", moment("09:00:09")), ("ready", moment("09:01:00")),
    ]  # fmt: skip


def test_a_phone_that_has_been_the_members_is_his_though_another_uses_it_now() -> None:
    shared = "08:58:00  login  Anna sales 0 SIP/boris\n"

    assert [leg.agent_id for leg in legs(told(values(shared + UNHEARD)))] == ["Anna"]


@pytest.mark.parametrize("shared", ["", "08:58:00  login  Anna sales 0 SIP/boris\n"])
def test_the_order_in_which_a_list_and_the_rest_are_told_changes_nothing(shared: str) -> None:
    log = values(shared + UNHEARD)
    straight = told(log)
    for late in range(len(log)):
        crooked = told([*log[:late], *log[late + 1 :], log[late], log[late]])

        assert comparable(crooked) == comparable(straight), log[late]
