"""Whatever is posted is an event that the fold can read, or rejected: nothing else happens."""

import json
import random
from typing import Any

from producers.webhooks.mapping import mapping, shipped
from producers.webhooks.paths import Path
from tests.producers.webhooks.reading import of, read
from tests.producers.webhooks.sampled import SAMPLES, sample

ODD: list[Any] = [
    None, "", " ", "\x00", "😀" * 300, "x" * 5_000, "1e999999999", "-1e-999999999", "9" * 25,
    "-5", 0, -1, 1.5, 1e308, 2**63, 2**64, 10**40, True, False, [], {}, [[]], [None, "a"],
    {"0": "a"}, {"ID": 5}, "2026-03-02T07:15:30Z", "/Date(1)/", "0000-00-00", "²", "١٢", "NaN",
    "Infinity", "2026-13-45T99:99:99", "{0}", "%s", "\u202e", "\n\n", "Message-Key: x",
]  # fmt: skip


def spoiled(chance: random.Random, told: Any, depth: int = 0) -> Any:
    """Return a tree with some of its parts replaced, dropped, wrapped or doubled."""
    if chance.random() < 0.12:
        return chance.choice(ODD)
    if isinstance(told, dict):
        kept = {
            k: spoiled(chance, v, depth + 1) for k, v in told.items() if chance.random() > 0.03
        }
        if chance.random() < 0.1:
            kept[chance.choice(["", "a.b", "event", "\x00", "id"])] = chance.choice(ODD)
        return kept
    if isinstance(told, list):
        return [spoiled(chance, v, depth + 1) for v in told * chance.choice([1, 1, 2])]
    return told


def test_spoiled_samples_are_events_or_rejected() -> None:
    chance = random.Random(20_260_302)
    trees = [json.loads(body) for name in SAMPLES if (body := sample(name)[0])[:1] in b"{["]
    made = refused = 0
    for _ in range(1_500):
        body = json.dumps(spoiled(chance, chance.choice(trees))).encode()
        events, rejected = read(chance.choice(shipped()), body)
        made += len(events)
        refused += len(rejected)
        assert all(len(each.detail) < 2_000 for each in rejected)
        assert not [each for each in rejected if "cannot be translated" in each.detail]

    assert made > 100
    assert refused > 300


def test_spoiled_bytes_are_events_or_rejected() -> None:
    chance = random.Random(7)
    kinds = ["", "application/json", "application/x-www-form-urlencoded; charset=utf-16"]
    for _ in range(1_500):
        name = chance.choice(SAMPLES)
        body = bytearray(sample(name)[0])
        for _ in range(chance.randint(1, 8)):
            place = chance.randrange(len(body))
            body[place : place + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        events, rejected = read(sample(name)[1]["mapping"], bytes(body), chance.choice(kinds))
        assert events or rejected or not sample(name)[1]["events"] or name.startswith("hub")


def test_a_number_that_no_column_holds_is_rejected() -> None:
    meant = of(
        'title = "t"\n[[event]]\ntype = "card.saved"\n[event.data]\ncard_id = "c"\n'
        'agent_id = "a"\nfields_filled = { path = "n", times = 1000 }'
    )
    for number in (2**62, "9" * 18, 10**40):
        events, (rejected,) = read(meant, json.dumps({"c": 1, "a": 2, "n": number}).encode())
        assert events == []
        assert "too large" in rejected.detail or "no number" in rejected.detail


def test_paths_are_what_the_docs_say() -> None:
    assert Path.of("a\\.b.c").parts == ("a.b", "c")
    assert mapping("hubspot").id == ("eventId", "subscriptionId", "objectId")
