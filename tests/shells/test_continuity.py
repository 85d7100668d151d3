"""What is read has to follow what was folded."""

import pytest

from schemas.errors import LogTorn
from stream_processors.shells.continuity import UNMARKED, check_bounds, mark_of, new_of
from stream_processors.shells.partition import PartitionFold
from stream_processors.shells.transport import Bounds
from tests.shells.records import Logged, log
from tests.timetable import terms


def records(begin: int, *values: bytes) -> list[Logged]:
    return log([(b"acme", value) for value in values], begin=begin)


def test_the_record_that_was_folded_last_is_known_again_and_not_new() -> None:
    old, fresh = records(99, b"old", b"new")

    assert new_of("log", [old, fresh], 100, mark_of(old.value), Bounds(0, 101)) == [fresh]


def test_another_record_in_its_place_means_another_log() -> None:
    with pytest.raises(LogTorn, match="log is not what was folded up to offset 100"):
        new_of("log", records(99, b"other", b"new"), 100, mark_of(b"old"), Bounds(0, 101))


def test_a_log_that_is_read_from_its_beginning_again_is_another_one() -> None:
    """The client goes there by itself where the broker has no such offset."""
    with pytest.raises(LogTorn, match="it was made anew, or has lost its end"):
        new_of("log", records(0, b"other"), 100, UNMARKED, Bounds(0, 1))


def test_what_is_read_again_from_a_committed_offset_is_passed_over_and_then_compared() -> None:
    """Two assignments in quick succession: the client begins where the group's offset is."""
    again = records(97, b"a", b"b", b"old", b"new")
    bounds = Bounds(0, 101)

    assert new_of("log", again, 100, mark_of(b"old"), bounds) == again[3:]
    assert new_of("log", again[:2], 100, mark_of(b"old"), bounds) == []
    with pytest.raises(LogTorn, match="log is not what was folded up to offset 100"):
        new_of("log", again, 100, mark_of(b"other"), bounds)


def test_of_a_state_without_a_mark_any_record_is_the_one_that_was_folded_last() -> None:
    assert new_of("log", records(99, b"any"), 100, UNMARKED, Bounds(0, 100)) == []


def test_what_retention_has_removed_before_it_was_read_is_noticed() -> None:
    with pytest.raises(LogTorn, match="20 events of log are gone from the log"):
        new_of("log", records(120, b"later"), 100, UNMARKED, Bounds(120, 121))


def test_an_offset_that_never_held_an_event_is_no_loss() -> None:
    """Those who write in transactions leave such places."""
    later = records(101, b"later")

    assert new_of("log", later, 100, UNMARKED, Bounds(0, 102)) == later


def test_a_log_that_ends_before_what_was_folded_is_another_one() -> None:
    with pytest.raises(LogTorn, match="log was folded up to offset 100, but ends at 99"):
        check_bounds("log", 100, 0, 99, accept_loss=True)


def test_a_snapshot_knows_the_record_before_it() -> None:
    last = records(7, b"a", b"b")
    before = PartitionFold(7, lambda _: terms())
    before.take(last, 9)

    after = PartitionFold(0, lambda _: terms())
    after.thaw(before.freeze())

    assert (after.position, after.last) == (9, mark_of(last[1].value))
