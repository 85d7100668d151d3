"""The way of a page, whole: a PBX on a socket, `pult run`, Prometheus, Alertmanager, people.

Everything is real but the PBX and the people. What is changed of our settings: addresses, and
where a test says so its patience.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.deploy.alertmanager import Mail, Mailbox, alertmanager
from tests.fake_pbx import FakePbx
from tests.integration.prometheus import Prometheus
from tests.kafka import free_port
from tests.pult.command import PULT, SECONDS, dies_with_its_parent, environment, wait_for

ALLOWED_SECONDS = {"Lunch": 1, "Never": 0}
"""Of a break of which no length is allowed, twice its length is over at once: critical."""

AGENTS = tuple(f"Agent{n:02}" for n in range(40))
"""Each in a team of his own, whose first message no other delays or takes along."""

_SETTINGS = (
    '[sources.pbx1]\nkind = "asterisk"\nami = {{ port = {port}, secret_env = "PBX1_SECRET" }}\n'
    '[discipline.late_return]\nallowance = {{ {allowed} }}\ngrace = "0s"\n'
    "critical_after = 1000000.0\n"
)


class Chain:
    """All parts, running."""

    def __init__(
        self, folder: Path, pbx: FakePbx, prometheus: Prometheus, mailbox: Mailbox
    ) -> None:
        self.folder, self.pbx, self.prometheus, self.mailbox = folder, pbx, prometheus, mailbox
        self.alerts = ""
        self.process: subprocess.Popen[bytes] | None = None
        self._agents = iter(AGENTS)

    def agent(self) -> str:
        """Return an agent of whom nothing was told yet; `pult run` runs."""
        if self.process is None or self.process.poll() is not None:
            self.start()
        return next(self._agents)

    # --- what the PBX says ------------------------------------------------------------------

    def _say(self, name: str, agent: str, **more: str) -> float:
        """Say something of an agent now; return when [s, by `time.time()`]."""
        at, stamp_us = time.time(), self.pbx.now_us()
        headers = {
            "Event": name, "Timestamp": f"{stamp_us // 1_000_000}.{stamp_us % 1_000_000:06d}",
            "Queue": "support", "MemberName": agent, "Interface": f"PJSIP/{agent}", **more,
        }  # fmt: skip
        text = "".join(f"{key}: {value}\r\n" for key, value in headers.items()).encode()
        self.pbx.standing.hear(text)
        self.pbx.say(text + b"\r\n")
        return at

    def log_in(self, agent: str) -> None:
        """Let an agent become a member of the queue."""
        self._say("QueueMemberAdded", agent, Paused="0")

    def pause(self, agent: str, reason: str = "Lunch") -> float:
        """Let an agent begin a break; return when he is late from it [s]."""
        at = self._say("QueueMemberPause", agent, Paused="1", PausedReason=reason)
        return at + ALLOWED_SECONDS[reason]

    def back(self, agent: str) -> float:
        """Let an agent come back; return when [s]."""
        return self._say("QueueMemberPause", agent, Paused="0")

    # --- what people hear -------------------------------------------------------------------

    def told(self, status: str, **labels: str) -> list[Mail]:
        """Return the messages so far of alerts with these labels."""
        return [
            each
            for each in list(self.mailbox.mails)
            if each.status == status and each.labels.items() >= labels.items()
        ]

    def page(self, agent: str, status: str, seconds: float = 60) -> float:
        """Wait for the message that an agent is late or no longer; return when it came [s]."""
        wait_for(
            lambda: bool(self.told(status, agent=agent)), seconds, f"{agent} {status} in a mail"
        )
        return self.told(status, agent=agent)[0].at

    def is_violated(self, agent: str) -> bool:
        """Whether Prometheus knows of a violation now."""
        return bool(self.prometheus.series(f'cc_violation_active{{agent="{agent}"}}'))

    def alerts_now(self, **filters: str) -> dict[str, dict[str, Any]]:
        """Return what Alertmanager holds now, by name; the filters leave one of each."""
        query = urlencode([("filter", f'{key}="{value}"') for key, value in filters.items()])
        with urlopen(f"{self.alerts}/api/v2/alerts?{query}", timeout=10) as answer:
            found = json.loads(answer.read())
        return {each["labels"]["alertname"]: each for each in found}

    # --- the run ----------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """Where `pult run` is served."""
        return f"http://{self.prometheus.targets['run'][0]}"

    def start(self) -> None:
        """Start `pult run` and wait until it is ready."""
        port = self.address.rpartition(":")[2]
        with (self.folder / "run.log").open("ab") as said:
            self.process = subprocess.Popen(
                [
                    PULT, "run", "--config", self.folder / "pult.toml",
                    "--data", self.folder / "data", "--port", port, "--sql-port", "0",
                ],
                env={**environment(), "PBX1_SECRET": "secret-of-the-tests"},
                stdout=said, stderr=said, preexec_fn=dies_with_its_parent,
            )  # fmt: skip
        wait_for(self._is_ready, SECONDS, "pult run")

    def kill(self) -> None:
        """Kill `pult run`, whatever it is doing."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait(SECONDS)

    def restart(self) -> None:
        """Kill `pult run` and start it, but not before Prometheus has missed it."""
        self.kill()
        _wait_for_series(self.prometheus, 'up{job="discipline"} == 0')
        self.start()

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "run.log").read_text()
        try:
            with urlopen(f"{self.address}/readyz", timeout=5):
                return True
        except (URLError, ConnectionError):
            return False


@contextmanager
def chain(folder: Path, changes: Mapping[str, str]) -> Iterator[Chain]:
    """Run all of it, with an agent of each team logged in; it is gone afterwards."""
    mailbox = Mailbox()
    (folder / "alerts").mkdir(parents=True)
    (folder / "prometheus").mkdir()
    with FakePbx() as pbx, alertmanager(folder / "alerts", mailbox) as alerts:
        pbx.after_end = True
        pbx.standing.queues.add("support")
        targets = {
            "run": [f"127.0.0.1:{free_port()}"],
            "alertmanager": [alerts.removeprefix("http://")],
        }
        prometheus = Prometheus(folder / "prometheus", targets, changes)
        (folder / "pult.toml").write_text(
            _SETTINGS.format(
                port=pbx.port,
                allowed=", ".join(f'{name} = "{s}s"' for name, s in ALLOWED_SECONDS.items()),
            )
            + "".join(f'[agents.{each}]\nteam = "of {each}"\n' for each in AGENTS)
        )
        whole = Chain(folder, pbx, prometheus, mailbox)
        whole.alerts = alerts
        try:
            whole.start()
            with prometheus.running():
                for each in AGENTS:
                    whole.log_in(each)
                _wait_for_series(prometheus, 'up{job="discipline"} == 1')
                yield whole
        finally:
            whole.kill()
            mailbox.server.shutdown()


def _wait_for_series(prometheus: Prometheus, query: str) -> None:
    wait_for(lambda: bool(prometheus.series(query)), 30, query)
