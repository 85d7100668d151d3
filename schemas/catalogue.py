"""JSON Schemas of all events, exported from the structs that are the contract."""

import json
from pathlib import Path
from typing import Any, get_args

import msgspec

from schemas.errors import MalformedEvent
from schemas.events import Event

TYPES: dict[str, type[msgspec.Struct]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(Event)
}
"""Event classes by their type."""


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of one event type.

    Raises:
        MalformedEvent: there is no such type.
    """
    kind = TYPES.get(name)
    if kind is None:
        msg = f"no event type {name!r}; known: {', '.join(sorted(TYPES))}"
        raise MalformedEvent(msg)
    (ref,), definitions = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:pult:event:{name}",
        **ref,
        "$defs": definitions,
    }


def as_json(name: str = "") -> str:
    """Return one schema as JSON text, or all of them in one object by type."""
    shown = schema(name) if name else {each: schema(each) for each in sorted(TYPES)}
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path) -> None:
    """Write `<type>.json` for each type into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in TYPES:
        (folder / f"{name}.json").write_text(as_json(name), encoding="utf-8")
