"""Which instants an event may be of, and how its text says them."""

from datetime import UTC, datetime, timedelta

from schemas.errors import MalformedEvent

END_MS = 5_648_745_600_000
"""2149-01-01T00:00:00Z, from which on nothing is an instant [ms since 1970].

The store counts days up to June of that year. Many a program writes the last day of 9999 for
"never"."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def instant_ms(text: str) -> int:
    """Return an RFC 3339 instant as milliseconds since 1970, cut, not rounded.

    Raises:
        MalformedEvent: no time, one without zone, or one before 1970 or after 2148.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"event rejected: {text!r} is no RFC 3339 time"
        raise MalformedEvent(msg) from error
    if moment.tzinfo is None:
        msg = f"event rejected: time {text!r} has no zone"
        raise MalformedEvent(msg)
    at = (moment - _EPOCH) // _MILLISECOND
    if not 0 <= at < END_MS:
        msg = f"event rejected: {text!r} is no time that a source can mean"
        raise MalformedEvent(msg)
    return at
