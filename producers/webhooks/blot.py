r"""Secrets in a body are blotted out before it is kept, however its sender writes them.

A mark of a secret may stand there as it is, as an escape of JSON (`\u0041`, `\/`), or in
percent codes of a form, in the character set of the body. The rest is kept byte for byte.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from producers.webhooks.body import charset_of, kind_of, parsed
from schemas.errors import UntranslatableFrame

BLOT = "*"
"""Stands for each mark of a secret."""


class Blotter:
    """Blots secrets out.

    Args:
        secrets: what nobody is to read.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        # The longest first: another may be its beginning.
        self._secrets = sorted(secrets, key=len, reverse=True)
        self._patterns: dict[str, re.Pattern[str]] = {}

    def blotted(self, body: bytes, content_type: str) -> bytes | None:
        """Return a body without the secrets; None if it is written so that they stay."""
        try:
            charset = charset_of(content_type)
            text, written_in, errors = text_and_back(body, content_type, charset)
            blotted = self._pattern(charset).sub(partial(_blot, self._secrets), text)
            if blotted != text:
                body = blotted.encode(written_in, errors)
            left = words(parsed(body, content_type))
        except (UntranslatableFrame, UnicodeError):
            return None
        return None if any(each in word for word in left for each in self._secrets) else body

    def _pattern(self, charset: str) -> re.Pattern[str]:
        if charset not in self._patterns:
            ways = (written(each, charset) for each in self._secrets)
            self._patterns[charset] = re.compile("|".join(f"({each})" for each in ways))
        return self._patterns[charset]


def _blot(secrets: Sequence[str], found: re.Match[str]) -> str:
    return BLOT * len(secrets[(found.lastindex or 1) - 1])


def text_and_back(body: bytes, content_type: str, charset: str) -> tuple[str, str, str]:
    """Return a body as text as `parsed` sees it, and how its bytes are had again from that."""
    if kind_of(body, content_type) == "form" and body.isascii():
        return body.decode(), "ascii", "strict"
    with suppress(UnicodeError):
        text = body.decode(charset, "surrogateescape")
        if text.encode(charset, "surrogateescape") == body:
            return text, charset, "surrogateescape"
    return body.decode(charset, "replace"), charset, "replace"


def written(text: str, charset: str) -> str:
    """Return a pattern of all ways to write a text in a body of a character set."""
    return "".join(_mark(mark, charset) for mark in text)


def _mark(mark: str, charset: str) -> str:
    """Return a pattern of all ways to write one mark."""
    units = mark.encode("utf-16-be")
    escaped = "".join(rf"\\u(?i:{units[at : at + 2].hex()})" for at in range(0, len(units), 2))
    ways = [re.escape(mark), escaped]
    if mark in '/"\\':
        ways.append(re.escape(f"\\{mark}"))
    if mark == " ":
        ways.append(r"\+")
    for name in {"utf-8", charset}:
        codes = mark.encode(name, "ignore")
        ways += ["".join(f"%(?i:{code:02x})" for code in codes)] if codes else []
    return f"(?:{'|'.join(ways)})"


def words(tree: Any) -> Iterator[str]:
    """Yield all texts of a tree, however deep it is."""
    found = [tree]
    while found:
        each = found.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            found += [*each, *each.values()]
        elif isinstance(each, list):
            found += each
