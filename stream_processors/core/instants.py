"""Times as the wire writes them, and as the fold counts them: milliseconds since 1970 UTC."""

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from schemas.instants import instant_ms

THOUSANDTHS = {f"{part:03}Z": part for part in range(1000)}
"""What stands behind the whole second of an instant in milliseconds, and what it means."""

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
"""Not a local day, which may be an hour shorter or longer: see `day_bounds`."""

NEVER = 1 << 62
"""An instant [ms] that is not reached: the end of what has none."""


def to_ms(text: str) -> int:
    """Return an RFC 3339 instant as milliseconds since 1970, cut, not rounded.

    Raises:
        MalformedEvent: no time, one without zone, or one before 1970 or after 2148.
    """
    thousandths = THOUSANDTHS.get(text[20:])
    if thousandths is not None and text[19] == ".":
        return _second(text[:19]) + thousandths
    return instant_ms(text)


@lru_cache(maxsize=4096)
def _second(text: str) -> int:
    """Events come many to a second; parsing a calendar date is the dear part."""
    return instant_ms(text + "Z")


@lru_cache(maxsize=1024)
def day_bounds(at_second: int, zone: str) -> tuple[int, int]:
    """Return start and end [ms] of the local day that holds a second; 23 to 25 hours apart."""
    local = datetime.fromtimestamp(at_second, ZoneInfo(zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    next_noon = midnight.replace(hour=12) + timedelta(days=1)
    end = int(next_noon.replace(hour=0).timestamp())
    if at_second >= end:
        # A clock set back from 00:01 to 23:01: the hour is of the day that had begun.
        return day_bounds(end, zone)
    return int(midnight.timestamp()) * 1000, end * 1000


def day_name(at: int, zone: str) -> str:
    """Return the local date of an instant [ms], as 2026-02-03."""
    return datetime.fromtimestamp(at // 1000, ZoneInfo(zone)).date().isoformat()


@lru_cache(maxsize=256)
def month_bounds(at: int, zone: str) -> tuple[int, int]:
    """Return start and end [ms] of the local month that holds an instant [ms]."""
    local = datetime.fromtimestamp(at // 1000, ZoneInfo(zone))
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    following = (first.replace(hour=12) + timedelta(days=32)).replace(day=1, hour=0)
    return int(first.timestamp()) * 1000, int(following.timestamp()) * 1000
