"""Messages about what somebody wrote: what he may have meant, and what is wrong with it."""

from collections.abc import Collection
from difflib import get_close_matches


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return the end of a message about an unknown name: the nearest known one, else all."""
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f", did you mean {close[0]}?"
    return f" (known: {', '.join(sorted(known)) or 'none'})"


def plainly(message: str) -> str:
    """Return what pydantic says of a value, in the words of this program."""
    return message.removeprefix("Value error, ").replace("Input should", "must", 1)
