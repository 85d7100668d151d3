"""Move a recorded message to another time: the demo's half hour begins now."""

from producers.frame import Frame

_TIMESTAMP = b"\nTimestamp: "


def shifted(frame: Frame, by_us: int) -> Frame:
    """Return the frame as if the source had said it `by_us` microseconds later.

    Only the time of the message itself moves; ids that hold an old time stay what they are.
    """
    received = frame.received_at_us + by_us
    if frame.feed == "queue-log":
        second, _, rest = frame.content.partition(b"|")
        content = (
            b"%d|%s" % (int(second) + by_us // 1_000_000, rest) if second.isdigit() else rest
        )
        return frame._replace(content=content, received_at_us=received)
    return frame._replace(content=_shifted_ami(frame.content, by_us), received_at_us=received)


def _shifted_ami(content: bytes, by_us: int) -> bytes:
    head, found, tail = content.partition(_TIMESTAMP)
    if not found:
        return content
    # Old recordings end their lines with a line feed alone.
    stamp, newline, rest = tail.partition(b"\n")
    number = stamp.removesuffix(b"\r")
    seconds, _, fraction = number.partition(b".")
    if not seconds.isdigit() or not fraction.isdigit():
        return content
    at_us = int(seconds) * 1_000_000 + int(fraction.ljust(6, b"0")[:6]) + by_us
    return b"%s%s%d.%06d%s%s%s" % (
        head, found, *divmod(at_us, 1_000_000), stamp[len(number) :], newline, rest,
    )  # fmt: skip


def pong(source: str, at_us: int) -> Frame:
    """Return the answer of a PBX to a ping at an instant: the clock of a quiet source."""
    content = b"Response: Success\r\nPing: Pong\r\nTimestamp: %d.%06d" % divmod(
        at_us, 1_000_000
    )
    return Frame(source, "ami", at_us, content)
