"""A real Prometheus with our settings and rules."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.deploy.programs import DEPLOY, lacking
from tests.kafka import free_port
from tests.pult.command import SECONDS, dies_with_its_parent

_PROMETHEUS = DEPLOY / "prometheus"


Changes = Mapping[str, str]
"""What stands in the place of which text of settings and rules."""

IMPATIENT: Changes = {
    "interval: 5s": "interval: 500ms",
    "scrape_timeout: 4s": "scrape_timeout: 400ms",
}
"""Asks and judges more often than people need."""


class Prometheus:
    """A Prometheus with our settings; only its targets are other ones, and what is named.

    Args:
        folder: an empty folder of its own.
        targets: addresses by job, `alertmanager` among them.
        changes: what else is another one.
    """

    def __init__(
        self, folder: Path, targets: Mapping[str, Sequence[str]], changes: Changes
    ) -> None:
        self.folder = folder
        self.targets = targets
        self.port = free_port()
        shutil.copytree(_PROMETHEUS / "rules", folder / "rules")
        shutil.copy(_PROMETHEUS / "prometheus.yml", folder)
        found: set[str] = set()
        for path in (folder / "prometheus.yml", *folder.glob("rules/*.yml")):
            text = path.read_text()
            found |= {old for old in changes if old in text}
            for old, new in changes.items():
                text = text.replace(old, new)
            path.write_text(text)
        assert found == set(changes), "what is to be changed is not there"
        shutil.copytree(_PROMETHEUS / "targets-host", folder / "targets")
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
