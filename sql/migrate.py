"""Brings a store to the form this program knows: numbered SQL files, each applied once."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from importlib.resources import files

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from schemas.errors import StoreFailed
from sql.lexer import Token, join, tokens
from sql.store import store_errors

_DEFINITION = ("name", "unit", "means", "formula", "attribution", "empty", "source", "version")


def migrate(client: Client, definitions: Sequence[object] = ()) -> list[str]:
    """Apply what was not yet applied, and return its names.

    A migration that was cut off is run again: each statement may be repeated.

    Args:
        client: of any store, embedded or server.
        definitions: the metric dictionary; each has the attributes that `pult.metrics` has as
            columns. Left alone when empty.

    Raises:
        StoreFailed: an applied file was edited since, or the store was migrated by a newer
            program; nothing was changed.
    """
    known = _migrations()
    with store_errors("read the applied migrations"):
        applied = _applied(client)
    _check_same(known, applied)
    fresh = [name for name in known if name not in applied]
    for name in fresh:
        with store_errors(f"apply migration {name}"):
            _apply(client, name, known[name])
    with store_errors("write the metric dictionary"):
        _define(client, definitions)
    return fresh


def check_schema(client: Client) -> None:
    """Look whether a store has the form of this program; nothing is changed.

    Raises:
        StoreFailed: it is of an older or a newer program; the message says what to do.
    """
    known = _migrations()
    with store_errors("read the applied migrations"):
        applied = _applied(client)
    _check_same(known, applied)
    missing = [name for name in known if name not in applied]
    if not applied:
        msg = "the store has no tables of Pult yet; run pult migrate"
        raise StoreFailed(msg)
    if missing:
        msg = (
            f"the store is of an older pult ({len(missing)} of {len(known)} migrations are "
            f"missing, first {missing[0]}); run pult migrate"
        )
        raise StoreFailed(msg)


def _migrations() -> Mapping[str, str]:
    folder = files("sql") / "migrations"
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".sql"))
    return {name: (folder / name).read_text(encoding="utf-8") for name in names}


def _applied(client: Client) -> Mapping[str, tuple[str, str]]:
    if not client.command("EXISTS TABLE pult.migrations"):
        return {}
    query = "SELECT name, sha256, toString(toDate(applied_at)) FROM pult.migrations FINAL"
    return {name: (hashed, day) for name, hashed, day in client.query(query).result_rows}


def _check_same(known: Mapping[str, str], applied: Mapping[str, tuple[str, str]]) -> None:
    for name, (hashed, day) in sorted(applied.items()):
        if name not in known:
            msg = (
                f"the store was migrated by a newer pult ({name} is unknown here); "
                "use that version or a later one"
            )
            raise StoreFailed(msg)
        found = _hash(known[name])
        if found != hashed:
            msg = (
                f"migration {name} changed after it was applied on {day} "
                f"(expected sha {hashed[:4]}.., found {found[:4]}..); "
                f"add {max(map(_number, known)) + 1:04} instead"
            )
            raise StoreFailed(msg)


def _apply(client: Client, name: str, text: str) -> None:
    for statement in statements(text):
        client.command(statement)
    client.insert_arrow("pult.migrations", pa.table({"name": [name], "sha256": [_hash(text)]}))


def statements(text: str) -> list[str]:
    """Return the statements of a migration, without their comments."""
    found: list[list[Token]] = [[]]
    for token in tokens(text):
        if token.text == ";":
            found.append([])
        else:
            found[-1].append(token)
    return [join(words) for words in found if words]


def _define(client: Client, definitions: Iterable[object]) -> None:
    """Make the table say what the dictionary says; written only where they differ."""
    wanted = sorted(tuple(str(getattr(d, name)) for name in _DEFINITION) for d in definitions)
    columns = ", ".join(_DEFINITION)
    query = f"SELECT {columns} FROM pult.metrics FINAL ORDER BY name"
    if not wanted or [tuple(row) for row in client.query(query).result_rows] == wanted:
        return
    client.command("TRUNCATE TABLE pult.metrics")
    columns_of = dict(zip(_DEFINITION, zip(*wanted, strict=True), strict=True))
    client.insert_arrow("pult.metrics", pa.table({n: list(v) for n, v in columns_of.items()}))


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _number(name: str) -> int:
    return int(name.split("_")[0])
