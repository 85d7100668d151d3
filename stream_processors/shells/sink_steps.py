"""The three steps in which a sink stores a range of records, whatever dies between them.

Its bounds are committed beside the offset, its rows are inserted under tokens made of the
bounds, the offset behind it is committed. Whoever comes after a death finds the bounds and does
the same again, which the store recognises. What fails stays pending, and is tried again.
"""

import time
from collections.abc import Callable, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from schemas.errors import PultFailure, StoreFailed
from stream_processors.shells.ranges import Note, Range
from stream_processors.shells.rejects import RejectWatch
from stream_processors.shells.sink_brokers import BrokerErrors
from stream_processors.shells.sink_measures import SinkMeasures
from stream_processors.shells.sink_offsets import NOT_OURS
from stream_processors.shells.sink_parts import Part, place
from stream_processors.shells.sink_plan import SinkPlan
from stream_processors.shells.sink_records import Records
from stream_processors.shells.sink_writers import Work, Writers
from stream_processors.shells.spell import Spell
from stream_processors.shells.storing import Stored

_AGAIN_SECONDS = 0.1


class Steps:
    """Takes ranges from one step to the next; all in the thread that reads the log.

    Attributes:
        failure: what makes it impossible to go on, noted where nothing can be raised.
        spell: whether the store takes rows.
        retry_at: when to begin with ranges again, if something has failed [monotonic s].

    Args:
        plan: what the sink is told.
        consumer: commits.
        errors: told what brokers answer to that.
        writers: insert.
        measures: told of what is stored.
        explain: puts a failure of the store into one line.
        make_durable: puts on the disk what was inserted, where the store does not do so itself;
            raises StoreFailed if that is impossible.
        on_stored: told of each range after it was stored and committed; must not wait.
    """

    def __init__(
        self,
        plan: SinkPlan,
        consumer: Consumer,
        errors: BrokerErrors,
        writers: Writers,
        measures: SinkMeasures,
        *,
        explain: Callable[[StoreFailed], str],
        make_durable: Callable[[], None],
        on_stored: Callable[[Range, Stored], None],
    ) -> None:
        self._plan = plan
        self._consumer = consumer
        self._errors = errors
        self._writers = writers
        self._measures = measures
        self._explain = explain
        self._make_durable = make_durable
        self._on_stored = on_stored
        self._watch = RejectWatch(plan.limit)
        self.failure: PultFailure | None = None
        self.spell = Spell()
        self.retry_at = 0.0

    def begin(self, ranges: Sequence[tuple[Part, Range]]) -> bool:
        """Note the bounds of ranges, then begin to store them; False if that is impossible."""
        fresh = [
            place(told, told.first, Note(told, part.mark))
            for part, told in ranges
            if part.pending is None
        ]
        if not self._commit(fresh):
            return False
        for part, told in ranges:
            part.pending = told
        self._writers.begin(ranges)
        return True

    def conclude(self, ended: Sequence[Work]) -> None:
        """Commit what is stored, and note what could not be; it stays pending.

        Raises:
            TooManyRejects: too little of it can be stored.
        """
        done: list[tuple[Part, Range, Records, Stored]] = []
        failures: list[PultFailure] = []
        for work in ended:
            try:
                if stored := work.result():
                    done.append((work.part, work.told, work.records, stored))
            except PultFailure as failure:
                failures.append(failure)
        try:
            if done:
                self._finish(done)
        except StoreFailed as failure:
            failures.append(failure)
        for each in failures:
            if not isinstance(each, StoreFailed):
                raise each
            # Those that ran at once with the first one say nothing new.
            if time.monotonic() >= self.retry_at:
                self.retry_at = self.spell.begins(self._explain(each))
        if done and time.monotonic() >= self.retry_at:
            self.spell.ends()

    def settle(self, parts: Sequence[Part]) -> None:
        """Wait for what is being stored of partitions, and commit it."""
        try:
            self.conclude(self._writers.settled(parts))
        except PultFailure as failure:
            self.failure = failure

    def _finish(self, done: list[tuple[Part, Range, Records, Stored]]) -> None:
        """Commit what is stored; where that fails it stays pending and is stored again.

        Raises:
            StoreFailed: it cannot be put on the disk.
        """
        self._make_durable()
        for _, _, _, stored in done:
            self._watch.note(stored.records, len(stored.rejected))
        places = [
            place(told, told.last + 1, Note(mark=records.mark)) for _, told, records, _ in done
        ]
        if not self._commit(places):
            return
        clock = time.time()
        for part, told, records, stored in done:
            # None: the log has lost them since their bounds were committed.
            oldest = records.times_ms[0] / 1000 if records else clock
            part.stored(told, len(records))
            self._measures.note(self._plan.topics[told.topic], stored, clock - oldest)
            self._on_stored(told, stored)

    def _commit(self, places: list[TopicPartition]) -> bool:
        """Commit offsets; False if that did not happen, which is tried again."""
        if not places:
            return True
        try:
            answers = self._consumer.commit(offsets=places, asynchronous=False) or []
        except KafkaException as error:
            self._not_committed(error.args[0])
            return False
        wrong = next((each.error for each in answers if each.error is not None), None)
        if wrong is not None:
            self._not_committed(wrong)
        return wrong is None

    def _not_committed(self, error: KafkaError) -> None:
        self.retry_at = max(self.retry_at, time.monotonic() + _AGAIN_SECONDS)
        # Partitions that were taken away are dropped as soon as the consumer is asked again.
        if error.code() not in NOT_OURS:
            self.retry_at = self._errors.refused(error)
