"""The recorded half hour as frames and as events, for all benchmarks."""

import gzip
from importlib.resources import files
from pathlib import Path

from producers.frame import Frame, Naming, Rejected
from producers.identity import CallerKeys
from producers.kinds import KINDS
from schemas.events import encode

NAMES = Naming("bench", "bench", CallerKeys(b"benchmark"))
RECORDING = Path(str(files("producers") / "recordings" / "asterisk_lab" / "ami.log.gz"))


def stream() -> bytes:
    """Return the bytes of the manager interface, unpacked (38 MB)."""
    return gzip.decompress(RECORDING.read_bytes())


def frames() -> list[Frame]:
    """Return the messages that a translation needs."""
    found = KINDS["asterisk-ami"].frames([RECORDING], "pbx1", 0, 0)
    return [frame for frame in found if not isinstance(frame, Rejected)]


def events() -> list[bytes]:
    """Return the values of the log, in order."""
    translate = KINDS["asterisk-ami"].translate
    return [encode(event) for frame in frames() for event in translate(frame, NAMES)]
