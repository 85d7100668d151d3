"""What must survive a power cut is on the disk before anybody relies on it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


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


@contextmanager
def taking_place(path: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Give a file that takes its place once it is whole and on the disk.

    Until then there is none of that name, or the one before, which stays if anything fails.

    Args:
        path: where it is to be.
        mode: who may read and write it, less what the process's umask takes away.

    Raises:
        OSError: it cannot be written.
    """
    scratch = path.with_name(f"{path.name}.new")
    try:
        handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    make_durable(path.parent)
