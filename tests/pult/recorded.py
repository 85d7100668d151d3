"""`pult run` on recordings in the place of its sources: a process that may be killed.

    python -m tests.pult.recorded DATA CONFIG PACE pbx1=asterisk-ami:ami.log +pbx1=...

Recordings are told at their own times, so that telling them again after a crash is telling the
same messages again, and an import of the same files says what must come of it. One with a plus
before it waits until the first one is told. Kinds that are no recordings: `nothing` (a source
that never speaks), `refused` (one that does not let us in), `hung` (one that does not stop),
`careless` (one under which a state is kept though not all that follows from it is stored).
Under `small` no more than 500 rows wait for the store.
SIGUSR1 fills the disk of the journal, SIGUSR2 makes room again.

PACE is so many messages a second, or for one of several lives `1/26/2` (the last one: `1/1/2`):
that share of what no life has told yet, in 2 seconds. As a log is read on from its place, it
begins a little before the last message that an earlier life was told to be kept.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from producers.frame import Frame, Rejected
from producers.kinds import KINDS
from producers.source import Take
from pult import running, settings
from pult.embedded import Pending
from pult.feeds import Wired
from pult.keeper import Keeper, Pace
from pult.runtime import Runtime
from schemas.errors import PultFailure
from tests.pult.command import SECONDS, dies_with_its_parent, environment, wait_for

AT_ONCE = 40
AGAIN = 5
"""Messages that a life tells again although they are kept."""


class Told:
    """A recording told at so many messages a second; then it leaves a file behind."""

    def __init__(
        self, frames: Iterator[Frame | Rejected], rate: float, mark: Path, after: Sequence[Path]
    ) -> None:
        self._frames = frames
        self._rate = rate
        self._at_once = min(AT_ONCE, max(1, round(rate / 20)))
        self._mark = mark
        self._after = after
        self._unkept: list[Frame | Rejected] = []

    def run(self, take: Take, stopped: threading.Event) -> None:
        """Tell it once; what could not be kept is told again."""
        while not all(each.exists() for each in self._after):
            if stopped.wait(0.02):
                return
        began, count = time.monotonic(), 0
        while batch := self._unkept or list(islice(self._frames, self._at_once)):
            if stopped.is_set():
                return
            self._unkept = batch
            take(batch)
            self._unkept = []
            count += len(batch)
            self.kept(len(batch))
            stopped.wait(max(0.0, began + count / self._rate - time.monotonic()))
        self._mark.touch()
        stopped.wait()

    def kept(self, count: int) -> None:
        """Hear that so many more messages are kept."""


class Shared(Told):
    """The share of one of several lives, which remembers what was kept."""

    def __init__(
        self, frames: Iterator[Frame | Rejected], pace: str, mark: Path, after: Sequence[Path]
    ) -> None:
        lives, seconds = pace.split("/")[1:]
        every = list(frames)
        self._place = mark.with_suffix(f"{mark.suffix}.place")
        place = int(self._place.read_text()) if self._place.exists() else 0
        end = place + -((place - len(every)) // int(lives))
        self._at = max(0, place - AGAIN)
        share = every[self._at : end]
        super().__init__(iter(share), max(1.0, len(share) / float(seconds)), mark, after)

    def kept(self, count: int) -> None:
        """Remember the place; whoever is killed before tells these messages again."""
        self._at += count
        scratch = self._place.with_suffix(".new")
        scratch.write_text(str(self._at))
        scratch.replace(self._place)


class Careless(Keeper):
    """Forgets to store the first of what follows, and keeps states that stand for it."""

    def __init__(self, runtime: Runtime) -> None:
        self._forgot = False
        super().__init__(
            runtime.pipeline, runtime.store, runtime.snapshots, runtime.measures, Pace(0.3)
        )

    def _write(self, pending: Pending) -> None:
        if pending.events and not self._forgot:
            self._forgot = True
            return
        super()._write(pending)


class Odd:
    """A source that is no good."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def run(self, _: Take, stopped: threading.Event) -> None:
        """Behave as the kind says."""
        if self._kind == "refused":
            msg = "cannot log in: the password is wrong"
            raise PultFailure(msg)
        stopped.wait()
        if self._kind == "hung":
            threading.Event().wait()


