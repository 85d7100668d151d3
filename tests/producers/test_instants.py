"""Instants are whole numbers; nothing is rounded."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.instants import instant_us, rfc3339


def test_a_timestamp_is_read_to_the_microsecond() -> None:
    assert instant_us("1795288587.265999") == 1_795_288_587_265_999
    assert instant_us("1795288587") == 1_795_288_587_000_000
    assert instant_us("1795288587.5") == 1_795_288_587_500_000


def test_milliseconds_are_cut_and_not_rounded() -> None:
    assert rfc3339(1_795_288_587_265_999) == "2026-11-21T19:16:27.265Z"


@pytest.mark.parametrize(
    "text", ["", ".", "-1.0", "1e9", "1.2.3", "٣.0", "1.x", "²", "9" * 12, "9" * 5000, " 1.0"]
)
def test_what_is_no_instant_is_not_read(text: str) -> None:
    assert instant_us(text) is None


@given(st.integers(0, 253_402_300_799_999_999))
def test_the_text_of_an_instant_is_that_of_the_calendar(at_us: int) -> None:
    text = rfc3339(at_us)

    parsed = datetime.fromisoformat(text)
    assert (parsed - datetime(1970, 1, 1, tzinfo=UTC)).days == at_us // 86_400_000_000
    assert int(text[20:23]) == at_us // 1000 % 1000
