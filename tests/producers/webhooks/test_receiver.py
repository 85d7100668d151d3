"""The receiver on a real socket, with a real journal behind it."""

import gzip
import hmac
import json
import logging
import socket
import time
from datetime import date
from http.client import HTTPConnection
from pathlib import Path

import pytest

from producers.frame import Frame
from producers.posted import Message, body_key, kept, read
from producers.webhooks import bodies
from producers.webhooks.limits import Rate
from producers.webhooks.receiver import Receiver
from producers.webhooks.scheme import NAMED, Scheme
from schemas.errors import PortTaken
from tests.producers.webhooks.receiving import BEARER, SECRET, desk
from tests.producers.webhooks.sampled import ODD
from tests.pult.command import wait_for

HEAD = f"POST /hooks/crm HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\n"
TOMORROW = date(2026, 3, 3)


def test_what_is_posted_is_kept_byte_for_byte_before_the_answer(tmp_path: Path) -> None:
    odd = b'{"a": "\xff\x00\r\n\n\n' + "😀".encode() + b"\n\n"
    with desk(tmp_path) as crm:
        assert crm.status(odd) == 200
        assert crm.kept == [odd]
        assert crm.status(b"", BEARER) == 200
        assert crm.kept == [odd, b""]


def test_a_message_counts_once_also_on_the_next_day(tmp_path: Path) -> None:
    with desk(tmp_path) as crm:
        assert [crm.status(b"{1}"), crm.status(b"{2}"), crm.status(b"{1}")] == [200, 200, 200]
        crm.journal.rotate(TOMORROW)
        assert [crm.status(b"{2}"), crm.status(b"{3}")] == [200, 200]
        assert crm.kept == [b"{1}", b"{2}", b"{3}"]


def test_the_senders_id_counts_before_the_text(tmp_path: Path) -> None:
    """Another text under an id is kept, once, for those who tell which of them holds."""
    told = [("d1", b"{1}"), ("d1", b"{1, again}"), ("d2", b"{1}")]
    with desk(tmp_path, id_header="x-delivery") as crm:
        for name, body in [*told, *told]:
            assert crm.status(body, {**BEARER, "X-Delivery": name}) == 200
        assert crm.kept == [b"{1}", b"{1, again}", b"{1}"]


@pytest.mark.parametrize(
    ("one", "other"), [("x" * 497, "x" * 498), ("caf\xe9", "caf\xe8"), ("a b", "a  b")]
)
def test_ids_are_told_apart_by_all_that_they_say(one: str, other: str, tmp_path: Path) -> None:
    with desk(tmp_path, id_header="x-delivery") as crm:
        for name, body in [(one, b"{1}"), (other, b"{1}"), (one, b"{1}"), (other, b"{1}")]:
            assert crm.status(body, {**BEARER, "X-Delivery": name}) == 200
        frames = [each for _, each in crm.journal.read(0, 9) if isinstance(each, Frame)]
    assert len({read(each).key for each in frames}) == len(frames) == 2


def test_messages_that_differ_in_what_is_hidden_alone_are_two(tmp_path: Path) -> None:
    bodies = [json.dumps({"score": 5, "who": f"key-{n}000"}).encode() for n in (1, 2, 1)]
    blotted = json.dumps({"score": 5, "who": "********"}).encode()
    with desk(tmp_path, hidden=("who",)) as crm:
        assert [crm.status(each) for each in bodies] == [200] * 3
        assert crm.kept == [blotted, blotted]
        crm.journal.rotate(TOMORROW)
        assert [crm.status(each) for each in bodies] == [200] * 3
        assert crm.kept == [blotted, blotted]
    # What is kept of them tells nobody what was hidden.
    for path in tmp_path.iterdir():
        assert not [each for each in bodies if body_key(each, ()).encode() in path.read_bytes()]


def test_a_retry_of_what_a_version_took_that_knew_messages_as_they_are_kept(
    tmp_path: Path,
) -> None:
    body = json.dumps({"score": 5, "who": "key-1000", "at": 1}).encode()
    blotted, headers = body.replace(b"key-1000", b"********"), {"x-kind": "a b"}
    before = Message(body_key(blotted, headers.items()), "", headers, blotted)
    with desk(tmp_path, hidden=("who",), headers=("x-kind",)) as crm:
        crm.journal.append([kept("crm", before, int(time.time() * 1_000_000))])
        assert crm.status(body, {**BEARER, "X-Kind": "a b"}) == 200
        assert crm.kept == [blotted]
        assert crm.status(body.replace(b"1}", b"2}"), {**BEARER, "X-Kind": "a b"}) == 200
        assert len(crm.kept) == 2


