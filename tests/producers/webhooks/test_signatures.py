"""Each way of signing: right, wrong, missing, stale, one byte changed, two secrets.

Signatures are made here by hand, from the words of the vendors' pages.
"""

import base64
import hmac
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from producers.webhooks.mapping import mapping
from producers.webhooks.scheme import NAMED, Scheme
from producers.webhooks.signatures import Check, Posted
from schemas.errors import SettingsInvalid

NOW = 1_772_435_730
BODY = '{"id": "evt_1", "text": "день 😀"}'.encode()
OLD, NEW, OTHER = "the old secret", "the new secret", "a strange secret"
KEYS = {each: base64.b64encode(each.encode()).decode() for each in (OLD, NEW, OTHER)}

Headers = dict[str, str]
Make = Callable[[str, bytes, int], tuple[Headers, str, bytes]]


def _openssl(secret: str, content: bytes) -> bytes:
    """Sign with another program than Python."""
    command = ["openssl", "dgst", "-sha256", "-hmac", secret, "-binary"]
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout


def _hmac(secret: str, body: bytes, at: int) -> tuple[Headers, str, bytes]:
    told = _openssl(secret, f"{at}.".encode() + body).hex()
    return {"x-pult-timestamp": str(at), "x-pult-signature": f"sha256={told}"}, "", body


def _standard(secret: str, body: bytes, at: int) -> tuple[Headers, str, bytes]:
    told = base64.b64encode(_openssl(secret, f"msg_1.{at}.".encode() + body)).decode()
    return {
        "webhook-id": "msg_1", "webhook-timestamp": str(at),
        "webhook-signature": f"v1a,AAAA v1,{told}",
    }, "", body  # fmt: skip


def _bearer(secret: str, body: bytes, _: int) -> tuple[Headers, str, bytes]:
    return {"authorization": f"Bearer {secret}"}, "", body


def _path(secret: str, body: bytes, _: int) -> tuple[Headers, str, bytes]:
    return {}, secret, body


def _token(secret: str, _: bytes, __: int) -> tuple[Headers, str, bytes]:
    quoted = secret.replace(" ", "+")
    return {}, "", f"event=X&auth[application_token]={quoted}&ts=1".encode()


TOKEN = Scheme(scheme="token", field="auth.application_token")
SCHEMES: dict[str, tuple[Scheme, Make]] = {
    "hmac": (NAMED["hmac"], _hmac),
    "standard-webhooks": (NAMED["standard-webhooks"], _standard),
    "bearer": (NAMED["bearer"], _bearer),
    "secret-path": (NAMED["secret-path"], _path),
    "token": (TOKEN, _token),
}
EACH = pytest.mark.parametrize("name", SCHEMES)
SIGNED = pytest.mark.parametrize("name", ["hmac", "standard-webhooks"])


def _check(name: str) -> Check:
    scheme = SCHEMES[name][0]
    secrets = [NEW, OLD]
    if name == "standard-webhooks":
        secrets = [f"whsec_{KEYS[each]}" for each in secrets]
    return Check(scheme, secrets, "sources.crm.webhook")


def _posted(headers: Headers, last_part: str, body: bytes) -> Posted:
    uri = "https://pult.example/hooks/crm"
    return Posted("POST", uri, last_part, headers, body, "")


@EACH
@pytest.mark.parametrize("secret", [NEW, OLD])
def test_either_secret_holds_while_it_is_changed(name: str, secret: str) -> None:
    assert _check(name)(_posted(*SCHEMES[name][1](secret, BODY, NOW)), NOW) == "right"


@EACH
def test_a_strangers_secret_is_wrong(name: str) -> None:
    assert _check(name)(_posted(*SCHEMES[name][1](OTHER, BODY, NOW)), NOW) == "wrong"


@EACH
def test_no_signature_at_all_is_missing(name: str) -> None:
    assert _check(name)(_posted({}, "", BODY), NOW) == "missing"


@EACH
@pytest.mark.parametrize("odd", ["\ud800", "é" * 9, "v1,!!", "sha256=zz", " ", "0" * 100_000])
def test_an_odd_signature_is_no_failure(name: str, odd: str) -> None:
    headers, last_part, body = SCHEMES[name][1](NEW, BODY, NOW)
    garbled = dict.fromkeys(headers, odd)
    verdict = _check(name)(_posted(garbled, odd if last_part else "", BODY), NOW)

    assert verdict in ("wrong", "missing"), body


