"""The half hour live, out of order and told twice: the same, and no day to fold again."""

import pytest

from schemas.events import Event
from tests.lab import recording
from tests.lab.recording import Folded
from tests.readings import comparable

SEED = 20260302


def crooked(log: list[Event]) -> list[Event]:
    return recording.shuffled(log, SEED, within_ms=2_000, repeated=0.05)


@pytest.mark.parametrize("size", [1, 7, 500])
def test_swapped_and_repeated_events_give_the_same_half_hour(
    size: int, by_both: Folded
) -> None:
    log = crooked(recording.merged(recording.ami(), recording.log()))

    live = recording.fold(log, size)

    assert len(log) > 1.04 * (len(recording.ami()) + len(recording.log()))
    assert live.state.dirty_days == []
    assert comparable(live.facts) == comparable(by_both.facts)
    for name, queue in live.state.queues.items():
        straight = by_both.state.queues[name]
        assert (queue.totals, queue.instants) == (straight.totals, straight.instants)


def test_the_manager_interface_alone_may_be_swapped_and_repeated(by_ami: Folded) -> None:
    live = recording.fold(crooked(list(recording.ami())), 7)

    assert live.state.dirty_days == []
    assert comparable(live.facts) == comparable(by_ami.facts)


def test_the_queue_log_alone_may_be_swapped_and_repeated(by_log: Folded) -> None:
    live = recording.fold(crooked(list(recording.log())), 7)

    assert live.state.dirty_days == []
    assert comparable(live.facts) == comparable(by_log.facts)


@pytest.mark.parametrize("size", [1, 7])
def test_where_the_half_hour_is_cut_into_batches_does_not_matter(
    size: int, by_ami: Folded
) -> None:
    cut = recording.fold(recording.ami(), size)

    assert comparable(cut.facts) == comparable(by_ami.facts)
