"""What a real Alertmanager does with our routes: who hears what, and what is held back."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.deploy.alertmanager import Mailbox, alertmanager, post
from tests.pult.command import wait_for


def violation(tenant: str, severity: str = "warning") -> dict[str, str]:
    name = "PultViolationCritical" if severity == "critical" else "PultViolation"
    return {
        "alertname": name, "kind": "discipline", "severity": severity, "tenant": tenant,
        "team": "sales", "agent": "Anna", "code": "late_return",
    }  # fmt: skip


def suspect(tenant: str) -> dict[str, str]:
    return {
        "alertname": "PultSystemSuspect", "kind": "system", "severity": "critical",
        "tenant": tenant, "team": "sales",
    }  # fmt: skip


SILENT = {"alertname": "PultSourceSilent", "severity": "critical", "tenant": "a", "source": "p"}


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    made = Mailbox()
    yield made
    made.server.shutdown()


def test_a_silent_source_holds_back_what_is_of_its_tenant_and_nothing_else(
    mailbox: Mailbox, tmp_path: Path
) -> None:
    with alertmanager(tmp_path, mailbox) as address:
        post(address, SILENT, violation("a"), violation("b"), suspect("a"))
        expected = {
            ("supervisors", "PultViolation b"),
            ("supervisors", "PultSystemSuspect a"),
            ("oncall", "PultSystemSuspect a"),
        }
        wait_for(lambda: expected <= mailbox.heard, 15, "messages to people")
        with urlopen(f"{address}/api/v2/alerts", timeout=5) as answer:
            told = json.loads(answer.read())

    held_back = {each["labels"]["tenant"] for each in told if each["status"]["inhibitedBy"]}
    assert held_back == {"a"}
    assert not any(what == "PultViolation a" for _, what in mailbox.heard)


def test_what_is_critical_is_heard_by_supervisors_and_on_call(
    mailbox: Mailbox, tmp_path: Path
) -> None:
    with alertmanager(tmp_path, mailbox) as address:
        post(address, violation("a", "critical"), violation("b"))
        expected = {
            ("oncall", "PultViolationCritical a"),
            ("supervisors", "PultViolationCritical a"),
            ("supervisors", "PultViolation b"),
        }
        wait_for(lambda: expected <= mailbox.heard, 15, "messages to people")

    assert mailbox.heard == expected


@pytest.mark.parametrize(
    ("job", "is_heard"),
    [("processor", False), ("run", False), ("sink", True), ("adapter", True)],
)
def test_only_a_part_that_judges_holds_verdicts_back_when_it_is_gone(
    job: str, is_heard: bool, mailbox: Mailbox, tmp_path: Path
) -> None:
    gone = {"alertname": "PultPartGone", "severity": "critical", "job": job}
    with alertmanager(tmp_path, mailbox) as address:
        post(address, gone, violation("a"), {"alertname": "PultRejects", "severity": "warning"})

        def is_settled() -> bool:
            with urlopen(f"{address}/api/v2/alerts?filter=kind=discipline", timeout=5) as told:
                (alert,) = json.loads(told.read())
            state: str = alert["status"]["state"]
            return state == ("active" if is_heard else "suppressed")

        wait_for(is_settled, 10, "a verdict on the violation")