@SIGNED
def test_one_byte_of_the_body_makes_it_wrong(name: str) -> None:
    headers, last_part, body = SCHEMES[name][1](NEW, BODY, NOW)
    for place in (0, len(body) // 2, len(body) - 1):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert _check(name)(_posted(headers, last_part, changed), NOW) == "wrong"


@SIGNED
@pytest.mark.parametrize(("off", "verdict"), [(300, "right"), (301, "stale"), (-301, "stale")])
def test_a_time_five_minutes_off_is_stale(name: str, off: int, verdict: str) -> None:
    assert _check(name)(_posted(*SCHEMES[name][1](NEW, BODY, NOW - off)), NOW) == verdict


@SIGNED
def test_another_time_than_the_signed_one_is_wrong(name: str) -> None:
    headers, last_part, body = SCHEMES[name][1](NEW, BODY, NOW - 4000)
    moved = {k: str(NOW) if v == str(NOW - 4000) else v for k, v in headers.items()}

    assert _check(name)(_posted(moved, last_part, body), NOW) == "wrong"


def test_the_example_of_the_standard_is_right() -> None:
    # standard-webhooks/standard-webhooks, the secret and message of its libraries' tests.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    check = Check(NAMED["standard-webhooks"], [secret], "sources.crm.webhook")

    assert check(_posted(headers, "", body), 1_614_265_330) == "right"
    assert check(_posted(headers, "", body), 1_614_265_330 + 400) == "stale"


def test_a_secret_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="less than 8 characters"):
        Check(NAMED["bearer"], ["1234567"], "sources.crm.webhook")
    with pytest.raises(SettingsInvalid, match="secret_env is not set: bearer needs a secret"):
        Check(NAMED["bearer"], [], "sources.crm.webhook")


def _vendor(name: str) -> Any:
    scheme = mapping(name).signature
    assert scheme is not None
    return scheme


def test_the_shipped_generic_mapping_signs_as_the_docs_say() -> None:
    check = Check(_vendor("generic"), [NEW], "sources.crm.webhook")
    told = hmac.new(NEW.encode(), f"{NOW}.".encode() + BODY, "sha256").hexdigest()
    headers = {"x-pult-timestamp": str(NOW), "x-pult-signature": f"sha256={told}"}

    assert check(_posted(headers, "", BODY), NOW) == "right"


def test_zendesk_signs_its_time_and_the_body() -> None:
    # developer.zendesk.com/documentation/webhooks/verifying: the time, then the body.
    check = Check(_vendor("zendesk"), [NEW], "sources.crm.webhook")
    stamp = "2026-03-02T07:15:30Z"
    told = base64.b64encode(_openssl(NEW, stamp.encode() + BODY)).decode()
    headers = {
        "x-zendesk-webhook-signature": told, "x-zendesk-webhook-signature-timestamp": stamp,
    }  # fmt: skip

    assert check(_posted(headers, "", BODY), NOW) == "right"
    assert check(_posted(headers, "", BODY + b" "), NOW) == "wrong"
    assert check(_posted(headers, "", BODY), NOW + 301) == "stale"


def test_hubspot_signs_the_address_as_it_knows_it() -> None:
    # developers.hubspot.com validating-requests, v3: method + uri + body + timestamp, the uri
    # with some characters decoded.
    check = Check(_vendor("hubspot"), [NEW], "sources.crm.webhook")
    stamp = f"{NOW}000"
    content = b"POSThttps://pult.example/hooks/crm?a=b:c@d" + BODY + stamp.encode()
    told = base64.b64encode(_openssl(NEW, content)).decode()
    headers = {"x-hubspot-signature-v3": told, "x-hubspot-request-timestamp": stamp}

    def verdict(uri: str, now: float = NOW) -> str:
        return check(Posted("POST", uri, "", headers, BODY), now)

    assert verdict("https://pult.example/hooks/crm?a=b%3Ac%40d") == "right"
    assert verdict("http://pult.example/hooks/crm?a=b%3Ac%40d") == "wrong"
    assert verdict("https://pult.example/hooks/crm?a=b:c@d", NOW + 301) == "stale"
