"""The plain loop with nothing in it: what reading, decoding and writing cost by themselves.

It decodes each event, and writes as many facts as the half hour has, all the same.
"""

from collections.abc import Iterator

from benchmarks.contestants.plain_loop import Loop, main
from schemas.events import decode
from stream_processors.core.pipeline import Record

FACTS, EVENTS = 5, 8
"""So many facts follow from so many events, in the half hour and in these batches."""

FACT = b"x" * 400
"""As long as most are."""


class Bare(Loop):
    """Decodes and writes."""

    def concluded(self, key: bytes, records: list[Record]) -> Iterator[bytes]:
        """Decode records; yield something in the place of facts."""
        for number, record in enumerate(records):
            decode(record.value)
            if number % EVENTS < FACTS:
                yield FACT


if __name__ == "__main__":
    main(Bare)
