"""Who hung up on a talk of a queue: the queue's word, and what the phones asked for.

Asterisk 16.28 told "caller" of a talk whose agent had hung up: it had found both channels gone.
"""

import pytest

from tests.core.phoned import DIRECTORY
from tests.readings import legs
from tests.timetable import run, terms, values

TALK = """
    08:59:00  login  Anna sales
    09:00:00  starts trunk1
    09:00:00  enter  trunk1 sales
    09:00:05  starts anna1@trunk1
    09:00:05  ring   trunk1 sales Anna anna1
    09:00:10  picks  anna1@trunk1
    09:00:10  leave  trunk1 sales
    09:00:10  answer trunk1 sales Anna _ anna1
    09:00:10  joins  anna1@trunk1 b1
    09:00:10  joins  trunk1 b1
"""


def ended_by(asked: str, told: str, log: str = "") -> str:
    text = f"""{TALK}
        {asked}
        09:01:00.002 parts anna1@trunk1 b1
        09:01:00.002 parts trunk1 b1
        09:01:00.003 stops anna1@trunk1 16
        09:01:00.003 end   trunk1 sales Anna {told} _ anna1
        09:01:00.004 stops trunk1 16
        {log}
        09:10:00 beat
    """
    _, facts = run(values(text), terms(agents=DIRECTORY))
    (leg,) = legs(facts)
    return leg.ended_by


@pytest.mark.parametrize("log", ["", "09:01:00 log: end trunk1 sales Anna caller 50"])
def test_who_alone_asked_for_it_has_hung_up(log: str) -> None:
    assert ended_by("09:01:00.001 asks anna1@trunk1", "caller", log) == "agent"


def test_who_asked_first_has_hung_up() -> None:
    both = "09:01:00.001 asks trunk1\n09:01:00.002 asks anna1@trunk1"

    assert ended_by(both, "caller") == "caller"


def test_where_nobody_asked_it_was_who_left_first() -> None:
    """He dials the code for disconnecting, say."""
    for told in ("caller", "agent"):
        assert ended_by("", told) == "agent"


def test_who_hangs_up_when_the_other_has_gone_did_not_end_it() -> None:
    assert ended_by("09:01:00.900 asks anna1@trunk1", "caller") == "caller"


def test_who_talks_on_with_a_third_one_is_not_hung_up_on_by_who_left_before() -> None:
    facts = run(
        values("""
        09:00:00     starts boris1 2025550101
        09:00:00     starts trunk1@boris1
        09:00:05     picks  trunk1@boris1
        09:00:05     joins  trunk1@boris1 b1
        09:00:05     joins  boris1 b1
        09:00:30     starts trunk2@boris1
        09:00:35     picks  trunk2@boris1
        09:00:35     joins  trunk2@boris1 b1
        09:01:00     asks   trunk1@boris1
        09:01:00     parts  trunk1@boris1 b1
        09:01:00     stops  trunk1@boris1 16
        09:01:00.900 asks   boris1
        09:01:00.901 parts  boris1 b1
        09:01:00.901 stops  boris1 16
        09:01:00.902 parts  trunk2@boris1 b1
        09:01:00.902 stops  trunk2@boris1 16
        """),
        terms(agents=DIRECTORY),
    )[1]

    (leg,) = legs(facts)
    assert leg.ended_by == "agent"
