"""`pult adapter` in a process of its own, playing a recording."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from producers.frame import Naming
from producers.identity import CallerKeys
from tests.kafka import free_port
from tests.oracles.lab_numbers import LAB
from tests.pult.command import PULT, dies_with_its_parent


class Adapter:
    """An adapter of the lab's queue log on a data folder; its port is where its metrics are."""

    def __init__(self, folder: Path, bootstrap: str, prefix: str, speed: int = 400) -> None:
        self.data = folder / "data"
        self.port = free_port()
        self.config = folder / "pult.toml"
        self.config.write_text(
            f'[kafka]\nbootstrap = "{bootstrap}"\nprefix = "{prefix}"\n'
            f"[http]\nadapter_port = {self.port}\n"
        )
        self._command = [
            PULT, "adapter", "pbx1", "--recording", LAB / "queue_log",
            "--kind", "asterisk-queue-log", "--speed", str(speed),
            "--config", self.config, "--data", self.data,
        ]  # fmt: skip
        self._said = folder / "said"

    @property
    def said(self) -> str:
        """All lines so far, of all its lives."""
        return self._said.read_text()

    def start(self, *options: str) -> "subprocess.Popen[bytes]":
        """Start it once more."""
        with self._said.open("ab") as said:
            return subprocess.Popen(
                [*map(str, self._command), *options], stdout=said, stderr=said,
                preexec_fn=dies_with_its_parent,
            )  # fmt: skip

    def get(self, path: str) -> tuple[int, str]:
        """Return status and text of one of its pages."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def metric(self, name: str) -> float:
        """Return a metric, -1 while it does not answer."""
        found = re.search(rf"^{name} (\S+)$", self.get("/metrics")[1], re.MULTILINE)
        return float(found[1]) if found else -1.0

    def names(self) -> Naming:
        """Return how it names callers: with the key in its folder."""
        key = bytes.fromhex((self.data / "caller.key").read_text().strip())
        return Naming("main", "main", CallerKeys(key))


@contextmanager
def killed_at_last(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Leave no process behind, whatever happens."""
    try:
        yield
    finally:
        process.kill()
        process.wait()
