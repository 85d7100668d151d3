"""Boards are put into Grafana: twice is once, nothing is lost, each failure is one line."""

import json
from pathlib import Path
from typing import Any

import pytest

from dashboards.deployment import Outcome, compare, deploy
from dashboards.generate import generated
from dashboards.grafana import Grafana
from pult.cli import main
from schemas.errors import GrafanaFailed, GrafanaRefused
from tests.dashboards.grafana_stub import TOKEN, Stub

BOARDS = generated(languages=("en",))
OUTAGE = ("annotate", "Trunk 2 is out", "--kind", "outage", "--from", "2026-03-02T09:00+03:00")


def put(stub: Stub, token: str = TOKEN, patience: float = 5.0) -> dict[str, Outcome]:
    """Put all boards into it; return what became of each."""
    return {
        told.uid: told.outcome for told in deploy(Grafana(stub.url, token, patience), BOARDS)
    }


@pytest.mark.parametrize("status", [200, 201])
def test_all_boards_arrive_in_their_folders(stub: Stub, status: int) -> None:
    stub.made_status = status

    outcomes = put(stub)

    assert set(outcomes.values()) == {Outcome.MADE}
    assert {
        uid: json.loads(text) for uid, text in ((p.stem, t) for p, t in BOARDS.items())
    } == (stub.boards)
    assert stub.places == {path.stem: f"f-pult-{path.parts[1]}-en" for path in BOARDS}
    assert stub.folders["f-pult-desk-en"] == "Pult desk"


def test_a_second_time_changes_nothing(stub: Stub) -> None:
    put(stub)
    stub.asked.clear()

    assert set(put(stub).values()) == {Outcome.THERE}
    assert stub.writes() == []
    shown = compare(Grafana(stub.url, TOKEN), BOARDS)
    assert {told.outcome for told in shown} == {Outcome.THERE}


def test_only_what_somebody_changed_is_put_again(stub: Stub) -> None:
    put(stub)
    stub.boards["pult-queue-en"]["title"] = "Mine"
    stub.places["pult-agent-en"] = "f-pult-walls-en"
    del stub.boards["pult-home-en"]
    stub.folders["f-pult-desk-en"] = "Somebody's"

    outcomes = put(stub)

    assert {uid: each for uid, each in outcomes.items() if each is not Outcome.THERE} == {
        "pult-queue-en": Outcome.CHANGED,
        "pult-agent-en": Outcome.CHANGED,
        "pult-home-en": Outcome.MADE,
    }
    assert stub.folders["f-pult-desk-en"] == "Pult desk"
    assert stub.places["pult-agent-en"] == "f-pult-desk-en"


def test_empty_answers_are_looked_up_and_not_failures(stub: Stub) -> None:
    stub.silent = True

    assert set(put(stub).values()) == {Outcome.MADE}
    assert len(stub.boards) == len(BOARDS)


