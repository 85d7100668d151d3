"""Where a body says what a mapping hides: by path if it can be read, else by name.

A body that cannot be read (cut short, of a character set that nobody knows) is looked through
as text: what follows a hidden name is blotted out where it stands. Where that is not certain
to find everything, the body must not be kept.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

from producers.webhooks.blot import BLOT, written
from producers.webhooks.body import (
    charset_of,
    form_pairs,
    is_charset,
    key_parts,
    kind_of,
    text_of_json,
)
from producers.webhooks.paths import Path
from schemas.errors import UntranslatableFrame

_WIDE = (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2))
# Packed bytes, and character sets that switch their meaning, have these; no text has.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_JSON_VALUE = re.compile(
    r'"\s*:\s*(?:"(?P<text>(?:[^"\\]|\\.)*\\?)|(?P<other>[\[{].*|[^\s,}\]"\[{]*))', re.DOTALL
)
_FORM_VALUE = re.compile(r"(?:\]|%5[dD])*=(?P<text>[^&]*)")
_QUOTED_FORM_VALUE = re.compile(r'(?:\]|%5[dD])*=(?P<text>(?:[^&"\\]|\\.)*)')
_NOTHING = re.compile(r'["\]]?\s*[:=]?\s*')

_Place: TypeAlias = tuple[int, int]
"""Which path, and how many of its keys have been passed."""


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON; a key may come twice, and the first one is no less secret."""


class Hidden:
    """What a mapping hides.

    Args:
        paths: where it stands; each may begin at any depth, and lists on the way are passed.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = [path.parts for path in map(Path.of, paths) if path.start != "@"]
        self._names = [_name(parts) for parts in self._paths]

    def __bool__(self) -> bool:
        return bool(self._paths)

    def found(self, body: bytes, content_type: str) -> set[str] | None:
        """Return the texts that stand there; None if the body cannot be read."""
        kind = kind_of(body, content_type)
        try:
            charset = charset_of(content_type)
            if kind == "json":
                text = text_of_json(body, charset)
                return set(self._in_tree(json.loads(text, object_pairs_hook=_Pairs)))
            if kind == "form" and all(b"=" in each for each in body.split(b"&") if each):
                return set(self._in_form(form_pairs(body, charset)))
        except (UntranslatableFrame, ValueError, RecursionError):
            pass
        return None

    def _in_tree(self, tree: Any) -> Iterator[str]:
        todo: list[tuple[Any, frozenset[_Place]]] = [(tree, frozenset())]
        while todo:
            told, places = todo.pop()
            if isinstance(told, _Pairs):
                below: Iterable[tuple[str, Any]] = told
            elif isinstance(told, list):
                below = ((str(place), each) for place, each in enumerate(told))
            else:
                continue
            for key, value in below:
                is_hidden, reached = self._step(places, key)
                if is_hidden:
                    yield from _texts(value)
                else:
                    todo.append((value, reached))

    def _in_form(self, pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
        for key, value in pairs:
            places: frozenset[_Place] = frozenset()
            for part in key_parts(key):
                is_hidden, places = self._step(places, part)
                if is_hidden:
                    yield value
                    break

    def _step(self, places: frozenset[_Place], key: str) -> tuple[bool, frozenset[_Place]]:
        """Return whether a key ends a path, and which paths go on below it."""
        begun = {(path, 0) for path in range(len(self._paths))}
        reached = {(path, n + 1) for path, n in places | begun if self._paths[path][n] == key}
        if any(n == len(self._paths[path]) for path, n in reached):
            return True, frozenset()
        return False, frozenset(reached | places if key.isdigit() else reached)

    def blotted_by_name(self, body: bytes, content_type: str) -> bytes | None:
        """Return a body that cannot be read without what follows a hidden name.

        None if something hidden may be left in it.
        """
        if "" in self._names:
            return None
        if b"\0" in body:
            return self._in_wide(body)
        named = "utf-8"
        try:
            named = charset_of(content_type)
        except UntranslatableFrame:
            if kind_of(body, content_type) != "form" and body.lstrip()[:1] not in (b"{", b"["):
                return None  # of letters that may be none of ASCII
        # What it is called need not be what it is.
        likely = [name for name in dict.fromkeys([named, "utf-8"]) if _is_of(body, name)]
        if not likely and not all(map(str.isascii, self._names)):
            return None
        for name in likely or ["utf-8"]:
            text = self._scanned(body.decode(name, "surrogateescape"), named)
            if text is None:
                return None
            body = text.encode(name, "surrogateescape")
        return body

    def _in_wide(self, body: bytes) -> bytes | None:
        """Look through two or four bytes a letter, of which the last may be torn."""
        likely: list[tuple[int, str, int, str]] = []
        for codec, width in _WIDE:
            whole = len(body) // width * width
            with suppress(UnicodeError):
                text = body[:whole].decode(codec, "surrogatepass")
                if not _CONTROL.search(text):
                    likely.append((sum(map(str.isascii, text)), codec, whole, text))
        if not likely:
            return None
        _, codec, whole, text = max(likely)
        blotted = self._scanned(text, "utf-8")
        if blotted is None:
            return None
        return blotted.encode(codec, "surrogatepass") + BLOT.encode() * (len(body) - whole)

    def _scanned(self, text: str, charset: str) -> str | None:
        """Return a text with what follows hidden names blotted out; None if one is unclear."""
        if _CONTROL.search(text):
            return None
        form = _QUOTED_FORM_VALUE if text.lstrip("\ufeff \t\r\n")[:1] in "{[" else _FORM_VALUE
        for name in self._names:
            pattern = rf"(?:(?<![\w-])|(?<=%5[bB])){written(name, charset)}(?![\w-])"
            begin = 0
            pieces = []
            for place in re.finditer(pattern, text):
                value = _JSON_VALUE.match(text, place.end()) or form.match(text, place.end())
                if value is not None:
                    start, end = value.span("text" if value["text"] is not None else "other")
                    pieces += [text[begin:start], BLOT * max(0, end - max(begin, start))]
                    begin = max(begin, end)
                elif not _NOTHING.fullmatch(text, place.end()):
                    return None
            text = "".join([*pieces, text[begin:]])
        return text


def is_packed_oddly(header: str) -> bool:
    """Tell whether a Content-Encoding names a packing that nobody knows."""
    named = [word.strip().lower() for word in header.split(",")]
    known = ("", "identity", "gzip", "x-gzip", "deflate")
    return any(word not in known and not is_charset(word) for word in named)


def _texts(told: Any) -> Iterator[str]:
    todo = [told]
    while todo:
        each = todo.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, _Pairs):
            todo += [value for _, value in each]
        elif isinstance(each, list):
            todo += each


def _name(parts: Sequence[str]) -> str:
    """Return the last key of a path; places in lists are not written in a body."""
    return next((part for part in reversed(parts) if not part.isdigit()), "")


def _is_of(body: bytes, charset: str) -> bool:
    try:
        return body.decode(charset).encode(charset) == body
    except UnicodeError:
        return False
