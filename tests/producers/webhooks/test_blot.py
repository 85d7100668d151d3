"""A token in a body is nowhere on the disk, however its sender writes it; the rest is."""

import json
from pathlib import Path
from urllib.parse import parse_qs, quote, quote_plus

import pytest

from producers.webhooks.mapping import mapping
from producers.webhooks.scheme import NAMED, Scheme
from tests.producers.webhooks.receiving import desk

TOKEN = 'tok/en+a "b\\12 жё😀'
SCHEME = Scheme(scheme="token", field="auth.application_token")
FORM = "application/x-www-form-urlencoded"
TREE = {"event": "X/Y", "auth": {"application_token": TOKEN}, "text": "день 😀", "n": 1.10}
IN_JSON = json.dumps(TOKEN)[1:-1]
LIKE_PHP = json.dumps(TREE).replace("/", "\\/")


def _form(token: str) -> bytes:
    return f"event=X%2fY&auth[application_token]={token}&text=%D0%B4+%20&n=1.10".encode()


def _codes(text: str, charset: str = "utf-8") -> str:
    return "".join(f"%{code:02x}" for code in text.encode(charset))


def _escapes(text: str) -> str:
    units = text.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4].upper()}" for at in range(0, len(units), 4))


BODIES: dict[str, tuple[str, bytes]] = {
    "JSON": ("application/json", json.dumps(TREE, ensure_ascii=False).encode()),
    "JSON in ASCII": ("application/json", json.dumps(TREE).encode()),
    "JSON of PHP": ("application/json; charset=utf-8", LIKE_PHP.encode()),
    "JSON of nothing but escapes": (
        "text/plain", json.dumps(TREE).replace(IN_JSON, _escapes(TOKEN)).encode()
    ),
    "JSON in UTF-16": ("application/json; charset=utf-16", LIKE_PHP.encode("utf-16")),
    "JSON in UTF-16BE": ("application/json; charset=utf-16be", LIKE_PHP.encode("utf-16-be")),
    "JSON with a mark before it": ("", b"\xef\xbb\xbf" + LIKE_PHP.encode()),
    "JSON that says it twice": ("", LIKE_PHP.replace("X\\/Y", IN_JSON).encode()),
    "a form": (FORM, _form(quote(TOKEN, safe=""))),
    "a form with +": (FORM, _form(quote_plus(TOKEN))),
    "a form in small letters": (FORM, _form(quote_plus(TOKEN).lower())),
    "a form of nothing but codes": (FORM, _form(_codes(TOKEN))),
    "a form with letters as they are": (FORM, _form(TOKEN.replace("+", "%2b"))),
}  # fmt: skip


def _all_readings(body: bytes) -> str:
    """Return all that anybody could read in a body."""
    found = [body.decode("latin-1")]
    for charset in ("utf-8", "utf-16", "utf-16-be", "cp1251"):
        text = body.decode(charset, "replace").lstrip("\ufeff")
        found += [
            text,
            repr(parse_qs(text, encoding="cp1251" if charset == "cp1251" else "utf-8")),
        ]
        if text.startswith("{"):
            found.append(json.dumps(json.loads(text), ensure_ascii=False).replace("\\\\", "\\"))
    return "\n".join(found)


@pytest.mark.parametrize("how", BODIES)
def test_a_token_is_nowhere_on_the_disk(how: str, tmp_path: Path) -> None:
    kind, body = BODIES[how]
    with desk(tmp_path, SCHEME, (TOKEN, "another token")) as crm:
        assert crm.status(body, {"Content-Type": kind}) == 200
        (kept,) = crm.kept
        on_disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    readable = _all_readings(kept)
    assert "*" * len(TOKEN) in readable
    assert not [each for each in (TOKEN, "tok/en", "жё", "😀*", "\\12") if each in readable]
    assert kept[-9:] in on_disk
    assert _after_its_name(body) not in on_disk
    # What stands around it is as it came.
    beginning, _, end = kept.replace(b"\0", b"").partition(b"*" * len(TOKEN))
    assert beginning[:9] in body.replace(b"\0", b"")
    assert end.lstrip(b"*")[-9:] in body.replace(b"\0", b"")


