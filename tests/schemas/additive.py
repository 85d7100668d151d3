"""What a change of an event's JSON Schema would break for those who have stored such events.

An addition breaks nothing: a new type, a new optional property, a new word in a closed list.
Everything else needs a new type beside the old one.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_NOTHING = object()


def breaks(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> list[str]:
    """Return what users of the old schemas (by type) would trip over; empty if nothing."""
    found: list[str] = []
    for name, schema in old.items():
        if name not in new:
            found.append(f"{name} is gone")
        else:
            found += _Comparison(schema, new[name]).breaks(schema, new[name], name)
    return found


class _Comparison:
    """Compares two schemas whose `$ref`s point into themselves."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old, self._new = old, new

    def breaks(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        old, new = _resolved(old, self._old), _resolved(new, self._new)
        options, others = old.get("anyOf"), new.get("anyOf")
        if options is not None or others is not None:
            yield from self._options(options or [old], others or [new], place)
            yield from _default(old, new, place)
            return
        if _kind(old) != _kind(new):
            yield f"{place} was {_kind(old)}, is {_kind(new)}"
            return
        gone = [word for word in old.get("enum", ()) if word not in new.get("enum", (word,))]
        if gone or ("enum" in new and "enum" not in old):
            yield f"{place} no longer takes {', '.join(map(str, gone)) or 'any text'}"
        yield from _limits(old, new, place)
        yield from _default(old, new, place)
        yield from self._properties(old, new, place)
        for part in ("items", "additionalProperties"):
            if isinstance(old.get(part), Mapping) and isinstance(new.get(part), Mapping):
                yield from self.breaks(old[part], new[part], f"{place}[]")

    def _properties(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, schema in before.items():
            if name not in after:
                yield f"{place}.{name} is gone"
            else:
                yield from self.breaks(schema, after[name], f"{place}.{name}")
        for name in new.get("required", ()):
            if name not in old.get("required", ()):
                yield f"{place}.{name} is newly required"

    def _options(self, old: list[Schema], new: list[Schema], place: str) -> Iterator[str]:
        for option in old:
            rivals = [list(self.breaks(option, other, place)) for other in new]
            if all(rivals):
                yield f"{place} no longer takes {_kind(_resolved(option, self._old))}"


def _resolved(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        named: Schema = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            named = named[part]
        schema = {
            **named,
            **{key: schema[key] for key in schema if key not in ("$ref", "$defs")},
        }
    return schema


def _kind(schema: Schema) -> str:
    """Return the JSON type; a closed list of words has the type of its words."""
    if "type" in schema:
        return str(schema["type"])
    return "string" if schema.get("enum") else "anything"


def _limits(old: Schema, new: Schema, place: str) -> Iterator[str]:
    for name in _LEAST:
        if name in new and new[name] > old.get(name, float("-inf")):
            yield f"{place}: {name} rose to {new[name]}"
    for name in _MOST:
        if name in new and new[name] < old.get(name, float("inf")):
            yield f"{place}: {name} fell to {new[name]}"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield f"{place}: pattern is now {new['pattern']}"


def _default(old: Schema, new: Schema, place: str) -> Iterator[str]:
    """An omitted property means its default, also in what is stored already."""
    before, after = old.get("default", _NOTHING), new.get("default", _NOTHING)
    if before is not _NOTHING and after is not _NOTHING and before != after:
        yield f"{place}: default was {before!r}, is {after!r}"
