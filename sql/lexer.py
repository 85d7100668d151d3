r"""ClickHouse's words: where strings, quoted names and comments begin and end.

Only as much as is needed to know which characters of a statement mean something. Where two
versions of ClickHouse read a text differently (nested comments, typographic quotes, `\G`), the
text is refused or rewritten into something that only one reading fits.
Source: src/Parsers/Lexer.cpp of ClickHouse 26.9.
"""

import re
from typing import Literal, NamedTuple, NoReturn, TypeAlias

from schemas.errors import QueryRefused
from schemas.wording import did_you_mean

Kind: TypeAlias = Literal["word", "name", "string", "number", "mark"]


class Token(NamedTuple):
    """One word of a statement. `text` is what to send, `value` what it means in lower case."""

    kind: Kind
    text: str
    value: str
    spaced: bool


_SPACE = re.compile(r"(?:[\s\u00a0]+|--[^\n]*(?:\n|\Z)|#(?=[ !])[^\n]*(?:\n|\Z))+")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_NUMBER = re.compile(
    r"0[xX][0-9A-Fa-f_]+(?![A-Za-z0-9_$])|0[bB][01_]+(?![A-Za-z0-9_$])"
    r"|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_$])"
)
_QUOTED = {
    quote: re.compile(rf"{quote}(?:[^{quote}\\]|\\.|{quote}{quote})*+{quote}", re.DOTALL)
    for quote in "'\"`"
}
_HEREDOC = re.compile(r"(\$[A-Za-z0-9_]*\$)(.*?)\1", re.DOTALL)

_LEFT = re.compile(r"\$(?:\w+\$?|\{[^}]*\})")
_MACROS = (
    "$__adHocFilters", "$__conditionalAll", "$__dateFilter", "$__dateTimeFilter", "$__dt",
    "$__fromTime", "$__fromTime_ms", "$__interval_s", "$__timeFilter", "$__timeFilter_ms",
    "$__timeInterval", "$__timeInterval_ms", "$__toTime", "$__toTime_ms",
)  # fmt: skip
"""What Grafana's ClickHouse plugin replaces before it asks; a misspelt one comes as it is."""


def tokens(statement: str) -> list[Token]:
    """Return the words of a statement without its comments.

    Raises:
        QueryRefused: something begins that does not end, or that is no SQL of ClickHouse.
    """
    found: list[Token] = []
    position, spaced = 0, False
    while position < len(statement):
        skipped = _blank(statement, position)
        if skipped > position:
            position, spaced = skipped, True
            continue
        token, position = _token(statement, position, spaced)
        found.append(token)
        spaced = False
    return found


def join(words: list[Token]) -> str:
    """Return the text of words as it may be sent: a space where there was room or a comment."""
    return "".join(" " * token.spaced + token.text for token in words).strip()


def _blank(statement: str, position: int) -> int:
    if statement.startswith("/*", position):
        return _comment_end(statement, position)
    match = _SPACE.match(statement, position)
    return match.end() if match else position


def _comment_end(statement: str, start: int) -> int:
    end = statement.find("*/", start + 2)
    if end < 0:
        _refuse("comment without end", statement, start)
    return end + 2


def _token(statement: str, position: int, spaced: bool) -> tuple[Token, int]:
    character = statement[position]
    if character in _QUOTED:
        return _quoted(statement, position, spaced)
    if character == "$":
        return _heredoc(statement, position, spaced)
    if match := _WORD.match(statement, position):
        return Token("word", match[0], match[0].lower(), spaced), match.end()
    if match := _NUMBER.match(statement, position):
        return Token("number", match[0], match[0], spaced), match.end()
    # A digit here begins no number, such as 1INTO; the rest is no ClickHouse outside of quotes.
    if character.isdigit() or character in "\\#" or not character.isascii():
        _refuse("unexpected character", statement, position)
    if not character.isprintable():
        _refuse("unexpected character", statement, position)
    return Token("mark", character, character, spaced), position + 1


def _quoted(statement: str, position: int, spaced: bool) -> tuple[Token, int]:
    quote = statement[position]
    match = _QUOTED[quote].match(statement, position)
    if match is None:
        _refuse("quote without end", statement, position)
    text = match[0]
    if quote == "'":
        return Token("string", text, text, spaced), match.end()
    # An escape could spell a forbidden name so that nobody recognises it.
    if "\\" in text:
        _refuse("backslash in a quoted name", statement, position)
    value = text[1:-1].replace(quote * 2, quote).lower()
    return Token("name", text, value, spaced), match.end()


def _heredoc(statement: str, position: int, spaced: bool) -> tuple[Token, int]:
    match = _HEREDOC.match(statement, position)
    if match is None:
        left = _LEFT.match(statement, position)
        if left is None or left[0].endswith("$"):
            _refuse("heredoc without end", statement, position)
        near = did_you_mean(left[0], _MACROS) if left[0].startswith("$__") else ""
        _refuse(f"{left[0]} is nothing that Grafana fills in{near}", statement, position)
    text = quote_string(match[2])
    return Token("string", text, text, spaced), match.end()


def quote_string(value: str) -> str:
    """Return a value as a string literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _refuse(what: str, statement: str, position: int) -> NoReturn:
    near = statement[position : position + 20].splitlines()[0] if statement else ""
    msg = (
        f"Code: 62. DB::Exception: Syntax error: {what} at position {position + 1}: "
        f"{near!r}. (SYNTAX_ERROR)"
    )
    raise QueryRefused(msg)
