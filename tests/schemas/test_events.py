"""Events on the wire: CloudEvents, each by its schema, lenient to the new, strict in types."""

import json
import re
from datetime import datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.catalogue import TYPES, as_json, schema
from schemas.errors import MalformedEvent
from schemas.events import QueueEntered, QueueLeft, decode, encode
from tests.schemas.examples import event

EACH_TYPE = pytest.mark.parametrize("name", sorted(TYPES))
FULL_OR_NOT = pytest.mark.parametrize(
    "full", [True, False], ids=["everything", "required only"]
)


def _wire(name: str = "cc.queue.entered.v1") -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(encode(event(name, full=True)))
    return decoded


@EACH_TYPE
@FULL_OR_NOT
def test_an_event_travels_as_its_schema_says_and_comes_back_equal(
    name: str, full: bool
) -> None:
    sent = event(name, full=full)

    value = encode(sent)

    Draft202012Validator(schema(name)).validate(json.loads(value))
    assert decode(value) == sent


@EACH_TYPE
@FULL_OR_NOT
def test_an_event_is_a_cloudevent(name: str, full: bool) -> None:
    wire = json.loads(encode(event(name, full=full)))

    assert wire["specversion"] == "1.0"
    assert wire["type"] == name
    assert all(wire[needed] for needed in ("id", "source"))
    assert wire["datacontenttype"] == "application/json"
    assert isinstance(wire["data"], dict)
    assert datetime.fromisoformat(wire["time"]).tzinfo is not None
    # CloudEvents 1.0.2, naming conventions: lower-case letters and digits, 20 at most.
    assert [key for key in wire if not re.fullmatch("[a-z0-9]{1,20}", key)] == []


@EACH_TYPE
def test_the_type_is_the_first_key(name: str) -> None:
    assert encode(event(name, full=False)).startswith(f'{{"type":"{name}",'.encode())


@EACH_TYPE
def test_the_schema_is_valid_and_refuses_an_event_without_data(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))
    wire = _wire(name)
    del wire["data"]

    assert not Draft202012Validator(schema(name)).is_valid(wire)


def test_types_are_named_by_one_pattern() -> None:
    assert [name for name in TYPES if not re.fullmatch(r"cc(\.[a-z_]+)+\.v[1-9]", name)] == []


def test_all_schemas_print_as_one_object_by_type() -> None:
    assert json.loads(as_json()) == {name: json.loads(as_json(name)) for name in TYPES}


def test_an_unknown_type_has_no_schema() -> None:
    with pytest.raises(MalformedEvent, match=r"no event type 'cc\.lunch\.v1'; known: cc\."):
        schema("cc.lunch.v1")


def test_what_is_optional_and_not_said_is_not_sent() -> None:
    wire = json.loads(encode(event("cc.queue.left.v1", full=False)))

    assert wire["data"] == {"channel_id": "some channel_id"}


def test_unknown_fields_are_passed_over() -> None:
    wire = _wire()
    later = {**wire, "traceparent": "00-1", "data": {**wire["data"], "skills": ["ru"]}}

    assert decode(json.dumps(later).encode()) == decode(json.dumps(wire).encode())


def test_the_order_of_keys_does_not_matter() -> None:
    wire = _wire()

    turned = dict(reversed(wire.items()))

    assert isinstance(decode(json.dumps(turned).encode()), QueueEntered)


@pytest.mark.parametrize("wrong", ["1", 1.5, True, None, [1]])
def test_a_number_is_nothing_but_a_number(wrong: object) -> None:
    wire = _wire()
    wire["data"]["position"] = wrong

    with pytest.raises(MalformedEvent, match=r"Expected `int`.*\$\.data\.position"):
        decode(json.dumps(wire).encode())


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("id", ""), ("id", "x" * 65), ("id", 5), ("source", ""), ("clock", "mine"),
     ("specversion", "0.3"), ("data", []), ("sequence", "7")],
)  # fmt: skip
def test_the_envelope_is_strict(field: str, wrong: object) -> None:
    with pytest.raises(MalformedEvent, match=rf"event rejected: .*\$\.{field}"):
        decode(json.dumps({**_wire(), field: wrong}).encode())


def test_a_negative_duration_is_refused() -> None:
    wire = _wire("cc.queue.left.v1")
    wire["data"]["wait_ms"] = -1

    with pytest.raises(MalformedEvent, match=r"\$\.data\.wait_ms"):
        decode(json.dumps(wire).encode())


def test_an_unknown_duration_is_null_or_absent() -> None:
    wire = _wire("cc.queue.left.v1")
    wire["data"]["wait_ms"] = None

    left = decode(json.dumps(wire).encode())

    assert isinstance(left, QueueLeft)
    assert left.data.wait_ms is None


@pytest.mark.parametrize("missing", ["type", "id", "source", "time", "tenant", "data"])
def test_nothing_required_may_be_missing(missing: str) -> None:
    wire = _wire()
    del wire[missing]

    with pytest.raises(MalformedEvent, match=missing):
        decode(json.dumps(wire).encode())


@pytest.mark.parametrize(
    "value",
    [b"", b"[]", b"null", b"not json", b'{"type":"cc.lunch.v1"}', b"\xff\xfe{}",
     b'{"type":"cc.queue.entered.v1","id":"\xff"}',
     b'{"type":"cc.queue.entered.v1","x":' + b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_event_is_told_in_one_line(value: bytes) -> None:
    with pytest.raises(MalformedEvent, match=r"\Aevent rejected: [^\n]+\Z"):
        decode(value)