def test_a_board_of_others_with_our_title_stays(
    stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.folders["f-pult-desk-en"] = "Pult desk"
    stub.boards["theirs"] = {"uid": "theirs", "title": "Queue"}
    stub.places["theirs"] = "f-pult-desk-en"

    code = main(["dashboards", "deploy", "--language", "en"])

    told = capsys.readouterr()
    assert code == 1
    assert stub.boards["theirs"] == {"uid": "theirs", "title": "Queue"}
    assert "pult-queue-en" not in stub.boards
    assert len(stub.boards) == len(BOARDS)
    first, last = told.err.splitlines()
    assert first.startswith("pult-queue-en: cannot put the board pult-queue-en of Grafana at")
    assert "412" in first
    assert last.startswith("pult: 1 board is not in Grafana as wanted")
    assert told.out == f"{len(BOARDS) - 1} made, 1 failed\n"


def test_a_board_from_files_is_not_touched(stub: Stub) -> None:
    put(stub)
    stub.from_files.add("pult-queue-en")
    stub.boards["pult-queue-en"]["title"] = "From a file"

    told = {each.uid: each for each in deploy(Grafana(stub.url, TOKEN), BOARDS)}

    assert told["pult-queue-en"].outcome is Outcome.FAILED
    assert "comes from files" in told["pult-queue-en"].why
    assert stub.boards["pult-queue-en"]["title"] == "From a file"


def test_a_folder_that_another_deploy_made_meanwhile_is_taken(stub: Stub) -> None:
    def meanwhile(method: str, path: str) -> tuple[int, str] | None:
        if (method, path) == ("POST", "/api/folders") and "f-pult-desk-en" not in stub.folders:
            stub.folders["f-pult-desk-en"] = "Pult desk"
            return 412, '{"message": "the folder has been changed by someone else"}'
        return None

    stub.misbehave = meanwhile

    assert set(put(stub).values()) == {Outcome.MADE}


def test_a_folder_of_others_with_our_title_is_told(stub: Stub) -> None:
    stub.folders["other"] = "Pult desk"

    with pytest.raises(GrafanaRefused, match=r"cannot make the folder Pult desk .* 412"):
        put(stub)
    assert stub.boards == {}


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (
            (500, '{"message": "database is locked"}'),
            "it says 500, database is locked; try again",
        ),
        ((503, "<html>a message</html>"), "error page that is no JSON"),
        ((502, "Bad Gateway"), "it says 502, Bad Gateway; try again later"),
        ((200, "<html>Log in</html>"), "no JSON; is this the address of Grafana itself?"),
        ((403, '{"message": "Access denied"}'), "it says 403, Access denied"),
        ((401, '{"message": "Invalid API key"}'), "does not know the token"),
        ((404, '{"message": "Not found"}'), "it says 404, Not found"),
        ((404, "404 page not found"), "it says 404"),
        ((429, '{"message": "too many requests"}'), "it says 429, too many requests"),
    ],
)
def test_a_failure_is_one_line_and_a_second_try_completes(
    answer: tuple[int, str], line: str, stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    put_so_far = 0

    def after_three(method: str, path: str) -> tuple[int, str] | None:
        nonlocal put_so_far
        put_so_far += (method, path) == ("POST", "/api/dashboards/db")
        return answer if put_so_far > 3 else None

    stub.misbehave = after_three

    code = main(["dashboards", "deploy", "--language", "en"])

    lines = capsys.readouterr().err.splitlines()
    assert code == 1
    assert line in lines[0]
    assert all(TOKEN not in each for each in lines)
    assert "Traceback" not in str(lines)
    assert len(stub.boards) == 3
    stub.misbehave = lambda _method, _path: None
    assert main(["dashboards", "deploy", "--language", "en"]) == 0
    assert len(stub.boards) == len(BOARDS)
    assert main(["dashboards", "check", "--deployed", "--language", "en"]) == 0


def test_a_slow_grafana_is_not_waited_for_for_ever(stub: Stub) -> None:
    stub.wait_seconds = 0.5

    with pytest.raises(GrafanaFailed, match=r"no answer within 0\.1 s"):
        put(stub, patience=0.1)


def test_a_wrong_token_or_none_is_said(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(GrafanaRefused, match="does not know the token"):
        put(stub, token="wrong")
    monkeypatch.delenv("GRAFANA_TOKEN")
    assert main(["dashboards", "deploy"]) == 1
    assert "GRAFANA_TOKEN" in capsys.readouterr().err


def test_check_names_what_is_missing_and_what_differs(
    stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    put(stub)
    del stub.boards["pult-home-en"]
    stub.boards["pult-queue-en"]["refresh"] = "1d"

    assert main(["dashboards", "check", "--deployed", "--language", "en"]) == 1

    told = capsys.readouterr()
    assert set(told.out.splitlines()) == {"missing: pult-home-en", "differs: pult-queue-en"}
    assert told.err.startswith("pult: 2 boards in Grafana are not what this program makes")


def test_a_mark_is_made_once(stub: Stub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dashboards", *OUTAGE]) == 0
    assert main(["dashboards", *OUTAGE]) == 0

    assert capsys.readouterr().out == "marked\nmarked already\n"
    (mark,) = stub.marks
    at = 1772431200000  # 2026-03-02T06:00:00Z
    assert (mark["time"], mark["timeEnd"]) == (at, at)
    assert (mark["text"], mark["tags"]) == ("Trunk 2 is out", ["pult", "outage"])


def test_a_mark_that_ends_before_it_begins_is_refused(
    stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dashboards", *OUTAGE, "--to", "2026-03-01T09:00"]) == 1
    assert "it is over before it begins" in capsys.readouterr().err
    assert stub.marks == []


def test_only_paths_that_grafana_13_still_serves_are_asked(stub: Stub) -> None:
    put(stub)
    main(["dashboards", *OUTAGE])

    asked = {(method, path.split("?")[0].rsplit("/", 1)[0]) for method, path in stub.asked}

    assert asked == {
        ("GET", "/api/folders"), ("POST", "/api"), ("GET", "/api/dashboards/uid"),
        ("POST", "/api/dashboards"), ("GET", "/api"),
    }  # fmt: skip


def test_screens_have_an_address_for_all_and_for_each_team(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRAFANA_URL", raising=False)
    path = tmp_path / "pult.toml"
    path.write_text('[queues.sales]\nteam = "front"\n[queues."a&b"]\nteam = "front"\n', "utf-8")

    assert main(["dashboards", "screens", "--config", str(path), "--language", "ru"]) == 0

    lines = capsys.readouterr().out.splitlines()
    begin = "http://127.0.0.1:3000/d/pult-{}-ru?kiosk&theme=dark&refresh=5s&from=now-30m&to=now"
    narrowed = "&var-team=front&var-queue=a%26b&var-queue=sales"
    expected: list[Any] = []
    for wall in ("floor", "supervisor"):
        expected += [begin.format(wall), begin.format(wall) + narrowed]
    assert lines == expected
