"""The committed boards are those that the program makes, whole and in every language."""

import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard as d

from dashboards.generate import as_json, generated
from dashboards.limits import Limits
from dashboards.places import FOLDERS, LANGUAGES, PLACES, folder_uid, uid
from dashboards.texts import Texts, messages
from pult.cli import main
from schemas.crm_events import SurveyKind
from schemas.discipline import CODES
from schemas.events import EndedBy
from schemas.metrics import METRICS
from schemas.policies import Policies, QueuePolicy
from stream_processors.shells.exporter import STATES
from tests.dashboards.boards import FILES, GENERATED, boards
from tests.deploy.programs import DEPLOY, document

ROOT = GENERATED.parents[1]


def test_the_sdk_is_the_line_that_is_maintained() -> None:
    # Versions with an epoch outrank it and write boards of Grafana 10.
    assert version("grafana-foundation-sdk").removeprefix("v") == "0.0.21"
    assert "grafana-foundation-sdk==0.0.21" in (ROOT / "pyproject.toml").read_text("utf-8")


def test_the_committed_boards_are_those_that_the_program_makes() -> None:
    made = generated()

    assert {path.relative_to(GENERATED) for path in FILES} == set(made)
    for path, text in made.items():
        assert (GENERATED / path).read_text("utf-8") == text, "run: pult dashboards build"


