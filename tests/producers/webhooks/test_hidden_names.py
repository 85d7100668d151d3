"""The name of something hidden counts as a key only; a common word is blotted at its place."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.producers.webhooks.receiving import BEARER, FORM, JSON, desk, on_disk

HIDDEN = ("auth.pin", "status")

WORDS: list[tuple[str, bytes]] = [
    (JSON, b'{"event": "status", "text": "hello, a status (of a pin), 5", "x": "pin"}'),
    (JSON, b'{"changed": ["status", "pin"], "old": {"status_of": 1}, "my-status": "a pin"}'),
    (JSON, b'{"text": "pin", "more": "the status-line=1, its pins: 5; shopping=2", "pin": 1}'),
    (FORM, b"event=status&text=new+status+of+pin%2C+pins%3D5&pin=5&n"),
    ("text/plain", "статус, пин".encode()),
    ("text/xml", b'<event kind="card">of a card</event>'),
]


@pytest.mark.parametrize(("kind", "body"), WORDS)
def test_a_word_that_is_the_name_of_something_hidden_is_kept_where_it_is_no_key(
    kind: str, body: bytes, tmp_path: Path
) -> None:
    with desk(tmp_path, hidden=HIDDEN) as crm:
        assert crm.status(body, {**BEARER, "Content-Type": kind}) == 200
        assert crm.kept == [body]


KEYS = [
    '{"pin": "w7#Kq"', '{\\"pin\\" : 90417', "{\\u0022p\\u0069n\\u0022:\\u0022w7#Kq",
    "{pin: 'w7#Kq'}", "{user: 1, pin: 'w7#Kq'}", "{'auth' => {'pin' => 'w7#Kq'}}",
    "{&quot;pin&quot;:&quot;w7#Kq", "auth:\n  pin: w7#Kq\n", "<x:pin>w7#Kq</x:pin>",
    '<b name="pin">w7#Kq</b>', "PIN=w7#Kq", "<key>pin</key><string>w7#Kq</string>",
    "a;pin =w7#Kq",
    "a%253Fpin%253Dw7#Kq", "(pin)=w7#Kq", "['auth']['pin']=w7#Kq", "#auth.pin=w7#Kq",
    "pin&#61;w7#Kq",
]  # fmt: skip


@pytest.mark.parametrize("text", KEYS)
def test_a_text_with_a_key_that_is_hidden_is_blotted_out_whatever_the_text_is(
    text: str, tmp_path: Path
) -> None:
    with desk(tmp_path, hidden=HIDDEN) as crm:
        for body, kind in (
            (json.dumps({"a": text, "n": 1.10}).encode(), JSON),
            (f"a={quote(text)}&n=1.10".encode(), FORM),
        ):
            assert crm.status(body, {**BEARER, "Content-Type": kind}) == 200
        stars = b"*" * len(text)
        assert crm.kept == [b'{"a": "%b", "n": 1.1}' % stars, b"a=%b&n=1.10" % stars]
    stored = on_disk(tmp_path)
    assert not [each for each in (b"90417", b"w7#Kq", b"w7%23Kq") if each in stored]


def test_what_is_hidden_is_blotted_out_elsewhere_only_if_it_is_no_ordinary_word(
    tmp_path: Path,
) -> None:
    told = (
        b'{"event":"disposition.set","time":"2026-03-02T07:15:00Z","n":20260302,"k":"%b",'
        b'"more":[1,"a 20260302 b","%b"],"auth":[{"pin":"%b"},{"pin":%b},{"pin":"%b"},'
        b'{"pin":"%b"}]}'
    )
    secrets = (b"disposition.set", b"20260302", b"2026-03-02T07:15:00Z", b"rq7kd02w")
    stars = (b"*" * 15, b'"********"', b"*" * 20, b"*" * 8)
    with desk(tmp_path, hidden=HIDDEN) as crm:
        body = told % (b"rq7kd02w", b"x rq7kd02w", *secrets)
        assert crm.status(body, {**BEARER, "Content-Type": JSON}) == 200
        assert crm.kept == [told % (b"*" * 8, b"x ********", *stars)]
    assert b"rq7kd02w" not in on_disk(tmp_path)
