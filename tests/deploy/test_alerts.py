"""The rules of Prometheus fire when they must, by promtool, and lead to pages that exist."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.dashboards.boards import boards
from tests.deploy.programs import DEPLOY, ROOT, document, ran
from tests.docs.own_metrics import exported

PROMETHEUS = DEPLOY / "prometheus"
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))
TESTS = sorted((PROMETHEUS / "tests").glob("*.yml"))
PLACES = ("compose", "host")
ALWAYS = {"Watchdog"}


def alerts() -> dict[str, dict[str, Any]]:
    """Return all alerts by name."""
    groups = [group for path in RULES for group in document(path)["groups"]]
    return {
        rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule
    }


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_the_rules_fire_when_they_must_and_only_then(path: Path) -> None:
    done = ran("promtool", "test", "rules", path)

    assert done.returncode == 0, done.stdout + done.stderr


SUMMED = "max without (instance, job, pod, state)"


@pytest.mark.parametrize(
    ("rules", "right", "wrong", "alert"),
    [
        (
            "pipeline", "without (instance, job, pod, feed)", "without (job, pod, feed)",
            "PultSourceSilent",
        ),
        ("pipeline", "== 0", "== 2", "PultProcessGone"),
        ("pipeline", "< 600", "< 6000", "PultSnapshotOld"),
        ("pipeline", "0.01", "0.05", "PultRejects"),
        ("discipline", SUMMED, "max without (job, pod, state)", "PultViolation"),
        ("discipline", SUMMED, "max without (instance, pod, state)", "PultViolationCritical"),
        ("discipline", SUMMED, "max without (instance, job, state)", "PultViolation"),
        (
            "discipline", "(instance, job, pod, state)", "(instance, job, pod, state, paged)",
            "PultViolation",
        ),
        ("discipline", ',state!="acknowledged"', "", "PultSystemSuspect"),
        ("discipline", "keep_firing_for: 30s", "keep_firing_for: 3s", "PultViolation"),
        ("discipline", ',code!="system_suspect"', "", "PultViolationCritical"),
        ("queues", ">= 20", ">= 19", "PultServiceLevelLow"),
        ("queues", "> 10 *", "> 11 *", "PultLongestWait"),
        ("queues", "> 0\n          unless", "> 0 unless on (queue)", "PultNobodyReady"),
        ("queues", '{state="ready"}', "", "PultNobodyReady"),
        ("queues", "for: 1m", "for: 50s", "PultNobodyReady"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_noticed(
    rules: str, right: str, wrong: str, alert: str, tmp_path: Path
) -> None:
    shutil.copytree(PROMETHEUS, tmp_path / "prometheus")
    path = tmp_path / "prometheus" / "rules" / f"{rules}.yml"
    text = path.read_text("utf-8")
    assert right in text
    path.write_text(text.replace(right, wrong), "utf-8")

    done = ran("promtool", "test", "rules", only(alert, tmp_path / "prometheus", rules))

    assert done.returncode != 0
    assert f"alertname: {alert}," in done.stdout + done.stderr


def only(alert: str, copy: Path, rules: str) -> Path:
    """Leave of the tests of some rules those of one alert: all take long. Return the file."""
    path = copy / "tests" / f"{rules}_test.yml"
    told = document(path)
    told["tests"] = [
        test
        for test in told["tests"]
        if any(case["alertname"] == alert for case in test["alert_rule_test"])
    ]
    path.write_text(json.dumps(told), "utf-8")  # which is YAML, too
    return path


def test_every_alert_is_seen_firing_and_not_firing() -> None:
    fires: set[str] = set()
    silent: set[str] = set()
    for path in TESTS:
        for test in document(path)["tests"]:
            for case in test["alert_rule_test"]:
                (fires if case.get("exp_alerts") else silent).add(case["alertname"])

    assert fires == set(alerts())
    assert silent == set(alerts()) - ALWAYS


def test_violations_are_asked_every_second_and_stand_in_one_job_only() -> None:
    settings = document(PROMETHEUS / "prometheus.yml")
    jobs = {each["job_name"]: each for each in settings["scrape_configs"]}
    fast = jobs.pop("discipline")
    places = {place for each in fast["file_sd_configs"] for place in each["files"]}
    others = {
        name: each
        for name, each in jobs.items()
        if any(places.intersection(found["files"]) for found in each["file_sd_configs"])
    }

    assert (fast["metrics_path"], fast["scrape_interval"]) == ("/metrics/discipline", "1s")
    assert others.keys() == {"processor", "run"}
    for name, each in others.items():
        drops = each["metric_relabel_configs"]
        assert {
            "cc_violation_active",
            "cc_violation_start_timestamp_seconds",
            "cc_violation_episodes",
        } == {
            found.name
            for found in exported()
            for drop in drops
            if drop["action"] == "drop" and re.fullmatch(drop["regex"], found.name)
        }, name
        assert all(drop["source_labels"] == ["__name__"] for drop in drops), name
        assert each["scrape_interval"] == "5s", name


@pytest.mark.parametrize("place", PLACES)
def test_prometheus_takes_its_settings_and_finds_its_targets(
    place: str, tmp_path: Path
) -> None:
    shutil.copy(PROMETHEUS / "prometheus.yml", tmp_path)
    shutil.copytree(PROMETHEUS / "rules", tmp_path / "rules")
    shutil.copytree(PROMETHEUS / f"targets-{place}", tmp_path / "targets")

    done = ran("promtool", "check", "config", tmp_path / "prometheus.yml")
    text = (tmp_path / "prometheus.yml").read_text("utf-8")
    named = set(re.findall(r"targets/[a-z]+\.yml", text))
    found = {f"targets/{each.name}" for each in (tmp_path / "targets").iterdir()}

    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARN" not in done.stdout + done.stderr
    assert named == found


def test_each_target_of_the_services_is_a_service_and_its_port() -> None:
    services = document(ROOT / "docker-compose.yml")["services"]
    aliases = {
        alias
        for each in services.values()
        for alias in each.get("networks", {}).get("default", {}).get("aliases", [])
    }
    for path in (PROMETHEUS / "targets-compose").glob("*.yml"):
        for group in document(path):
            for target in group["targets"]:
                name, port = target.split(":")
                assert name in services.keys() | aliases, target
                if name in services:
                    assert port in str(services[name]["healthcheck"]["test"]), target


def test_the_alertmanager_takes_its_settings() -> None:
    done = ran("amtool", "check-config", DEPLOY / "alertmanager" / "alertmanager.yml")

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["alertname=Watchdog", "severity=none"], "watchdog"),
        (["alertname=PultRejects", "severity=warning"], "operators"),
        (["alertname=PultViolation", "kind=discipline", "severity=warning"], "supervisors"),
        (
            ["alertname=PultViolationCritical", "kind=discipline", "severity=critical"],
            "oncall,supervisors",
        ),
        (
            [
                "alertname=PultViolationCritical",
                "kind=discipline",
                "severity=critical",
                "paged=true",
            ],
            "oncall,supervisors",
        ),
        (
            [
                "alertname=PultViolationCritical",
                "kind=discipline",
                "severity=critical",
                "paged=false",
            ],
            "digest,supervisors",
        ),
        (
            ["alertname=PultSystemSuspect", "kind=system", "severity=critical"],
            "oncall,supervisors",
        ),
        (["alertname=PultServiceLevelLow", "kind=queue", "severity=warning"], "supervisors"),
    ],
)
def test_an_alert_goes_to_its_receiver(labels: list[str], receiver: str) -> None:
    settings = DEPLOY / "alertmanager" / "alertmanager.yml"

    done = ran("amtool", "config", "routes", "test", f"--config.file={settings}", *labels)

    assert done.stdout.strip() == receiver, done.stderr


def test_an_alert_leads_to_its_page_and_says_how_bad_it_is() -> None:
    for name, rule in alerts().items():
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{name}.md"
        assert rule["labels"]["severity"] in ("critical", "warning", "none"), name
        assert {"summary", "description"} <= rule["annotations"].keys(), name


def test_an_alert_leads_to_a_board_that_has_the_variable_it_hands_over() -> None:
    for name, rule in alerts().items():
        path, _, handed = rule["annotations"]["dashboard_url"].partition("?")
        assert path.startswith("/d/"), name
        board = boards()[path.removeprefix("/d/")]
        known = {variable["name"] for variable in board["templating"]["list"]}
        assert set(re.findall(r"var-(\w+)=", handed)) <= known, name


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    pages = {path.stem for path in (ROOT / "docs" / "runbooks").glob("*.md")} - {"README"}

    assert pages == set(alerts())


def test_the_list_of_pages_names_each_with_its_severity() -> None:
    text = (ROOT / "docs" / "runbooks" / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| \[(\w+)\]\(\1\.md\) \| (\w+) \|", text, re.MULTILINE)

    assert dict(rows) == {name: rule["labels"]["severity"] for name, rule in alerts().items()}
    assert len(rows) == len(alerts())


def test_alerts_that_are_held_back_for_others_exist() -> None:
    text = (DEPLOY / "alertmanager" / "alertmanager.yml").read_text("utf-8")

    assert set(re.findall(r"\bPult\w+", text)) <= set(alerts())


def test_the_rules_speak_of_metrics_that_are_exported_and_of_their_labels() -> None:
    known = {each.name: set(each.labels) for each in exported()}
    known |= {f"{name}_bucket": labels for name, labels in known.items()}
    for name, rule in alerts().items():
        metrics = set(re.findall(r"\b(?:pult|cc)_\w+", rule["expr"]))
        assert metrics <= known.keys(), name
        labels = set().union(*(known[each] for each in metrics)) | {"job", "instance"}
        text = " ".join(rule["annotations"].values())
        assert set(re.findall(r"\$labels\.(\w+)", text)) <= labels, name
