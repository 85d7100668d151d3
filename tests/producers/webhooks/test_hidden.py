"""What a mapping hides is nowhere on the disk, also of bodies that nobody can read."""

import base64
import gzip
import json
import re
from pathlib import Path

import pytest

from producers.webhooks.body import parsed
from producers.webhooks.mapping import mapping
from producers.webhooks.scheme import NAMED
from producers.webhooks.signatures import Check, Posted
from schemas.errors import UntranslatableFrame
from tests.producers.webhooks.receiving import FORM, JSON, desk, on_disk

HIDDEN = ("auth.access_token", "секрет")
SECRET = "s6p/eclr vimй6"
OTHER = "4s386p3q0t+r8dy89"
TREE = {"event": "X", "auth": {"access_token": SECRET, "expires_in": 3600}, "text": "день 😀"}
SHORT = '{"event": "X", "auth": {"expires": 36, "access_token" : "%s", "domain": "x.example'
NOTE = b"{ %d bytes that cannot be read and may say something hidden: not kept"


def readings(stored: bytes) -> str:
    """Return what anybody could read in it, whichever way it is written."""
    found = [stored.decode("latin-1"), stored.replace(b"\0", b"").decode("latin-1")]
    for charset in ("utf-8", "utf-16-le", "utf-16-be", "cp1251"):
        for begin in range(2):
            found.append(stored[begin:].decode(charset, "replace"))
    return "\n".join([*found, *(each.replace("\\/", "/") for each in found)])


def parts(secret: str) -> list[str]:
    """Return pieces of a secret of which none may be left, as JSON and forms write them."""
    return [secret[:3], secret[-5:-2], secret[3:8], json.dumps(secret[3:8])[1:-1]]


KEPT: dict[str, tuple[str, bytes]] = {
    "a list": (JSON, json.dumps([{"event": "Y"}, TREE]).encode()),
    "a list in an object": (JSON, json.dumps({"items": [[TREE], 3]}).encode()),
    "a list with a key that comes twice": (
        JSON,
        json.dumps([TREE]).replace('"acc', f'"access_token": "{SECRET}", "acc').encode(),
    ),
    "a form that says it twice": (
        FORM,
        b"auth[access_token]=s6p%2feclr+vim%D0%B96&auth[access_token]=" + OTHER.encode(),
    ),
    "a form in a list": (FORM, b"items[0][auth][access_token]=s6p/eclr%20vim%d0%b96&n=1"),
    "a form that is none at its end": (FORM, b"auth[access_token]=s6p/eclr+vim%d0%b96&n"),
}  # fmt: skip


@pytest.mark.parametrize("how", KEPT)
def test_what_is_hidden_is_blotted_out_wherever_it_stands(how: str, tmp_path: Path) -> None:
    kind, body = KEPT[how]
    with desk(tmp_path, largest_bytes=100_000, hidden=HIDDEN) as crm:
        headers = {"Authorization": "Bearer a secret of these tests", "Content-Type": kind}
        assert crm.status(body, headers) == 200
        (kept,) = crm.kept
    seen = readings(on_disk(tmp_path))
    for each in (*parts(SECRET), *parts(OTHER)):
        assert each not in seen, each
    assert "****" in seen
    # What stands before it is as it came.
    assert kept[: kept.index(b"*")] == body[: kept.index(b"*")]