def main(data: str, config: str, pace: str, *recordings: str) -> None:
    """Run until a signal comes."""
    made: list[Wired] = []
    marks: list[Path] = []
    for each in recordings:
        name, kind, path = re.split("[=:]", each.removeprefix("+"), maxsplit=2)
        if kind not in KINDS:
            made.append(Wired(name, Odd(kind)))
            continue
        mark = Path(f"{data}.told{len(marks)}")
        mark.unlink(missing_ok=True)
        frames = KINDS[kind].frames([Path(path)], name, 0, 0)
        after = marks[:1] if each.startswith("+") else []
        made.append(Wired(name, (
            Shared(frames, pace, mark, after)
            if "/" in pace
            else Told(frames, float(pace), mark, after)
        )))  # fmt: skip
        marks.append(mark)

    def sources(runtime: Runtime) -> Sequence[Wired]:
        def pages(most: int) -> None:
            newest = runtime.journal._days[-1]._connection
            newest.execute(f"PRAGMA max_page_count = {most}")

        if any(each.endswith("=careless:") for each in recordings):
            runtime.keeper = Careless(runtime)
        if any(each.endswith("=small:") for each in recordings):
            runtime.keeper.most_rows = 500
        # It cannot become smaller than the file is now.
        signal.signal(signal.SIGUSR1, lambda *_: pages(1))
        signal.signal(signal.SIGUSR2, lambda *_: pages(1_000_000))
        return made

    running.run(settings.load(Path(config)), Path(data), os.environ, sources, print)


class Recorded:
    """Such a process, which may be started again and again."""

    def __init__(self, data: Path, config: Path, pace: float | str, *recordings: str) -> None:
        self.data = data
        self.recordings = recordings
        self.pace = pace
        self._config = config
        self._said = data.with_suffix(".said")

    @property
    def said(self) -> str:
        """All lines so far, of all its lives."""
        return self._said.read_text()

    @contextmanager
    def started(self, *instead: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Start it once more and wait until its pages answer; it is gone afterwards."""
        (self.data / "endpoint.json").unlink(missing_ok=True)
        words = (self.data, self._config, self.pace, *(instead or self.recordings))
        with self._said.open("ab") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.pult.recorded", *map(str, words)],
                stdout=said, stderr=said, env=environment(), cwd=Path(__file__).parents[2],
                preexec_fn=dies_with_its_parent,
            )  # fmt: skip
        try:
            told = self.data / "endpoint.json"
            wait_for(lambda: told.exists() or process.poll() is not None, SECONDS, "a start")
            assert process.poll() is None, self.said
            yield process
        finally:
            process.kill()
            process.wait()

    def page(self, path: str) -> tuple[int, str]:
        """Return status and text of one of its pages."""
        address = json.loads((self.data / "endpoint.json").read_text())["wall"]
        try:
            with urlopen(address + path, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def picture(self) -> dict[str, Any]:
        """Return what the wall is sent."""
        address = json.loads((self.data / "endpoint.json").read_text())["wall"]
        with urlopen(f"{address}/live", timeout=20) as stream:
            line = next(each for each in stream if each.startswith(b"data: "))
        picture: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
        return picture

    def metric(self, name: str) -> float:
        """Return a metric; with its labels if it has some."""
        text = self.page("/metrics")[1]
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        assert found is not None, (name, text)
        return float(found[1])

    def wait_until_told(self) -> None:
        """Wait until all recordings are told and applied."""
        marks = [Path(f"{self.data}.told{n}") for n in range(len(self.recordings))]
        wait_for(lambda: all(mark.exists() for mark in marks), SECONDS, "all is told")
        wait_for(lambda: "restored" not in self.page("/readyz")[1], SECONDS, "a state")
        wait_for(lambda: self.metric("pult_journal_backlog_frames") == 0, SECONDS, "applied")

    def end(self, process: "subprocess.Popen[bytes]") -> None:
        """Tell it to stop; it must do so within the grace period."""
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0, self.said


if __name__ == "__main__":
    main(*sys.argv[1:])
