"""Checks of senders: each compares in constant time, and says only right, or what is wrong.

Sources: standard-webhooks/standard-webhooks spec/standard-webhooks.md; developers.hubspot.com
validating-requests (the uri with some characters decoded); developer.zendesk.com verifying.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from urllib.parse import unquote

from producers.webhooks.blot import Blotter
from producers.webhooks.body import parsed
from producers.webhooks.hidden import Hidden
from producers.webhooks.paths import Item, Path
from producers.webhooks.scheme import Scheme
from schemas.errors import SettingsInvalid, UntranslatableFrame

Verdict: TypeAlias = Literal["right", "missing", "wrong", "stale"]

WINDOW_SECONDS = 300
"""How far a signed time may be from ours, before or after."""

LEAST_SECRET = 8
"""Characters; less can be guessed."""

_WHSEC = "whsec_"
# developers.hubspot.com: these stand decoded in the uri that is signed.
_DECODED = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'",
    "%28": "(", "%29": ")", "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Posted:
    """A request as far as it is checked; names of headers in lower case."""

    method: str
    uri: str
    last_part: str
    headers: Mapping[str, str]
    body: bytes
    content_type: str = ""


class Check:
    """Checks what one source posts.

    Attributes:
        needs_body: whether strangers are known only once the whole body is there.
        signs_address: whether what is signed has the address in it, as the sender knows it.

    Args:
        scheme: how the sender shows that it is he.
        secrets: what he has; during a change the old one holds beside the new one.
        where: it is set, for errors.
        hidden: where in a body stands what is not kept, besides a token.

    Raises:
        SettingsInvalid: there is no secret, or one that cannot be used.
    """

    def __init__(
        self, scheme: Scheme, secrets: Sequence[str], where: str, hidden: Sequence[str] = ()
    ) -> None:
        self._scheme = scheme
        self._tokens = secrets if scheme.scheme == "token" else ()
        self._own = Blotter(self._tokens)
        self._hidden = Hidden(hidden)
        for secret in secrets:
            if len(secret) < LEAST_SECRET or not secret.isprintable():
                msg = (
                    f"a secret of {where} has less than {LEAST_SECRET} characters, or odd ones"
                )
                raise SettingsInvalid(msg)
        if not secrets and scheme.scheme != "none":
            msg = f"{where}.secret_env is not set: {scheme.scheme} needs a secret"
            raise SettingsInvalid(msg)
        if scheme.scheme == "standard-webhooks":
            self._keys = [_standard_key(each, where) for each in secrets]
        else:
            self._keys = [each.encode() for each in secrets]
        self._token = Path.of(scheme.field)
        self._verdict: Callable[[Posted, float], Verdict] = {
            "hmac": self._hmac,
            "standard-webhooks": self._standard,
            "token": self._in_body,
            "bearer": self._bearer,
            "secret-path": lambda posted, _: self._known(posted.last_part),
            "none": lambda _, __: "right",
        }[scheme.scheme]
        self.signs_address = scheme.scheme == "hmac" and "{uri}" in scheme.signed
        self.needs_body = scheme.scheme in ("hmac", "standard-webhooks", "token")

    def __call__(self, posted: Posted, now: float) -> Verdict:
        """Return whether a request comes from whoever has a secret; `now` in s since 1970."""
        return self._verdict(posted, now)

    def without_secrets(self, posted: Posted) -> bytes | None:
        """Return a body as it may be kept: tokens and what is hidden are blotted out.

        None if it is written so that this cannot be done.
        """
        body, content_type = posted.body, posted.content_type
        if self._hidden:
            packing = posted.headers.get("content-encoding", "")
            body = self._hidden.blotted(body, content_type, packing)
        return self._own.blotted(body, content_type) if self._tokens else body

    def id_of(self, posted: Posted) -> str:
        """Return the sender's id of a message where the scheme has one."""
        named = "webhook-id" if self._scheme.scheme == "standard-webhooks" else ""
        return posted.headers.get(named, "")

    def _known(self, shown: str) -> Verdict:
        if not shown:
            return "missing"
        told = shown.encode("utf-8", "surrogatepass")
        # All are compared, so that the time tells neither which nor how much was right.
        same = [hmac.compare_digest(told, key) for key in self._keys]
        return "right" if any(same) else "wrong"

    def _bearer(self, posted: Posted, _: float) -> Verdict:
        shown = posted.headers.get(self._scheme.header.lower() or "authorization", "").strip()
        if self._scheme.header.lower() in ("", "authorization"):
            scheme, _blank, shown = shown.partition(" ")
            if scheme.lower() != "bearer":
                return "missing"
        return self._known(shown.strip())

    def _in_body(self, posted: Posted, _: float) -> Verdict:
        try:
            told = parsed(posted.body, posted.content_type)
        except UntranslatableFrame:
            return "missing"
        found = self._token.find(Item(told, told, {}))
        return self._known(found if isinstance(found, str) else "")

    def _hmac(self, posted: Posted, now: float) -> Verdict:
        scheme = self._scheme
        shown = posted.headers.get(scheme.header.lower(), "").strip()
        stamp = posted.headers.get(scheme.timestamp_header.lower(), "").strip()
        if not shown or (scheme.timestamp_header and not stamp):
            return "missing"
        if scheme.prefix and not shown.startswith(scheme.prefix):
            return "wrong"
        content = _signed(scheme.signed, posted, stamp)
        told = _bytes(shown.removeprefix(scheme.prefix), scheme.encoding)
        same = [
            hmac.compare_digest(told, hmac.digest(key, content, scheme.hash))
            for key in self._keys
        ]
        if not any(same):
            return "wrong"
        if scheme.timestamp_header and not _is_fresh(stamp, scheme.timestamp_unit, now):
            return "stale"
        return "right"

    def _standard(self, posted: Posted, now: float) -> Verdict:
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        name, stamp, shown = (posted.headers.get(each, "").strip() for each in names)
        if not (name and stamp and shown):
            return "missing"
        content = f"{name}.{stamp}.".encode("utf-8", "surrogatepass") + posted.body
        given = [_bytes(each[3:], "base64") for each in shown.split() if each.startswith("v1,")]
        same = [
            hmac.compare_digest(told, hmac.digest(key, content, "sha256"))
            for key in self._keys
            for told in given[:10]
        ]
        if not any(same):
            return "wrong"
        return "right" if _is_fresh(stamp, "s", now) else "stale"


