"""Where a body says what a mapping hides: by path if it can be read, else by name."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import quote_plus, unquote_plus

from producers.webhooks.blot import BLOT, text_and_back, written
from producers.webhooks.body import (
    MOST_FIELDS,
    charset_of,
    is_charset,
    key_parts,
    kind_of,
    text_of_json,
)
from producers.webhooks.by_name import blotted_by_name
from producers.webhooks.paths import Path
from schemas.errors import UntranslatableFrame

_DEEPEST = 8
"""Of more texts within texts the innermost is blotted out as a whole."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"\ufeff]+', re.DOTALL)
_COLON = re.compile(r"\s*:")

_Place: TypeAlias = tuple[int, int]
"""Which path, and how many of its keys have been passed."""


_Span: TypeAlias = tuple[int, int, str]
"""From where to where in a text something stands, and what is to stand there."""


@dataclass(slots=True)
class _Open:
    """An object or a list that has begun, and the paths that go on in it."""

    is_list: bool
    places: frozenset[_Place]
    place: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """A body that could be read.

    Attributes:
        body: it, with stars in place of what is hidden; the rest is as it came.
        texts: the words that stood there.
        is_clear: whether all texts within its texts could be read, too.
    """

    body: bytes
    texts: frozenset[str]
    is_clear: bool


@dataclass(slots=True)
class _Found:
    """What has been seen of a body so far; `depth` counts texts within texts."""

    texts: set[str] = field(default_factory=set)
    is_clear: bool = True
    depth: int = 0


