"""Instants as whole numbers: microseconds since 1970 UTC, and their RFC 3339 text."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from schemas.instants import END_MS

MICROSECONDS = 1_000_000
LAST_SECOND = END_MS // 1000 - 1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def whole_second(digits: str) -> int | None:
    """Parse whole seconds since 1970; None if it is anything else or beyond the year 2148."""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 12):
        return None
    second = int(digits)
    return second if second <= LAST_SECOND else None


def instant_us(text: str) -> int | None:
    """Parse `<second>.<fraction>` exactly; digits beyond the microsecond are cut.

    Returns:
        Microseconds since 1970, or None if the text is no such instant.
    """
    whole, _, fraction = text.partition(".")
    second = whole_second(whole)
    if second is None or not (fraction + "0").isdigit() or not fraction.isascii():
        return None
    return second * MICROSECONDS + int((fraction + "000000")[:6])


def rfc3339(at_us: int) -> str:
    """Return an instant as UTC text, cut (not rounded) to milliseconds."""
    second, fraction = divmod(at_us, MICROSECONDS)
    return f"{_second_text(second)}.{fraction // 1000:03d}Z"


@lru_cache(maxsize=1024)
def _second_text(second: int) -> str:
    return (_EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S")
