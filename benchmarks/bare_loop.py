"""The yardstick of the import: start-up, and a loop that only splits and decodes.

Run as a process of its own by `benchmarks.importing`: it opens and migrates an empty store, as
every command does, then reads the recording, splits it into messages and takes the fields of
those that a translation needs. It concludes and stores nothing.
"""

import sys
from pathlib import Path

from benchmarks.lab import stream
from producers.asterisk.message import parse
from producers.asterisk.translate import NEEDED
from pult.commands import import_  # noqa: F401 - start-up of the command includes loading it
from schemas.metrics import METRICS
from sql.embedded import EmbeddedStore


def main() -> None:
    """Start as the command does, then split and decode."""
    store = EmbeddedStore(Path(sys.argv[1]), METRICS)
    for block in stream().split(b"\r\n\r\n"):
        name = block[7 : block.find(b"\r\n")] if block.startswith(b"Event: ") else b""
        mark = NEEDED.get(name)
        if mark is not None and mark in block:
            parse(block)
    store.close()


if __name__ == "__main__":
    main()
