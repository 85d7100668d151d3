"""Some bad records are diverted; too many of them stop the worker."""

import pytest

from schemas.errors import TooManyRejects
from stream_processors.shells.rejects import RejectLimit, RejectWatch


def test_a_share_that_is_not_passed_goes_on_for_ever() -> None:
    watch = RejectWatch(RejectLimit(share=0.1, least=100, of=10_000))

    for _ in range(1_000):
        watch.note(1_000, 100)


def test_few_records_are_no_reason_to_stop_however_bad() -> None:
    watch = RejectWatch(RejectLimit(share=0.1, least=100, of=10_000))

    watch.note(99, 99)
    with pytest.raises(TooManyRejects, match=r"100 of the last 100 events were rejected"):
        watch.note(1, 1)


def test_only_the_last_records_count() -> None:
    watch = RejectWatch(RejectLimit(share=0.1, least=100, of=10_000))
    watch.note(1_000, 99)
    for _ in range(20):
        watch.note(1_000, 0)

    watch.note(1_000, 99)
    with pytest.raises(TooManyRejects, match=r"1299 of the last 10000"):
        watch.note(2_000, 1_200)


def test_the_reason_names_the_setting() -> None:
    watch = RejectWatch(RejectLimit(share=0.5, least=1, of=100))

    with pytest.raises(TooManyRejects, match=r"processor\.reject_share 0\.5"):
        watch.note(1, 1)
