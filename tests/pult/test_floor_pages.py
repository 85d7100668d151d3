"""The door of the supervisor's page, over real HTTP: nobody sees a name without the token."""

import base64
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pult.desk_token import supervisor_token
from pult.floor_pages import COOKIE, SIGNED_IN_SECONDS
from pult.settings import SupervisorSettings
from schemas.errors import SettingsInvalid
from tests.dashboards.floor_server import TOKEN, FloorServer

PATHS = ("/supervisor", "/supervisor/live", "/supervisor?team=front", "/supervisor/live?x=1")


@pytest.fixture(scope="module")
def server() -> Iterator[FloorServer]:
    server = FloorServer()
    yield server
    server.close()


def signed_in(server: FloorServer) -> str:
    """Return the cookie that the form gives for the token."""
    answer = server.ask("/supervisor", {"token": TOKEN})
    return answer.headers["Set-Cookie"].partition(";")[0]


@pytest.mark.parametrize("path", PATHS)
def test_without_a_token_in_the_settings_it_is_closed_and_says_how_to_open_it(
    path: str,
) -> None:
    closed = FloorServer("")
    try:
        answers = [
            closed.ask(path),
            closed.ask(path, Authorization="Bearer "),
            closed.ask(path, Cookie=f"{COOKIE}=99999999999."),
            closed.ask("/supervisor", {"token": ""}),
        ]
    finally:
        closed.close()

    for answer in answers:
        assert answer.status == 403
        assert answer.text.count("\n") == 1
        assert "token_env or token_file of [supervisor]" in answer.text
    assert closed.asked == []


@pytest.mark.parametrize("path", PATHS)
def test_who_shows_no_token_or_a_wrong_one_is_refused(server: FloorServer, path: str) -> None:
    cookie = signed_in(server)
    until = int(cookie.partition("=")[2].partition(".")[0])
    wrong: list[dict[str, str]] = [
        {},
        {"Authorization": f"Bearer {TOKEN}0"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {base64.b64encode(f'x:{TOKEN}'.encode()).decode()}"},
        {"Authorization": TOKEN},
        {"Cookie": f"{COOKIE}={TOKEN}"},
        {"Cookie": cookie.replace(str(until), str(until + 1))},
        {"Cookie": cookie[:-1]},
        {"Cookie": f"{COOKIE}=9999999999."},
        {"Cookie": f"{COOKIE}=٣."},
        {"Cookie": f"{COOKIE}=-1.x"},
    ]
    before = len(server.asked)
    for headers in wrong:
        latin = {name: value.encode().decode("latin-1") for name, value in headers.items()}
        answer = server.ask(path, None, **latin)
        assert answer.status == 401, headers
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "Petrova" not in answer.text
    assert len(server.asked) == before


def test_a_bearer_and_who_has_signed_in_are_shown_people(server: FloorServer) -> None:
    bearer = server.ask("/supervisor/live?team=back", Authorization=f"Bearer {TOKEN}")
    visitor = server.ask("/supervisor/live", Cookie=signed_in(server))

    for answer in (bearer, visitor):
        assert answer.status == 200
        assert "Anna Petrova" in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
    assert [scope.team for scope in server.asked[-2:]] == ["back", ""]
    assert server.ask("/supervisor", Cookie=signed_in(server)).status == 200


def test_the_form_gives_a_cookie_that_no_script_reads_and_leads_back(
    server: FloorServer,
) -> None:
    answer = server.ask("/supervisor?team=back&lang=ru", {"token": f" {TOKEN}\n"})

    assert (answer.status, answer.headers["Location"]) == (303, "supervisor?team=back&lang=ru")
    told = answer.headers["Set-Cookie"]
    assert TOKEN not in told
    assert f"Max-Age={SIGNED_IN_SECONDS}; " in f"{told}; "
    assert "HttpOnly" in told
    assert "SameSite=Lax" in told


def test_a_wrong_token_in_the_form_gives_no_cookie(server: FloorServer) -> None:
    for form in ({"token": "wrong"}, {"token": ""}, {"other": TOKEN}, {"token": "ключ" * 9}):
        answer = server.ask("/supervisor", form)
        assert answer.status == 401
        assert "data-wrong" in answer.text
        assert "Set-Cookie" not in answer.headers
    assert server.ask("/supervisor", {"token": "x" * 5000}).status == 413


def test_signing_in_ends_after_its_time(
    server: FloorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie, now = signed_in(server), time.time()
    assert server.ask("/supervisor", Cookie=cookie).status == 200

    monkeypatch.setattr("pult.floor_pages.time.time", lambda: now + SIGNED_IN_SECONDS + 1)
    assert server.ask("/supervisor", Cookie=cookie).status == 401
    assert server.ask("/supervisor/live", Cookie=cookie).status == 401


def test_another_token_ends_all_sessions(server: FloorServer) -> None:
    cookie = signed_in(server)
    other = FloorServer("another-token-of-others")
    try:
        assert other.ask("/supervisor", Cookie=cookie).status == 401
    finally:
        other.close()


def test_who_leaves_has_a_cookie_that_opens_nothing(server: FloorServer) -> None:
    answer = server.ask("/supervisor", {"leave": "1"}, Cookie=signed_in(server))

    assert answer.status == 303
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    left = answer.headers["Set-Cookie"].partition(";")[0]
    assert server.ask("/supervisor", Cookie=left).status == 401


def test_the_wall_stays_open_to_everybody(server: FloorServer) -> None:
    assert server.ask("/").status == 200
    assert server.ask("/live").status == 200
    assert server.ask("/supervisor.js").status == 200
    assert server.ask("/supervisor.html").status == 404


def test_the_token_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\nanother line\n")
    of_file = SupervisorSettings(token_file=file)
    of_environment = SupervisorSettings(token_env="SEEN")

    assert supervisor_token(of_file, {}) == TOKEN
    assert supervisor_token(of_environment, {"SEEN": f" {TOKEN} "}) == TOKEN
    assert supervisor_token(SupervisorSettings(), {"SEEN": TOKEN}) == ""


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ({"token_env": "SEEN"}, r"SEEN \(supervisor.token_env\) holds no token"),
        ({"token_env": "SHORT"}, r"SHORT .* has 16 or more ASCII characters"),
        ({"token_file": Path("/nowhere/token")}, "cannot read the token of the supervisor's"),
    ],
)
def test_a_token_that_is_none_or_can_be_guessed_is_refused_at_the_start(
    told: dict[str, object], complaint: str
) -> None:
    with pytest.raises(SettingsInvalid, match=complaint):
        supervisor_token(SupervisorSettings.model_validate(told), {"SHORT": "abc"})
