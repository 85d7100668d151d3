"""When something happened, in the ways in which programs write it."""

import re
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from producers.instants import LAST_SECOND, MICROSECONDS, instant_us
from schemas.errors import UntranslatableFrame

FORMATS = ("iso", "s", "ms", "us", "dotnet")
"""ISO 8601; units since 1970; `/Date(ms)/`. Anything with a percent sign is for strptime."""

_UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1}
_DOTNET = re.compile(r"/Date\((-?[0-9]{1,15})(?:[+-][0-9]{4})?\)/")
_FRACTION = re.compile(r"[0-9]{2}[.,][0-9]")
# Python 3.11 reads fractions of 3 or 6 digits and more of them, but nothing else.
_DIGITS = re.compile(r"[.,]([0-9]+)")
_SECOND_MS = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Told(NamedTuple):
    """An instant [us since 1970 UTC], and the finest step of its clock [ms]."""

    at_us: int
    resolution: int


def instant(text: str, form: str, zone: ZoneInfo | None) -> Told:
    """Return the instant that a text means.

    Args:
        text: as the source wrote it.
        form: one of FORMATS, or a pattern of strptime.
        zone: whose local time is meant where the text names none.

    Raises:
        UntranslatableFrame: it means none.
    """
    text = text.strip()
    try:
        if form in _UNITS:
            return _counted(text, form)
        if form == "dotnet":
            found = _DOTNET.fullmatch(text)
            return _within(Told(int(found[1] if found else "") * 1_000, 1), text)
        return _within(_written(text, form, zone), text)
    except (ValueError, OverflowError) as error:
        msg = f"{text[:60]!r} is no time of the format {form}"
        raise UntranslatableFrame(msg) from error


def _counted(text: str, form: str) -> Told:
    if form == "s":
        at_us = instant_us(text)
        if at_us is None:
            raise ValueError
        return Told(at_us, 1 if "." in text else _SECOND_MS)
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError
    return _within(Told(int(text) * _UNITS[form], 1), text)


def _written(text: str, form: str, zone: ZoneInfo | None) -> Told:
    if form == "iso":
        has_fraction = _FRACTION.search(text) is not None
        # Microseconds are the most that Python reads.
        at = datetime.fromisoformat(_DIGITS.sub(_six, text, count=1))
    else:
        at = datetime.strptime(text, form)  # noqa: DTZ007 - the zone comes below
        has_fraction = "%f" in form
    if at.tzinfo is None:
        if zone is None:
            msg = f"{text[:60]!r} names no time zone; set zone in the mapping"
            raise UntranslatableFrame(msg)
        at = at.replace(tzinfo=zone)
    span = at.astimezone(UTC) - _EPOCH
    at_us = (span.days * 86_400 + span.seconds) * MICROSECONDS + span.microseconds
    return Told(at_us, 1 if has_fraction else _SECOND_MS)


def _six(found: re.Match[str]) -> str:
    return f".{found[1][:6]:0<6}"


def _within(told: Told, text: str) -> Told:
    if not 0 <= told.at_us <= LAST_SECOND * MICROSECONDS:
        msg = f"{text[:60]!r} is before 1970 or after 2148"
        raise UntranslatableFrame(msg)
    return told
