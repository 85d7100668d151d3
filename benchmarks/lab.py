"""The recorded half hour as frames and as events, for all benchmarks."""

import gzip
import re
from importlib.resources import files
from pathlib import Path

from producers.frame import Frame, Naming, Rejected
from producers.identity import CallerKeys
from producers.kinds import KINDS
from schemas.events import encode

NAMES = Naming("bench", "bench", CallerKeys(b"benchmark"))
AGAIN_AFTER_SECONDS = 2_100
"""So much later the recording is told again; with its last words it takes 2,098."""

RECORDING = Path(str(files("producers") / "recordings" / "asterisk_lab" / "ami.log.gz"))

_SECOND = re.compile(rb"\b1795\d{6}\b")
"""A second of the recording's day, as Asterisk writes it: since 1970."""


def stream() -> bytes:
    """Return the bytes of the manager interface, unpacked (38 MB)."""
    return gzip.decompress(RECORDING.read_bytes())


def frames(half_hours: int = 1) -> list[Frame]:
    """Return the messages that a translation needs; the half hour may follow upon itself."""
    found = KINDS["asterisk-ami"].frames([RECORDING], "pbx1", 0, 0)
    told = [frame for frame in found if not isinstance(frame, Rejected)]
    return [
        _later(frame, times * AGAIN_AFTER_SECONDS)
        for times in range(half_hours)
        for frame in told
    ]


def events(half_hours: int = 1) -> list[bytes]:
    """Return the values of the log, in order."""
    translate = KINDS["asterisk-ami"].translate
    return [encode(event) for frame in frames(half_hours) for event in translate(frame, NAMES)]


def _later(frame: Frame, seconds: int) -> Frame:
    """Return a message with all its times later, those included that are part of ids."""
    if not seconds:
        return frame
    content = _SECOND.sub(lambda found: b"%d" % (int(found[0]) + seconds), frame.content)
    received = frame.received_at_us + seconds * 1_000_000
    return frame._replace(content=content, received_at_us=received)
