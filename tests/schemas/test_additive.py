"""Stored events stay readable: a type only ever gains."""

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import as_json
from tests.schemas.additive import breaks

COMMITTED = Path(__file__).parents[2] / "docs" / "schemas"

OLD: dict[str, Any] = {
    "$ref": "#/$defs/Left",
    "$defs": {
        "Left": {
            "type": "object",
            "properties": {"id": {"type": "string"}, "data": {"$ref": "#/$defs/Data"}},
            "required": ["id", "data"],
        },
        "Data": {
            "type": "object",
            "properties": {
                "queue": {"type": "string"},
                "outcome": {"enum": ["answered", "abandoned"], "default": "answered"},
                "wait": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
                "position": {"type": "integer", "default": 0},
                "fields": {"type": "array", "items": {"type": "string"}, "default": []},
            },
            "required": ["queue"],
        },
    },
}


def test_every_event_type_has_only_gained_since_its_schema_was_committed() -> None:
    committed = {
        path.stem: json.loads(path.read_text("utf-8")) for path in COMMITTED.glob("*.json")
    }

    found = breaks(committed, json.loads(as_json()))

    assert committed
    assert not found, "make a new type (.v2) instead: " + "; ".join(found)


def _changed(**data: Any) -> Mapping[str, Any]:
    """Return OLD with properties of `Data` replaced; None takes one away."""
    new = deepcopy(OLD)
    properties = new["$defs"]["Data"]["properties"]
    for name, value in data.items():
        properties.pop(name, None)
        if value is not None:
            properties[name] = value
    return new


def _compare(new: Mapping[str, Any]) -> list[str]:
    return breaks({"left": OLD}, {"left": new})


def test_the_same_schema_breaks_nothing() -> None:
    assert _compare(deepcopy(OLD)) == []


@pytest.mark.parametrize(
    "addition",
    [
        {"note": {"type": "string", "default": ""}},
        {"outcome": {"enum": ["abandoned", "answered", "timeout"], "default": "answered"}},
        {"position": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": 0}},
        {"queue": {"type": "string", "description": "said in other words"}},
    ],
)
def test_an_addition_breaks_nothing(addition: dict[str, Any]) -> None:
    assert _compare(_changed(**addition)) == []


def test_a_new_type_breaks_nothing() -> None:
    assert breaks({"left": OLD}, {"left": OLD, "entered": OLD}) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"queue": None}, "left.data.queue is gone"),
        ({"queue": {"type": "integer"}}, "left.data.queue was string, is integer"),
        ({"position": {"type": "string"}}, "left.data.position was integer, is string"),
        (
            {"outcome": {"enum": ["answered"], "default": "answered"}},
            "left.data.outcome no longer takes abandoned",
        ),
        ({"queue": {"enum": ["sales"]}}, "left.data.queue no longer takes any text"),
        ({"wait": {"type": "integer", "minimum": 0}}, "left.data.wait no longer takes null"),
        (
            {"wait": {"anyOf": [{"type": "integer", "minimum": 5}, {"type": "null"}]}},
            "left.data.wait no longer takes integer",
        ),
        (
            {"position": {"type": "integer", "default": 1}},
            "left.data.position: default was 0, is 1",
        ),
        (
            {"queue": {"type": "string", "maxLength": 8}},
            "left.data.queue: maxLength fell to 8",
        ),
        (
            {"fields": {"type": "array", "items": {"type": "integer"}, "default": []}},
            "left.data.fields[] was string, is integer",
        ),
    ],
)
def test_anything_else_is_told_with_its_place(change: dict[str, Any], message: str) -> None:
    assert _compare(_changed(**change)) == [message]


def test_a_newly_required_property_is_told() -> None:
    new = deepcopy(OLD)
    new["$defs"]["Data"]["required"].append("wait")

    assert _compare(new) == ["left.data.wait is newly required"]


def test_a_removed_type_is_told() -> None:
    assert breaks({"left": OLD}, {}) == ["left is gone"]
