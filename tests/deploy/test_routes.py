"""What a real Alertmanager does with our routes: who hears what, and what is held back."""

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from tests.deploy.programs import DEPLOY, lacking
from tests.kafka import free_port
from tests.pult.command import SECONDS, dies_with_its_parent, wait_for

RECEIVERS = ("operators", "supervisors", "oncall", "watchdog")


class Mailbox:
    """Hears of alerts in the place of people: pairs of receiver and alert."""

    def __init__(self) -> None:
        heard = self.heard = set[tuple[str, str]]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                for alert in told["alerts"]:
                    labels = alert["labels"]
                    what = f"{labels['alertname']} {labels.get('tenant', '')}".strip()
                    heard.add((self.path.strip("/"), what))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server.server_port


@contextmanager
def alertmanager(folder: Path, mailbox: Mailbox) -> Iterator[str]:
    """Run one with our settings; only its receivers have a way, and people always work."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        lacking("prometheus-alertmanager", "prometheus-alertmanager")
    text = (DEPLOY / "alertmanager" / "alertmanager.yml").read_text("utf-8")
    for name in RECEIVERS:
        way = f'webhook_configs: [{{ url: "http://127.0.0.1:{mailbox.port}/{name}" }}]'
        text = text.replace(f"\n  - name: {name}\n", f"\n  - name: {name}\n    {way}\n")
    text = text.replace(
        'start_time: "06:00", end_time: "23:00"', 'start_time: "00:00", end_time: "24:00"'
    )
    (folder / "alertmanager.yml").write_text(text, "utf-8")
    port = free_port()
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [
                str(program), f"--config.file={folder / 'alertmanager.yml'}",
                f"--storage.path={folder / 'data'}", "--cluster.listen-address=",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=said, stderr=said, preexec_fn=dies_with_its_parent,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: _answers(address), 10, "Alertmanager")
        yield address
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(SECONDS)


def _answers(address: str) -> bool:
    try:
        with urlopen(f"{address}/-/ready", timeout=1):
            return True
    except (URLError, ConnectionError):
        return False


def post(address: str, *alerts: dict[str, str]) -> None:
    now = datetime.now(UTC)
    body = [
        {
            "labels": labels,
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(minutes=5)).isoformat(),
        }
        for labels in alerts
    ]
    request = Request(
        f"{address}/api/v2/alerts", json.dumps(body).encode(),
        {"Content-Type": "application/json"}, method="POST",
    )  # fmt: skip
    with urlopen(request, timeout=5):
        pass


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