class Hidden:
    """What a mapping hides.

    Args:
        paths: where it stands; each may begin at any depth, and lists on the way are passed.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = [path.parts for path in map(Path.of, paths) if path.start != "@"]
        self._keys = {key for path in self._paths for key in path}
        self._begun = frozenset((path, 0) for path in range(len(self._paths)))
        self._names = [_name(parts) for parts in self._paths]
        self._named = re.compile("|".join(written(each, "utf-8") for each in self._names))

    def __bool__(self) -> bool:
        return bool(self._paths)

    def where_it_stands(self, body: bytes, content_type: str) -> Seen | None:
        """Return a body with stars where something hidden stands; None if it cannot be read."""
        kind = kind_of(body, content_type)
        found = _Found()
        try:
            charset = charset_of(content_type)
            text, written_in, errors = text_and_back(body, content_type, charset)
            if kind == "json":
                json.loads(text_of_json(body, charset).decode())
                spans = self._in_json(text, found, frozenset())
            elif kind == "form" and _is_whole_form(text):
                spans = self._in_form(text, charset, found, frozenset())
            else:
                return None
            blotted = _replaced(text, spans)
            if blotted != text:
                body = blotted.encode(written_in, errors)
        except (UntranslatableFrame, ValueError, RecursionError):
            return None
        return Seen(body, frozenset(found.texts), found.is_clear)

    def _in_json(self, text: str, found: _Found, places: frozenset[_Place]) -> Iterator[_Span]:
        """Yield what is hidden in a text that is known to be JSON, below some paths."""
        opened: list[_Open] = []
        is_hidden = False
        is_key, depth, begin = False, 0, 0
        for token in _TOKEN.finditer(text):
            sign = token[0]
            if depth:
                depth += (sign in "{[") - (sign in "}]")
                if sign[0] == '"' and not _COLON.match(text, token.end()):
                    found.texts.add(_word(sign))
                if not depth:
                    yield begin, token.end(), f'"{BLOT * 3}"'
            elif sign in "}]":
                opened.pop()
                is_key = False
            elif sign == "," and opened[-1].is_list:
                opened[-1].place += 1
                is_hidden, places = self._step(opened[-1].places, str(opened[-1].place))
            elif sign == ",":
                is_key = True
            elif is_key:
                is_hidden, places = self._step(opened[-1].places, _word(sign))
                is_key = False
            elif sign in "{[" and is_hidden:
                depth, begin = 1, token.start()
            elif sign in "{[":
                opened.append(_Open(sign == "[", places))
                is_key = sign == "{"
                if sign == "[":
                    is_hidden, places = self._step(places, "0")
            elif is_hidden and sign not in (":", "null", '""'):
                word = _word(sign) if sign[0] == '"' else sign
                if sign[0] == '"':
                    found.texts.add(word)
                yield token.start(), token.end(), f'"{BLOT * len(word)}"'
            elif sign[0] == '"':
                word = _word(sign)
                blotted = self._within(word, found, places)
                if blotted != word:
                    yield token.start(), token.end(), json.dumps(blotted)

    def _within(self, word: str, found: _Found, places: frozenset[_Place]) -> str:
        """Return a word without what is hidden in it, if it is itself JSON or a form."""
        is_json = word.lstrip("\ufeff \t\r\n")[:1] in ("{", "[", '"')
        if not is_json and not ("=" in word and _is_whole_form(word)):
            return word
        if found.depth == _DEEPEST:
            return BLOT * 3
        found.depth += 1
        try:
            if is_json:
                json.loads(word)
                spans = self._in_json(word, found, places)
            else:
                spans = self._in_form(word, "utf-8", found, places)
            return _replaced(word, spans)
        except ValueError:
            found.is_clear &= not self._named.search(word)
            return word
        finally:
            found.depth -= 1

    def _in_form(
        self, text: str, charset: str, found: _Found, begun: frozenset[_Place]
    ) -> Iterator[_Span]:
        coded = charset if "a".encode(charset) == b"a" else "utf-8"
        end = -1
        for each in text.split("&"):
            name, _, value = each.partition("=")
            begin, end = end + len(name) + 2, end + 1 + len(each)
            if not value:
                continue
            word = unquote_plus(value, coded, "replace")
            # Some code names in UTF-8, whatever they call it.
            keys = {unquote_plus(name, known, "replace") for known in (coded, "utf-8")}
            steps = [self._down(key_parts(key), begun) for key in keys]
            if any(is_hidden for is_hidden, _ in steps):
                found.texts.add(word)
                yield begin, end, BLOT * len(word)
                continue
            blotted = self._within(word, found, frozenset().union(*(way for _, way in steps)))
            if blotted != word:
                new = blotted if word == value else quote_plus(blotted, "", coded, "replace")
                yield begin, end, new

    def _down(
        self, parts: Sequence[str], places: frozenset[_Place]
    ) -> tuple[bool, frozenset[_Place]]:
        for part in parts:
            # Without a number it is the next of a list.
            is_hidden, places = self._step(places, part or "0")
            if is_hidden:
                return True, places
        return False, places

    def _step(self, places: frozenset[_Place], key: str) -> tuple[bool, frozenset[_Place]]:
        """Return whether a key ends a path, and which paths go on below it."""
        if key not in self._keys:
            return False, places if key.isdigit() else frozenset()
        reached = {
            (path, n + 1) for path, n in places | self._begun if self._paths[path][n] == key
        }
        if any(n == len(self._paths[path]) for path, n in reached):
            return True, frozenset()
        return False, frozenset(reached | places if key.isdigit() else reached)

    def blotted_by_name(self, body: bytes, content_type: str) -> bytes | None:
        """Return a body that cannot be read without what follows a hidden name.

        None if something hidden may be left in it.
        """
        return blotted_by_name(self._names, body, content_type)


def is_packed_oddly(header: str) -> bool:
    """Tell whether a Content-Encoding names a packing that nobody knows."""
    named = [word.strip().lower() for word in header.split(",")]
    known = ("", "identity", "gzip", "x-gzip", "deflate")
    return any(word not in known and not is_charset(word) for word in named)


def _is_whole_form(text: str) -> bool:
    fields = text.split("&")
    return len(fields) <= MOST_FIELDS and all("=" in each for each in fields if each)


def _replaced(text: str, spans: Iterable[_Span]) -> str:
    pieces, at = [], 0
    for begin, end, new in spans:
        pieces += [text[at:begin], new]
        at = end
    return "".join([*pieces, text[at:]])


def _word(sign: str) -> str:
    """Return what a string of JSON says."""
    word: str = json.loads(sign) if "\\" in sign else sign[1:-1]
    return word


def _name(parts: Sequence[str]) -> str:
    """Return the last key of a path; places in lists are not written in a body."""
    return next((part for part in reversed(parts) if not part.isdigit()), "")
