"""Parts of an installation: each a `pult` in a process of its own, killed and started again."""

import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from tests.kafka import free_port
from tests.pult.command import PULT, SECONDS, dies_with_its_parent, environment, wait_for

MOST_RESTARTS = 20
"""A part that ends by itself more often has more to complain of than a dead broker."""

_RUN = "\nimport sys\nfrom pult.cli import main\nsys.exit(main())\n"


@dataclass
class Part:
    """One process of `pult`; it keeps its port over restarts.

    Attributes:
        kind: `adapter`, `worker`, `sink` or `store`.
        name: its own.
        words: the command line behind `pult`; `{port}` stands for the port of its pages.
        folder: where its log is written.
        port: of its pages.
        environ: more variables of its environment.
        wanted: whether it is to run; then its supervisor starts it again when it has ended.
        restarts: how often that was.
        spoiled_by: Python that is run in the process before the command, to take a safety out
            or to fill its disk.
    """

    kind: str
    name: str
    words: Sequence[object]
    folder: Path
    port: int = field(default_factory=free_port)
    environ: Mapping[str, str] = field(default_factory=dict)
    spoiled_by: str = ""
    wanted: bool = False
    restarts: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def log(self) -> Path:
        """What it says, over all its lives."""
        return self.folder / f"{self.kind}-{self.name}.log"

    def start(self) -> None:
        """Start it; it may not be ready yet."""
        self.wanted = True
        words = [str(word).format(port=self.port) for word in self.words]
        command = [sys.executable, "-c", self.spoiled_by + _RUN] if self.spoiled_by else [PULT]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *words], env={**environment(), **self.environ},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=dies_with_its_parent,
            )  # fmt: skip

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """End it as a power cut does."""
        self.wanted = False
        assert self.process is not None
        self.process.kill()
        self.process.wait(SECONDS)

    def stop(self) -> int:
        """Tell it to stop; return its exit code."""
        self.wanted = False
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)

    def clear(self) -> None:
        """Have no process left, whatever happened."""
        self.wanted = False
        if self.alive:
            assert self.process is not None
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait(SECONDS)

    @property
    def last(self) -> str:
        """The end of what it said."""
        return self.log.read_text(errors="replace")[-2_000:]

    def get(self, path: str) -> tuple[int, str]:
        """Return status and text of a page, 0 where nobody answers."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except (URLError, OSError) as error:
            return 0, str(error)

    def metric(self, name: str) -> float:
        """Return the sum of a metric's samples, -1 while it has none."""
        found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", self.get("/metrics")[1], re.M)
        return sum(map(float, found)) if found else -1.0

    def supervise(self) -> None:
        """Start it again if it has ended by itself, as systemd and Docker do."""
        if self.wanted and self.process is not None and self.process.poll() is not None:
            self.restarts += 1
            self.start()

    def wait_until_ready(self, seconds: float = SECONDS) -> None:
        """Wait until it says that it is."""

        def settled() -> bool:
            self.supervise()
            status, why = self.get("/readyz")
            # The recording may be over: a worker then says that its sources are silent.
            ready = status == 200 or why.startswith("no source has said anything")
            return self.restarts > MOST_RESTARTS or ready

        try:
            wait_for(settled, seconds, "it is ready")
        except AssertionError as error:
            told = f"{self.kind} {self.name}: {self.get('/readyz')[1]}"
            msg = f"{error}: {told}\n{self.last}"
            raise AssertionError(msg) from None
        assert self.restarts <= MOST_RESTARTS, f"{self.kind} {self.name} ends: {self.last}"
