"""Where several sources meet one journal: who comes while a commit runs shares the next one.

A commit costs the disk's answer, however few frames it holds. So the threads of all sources
hand over what they have, and one of them, whoever is next, commits for all that wait.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from producers.frame import Frame, Rejected
from producers.journal import Journal
from schemas.errors import JournalFailed

_LOG = logging.getLogger(__name__)
_REMEMBERED = 10_000
"""Commits whose time is known; who is further behind is measured at the oldest of them."""


@dataclass(slots=True)
class _Handed:
    """What one source handed over, and what became of it."""

    frames: Sequence[Frame | Rejected]
    done: bool = False
    failure: str = ""


class Intake:
    """Keeps the frames of all sources in one journal, in one sequence.

    Attributes:
        trouble: why the last commit failed; empty if it did not.
    """

    def __init__(
        self, journal: Journal, today: Callable[[], date], committed: Callable[[], None]
    ) -> None:
        """Stand before a journal.

        Args:
            journal: where frames are kept.
            today: names the file that frames of now belong into.
            committed: called after each commit; it must not wait.
        """
        self.trouble = ""
        self._journal = journal
        self._today = today
        self._committed = committed
        self._turn = threading.Lock()
        self._held = threading.Lock()
        self._waiting: list[_Handed] = []
        self._commits: deque[tuple[int, float]] = deque(maxlen=_REMEMBERED)

    def take(self, frames: Sequence[Frame | Rejected]) -> None:
        """Keep frames; once this returns they survive a crash.

        Raises:
            JournalFailed: nothing of them was kept; the source has to say them again.
        """
        mine = _Handed(frames)
        with self._held:
            self._waiting.append(mine)
        with self._turn:
            if not mine.done:
                self._commit()
        if mine.failure:
            raise JournalFailed(mine.failure)

    def committed_at(self, position: int) -> float | None:
        """Return when a position was committed [s, monotonic], None if before this process.

        Positions must be asked for in rising order: what lies before is forgotten.
        """
        commits = self._commits
        while commits and commits[0][0] < position:
            commits.popleft()
        return commits[0][1] if commits else None

    def _commit(self) -> None:
        with self._held:
            handed, self._waiting = self._waiting, []
        frames = [frame for each in handed for frame in each.frames]
        failure = ""
        try:
            self._journal.rotate(self._today())
            self._journal.append(frames)
            self._commits.append((self._journal.last_position, time.monotonic()))
        except JournalFailed as error:
            failure = str(error)
        except BaseException as defect:
            # Those who wait must not take it for kept, whatever ends the one who commits.
            failure = f"the journal has a defect: {defect!r}"
            raise
        finally:
            for each in handed:
                each.failure, each.done = failure, True
            self._say(failure)
        if not failure:
            self._committed()

    def _say(self, failure: str) -> None:
        """Say once that nothing can be kept, and once that it can again."""
        if failure and not self.trouble:
            _LOG.warning("%s; what sources say is not acknowledged", failure)
        elif self.trouble and not failure:
            _LOG.info("the journal takes messages again")
        self.trouble = failure
