"""How a process that runs for long says what happens to it: one line for each transition."""

import logging
import sys
import time

_NOISY = {"aiokafka": logging.CRITICAL, "faust": logging.CRITICAL, "mode": logging.CRITICAL}


_PARTS = {"pult.source": "source"}
"""What is not named after the process, but after what it reads."""


class _Line(logging.Formatter):
    """`2026-03-02T09:00:00.123Z info worker: assigned partitions=0,1`."""

    def __init__(self, process: str) -> None:
        super().__init__("%(asctime)s %(word)s %(part)s: %(message)s")
        self._process = process

    converter = staticmethod(time.gmtime)
    default_msec_format = "%s.%03dZ"
    default_time_format = "%Y-%m-%dT%H:%M:%S"

    def format(self, record: logging.LogRecord) -> str:
        record.word = record.levelname.lower()
        record.part = _PARTS.get(record.name, self._process)
        return super().format(record)


def configure(process: str) -> None:
    """Send our lines to standard error; what libraries say of themselves is left out.

    Args:
        process: as whose they are told: run, worker, sink, adapter.

    What matters of it comes as a failure of ours, in one line that says what to do.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name, level in _NOISY.items():
        logging.getLogger(name).setLevel(level)
