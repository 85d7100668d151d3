"""What must survive a power cut is on the disk before anybody relies on it."""

import os
from pathlib import Path


def make_durable(folder: Path) -> None:
    """Put the names in a folder on the disk; the content of its files is another matter.

    Raises:
        OSError: it cannot be read or written.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
