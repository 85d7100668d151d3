"""Lengths of time as people write them in settings: `10s`, `5m`, `1h30m`, `250ms`, `30d`.

A day is 24 hours.
"""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

LONGEST = timedelta(days=36_500)
"""Longer is a slip of the pen: counted back from today it may leave the calendar."""

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PART = re.compile(r"(\d+)\s*(ms|s|m|h|d)")


def _duration(value: object) -> object:
    """Read `10s`, `1h30m` or `30d`; ISO 8601 (`PT10S`) and all else is left to pydantic."""
    if isinstance(value, bool):
        msg = f"{str(value).lower()} is no duration (write 10s, 5m or 1h30m)"
        raise ValueError(msg)  # noqa: TRY004 - of a TypeError pydantic makes no line
    if not isinstance(value, str) or value.startswith("P"):
        return value
    parts = _PART.findall(value)
    if not parts or _PART.sub("", value).strip():
        msg = f"{value!r} is no duration (write 10s, 5m or 1h30m)"
        raise ValueError(msg)
    length_ms = sum(int(count) * _UNITS[unit] for count, unit in parts)
    if length_ms > in_ms(LONGEST):
        msg = f"{value!r} is longer than anything here lasts (at most {LONGEST.days}d)"
        raise ValueError(msg)
    return timedelta(milliseconds=length_ms)


Duration = Annotated[timedelta, BeforeValidator(_duration), Field(ge=timedelta(0), le=LONGEST)]


def in_ms(length: timedelta) -> int:
    """Return a length in milliseconds."""
    return round(length.total_seconds() * 1000)


def written(length: timedelta) -> str:
    """Return a length as it is written in settings, e.g. `1h30m`."""
    rest, parts = in_ms(length), []
    for unit in ("h", "m", "s", "ms"):
        count, rest = divmod(rest, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
