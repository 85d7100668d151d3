"""Whatever stands at a hidden place is hidden, short words and numbers too; the rest stays."""

import json
from pathlib import Path

import pytest

from tests.producers.webhooks.test_hidden import FORM, JSON, on_disk
from tests.producers.webhooks.test_receiver import desk

HIDDEN = ("auth.pin", "ключ")
KNOWN = {"Authorization": "Bearer a secret of these tests"}

VALUES: dict[str, tuple[str, bytes, bytes]] = {
    "a short word": (
        JSON, b'{"auth": {"pin":"w7#Kq"}, "n": 1.10 }\n',
        b'{"auth": {"pin":"*****"}, "n": 1.10 }\n',
    ),
    "a number": (JSON, b'{"auth":{"pin":90417}, "n":1}', b'{"auth":{"pin":"*****"}, "n":1}'),
    "a number with a sign and a power": (
        JSON, b'[{"auth":{"pin": -9.0417E+5 }}]', b'[{"auth":{"pin": "**********" }}]'
    ),
    "a truth": (JSON, b'{"auth":{"pin":true},"b":true}', b'{"auth":{"pin":"****"},"b":true}'),
    "in an item of a list in a list": (
        JSON, b'[[1, {"auth": [{"pin": 90417}, {"pin": "w7#Kq"}]}], 90418]',
        b'[[1, {"auth": [{"pin": "*****"}, {"pin": "*****"}]}], 90418]',
    ),
    "a key that comes twice": (
        JSON, b'{"auth":{"pin":90417,"pin":"w7#Kq","x":{}},"y":[]}',
        b'{"auth":{"pin":"*****","pin":"*****","x":{}},"y":[]}',
    ),
    "an object": (
        JSON, b'{"auth":{"pin":{"w7#Kq":[90417,"}"]},"x":1}}', b'{"auth":{"pin":"***","x":1}}'
    ),
    "a list": (JSON, b'{"auth":{"pin":[90417,["w7#Kq"],{}]}}', b'{"auth":{"pin":"***"}}'),
    "its name in escapes": (
        JSON, b'{"auth":{"\\u0070in":"w\\u0037#\\u004Bq"}}', b'{"auth":{"\\u0070in":"*****"}}'
    ),
    "in another character set": (
        f"{JSON}; charset=cp1251", '{"ключ":90417,"текст":"день"}'.encode("cp1251"),
        '{"ключ":"*****","текст":"день"}'.encode("cp1251"),
    ),
    "in UTF-16": (
        f"{JSON}; charset=utf-16le", '{"ключ":"w7#Kq","т":"😀"}'.encode("utf-16-le"),
        '{"ключ":"*****","т":"😀"}'.encode("utf-16-le"),
    ),
    "with a mark before it": (
        JSON, b'\xef\xbb\xbf{"auth":{"pin":90417}}', b'\xef\xbb\xbf{"auth":{"pin":"*****"}}'
    ),
    "in a form": (
        FORM, b"a=%31&auth[pin]=90417&&auth%5bpin%5D=w7%23Kq&b=1+%20",
        b"a=%31&auth[pin]=*****&&auth%5bpin%5D=*****&b=1+%20",
    ),
    "in a form of lists": (
        FORM, b"i[0][auth][pin]=90417&i[][auth][pin]=w7%23Kq&auth[][pin]=w7%23Kq&b=1",
        b"i[0][auth][pin]=*****&i[][auth][pin]=*****&auth[][pin]=*****&b=1",
    ),
    "in a form in another character set": (
        f"{FORM}; charset=cp1251",
        b"%EA%EB%FE%F7=%e490417&%D0%BA%D0%BB%D1%8E%D1%87=w7%23Kq&b=\x98",
        b"%EA%EB%FE%F7=******&%D0%BA%D0%BB%D1%8E%D1%87=*****&b=\x98",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", VALUES)
def test_what_is_hidden_is_blotted_out_where_it_stands(how: str, tmp_path: Path) -> None:
    kind, body, expected = VALUES[how]
    with desk(tmp_path, hidden=HIDDEN) as crm:
        assert crm.status(body, {**KNOWN, "Content-Type": kind}) == 200
        assert crm.kept == [expected]
    stored = on_disk(tmp_path)
    for each in (b"90417", b"9.0417", b"w7#Kq", b"w7%23Kq", "w7#Kq".encode("utf-16-le")):
        assert each not in stored
    assert expected in stored


def test_of_what_is_hidden_nothing_and_empty_are_kept(tmp_path: Path) -> None:
    body = b'{"auth": {"pin": null}, "items": [{"auth": {"pin": ""}}, {"auth": null}, "pin"]}'
    with desk(tmp_path, hidden=HIDDEN) as crm:
        assert crm.status(body, {**KNOWN, "Content-Type": JSON}) == 200
        assert crm.kept == [body]


def test_a_short_word_that_is_hidden_stays_where_it_means_something_else(
    tmp_path: Path,
) -> None:
    told = {"auth": {"pin": "card"}, "event": "card.saved", "card_id": 12, "code": "card"}
    with desk(tmp_path, hidden=HIDDEN) as crm:
        assert crm.status(json.dumps(told).encode(), {**KNOWN, "Content-Type": JSON}) == 200
        (kept,) = crm.kept
    assert json.loads(kept) == {**told, "auth": {"pin": "****"}}


WITHIN: dict[str, tuple[str, bytes, bytes]] = {
    "JSON in a form": (
        FORM, b"a=1&data=%7B%22auth%22%3a%7B%22pin%22%3A90417%7d%2C%22b%22%3A1%7D&c=+",
        b"a=1&data=%7B%22auth%22%3A%7B%22pin%22%3A%22%2A%2A%2A%2A%2A%22%7D%2C%22b%22%3A1%7D&c=+",
    ),
    "JSON in a form, as it is": (
        FORM, b'a=%31&data={"auth":{"pin":"w7#Kq"},"b":1}&c=+',
        b'a=%31&data={"auth":{"pin":"*****"},"b":1}&c=+',
    ),
    "JSON below the beginning of a path": (
        FORM, b'auth={"pin":90417}&x[auth]=[{"pin":90417}]&pin=1&data={"pin":2}',
        b'auth={"pin":"*****"}&x[auth]=[{"pin":"*****"}]&pin=1&data={"pin":2}',
    ),
    "JSON in a text of JSON": (
        JSON, b'{"n":1.10,"payload":"{\\"auth\\":{\\"pin\\":90417}'
        b', \\"x\\":1.10}","auth":"[\\"pin\\"]"}',
        b'{"n":1.10,"payload":"{\\"auth\\":{\\"pin\\":\\"*****\\"}'
        b', \\"x\\":1.10}","auth":"[\\"pin\\"]"}',
    ),
    "JSON in a text in a list, with its name in escapes": (
        JSON, b'["[ 1, {\\"\\\\u043a\\u043b\\u044e\\u0447\\" : \\"w7#Kq\\"}]"]',
        b'["[ 1, {\\"\\\\u043a\\u043b\\u044e\\u0447\\" : \\"*****\\"}]"]',
    ),
    "a form in a text of JSON": (
        JSON, b'{"body":"a=%31&auth[pin]=90417&b=+","note":"a = b"}',
        b'{"body":"a=%31&auth[pin]=*****&b=+","note":"a = b"}',
    ),
    "JSON in a form, cut short": (
        FORM, b"a=1&data=%7B%22auth%22%3A%7B%22pin%22%3A%2290417&b=2",
        b"a=1&data=%7B%22auth%22%3A%7B%22pin%22%3A********&b=2",
    ),
    "JSON in a form that is itself cut short": (
        FORM, b"a=1&data=%7B%22pin%22+%3a+90417%2C%22b&c",
        b"a=1&data=%7B%22pin%22+%3a*************&c",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", WITHIN)
def test_what_is_hidden_in_a_text_within_the_text_is_blotted_out(
    how: str, tmp_path: Path
) -> None:
    kind, body, expected = WITHIN[how]
    with desk(tmp_path, hidden=HIDDEN) as crm:
        assert crm.status(body, {**KNOWN, "Content-Type": kind}) == 200
        assert crm.kept == [expected]
    stored = on_disk(tmp_path)
    assert not [each for each in (b"90417", b"w7#Kq") if each in stored]
    assert expected in stored


def test_texts_in_texts_in_texts_are_read_to_the_bottom_or_blotted_out(tmp_path: Path) -> None:
    told = json.dumps({"auth": {"pin": "w7#Kq"}, "n": 1})
    bodies = []
    for _ in range(12):
        told = json.dumps({"a": told})
        bodies.append(told.encode())
    with desk(tmp_path, hidden=HIDDEN, largest_bytes=100_000) as crm:
        for body in bodies:
            assert crm.status(body, {**KNOWN, "Content-Type": JSON}) == 200
        kept = crm.kept
    assert b"w7#Kq" not in on_disk(tmp_path)
    read = [_bottom(each) for each in kept]
    # The four deepest are the same text without it, and so are kept once.
    assert read == [{"auth": {"pin": "*****"}, "n": 1}] * 8 + ["***"]


def _bottom(body: bytes) -> object:
    told = json.loads(body)
    while "a" in told:
        told = told["a"] if told["a"] == "***" else json.loads(told["a"])
    return told


def test_json_within_the_text_that_is_cut_short_and_names_something_hidden_is_refused(
    tmp_path: Path,
) -> None:
    body = json.dumps({"payload": '{"auth": {"pin": "w7#Kq', "event": "X"}).encode()
    with desk(tmp_path, hidden=HIDDEN) as crm:
        assert crm.status(body, {**KNOWN, "Content-Type": JSON}) == 400
        other = b'{"note":"[call back, see auth]","text":"{","b":"\\"x","auth":{"pin":90417}}'
        assert crm.status(other, {**KNOWN, "Content-Type": JSON}) == 200
        assert crm.kept == [other.replace(b"90417", b'"*****"')]
    assert b"w7#Kq" not in on_disk(tmp_path)