def _after_its_name(body: bytes) -> bytes:
    """Return the bytes with which a token is written."""
    for charset in ("utf-8", "utf-16-le", "utf-16-be"):
        _, name, after = body.partition("application_token".encode(charset))
        if name:
            return after[8:40]
    raise AssertionError


@pytest.mark.parametrize(("token", "charset"), [("ключ доступа", "windows-1251"),
                                                ("ключ доступа", "koi8-r")])  # fmt: skip
def test_a_form_in_another_character_set_keeps_no_token_either(
    token: str, charset: str, tmp_path: Path
) -> None:
    kind = f"{FORM}; charset={charset}"
    bodies = [
        f"event=X&auth[application_token]={each}&n=".encode() + odd
        for each in (_codes(token, charset), _codes(token, charset).upper(), quote(token))
        for odd in (b"1", "день".encode(charset), b"\x98")
    ]
    bodies += [b"auth[application_token]=" + token.encode(charset) + b"&n=\x98"]
    with desk(tmp_path, SCHEME, (token,)) as crm:
        told = [crm.status(each, {"Content-Type": kind}) for each in bodies]
        kept = crm.kept
    # Whoever codes in UTF-8 and says that it is something else does not know the token.
    assert told == [200] * 6 + [401] * 3 + [200]
    for each in kept:
        assert b"*" * len(token) in each
        read = parse_qs(each.decode("latin-1"), encoding=charset)
        assert read["auth[application_token]"] == ["*" * len(token)]


def test_what_has_no_token_to_blot_is_kept_byte_for_byte(tmp_path: Path) -> None:
    odd = b'{"event": "\\u0041\\/", "n": 1.10, "auth": {"application_token": "%b"}} \n'
    with desk(tmp_path, SCHEME, ("the first token", "the second token")) as crm:
        for token in (b"the first token", b"the second token"):
            assert crm.status(odd % token, {}) == 200
            assert crm.kept[-1] == odd % (b"*" * len(token))


@pytest.mark.parametrize("scheme", [SCHEME, NAMED["secret-path"], NAMED["none"]])
def test_what_a_mapping_hides_is_not_kept_whoever_is_known_how(
    scheme: Scheme, tmp_path: Path
) -> None:
    form = (
        b"event=ONCRMDEALADD&data[FIELDS][ID]=759&ts=1736405807&auth[access_token]=s6p%2feclrvim6"
        b"&auth[refresh_token]=4s386p3q0t+r8dy89&auth[expires_in]=3600&auth[domain]=x.bitrix24.com"
        b"&auth[application_token]=the-own-token&again=s6p/eclrvim6"
    )
    hidden = mapping("bitrix24").hidden
    with desk(tmp_path, scheme, ("the-own-token",), hidden=hidden) as crm:
        for body in (form, b"neither JSON nor a form"):
            path = (
                "/hooks/crm/the-own-token" if scheme.scheme == "secret-path" else "/hooks/crm"
            )
            told = crm.status(
                body, {"Content-Type": FORM if body is form else "a/b"}, path=path
            )
            assert told == (401 if scheme is SCHEME and body is not form else 200)
        kept = crm.kept[0]
    assert kept == (
        b"event=ONCRMDEALADD&data[FIELDS][ID]=759&ts=1736405807&auth[access_token]=************"
        b"&auth[refresh_token]=*****************&auth[expires_in]=3600&auth[domain]=x.bitrix24.com"
        b"&auth[application_token]=*************&again=************"
    )


def test_a_token_that_cannot_be_blotted_out_is_not_kept(tmp_path: Path) -> None:
    """Percent codes over the borders of letters, in a character set that has such."""
    token = "中文密码中文密码"
    codes = "".join(f"%{code:02X}" for code in token.encode("hz"))
    kind = f"{FORM}; charset=hz"
    with desk(tmp_path, SCHEME, (token,)) as crm:
        status, _, text = crm.ask(_form(codes), {"Content-Type": kind})
        assert (status, text) == (
            400, "it has a secret in a way that cannot be blotted out\n"
        )  # fmt: skip
        assert crm.kept == []
