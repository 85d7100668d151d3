"""Requests of careless clients and of attackers: a fit answer, nothing of them in the log."""

import logging
import re
import socket
from pathlib import Path

import pytest

from producers.webhooks.scheme import NAMED
from tests.producers.webhooks.receiving import BEARER, SECRET, desk

PATH_SECRET = "a-long-path-1"
BODY = b'{"private": 1}'
_BEARER = f"Authorization: {BEARER['Authorization']}\r\n".encode()


def request(
    more: bytes = b"",
    path: bytes = b"/hooks/crm",
    verb: bytes = b"POST",
    version: bytes = b"HTTP/1.1",
    host: bytes = b"Host: x\r\n",
    body: bytes = b"Content-Length: 14\r\n\r\n" + BODY,
) -> bytes:
    """Return a request of somebody who knows the secret, odd in some part."""
    return verb + b" " + path + b" " + version + b"\r\n" + host + _BEARER + more + body


def chunked(body: bytes) -> bytes:
    """Return a request whose body comes in chunks."""
    return request(body=b"Transfer-Encoding: chunked\r\n\r\n" + body)


KEPT = {
    "three at once": request() * 3,
    "an empty line before it": b"\r\n\r\n" + request(),
    "HTTP/1.0": request(version=b"HTTP/1.0"),
    "waits for a word": request(b"Expect: 100-continue\r\n"),
    "wants another protocol": request(b"Connection: Upgrade\r\nUpgrade: h2c\r\n"),
    "a query": request(path=b"/hooks/crm?a=%zz&b"),
    "an address in full": request(path=b"http://other/hooks/crm"),
    "a hundred headers": request(b"".join(b"X-%d: y\r\n" % number for number in range(100))),
    "no letters in a header": request(b"X-Odd: \xff\xfe\r\nCookie: =;;\xff\r\n"),
    "no letters in a header that the mapping reads": request(b"X-Kind: caf\xe9\r\n"),
    "a host without a name": request(host=b"Host:\r\n"),
    "a host of no letters": request(host=b"Host: \xff\xfe.\xd0\r\n"),
    "a host of another port": request(host=b"Host: x:99999999\r\n"),
    "a chunk with a long word": chunked(b"e;a=%b\r\n%b\r\n0\r\n\r\n" % (b"y" * 500_000, BODY)),
    "tiny chunks": chunked(b"".join(b"1;x\r\n%c\r\n" % mark for mark in BODY) + b"0\r\n\r\n"),
    "multipart of nothing": request(b"Content-Type: multipart/form-data; boundary=\r\n"),
}  # fmt: skip

REFUSED = {
    "a path upwards": (404, request(path=b"/hooks/../hooks/crm")),
    "a path upwards in codes": (404, request(path=b"/hooks/%2e%2e/crm")),
    "a zero in the path": (404, request(path=b"/hooks/crm%00")),
    "no letters in the path": (404, request(path=b"/hooks/%00/%ff%fe")),
    "two strokes": (404, request(path=b"//hooks/crm")),
    "HEAD": (405, request(verb=b"HEAD")),
    "OPTIONS": (405, request(verb=b"OPTIONS")),
    "PUT": (405, request(verb=b"PUT")),
    "CONNECT": (404, request(verb=b"CONNECT")),
    "another expectation": (417, request(b"Expect: more\r\n")),
    "no verb": (400, request(verb=b"FOO")),
    "a raw path": (400, request(path=b"/hooks/\xd0\xb4")),
    "an address that is none": (400, request(path=b"http://[::1/hooks/crm")),
    "an endless path": (400, request(path=b"/" + b"a" * 9_000)),
    "lines without CR": (400, request().replace(b"\r\n", b"\n")),
    "two lengths": (400, request(b"Content-Length: 3\r\n")),
    "a length and chunks": (400, request(b"Transfer-Encoding: chunked\r\n")),
    "a length below zero": (400, request(body=b"Content-Length: -5\r\n\r\n" + BODY)),
    "a length beyond all": (400, request(body=b"Content-Length: " + b"9" * 30 + b"\r\n\r\n")),
    "a chunk beyond all": (400, chunked(b"f" * 20 + b"\r\n" + BODY)),
    "a chunk below zero": (400, chunked(b"-1\r\n" + BODY)),
    "a header without a colon": (400, request(_BEARER.replace(b":", b"") + b"\r\n")),
    "a header with a zero": (400, request(b"X-Odd: " + SECRET.encode() + b"\0\r\n")),
    "a header too long": (400, request(b"X-Odd: " + b"y" * 20_000 + b"\r\n")),
    "headers without end": (400, request(b"X: y\r\n" * 2_000)),
    "no host": (400, request(host=b"")),
    "TLS": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + SECRET.encode() * 20),
    "all bytes": (400, bytes(range(256)) * 10),
}  # fmt: skip


def said_to(port: int, words: bytes) -> bytes:
    """Say something; return the answers as far as they come."""
    answers = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        try:
            client.sendall(words)
            while piece := client.recv(65_536):
                answers += piece
                client.settimeout(0.3)  # there may be no more, and the connection stays
        except (TimeoutError, ConnectionError):
            pass
    return answers


def statuses(answers: bytes) -> list[int]:
    """Return the statuses of answers."""
    return [int(each) for each in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answers)]


def no_word_of_it(caplog: pytest.LogCaptureFixture) -> bool:
    """Tell whether neither a traceback nor anything of a message is in the log."""
    words = ("private", SECRET, PATH_SECRET, "Traceback")
    traced = any(each.exc_info for each in caplog.records)
    return not traced and not any(each in caplog.text for each in words)


@pytest.mark.parametrize("how", KEPT)
def test_what_is_odd_and_clear_is_kept(
    how: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), desk(tmp_path, headers=("x-kind",)) as crm:
        told = statuses(said_to(crm.receiver.port, KEPT[how]))
        assert set(told) - {100} == {200}
        assert crm.kept == [BODY]
    assert no_word_of_it(caplog)


@pytest.mark.parametrize("how", REFUSED)
def test_what_is_no_message_is_refused_in_one_line(
    how: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    status, words = REFUSED[how]
    with caplog.at_level(logging.DEBUG), desk(tmp_path) as crm:
        for _ in range(3):
            assert statuses(said_to(crm.receiver.port, words))[:1] == [status]
        assert crm.status(BODY) == 200
        assert crm.kept == [BODY]
    assert no_word_of_it(caplog)
    said = [each for each in caplog.messages if each.startswith("request refused")]
    assert len(said) <= 1
    assert all("server=webhooks: it is no HTTP" in each for each in said)


def test_a_secret_in_an_odd_address_is_not_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scheme, path = NAMED["secret-path"], f"/hooks/crm/{PATH_SECRET}".encode()
    with caplog.at_level(logging.DEBUG), desk(tmp_path, scheme, (PATH_SECRET,)) as crm:
        for odd in (path + b"\xd0", path + b" x", path + b"\0"):
            assert statuses(said_to(crm.receiver.port, request(path=odd)))[0] == 400
        assert crm.status(b"x", {}, path=path.decode()) == 200
    assert "request refused" in caplog.text
    assert no_word_of_it(caplog)
