"""Local times of a plan into instants: no zone is guessed, and no hour that does not exist."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from producers.schedule.mapping import PlanMapping
from producers.schedule.rows import Row
from schemas.planned_days import FIRST_DAY, LAST_DAY

A_DAY = timedelta(days=1)
LONG = timedelta(days=31)
"""How long somebody may be absent in one row."""

_MIDNIGHT = re.compile(r"(?<![-+.:\d])24(:00(?::00)?)(?![:\d])")
_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d)?")
_LONG_NIGHT = timedelta(hours=16)
_FURTHEST = timedelta(days=2 * 366)


class NoTime(Exception):
    """A row does not say when; the message says why."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when, UTC, in whose zone.

    Attributes:
        twice: an hour that came twice is meant.
        long: the end was taken for one of the next day, and that makes it very long.
    """

    start: datetime
    end: datetime
    zone: str
    twice: bool
    long: bool = False

    @property
    def day(self) -> str:
        """The local date on which it begins."""
        return self.start.astimezone(ZoneInfo(self.zone)).date().isoformat()

    @property
    def days(self) -> list[str]:
        """The local dates it speaks of: on which it begins, and those it covers whole."""
        zone = ZoneInfo(self.zone)
        first = self.start.astimezone(zone).date()
        covered = (self.end.astimezone(zone).date() - first).days
        return [(first + timedelta(days=each)).isoformat() for each in range(max(1, covered))]


def span(
    row: Row,
    how: PlanMapping,
    zone: str,
    now: datetime,
    longest: timedelta,
    home: str = "UTC",
) -> Span:
    """Return when a row begins and ends.

    Args:
        row: of the file.
        how: which formats it has.
        zone: whose local times are meant if the row does not say so; "" if nobody knows.
        now: the present; nobody plans further than two years ahead.
        longest: how long it may last by the clock.
        home: whose day it is if its times are instants and nobody knows the zone.

    Raises:
        NoTime: it does not say so, or says what cannot be.
    """
    zone = row.words.get("zone", "") or zone
    day = row.words.get("date", "")
    start, end = (_within(_told(row, name, how)) for name in ("from", "to"))
    over_midnight = bool(day) and end.replace(tzinfo=None) <= start.replace(tzinfo=None)
    if over_midnight:
        if end == start:
            msg = f"it begins and ends at {row.words['from']} (a whole day: 00:00 to 24:00)"
            raise NoTime(msg)
        end += A_DAY
    begins, twice = _instant(start, zone)
    ends, again = _instant(end, zone)
    if begins > now + _FURTHEST:
        raise _too_far(start)
    if ends <= begins:
        when = "as" if ends == begins else "before"
        msg = f"it ends {when} it begins ({row.words['from']} to {row.words['to']})"
        raise NoTime(msg)
    by_clock = start.tzinfo is None and end.tzinfo is None
    if (end - start if by_clock else ends - begins) > longest:
        days = "a day" if longest == A_DAY else f"{longest.days} days"
        msg = f"it lasts longer than {days} ({row.words['from']} to {row.words['to']})"
        raise NoTime(msg)
    long = over_midnight and ends - begins > _LONG_NIGHT
    return Span(begins, ends, zone or home, twice or again, long)


def _within(told: datetime) -> datetime:
    """Refuse what no history can hold, before anything is reckoned with it."""
    if told.date() < FIRST_DAY:
        msg = f"{told.date()} is before {FIRST_DAY}; is the year right?"
        raise NoTime(msg)
    if told.date() >= LAST_DAY:
        raise _too_far(told)
    return told


def _too_far(told: datetime) -> NoTime:
    return NoTime(f"{told.date()} is more than two years from now; is the year right?")


def _told(row: Row, name: Literal["from", "to"], how: PlanMapping) -> datetime:
    text, day = row.words[name], row.words.get("date", "")
    ends_at_midnight = name == "to" and _MIDNIGHT.search(text) is not None
    clock = _MIDNIGHT.sub(r"00\1", text) if ends_at_midnight else text
    columns = how.columns.model_dump(by_alias=True)
    date_of = _date(day, columns["date"], how) if day else None
    try:
        if date_of is None:
            told = _stamp(clock, how)
        else:
            told = datetime.combine(date_of, _clock(clock, how))
    except ValueError as error:
        if date_of is None and _CLOCK.fullmatch(text):
            msg = f"{columns[name]!r} is the time {text} only, and {columns['date']!r} is empty"
        elif not text:
            msg = f"{columns[name]!r} is empty"
        elif date_of is None:
            msg = (
                f"{text!r} is no time in {columns[name]!r} (write 2026-03-02T09:00, or give "
                "time_format in a mapping)"
            )
        else:
            msg = (
                f"{text!r} is no time in {columns[name]!r} (write 09:00, or give time_format "
                "in a mapping)"
            )
        raise NoTime(msg) from error
    return _within(told) + A_DAY if ends_at_midnight else told


def _date(day: str, column: str, how: PlanMapping) -> date:
    try:
        if how.date_format:
            return datetime.strptime(day, how.date_format).date()  # noqa: DTZ007
        return date.fromisoformat(day)
    except ValueError as error:
        msg = (
            f"{day!r} is no day in {column!r} (write 2026-03-02, or give date_format in a "
            "mapping)"
        )
        raise NoTime(msg) from error


def _stamp(text: str, how: PlanMapping) -> datetime:
    if how.time_format:
        return datetime.strptime(text, how.time_format)  # noqa: DTZ007 - the zone comes later
    if len(text) < len("2026-03-02T09:00"):
        msg = "a date alone"
        raise ValueError(msg)
    return datetime.fromisoformat(text)


def _clock(text: str, how: PlanMapping) -> time:
    if how.time_format:
        return datetime.strptime(text, how.time_format).time()  # noqa: DTZ007
    return time.fromisoformat(text.zfill(5) if text.count(":") == 1 else text)


def _instant(told: datetime, zone: str) -> tuple[datetime, bool]:
    """Return the instant of a local time, and whether there were two; the first is meant."""
    if told.tzinfo is not None:
        return told.astimezone(UTC), False
    if not zone:
        msg = (
            f"{told:%Y-%m-%d %H:%M} has no time zone: give --zone, a column zone, "
            "or timezone of the agent in the settings"
        )
        raise NoTime(msg)
    try:
        local = told.replace(tzinfo=ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        msg = f"{zone!r} is no time zone (use a name like Europe/Moscow)"
        raise NoTime(msg) from error
    at = local.astimezone(UTC)
    if at.astimezone(local.tzinfo).replace(tzinfo=None) != told:
        msg = f"{told:%Y-%m-%d %H:%M} does not exist in {zone}: the clock is put forward there"
        raise NoTime(msg)
    return at, local.utcoffset() != local.replace(fold=1).utcoffset()
