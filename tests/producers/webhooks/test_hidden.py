"""What a mapping hides is nowhere on the disk, also of bodies that nobody can read."""

import base64
import gzip
import json
from pathlib import Path

import pytest

from producers.webhooks.mapping import mapping
from producers.webhooks.scheme import NAMED
from tests.producers.webhooks.test_receiver import desk

HIDDEN = ("auth.access_token", "секрет")
SECRET = "s6p/eclr vimй6"
OTHER = "4s386p3q0t+r8dy89"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
TREE = {"event": "X", "auth": {"access_token": SECRET, "expires_in": 3600}, "text": "день 😀"}
SHORT = '{"event": "X", "auth": {"expires": 36, "access_token" : "%s", "domain": "x.example'
STARS = "*" * len(SECRET)


def on_disk(folder: Path) -> bytes:
    """Return all that a journal has written."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


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
    "a form that says it twice": (
        FORM,
        b"auth[access_token]=s6p%2feclr+vim%D0%B96&auth[access_token]=" + OTHER.encode(),
    ),
    "a form in a list": (FORM, b"items[0][auth][access_token]=s6p/eclr%20vim%d0%b96&n=1"),
    "a form that is none at its end": (FORM, b"auth[access_token]=s6p/eclr+vim%d0%b96&n"),
    "something else that is hidden": (JSON, '{"a": 1, "секрет": "s6p/eclr vimй6", "b'.encode()),
    "numbers and all that is below it": (
        JSON, b'{"auth": {"access_token": {"a": ["s6p/eclr vim"], "b": 12345678901}}, "x": '
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", KEPT)
def test_what_is_hidden_is_blotted_out_also_where_it_cannot_be_read(
    how: str, tmp_path: Path
) -> None:
    kind, body = KEPT[how]
    with desk(tmp_path, largest_bytes=100_000, hidden=HIDDEN) as crm:
        headers = {"Authorization": "Bearer a secret of these tests", "Content-Type": kind}
        assert crm.status(body, headers) == 200
        (kept,) = crm.kept
    seen = readings(on_disk(tmp_path))
    for each in (*parts(SECRET), *parts(OTHER), "12345678901"):
        assert each not in seen, each
    assert "****" in seen
    assert kept.count(b"*") >= 8
    # What stands before it is as it came.
    assert kept[: kept.index(b"*")] == body[: kept.index(b"*")]


REFUSED: dict[str, tuple[dict[str, str], bytes]] = {
    "EBCDIC": ({"Content-Type": f"{JSON}; charset=cp500"}, json.dumps(TREE).encode("cp500")),
    "UTF-7": (
        {"Content-Type": f"{JSON}; charset=utf-7"},
        b'+AHsAIg-auth+ACIAOgB7ACI-access_token+ACIAOgAi-s6p/eclr vim+ACIAfQB9-',
    ),
    "letters that switch": (
        {"Content-Type": f"{JSON}; charset=iso-2022-jp"},
        json.dumps({"text": "日本", **TREE, "секрет": ""}, ensure_ascii=False)
        .encode("iso-2022-jp", "replace"),
    ),
    "packed, and nobody says so": (
        {"Content-Type": JSON}, gzip.compress(json.dumps(TREE).encode()),
    ),
    "packed as nobody knows": (
        {"Content-Type": JSON, "Content-Encoding": "x-own"},
        base64.b64encode(json.dumps(TREE).encode()),
    ),
    "XML": (
        {"Content-Type": "text/xml"},
        b"<auth><access_token>s6p/eclr vim</access_token></auth>",
    ),
    "parts": (
        {"Content-Type": "multipart/form-data; boundary=x"},
        b'--x\r\nContent-Disposition: form-data; name="access_token"\r\n\r\n'
        b"s6p/eclr vim\r\n--x--",
    ),
    "JSON in JSON, cut short": (
        {"Content-Type": JSON}, json.dumps({"payload": json.dumps(TREE)})[:-9].encode(),
    ),
    "single quotes": (
        {"Content-Type": JSON}, b"{'auth': {'access_token': 's6p/eclr vim'}}",
    ),
    "letters of no character set": (
        {"Content-Type": f"{JSON}; charset=x-own"},
        '{"секрет": "s6p/eclr vim"}, '.encode("cp1251"),
    ),
    "zeros of no character set": (
        {"Content-Type": JSON}, b'{"auth": {"access_token": "s6p/\0\0\0eclr vim"}}',
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", REFUSED)
def test_what_cannot_be_looked_through_is_refused_and_leaves_nothing(
    how: str, tmp_path: Path
) -> None:
    headers, body = REFUSED[how]
    known = {"Authorization": "Bearer a secret of these tests"}
    with desk(tmp_path, hidden=HIDDEN) as crm:
        status, _, text = crm.ask(body, {**known, **headers})
        assert (status, text) == (400, "it has a secret in a way that cannot be blotted out\n")
        assert crm.hook.answers == {"400": 1}
        # Who sends what can be read is none the worse for it.
        assert crm.status(b'{"event": "X"}', known) == 200
        assert crm.kept == [b'{"event": "X"}']
    stored = on_disk(tmp_path)
    assert body not in stored
    assert b"access_token" not in stored


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (JSON, b'{"event": "X", "auth": {"access_token_type": "Bearer token", "n": 1'),
        (JSON, b'{"event": "X", "auth": {"access_token'),
        (JSON, b'{"event": "X", "auth": {"access_token" : '),
        (JSON, b'{"event": "X", "access_token": "not the hidden place"}'),
        (f"{JSON}; charset=koi8-r", '{"event": "день'.encode("koi8-r")),
        (FORM, b"event=access_token&access_token=of+another+place"),
        ("text/plain", "ни JSON, ни форма".encode()),
        ("a/b", b"\xff\xfe\xfd of no character set"),
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


def test_of_a_body_cut_short_all_but_the_hidden_is_kept(tmp_path: Path) -> None:
    secret = NAMED["secret-path"], ("a-long-path-1",)
    body = (
        b'[{"auth": {"access_token": "s6peclrvim6", "domain": "x.example", "refresh_token":'
        b' "4s386\\"p3q0t", "expires": 1}, "event": "A"}, {"auth": {"access_token": "aj0'
    )
    with desk(tmp_path, *secret, hidden=mapping("bitrix24").hidden) as crm:
        assert crm.status(body, {}, path="/hooks/crm/a-long-path-1") == 200
        assert crm.kept == [
            b'[{"auth": {"access_token": "***********", "domain": "x.example", "refresh_token":'
            b' "************", "expires": 1}, "event": "A"}, {"auth": {"access_token": "***'
        ]
