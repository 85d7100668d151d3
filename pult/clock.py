"""Whether this machine's clock can be believed."""

import ctypes
import time
from pathlib import Path

_UNSYNCHRONISED = 5
"""What adjtimex returns then (TIME_ERROR)."""

_ROOM_BYTES = 1024
_AHEAD_SECONDS = 60.0


def synchronised() -> bool:
    """Tell whether something keeps the clock right; True where that cannot be known."""
    try:
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_ROOM_BYTES))
    except (AttributeError, OSError):
        return True
    return state != _UNSYNCHRONISED


def behind_seconds(folder: Path) -> float:
    """Return by how much files of a folder are newer than the clock says, 0 if they are not.

    A clock that was set back would give yesterday's times to what is said today.
    """
    if not folder.exists():
        return 0.0
    newest = max((each.stat().st_mtime for each in folder.iterdir()), default=0.0)
    ahead = newest - time.time()
    return ahead if ahead > _AHEAD_SECONDS else 0.0