def test_strangers_are_told_no_and_leave_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), desk(tmp_path) as crm:
        assert crm.status(b"private 123", {}) == 401
        assert crm.status(b"private 123", {"Authorization": "Bearer guess-work"}) == 401
        assert crm.status(b"private 123", path="/hooks/erp") == 404
        assert crm.status(b"private 123", path="/") == 404
        assert crm.status(b"", verb="GET") == 405
        assert crm.kept == []
        assert crm.hook.status.refusals == 2
    assert "signature wrong" in caplog.text
    assert not [each for each in ("private", "guess-work", SECRET) if each in caplog.text]


def test_the_address_may_be_the_secret(tmp_path: Path) -> None:
    with desk(tmp_path, NAMED["secret-path"], ("a-long-path-1", "a-long-path-2")) as crm:
        paths = ["a-long-path-1", "a-long-path-2", "a-long-path-3", "", "a-long-path-1/x"]
        told = [crm.status(b"x", {}, path=f"/hooks/crm/{each}") for each in paths]
        assert told == [200, 200, 401, 404, 404]
        assert crm.status(b"x", {}) == 401


def test_a_token_in_the_body_is_not_on_the_disk(tmp_path: Path) -> None:
    scheme = Scheme(scheme="token", field="auth.application_token")
    body = json.dumps({"event": "X", "auth": {"application_token": SECRET}}).encode()
    with desk(tmp_path, scheme) as crm:
        assert crm.status(body, {}) == 200
        assert crm.status(body.replace(b"tests", b"texts"), {}) == 401
        assert crm.status(b"no message", {}) == 401
        (kept,) = crm.kept
    assert json.loads(kept)["auth"]["application_token"] == "*" * len(SECRET)
    assert not [path for path in tmp_path.iterdir() if SECRET.encode() in path.read_bytes()]


def test_what_is_too_large_is_refused_however_it_comes(tmp_path: Path) -> None:
    with desk(tmp_path) as crm:
        assert crm.status(b"x" * 10_000) == 200
        assert crm.status(b"x" * 10_001) == 413
        assert crm.status(b"x" * 5_000_000) == 413
        chunked = (b"x" * 4_000 for _ in range(5))
        connection = HTTPConnection("127.0.0.1", crm.receiver.port, timeout=20)
        connection.request("POST", "/hooks/crm", chunked, BEARER, encode_chunked=True)
        assert connection.getresponse().status == 413
        connection.close()
        packed = gzip.compress(bytes(5_000_000))
        assert len(packed) < 10_000
        assert crm.status(packed, {**BEARER, "Content-Encoding": "gzip"}) == 413
        assert crm.status(b"no gzip", {**BEARER, "Content-Encoding": "gzip"}) == 400
        assert len(crm.kept) == 1


@pytest.mark.parametrize("kind", ["", "application/json", "text/plain; charset=zip", "😀"])
def test_no_body_makes_another_answer_than_kept(kind: str, tmp_path: Path) -> None:
    """What cannot be read is kept, too; its reason comes when it is read."""
    bodies = {each for each in ODD.values() if len(each) <= 200_000}
    assert len(bodies) > 15
    headers = {**BEARER, "Content-Type": kind.encode().decode("latin-1")}
    with desk(tmp_path, largest_bytes=200_000) as crm:
        assert {crm.status(each, headers) for each in bodies} == {200}
        assert set(crm.kept) == bodies
        assert crm.status(ODD["five megabytes"], headers) == 413
        # In one piece: what comes after the head alone is waited for, until 408.
        head = {"Host": "x", "Transfer-Encoding": "chunked", **BEARER}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        with socket.create_connection(("127.0.0.1", crm.receiver.port), timeout=20) as torn:
            torn.sendall(f"POST /hooks/crm HTTP/1.1\r\n{lines}\r\nzz\r\n".encode())
            assert torn.recv(100).split()[1] == b"400"


