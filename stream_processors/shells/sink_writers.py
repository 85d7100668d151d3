"""Ranges on their way into the store, in threads that know nothing of the group.

Each thread packs a range and then inserts it. They pack one at a time, for that keeps a
processor busy, and some insert at once, for that waits for the store: so while ranges are
inserted the next one is packed, and whoever reads the log goes on reading.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from clickhouse_connect.driver.client import Client

from schemas.errors import StoreFailed
from stream_processors.shells.ranges import Range
from stream_processors.shells.sink_parts import Part
from stream_processors.shells.sink_plan import SinkPlan
from stream_processors.shells.sink_records import Records
from stream_processors.shells.sink_store import Before, check_holds
from stream_processors.shells.storing import Stored, Storing


@dataclass(slots=True, eq=False)
class Work:
    """A range that is being stored; `begun` is when [monotonic s]."""

    part: Part
    told: Range
    records: Records
    future: "Future[Stored | None]"
    begun: float = field(default_factory=time.monotonic)

    def result(self) -> Stored | None:
        """Return what became of it when it has ended; None if it was not done.

        Raises:
            StoreFailed: some of it may be stored.
            TooManyRejects: too little of it can be.
        """
        return None if self.future.cancelled() else self.future.result()


class Writers:
    """The threads that store ranges, at most one range of a partition at a time.

    All but the threads' work is for the one thread that owns it.

    Args:
        plan: how many insert at once, and what the topics hold.
        open_client: opens a client of the store; called in each thread.
    """

    def __init__(self, plan: SinkPlan, open_client: Callable[[], Client]) -> None:
        self._plan = plan
        self._open_client = open_client
        self._threads = ThreadPoolExecutor(plan.writers + 1, thread_name_prefix="writer")
        self._packing = threading.Lock()
        self._inserting = threading.Semaphore(plan.writers)
        self._of_thread = threading.local()
        self._clients: list[Client] = []
        self._away = threading.Event()
        self._running: list[Work] = []
        # Of which topics and partitions something was inserted since the store failed last: one
        # that was silent since a backup is whole in it, and says nothing of the others.
        self._trusted: set[tuple[str, int]] = set()

    @property
    def room(self) -> int:
        """How many ranges to begin: one for each idle thread, and one that waits for one."""
        return max(0, self._plan.writers + 2 - len(self._running))

    @property
    def busy(self) -> set[Part]:
        """The partitions of which a range is being stored."""
        return {each.part for each in self._running}

    @property
    def longest(self) -> float:
        """How long the oldest range has been under way [s]; may be asked by any thread."""
        now = time.monotonic()
        return max((now - each.begun for each in list(self._running)), default=0.0)

    def begin(self, ranges: Iterable[tuple[Part, Range]]) -> None:
        """Begin to store ranges whose bounds are committed, in a store that may be back."""
        self._away.clear()
        for part, told in ranges:
            records = part.records(told)
            future = self._threads.submit(self._store, told, records, part.before)
            self._running.append(Work(part, told, records, future))

    def wait(self, seconds: float) -> None:
        """Wait until a range has ended, or so long."""
        if self._running:
            wait([each.future for each in self._running], seconds, FIRST_COMPLETED)

    def ended(self) -> list[Work]:
        """Return what has ended since this was asked; it runs no more."""
        ended = [each for each in self._running if each.future.done()]
        for each in ended:
            self._running.remove(each)
        return ended

    def settled(self, parts: Sequence[Part]) -> list[Work]:
        """Wait until nothing of some partitions is being stored; return what has ended.

        What has not begun never will; what has is waited for.
        """
        theirs = [each for each in self._running if each.part in parts]
        for each in theirs:
            each.future.cancel()
        wait([each.future for each in theirs])
        self._running = [each for each in self._running if each not in theirs]
        return theirs

    def close(self) -> None:
        """Wait until nothing is being stored; what has not begun never will."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        for client in self._clients:
            client.close()

    def _store(self, told: Range, records: Records, before: Before | None) -> Stored | None:
        """Pack and insert a range; None if the store is known to be away."""
        with self._packing:
            if self._away.is_set():
                return None
            kind = self._plan.topics[told.topic]
            storing = Storing(told, records, kind, self._plan.limit, self._plan.session)
            storing.pack()
        with self._inserting:
            if self._away.is_set():
                return None
            try:
                client = self._client()
                self._check_holds(client, told, before)
                stored = storing.store(client)
            except StoreFailed:
                self._away.set()
                self._trusted.clear()
                raise
            if not self._away.is_set():
                self._trusted.add((told.topic, told.partition))
            return stored

    def _check_holds(self, client: Client, told: Range, before: Before | None) -> None:
        is_known = self._plan.accept_loss or (told.topic, told.partition) in self._trusted
        if before is None or is_known or self._plan.topics[told.topic] != "events":
            return
        check_holds(client, told, before, self._plan.refill)

    def _client(self) -> Client:
        client: Client | None = getattr(self._of_thread, "client", None)
        if client is None:
            client = self._of_thread.client = self._open_client()
            self._clients.append(client)
        return client
