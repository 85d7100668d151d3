"""One line of a queue log taken apart: columns, numbers, readable complaints.

Source: asterisk/asterisk main/logger.c, apps/app_queue.c.
"""

from producers.asterisk.code_pages import texts_of
from producers.asterisk.queue_log import LEAST_FIELDS
from producers.envelope import Attributes, Stamp, attributes
from producers.frame import Frame, Naming
from producers.instants import MICROSECONDS, whole_second
from schemas.errors import UntranslatableFrame
from schemas.events import Event

_NOBODY = frozenset({"NONE", ""})
_NO_CALL = _NOBODY | {"REALTIME", "MANAGER", "CLI"}
_LONGEST_NUMBER = 15


class QueueLogLine:
    """The columns of one line; those that are missing at its end are unknown, not errors."""

    __slots__ = (
        "_names",
        "_stamp",
        "_text",
        "agent",
        "channel",
        "data",
        "frame",
        "queue",
        "verb",
    )

    def __init__(self, frame: Frame, names: Naming) -> None:
        self.frame = frame
        self._names = names
        fields = texts_of(frame.content, b"|")
        self._text = "|".join(fields)
        second = whole_second(fields[0])
        if second is None or len(fields) < LEAST_FIELDS:
            why = "it is not epoch|callid|queue|agent|verb"
            raise self.untranslatable(why)
        _, channel, queue, agent, self.verb, *self.data = fields
        self.channel = "" if channel in _NO_CALL else channel
        self.queue = "" if queue in _NOBODY else queue
        self.agent = "" if agent in _NOBODY else agent
        # A second has fewer than a million lines: the feed's sequence is the microsecond that
        # the log does not tell.
        at_us = second * MICROSECONDS
        identity = (frame.content, str(frame.repeat))
        self._stamp = Stamp(at_us, at_us + frame.ordinal, "source", identity, 1000)

    def text(self, column: int) -> str:
        """Return `data<column>`, '' if the line ends before it."""
        return self.data[column - 1] if column <= len(self.data) else ""

    def number(self, column: int) -> int | None:
        """Return `data<column>` as a whole number, None if it is empty or missing.

        Raises:
            UntranslatableFrame: it is something else.
        """
        value = self.text(column).strip()
        if not value:
            return None
        digits = value[1:] if value[0] == "-" else value
        if not (digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER):
            why = f"data{column} is not a whole number"
            raise self.untranslatable(why)
        return int(value)

    def milliseconds(self, column: int) -> int | None:
        """Return a duration that is logged in milliseconds; a negative one is 0."""
        value = self.number(column)
        return None if value is None else max(value, 0)

    def seconds(self, column: int) -> int | None:
        """Return a duration that is logged in seconds, as milliseconds."""
        value = self.milliseconds(column)
        return None if value is None else value * 1000

    def need_channel(self) -> str:
        """Return the caller's channel; raises UntranslatableFrame if the line names none."""
        return self._need(self.channel, "callid")

    def need_queue(self) -> str:
        """Return the queue; raises UntranslatableFrame if the line names none."""
        return self._need(self.queue, "queue")

    def need_agent(self) -> str:
        """Return the agent; raises UntranslatableFrame if the line names none."""
        return self._need(self.agent, "agent")

    def _need(self, value: str, column: str) -> str:
        if not value:
            why = f"it names no {column}"
            raise self.untranslatable(why)
        return value

    def caller_key(self, column: int) -> str:
        """Return the key of the caller's number in a column."""
        return self._names.callers.key(self.text(column))

    def masked(self, text: str, *, least_digits: int = 5) -> str:
        """Return the text, or its key if it is a phone number."""
        return self._names.callers.masked(text, least_digits=least_digits)

    def attributes(self, kind: type[Event]) -> Attributes:
        """Return the envelope of an event of this line, at its whole second."""
        subject = self.channel or self.agent or self.queue or self.frame.source
        return attributes(self.frame, self._names, self._stamp, kind, subject)

    def untranslatable(self, why: str) -> UntranslatableFrame:
        """Return the complaint about this line; its second is told, phone numbers are not."""
        second, *rest = self._text[:200].split("|")
        is_line = len(rest) + 1 >= LEAST_FIELDS and whole_second(second) is not None
        shown = "|".join(
            [second if is_line else self.masked(second), *map(self._names.callers.masked, rest)]
        )
        msg = f"queue log line of {self.frame.source}: {why}, in {shown!r} (see it in rejected)"
        return UntranslatableFrame(msg)
