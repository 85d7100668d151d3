"""A worker dies while somebody is late from his break: people hear nothing of the take-over."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.deploy.alertmanager import Mail, Mailbox, alertmanager
from tests.integration.prometheus import Prometheus
from tests.integration.workers import Site, Worker
from tests.pult.command import wait_for
from tests.shells.records import of
from tests.timetable import values

TENANT = "acme"
RULES = """
[discipline.late_return]
allowance = { default = "1s" }
critical_after = 1000000.0

# A message names all of a team who are late: each is alone in his.
[agents.Anna]
team = "of Anna"
[agents.Boris]
team = "of Boris"
"""


def say(site: Site, line: str, ago: float = 0.0) -> None:
    """Publish one line of a timetable as it happened some seconds ago."""
    at = datetime.now(UTC) - timedelta(seconds=ago)
    told = values(f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03} {line}")
    site.publish((TENANT, of(each, TENANT)) for each in told)


@contextmanager
def beating(site: Site) -> Iterator[None]:
    """Let the source be heard every second, as a PBX that answers is."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(1):
            say(site, "beat")

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def heard(mailbox: Mailbox, status: str, agent: str) -> list[Mail]:
    """Return the messages about somebody so far."""
    told = [each for each in list(mailbox.mails) if each.labels.get("agent") == agent]
    return [each for each in told if each.status == status]


def wait_until_heard(mailbox: Mailbox, status: str, agent: str) -> None:
    wait_for(lambda: bool(heard(mailbox, status, agent)), 60, f"{agent} {status} in a mail")


def shows(worker: Worker, agent: str) -> bool:
    """Whether a worker exports that somebody violates a rule."""
    return f'agent="{agent}"' in worker.status("/metrics/discipline")[1]


@pytest.mark.soak
def test_a_take_over_neither_fires_again_nor_resolves(
    installation: Site, tmp_path: Path
) -> None:
    installation.settings = RULES
    workers = [installation.worker(name) for name in ("w1", "w2")]
    installation.wait_until_ready()
    folders = [tmp_path / "alertmanager", tmp_path / "prometheus"]
    for each in folders:
        each.mkdir()
    mailbox = Mailbox()
    with alertmanager(folders[0], mailbox) as alerts, beating(installation):
        targets = {
            "processor": [each.address.removeprefix("http://") for each in workers],
            "alertmanager": [alerts.removeprefix("http://")],
        }
        with Prometheus(folders[1], targets, {}).running():
            for agent in ("Anna", "Boris"):
                say(installation, f"login {agent} support", ago=60)
                say(installation, f"pause {agent} support lunch", ago=30)
            for agent in ("Anna", "Boris"):
                wait_until_heard(mailbox, "firing", agent)
            (owner,) = (each for each in workers if shows(each, "Anna"))
            (other,) = (each for each in workers if each is not owner)
            owner.end(signal.SIGKILL)
            wait_for(lambda: shows(other, "Anna"), 40, "the other worker to show it")
            say(installation, "unpause Boris support")
            # His end is told as late as an end of hers would be.
            wait_until_heard(mailbox, "resolved", "Boris")

    assert [each.receiver for each in heard(mailbox, "firing", "Anna")] == ["supervisors"]
    assert not heard(mailbox, "resolved", "Anna")
