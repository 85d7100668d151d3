"""How long an event takes from one stage to the next, seen at the newest one of a batch."""

import time

from prometheus_client import Histogram

from schemas.errors import MalformedEvent
from schemas.events import decode
from stream_processors.core.instants import to_ms
from stream_processors.shells.transport import Batch


def note_lags(lag: Histogram, batch: Batch) -> None:
    """Add what the last event of a batch took to each stage; of an unusable one nothing."""
    last = batch.records[-1]
    try:
        event = decode(last.value or b"")
        occurred, recorded = to_ms(event.time), to_ms(event.recordedtime)
    except (MalformedEvent, ValueError):
        return
    lag.labels("source").observe(max(0, recorded - occurred) / 1000)
    lag.labels("adapter").observe(max(0, last.timestamp - recorded) / 1000)
    lag.labels("broker").observe(max(0.0, time.time() - last.timestamp / 1000))
