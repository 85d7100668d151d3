"""What a mapping hides is blotted out of a body before it is kept.

A body that can be read is blotted at the places that are hidden. A text in it that names one
of them like a key is blotted whole: it may be JSON, a form, XML or anything else. Of a body
that cannot be read nothing is kept if the name of something hidden stands in it.
"""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import quote_plus, unquote_plus

from producers.webhooks.blot import BLOT, text_and_back
from producers.webhooks.body import charset_of, is_charset, key_parts, kind_of, parsed
from producers.webhooks.named import Names, says
from producers.webhooks.paths import Path
from producers.webhooks.signs import Found, Places, Signs, Span
from schemas.errors import UntranslatableFrame

_EVERYWHERE = 10
"""Of more hidden words in one body each is blotted out only where it stands."""

# Of letters and digits, and no time: an ordinary word, or a number, means something elsewhere.
_LIKE_NOTHING_ELSE = re.compile(r"(?=.*\d)(?=.*[^\W\d_])(?![\d\sTZ:.,+-]+\Z).{8,}", re.DOTALL)
_PLAIN = re.compile(r"[\w-]*")
# A key of a form; all else may be XML, parts, lines and so on, up to the next `&`.
_FIELD = re.compile(r"[\w.?\[\]-]*")
# Packed bytes, and character sets that switch their meaning, have these; no text has.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
# No reader takes it for JSON or a form, so that it is rejected, whatever it is called.
_NOTE = "{ %d bytes that cannot be read and may say something hidden: not kept"


