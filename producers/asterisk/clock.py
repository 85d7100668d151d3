"""When untimed messages were said: by the PBX's clock, as the timed ones around them tell it.

Answers to QueueStatus and the FullyBooted after a log-in carry no time. Taken by our clock, a
snapshot of a PBX whose clock is a minute slow would seem a minute younger than the calls that
begin after it, and end them. So they count as received at the PBX's own time, as items of a
recording do (docs/decisions/0008).
"""

from producers.asterisk.message import timestamp_us
from producers.frame import Frame, Refused, Rejected

FEED = "ami"

MOST_AHEAD_US = 120_000_000
"""What lies further ahead of us is rejected downstream (`future`)."""

_BEHIND_US = 1_000
"""A gap that follows a snapshot begins behind it, by the least that downstream tells apart."""


class SourceClock:
    """Puts the time of receipt to the messages of one session.

    Attributes:
        newest_us: the newest time that the PBX told and that can be [us since 1970]; 0 before.
        heard_us: when a gap that begins now began: behind all that has a time [us since 1970],
            told or given to it here; 0 before.
        skew_us: the PBX's clock less ours, by its last answer to a ping; None before.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._ahead_us: int | None = None
        self._held: list[tuple[bytes | Refused, int]] = []
        self.newest_us = self.heard_us = 0
        self.skew_us: int | None = None

    @property
    def known(self) -> bool:
        """Whether it is known how far the PBX's clock is from ours."""
        return self._ahead_us is not None

    def framed(self, said: list[bytes | Refused], at_us: int) -> list[Frame | Rejected]:
        """Return the frames of messages that came at an instant of our clock.

        What comes before the PBX has told any time is held back until it does.
        """
        frames: list[Frame | Rejected] = []
        for message in said:
            told = timestamp_us(message) if isinstance(message, bytes) else None
            if told is not None and isinstance(message, bytes):
                self._learn(told, at_us, answer=message.startswith(b"Response: "))
                frames += self.release()
                frames.append(self._frame(message, at_us))
            elif self._ahead_us is None:
                self._held.append((message, at_us))
            else:
                given_us = at_us + self._ahead_us
                self.heard_us = max(self.heard_us, given_us + _BEHIND_US)
                frames.append(self._frame(message, given_us))
        return frames

    def _learn(self, told: int, at_us: int, *, answer: bool) -> None:
        """Learn from a time that the PBX told at an instant of our clock.

        An answer tells its clock at this moment, so what had seemed far later was told by a
        wrong one. Between answers an event far ahead of them, and of us, is not believed: a gap
        noted at its time would be rejected for lying in the future.
        """
        ahead_us = told - at_us
        if answer:
            self.skew_us, self.newest_us = ahead_us, told
            # A little ahead is not wrong: its answer may have lain unread for a while.
            if self.heard_us - told > MOST_AHEAD_US:
                self.heard_us = told
        elif self.skew_us is not None and ahead_us - max(0, self.skew_us) > MOST_AHEAD_US:
            return
        self._ahead_us = ahead_us
        self.newest_us = max(self.newest_us, told)
        self.heard_us = max(self.heard_us, told)

    def release(self) -> list[Frame | Rejected]:
        """Return what was held back; without any time of the PBX its clock is taken as ours."""
        self._ahead_us = self._ahead_us or 0
        held, self._held = self._held, []
        return [self._frame(message, at_us + self._ahead_us) for message, at_us in held]

    def _frame(self, message: bytes | Refused, at_us: int) -> Frame | Rejected:
        if isinstance(message, bytes):
            return Frame(self._source, FEED, at_us, message)
        refused = Frame(self._source, FEED, at_us, message.content)
        return Rejected(refused, message.reason, message.detail)


def heard_until_us(last: Frame) -> int:
    """Return when a gap behind the last message of an earlier run began [us since 1970]."""
    told = timestamp_us(last.content)
    return last.received_at_us + _BEHIND_US if told is None else told


def disconnected(source: str, last_us: int, at_us: int, reason: str) -> Frame:
    """Return the note that a source has not been heard since an instant of its own clock.

    It looks like a message of the source, so that a journal tells of it when it is read again.
    """
    content = b"Event: PultDisconnected\r\nTimestamp: %d.%06d\r\nReason: %s" % (
        *divmod(last_us, 1_000_000),
        reason.encode("ascii", "replace"),
    )
    return Frame(source, FEED, at_us, content)
