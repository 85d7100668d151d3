"""Progress of long work: a bar on a terminal, a plain line now and then elsewhere."""

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

_SAY_EVERY_SECONDS = 5.0
_NAMES = {"read": "reading", "fold": "folding"}


class Progress:
    """Shows how far an import or a rebuild is: what is read first, then events are folded."""

    def __init__(self, what: str) -> None:
        self._bar: Bar | None = None
        self._tasks: dict[str, TaskID] = {}
        self._said = self._started = time.monotonic()
        self._what = what
        if sys.stderr.isatty():
            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )

    def __enter__(self) -> "Progress":
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, stage: str, count: int, of: int | None = None) -> None:
        """Tell that `count` (of `of`, if that is known) are done in a stage: read or fold."""
        now = time.monotonic()
        rate = f"{count / max(now - self._started, 0.001):,.0f}/s"
        if self._bar is not None:
            task = self._tasks.get(stage)
            if task is None:
                task = self._tasks[stage] = self._bar.add_task(
                    f"{_NAMES[stage]} {self._what}", total=of, rate=rate
                )
                self._started = now
            self._bar.update(task, completed=count, total=of, rate=rate)
        elif now - self._said >= _SAY_EVERY_SECONDS:
            self._said = now
            share = f" of {of}" if of else ""
            print(f"{_NAMES[stage]} {self._what}: {count}{share}, {rate}", file=sys.stderr)
