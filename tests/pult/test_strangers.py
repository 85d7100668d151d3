"""`pult run` before strangers: half sentences with few descriptors, and what they may reach."""

import socket
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.pult.hooked import Hooked, hooked, post, signed

FILES = 400
HALF = b"POST /hooks/crm HTTP/1.1\r\nHost: x\r\nX-Half"


def answers(crm: Hooked) -> list[int]:
    """Return what all that listens says."""
    wall, sql = crm.address("wall"), crm.address("sql")
    pages = [f"{wall}/", f"{wall}/metrics", f"{wall}/healthz", f"{sql}/?query=SELECT+1"]
    told = []
    for page in pages:
        with urlopen(page, timeout=10) as answer:
            told.append(answer.status)
    return [*told, post(crm.hook, b"{}", signed(b"{}"))]


@pytest.mark.parametrize("where", ["webhooks", "wall", "sql"])
def test_half_heads_of_strangers_take_nothing_down(where: str, tmp_path: Path) -> None:
    with hooked(tmp_path, files=FILES) as crm, ExitStack() as opened:
        assert answers(crm) == [200] * 5
        host, port = crm.address(where).split("/")[2].split(":")
        for _ in range(600):
            with suppress(ConnectionError):
                stranger = socket.create_connection((host, int(port)), timeout=10)
                opened.enter_context(stranger)
                stranger.sendall(HALF)
        assert answers(crm) == [200] * 5
        assert crm.stop() == 0
        said = crm.said.read_text()
    assert "most=50" in said
    assert "Too many open files" not in said
    assert "Traceback" not in said


def test_sql_is_on_this_machine_whatever_the_settings_say(tmp_path: Path) -> None:
    crm = Hooked(tmp_path)
    http = '[http]\nhost = "0.0.0.0"\nwebhook_host = "127.0.0.3"\n'
    crm.config.write_text(http + crm.config.read_text())
    crm.start()
    try:
        # All of 127.0.0.0/8 is this machine; what listens at one address is not at another.
        assert reachable(crm, "127.0.0.2") == ["wall"]
        assert reachable(crm, "127.0.0.3") == ["wall", "webhooks"]
        assert reachable(crm, "127.0.0.1") == ["wall", "sql"]
        assert crm.sql("SELECT 1 AS one") == [{"one": 1}]
        assert post(crm.hook, b"{}", signed(b"{}")) == 200
    finally:
        crm.stop()


def reachable(crm: Hooked, host: str) -> list[str]:
    """Return what listens at an address."""
    found = []
    for what in ("wall", "sql", "webhooks"):
        port = int(crm.address(what).split("/")[2].rsplit(":")[-1])
        with suppress(ConnectionRefusedError), socket.create_connection((host, port)):
            found.append(what)
    return found
