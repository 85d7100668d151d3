"""What may happen to a sample on its way: labels, sizes, zones, letters, order, repetition."""

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from producers.webhooks.mapping import shipped
from schemas.events import Event
from tests.producers.webhooks.reading import of, read, short
from tests.producers.webhooks.sampled import EACH, SAMPLES, is_json, sample

WIDE = "😀𠮷"
"""Two characters of four bytes each."""

KINDS = ("text/html", "application/octet-stream", "multipart/form-data; boundary=x",
         "application/xml", "image/png", "text/plain", "application/json",
         "application/x-www-form-urlencoded", "text/plain; charset=utf-16", "😀")  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@EACH
def test_under_a_wrong_label_it_means_the_same_or_nothing(name: str, kind: str) -> None:
    body, expected = sample(name)

    events, rejected = read(expected["mapping"], body, kind)

    if rejected:
        assert events == []
        assert rejected[0].detail
        assert rejected[0].content.endswith(body)
    else:
        assert [short(event) for event in events] == expected["events"]
    # JSON is known by its first sign, whatever it is called.
    assert not rejected or not is_json(body) or "utf-16" in kind


@EACH
def test_five_megabytes_more_of_what_nobody_reads_change_nothing(name: str) -> None:
    body, expected = sample(name)
    more = "x" * 5_000_000
    if is_json(body):
        told = json.loads(body)
        for item in told if isinstance(told, list) else [told]:
            item["unknown"] = more if item is told else ""
        large = json.dumps([*told, *told] if isinstance(told, list) else told).encode()
        large += b" " * (5_000_000 - len(large))
    else:
        large = body + f"&unknown={more}".encode()
    assert len(large) >= 5_000_000

    events, rejected = read(expected["mapping"], large)

    assert rejected == []
    found = {event.id: short(event) for event in events}
    assert list(found.values()) == expected["events"]


def widened(body: bytes) -> Iterator[bytes]:
    """Give out a body once for each word in it, with that word widened."""
    if not is_json(body):
        pairs = parse_qsl(body.decode())
        for place, (key, value) in enumerate(pairs):
            changed = [*pairs[:place], (key, value + WIDE), *pairs[place + 1 :]]
            yield urlencode(changed).encode()
        return
    count = len(list(_words(json.loads(body))))
    for place in range(count):
        told = json.loads(body)
        holder, key = list(_words(told))[place]
        holder[key] += WIDE
        yield json.dumps(told, ensure_ascii=place % 2 == 0).encode()


def _words(tree: Any) -> Iterator[tuple[Any, Any]]:
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in list(inside):
        if isinstance(value, str):
            yield tree, key
        elif isinstance(value, dict | list):
            yield from _words(value)


@pytest.mark.parametrize("mapping", shipped())
def test_letters_of_four_bytes_are_kept_whole_or_rejected(mapping: str) -> None:
    kept = 0
    for name in (each for each in SAMPLES if sample(each)[1]["mapping"] == mapping):
        for changed in widened(sample(name)[0]):
            events, rejected = read(mapping, changed)
            assert all(each.detail for each in rejected)
            text = json.dumps([short(event) for event in events], ensure_ascii=False)
            assert "\ufffd" not in text
            assert text.count("😀") >= text.count("𠮷") == text.count(WIDE)
            kept += text.count(WIDE)
    assert kept


def moved(told: Any, zone: timezone) -> Any:
    """Return a tree in which each instant with an offset or a Z is told by another zone."""
    if isinstance(told, dict):
        return {key: moved(value, zone) for key, value in told.items()}
    if isinstance(told, list):
        return [moved(each, zone) for each in told]
    if isinstance(told, str) and told[4:5] == "-" and told[10:11] == "T":
        at = datetime.fromisoformat(told)
        return told if at.tzinfo is None else at.astimezone(zone).isoformat()
    return told


ZONED = [
    name for name in SAMPLES
    if is_json(sample(name)[0])
    and moved(told := json.loads(sample(name)[0]), timezone(timedelta(minutes=1))) != told
]  # fmt: skip
"""The samples that tell their time with an offset; the others count since 1970, or are 1C."""


@pytest.mark.parametrize("minutes", [345, -570, 840, 0])
@pytest.mark.parametrize("name", ZONED)
def test_told_by_the_clock_of_another_zone_it_is_the_same_instant(
    name: str, minutes: int
) -> None:
    body, expected = sample(name)
    told = moved(json.loads(body), timezone(timedelta(minutes=minutes)))

    events, rejected = read(expected["mapping"], json.dumps(told).encode())

    assert rejected == []
    assert [short(event) for event in events] == expected["events"]


@pytest.mark.parametrize(("zone", "time"), [
    ("Europe/Moscow", "2026-03-02T07:15:30.000Z"),
    ("Asia/Vladivostok", "2026-03-02T00:15:30.000Z"),
    ("Asia/Kathmandu", "2026-03-02T04:30:30.000Z"),
    ("America/New_York", "2026-03-02T15:15:30.000Z"),
])  # fmt: skip
def test_a_copy_of_the_mapping_of_1c_names_another_zone(zone: str, time: str) -> None:
    text = (files("producers") / "mappings" / "1c.toml").read_text("utf-8")
    body, _ = sample("1c_card")

    (event,), _ = read(of(text.replace("Europe/Moscow", zone)), body)

    assert event.time == time


def items(name: str) -> tuple[str, list[Any]]:
    body, expected = sample(name)
    return expected["mapping"], json.loads(body)


def identities(events: list[Event]) -> list[tuple[str, str]]:
    return sorted((event.id, json.dumps(short(event))) for event in events)


def test_items_in_another_order_or_twice_are_the_same_events() -> None:
    mapping, told = items("hubspot_four")
    once = identities(read(mapping, json.dumps(told).encode())[0])
    for seed in range(5):
        mixed = [*told, *told]
        random.Random(seed).shuffle(mixed)
        events, rejected = read(mapping, json.dumps(mixed).encode())
        assert rejected == []
        assert sorted(set(identities(events))) == once


def test_items_of_one_message_sent_apart_are_the_same_events() -> None:
    mapping, told = items("hubspot_four")
    whole = identities(read(mapping, json.dumps(told).encode())[0])

    apart = [read(mapping, json.dumps([each]).encode())[0] for each in reversed(told)]

    assert identities([event for events in apart for event in events]) == whole