def test_a_rate_of_less_than_one_in_two_seconds_lets_some_through() -> None:
    rate = Rate(0.1)
    assert [rate.take(0.0), rate.take(0.0)] == [0.0, 10.0]
    assert [rate.wait_seconds(9.0), rate.take(10.5), rate.take(10.5)] == [
        pytest.approx(1.0), 0.0, pytest.approx(10.0)
    ]  # fmt: skip


def test_too_many_a_second_are_to_come_later(tmp_path: Path) -> None:
    with desk(tmp_path, rate=Rate(0.5)) as crm:
        status, headers, _ = crm.ask(b"{1}", BEARER)
        assert status == 200
        status, headers, _ = crm.ask(b"{2}", BEARER)
        assert (status, headers["Retry-After"]) == (429, "2")
        assert crm.kept == [b"{1}"]


@pytest.mark.parametrize("name", ["bearer", "hmac", "secret-path"])
def test_strangers_do_not_use_up_what_a_sender_may_say(name: str, tmp_path: Path) -> None:
    with desk(tmp_path, NAMED[name], rate=Rate(0.5), now=lambda: 1_772_435_730.0) as crm:
        strange = {"Authorization": "Bearer somebody else", "X-Pult-Timestamp": "1772435730",
                   "X-Pult-Signature": "sha256=00"}  # fmt: skip
        path = "/hooks/crm/a-guess" if name == "secret-path" else "/hooks/crm"
        assert [crm.status(b"x", strange, path=path) for _ in range(6)] == [401] * 6
        told = hmac.digest(SECRET.encode(), b"1772435730.{1}", "sha256").hex()
        right = {
            **BEARER,
            "X-Pult-Timestamp": "1772435730",
            "X-Pult-Signature": f"sha256={told}",
        }
        path = f"/hooks/crm/{SECRET}".replace(" ", "%20") if name == "secret-path" else path
        assert [crm.status(b"{1}", right, path=path) for _ in range(2)] == [200, 429]
        assert crm.kept == [b"{1}"]


def test_what_cannot_be_kept_is_to_be_sent_again(tmp_path: Path) -> None:
    with desk(tmp_path) as crm:
        crm.journal.close()
        status, headers, text = crm.ask(b"{1}", BEARER)
        assert (status, headers["Retry-After"]) == (503, "5")
        assert str(tmp_path) not in text


def test_who_is_slow_holds_nobody_up_and_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 2.0)
    with desk(tmp_path) as crm, socket.create_connection(
        ("127.0.0.1", crm.receiver.port), timeout=20
    ) as slow:  # fmt: skip
        slow.sendall(f"{HEAD}Content-Length: 99\r\n\r\n{{".encode())
        begun = time.monotonic()
        assert [crm.status(b"%d" % n) for n in range(20)] == [200] * 20
        assert time.monotonic() - begun < 2
        answer = slow.recv(1_000)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"Connection: close" in answer
        assert crm.receiver.room.taken == 0
        assert len(crm.kept) == 20


def test_who_hangs_up_in_a_body_leaves_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with desk(tmp_path) as crm:
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", crm.receiver.port)) as gone:
                gone.sendall(f"{HEAD}Content-Length: 99\r\n\r\nhalf".encode())
        assert crm.status(b"{1}") == 200
        wait_for(lambda: crm.receiver.room.taken == 0, 10, "nothing under way")
        assert crm.kept == [b"{1}"]
    assert not [each for each in caplog.records if each.exc_info]


def test_a_port_that_is_taken_is_one_line_at_the_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"127\.0\.0\.1:{port}.*http\.webhook_port names"):
            Receiver("127.0.0.1", port, bytes.hex)


def test_a_stale_time_is_refused_and_a_replay_counts_once(tmp_path: Path) -> None:
    at = [1_772_435_730.0]
    told = hmac.digest(SECRET.encode(), b"1772435730.{1}", "sha256").hex()
    headers = {"X-Pult-Timestamp": "1772435730", "X-Pult-Signature": f"sha256={told}"}
    with desk(tmp_path, NAMED["hmac"], now=lambda: at[0]) as crm:
        assert [crm.status(b"{1}", headers), crm.status(b"{1}", headers)] == [200, 200]
        assert crm.status(b"{2}", headers) == 401
        at[0] += 301
        status, _, text = crm.ask(b"{1}", headers)
        assert (status, text) == (401, "signature stale\n")
        assert crm.kept == [b"{1}"]
