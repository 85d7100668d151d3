"""A real Prometheus on real workers: the rules find their metrics, `instance` matters not."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from schemas.topics import EVENTS
from tests.deploy.programs import DEPLOY, lacking
from tests.integration.half_hour import TENANTS, interleaved, recorded
from tests.integration.workers import Site
from tests.kafka import free_port
from tests.pult.command import SECONDS, dies_with_its_parent, wait_for

RULES = DEPLOY / "prometheus" / "rules" / "pipeline.yml"
ALL_RULES = sorted(RULES.parent.glob("*.yml"))
OF_OTHERS = ("pult_journal_", "pult_sink_", "pult_disk_")
"""What adapters, sinks and `run` export; only workers run here."""

_PROMETHEUS = DEPLOY / "prometheus"


class Prometheus:
    """A Prometheus with our settings; only its targets and its patience are other ones."""

    def __init__(self, folder: Path, targets: dict[str, list[str]]) -> None:
        self.folder = folder
        self.port = free_port()
        shutil.copytree(_PROMETHEUS / "rules", folder / "rules")
        for path in folder.glob("rules/*.yml"):
            path.write_text(path.read_text().replace("interval: 5s", "interval: 500ms"))
        settings = (_PROMETHEUS / "prometheus.yml").read_text()
        (folder / "prometheus.yml").write_text(
            settings.replace("scrape_timeout: 4s", "scrape_timeout: 900ms").replace(
                ": 5s", ": 1s"
            )
        )
        shutil.copytree(_PROMETHEUS / "targets-host", folder / "targets")
        (folder / "targets" / "alertmanager.yml").write_text("[]")
        for path in (folder / "targets").iterdir():
            at = [{"targets": targets.get(path.stem, [])}]
            path.write_text(json.dumps(at if at[0]["targets"] else []))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it; it is gone afterwards."""
        if shutil.which("prometheus") is None:
            lacking("prometheus", "prometheus")
        with (self.folder / "said").open("wb") as said:
            process = subprocess.Popen(
                [
                    "prometheus", f"--config.file={self.folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={self.folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                stdout=said, stderr=said, preexec_fn=dies_with_its_parent,
            )  # fmt: skip
        try:
            yield
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(SECONDS)

    def ask(self, path: str, **values: str) -> Any:
        """Return the data of an answer, nothing while it starts."""
        address = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urlencode(values)}"
        try:
            with urlopen(address, timeout=10) as answer:
                return json.loads(answer.read())["data"]
        except (URLError, ConnectionError):
            return None

    def series(self, query: str) -> list[dict[str, str]]:
        """Return the labels of what a query finds."""
        found = self.ask("query", query=query)
        return [each["metric"] for each in found["result"]] if found else []

    def rules(self) -> list[dict[str, Any]]:
        """Return all rules with their health."""
        found = self.ask("rules")
        return [each for group in found["groups"] for each in group["rules"]] if found else []


def test_the_rules_find_what_two_workers_export(installation: Site, tmp_path: Path) -> None:
    installation.settings = '[processor]\nsnapshot_every = "500ms"\n'
    values = recorded()
    installation.publish(interleaved(values[:300]))
    workers = [installation.worker(name) for name in ("w1", "w2")]
    installation.wait_until_ready()
    installation.publish(interleaved(values[300:600]))
    addresses = [each.address.removeprefix("http://") for each in workers]
    (tmp_path / "prometheus").mkdir()
    prometheus = Prometheus(tmp_path / "prometheus", {"processor": addresses})
    named = set(re.findall(r"\b(?:pult|cc)_\w+", RULES.read_text()))
    wanted = {each for each in named if not each.startswith(OF_OTHERS)}
    alerts = sum(path.read_text().count("alert:") for path in ALL_RULES)

    with prometheus.running():

        def seen() -> bool:
            healthy = [each for each in prometheus.rules() if each["health"] == "ok"]
            return (
                len(healthy) == alerts
                and all(prometheus.series(name) for name in wanted)
                and len(prometheus.series("up == 1")) == len(workers)
                # Pending at most between the first scrapes of the two.
                and not prometheus.series('ALERTS{alertname="PultPartitionsUnowned"}')
            )

        wait_for(seen, 30, "rules and metrics in Prometheus")
        partitions = prometheus.series("max by (partition) (pult_partition_backlog)")
        sources = prometheus.series(
            "max without (instance, job, feed) (pult_source_last_event_timestamp_seconds)"
        )
        ready = prometheus.series("pult_ready == 1")

    assert len(partitions) == EVENTS.partitions
    assert sorted(each["tenant"] for each in sources) == sorted(TENANTS)
    assert all(each.keys() == {"tenant", "source"} for each in sources)
    assert sorted(each["instance"] for each in ready) == sorted(addresses)