UNREAD: dict[str, tuple[str, bytes]] = {
    "deeper than anybody reads": (JSON, b"[" * 5_000 + json.dumps(TREE).encode()),
    "cut short behind it": (JSON, (SHORT % SECRET).encode()),
    "cut short in it": (JSON, (SHORT % SECRET).partition("мй6")[0].encode()),
    "cut short in it, with escapes": (JSON, (SHORT % json.dumps(SECRET)[1:-1])[:-30].encode()),
    "cut short, its name in escapes": (
        JSON, (SHORT % SECRET).replace("access_token", "\\u0061ccess\\u005ftoken").encode()
    ),
    "cut short, in UTF-16": (f"{JSON}; charset=utf-16", (SHORT % SECRET).encode("utf-16")[:-1]),
    "cut short, in UTF-16 that is not named": (JSON, (SHORT % SECRET).encode("utf-16-be")[:-1]),
    "cut short, in UTF-32": (f"{JSON}; charset=utf-32", (SHORT % SECRET).encode("utf-32")[:-3]),
    "UTF-16 that is not named": (JSON, json.dumps(TREE).encode("utf-16-le")),
    "UTF-8 that is called UTF-16": (f"{JSON}; charset=utf-16", json.dumps(TREE).encode()),
    "an unknown character set": (f"{JSON}; charset=utf8mb4", json.dumps(TREE).encode()),
    "an unknown character set in a form": (
        f"{FORM}; charset=x-own", b"event=X&auth[access_token]=s6p%2feclr+vim%D0%B96&n=1"
    ),
    "a character set that it is not of": (
        f"{JSON}; charset=cp1251", (SHORT % SECRET).encode()
    ),
    "a form of too many fields": (
        FORM, b"a=1&" * 10_001 + b"auth%5baccess_token%5D=s6p%2feclr+vim%D0%B96&n=1"
    ),
    "something else that is hidden": (JSON, '{"a": 1, "секрет": "s6p/eclr vimй6", "b'.encode()),
    "numbers and all that is below it": (
        JSON, b'{"auth": {"access_token": {"a": ["s6p/eclr vim"], "b": 12345678901}}, "x": '
    ),
    "EBCDIC": (f"{JSON}; charset=cp500", json.dumps(TREE).encode("cp500")),
    "UTF-7": (
        f"{JSON}; charset=utf-7",
        b"+AHsAIg-auth+ACIAOgB7ACI-access_token+ACIAOgAi-s6p/eclr vim+ACIAfQB9-",
    ),
    "letters that switch": (
        f"{JSON}; charset=iso-2022-jp",
        json.dumps({"text": "日本", **TREE, "секрет": ""}, ensure_ascii=False)
        .encode("iso-2022-jp", "replace"),
    ),
    "letters of no character set": (
        f"{JSON}; charset=x-own", '{"секрет": "s6p/eclr vim"}, '.encode("cp1251")
    ),
    "zeros": (JSON, b'{"auth": {"access_token": "s6p/\0\0\0eclr vim"}}'),
    "packed, and nobody says so": (JSON, gzip.compress(json.dumps(TREE).encode())),
    "packed, and called a form": (FORM, gzip.compress(json.dumps(TREE).encode())),
    "XML": ("text/xml", b"<auth><access_token>s6p/eclr vim</access_token></auth>"),
    "XML with blanks": ("text/xml", b'<auth access_token = "s6p/eclr vim"/>'),
    "XML, its name in brackets": (
        "text/xml", b'<p name="auth[access_token]">s6p/eclr vim</p>'
    ),
    "parts": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="auth[access_token]"\r\n\r\n'
        b"s6p/eclr vim\r\n--x--\r\n",
    ),
    "parts that are called a form": (
        FORM,
        b'--x\r\nContent-Disposition: form-data; name="auth[access_token]"\r\n\r\n'
        b"s6p/eclr=vim&6\r\n--x--\r\n",
    ),
    "XML that is called a form": (FORM, b"<a access_token = 's6p/eclr&amp;vim6'>b=1</a>"),
    "XML in signs that is called a form": (FORM, b"a=&#38;lt;access_&#x74;oken&gt;s6p/eclr"),
    "a table that is called a form": (FORM, b"event,access_token\nx,s6p/eclr vim\n"),
    "lines that are called a form": (FORM, b"a=1&auth.access_token: s6p/eclr&vim6"),
    "JSON in JSON, cut short": (
        JSON, json.dumps({"payload": json.dumps(TREE)})[:-9].encode(),
    ),
    "single quotes": (JSON, b"{'auth': {'access_token': 's6p/eclr vim'}}"),
    "lines": ("text/plain", b"event: x\nauth.access_token: s6p/eclr vim\n"),
    "a table": ("text/csv", b"event,ACCESS_TOKEN\nx,s6p/eclr vim\n"),
    "percent codes in percent codes": (
        "text/plain", b"a: auth%255B%2561ccess%255Ftoken%255D%253Ds6p/eclr"
    ),
    "signs of HTML": ("text/xml", b"<a>&quot;&#97;ccess&#x5f;token&quot;:s6p/eclr</a>"),
}  # fmt: skip


