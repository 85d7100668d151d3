"""Folds days again that events reached too late, beside the live fold.

The days are folded up to a position from the store, while the live fold goes on and its facts
wait. Then the new state is taken through what came meanwhile and replaces the live one; the
facts that waited are dropped for those of the new state. What the wall showed stays as shown.
"""

import logging
import threading
import time
from collections.abc import Callable

from producers.journal import Journal
from producers.once import translated_once
from pult.embedded import Pipeline, folded, frames_between
from pult.keeper import Keeper
from pult.refold import refold_days
from schemas.errors import PultFailure
from schemas.facts import Fact, Rejected, TeamSample, WallSample
from sql.embedded import EmbeddedStore
from stream_processors.core.state import State, Terms
from stream_processors.shells.embedded_measures import EmbeddedMeasures

LOOK_SECONDS = 1.0
REST_SHARE = 3.0
"""Between two times it rests so many times as long as the last one took: late lines of a log
come one after another, and one fold serves them all."""

NEAR_FRAMES = 1_000
"""So few are left to the end when the live fold is held still for them."""

_AS_SHOWN = (WallSample, TeamSample, Rejected)
_LOG = logging.getLogger(__name__)


class LateDays:
    """Watches a pipeline for days to fold again.

    Attributes:
        trouble: why it could not be done the last time; empty if it could.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        keeper: Keeper,
        journal: Journal,
        open_store: Callable[[], EmbeddedStore],
        measures: EmbeddedMeasures,
    ) -> None:
        """Watch a pipeline.

        Args:
            pipeline: whose state says which days are dirty.
            keeper: writes what it concludes.
            journal: holds what comes while days are folded again.
            open_store: opens the store once more, for a thread of its own.
            measures: what is counted.
        """
        self.trouble = ""
        self._pipeline = pipeline
        self._keeper = keeper
        self._journal = journal
        self._open_store = open_store
        self._measures = measures

    @property
    def days(self) -> list[str]:
        """The local days that wait to be folded again."""
        with self._pipeline.state() as state:
            return list(state.dirty_days)

    def run(self, stopped: threading.Event) -> None:
        """Fold again whatever is dirty until stopped, in a thread of its own."""
        rest_until = 0.0
        while not stopped.wait(LOOK_SECONDS):
            days = self.days
            if not days or time.monotonic() < rest_until:
                continue
            started = time.monotonic()
            try:
                self.fold_again(days, stopped)
                self.trouble = ""
            except PultFailure as failure:
                self.trouble = f"days {', '.join(days)} are not folded again: {failure}"
                told = ",".join(days)
                _LOG.warning("not folded again, tried later days=%s: %s", told, failure)
            rest_until = time.monotonic() + REST_SHARE * (time.monotonic() - started)

    def fold_again(self, days: list[str], stopped: threading.Event) -> None:
        """Fold days again and go on from their outcome; give up when stopped.

        Raises:
            PultFailure: it could not be done; the live fold goes on as it was.
        """
        started = time.monotonic()
        position = self._keeper.save(withhold=True)
        try:
            state = self._folded(days, position, stopped)
            if state is None:
                return
            events = self._replace(state, position)
        finally:
            self._keeper.release()
        self._keeper.save()
        seconds = time.monotonic() - started
        self._measures.refolds.inc()
        self._measures.refold.observe(seconds)
        _LOG.info(
            "folded again days=%s position=%d meanwhile=%d seconds=%.1f",
            ",".join(days), position, events, seconds,
        )  # fmt: skip

    def _folded(self, days: list[str], position: int, stopped: threading.Event) -> State | None:
        names = self._pipeline.names
        terms = Terms(self._pipeline.terms.policies, refold_at=max(1, position))

        def go_on(*_: int) -> None:
            if stopped.is_set():
                raise _Stopped

        store = self._open_store()
        try:
            return refold_days(store, names.tenant, names.domain, terms, days, go_on).state
        except _Stopped:
            return None
        finally:
            store.close()

    def _replace(self, state: State, position: int) -> int:
        """Take a state through what came meanwhile; let it replace the live one."""
        facts: list[Fact] = []
        reached = position

        def follow(until: int) -> None:
            nonlocal reached
            for frames in frames_between(self._journal, reached, until):
                events, _ = translated_once(self._journal, frames, self._pipeline.names)
                facts.extend(folded(state, events, self._pipeline.terms))
            reached = until

        while self._pipeline.position - reached > NEAR_FRAMES:
            follow(self._pipeline.position)

        def swap(
            live: State, live_position: int, waiting: list[Fact]
        ) -> tuple[State, list[Fact]]:
            follow(live_position)
            state.rejected = dict(live.rejected)
            shown = [each for each in waiting if isinstance(each, _AS_SHOWN)]
            return state, shown + [each for each in facts if not isinstance(each, _AS_SHOWN)]

        self._pipeline.replace(swap)
        return reached - position


class _Stopped(Exception):
    """The process is about to end; the days stay dirty."""
