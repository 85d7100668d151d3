"""The event types that a mapping can make, and what their fields hold."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import inspect

from schemas.catalogue import TYPES

Kind: TypeAlias = Literal["text", "whole", "number", "flag"]


@dataclass(frozen=True, slots=True)
class Target:
    """One event type.

    Attributes:
        event: its class.
        data: the class of its data.
        fields: what each field holds.
        required: fields that must be there.
        types: of the fields.
        words: what fields of a few words may be, by the word in small letters.
    """

    event: type[msgspec.Struct]
    data: type[msgspec.Struct]
    fields: dict[str, Kind]
    required: tuple[str, ...]
    types: dict[str, Any]
    words: dict[str, dict[str, str]]


def tag_of(name: str) -> str:
    """Return the type that a short name means: `case.closed` is `cc.case.closed.v1`."""
    return name if name.startswith("cc.") else f"cc.{name}.v1"


def _kind(told: inspect.Type) -> Kind | None:
    match told:
        case inspect.Metadata(type=inner):
            return _kind(inner)
        case inspect.UnionType(types=types):
            return next((kind for each in types if (kind := _kind(each))), None)
        case inspect.StrType() | inspect.LiteralType():
            return "text"
        case inspect.IntType():
            return "whole"
        case inspect.FloatType():
            return "number"
        case inspect.BoolType():
            return "flag"
        case _:
            return None


def _target(event: type[msgspec.Struct]) -> Target | None:
    data = event.__annotations__["data"]
    info = inspect.type_info(data)
    assert isinstance(info, inspect.StructType)
    kinds = {field.name: _kind(field.type) for field in info.fields}
    required = tuple(field.name for field in info.fields if field.required)
    if not required or any(kinds[name] is None for name in required):
        # Plans are lists, and what a source says of itself no CRM can say.
        return None
    fields = {name: kind for name, kind in kinds.items() if kind is not None}
    types = {field.name: field.type for field in msgspec.structs.fields(data)}
    words = {
        field.name: {word.casefold(): word for word in map(str, field.type.values)}
        for field in info.fields
        if isinstance(field.type, inspect.LiteralType)
    }
    return Target(event, data, fields, required, types, words)


TARGETS: dict[str, Target] = {
    tag: target
    for tag, event in TYPES.items()
    if not tag.startswith(("cc.source.", "cc.snapshot.", "cc.violation.", "cc.schedule."))
    and (target := _target(event)) is not None
}
