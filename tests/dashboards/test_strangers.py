"""What is no Grafana, and what is no address, token or mark, is one line each."""

import socket
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from dashboards.addresses import checked
from dashboards.grafana import Grafana
from pult.cli import main
from schemas.errors import GrafanaFailed
from tests.dashboards.grafana_stub import TOKEN, Stub, grafana

DEPLOY = ("dashboards", "deploy", "--language", "en")
CHECK = ("dashboards", "check", "--deployed", "--language", "en")
MARK = ("dashboards", "annotate", "Trunk 2 is out")
HALF_OF_ONE = ('{"dashboard": null, "meta": null}', '{"dashboard": {}, "meta": [1]}')
BODIES = ("[]", '"hello"', "7", "true", '["a"]', *HALF_OF_ONE)


def line(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line that a command says as it fails."""
    assert main([*arguments]) == 1
    (told,) = capsys.readouterr().err.splitlines()
    assert TOKEN not in told
    return told


@pytest.mark.parametrize(
    ("command", "body"),
    # An empty list is how Grafana says that there is no mark.
    [
        (each, body)
        for each in (DEPLOY, CHECK, MARK)
        for body in BODIES
        if (each, body) != (MARK, "[]")
    ],
    ids=lambda each: each if isinstance(each, str) else each[1],
)
def test_json_of_another_shape_is_no_grafana(
    command: tuple[str, ...], body: str, stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    if body in HALF_OF_ONE and command is DEPLOY:
        stub.folders.update({f"f-pult-{name}-en": name for name in ("desk", "walls")})

    def strange(method: str, path: str) -> tuple[int, str] | None:
        return None if body in HALF_OF_ONE and "/folders" in path else (200, body)

    stub.misbehave = strange

    told = line(command, capsys)

    assert told.startswith("pult: cannot ")
    assert f"of Grafana at {stub.url}: what answers is no Grafana" in told
    assert stub.boards == {}


def test_a_mark_that_was_not_made_is_not_said_to_be(
    stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.misbehave = lambda method, _: (200, "[]") if method == "POST" else None

    assert "cannot add the annotation Trunk 2 is out" in line(MARK, capsys)


def test_who_sends_us_on_is_not_followed(
    stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    with grafana() as elsewhere:
        stub.moved_to = elsewhere.url

        told = line(DEPLOY, capsys)

        assert f"it sends us to '{elsewhere.url}/api/folders/" in told
        assert "give the address of Grafana there" in told
        assert elsewhere.asked == []


def test_who_stands_elsewhere_is_told_where_the_boards_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    told = line(("dashboards", "check"), capsys)

    assert told.startswith("pult: no folder dashboards/generated here")
    assert "--folder" in told


def test_files_that_are_no_text_differ_and_a_folder_is_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check = ("dashboards", "check", "--folder", str(tmp_path))
    assert main(["dashboards", "build", "--folder", str(tmp_path)]) == 0
    assert main([*check]) == 0
    (tmp_path / "en/desk/pult-queue-en.json").write_bytes(b"\xff\xfe")
    (tmp_path / "en/desk/pult-agent-en.json").unlink()
    (tmp_path / "en/desk/pult-agent-en.json").mkdir()
    capsys.readouterr()

    assert "2 boards in" in line(check, capsys)


def test_json_without_an_end_of_brackets_is_no_json(
    stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.misbehave = lambda _method, _path: (200, "[" * 100_000)

    assert "what answers is no JSON" in line(DEPLOY, capsys)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:99999", "Port out of range"),
        ("http://127.0.0.1:door", "Port could not be cast"),
        ("http://127.0.0.1:0", "give an address like"),
        ("http://[::1", "Invalid IPv6 URL"),
        ("ftp://127.0.0.1", "give an address like"),
        ("127.0.0.1:3000", "give an address like"),
        ("http://", "give an address like"),
        ("http://127.0.0.1:3000/?orgId=2", "with a query or fragment"),
        ("http://127.0.0.1:3000/#a", "with a query or fragment"),
    ],
)
@pytest.mark.parametrize(
    "command", [DEPLOY, ("dashboards", "screens")], ids=lambda each: each[1]
)
def test_what_is_no_address_is_said_before_anybody_is_asked(
    command: tuple[str, ...], url: str, why: str,
    stub: Stub, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    told = line((*command, "--url", url), capsys)

    assert told.startswith("pult: cannot ask Grafana at ")
    assert why in told
    assert stub.asked == []


def test_a_password_in_the_address_is_refused_and_not_printed(
    stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    url = stub.url.replace("//", "//admin:hunter22@")

    for command in (DEPLOY, MARK, ("dashboards", "screens")):
        told = line((*command, "--url", url), capsys)
        assert "with a user" in told
        assert "GRAFANA_TOKEN" in told
        assert "hunter22" not in told


def test_parts_of_an_address() -> None:
    assert checked("https://Grafana.example.org/a/b/") == (
        "https://Grafana.example.org/a/b", "https", "grafana.example.org", None, "a/b/",
    )  # fmt: skip
    assert checked("http://[::1]:28500")[1:] == ("http", "[::1]", 28500, "")


def of_ipv6() -> bool:
    """Return whether this machine has a loopback of IPv6."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not of_ipv6(), reason="this machine has no IPv6")
def test_a_grafana_at_an_ipv6_number_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ThreadingHTTPServer, "address_family", socket.AF_INET6)
    with grafana("::1") as served:
        assert Grafana(served.url, TOKEN).folder("nosuch") is None
        assert served.asked == [("GET", "/api/folders/nosuch")]


def test_nobody_at_an_ipv6_number_is_nobody() -> None:
    with pytest.raises(GrafanaFailed, match="nobody answers"):
        Grafana("http://[::1]:1", TOKEN).folder("nosuch")


@pytest.mark.parametrize("token", ["glsa_a\nb", "glsa_ключ", "glsa a", "glsa\x00"])
def test_a_token_that_cannot_be_one_is_said_and_not_printed(
    token: str, stub: Stub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(GrafanaFailed, match="GRAFANA_TOKEN has a blank") as failed:
        Grafana(stub.url, token)
    assert token not in str(failed.value)
    if "\x00" not in token:
        monkeypatch.setenv("GRAFANA_TOKEN", token)
        assert "copy it anew" in line(DEPLOY, capsys)
    assert stub.asked == []


def test_a_mark_without_a_zone_is_by_the_clock_of_the_settings(
    stub: Stub, tmp_path: Path
) -> None:
    settings = tmp_path / "pult.toml"
    settings.write_text('timezone = "Europe/Moscow"\n', "utf-8")
    begin, end = "2026-03-02T09:00", "2026-03-02T06:20Z"

    code = main([*MARK, "--config", str(settings), "--from", begin, "--to", end])

    assert code == 0
    (mark,) = stub.marks
    at = 1772431200000  # 2026-03-02T06:00:00Z
    assert (mark["time"], mark["timeEnd"]) == (at, at + 20 * 60_000)


@pytest.mark.parametrize("text", ["", "  "])
def test_a_mark_without_a_text_is_refused(
    text: str, stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["dashboards", "annotate", text])

    assert "a mark needs a text" in capsys.readouterr().err
    assert stub.asked == []
