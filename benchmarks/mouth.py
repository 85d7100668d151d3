"""What a made-up PBX says, on its way into Kafka: a journal and its publisher."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from producers.asterisk.frames import AmiFrames
from producers.frame import Frame, Naming
from producers.identity import CallerKeys
from producers.journal import Journal
from producers.place import Place
from producers.publish import Publisher, Target
from schemas.topics import EVENTS, REJECTED


class Mouth:
    """Takes bytes of the manager interface as if a socket had brought them.

    What has come while the journal wrote is written together, as an adapter does.
    """

    def __init__(self, journal: Journal, publisher: Publisher) -> None:
        self._journal = journal
        self._publisher = publisher
        self._heard: SimpleQueue[bytes] = SimpleQueue()

    def say(self, text: bytes) -> None:
        """Say something; may be called from any thread."""
        self._heard.put(text)

    def run(self) -> None:
        """Keep what is said until nothing (no bytes) is said."""
        frames = AmiFrames()
        while text := self._heard.get():
            while not self._heard.empty():
                text += self._heard.get()
            at_us = time.time_ns() // 1_000
            contents = frames.feed(text)
            self._journal.append([Frame("pbx1", "ami", at_us, each) for each in contents])
            self._publisher.wake()


@contextmanager
def mouth(client: Mapping[str, Any], prefix: str, tenant: str, folder: Path) -> Iterator[Mouth]:
    """Begin a journal and publish it until the end."""
    journal = Journal.open(folder / "journal", datetime.now(UTC).date())
    publisher = Publisher(
        journal,
        Place(folder / "published"),
        Naming(tenant, tenant, CallerKeys(b"benchmark")),
        client,
        Target(EVENTS.named(prefix), REJECTED.named(prefix), EVENTS.max_message_bytes),
        ready=lambda: "",
        explain=lambda errors: "; ".join(error.str() for error in errors),
    )
    speaker = Mouth(journal, publisher)
    threads = [threading.Thread(target=each.run) for each in (publisher, speaker)]
    for each in threads:
        each.start()
    try:
        yield speaker
    finally:
        speaker.say(b"")
        publisher.stop(5.0)
        for each in threads:
            each.join()
        journal.close()
