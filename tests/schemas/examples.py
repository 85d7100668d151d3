"""An event of each type, made from its class: with required data only, or with everything."""

from typing import Any

import msgspec
from msgspec import inspect

from schemas.catalogue import TYPES
from schemas.events import Event

INSTANT = "2026-02-03T09:15:27.372Z"


def event(name: str, *, full: bool) -> Event:
    """Return an event of a type; `full` fills in what is optional too."""
    fields = _fields(inspect.type_info(TYPES[name]), full=full)
    made: Event = msgspec.convert({"type": name, **fields}, type=Event)
    return made


def _fields(info: inspect.Type, *, full: bool) -> dict[str, Any]:
    assert isinstance(info, inspect.StructType)
    return {
        field.encode_name: _value(field.type, field.encode_name, full=full)
        for field in info.fields
        if full or field.required
    }


def _value(info: inspect.Type, name: str, *, full: bool) -> Any:
    match info:
        case inspect.Metadata(type=inner):
            return _value(inner, name, full=full)
        case inspect.UnionType(types=types):
            return _value(types[0], name, full=full)
        case inspect.StructType():
            return _fields(info, full=full)
        case inspect.LiteralType(values=values):
            return sorted(map(str, values))[0]
        case inspect.StrType():
            return INSTANT if name in ("time", "recordedtime", "booted_at") else f"some {name}"
        case inspect.IntType():
            return 7
        case inspect.FloatType():
            return 7.5
        case inspect.BoolType():
            return True
        case inspect.VarTupleType(item_type=item):
            return [_value(item, name, full=full)]
        case _:
            msg = f"no example of {info} yet; add one"
            raise NotImplementedError(msg)
