"""Whether a text names something hidden, whichever way it is written.

A name may stand there as it is, in percent codes, in escapes of JSON, in signs of HTML, and in
any of these within one another.
"""

import re
from collections.abc import Callable, Sequence
from html import unescape
from urllib.parse import unquote_plus

_DEEPEST = 8
"""What is written in more ways within one another is taken to say anything."""

_CODE = re.compile(r"[%\\&+]")
_ESCAPE = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|([nrtbf]))?")
# A key stands beside one of these in any language; a word of a sentence does not.
_SIGN = r"[=:<>\[\]{}\"'`&?|\\]"


def says(text: str, is_in: Callable[[str], object], charset: str = "utf-8") -> bool:
    """Tell whether something is in a text, or in what its codes stand for."""
    for _ in range(_DEEPEST):
        if is_in(text):
            return True
        if not _CODE.search(text):
            return False
        plain = unquote_plus(text, charset, "replace")
        plain = unescape(_ESCAPE.sub(_escaped, plain))
        if plain == text:
            return False
        text = plain
    return True


def _escaped(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    return " " if found[2] else ""


class Names:
    """Names of what is hidden.

    Args:
        names: keys, without those around them.
    """

    def __init__(self, names: Sequence[str]) -> None:
        any_of = f"(?:{'|'.join(map(re.escape, names))})"
        self._anywhere = re.compile(any_of, re.IGNORECASE)
        self._as_a_key = re.compile(
            rf"{_SIGN}{any_of}(?![\w-])|(?<![\w-]){any_of}[\s)]*{_SIGN}", re.IGNORECASE
        )

    def are_in(self, text: str, charset: str) -> bool:
        """Tell whether a text has one anywhere, even within another word."""
        charsets = {charset, "utf-8"}
        return any(says(text, self._anywhere.search, each) for each in charsets)

    def are_keys_in(self, text: str) -> bool:
        """Tell whether a text has one where a key could stand: `name=`, `"name":`, `<name`."""
        return says(text, self._as_a_key.search)
