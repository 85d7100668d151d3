"""What a kind of source is said to tell is what its translations do tell."""

import pytest

from producers.kinds import BRINGS
from producers.recording import AMI, QUEUE_LOG
from schemas import events as e
from schemas.discipline import CODES
from schemas.needs import NEEDS, NOT_JUDGED, missing
from tests.lab import recording


@pytest.mark.parametrize("kind", [AMI, QUEUE_LOG])
def test_a_recording_tells_nothing_that_its_kind_is_not_said_to(kind: str) -> None:
    told = {type(event) for event in (recording.ami() if kind == AMI else recording.log())}

    assert told
    assert told <= BRINGS[kind]


def test_each_rule_says_what_it_needs_and_none_that_is_judged_is_said_not_to_be() -> None:
    assert set(NEEDS) == set(CODES)
    assert not NOT_JUDGED.keys() & set(CODES)


def test_the_manager_interface_tells_enough_for_all_rules() -> None:
    assert missing(BRINGS[AMI]) == {}


def test_what_is_missing_is_named_by_the_types_of_events() -> None:
    without = BRINGS[AMI] - {e.LegHeld, e.AgentStateChanged}

    lacks = missing(without)

    assert lacks["long_hold"] == ["cc.leg.held.v1"]
    assert lacks["toggle"] == ["cc.agent.state.changed.v1"]
    assert "rona" not in lacks
