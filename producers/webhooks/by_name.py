"""Bodies that cannot be read, without what follows the name of something hidden.

Such a body (cut short, of a character set that nobody knows) is looked through as text. What
follows a hidden name that is a key is blotted out where it stands; a name that is but a word
of a text hides nothing. Where it is a key, but nobody knows where its value ends, the body
must not be kept.
"""

import re
from collections.abc import Sequence
from contextlib import suppress

from producers.webhooks.blot import BLOT, written
from producers.webhooks.body import charset_of, kind_of
from schemas.errors import UntranslatableFrame

_WIDE = (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2))
# Packed bytes, and character sets that switch their meaning, have these; no text has.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_JSON_VALUE = re.compile(
    r'"\s*:\s*(?:"(?P<text>(?:[^"\\]|\\.)*\\?)|(?P<other>[\[{].*|[^\s,}\]"\[{]*))', re.DOTALL
)
_KEY_ENDS = r"(?:\]|%5[dD])*="
# JSON in percent codes, as a form has it.
_CODED_KEY_ENDS = r"(?:%5[cC])*(?:\"|%2[27])(?:\s|\+|%20|%0[9aAdD])*(?::|%3[aA])"
_IN_FORM = [re.compile(rf"{ends}(?P<text>[^&]*)") for ends in (_KEY_ENDS, _CODED_KEY_ENDS)]
_IN_JSON = [
    re.compile(rf'{ends}(?P<text>(?:[^&"\\]|\\.)*)') for ends in (_KEY_ENDS, _CODED_KEY_ENDS)
]
# A name may stand behind an escape of JSON or a percent code.
_BEGINS = r"(?:(?<![\w-])|(?<=%[\da-fA-F]{2})|(?<=\\u[\da-fA-F]{4})|(?<=\\[nrt]))"
_QUOTE = r"(?:\\(?:u00(?:22|27|5[cC]))?|[\"'`\]]|%2[27]|%5[cCdD]|&(?:quot|apos|#3[49]);)"
_IS = r"(?:\s|\+|%20|%0[9aAdD]|\\[nrt])*(?:[:=]|%3[aAdD]|\\u003[aAdD])"
# Keys of which it is not known where their values end: `\"name\":`, `'name' =>`, `name: `.
_QUOTED_KEY_ENDS = re.compile(rf"{_QUOTE}+{_IS}")
_BARE_KEY_ENDS = re.compile(_IS)
# Behind a comma only if what is before the comma looks like a value: not in a sentence.
_BARE_KEY_BEGINS = re.compile(
    r"(?:^|[{;(\r\n]|\\[nr]|[}\]\"'`]\s*,|[{,]\s*[\w$]+\s*:[^,{}]*,)[\s-]*\Z"
)
_TAG_BEGINS = re.compile(r"<[\w.:/-]*\Z|\b(?:name|key|id|field)\s*=\s*\\*[\"']?\Z")
_LOOK_BACK = 64
"""Characters before a name that tell whether it is a key."""


def blotted_by_name(names: Sequence[str], body: bytes, content_type: str) -> bytes | None:
    """Return a body that cannot be read without what follows a hidden name.

    None if something hidden may be left in it.
    """
    if "" in names:
        return None
    if b"\0" in body:
        return _in_wide(names, body)
    named = "utf-8"
    try:
        named = charset_of(content_type)
    except UntranslatableFrame:
        if kind_of(body, content_type) != "form" and body.lstrip()[:1] not in (b"{", b"["):
            return None  # of letters that may be none of ASCII
    # What it is called need not be what it is.
    likely = [name for name in dict.fromkeys([named, "utf-8"]) if _is_of(body, name)]
    if not likely and not all(map(str.isascii, names)):
        return None
    for name in likely or ["utf-8"]:
        text = _scanned(names, body.decode(name, "surrogateescape"), named)
        if text is None:
            return None
        body = text.encode(name, "surrogateescape")
    return body


def _in_wide(names: Sequence[str], body: bytes) -> bytes | None:
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
    blotted = _scanned(names, text, "utf-8")
    if blotted is None:
        return None
    return blotted.encode(codec, "surrogatepass") + BLOT.encode() * (len(body) - whole)


def _scanned(names: Sequence[str], text: str, charset: str) -> str | None:
    """Return a text with what follows hidden names blotted out; None if one is unclear."""
    if _CONTROL.search(text):
        return None
    is_json = text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[", '"')
    patterns = [_JSON_VALUE, *(_IN_JSON if is_json else _IN_FORM)]
    for name in names:
        pattern = rf"{_BEGINS}{written(name, charset)}(?![\w-])"
        begin = 0
        pieces = []
        for place in re.finditer(pattern, text):
            is_blotted = place.end() <= begin
            # What is within a value of a form ends with it.
            ways = (way.match(text, place.end()) for way in patterns[: 1 if is_blotted else 3])
            value = next(filter(None, ways), None)
            if value is not None:
                start, end = value.span("text" if value["text"] is not None else "other")
                stars = BLOT * max(0, end - max(begin, start))
                # A number becomes a word, so that what could be read still can.
                is_bare = stars and text[start] not in "[{" and value.lastgroup == "other"
                pieces += [text[begin:start], f'"{stars}"' if is_bare else stars]
                begin = max(begin, end)
            elif not is_blotted and _may_be_a_key(text, *place.span()):
                return None
        text = "".join([*pieces, text[begin:]])
    return text


def _may_be_a_key(text: str, begin: int, end: int) -> bool:
    """Tell whether a name stands as a key does in JSON in JSON, in XML, in YAML and so on."""
    before = text[max(0, begin - _LOOK_BACK) : begin]
    if _TAG_BEGINS.search(before) or (before[-1:] == ">" and text[end : end + 1] == "<"):
        return True
    if _BARE_KEY_ENDS.match(text, end):
        return bool(_BARE_KEY_BEGINS.search(before))
    return bool(_QUOTED_KEY_ENDS.match(text, end))


def _is_of(body: bytes, charset: str) -> bool:
    try:
        return body.decode(charset).encode(charset) == body
    except UnicodeError:
        return False
