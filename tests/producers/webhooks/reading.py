"""What a mapping makes of a body, told in few words."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from producers.frame import Frame, Naming
from producers.identity import CallerKeys
from producers.posted import Message, body_key, kept
from producers.translated import translated
from producers.webhooks.mapping import CrmMapping, mapping, parsed_mapping
from producers.webhooks.translate import Translator
from schemas.events import Event, decode, encode
from schemas.facts import Rejected

RECEIVED_US = 1_772_436_000_000_000
"""2026-03-02T07:20:00Z."""

KEYS = CallerKeys(b"tests", keep_numbers=True)


def frame(
    body: bytes, content_type: str = "", headers: Mapping[str, str] | None = None
) -> Frame:
    """Return a body as a journal keeps it."""
    told = dict(headers or {})
    message = Message(body_key(body, told.items()), content_type, told, body)
    return kept("crm", message, RECEIVED_US)


shipped_mapping = cache(mapping)


def read(
    name: str | CrmMapping,
    body: bytes,
    content_type: str = "",
    headers: Mapping[str, str] | None = None,
    agents: Mapping[str, str] | None = None,
) -> tuple[list[Event], list[Rejected]]:
    """Return the events and rejects of a posted body."""
    meant = shipped_mapping(name) if isinstance(name, str) else name
    names = Naming("t", "t", KEYS, {"crm": Translator(meant, agents or {})})
    events, rejected = translated([(7, frame(body, content_type, headers))], names)
    for _, event in events:
        assert decode(encode(event)) == event  # the fold can read it
    return [event for _, event in events], rejected


def short(event: Event) -> dict[str, Any]:
    """Return an event as it is written beside a sample: type, time and data."""
    told = json.loads(encode(event))
    name = told["type"].removeprefix("cc.").removesuffix(".v1")
    return {"type": name, "time": told["time"], **told["data"]}


def of(text: str) -> CrmMapping:
    """Return the mapping that a text is."""
    return parsed_mapping(text, "a test's")
