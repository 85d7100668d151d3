"""Messages as senders post them, in `samples/`, and odd ones that somebody might."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).with_name("samples")
SAMPLES = sorted(path.stem for path in FOLDER.glob("*.body"))
EACH = pytest.mark.parametrize("name", SAMPLES)


@cache
def sample(name: str) -> tuple[bytes, dict[str, Any]]:
    expected = json.loads((FOLDER / f"{name}.expected.json").read_text("utf-8"))
    return (FOLDER / f"{name}.body").read_bytes(), expected


def is_json(body: bytes) -> bool:
    return body[:1] in b"{["


ODD: dict[str, bytes] = {
    "nothing": b"", "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "broken UTF-8": b'{"event": "\xff\xfe"}', "a lone surrogate": b'{"event": "\\ud800"}',
    "deep": b"[" * 100_000, "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a number": b"5", "text": b'"event"', "null": b"null", "an empty list": b"[]",
    "an empty object": b"{}", "lists in lists": b"[[[]]]", "a list of words": b'["a", 5, null]',
    "NaN": b'{"event": NaN}', "zero bytes": bytes(5_000), "XML": b"<?xml version='1.0'?><a/>",
    "a value and a group": b"event=1&event[a]=2", "deep keys": b"a" + b"[b]" * 99 + b"=1",
    "many fields": b"&".join(b"a%d=1" % n for n in range(10_001)),
    "five megabytes": b'{"event": "' + b"x" * 5_000_000 + b'"}',
    "half a pair": b"event=%F0%9F&%%%=%zz&=&&", "BOM of UTF-16": "{}".encode("utf-16"),
}  # fmt: skip
