"""The yardstick of the import: start-up, and a loop that only splits and decodes.

Run as a process of its own by `benchmarks.importing`: it opens and migrates an empty store, as
every command does, then reads the recording, splits it into messages and takes the fields of
those that a translation needs. It concludes and stores nothing.
"""

import sys
from importlib import import_module
from pathlib import Path

from pult.lean import rarely_collect, without_pandas


def main() -> None:
    """Start as the command does, then split and decode."""
    without_pandas()
    rarely_collect()
    import_module("pult.commands.import_")  # what the command loads, before anything else is
    _split_and_decode()


def _split_and_decode() -> None:
    from benchmarks.lab import stream
    from producers.asterisk.message import parse
    from producers.asterisk.translate import NEEDED
    from schemas.metrics import METRICS
    from sql.embedded import EmbeddedStore

    store = EmbeddedStore(Path(sys.argv[1]), METRICS)
    for block in stream().split(b"\r\n\r\n"):
        name = block[7 : block.find(b"\r\n")] if block.startswith(b"Event: ") else b""
        marks = NEEDED.get(name)
        if marks is not None and any(mark in block for mark in marks):
            parse(block)
    store.close()


if __name__ == "__main__":
    main()
