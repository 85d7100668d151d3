"""What the errors of brokers mean for a sink: it waits, it tells of it, or it cannot go on."""

from collections.abc import Callable, Sequence

from confluent_kafka import KafkaError, Message

from schemas.errors import LogTorn, OutputFailed
from stream_processors.shells.sink_plan import SinkPlan
from stream_processors.shells.spell import Spell

_NOT_ALLOWED = (
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
)
"""After which a client reads on where it may, and says nothing more."""

_REMEMBERED = 20


class BrokerErrors:
    """What a sink has been told by its brokers.

    Attributes:
        failure: what makes it impossible to go on, None if nothing does.
        spell: whether the brokers can be reached.

    Args:
        plan: what the sink is told.
        explain: puts errors of the brokers into one line.
    """

    def __init__(self, plan: SinkPlan, explain: Callable[[Sequence[KafkaError]], str]) -> None:
        self._plan = plan
        self._explain = explain
        self._recent: list[KafkaError] = []
        self.failure: OutputFailed | None = None
        self.spell = Spell()

    def is_error(self, message: Message) -> bool:
        """Tell whether a message is an error and no record; note it, if so.

        Raises:
            LogTorn: the log has lost what was not stored yet.
        """
        error = message.error()
        if error is not None:
            self._note(message, error)
        return error is not None

    def hear(self, error: KafkaError) -> None:
        """Note an error; all but the fatal ones the client itself mends."""
        if error.fatal() or error.code() == KafkaError._FATAL:
            msg = (
                f"cannot go on as {self._plan.name} in group {self._plan.group}: "
                f"{error.str()}; no two sinks run under one --name"
            )
            self.failure = OutputFailed(msg)
        self._recent.append(error)
        del self._recent[:-_REMEMBERED]
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self.spell.begins(self._explain(self._recent))

    def refused(self, error: KafkaError) -> float:
        """Note that brokers refused something; return when to try again [monotonic s]."""
        return self.spell.begins(self._explain([error]))

    def fatal(self, error: KafkaError) -> OutputFailed:
        """Return what to raise where an error leaves no way on."""
        return OutputFailed(self._explain([error]))

    def are_back(self) -> None:
        """Note that brokers answer."""
        self._recent.clear()
        self.spell.ends()

    def _note(self, message: Message, error: KafkaError) -> None:
        if error.code() == KafkaError._AUTO_OFFSET_RESET:
            told = f"{message.topic()} partition {message.partition()}"
            msg = (
                f"{told} does not hold the records that come next any more ({error.str()}): "
                "they were removed before they were stored, or it was made anew, or has lost "
                "its end; see Restoring in docs/operations.md; --accept-loss goes on with what "
                "is there"
            )
            raise LogTorn(msg)
        if error.code() in _NOT_ALLOWED:
            group = error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED
            what = f"join group {self._plan.group}" if group else f"read {message.topic()}"
            self.failure = self.fatal(KafkaError(error.code(), what))
        if error.code() != KafkaError._PARTITION_EOF:
            self.hear(error)
