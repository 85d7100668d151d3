"""Which days a plan can be of: those that the history can hold and somebody can mean."""

from datetime import UTC, date, datetime

from schemas.events import SchedulePublishedData

FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2149, 6, 6)
"""The last one that ClickHouse's Date can hold."""

_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
_LAST = datetime(2149, 6, 6, tzinfo=UTC)


def fault_of(told: SchedulePublishedData) -> str:
    """Return why no day can hold a plan, "" if one can."""
    try:
        day = date.fromisoformat(told.day)
    except ValueError:
        return f"{told.day!r} is no day, write 2026-03-02"
    if day.isoformat() != told.day:
        return f"{told.day!r} is no day, write {day}"
    if not FIRST_DAY <= day <= LAST_DAY:
        return f"day {told.day} is not within {FIRST_DAY} to {LAST_DAY}"
    for text in (text for each in told.items for text in (each.starts_at, each.ends_at)):
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return f"{text!r} is no RFC 3339 time"
        if at.tzinfo is None:
            return f"time {text!r} has no zone"
        if not _FIRST <= at <= _LAST:
            return f"time {text!r} is not within {FIRST_DAY} to {LAST_DAY}"
    return ""
