"""A recorded message is moved to another time, and nothing else of it."""

import pytest

from producers.asterisk.shift import shifted
from producers.frame import Frame

MINUTE_US = 60_000_000


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("last", [b"Queue: sales", b""])
def test_a_message_of_any_line_ends_is_moved(line_end: bytes, last: bytes) -> None:
    def of(timestamp: bytes) -> bytes:
        told = [b"Event: QueueCallerJoin", b"Timestamp: " + timestamp, last]
        return line_end.join(filter(None, told))

    frame = Frame("pbx1", "ami", 1_795_288_587_265_999, of(b"1795288587.265999"))

    assert shifted(frame, MINUTE_US) == frame._replace(
        content=of(b"1795288647.265999"), received_at_us=1_795_288_647_265_999
    )
