"""A transport for Faust that hands over batches: one message for each partition and fetch.

Faust keeps what it is good at: membership, assignment, revocation, lifecycle. What costs it a
hundred microseconds for each event is gone, and so are its books of acknowledged offsets, which
lose or hold up commits: only what the ledger says is safe is committed, and after an assignment
a partition is read from where its state stands, not from what was committed.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import faust
from aiokafka.consumer import fetcher as aiokafka_fetcher
from aiokafka.errors import KafkaError
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage, Message
from mode import Service

from schemas.errors import LogTorn, PultFailure
from stream_processors.shells.continuity import new_of
from stream_processors.shells.ledger import Ledger, Range
from stream_processors.shells.membership import Holder
from stream_processors.shells.partition import LogRecord

SCHEME = "pult"
FETCH_MAX_WAIT_MS = 25
FETCH_MIN_BYTES = 65_536
"""The broker collects for 25 ms: each answer costs a worker 3 ms, whatever is in it."""

LEAVE_SECONDS = 3.0
"""What taking leave of the group may take; there may be no broker to take leave of."""

_FETCH_SECONDS = 1.0
_LOG = logging.getLogger("faust.pult")
"""Says what Faust says of its services; our own transitions are the worker's to tell."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """First offset that the log still has, and the one that its next record gets."""

    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one partition in the order of the log, and the range they stand for."""

    range: Range
    records: Sequence[LogRecord]
    end: int
    """Next offset that the log had when this was fetched."""


class Keeper(Protocol):
    """Whoever keeps the states of the partitions."""

    ledger: Ledger

    async def restore(self, bounds: Mapping[int, Bounds]) -> Mapping[int, int]:
        """Make these partitions, and no others, ready; return where to read on in each."""

    async def save(self, partitions: Iterable[int]) -> None:
        """Make all that was applied of these partitions durable: they may go elsewhere."""

    def rebalanced(self, partitions: Iterable[int]) -> None:
        """Hear which partitions were taken away until the next assignment."""

    def mark(self, partition: int) -> int:
        """Return the mark of the record before the first that is to be read."""

    def passed(self, partition: int, offset: int) -> None:
        """Hear that what was handed over is all there is of a partition up to an offset."""

    def displaced(self, host: str) -> None:
        """Hear that a worker at another address, or here, has joined under our name."""

    def fail(self, failure: PultFailure) -> None:
        """Go no further."""


class BatchApp(faust.App):
    """A Faust application on this transport.

    Attributes:
        keeper: told of partitions that come and go; set before the start.
        holder: returns who has the place of our name in the group; blocks; set before, too.
        events: the topic that is read.
    """

    logger = _LOG
    keeper: Keeper
    holder: Callable[[], Holder | None]
    events: str

    def _create_directories(self) -> None:
        """Make no folder for tables: there are none, and the disk may be read-only."""


class _Records(aiokafka_fetcher.PartitionRecords):
    """Hands over records as unpacked; aiokafka makes an object of 12 fields of each."""

    def _consumer_record(self, tp: object, record: LogRecord) -> LogRecord:
        return record


class _ConsumerThread(driver.AIOKafkaConsumerThread):
    """Sets what the driver has no settings for."""

    logger = _LOG

    def _create_worker_consumer(self, transport: driver.Transport) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_MAX_WAIT_MS
        consumer._fetch_min_bytes = FETCH_MIN_BYTES
        # What was aborted is no event: the sink and a rebuild do not read it either.
        consumer._isolation_level = "read_committed"
        return consumer

    def read_to(self, tp: TP) -> int:
        """Return up to where a partition was fetched, with what is no record; 0 if unknown."""
        assignment = self._ensure_consumer()._subscription.subscription.assignment
        state = assignment.state_value(tp)
        return state.position if state is not None and state.has_valid_position else 0

    @property
    def member(self) -> str:
        """Our id in the group; empty while the group does not know us."""
        return str(self._ensure_consumer()._coordinator.member_id)

    async def on_thread_stop(self) -> None:
        """Leave the group, or let its members wait for the session's end if nobody answers."""
        try:
            async with asyncio.timeout(LEAVE_SECONDS):
                await super().on_thread_stop()
        except (KafkaError, TimeoutError, asyncio.CancelledError) as error:
            # The last is that of a fetch, which aiokafka has cancelled and waited for.
            self.log.info("left the group without a word: %r", error)


