"""Calls that were mostly hold, and holds that are too long; worked out by hand."""

from typing import Any

import pytest

from tests.core.judged import evidence, shown, told
from tests.readings import legs, violations
from tests.timetable import moment

# Of two minutes from answer to end, talk is what is not hold.
CALL = """
    08:59:00  login   Anna sales
    09:00:00  enter   trunk1 sales
    09:00:05  ring    trunk1 sales Anna
    09:00:10  answer  trunk1 sales Anna
    09:00:30  holds   trunk1-Anna@trunk1
    {resumed} resumes trunk1-Anna@trunk1
    09:02:10  end     trunk1 sales Anna caller
    09:02:10  stops   trunk1
    09:05:00  beat
"""
OVER = ("warning", "resolved", moment("09:02:10"), moment("09:02:10"))


def test_a_call_held_for_more_than_half_of_its_talk_is_told_at_its_end() -> None:
    facts = told(CALL.format(resumed="09:01:10.001"), {})

    assert shown(facts, "long_hold") == [OVER]
    (episode,), (leg,) = violations(facts, "long_hold"), legs(facts)
    found = evidence(episode)
    assert (found["hold_ms"], found["talk_ms"], found["legs"]) == (
        40_001, 79_999, [leg.leg_id],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("resumed", "rules", "why"),
    [
        ("09:01:10.000", {}, "40 s are half of 80 s of talk, and no more"),
        ("09:01:00.000", {"share": 0.1}, "30 s are the grace, and no more"),
        ("09:01:30.000", {"share": 0.0}, "nobody asked for it"),
        ("09:01:30.000", {"enabled": False}, "the rule is off"),
    ],
)
def test_less_hold_is_no_violation(resumed: str, rules: dict[str, Any], why: str) -> None:
    facts = told(CALL.format(resumed=resumed), {"long_hold": rules})

    assert shown(facts, "long_hold") == [], why


def test_a_call_with_a_hold_that_was_too_long_is_one_violation() -> None:
    rules = {"long_hold": {"limit": "40s", "grace": "10s"}}

    facts = told(CALL.format(resumed="09:01:30.000"), rules)

    assert shown(facts, "long_hold") == [
        ("warning", "resolved", moment("09:01:20"), moment("09:01:30"))
    ]
