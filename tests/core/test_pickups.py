"""A queue's ringing that a colleague picks up: the queue goes on naming whom it rang."""

from schemas.facts import Fact
from tests.core.phoned import DIRECTORY
from tests.readings import comparable, legs, offers, states
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


def told(log: list[bytes]) -> list[Fact]:
    return run([*log, *values("09:10:00 beat")], terms(agents=DIRECTORY))[1]


def test_whoever_picked_up_has_the_talk() -> None:
    facts = told(values(PICKED_UP))

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


def test_the_log_of_the_same_queue_names_whom_it_rang_and_changes_nothing() -> None:
    log = """
        09:00:00  log: enter  trunk1 sales
        09:00:09  log: answer trunk1 sales Anna _ boris1
        09:01:00  log: end    trunk1 sales Anna caller
    """
    facts = told(values(PICKED_UP + log))

    (leg,) = legs(facts)
    assert (leg.agent_id, leg.talk_ms) == ("Boris", 51_000)
    assert [(each.agent_id, each.result) for each in offers(facts)] == [
        ("Anna", "elsewhere"), ("Boris", "answered"),
    ]  # fmt: skip


def test_the_order_in_which_it_is_told_changes_nothing() -> None:
    log = values(PICKED_UP)
    straight = told(log)
    for late in range(len(log)):
        crooked = told([*log[:late], *log[late + 1 :], log[late], log[late]])

        assert comparable(crooked) == comparable(straight), log[late]
