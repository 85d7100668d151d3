"""A real Alertmanager with our routes, and a mailbox in the place of people."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.deploy.programs import DEPLOY, lacking
from tests.kafka import free_port
from tests.pult.command import SECONDS, dies_with_its_parent, wait_for

RECEIVERS = ("operators", "supervisors", "oncall", "digest", "watchdog")


@dataclass(frozen=True)
class Mail:
    """What one receiver was told of one alert; `at` is by `time.time()` [s]."""

    at: float
    receiver: str
    status: str
    labels: dict[str, str]


class Mailbox:
    """Hears of alerts in the place of people."""

    def __init__(self) -> None:
        mails = self.mails = list[Mail]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                at, receiver = time.time(), self.path.strip("/")
                for each in told["alerts"]:
                    mails.append(Mail(at, receiver, each["status"], each["labels"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server.server_port

    @property
    def heard(self) -> set[tuple[str, str]]:
        """Pairs of receiver and alert, with its tenant if it has one."""
        return {
            (
                each.receiver,
                " ".join(filter(None, map(each.labels.get, ("alertname", "tenant")))),
            )
            for each in list(self.mails)
        }


@contextmanager
def alertmanager(folder: Path, mailbox: Mailbox) -> Iterator[str]:
    """Run one with our settings; its receivers have a way to the mailbox."""
    text = (DEPLOY / "alertmanager" / "alertmanager.yml").read_text("utf-8")
    for name in RECEIVERS:
        way = f'webhook_configs: [{{ url: "http://127.0.0.1:{mailbox.port}/{name}" }}]'
        text = text.replace(f"\n  - name: {name}\n", f"\n  - name: {name}\n    {way}\n")
    with running(folder, text) as address:
        yield address


@contextmanager
def running(folder: Path, settings: str) -> Iterator[str]:
    """Run one with settings in which people always work; it is gone afterwards."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        lacking("prometheus-alertmanager", "prometheus-alertmanager")
    hours = 'start_time: "06:00", end_time: "23:00"'
    assert hours in settings
    settings = settings.replace(hours, 'start_time: "00:00", end_time: "24:00"')
    (folder / "alertmanager.yml").write_text(settings, "utf-8")
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


def post(
    address: str, *alerts: Mapping[str, str], annotations: Mapping[str, str] | None = None
) -> None:
    """Tell an Alertmanager of alerts that fire, as Prometheus does."""
    now = datetime.now(UTC)
    body = [
        {
            "labels": labels,
            "annotations": annotations or {},
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