@pytest.mark.parametrize("how", UNREAD)
def test_of_what_cannot_be_read_and_may_say_something_hidden_only_the_length_is_kept(
    how: str, tmp_path: Path
) -> None:
    kind, body = UNREAD[how]
    known = {"Authorization": "Bearer a secret of these tests"}
    # Of what is packed as nobody knows nobody knows what it says.
    odd = (base64.b64encode(body), {"Content-Encoding": "x-own"})
    with desk(tmp_path, largest_bytes=100_000, hidden=HIDDEN) as crm:
        for told, more in ((body, {}), odd):
            assert crm.status(told, {**known, "Content-Type": kind, **more}) == 200
        assert crm.kept == [NOTE % len(body), NOTE % len(odd[0])]
    seen = readings(on_disk(tmp_path))
    assert not [
        each for each in (*parts(SECRET), "12345678901", "access_token") if each in seen
    ]
    with pytest.raises(UntranslatableFrame):
        parsed(NOTE % len(body), kind)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (JSON, b'{"event": "X", "auth": {"token_type": "Bearer token", "n": 1'),
        (JSON, b'{"event": "X", "access_token": "not the hidden place"}'),
        (JSON, b'{"event": "access_token", "auth": {"access_token_type": "access token"}}'),
        (f"{JSON}; charset=koi8-r", '{"event": "день'.encode("koi8-r")),
        (FORM, b"event=access_token&access_token=of+another+place"),
        (FORM, b"event=access_token&?access_token&a.b=1&What is it?=a+b&auth[access_token"),
        ("text/plain", "ни JSON, ни форма".encode()),
        ("", b""),
    ],
)
def test_what_has_nothing_hidden_is_kept_byte_for_byte(
    kind: str, body: bytes, tmp_path: Path
) -> None:
    with desk(tmp_path, hidden=("auth.access_token",)) as crm:
        headers = {"Authorization": "Bearer a secret of these tests", "Content-Type": kind}
        assert crm.status(body, headers) == 200
        assert crm.kept == [body]


def test_of_a_long_list_every_item_has_its_own_secret_and_none_is_kept(tmp_path: Path) -> None:
    told = [{"auth": {"access_token": f"s6p/eclr-{n:05}", "n": n}} for n in range(2_000)]
    with desk(tmp_path, largest_bytes=1_000_000, hidden=HIDDEN) as crm:
        assert crm.status(json.dumps(told).encode()) == 200
        (kept,) = crm.kept
    assert json.loads(kept) == [
        {"auth": {"access_token": "*" * 14, "n": n}} for n in range(2_000)
    ]
    assert b"eclr" not in on_disk(tmp_path)


def test_no_body_costs_a_pattern_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of a token's letters takes 8 ms, and a token of access is new every hour."""
    check = Check(NAMED["none"], (), "sources.crm.webhook", mapping("bitrix24").hidden)
    body = b'{"auth": {"access_token": "%b"}, "again": "a %b", "codes": "%%73%b"}'
    check.without_secrets(Posted("POST", "/", "", {}, body % ((b"s6peclrvim6",) * 3), JSON))
    monkeypatch.setattr(re, "compile", lambda *_: pytest.fail("a pattern is made"))
    token = b"s4386p3q0t8dy89"
    kept = check.without_secrets(
        Posted("POST", "/", "", {}, body % (token, token, token[1:]), JSON)
    )
    assert kept == body.replace(b"%%73", b"***") % (b"*" * 15, b"*" * 15, b"*" * 14)
