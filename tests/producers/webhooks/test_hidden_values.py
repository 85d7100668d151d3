"""Whatever stands at a hidden place is hidden, short words and numbers too; the rest stays."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.producers.webhooks.receiving import BEARER, FORM, JSON, desk, on_disk

HIDDEN = ("auth.pin", "ключ")
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
        assert crm.status(body, {**BEARER, "Content-Type": kind}) == 200
        assert crm.kept == [expected]
    stored = on_disk(tmp_path)
    for each in (b"90417", b"9.0417", b"w7#Kq", b"w7%23Kq", "w7#Kq".encode("utf-16-le")):
        assert each not in stored
    assert expected in stored


def test_of_what_is_hidden_nothing_and_empty_are_kept(tmp_path: Path) -> None:
    body = b'{"auth": {"pin": null}, "items": [{"auth": {"pin": ""}}, {"auth": null}, "pin"]}'
    with desk(tmp_path, hidden=HIDDEN) as crm:
        assert crm.status(body, {**BEARER, "Content-Type": JSON}) == 200
        assert crm.kept == [body]


def test_a_short_word_that_is_hidden_stays_where_it_means_something_else(
    tmp_path: Path,
) -> None:
    told = {"auth": {"pin": "card"}, "event": "card.saved", "card_id": 12, "code": "card"}
    with desk(tmp_path, hidden=HIDDEN) as crm:
        assert crm.status(json.dumps(told).encode(), {**BEARER, "Content-Type": JSON}) == 200
        (kept,) = crm.kept
    assert json.loads(kept) == {**told, "auth": {"pin": "****"}}


def _stars(text: str) -> bytes:
    return b"*" * len(text)


WITHIN: dict[str, tuple[str, bytes, bytes]] = {
    "JSON in a form": (
        FORM, b"a=1&data=%7B%22auth%22%3a%7B%22pin%22%3A90417%7d%2C%22b%22%3A1%7D&c=+",
        b"a=1&data=%b&c=+" % _stars('{"auth":{"pin":90417},"b":1}'),
    ),
    "JSON in a form, as it is": (
        FORM, b'a=%31&data={"auth":{"pin":"w7#Kq"},"b":1}&c=+',
        b"a=%%31&data=%b&c=+" % _stars('{"auth":{"pin":"w7#Kq"},"b":1}'),
    ),
    "JSON below the beginning of a path": (
        FORM, b'auth={"pin":90417}&x[auth]=[{"pin":90417}]&pin=1&data={"n":2}',
        b'auth=*************&x[auth]=***************&pin=1&data={"n":2}',
    ),
    "JSON in a text of JSON": (
        JSON, b'{"n":1.10,"payload":"{\\"auth\\":{\\"pin\\":90417}}","auth":"[\\"n\\"]"}',
        b'{"n":1.10,"payload":"%b","auth":"[\\"n\\"]"}' % _stars('{"auth":{"pin":90417}}'),
    ),
    "JSON in a text in a list, with its name in escapes": (
        JSON, b'["[{\\"\\\\u043a\\u043b\\u044e\\u0447\\" : \\"w7#Kq\\"}]", 1.0]',
        b'["%b", 1.0]' % _stars('[{"\\u043aлюч" : "w7#Kq"}]'),
    ),
    "JSON in a text, cut short": (
        JSON, b'{"payload":"{\\"auth\\": {\\"pin\\": \\"w7#Kq"}',
        b'{"payload":"%b"}' % _stars('{"auth": {"pin": "w7#Kq'),
    ),
    "JSON in a form, cut short": (
        FORM, b"a=1&data=%7B%22auth%22%3A%7B%22pin%22%3A%2290417&b=2",
        b"a=1&data=%b&b=2" % _stars('{"auth":{"pin":"90417'),
    ),
    "JSON in a form that is itself cut short": (
        FORM, b"a=1&data=%7B%22pin%22+%3a+90417%2C%22b&c",
        b"a=1&data=%b&c" % _stars('{"pin" : 90417,"b'),
    ),
    "a form in a text of JSON": (
        JSON, b'{"body":"a=%31&auth[pin]=90417&b=+","note":"a = b"}',
        b'{"body":"%b","note":"a = b"}' % _stars("a=%31&auth[pin]=90417&b=+"),
    ),
    "a form in a text, a word before it": (
        JSON, b'["debug&auth[pin]=90417","?auth%5Bpin%5d=90417","https://x.example/?pin=5"]',
        b'["*********************","********************","************************"]',
    ),
    "a form in a form, cut short": (
        FORM, b"q=tokens%26auth%5Bpin%5D%3D90417%26y&auth[pin]=90417&eve",
        b"q=%b&auth[pin]=*****&eve" % _stars("tokens&auth[pin]=90417&y"),
    ),
    "XML in a text": (
        JSON, b'{"x":"<pin n=\'1\'>90417</pin>"}',
        b'{"x":"%b"}' % _stars("<pin n='1'>90417</pin>"),
    ),
    "a key of a form that is a path, or has a sign before it": (
        FORM, b"?auth[pin]=90417&auth.pin=w7%23Kq&?n=1", b"?auth[pin]=*****&auth.pin=*****&?n=1"
    ),
    "a key that is a path": (
        JSON, b'{"auth.pin":"w7#Kq","auth[pin]":90417}',
        b'{"********":"*****","*********":"*****"}',
    ),
    "a list in a form that ends in a word": (
        FORM, "auth[pin][]=90417&auth%5Bpin%5D%5Ba%5D=w7%23Kq&ключ[0]=90417&debug".encode(),
        "auth[pin][]=*****&auth%5Bpin%5D%5Ba%5D=*****&ключ[0]=*****&debug".encode(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", WITHIN)
def test_a_text_that_names_something_hidden_like_a_key_is_blotted_out_whole(
    how: str, tmp_path: Path
) -> None:
    kind, body, expected = WITHIN[how]
    with desk(tmp_path, hidden=HIDDEN) as crm:
        assert crm.status(body, {**BEARER, "Content-Type": kind}) == 200
        assert crm.kept == [expected]
    stored = on_disk(tmp_path)
    assert not [each for each in (b"90417", b"w7#Kq") if each in stored]
    assert expected in stored


def test_texts_in_texts_in_texts_are_looked_through_or_blotted_out(tmp_path: Path) -> None:
    told = json.dumps({"auth": {"pin": "w7#Kq"}, "n": 1})
    plain = json.dumps({"n": 1})
    codes = "auth[pin]=w7#Kq"
    with desk(tmp_path, hidden=HIDDEN, largest_bytes=100_000) as crm:
        for _ in range(12):
            told, plain, codes = json.dumps({"a": told}), json.dumps({"a": plain}), quote(codes)
            for each in (told, plain, json.dumps({"a": codes})):
                assert crm.status(each.encode(), {**BEARER, "Content-Type": JSON}) == 200
        kept = crm.kept
    assert b"w7#Kq" not in on_disk(tmp_path)
    assert {*json.loads(kept[0])["a"], *json.loads(kept[2])["a"]} == {"*"}
    assert plain.encode() in kept
