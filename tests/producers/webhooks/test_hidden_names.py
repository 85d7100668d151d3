"""The name of something hidden counts as a key only; a common word is blotted at its place."""

from pathlib import Path

import pytest

from tests.producers.webhooks.test_hidden import FORM, JSON, on_disk
from tests.producers.webhooks.test_hidden_values import KNOWN
from tests.producers.webhooks.test_receiver import desk

HIDDEN = ("auth.pin", "status")

WORDS: list[tuple[str, bytes]] = [
    (JSON, b'{"event": "status", "text": "hello, status: open, of a pin: 5", "x": "pin'),
    (JSON, b'{"changed": ["status", "pin"], "old": {"status_of": 1}, "my": "a pin"'),
    (JSON, b'{"text": "pin", "html": "a status\\n- \\"pin\\" or pin = 5, <pins>", "n"'),
    (FORM, b"event=status&text=new+status+of+pin%2C+%22pin%22&n"),
    ("text/plain", "статус status, pin".encode()),
    ("text/xml", b'<event kind="status">of a pin and the status of it</event>'),
]


@pytest.mark.parametrize(("kind", "body"), WORDS)
def test_a_word_that_is_the_name_of_something_hidden_is_kept_where_it_is_no_key(
    kind: str, body: bytes, tmp_path: Path
) -> None:
    with desk(tmp_path, hidden=HIDDEN) as crm:
        assert crm.status(body, {**KNOWN, "Content-Type": kind}) == 200
        assert crm.kept == [body]


BLOTTED: list[tuple[str, bytes, bytes]] = [
    (
        JSON, b'{"event": "status", "pin": "w7#Kq", "text": "the pin", "status" : 90417, "x',
        b'{"event": "status", "pin": "*****", "text": "the pin", "status" : "*****", "x',
    ),
    (
        FORM, b"event=status&auth[pin]=w7%23Kq&text=pin&status=90417&n",
        b"event=status&auth[pin]=*******&text=pin&status=*****&n",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "expected"), BLOTTED)
def test_of_a_body_cut_short_only_what_follows_a_key_is_blotted_out(
    kind: str, body: bytes, expected: bytes, tmp_path: Path
) -> None:
    with desk(tmp_path, hidden=HIDDEN) as crm:
        assert crm.status(body, {**KNOWN, "Content-Type": kind}) == 200
        assert crm.kept == [expected]
    stored = on_disk(tmp_path)
    assert not [each for each in (b"90417", b"w7#Kq", b"w7%23Kq") if each in stored]


KEYS: list[tuple[str, bytes]] = [
    (JSON, b'{"payload": "{\\"pin\\": \\"w7#Kq\\"}'),
    (JSON, b'{"payload": "{\\\\\\"pin\\\\\\" : 90417'),
    (JSON, b'{"payload": "{\\u0022pin\\u0022:\\u0022w7#Kq\\u0022'),
    (JSON, b"{auth: {pin: 'w7#Kq'}}"),
    (JSON, b"{auth: {user: 1, pin: 'w7#Kq'}}"),
    (JSON, b"{auth: {user: 'a', pin: 'w7#Kq'}}"),
    (JSON, b"{'auth' => {'pin' => 'w7#Kq'}}"),
    (JSON, b'{"html": "{&quot;pin&quot;:&quot;w7#Kq&quot;'),
    (JSON, b'{"yaml": "auth:\\n  pin: w7#Kq\\n'),
    ("text/plain", b"auth:\n  - pin: w7#Kq\n"),
    ("text/xml", b"<a><x:pin>w7#Kq</x:pin></a>"),
    ("text/xml", b'<a><b name="pin">w7#Kq</b></a>'),
    ("text/xml", b"<key>pin</key><string>w7#Kq</string>"),
]


@pytest.mark.parametrize(("kind", "body"), KEYS)
def test_a_key_whose_value_ends_nobody_knows_where_is_refused(
    kind: str, body: bytes, tmp_path: Path
) -> None:
    with desk(tmp_path, hidden=HIDDEN) as crm:
        assert crm.status(body, {**KNOWN, "Content-Type": kind}) == 400
        assert crm.kept == []
    assert b"w7#Kq" not in on_disk(tmp_path)


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
        assert crm.status(body, {**KNOWN, "Content-Type": JSON}) == 200
        assert crm.kept == [told % (b"*" * 8, b"x ********", *stars)]
    assert b"rq7kd02w" not in on_disk(tmp_path)
