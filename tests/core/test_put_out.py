"""Calls that the PBX itself ends: a supervisor, a program, or a restart of Asterisk.

The order of messages is that of Asterisk 16 and 22 with real phones: whoever hangs up his
phone has asked for it (HangupRequest); what is ended from within is ordered (SoftHangupRequest)
before it leaves the conversation or the queue. The queue calls both an agent's doing, or a
caller's.
"""

from itertools import permutations

import pytest

from schemas.facts import Leg
from tests.core.phoned import DIRECTORY
from tests.readings import legs
from tests.timetable import run, terms, values

TALK = """
    08:59:00.000  login   Anna sales
    09:00:00.000  starts  trunk1
    09:00:00.000  enter   trunk1 sales
    09:00:05.000  starts  anna1@trunk1
    09:00:05.000  ring    trunk1 sales Anna anna1
    09:00:09.000  picks   anna1@trunk1
    09:00:09.000  leave   trunk1 sales
    09:00:09.000  answer  trunk1 sales Anna _ anna1
    09:00:09.000  joins   anna1@trunk1 b1
    09:00:09.000  joins   trunk1 b1
"""
GONE = """
    09:01:00.004  stops   anna1@trunk1 16
    09:01:00.004  stops   trunk1 16
"""
LOG = """
    08:59:00  log: login  Anna sales
    09:00:00  log: enter  trunk1 sales
    09:00:09  log: answer trunk1 sales Anna 9
    09:01:00  log: end    trunk1 sales Anna {side} 51
"""
ENDS = {
    "a supervisor hangs up the agent's channel": ("agent", "system", """
        09:01:00.001  orders  anna1@trunk1
        09:01:00.001  parts   anna1@trunk1 b1
        09:01:00.001  parts   trunk1 b1
        09:01:00.001  orders  trunk1
        09:01:00.001  end     trunk1 sales Anna agent _ anna1
    """),
    "a supervisor hangs up the caller's channel": ("caller", "system", """
        09:01:00.001  orders  trunk1
        09:01:00.001  end     trunk1 sales Anna caller _ anna1
        09:01:00.001  parts   trunk1 b1
        09:01:00.001  orders  trunk1
        09:01:00.001  parts   anna1@trunk1 b1
    """),
    "Asterisk is stopped": ("caller", "system", """
        09:01:00.001  orders  anna1@trunk1
        09:01:00.001  orders  trunk1
        09:01:00.002  parts   trunk1 b1
        09:01:00.002  orders  trunk1
        09:01:00.002  parts   anna1@trunk1 b1
        09:01:00.003  end     trunk1 sales Anna caller _ anna1
    """),
    "the agent ends it by a feature code": ("caller", "agent", """
        09:01:00.001  parts   anna1@trunk1 b1
        09:01:00.001  parts   trunk1 b1
        09:01:00.001  orders  trunk1
        09:01:00.003  end     trunk1 sales Anna caller _ anna1
    """),
    "the caller ends it by a feature code": ("caller", "caller", """
        09:01:00.001  parts   trunk1 b1
        09:01:00.001  orders  trunk1
        09:01:00.002  parts   anna1@trunk1 b1
        09:01:00.003  end     trunk1 sales Anna caller _ anna1
    """),
    "the agent hangs up": ("agent", "agent", """
        09:01:00.001  asks    anna1@trunk1
        09:01:00.001  parts   anna1@trunk1 b1
        09:01:00.002  parts   trunk1 b1
        09:01:00.002  orders  trunk1
        09:01:00.003  end     trunk1 sales Anna agent _ anna1
    """),
    "the caller hangs up": ("caller", "caller", """
        09:01:00.001  asks    trunk1
        09:01:00.001  parts   trunk1 b1
        09:01:00.002  parts   anna1@trunk1 b1
        09:01:00.002  end     trunk1 sales Anna caller _ anna1
        09:01:00.003  orders  anna1@trunk1
    """),
}  # fmt: skip


def legs_of(*parts: str) -> list[Leg]:
    read = (*values("\n".join(parts)), *values("09:10:00 beat"))
    return legs(run(read, terms(agents=DIRECTORY))[1])


@pytest.mark.parametrize(("told", "by", "end"), ENDS.values(), ids=ENDS)
def test_a_talk_was_ended_by_who_asked_for_it_whatever_the_queue_says(
    told: str, by: str, end: str
) -> None:
    log = LOG.format(side=told)
    for parts in permutations((TALK + end + GONE, log)):
        (leg,) = legs_of(*parts)

        assert (leg.agent_id, leg.ended_by) == ("Anna", by)
        assert 51_000 <= (leg.talk_ms or 0) <= 51_003
    (alone,) = legs_of(log)
    assert alone.ended_by == told  # nobody else knows better


def test_a_caller_who_goes_on_to_a_survey_was_put_through_by_whoever_ended_the_talk() -> None:
    end = """
        09:01:00.001  orders  anna1@trunk1
        09:01:00.001  parts   anna1@trunk1 b1
        09:01:00.001  parts   trunk1 b1
        09:01:00.001  end     trunk1 sales Anna agent _ anna1
        09:01:00.004  stops   anna1@trunk1 16
        09:02:30.000  asks    trunk1
        09:02:30.001  stops   trunk1 16
    """
    (leg,) = legs_of(TALK, end)

    assert leg.ended_by == "system"


WAITS = """
    09:00:00.000  starts     trunk1
    09:00:00.000  enter      trunk1 sales
"""
LEAVES = """
    09:00:15.001  unanswered trunk1
    09:00:15.001  unanswered trunk1 sales inbound,sales,2
    09:00:15.001  leave      trunk1 sales
    09:00:15.001  orders     trunk1
    09:00:15.002  stops      trunk1 0
    09:00:15.002  hangup     trunk1 inbound,sales,2
"""
WAIT_LOG = """
    09:00:00  log: enter   trunk1 sales
    09:00:15  log: abandon trunk1 sales _ 15
"""
PUT_OUT, GIVES_UP = "09:00:15.001  orders trunk1", "09:00:15.001  request trunk1"


@pytest.mark.parametrize(
    ("first", "outcome", "by"),
    [(PUT_OUT, "system", "system"), (GIVES_UP, "abandoned", "caller"),
     ("", "abandoned", "caller")],
    ids=["put out", "gives up", "of a line that announces no hang-up"],
)  # fmt: skip
def test_who_is_put_out_while_he_waits_has_not_given_up(
    first: str, outcome: str, by: str
) -> None:
    heard = f"{WAITS}{first}{LEAVES}"
    for parts in ((heard,), *permutations((heard, WAIT_LOG))):
        (leg,) = legs_of(*parts)

        assert (leg.outcome, leg.ended_by) == (outcome, by)
        assert 15_000 <= (leg.wait_ms or 0) <= 15_001
