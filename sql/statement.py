"""One statement that only reads: what people and dashboards may ask of the store.

The engine is told to be read-only as well, but that is not enough: a read-only embedded engine
still writes files (INTO OUTFILE), reads them (file(), and any path as a table of the database
`default`), opens connections (url()) and runs every statement of a text, not only the first.
What is sent to the engine is the text that was checked: without comments, heredocs as strings.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from schemas.errors import QueryRefused
from schemas.wording import did_you_mean
from sql.lexer import Token, join, tokens
from sql.settings import check_setting

_BEGINNINGS = frozenset({"select", "with", "show", "describe", "desc", "explain", "exists"})

# What else begins a statement (ClickHouse 26.9); any other word is a slip of the pen.
_OTHER_BEGINNINGS = frozenset({
    "alter", "attach", "backup", "begin", "check", "commit", "copy", "create", "delete",
    "detach", "drop", "exchange", "execute", "from", "grant", "insert", "kill", "move",
    "optimize", "rename", "replace", "restore", "revoke", "rollback", "set", "snapshot",
    "start", "system", "truncate", "undrop", "update", "use",
})  # fmt: skip

READING_TABLE_FUNCTIONS = frozenset({
    "fuzzjson", "generaterandom", "generateseries", "generate_series",
    "mergetreecodecblockcounts", "mergetreeindex", "mergetreeprojection", "mergetreetextindex",
    "mergetreeanalyzeindexes", "mergetreeanalyzeindexesuuid", "null", "numbers", "numbers_mt",
    "primes", "sqlstandardvalues", "values", "view", "viewexplain", "viewifpermitted", "zeros",
    "zeros_mt",
})  # fmt: skip

PARAMETERISED_VIEWS = frozenset({
    "adherence", "adherence_spans", "agent_report", "break_spells", "breaks_report",
    "call_chain", "card_filling", "crm_told", "disposition_report", "queue_report",
    "repeats_report", "satisfaction", "service_levels", "state_spells", "steps",
    "stretch", "violations_by",
})  # fmt: skip
"""Our own views that are asked like functions: FROM adherence(since = ..., until = ...)."""

# Table functions and functions that reach outside of the database, by their first letters; also
# those that find a table, a dictionary or a model by a string, which no check of names sees.
_REACHING_OUT = (
    "addressto", "arrowstream", "azureblobstorage", "bigquery", "catboost", "cosn", "deltalake",
    "dictget", "dicthas", "dictisin", "eval", "executable", "file", "gcs", "getmaxtablename",
    "hascolumnintable", "hdfs", "hudi", "iceberg", "jdbc", "joinget", "lemmatize",
    "modelevaluate", "mongodb", "mysql", "naivebayesclassifier", "odbc", "oss", "paimon",
    "postgresql", "python", "region", "remote", "s3", "sqlite", "synonyms", "urlcluster",
    "ytsaurus", "zookeeper",
)  # fmt: skip
_REACHING_OUT_WHOLE = frozenset({
    "aiclassify", "aiembed", "aiextract", "aifilter", "aigenerate", "airedact", "aisimilarity",
    "aitranslate", "cluster", "clusterallreplicas", "dictionary",
    "fuzzquery", "input", "loop", "merge", "prometheusquery", "prometheusqueryrange", "redis",
    "timeseriesdata", "timeseriesmetricfamilies", "timeseriesmetrics", "timeseriessamples",
    "timeseriesselector", "timeseriestags", "url",
})  # fmt: skip

_OF_TEXT = frozenset({"format"})
"""Functions of text that reach out where a table stands."""

# Formats that read a schema from a file or ask a registry for it.
_FORMATS_REFUSED = ("avroconfluent", "capnproto", "protobuf", "template")
_FORMAT_NAME = re.compile(r"[A-Za-z0-9_]+")

# What may follow the word SETTINGS where it is a name and begins no clause.
_AFTER_NAME = frozenset({"as", "from", "ilike", "in", "is", "like", "not", "where"})
_VALUES = frozenset({"true", "false"})

_NEAR = 80
"""So much of a statement is repeated where it cannot be read."""

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")

# After these words a name with parentheses is a table function, unless FROM belongs to one of
# the functions that are written with words inside.
_BEFORE_TABLE = frozenset({"from", "join", "table", "describe", "desc", "function"})
_WORDY_FUNCTIONS = frozenset({"extract", "trim", "ltrim", "rtrim", "substring", "substr",
                              "position", "overlay", "date_part"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Statement:
    """A checked statement: the text to run, and the format it names itself, else empty."""

    text: str
    format: str


def read_only(statement: str) -> Statement:
    """Return one reading statement, ready to run.

    Raises:
        QueryRefused: empty, several statements, or one that writes or reaches outside; the text
            is what ClickHouse says in such a case.
    """
    words = _without_end(tokens(statement))
    _check_single(words)
    _check_beginning(words)
    _check_writing(words)
    _check_tables(words)
    _check_formats(words)
    words = _with_settings(words)
    return Statement(join(words), _format(words))


def check_format(name: str) -> str:
    """Return the name of an output format; a client's becomes part of the statement as it is.

    Raises:
        QueryRefused: no name, or a format that needs something from outside of the store.
    """
    if not _FORMAT_NAME.fullmatch(name):
        msg = f"Code: 73. DB::Exception: Unknown format {name[:80]!r}. (UNKNOWN_FORMAT)"
        raise QueryRefused(msg)
    if name.lower().startswith(_FORMATS_REFUSED):
        _refuse_reach(f"format {name}")
    return name


def _without_end(words: list[Token]) -> list[Token]:
    while words and words[-1].text == ";":
        words.pop()
    return words


def _check_single(words: Sequence[Token]) -> None:
    if not words:
        msg = "Code: 62. DB::Exception: Syntax error: Empty query. (SYNTAX_ERROR)"
        raise QueryRefused(msg)
    if any(token.text == ";" for token in words):
        msg = (
            "Code: 62. DB::Exception: Syntax error (Multi-statements are not allowed): "
            "failed at ';'. (SYNTAX_ERROR)"
        )
        raise QueryRefused(msg)


def _check_beginning(words: list[Token]) -> None:
    opened = next((n for n, token in enumerate(words) if token.text != "("), 0)
    first = words[opened]
    if first.kind == "word" and first.value in _BEGINNINGS:
        return
    if first.kind == "word" and first.value in _OTHER_BEGINNINGS:
        msg = f"Cannot execute query in readonly mode: it begins with {first.text}"
        _refuse_write(msg)
    # Not for the engine to judge: it takes `1 + 1` or `selec a` for a SELECT without the word.
    position = len(join(words[: opened + 1])) - len(first.text)
    near = " ".join(join(words)[position:].split())
    word = " ".join(first.text.split())
    msg = (
        f"Code: 62. DB::Exception: Syntax error: failed at position {position + 1} "
        f"({word[:_NEAR]}): {near[:_NEAR]}. "
        f"Expected one of: {', '.join(sorted(_BEGINNINGS)).upper()}. (SYNTAX_ERROR)"
    )
    raise QueryRefused(msg)


def _check_writing(words: Sequence[Token]) -> None:
    for token, after in _pairs(words):
        if token.kind != "word":
            continue
        if token.value == "outfile":
            msg = "INTO OUTFILE is not allowed"
            _refuse_write(msg)
        if token.value == "insert" and after.text != "(":
            msg = "Cannot execute query in readonly mode: INSERT"
            _refuse_write(msg)
        if token.value == "parallel" and after.value == "with":
            msg = "Cannot execute query in readonly mode: PARALLEL WITH"
            _refuse_write(msg)


def _check_tables(words: Sequence[Token]) -> None:
    before, earlier, opened = _NOTHING, _NOTHING, [""]
    for token, after in _pairs(words):
        if token.kind in ("word", "name"):
            _check_name(token, before, after)
            if after.text == "(" and _names_table(before, earlier, opened[-1]):
                _check_table_function(token)
        elif token.text in _OPENING:
            opened.append(before.value)
        elif token.text in _CLOSING and len(opened) > 1:
            opened.pop()
        before, earlier = token, before


def _names_table(before: Token, earlier: Token, inside: str) -> bool:
    """Whether a name with parentheses stands where a table is expected."""
    if before.kind != "word" or before.value not in _BEFORE_TABLE:
        return False
    if before.value == "from":
        return earlier.value != "distinct" and inside not in _WORDY_FUNCTIONS
    return earlier.value != "array"


def _check_table_function(token: Token) -> None:
    if token.value in READING_TABLE_FUNCTIONS | PARAMETERISED_VIEWS:
        return
    if token.value in _OF_TEXT:
        _refuse_reach(f"table function {token.text}")
    # Refused, too, but it is a slip of the pen: all functions that reach out are known.
    name = token.text.strip('`"')[:_NEAR]
    near = did_you_mean(name, PARAMETERISED_VIEWS)
    msg = (
        f"Code: 46. DB::Exception: There is no view or function {name} that takes parameters"
        f"{near} (UNKNOWN_FUNCTION)"
    )
    raise QueryRefused(msg)


def _check_name(token: Token, before: Token, after: Token) -> None:
    # chDB's database `default` shows every file of the machine as a table, by its path; a
    # parameter could spell its name.
    if token.value == "default" and after.text == ".":
        _refuse_reach(f"database {token.text}")
    if token.value == "identifier" and before.text == ":":
        _refuse_reach("a parameter of type Identifier")
    if after.text == "(" and reaches_out(token.value):
        _refuse_reach(f"function {token.text}")


def reaches_out(function: str) -> bool:
    """Whether a function, by its name in lower case, leaves the database."""
    return function in _REACHING_OUT_WHOLE or function.startswith(_REACHING_OUT)


def _check_formats(words: Sequence[Token]) -> None:
    """Refuse what needs a schema, as FORMAT x and as format(x, ...) after a comma."""
    for index, token in enumerate(words[:-1]):
        if token.kind in ("word", "name") and token.value == "format":
            named = words[index + 1 :][:2]
            name = named[-1] if named[0].text == "(" else named[0]
            if name.value.strip("'").lower().startswith(_FORMATS_REFUSED):
                _refuse_reach(f"format {name.text}")


def _with_settings(words: Sequence[Token]) -> list[Token]:
    """Return the words with every SETTINGS clause checked and held within the limits."""
    made = list(words)
    for index, token in enumerate(words):
        named = index > 0 and words[index - 1].text == "."
        if token.kind == "word" and token.value == "settings" and not named:
            _check_clause(made, index + 1)
    return made


def _check_clause(words: list[Token], start: int) -> None:
    """Check `name = value, ...` in place; anything else after a name is refused."""
    here = start
    while here < len(words) and words[here].kind in ("word", "name", "string"):
        name, equals, value, after = (*words[here : here + 4], *[_NOTHING] * 4)[:4]
        if equals.text != "=" and here == start and name.value in _AFTER_NAME:
            return
        given = _value(name, equals, value)
        kept = check_setting(name.text.strip('`"'), given)
        if kept != given:
            words[here + 2] = Token("number", kept, kept, value.spaced)
        if after.text != ",":
            return
        here += 4


def _value(name: Token, equals: Token, value: Token) -> str:
    """Return what a setting is set to: a constant, as no other can be held within limits."""
    constant = value.kind in ("number", "string") or value.value in _VALUES
    if equals.text != "=" or not constant:
        _refuse_write(
            f"Cannot modify {name.text!r} setting in readonly mode: no constant value"
        )
    return value.text.strip("'")


def _format(words: Sequence[Token]) -> str:
    depth, found = 0, ""
    for index, token in enumerate(words[:-1]):
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        after = words[index + 2 : index + 3]
        ends = not after or after[0].value in ("settings", "into")
        names = token.value == "format" and words[index + 1].kind in ("word", "name")
        if token.kind == "word" and names and depth == 0 and ends:
            found = words[index + 1].text.strip('`"')
    return found


_NOTHING = Token("mark", "", "", False)


def _pairs(words: Sequence[Token]) -> Iterator[tuple[Token, Token]]:
    return zip(words, [*words[1:], _NOTHING], strict=True)


def _refuse_write(text: str) -> NoReturn:
    msg = f"Code: 164. DB::Exception: {text}. (READONLY)"
    raise QueryRefused(msg)


def _refuse_reach(what: str) -> NoReturn:
    msg = (
        f"Code: 497. DB::Exception: Not enough privileges: {what} reaches out of the store. "
        "(ACCESS_DENIED)"
    )
    raise QueryRefused(msg)
