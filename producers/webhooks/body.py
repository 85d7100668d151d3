"""The body of a message into a tree of objects, lists and words, whatever it is written in.

JSON, and forms with keys such as `data[FIELDS][ID]` (the way of PHP), in the character set that
the content type names. Nothing in a body can do more than be refused.
"""

import codecs
import re
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from schemas.errors import UntranslatableFrame

MOST_FIELDS = 10_000
"""No form has more."""

_DEEPEST = 16
_FORM = "application/x-www-form-urlencoded"
_CHARSET = re.compile(r"charset=\"?([A-Za-z0-9_.:-]+)", re.IGNORECASE)
# Not all that Python knows: some are packers that could swell, one raises whatever it is given,
# one takes the square of the length.
_USUAL = re.compile(
    r"utf-(8|8-sig|16|16-[bl]e|32|32-[bl]e)|ascii|iso8859-[0-9]+|cp(12|8|4|9)[0-9]{1,2}|koi8-[ru]"
    r"|mac-(cyrillic|roman)|gb2312|gbk|gb18030|hz|big5(hkscs)?|shift_jis|euc_(jp|kr)|johab|tis-620"
)
_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


def parsed(body: bytes, content_type: str, wanted: str = "any") -> Any:
    """Return what a body says.

    Args:
        body: as it came.
        content_type: the header; where it says nothing of use the body's first sign does.
        wanted: `json`, `form` or `any`.

    Raises:
        UntranslatableFrame: it is neither, or not what is wanted.
    """
    kind = kind_of(body, content_type)
    if wanted not in ("any", kind):
        # What it is counts, not what it is called: many send JSON as text/plain.
        shown = content_type.split(";")[0][:60] or "no content type"
        found = kind or "neither JSON nor a form"
        msg = f"the body is to be {wanted}, but is {found} ({shown}, {len(body)} bytes)"
        raise UntranslatableFrame(msg)
    if kind == "json":
        return _json(body, charset_of(content_type))
    if kind == "form":
        return _form(body, charset_of(content_type))
    shown = content_type.split(";")[0][:60] or "no content type"
    msg = f"the body is neither JSON nor a form ({shown}, {len(body)} bytes)"
    raise UntranslatableFrame(msg)


def kind_of(body: bytes, content_type: str) -> str:
    """Return what a body is: `json`, `form`, or nothing if it is neither."""
    told = content_type.split(";")[0].strip().lower()
    start = body.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    if start in (b"{", b"["):
        return "json"
    if told == _FORM:
        return "form"
    if told.endswith(("/json", "+json")):
        return "json"
    is_form = told in ("", "text/plain") and re.match(rb"[A-Za-z0-9_\[\]%.-]+=", body)
    return "form" if is_form else ""


def charset_of(content_type: str) -> str:
    """Return the name of the character set that a content type names, else utf-8.

    Raises:
        UntranslatableFrame: it is none of the usual ones.
    """
    found = _CHARSET.search(content_type)
    if found is None:
        return "utf-8"
    known = _known(found[1])
    if not known:
        msg = f"the character set {found[1][:40]} of the body is unknown"
        raise UntranslatableFrame(msg)
    return known


def is_charset(word: str) -> bool:
    """Tell whether a word is the name of one of the usual character sets."""
    return bool(_known(word))


def _known(name: str) -> str:
    try:
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        known = ""
    return known if _USUAL.fullmatch(known) else ""


def text_of_json(body: bytes, charset: str) -> bytes:
    """Return a body as JSON is read: in UTF-8, without a mark before it.

    Raises:
        UntranslatableFrame: it is no text of the character set.
    """
    if charset == "utf-8":
        return body.removeprefix(codecs.BOM_UTF8)
    try:
        return body.decode(charset).encode()
    except UnicodeError as error:
        msg = f"the body is no {charset} text: {error}"
        raise UntranslatableFrame(msg) from error


def _json(body: bytes, charset: str) -> Any:
    text = text_of_json(body, charset)
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        msg = f"the body is no JSON: {error}"
        raise UntranslatableFrame(msg) from error


def _form(body: bytes, charset: str) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in form_pairs(body, charset):
        _put(tree, key, value)
    return tree


def form_pairs(body: bytes, charset: str) -> list[tuple[str, str]]:
    """Return keys and values of a form as they stand, one after the other.

    Raises:
        UntranslatableFrame: they are too many.
    """
    # What is escaped byte by byte in letters of ASCII is of no character set without them.
    escaped = charset if "a".encode(charset) == b"a" else "utf-8"
    try:
        text = body.decode("ascii")
        return parse_qsl(
            text, keep_blank_values=True, encoding=escaped, errors="replace",
            max_num_fields=MOST_FIELDS,
        )  # fmt: skip
    except UnicodeError:
        # Some send letters as they are, without percent signs.
        return _unescaped(body, charset)
    except ValueError as error:
        msg = f"the body is a form of more than {MOST_FIELDS} fields"
        raise UntranslatableFrame(msg) from error


def _unescaped(body: bytes, charset: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode(charset, "replace"), keep_blank_values=True, encoding=charset,
            errors="replace", max_num_fields=MOST_FIELDS,
        )  # fmt: skip
    except ValueError as error:
        msg = f"the body is a form of more than {MOST_FIELDS} fields"
        raise UntranslatableFrame(msg) from error


def key_parts(key: str) -> list[str]:
    """Return the keys that a key of a form such as `a[b][c]` stands for."""
    found = _KEY.fullmatch(key)
    return [key] if found is None else [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])]


def _put(tree: dict[str, Any], key: str, value: str) -> None:
    """Put a value where its key says; `a[]` is the next of a list, kept under its number."""
    parts = key_parts(key)
    if len(parts) > _DEEPEST:
        msg = f"a key of the form is more than {_DEEPEST} levels deep"
        raise UntranslatableFrame(msg)
    place = tree
    for part in parts[:-1]:
        below = place.setdefault(part or str(len(place)), {})
        if not isinstance(below, dict):
            msg = f"the form says {key[:60]!r} both as a value and as a group"
            raise UntranslatableFrame(msg)
        place = below
    last = parts[-1] or str(len(place))
    if isinstance(place.get(last), dict):
        msg = f"the form says {key[:60]!r} both as a value and as a group"
        raise UntranslatableFrame(msg)
    place[last] = value
