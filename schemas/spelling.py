"""What somebody who misspelled a name may have meant."""

from collections.abc import Collection
from difflib import get_close_matches


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return the end of a message about an unknown name: the nearest known one, else all."""
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f", did you mean {close[0]}?"
    return f" (known: {', '.join(sorted(known)) or 'none'})"