def _signed(form: str, posted: Posted, stamp: str) -> bytes:
    parts = {
        "timestamp": stamp.encode("utf-8", "surrogatepass"),
        "body": posted.body,
        "method": posted.method.encode(),
        "uri": _decoded(posted.uri).encode("utf-8", "surrogatepass"),
        "id": posted.headers.get("webhook-id", "").encode("utf-8", "surrogatepass"),
    }
    pieces = re.split(r"\{([^{}]*)\}", form)
    return b"".join(
        parts[piece] if place % 2 else piece.encode() for place, piece in enumerate(pieces)
    )


def _decoded(uri: str) -> str:
    return re.sub("%[0-9A-Fa-f]{2}", lambda it: _DECODED.get(it[0].upper(), it[0]), uri)


def _bytes(text: str, encoding: str) -> bytes:
    """Return a signature; of what is none, bytes that equal no signature."""
    try:
        if encoding == "hex":
            return bytes.fromhex(text)
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _is_fresh(stamp: str, unit: str, now: float) -> bool:
    try:
        if unit == "iso":
            at = datetime.fromisoformat(stamp)
            if at.tzinfo is None:
                return False
            seconds = at.timestamp()
        elif stamp.isascii() and stamp.isdigit() and len(stamp) < 17:
            seconds = int(stamp) / (1_000 if unit == "ms" else 1)
        else:
            return False
    except (ValueError, OverflowError):
        return False
    return abs(now - seconds) <= WINDOW_SECONDS


def _standard_key(secret: str, where: str) -> bytes:
    try:
        return base64.b64decode(unquote(secret).removeprefix(_WHSEC), validate=True)
    except (ValueError, binascii.Error) as error:
        msg = f"a secret of {where} is no base64, as Standard Webhooks wants (whsec_...)"
        raise SettingsInvalid(msg) from error
