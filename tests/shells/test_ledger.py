"""What may be committed, and what a lost batch is noticed by."""

import pytest

from schemas.errors import LogTorn
from stream_processors.shells.ledger import Ledger, Range


def begun(position: int = 100) -> Ledger:
    ledger = Ledger()
    ledger.begin({3: position})
    return ledger


def given(ledger: Ledger, end: int) -> Range:
    found = ledger.hand_over(3, end)
    assert found is not None
    return found


def test_only_what_a_durable_snapshot_holds_may_be_committed() -> None:
    ledger = begun()

    ledger.applied(given(ledger, 150))
    before = ledger.committable(3)
    ledger.secure(3, 150)

    assert before is None
    assert ledger.committable(3) == 150


def test_a_refused_commit_stays_to_be_done_and_an_accepted_one_does_not() -> None:
    ledger = begun()
    ledger.secure(3, 150)

    first = ledger.committable(3)
    again = ledger.committable(3)
    ledger.committed(3, 150)

    assert (first, again, ledger.committable(3)) == (150, 150, None)


def test_the_first_commit_may_be_at_offset_0() -> None:
    ledger = begun(0)
    ledger.secure(3, 0)

    assert ledger.committable(3) == 0


def test_what_was_handed_over_is_not_handed_over_again() -> None:
    ledger = begun()
    given(ledger, 150)

    assert ledger.hand_over(3, 150) is None
    assert ledger.hand_over(3, 120) is None
    assert given(ledger, 151) == Range(3, 150, 151, epoch=1)


def test_a_partition_of_somebody_else_is_not_handed_over() -> None:
    assert begun().hand_over(4, 10) is None


def test_a_batch_lost_on_its_way_is_noticed_at_the_next() -> None:
    ledger = begun()
    given(ledger, 150)
    later = given(ledger, 200)

    with pytest.raises(LogTorn, match=r"100 to 150 of partition 3 were read and never applied"):
        ledger.applied(later)


@pytest.mark.parametrize("how", ["sought", "left", "left and come back"])
def test_a_batch_from_before_a_rebalance_is_void(how: str) -> None:
    ledger = begun()
    old = given(ledger, 150)

    if how != "sought":
        ledger.forget([3])
    if how != "left":
        ledger.begin({3: 100})

    assert ledger.is_void(old)
    if how != "left":
        assert not ledger.is_void(given(ledger, 150))


def test_a_snapshot_of_a_partition_that_has_gone_commits_nothing() -> None:
    ledger = begun()
    ledger.forget([3])
    ledger.secure(3, 150)

    assert ledger.committable(3) is None
    assert ledger.partitions == []