class BatchConsumer(driver.Consumer):
    """Delivers batches and commits what is safe."""

    logger = _LOG
    _thread: _ConsumerThread
    _tell_at = 0.0
    _member = ""

    @property
    def _keeper(self) -> Keeper:
        return cast(BatchApp, self.app).keeper

    @property
    def _ledger(self) -> Ledger:
        return self._keeper.ledger

    def _new_consumer_thread(self) -> _ConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # --- delivery ---------------------------------------------------------------------------

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        """Fetch once; return a message with a batch for each partition."""
        generation = self.app.consumer_generation_id
        records, _ = await self._wait_next_records(timeout)
        if records is None or self.should_stop:
            return
        firsts = await self._firsts_of_holes(records)
        for tp, found in records.items():
            # Looked at each time: a rebalance may pass while the one before is handed over.
            if not self.flow_active or self.app.consumer_generation_id != generation:
                await self._read_again(records)
                return
            try:
                new = self._new_of(tp, found, firsts.get(tp, 0))
            except LogTorn as failure:
                self._keeper.fail(failure)
                return
            given = self._ledger.hand_over(tp.partition, new[-1].offset + 1) if new else None
            if given is not None:
                yield tp, self._message(tp, Batch(given, new, self.highwater(tp)), generation)
        if self.flow_active and self.app.consumer_generation_id == generation:
            self._tell_passed()

    def _tell_passed(self) -> None:
        """Tell where a log ends in marks of transactions, which are never handed over."""
        now = time.monotonic()
        if now < self._tell_at:
            return
        self._tell_at = now + _FETCH_SECONDS
        for tp in self.assignment():
            position, end = self._ledger.position(tp.partition), self._thread.read_to(tp)
            if position is not None and end > position:
                self._keeper.passed(tp.partition, end)

    async def _firsts_of_holes(self, records: Mapping[TP, Sequence[Any]]) -> Mapping[TP, int]:
        """Return where logs begin of which something is missing before what was fetched.

        Retention may have overtaken us, and the client then goes on behind the hole in silence.
        """
        holes = [
            tp for tp, found in records.items()
            if found and found[0].offset > (self._ledger.position(tp.partition) or 0)
        ]  # fmt: skip
        return await self.earliest_offsets(*holes) if holes else {}

    def _new_of(self, tp: TP, found: Sequence[Any], first: int) -> Sequence[LogRecord]:
        """Return what is to be handed over of records that were fetched.

        Raises:
            LogTorn: they do not follow what was handed over before.
        """
        position = self._ledger.position(tp.partition)
        records = cast(Sequence[LogRecord], found)
        if not records or position is None or records[0].offset == position:
            return records
        where = f"{tp.topic} partition {tp.partition}"
        bounds = Bounds(first, self.highwater(tp))
        return new_of(where, records, position, self._keeper.mark(tp.partition), bounds)

    def _message(self, tp: TP, batch: Batch, generation: int) -> Message:
        last = batch.records[-1]
        return ConsumerMessage(
            tp.topic, tp.partition, batch.range.end - 1, last.timestamp / 1000, 0,
            None, None, cast(bytes, batch), None, 0, 0, tp, generation_id=generation,
        )  # fmt: skip

    async def _read_again(self, tps: Iterable[TP]) -> None:
        """Fetched for an assignment that is over; in the present one it must be read, too."""
        positions = {}
        for tp in tps:
            position = self._ledger.position(tp.partition)
            if position is not None and tp in self.assignment():
                positions[tp] = position
        if positions and self.flow_active:
            await self.seek_wait(positions)

    async def _drain_messages(self, fetcher: Any) -> None:
        deliver = self.callback
        stopped = cast(Service, fetcher)._stopped.is_set
        try:
            while not (self._stopped.is_set() or stopped()):
                await asyncio.sleep(0)
                async for _, message in self.getmany(_FETCH_SECONDS):
                    # Faust wraps this in four tasks to be woken by a rebalance; it waits only
                    # for flow control and full queues, and a rebalance releases both.
                    await deliver(message)
        except asyncio.CancelledError:
            if not self.app.should_stop:
                raise
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                raise

    # --- assignment -------------------------------------------------------------------------

    async def perform_seek(self) -> None:
        """Restore the states of what is assigned and read on where they stand.

        Faust calls it after each assignment, before the flow of messages is resumed.
        """
        self._member = self._thread.member
        tps = {tp.partition: tp for tp in self.assignment()}
        first = await self.earliest_offsets(*tps.values())
        end = await self.highwaters(*tps.values())
        bounds = {each: Bounds(first[tp], end[tp]) for each, tp in tps.items()}
        positions = await self._keeper.restore(bounds)
        if positions:
            # One record more than is needed: it shows whether this is still the same log.
            begins = {each: max(bounds[each].first, at - 1) for each, at in positions.items()}
            await self.seek_wait({tps[each]: offset for each, offset in begins.items()})
        self._ledger.begin(positions)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Stop the flow, then make everything durable and commit it, then let go."""
        await super().on_partitions_revoked(revoked)
        partitions = [tp.partition for tp in revoked]
        if not self.app.should_stop:
            await self._keeper.save(partitions)
            await self.commit()
        self._ledger.forget(partitions)
        self._keeper.rebalanced(partitions)
        await self._look_for_another()

    async def _look_for_another(self) -> None:
        """Tell if our place in the group was taken, which takes a worker of the same name.

        We are asked before we join again, so whoever has the place now is not us.
        """
        if self._member and not self.app.should_stop and not self._thread.member:
            held = await asyncio.to_thread(cast(BatchApp, self.app).holder)
            if held is not None and held.member != self._member:
                self._keeper.displaced(held.host)

    async def on_stop(self) -> None:
        """Nothing: the drain has committed; without brokers a commit would wait for ever."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: it would look at books that are not kept here."""

    # --- offsets ----------------------------------------------------------------------------

    def ack(self, message: Message) -> bool:
        """Take a message as done without moving an offset: only the ledger does."""
        message.acked = True
        self._unacked_messages.discard(message)
        return False

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Nothing: a ledger of ranges has no gaps to remember."""

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (TP(cast(BatchApp, self.app).events, each) for each in self._ledger.partitions)

    async def maybe_wait_for_commit_to_finish(self) -> bool:
        """Wait for a commit that is under way; False, so that whoever waited commits, too.

        Faust takes that one for the waiter's; but what has become safe meanwhile is not in it.
        """
        while await super().maybe_wait_for_commit_to_finish():
            pass
        return False

    def _new_offset(self, tp: TP) -> int | None:
        return self._ledger.committable(tp.partition)

    def _should_commit(self, tp: TP, offset: int) -> bool:
        return True

    async def _commit_offsets(
        self, offsets: Mapping[TP, int], start_new_transaction: bool = True
    ) -> bool:
        assigned = self.assignment()
        mine = {tp: offset for tp, offset in offsets.items() if tp in assigned}
        if not mine or not await self._commit(mine):
            return False
        for tp, offset in mine.items():
            self._ledger.committed(tp.partition, offset)
        return True


class Transport(driver.Transport):
    """The transport that Faust finds by the scheme of a broker's URL."""

    Consumer = BatchConsumer


def register() -> None:
    """Let Faust find this transport by its scheme."""
    aiokafka_fetcher.PartitionRecords = _Records
    # The registry takes the name of a class, not the class.
    TRANSPORTS.aliases[SCHEME] = f"{__name__}:Transport"