class Hidden:
    """What a mapping hides.

    Args:
        paths: where it stands; each may begin at any depth, and lists on the way are passed.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = [path.parts for path in map(Path.of, paths) if path.start != "@"]
        self._keys = {key for path in self._paths for key in path}
        self._begun = frozenset((path, 0) for path in range(len(self._paths)))
        self._names = Names([_name(parts) for parts in self._paths])

    def __bool__(self) -> bool:
        return bool(self._paths)

    def hides(self, parts: Sequence[str]) -> bool:
        """Tell whether something hidden stands at a place, or above it."""
        places: Places = frozenset()
        for part in parts:
            # Without a number it is the next of a list.
            is_hidden, places = self.step(places, part or "0")
            if is_hidden:
                return True
        return False

    def blotted(self, body: bytes, content_type: str, packing: str = "") -> bytes:
        """Return a body as it may be kept: the same but for what is hidden.

        Args:
            body: as it came.
            content_type: the header.
            packing: the header Content-Encoding, as far as it is still packed.
        """
        kind = kind_of(body, content_type)
        if kind == "form" and _is_packed_oddly(packing):
            kind = ""
        try:
            charset = charset_of(content_type)
            text, written_in, errors = text_and_back(body, content_type, charset)
            if not kind or _CONTROL.search(text):
                return self._unread(body, content_type, packing)
            parsed(body, content_type)
            found = Found()
            if kind == "json":
                Signs(text, self, found).see()
            else:
                self._see_form(text, charset, found)
            spans = sorted([*found.blotted, *_changed(found, kind, charset)])
            return _replaced(text, spans).encode(written_in, errors) if spans else body
        except (UntranslatableFrame, ValueError, RecursionError):
            return self._unread(body, content_type, packing)

    def _unread(self, body: bytes, content_type: str, packing: str) -> bytes:
        """Return a body that cannot be read; a note of its length if it may name something."""
        with suppress(UntranslatableFrame, UnicodeError):
            charset = charset_of(content_type)
            text = body.decode(charset)
            # What it is called need not be what it is.
            known = [text, body.replace(b"\0", b"").decode("utf-8", "replace")]
            is_text = not _CONTROL.search(text) and not _is_packed_oddly(packing)
            if is_text and not any(self._names.are_in(each, _coded(charset)) for each in known):
                return body
        return (_NOTE % len(body)).encode()

    def _see_form(self, text: str, charset: str, found: Found) -> None:
        """Note what a form says.

        Raises:
            UntranslatableFrame: it is none, whatever it is called, and may say anything.
        """
        charsets = dict.fromkeys((_coded(charset), "utf-8"))
        end = -1
        odd = []
        for each in text.split("&"):
            begin, end = end + 1, end + 1 + len(each)
            name, _, value = each.partition("=")
            # Some code in UTF-8, whatever they call it.
            keys = [unquote_plus(name, known, "replace") for known in charsets]
            words = [unquote_plus(value, known, "replace") for known in charsets]
            blotted = (end - len(value), end, BLOT * len(words[0]))
            if any(self.hides(key_parts(key)) for key in keys):
                found.hidden.add(words[0])
                found.blotted.append(blotted)
                continue
            if not _FIELD.fullmatch(keys[0]):
                odd.append(each)
            named = (self.is_oddly_named(key, key_parts(key)) for key in keys)
            if any(named) or any(map(self.is_named_in, words)):
                found.blotted.append(blotted)
            else:
                found.shown.append((*blotted[:2], words[0]))
            found.shown.append((begin, begin + len(name), keys[0]))
        if not all("=" in each for each in odd) or self.is_named_in("&".join(odd)):
            msg = "it is no form"
            raise UntranslatableFrame(msg)

    def is_named_in(self, word: str) -> bool:
        """Tell whether a word names something hidden like a key."""
        return self._names.are_keys_in(word)

    def is_oddly_named(self, key: str, parts: Sequence[str]) -> bool:
        """Tell whether a key names something hidden as no path does: `auth.pin`, `?auth`."""
        if all(_PLAIN.fullmatch(part) or part in self._keys for part in parts):
            return False
        return self.is_named_in(f"{key}=")

    def step(self, places: Places, key: str) -> tuple[bool, Places]:
        """Return whether a key ends a path, and which paths go on below it."""
        if key not in self._keys:
            return False, places if key.isdigit() else frozenset()
        reached = {
            (path, n + 1) for path, n in places | self._begun if self._paths[path][n] == key
        }
        if any(n == len(self._paths[path]) for path, n in reached):
            return True, frozenset()
        return False, frozenset(reached | places if key.isdigit() else reached)


def _changed(found: Found, kind: str, charset: str) -> list[Span]:
    """Return what is to stand for words in which a hidden word stands again."""
    secrets = [each for each in found.hidden if _LIKE_NOTHING_ELSE.fullmatch(each)]
    if not secrets or len(secrets) > _EVERYWHERE:
        return []
    secrets.sort(key=len, reverse=True)
    changed = []
    for begin, end, word in found.shown:
        kept = _without(secrets, word)
        if kept == word:
            continue
        if kind == "json":
            kept = json.dumps(kept)
        else:
            kept = quote_plus(kept, BLOT, _coded(charset), "replace")
        changed.append((begin, end, kept))
    return changed


def _without(secrets: Sequence[str], word: str) -> str:
    kept = word
    for each in secrets:
        kept = kept.replace(each, BLOT * len(each))
    is_left = says(kept, lambda text: any(each in text for each in secrets))
    return BLOT * len(word) if is_left else kept


def _is_packed_oddly(header: str) -> bool:
    """Tell whether a Content-Encoding names a packing that nobody knows."""
    named = [word.strip().lower() for word in header.split(",")]
    known = ("", "identity", "gzip", "x-gzip", "deflate")
    return any(word not in known and not is_charset(word) for word in named)


def _coded(charset: str) -> str:
    """Return in which character set a form's percent codes are."""
    return charset if "a".encode(charset) == b"a" else "utf-8"


def _replaced(text: str, spans: Sequence[Span]) -> str:
    pieces, at = [], 0
    for begin, end, new in spans:
        pieces += [text[at:begin], new]
        at = end
    return "".join([*pieces, text[at:]])


def _name(parts: Sequence[str]) -> str:
    """Return the last key of a path; places in lists are not written in a body."""
    return next((part for part in reversed(parts) if not part.isdigit()), "")
