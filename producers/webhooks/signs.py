"""A JSON text that names hidden things, sign by sign: what is to be blotted, what is shown.

The text is known to be JSON. Its signs are looked at where they stand, for all that is not
hidden is kept byte for byte.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from producers.webhooks.blot import BLOT

_SIGN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"\ufeff]+', re.DOTALL)
_COLON = re.compile(r"\s*:")

Places: TypeAlias = frozenset[tuple[int, int]]
"""Which hidden paths go on at a place, and how many of the keys of each have been passed."""

Span: TypeAlias = tuple[int, int, str]
"""From where to where in a text something stands, and what it says or is to say."""


@dataclass(slots=True)
class Found:
    """What has been seen of a body.

    Attributes:
        blotted: what is to stand where something hidden stands.
        shown: all other words, and keys.
        hidden: the words that stand at hidden places.
    """

    blotted: list[Span] = field(default_factory=list)
    shown: list[Span] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)

    def show(self, sign: re.Match[str], word: str) -> None:
        """Note a word, or a key, that may be kept."""
        self.shown.append((*sign.span(), word))

    def blot(self, sign: re.Match[str], word: str) -> None:
        """Note that a word of JSON is to be blotted out; a number becomes a word."""
        self.blotted.append((*sign.span(), f'"{BLOT * len(word)}"'))


class Hides(Protocol):
    """Tells what is hidden."""

    def step(self, places: Places, key: str) -> tuple[bool, Places]:
        """Return whether a key ends a path, and which paths go on below it."""

    def is_oddly_named(self, key: str, parts: Sequence[str]) -> bool:
        """Tell whether a key of some parts names something hidden as no path does."""

    def is_named_in(self, word: str) -> bool:
        """Tell whether a word names something hidden like a key."""


@dataclass(slots=True)
class _Open:
    """An object or a list that has begun, and the paths that go on in it."""

    is_list: bool
    places: Places
    place: int = 0


class Signs:
    """Goes through a JSON text.

    Args:
        text: the text.
        hides: tells what of it is hidden.
        found: where is noted what the text says.
    """

    def __init__(self, text: str, hides: Hides, found: Found) -> None:
        self._text, self._hides, self._found = text, hides, found
        self._opened: list[_Open] = []
        self._places: Places = frozenset()
        self._is_hidden = self._is_key = False
        # Within an object or a list that is hidden whole: how deep, and where that begins.
        self._depth = self._begin = 0

    def see(self) -> None:
        """Note what the text says."""
        for each in _SIGN.finditer(self._text):
            sign = each[0]
            if self._depth:
                self._pass(each)
            elif sign in "}]":
                self._opened.pop()
                self._is_key = False
            elif sign == ",":
                self._go_on()
            elif self._is_key:
                self._see_key(each)
            elif sign in "{[":
                self._enter(each)
            elif sign != ":":
                self._see_value(each)

    def _pass(self, each: re.Match[str]) -> None:
        """Pass over a sign of what is hidden whole: its words are hidden everywhere."""
        sign = each[0]
        self._depth += (sign in "{[") - (sign in "}]")
        if sign[0] == '"' and not _COLON.match(self._text, each.end()):
            self._found.hidden.add(_word(sign))
        if not self._depth:
            self._found.blotted.append((self._begin, each.end(), f'"{BLOT * 3}"'))

    def _go_on(self) -> None:
        """Pass a comma: a key comes next, or the next item of a list."""
        within = self._opened[-1]
        self._is_key = not within.is_list
        if within.is_list:
            within.place += 1
            self._is_hidden, self._places = self._hides.step(within.places, str(within.place))

    def _see_key(self, each: re.Match[str]) -> None:
        key = _word(each[0])
        self._is_key = False
        self._is_hidden, self._places = self._hides.step(self._opened[-1].places, key)
        if self._hides.is_oddly_named(key, (key,)):
            self._is_hidden = True
            self._found.blot(each, key)
        else:
            self._found.show(each, key)

    def _enter(self, each: re.Match[str]) -> None:
        """Enter an object or a list, unless it is hidden whole."""
        if self._is_hidden:
            self._depth, self._begin = 1, each.start()
            return
        is_list = each[0] == "["
        self._opened.append(_Open(is_list, self._places))
        self._is_key = not is_list
        if is_list:
            self._is_hidden, self._places = self._hides.step(self._places, "0")

    def _see_value(self, each: re.Match[str]) -> None:
        """See a word or a number; that nothing stands at a hidden place is no secret."""
        sign = each[0]
        is_word = sign[0] == '"'
        word = _word(sign) if is_word else sign
        if self._is_hidden and sign not in ("null", '""'):
            if is_word:
                self._found.hidden.add(word)
            self._found.blot(each, word)
        elif is_word and self._hides.is_named_in(word):
            self._found.blot(each, word)
        elif is_word:
            self._found.show(each, word)


def _word(sign: str) -> str:
    """Return what a string of JSON says."""
    word: str = json.loads(sign) if "\\" in sign else sign[1:-1]
    return word
