"""A receiver on a real socket, with a real journal behind it."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from producers.frame import Frame
from producers.identity import CallerKeys
from producers.journal import Journal
from producers.posted import read
from producers.webhooks.limits import Rate
from producers.webhooks.receiver import Hook, Receiver
from producers.webhooks.scheme import NAMED, Scheme
from producers.webhooks.signatures import Check
from tests.pult.command import wait_for

SECRET = "a secret of these tests"
BEARER = {"Authorization": f"Bearer {SECRET}"}
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
TODAY = date(2026, 3, 2)


class Desk:
    """A receiver of one source, `crm`, before a journal."""

    def __init__(self, folder: Path, hook: Hook, now: Callable[[], float]) -> None:
        self.journal = Journal.open(folder, TODAY)
        self.hook = hook
        self.receiver = Receiver("127.0.0.1", 0, CallerKeys(b"tests").sealed, now)
        self.source = self.receiver.add(hook)
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.source.run, args=(self._take, self.stopped))
        self.thread.start()
        wait_for(lambda: hook.status.connected, 10, "a receiver")

    def _take(self, frames: Any) -> None:
        self.journal.append(frames)

    def ask(
        self, body: bytes, headers: dict[str, str], path: str = "/hooks/crm", verb: str = "POST"
    ) -> tuple[int, dict[str, str], str]:
        """Return status, headers and text of an answer."""
        connection = HTTPConnection("127.0.0.1", self.receiver.port, timeout=20)
        try:
            connection.request(verb, path, body, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.headers), answer.read().decode()
        finally:
            connection.close()

    def status(self, body: bytes, headers: dict[str, str] = BEARER, **more: str) -> int:
        """Return the status of an answer."""
        return self.ask(body, headers, **more)[0]

    @property
    def kept(self) -> list[bytes]:
        """The bodies in the journal."""
        bodies, after = list[bytes](), 0
        while frames := self.journal.read(after, 100):
            after = frames[-1][0]
            bodies += [read(each).body for _, each in frames if isinstance(each, Frame)]
        return bodies


@contextmanager
def desk(
    folder: Path,
    scheme: Scheme = NAMED["bearer"],
    secrets: tuple[str, ...] = (SECRET,),
    now: Callable[[], float] = time.time,
    hidden: Sequence[str] = (),
    **more: Any,
) -> Iterator[Desk]:
    check = Check(scheme, secrets, "sources.crm.webhook", hidden)
    limits: dict[str, Any] = {"largest_bytes": 10_000, "rate": Rate(1_000), **more}
    made = Desk(folder, Hook(name="crm", check=check, **limits), now)
    try:
        yield made
    finally:
        made.stopped.set()
        made.thread.join(20)
        made.journal.close()


def on_disk(folder: Path) -> bytes:
    """Return all that a journal has written."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