def test_another_process_with_other_hashes_writes_the_same_bytes(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-m", "pult.cli", "dashboards", "build", "--folder",
             str(tmp_path / seed)],
            check=True, capture_output=True, cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )  # fmt: skip
    for path in FILES:
        name = path.relative_to(GENERATED)
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
        assert (tmp_path / "1" / name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_board_read_by_the_models_and_written_again_is_the_same(path: Path) -> None:
    register_default_plugins()
    text = path.read_text("utf-8")

    assert as_json(d.Dashboard.from_json(json.loads(text))) == text


def test_every_board_is_there_in_every_language_in_its_folder() -> None:
    expected = {
        Path(language, place.folder, f"{uid(place.name, language)}.json")
        for language in LANGUAGES
        for place in PLACES
    }

    assert {path.relative_to(GENERATED) for path in FILES} == expected
    assert all(len(each) <= 40 for each in boards())


def test_no_folder_shares_a_uid_or_a_title_with_a_board_or_a_folder() -> None:
    folders = [folder_uid(each, language) for each in FOLDERS for language in LANGUAGES]
    titles = [
        messages()["folders"][each][language] for each in FOLDERS for language in LANGUAGES
    ]
    of_boards = [(uid_[-2:], board["title"]) for uid_, board in boards().items()]

    assert len(set(folders)) == len(folders)
    assert not set(folders) & set(boards())
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", each) for each in (*folders, *boards()))
    assert len(set(titles)) == len(titles)
    assert not set(titles) & {title for _, title in of_boards}
    assert len(set(of_boards)) == len(of_boards)


def test_languages_differ_in_words_only() -> None:
    def bones(uid_: str) -> list[tuple[object, ...]]:
        return [
            (
                panel["id"], panel["type"], panel["gridPos"],
                panel.get("fieldConfig", {}).get("defaults", {}).get("thresholds"),
                [each.get("expr", each.get("rawSql")) for each in panel.get("targets", [])],
            )
            for panel in boards()[uid_]["panels"]
        ]  # fmt: skip

    for place in PLACES:
        english, *others = [bones(uid(place.name, language)) for language in LANGUAGES]
        assert english
        assert all(each == english for each in others), place.name


@pytest.mark.parametrize("section", sorted(messages()))
def test_every_text_is_there_in_every_language_with_the_same_names(section: str) -> None:
    needed = set(LANGUAGES) - ({"en"} if section == "metrics" else set())
    for key, by_language in messages()[section].items():
        texts = {each: by_language[each] for each in by_language if each != "version"}
        assert set(texts) == needed, key
        names = {
            frozenset(name for _, name, _, _ in Formatter().parse(text) if name)
            for text in texts.values()
        }
        assert all(texts.values()), key
        if section == "titles":
            assert len(names) == 1, key


def test_no_text_of_the_catalogue_is_of_no_use(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[tuple[str, str]] = set()
    real = Texts.__call__

    def noted(self: Texts, section: str, key: str) -> str:
        asked.add((section, key))
        return real(self, section, key)

    monkeypatch.setattr(Texts, "__call__", noted)
    generated()

    known = {(section, key) for section, keys in messages().items() for key in keys}
    assert known - asked - {("folders", each) for each in FOLDERS} == set()


def test_a_translation_is_of_the_definition_that_holds() -> None:
    versions = {metric.name: metric.version for metric in METRICS}

    for name, text in messages()["metrics"].items():
        assert text["version"] == versions[name], f"{name} means something else now"


def test_every_alert_and_state_has_words_in_every_language() -> None:
    rules = [document(path) for path in sorted((DEPLOY / "prometheus" / "rules").glob("*.yml"))]
    alerts = {
        rule["alert"] for each in rules for group in each["groups"] for rule in group["rules"]
    }

    assert set(messages()["alerts"]) == alerts - {"Watchdog"}
    assert set(messages()["states"]) == set(STATES)
    assert set(messages()["codes"]) == set(CODES)
    assert set(messages()["parties"]) == set(get_args(EndedBy))
    assert set(messages()["surveys"]) == set(get_args(SurveyKind))


def test_words_of_a_closed_list_are_shown_in_the_language() -> None:
    def panel(board: str, number: int) -> str:
        found = boards()[f"pult-{board}-ru"]["panels"][number - 1]
        return json.dumps(found["fieldConfig"]["overrides"], ensure_ascii=False)

    assert '"caller": {"index": 0, "text": "звонивший"}' in panel("call", 1)
    assert '"nps": {"index": 1, "text": "готовность рекомендовать (NPS)"}' in panel("crm", 7)
    for board, name, text in (
        ("management", "voice", "звонок"),
        ("discipline", "no_show", "не вышел"),
    ):
        named = (
            f'"options": "{name}"}}, "properties": [{{"id": "displayName", "value": "{text}"'
        )
        assert any(
            named in panel(board, each["id"]) for each in boards()[f"pult-{board}-ru"]["panels"]
        )


def test_colours_follow_the_targets_of_the_settings() -> None:
    wanted = {
        "a": QueuePolicy(target=0.9, answer_within=timedelta(seconds=30)),
        "b": QueuePolicy(target=0.95),
    }
    limits = Limits.of(Policies(queues=wanted))
    path = Path("en/desk/pult-supervisor-en.json")

    board = json.loads(generated(limits, ("en",))[path])

    level, _, wait, *_ = board["panels"]
    assert level["title"].endswith("(target 90 %)")
    steps = level["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [step["value"] for step in steps] == [None, -1, 0, 0.7875, 0.9]
    steps = wait["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [step["value"] for step in steps] == [None, -1, 30, 90]


def test_days_are_those_of_the_time_zone_of_the_settings(tmp_path: Path) -> None:
    settings = tmp_path / "pult.toml"
    settings.write_text('timezone = "Europe/Moscow"\n', "utf-8")
    made = tmp_path / "made"

    for command in (["build"], ["build", "--from-settings"]):
        assert main(
            ["dashboards", *command, "--folder", str(made), "--config", str(settings)]
        ) == 0  # fmt: skip
        board = json.loads((made / "en/management/pult-management-en.json").read_text("utf-8"))
        (zone,) = [each for each in board["templating"]["list"] if each["name"] == "zone"]
        wanted = "Europe/Moscow" if "--from-settings" in command else "UTC"
        assert (zone["query"], zone["current"]["value"]) == (wanted, wanted)


def test_whoever_checks_boards_of_settings_is_not_told_to_undo_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "pult.toml"
    settings.write_text("[queues.support]\ntarget = 0.9\n", "utf-8")
    given = ("--folder", str(tmp_path / "made"), "--config", str(settings))
    assert main(["dashboards", "build", "--from-settings", *given]) == 0
    assert main(["dashboards", "check", "--from-settings", *given]) == 0

    assert main(["dashboards", "check", *given]) == 1
    told = capsys.readouterr().err
    assert told.endswith("; if they were made --from-settings, check them so\n")

    (tmp_path / "made/en/desk/pult-queue-en.json").unlink()
    assert main(["dashboards", "check", "--from-settings", *given]) == 1
    assert capsys.readouterr().err.endswith("made --from-settings\n")


def test_the_board_turns_red_where_the_alert_fires() -> None:
    rules = document(DEPLOY / "prometheus" / "rules" / "queues.yml")["groups"][0]["rules"]
    (low,) = [rule for rule in rules if rule["alert"] == "PultServiceLevelLow"]

    assert f"< {Limits().low:g} and" in low["expr"]
