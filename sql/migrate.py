"""Brings a store to the form this program knows: numbered SQL files, each applied once."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from importlib.resources import files

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from schemas.errors import StoreFailed
from sql.store import store_errors

_VIEW = re.compile(r"CREATE (?:OR REPLACE VIEW|VIEW IF NOT EXISTS) (\S+)")

# For our own files, not for what somebody asks: every word of theirs takes 0.2 s to find.
_PIECE = re.compile(
    r"""(?P<comment>--[^\n]*)|(?P<end>;)|'(?:[^'\\]|\\.)*'|"[^"]*"|`[^`]*`|[^-;'"`]+|.""",
    re.DOTALL,
)

_DEFINITION = ("name", "unit", "means", "formula", "attribution", "empty", "source", "version")


def migrate(client: Client, definitions: Sequence[object] = ()) -> list[str]:
    """Apply what was not yet applied, and return its names.

    What was cut off is run again from its beginning: each statement may be repeated. Of a view
    that is written several times, only the last form is: each of them takes a while.

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
    fresh = {name: text for name, text in known.items() if name not in applied}
    for name, statement in _in_force(fresh):
        with store_errors(f"apply migration {name}"):
            client.command(statement)
    with store_errors("write which migrations are applied"):
        _note(client, fresh)
    with store_errors("write the metric dictionary"):
        _define(client, definitions)
    return list(fresh)


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


def _in_force(migrations: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield name and statement of what is to be applied, in order, each view once."""
    every = [(name, each) for name, text in migrations.items() for each in statements(text)]
    last = {view: place for place, (_, each) in enumerate(every) if (view := _view(each))}
    for place, (name, statement) in enumerate(every):
        if last.get(_view(statement), place) == place:
            yield name, statement


def _view(statement: str) -> str:
    """Return which view a statement writes; '' if none."""
    found = _VIEW.match(statement)
    return found[1] if found else ""


def _note(client: Client, migrations: Mapping[str, str]) -> None:
    if migrations:
        hashes = list(map(_hash, migrations.values()))
        told = pa.table({"name": list(migrations), "sha256": hashes})
        client.insert_arrow("pult.migrations", told)


def statements(text: str) -> list[str]:
    """Return the statements of a migration, without their comments."""
    found = [""]
    for piece in _PIECE.finditer(text):
        if piece["end"]:
            found.append("")
        elif not piece["comment"]:
            found[-1] += piece[0]
    return [each.strip() for each in found if each.strip()]


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
