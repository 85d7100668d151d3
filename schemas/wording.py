"""Messages about what somebody wrote: what he may have meant, and what is wrong with it."""

import re
from collections.abc import Collection
from datetime import timedelta
from difflib import get_close_matches

from schemas.durations import written


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return the end of a message about an unknown name: the nearest known one, else all.

    Of very many only some are named, for the message is one line.
    """
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f", did you mean {close[0]}?"
    some = sorted(known)[:_MOST]
    more = f" and {len(known) - _MOST} more" if len(known) > _MOST else ""
    return f" (known: {', '.join(some) or 'none'}{more})"


_MOST = 40


def plainly(message: str) -> str:
    """Return what pydantic says of a value, in the words of this program."""
    plain = message.removeprefix("Value error, ").replace("Input should", "must", 1)
    for theirs, ours in _OURS.items():
        plain = plain.replace(theirs, ours)
    plain = _MICROSECONDS.sub(
        lambda found: written(timedelta(microseconds=int(found[1]))), plain
    )
    return _PYTHONS.sub(lambda found: written(_length(found[1])), plain)


_OURS = {
    "String should have at least 1 character": "must not be empty",
    "String should match pattern": "must match",
    "a valid timedelta, durations may not exceed 999,999,999 days": "no longer than 100 years",
    "a valid timedelta": "a length of time such as 10s, 5m or 1h30m",
    "a valid string": "a text in quotes",
    "valid tuple": "list",
    "valid dictionary": "table",
    "less than or equal to": "at most",
    "greater than or equal to": "at least",
    "Input is not a valid path for <class 'pathlib.Path'>": "must be a path",
}

_PYTHONS = re.compile(r"datetime\.timedelta\(([^)]*)\)")
"""A length as Python writes it: of named parts, or 0."""

_MICROSECONDS = re.compile(r"(\d+) microseconds")
"""Part of a second, as pydantic writes the least or the longest length that it takes."""


def _length(parts: str) -> timedelta:
    named = (each.split("=") for each in parts.split(", ") if "=" in each)
    return timedelta(**{name: int(count) for name, count in named})


def counted(number: float | str, one: str, many: str = "") -> str:
    """Return a number, or its text as a query tells it, with its noun: 1 day, 2 days."""
    return f"{number} {one}" if str(number) == "1" else f"{number} {many or one + 's'}"
