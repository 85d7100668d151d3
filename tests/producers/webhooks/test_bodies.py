"""Bodies that are packed, torn, or too many at once, on real sockets."""

import gzip
import hmac
import socket
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import pytest

from producers.webhooks.bodies import MOST_UNDER_WAY
from producers.webhooks.limits import Rate
from producers.webhooks.scheme import NAMED, Scheme
from producers.webhooks.signatures import Posted
from tests.producers.webhooks.receiving import BEARER, SECRET, Desk, desk
from tests.pult.command import wait_for

LARGE = 1_000_000
AT_ONCE = 90
"""Of the large ones; more than there is room for."""
BODY = b'{"event": "x", "text": "' + b"y" * 500 + b'"}'


def _raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


PACKED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "the old word": ("x-gzip", gzip.compress),
    "in two pieces": ("gzip", lambda it: gzip.compress(it[:9]) + gzip.compress(it[9:])),
    "deflate": ("Deflate", zlib.compress),
    "deflate without a head": ("identity, deflate", _raw_deflate),
    "not at all": ("identity", bytes),
    "a character set": ("utf-8", bytes),
}


def signature(content: bytes) -> dict[str, str]:
    now = int(time.time())
    told = hmac.digest(SECRET.encode(), b"%d." % now + content, "sha256").hex()
    return {"X-Pult-Timestamp": str(now), "X-Pult-Signature": f"sha256={told}"}


@pytest.mark.parametrize("how", PACKED)
def test_what_was_packed_is_kept_unpacked_whichever_was_signed(
    how: str, tmp_path: Path
) -> None:
    word, pack = PACKED[how]
    packed, packing = pack(BODY), {"Content-Encoding": word}
    with desk(tmp_path, NAMED["hmac"]) as crm:
        assert crm.status(packed, {**packing, **signature(packed)}) == 200
        assert crm.kept == [BODY]
        assert crm.status(packed, {**packing, **signature(BODY)}) == 200
        assert crm.status(packed, {**packing, **signature(b"another")}) == 401
        assert crm.kept == [BODY]


def test_a_token_in_a_packed_body_is_seen_and_blotted_out(tmp_path: Path) -> None:
    body = b"event=x&auth[token]=" + SECRET.encode().replace(b" ", b"%20")
    with desk(tmp_path, Scheme(scheme="token", field="auth.token")) as crm:
        assert crm.status(gzip.compress(body), {"Content-Encoding": "gzip"}) == 200
        assert [each.startswith(b"event=x&auth[token]=***") for each in crm.kept] == [True]


@pytest.mark.parametrize("scheme", ["bearer", "hmac"])
def test_what_is_badly_packed_is_one_line_a_minute(
    scheme: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cut = gzip.compress(BODY)[:-9]
    with desk(tmp_path, NAMED[scheme]) as crm:
        for junk in (b"junk", b"\0", cut, b"\x1f\x8b", zlib.compress(BODY)) * 3:
            assert crm.status(junk, {**BEARER, "Content-Encoding": "gzip"}) == 400
        assert crm.status(b"\x78\x9cjunk", {**BEARER, "Content-Encoding": "deflate"}) == 400
        for word in ("br", "zstd", "gzip, gzip", "deflate,br"):
            assert crm.status(b"junk", {**BEARER, "Content-Encoding": word}) == 415
        assert crm.kept == []
        assert crm.receiver.room.taken == 0
    assert caplog.text.count("\n") == 2, caplog.text
    assert "source=crm: the body is cut short or badly packed" in caplog.text


class Flood:
    """Connections that send all of a large body but its last byte."""

    def __init__(self, crm: Desk, opened: ExitStack, chunked: bool) -> None:
        length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % LARGE
        bearer = BEARER["Authorization"].encode()
        head = b"POST /hooks/crm HTTP/1.1\r\nHost: x\r\nAuthorization: %b\r\n%b\r\n\r\n"
        self._end = b"y\r\n0\r\n\r\n" if chunked else b"y"
        self.sockets = []
        for _ in range(AT_ONCE):
            one = socket.create_connection(("127.0.0.1", crm.receiver.port), timeout=20)
            self.sockets.append(opened.enter_context(one))
            one.sendall(head % (bearer, length))
        for number, one in enumerate(self.sockets):
            body = b"%9d" % number + b"y" * (LARGE - 10)
            one.sendall(b"%x\r\n" % LARGE + body if chunked else body)

    def ended(self) -> list[bytes]:
        """Send the last bytes; return the beginnings of all answers."""
        answers = []
        for one in self.sockets:
            one.sendall(self._end)
            answers.append(one.recv(12))
        return answers


@pytest.mark.parametrize("chunked", [False, True])
def test_bodies_of_senders_have_a_bound_together(chunked: bool, tmp_path: Path) -> None:
    with desk(tmp_path, largest_bytes=LARGE, rate=Rate(1_000)) as crm, ExitStack() as opened:
        flood = Flood(crm, opened, chunked)
        room = crm.receiver.room
        wait_for(lambda: room.taken > MOST_UNDER_WAY - 2 * LARGE, 20, "a full room")
        assert room.taken <= MOST_UNDER_WAY
        answers = flood.ended()
        taken = answers.count(b"HTTP/1.1 200")
        assert taken + answers.count(b"HTTP/1.1 503") == AT_ONCE
        assert 60 <= taken <= 80
        assert len(crm.kept) == taken
        assert room.taken == 0


def test_bodies_of_strangers_give_way_to_a_sender(tmp_path: Path) -> None:
    body = b"z" * LARGE
    with desk(tmp_path, NAMED["hmac"], largest_bytes=LARGE) as crm, ExitStack() as opened:
        flood = Flood(crm, opened, chunked=False)
        room = crm.receiver.room
        wait_for(lambda: room.taken > MOST_UNDER_WAY - 2 * LARGE, 20, "a full room")
        assert [crm.status(body, signature(body)) for _ in range(3)] == [200] * 3
        assert room.taken <= MOST_UNDER_WAY
        assert set(flood.ended()) == {b"HTTP/1.1 503", b"HTTP/1.1 401"}
        assert crm.kept == [body]
        assert room.taken == 0


def test_while_a_large_body_is_looked_through_others_are_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = Event(), Event()

    def looked_through(posted: Posted) -> bytes:
        if len(posted.body) == LARGE:
            begun.set()
            may_end.wait(20)
        return posted.body

    with desk(tmp_path, largest_bytes=LARGE) as crm, ThreadPoolExecutor(1) as other:
        monkeypatch.setattr(crm.hook.check, "without_secrets", looked_through)
        large = other.submit(crm.status, b"z" * LARGE)
        assert begun.wait(20)
        assert crm.status(BODY) == 200
        assert crm.kept == [BODY]
        may_end.set()
        assert large.result(20) == 200
