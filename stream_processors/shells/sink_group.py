"""The partitions that its group gives a sink, and takes away from it.

Before a partition is given away it waits for what is being written of it, so nothing is written
of a partition that is not ours. What is held of it is dropped: the next owner reads it from the
log.
"""

import logging
from collections.abc import Callable, Sequence

from confluent_kafka import Consumer, KafkaException, TopicPartition

from stream_processors.shells.continuity import UNMARKED
from stream_processors.shells.sink_brokers import BrokerErrors
from stream_processors.shells.sink_measures import SinkMeasures
from stream_processors.shells.sink_offsets import committed, firsts
from stream_processors.shells.sink_parts import Part, named, part_of
from stream_processors.shells.sink_plan import SinkPlan
from stream_processors.shells.sink_steps import Steps
from stream_processors.shells.sink_writers import Writers

_LOG = logging.getLogger(__name__)


class Group:
    """What the group says; hears it in the thread that reads the log.

    Attributes:
        parts: the partitions that are ours, by topic and number.
        assigned: whether the group has given it partitions, or none.

    Args:
        plan: what the sink is told.
        errors: explains what brokers answer.
        writers: store what is held.
        steps: what they have stored is committed by.
        measures: what it counts.
        on_assigned: told after partitions were assigned.
    """

    def __init__(
        self,
        plan: SinkPlan,
        errors: BrokerErrors,
        writers: Writers,
        steps: Steps,
        measures: SinkMeasures,
        on_assigned: Callable[[], None],
    ) -> None:
        self._plan = plan
        self._errors = errors
        self._writers = writers
        self._steps = steps
        self._measures = measures
        self._on_assigned = on_assigned
        self.parts: dict[tuple[str, int], Part] = {}
        self.assigned = False

    def join(self, consumer: Consumer) -> None:
        """Have the consumer join the group."""
        consumer.subscribe(
            list(self._plan.topics),
            on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost,
        )  # fmt: skip

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        try:
            parts = [part_of(each) for each in committed(consumer, partitions)]
            first = firsts(consumer, partitions)
        except KafkaException as error:
            # Without the bounds nothing may be stored; after a restart they are asked again.
            self._steps.failure = self._errors.fatal(error.args[0])
            return
        begins = []
        for part in parts:
            where = part.topic, part.number
            if self._plan.accept_loss:
                part.mark = UNMARKED
            begins.append(TopicPartition(*where, part.begin(first[where])))
            self.parts[where] = part
        consumer.assign(begins)
        self.assigned = True
        self._measures.rebalances += 1
        _LOG.info("assigned partitions=%s", named(partitions))
        if replayed := [str(part.pending) for part in parts if part.pending is not None]:
            _LOG.info("stores again what was pending ranges=%s", ",".join(replayed))
        self._on_assigned()

    def _on_revoke(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        """Give partitions away once nothing is written of them."""
        mine = self._ours(partitions)
        written = sum(each in self._writers.busy for each in mine)
        if written:
            _LOG.info("stores to its end before it gives away partitions=%d", written)
        self._steps.settle(mine)
        _LOG.info("revoked partitions=%s dropped=%d", named(partitions), self._drop(partitions))

    def _on_lost(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        """Let go of partitions that others may have already; what was stored they find."""
        self._writers.settled(self._ours(partitions))
        dropped = self._drop(partitions)
        _LOG.info("taken away partitions=%s dropped=%d", named(partitions), dropped)

    def _ours(self, partitions: Sequence[TopicPartition]) -> list[Part]:
        found = [self.parts.get((each.topic, each.partition)) for each in partitions]
        return [each for each in found if each is not None]

    def _drop(self, partitions: list[TopicPartition]) -> int:
        """Forget partitions; return how many records of them were held."""
        dropped = 0
        for each in partitions:
            part = self.parts.pop((each.topic, each.partition), None)
            self._measures.backlog.pop((each.topic, each.partition), None)
            dropped += len(part.held) if part is not None else 0
        return dropped
