"""Where something stands in a message: keys with dots between, numbers for places in lists.

`^.x` begins at the whole body instead of the item, `@Name` is a header. A backslash before a
dot makes it part of a key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.errors import UntranslatableFrame

_DOT = re.compile(r"(?<!\\)\.")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a message tells of, with the message around it."""

    told: Any
    whole: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Path:
    """A place, ready to be looked up."""

    text: str
    parts: tuple[str, ...]
    start: str

    @classmethod
    def of(cls, text: str) -> "Path":
        """Return the place that a text names.

        Raises:
            ValueError: it names none.
        """
        if text.startswith("@"):
            return cls(text, (text[1:].lower(),), "@")
        start, rest = ("^", text[1:].removeprefix(".")) if text[:1] == "^" else ("", text)
        parts = tuple(part.replace("\\.", ".") for part in _DOT.split(rest)) if rest else ()
        if "" in parts:
            msg = f"{text!r} is no path: write keys with single dots between"
            raise ValueError(msg)
        return cls(text, parts, start)

    def find(self, item: Item) -> Any:
        """Return what stands there; None if nothing does, or an empty word."""
        if self.start == "@":
            return item.headers.get(self.parts[0]) or None
        found = item.whole if self.start else item.told
        for part in self.parts:
            if isinstance(found, dict):
                found = found.get(part)
            elif isinstance(found, list):
                found = found[int(part)] if _is_place(part, len(found)) else None
            else:
                return None
        return None if found == "" else found


def _is_place(part: str, length: int) -> bool:
    return part.isascii() and part.isdigit() and len(part) < 8 and int(part) < length


def text_of(value: Any, where: str) -> str:
    """Return a word or a number as text.

    Raises:
        UntranslatableFrame: it is an object or a list.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    kind = "a list" if isinstance(value, list) else "an object"
    msg = f"{where or 'the item'} is {kind}, where a word or a number is wanted"
    raise UntranslatableFrame(msg)
