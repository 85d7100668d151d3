"""What Grafana is provisioned with: every board has its folder, every source its reader."""

import json
import math
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from dashboards.history import HISTORY, PLUGIN
from dashboards.places import CLICKHOUSE, FOLDERS, LANGUAGES, PROMETHEUS, folder_uid
from dashboards.texts import messages
from tests.deploy.programs import DEPLOY, ROOT, document

GRAFANA = DEPLOY / "grafana"
BOARDS = Path("/etc/grafana/dashboards")
AT_A_TIME = 5
SECONDS = {"5s": 5, "15s": 15, "1m": 60, "15m": 900}


def sources() -> dict[str, dict[str, Any]]:
    """Return the sources of data by uid."""
    return {
        each["uid"]: each for each in document(GRAFANA / "datasources/pult.yml")["datasources"]
    }


def providers() -> list[dict[str, Any]]:
    """Return where boards are found."""
    found: list[dict[str, Any]] = document(GRAFANA / "dashboards/pult.yml")["providers"]
    return found


def service() -> dict[str, Any]:
    """Return Grafana as compose starts it."""
    found: dict[str, Any] = document(ROOT / "docker-compose.yml")["services"]["grafana"]
    return found


def mounted(inside: Path) -> Path:
    """Return what stands in the repository for a place in the container."""
    for each in service()["volumes"]:
        source, place = str(each).split(":")[:2]
        if inside.is_relative_to(place):
            return ROOT / source / inside.relative_to(place)
    raise AssertionError(inside)


def test_each_folder_of_each_language_has_a_provider_with_its_uid_and_title() -> None:
    expected = {
        folder_uid(folder, language): messages()["folders"][folder][language]
        for folder in FOLDERS
        for language in LANGUAGES
    }

    assert {each["folderUid"]: each["folder"] for each in providers()} == expected
    assert len({each["name"] for each in providers()}) == len(expected)


def test_every_board_is_found_by_one_provider_and_every_place_exists() -> None:
    places = [Path(each["options"]["path"]) for each in providers()]
    files = [path for place in places for path in mounted(place).glob("**/*.json")]

    assert all(place.is_relative_to(BOARDS) and mounted(place).is_dir() for place in places)
    assert not any(one in other.parents for one in places for other in places)
    assert sorted(files) == sorted((ROOT / "dashboards/generated").glob("**/*.json"))
    for each in providers():
        assert (each["type"], each["disableDeletion"], each["allowUiUpdates"]) == (
            "file", True, False,
        )  # fmt: skip


def test_every_source_that_a_board_names_is_provisioned_under_that_uid() -> None:
    named: set[tuple[str, str]] = set()
    for path in (ROOT / "dashboards/generated").glob("**/*.json"):
        for panel in json.loads(path.read_text("utf-8"))["panels"]:
            source = panel.get("datasource")
            named |= {(source["uid"], source["type"])} if source else set()

    assert named == {(uid, sources()[uid]["type"]) for uid in (PROMETHEUS, CLICKHOUSE)}
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", uid) for uid in sources())


def test_what_is_asked_of_grafana_is_what_the_boards_are_written_for() -> None:
    plugin = service()["environment"]["GF_PLUGINS_PREINSTALL_SYNC"]

    assert plugin == f"{HISTORY.type_val}@{PLUGIN}"
    home = service()["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    for language in LANGUAGES:
        assert mounted(Path(home.replace("${GRAFANA_LANGUAGE:-en}", language))).is_file()


def test_passwords_come_from_the_environment_and_are_handed_over() -> None:
    text = (GRAFANA / "datasources/pult.yml").read_text("utf-8")
    named = set(re.findall(r"\$(\w+)", text))

    assert sources()[CLICKHOUSE]["secureJsonData"] == {
        "password": "$CLICKHOUSE_GRAFANA_PASSWORD"
    }
    assert named == {"CLICKHOUSE_GRAFANA_PASSWORD"}
    assert named <= service()["environment"].keys()
    store = document(ROOT / "docker-compose.yml")["services"]["clickhouse"]
    assert named <= store["environment"].keys()


def test_the_reader_of_the_store_can_do_nothing_but_read_our_database() -> None:
    tree = ElementTree.parse(DEPLOY / "clickhouse/grafana.xml").getroot()
    json_data = sources()[CLICKHOUSE]["jsonData"]
    user = tree.find(f"users/{json_data['username']}")

    assert user is not None
    password = user.find("password")
    assert password is not None
    assert password.attrib == {"from_env": "CLICKHOUSE_GRAFANA_PASSWORD"}
    assert [each.text for each in user.findall("grants/query")] == ["GRANT SELECT ON pult.*"]
    profile = tree.find(f"profiles/{user.findtext('profile')}")
    assert profile is not None
    assert profile.findtext("readonly") == "1"
    # The plugin sends it with every question; a strict reader would refuse them all.
    assert profile.find("constraints/max_execution_time/changeable_in_readonly") is not None
    longest = int(profile.findtext("constraints/max_execution_time/max") or 0)
    assert int(json_data["queryTimeout"]) + 5 <= longest
    assert json_data["defaultDatabase"] == "pult"


def test_a_source_that_hangs_fails_before_any_board_asks_again() -> None:
    patience = {
        PROMETHEUS: int(sources()[PROMETHEUS]["jsonData"]["timeout"]),
        CLICKHOUSE: int(sources()[CLICKHOUSE]["jsonData"]["queryTimeout"]),
    }
    for path in (ROOT / "dashboards/generated").glob("**/*.json"):
        board = json.loads(path.read_text("utf-8"))
        asked = [
            panel["datasource"]["uid"] for panel in board["panels"] if "datasource" in panel
        ]
        if board["refresh"]:
            longest = max(patience[each] for each in asked)
            rounds = math.ceil(len(asked) / AT_A_TIME)
            assert longest * rounds < SECONDS[board["refresh"]], path.stem


def test_live_figures_are_as_old_as_grafana_thinks() -> None:
    scraped = document(DEPLOY / "prometheus/prometheus.yml")["scrape_configs"]
    (processor,) = [each for each in scraped if each["job_name"] == "processor"]

    assert sources()[PROMETHEUS]["jsonData"]["timeInterval"] == processor["scrape_interval"]
