"""The half hour with wrap-up times in the settings: whose after-work lasts how long.

The recorded PBX tells of none, for its members have none of their own. Which talk ends when,
who is rung next, and who logs out is as recorded; the oracle reads it for itself.
"""

import pytest
from msgspec.structs import replace

from schemas.events import AgentQueueJoined, Event, SnapshotAgent
from tests.lab import recording
from tests.lab.recording import Folded, ami_legs, legs_as_we_define
from tests.lab.test_counts import paired
from tests.oracles import ami as ami_oracle
from tests.oracles.afterwork import afterworks
from tests.oracles.lab_numbers import ami_log
from tests.readings import comparable, legs, states

LENGTH_MS = 10_000


def wraps_up(event: Event) -> Event:
    if isinstance(event, AgentQueueJoined | SnapshotAgent):
        return replace(event, data=replace(event.data, wrapup_ms=LENGTH_MS))
    return event


@pytest.fixture(scope="module")
def folded() -> Folded:
    return recording.fold(recording.ami(), wrapup_ms=LENGTH_MS)


def test_each_call_has_the_after_work_that_the_oracle_finds(folded: Folded) -> None:
    expected = afterworks(legs_as_we_define(), ami_oracle.sessions(ami_log()), LENGTH_MS)
    by_visit = {(leg.channel, leg.queue, leg.entered_us): expected.get(leg)
                for leg in legs_as_we_define()}  # fmt: skip

    found = {
        (oracle.channel, oracle.queue, oracle.entered_us): leg.wrapup_ms
        for leg, oracle in paired(legs(folded.facts), ami_legs())
    }

    assert found == by_visit
    lasted = [each for each in expected.values() if each is not None]
    assert len(lasted) > 500
    assert sum(each < LENGTH_MS for each in lasted) > 50


def test_after_works_of_calls_add_up_to_the_states_of_their_agents(folded: Folded) -> None:
    """But for what goes on after a ring that came to nothing: that is of no call."""
    of_calls = {(leg.agent_id, leg.ended_at): leg.wrapup_ms
                for leg in legs(folded.facts) if leg.wrapup_ms is not None}  # fmt: skip
    agents = {agent for agent, _ in of_calls}
    after_talks = {}
    for agent in agents:
        talked_until = {each.ended_at for each in states(folded.facts, agent)
                        if each.state == "talking"}  # fmt: skip
        for each in states(folded.facts, agent):
            if each.state == "wrapup" and each.started_at in talked_until:
                after_talks[agent, each.started_at] = each.duration_ms

    assert of_calls == after_talks


def test_they_do_not_depend_on_order_repetition_or_batches(folded: Folded) -> None:
    crooked = recording.shuffled(recording.ami(), 20260302, within_ms=2_000, repeated=0.05)
    again = recording.fold(crooked, 7, LENGTH_MS)

    assert comparable(again.facts) == comparable(folded.facts)


def test_members_with_that_time_of_their_own_have_the_same_whatever_their_queues_have(
    folded: Folded,
) -> None:
    log = [wraps_up(event) for event in recording.ami()]

    own = recording.fold(log, wrapup_ms=3 * LENGTH_MS)

    assert comparable(own.facts) == comparable(folded.facts)
