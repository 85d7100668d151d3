"""How long until people see it: `python -m benchmarks.latency`, in one process or with Kafka.

A made-up PBX says 200 messages a second, of 40 queues and 1,000 agents. The probe is a caller
who joins an idle queue: from the moment the PBX writes that to the socket of its manager
interface, through `pult run`, or through `pult adapter`, Kafka and `pult processor`, until the
wall's picture, a scrape of `/metrics` every 100 ms, or a query of the store shows it; each in a
run of its own.
"""

import argparse
import json
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles
from urllib.parse import quote, urlsplit

from benchmarks.broker import broker
from benchmarks.centre import IDLE, TALK_SECONDS, WAIT_SECONDS, calls, opening, probe
from benchmarks.mouth import alone, listening, pbx
from benchmarks.rounds import machine
from tests.fake_pbx import FakePbx
from tests.integration.sinks import Pipe
from tests.integration.stores import PASSWORD, Store
from tests.integration.workers import Site, site

TENANT = "bench"
QUEUES, AGENTS, PER_SECOND = 40, 1_000, 200.0
STEADY_SECONDS = WAIT_SECONDS + TALK_SECONDS
GIVE_UP_SECONDS = 20.0
ASKED_MS = {
    "embedded": {"wall": 100.0, "metrics": 0.0, "store": 2_000.0},
    "kafka": {"wall": 250.0, "metrics": 0.0, "store": 2_000.0},
}
JOINS_LESS_EXITS = (
    "SELECT countIf(type = 'cc.queue.entered.v1') - countIf(type = 'cc.queue.left.v1') "
    f"FROM pult.events WHERE tenant = '{TENANT}' AND queue_id = '{IDLE}'"
)


@dataclass
class Sight:
    """How many wait in the idle queue, as one who looks sees it."""

    waiting: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)
    closed: bool = False

    def see(self, waiting: int) -> None:
        """Note what is shown now."""
        with self.changed:
            self.waiting = waiting
            self.changed.notify_all()

    def wait(self, waiting: int) -> float:
        """Return when so many were seen to wait."""
        with self.changed:
            seen = self.changed.wait_for(lambda: self.waiting == waiting, GIVE_UP_SECONDS)
            assert seen, f"{self.waiting} wait in the idle queue, not {waiting}"
            return time.monotonic()


Look = Callable[[Sight], None]


def wall(address: str) -> Look:
    """Look at the wall, as a page does."""

    def look(sight: Sight) -> None:
        connection = HTTPConnection(urlsplit(address).netloc, timeout=GIVE_UP_SECONDS)
        connection.request("GET", "/live")
        for line in connection.getresponse():
            if sight.closed:
                return
            if line.startswith(b"data: "):
                rows = json.loads(line.removeprefix(b"data: "))["queues"]
                sight.see(sum(each["waiting"] for each in rows if each["queue"] == IDLE))

    return look


def metrics(address: str) -> Look:
    """Look at the metrics ten times a second."""
    wanted = f'cc_queue_waiting{{queue="{IDLE}"'.encode()

    def look(sight: Sight) -> None:
        connection = HTTPConnection(urlsplit(address).netloc, timeout=GIVE_UP_SECONDS)
        due = time.monotonic()
        while not sight.closed:
            connection.request("GET", "/metrics")
            for line in connection.getresponse().read().splitlines():
                if line.startswith(wanted):
                    sight.see(int(float(line.rpartition(b" ")[2])))
            due = max(due + 0.1, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))

    return look


def rows(store: Store) -> Look:
    """Look into the store, five times a second: joins less exits of the idle queue."""

    def look(sight: Sight) -> None:
        client = store.client()
        while not sight.closed:
            sight.see(int(client.query(JOINS_LESS_EXITS).result_rows[0][0]))
            time.sleep(0.2)
        client.close()

    return look


def endpoint(address: str) -> Look:
    """Look into the history of one process, as often, over its SQL endpoint."""

    def look(sight: Sight) -> None:
        connection = HTTPConnection(urlsplit(address).netloc, timeout=GIVE_UP_SECONDS)
        while not sight.closed:
            connection.request("GET", f"/?query={quote(JOINS_LESS_EXITS)}")
            sight.see(int(connection.getresponse().read()))
            time.sleep(0.2)

    return look


class Talk:
    """Says what the made-up centre has to say when it is due, until it is told to stop."""

    def __init__(self, speaker: FakePbx, seconds: float) -> None:
        self._speaker = speaker
        self._calls = calls(QUEUES, AGENTS, PER_SECOND, seconds)
        self.late_seconds = 0.0
        self.stopped = threading.Event()

    def run(self) -> None:
        """Say everything; remembers the greatest delay."""
        began, at = time.monotonic(), 0
        while at < len(self._calls) and not self.stopped.is_set():
            passed, due = time.monotonic() - began, []
            while at < len(self._calls) and self._calls[at].due_seconds <= passed:
                due.append(self._calls[at])
                at += 1
            if due:
                self.late_seconds = max(self.late_seconds, passed - due[0].due_seconds)
                self._speaker.say(b"".join(each.wire(time.time()) for each in due))
            time.sleep(0.005)


def probed(speaker: FakePbx, look: Look, until: float) -> list[float]:
    """Return how long each join took to be seen [s]; pauses differ, to meet no rhythm."""
    sight, dice, found = Sight(), random.Random(1), list[float]()
    looking = threading.Thread(target=look, args=(sight,))
    looking.start()
    while time.monotonic() < until:
        time.sleep(dice.uniform(0.1, 0.3))
        join, leave = probe(len(found))
        said = time.monotonic()
        speaker.say(join.wire(time.time()))
        found.append(sight.wait(1) - said)
        time.sleep(dice.uniform(0.0, 0.1))
        speaker.say(leave.wire(time.time()))
        sight.wait(0)
    sight.closed = True
    looking.join()
    return found


@contextmanager
def embedded(folder: Path, name: str) -> Iterator[tuple[FakePbx, Look]]:
    """Start `pult run`; yield where to speak, and how to look."""
    with pbx() as speaker, alone(speaker, f"tenant = '{TENANT}'\n", folder / "run") as told:
        looks = {"wall": wall, "metrics": metrics, "store": endpoint}
        yield speaker, looks[name](told["sql" if name == "store" else "wall"])


@contextmanager
def running(bootstrap: str, folder: Path, name: str) -> Iterator[tuple[FakePbx, Look]]:
    """Start a worker, for the store a sink, too; yield where to speak, and how to look."""
    with ExitStack() as stack:
        installation: Site = stack.enter_context(site(bootstrap, name, folder))
        worker = installation.worker("w1")
        look = {"wall": wall, "metrics": metrics}.get(name, wall)(worker.address)
        if name == "store":
            store = Store(folder / "store")
            store.start()
            stack.callback(store.end)
            store.migrate()
            sink = Pipe(installation, store).sink()
            stack.callback(sink.end)
            look = rows(store)
        installation.wait_until_ready()
        settings = (
            f"tenant = '{TENANT}'\n[kafka]\nbootstrap = '{bootstrap}'\nprefix = '{name}'\n"
        )
        speaker = stack.enter_context(pbx())
        stack.enter_context(listening(speaker, settings, folder / "adapter"))
        yield speaker, look
        worker.end()


def measure(form: str, bootstrap: str, name: str, minutes: float) -> None:
    """Run one of the three and print its line."""
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pult-bench-")))
        started = running(bootstrap, place, name) if bootstrap else embedded(place, name)
        speaker, look = stack.enter_context(started)
        for each in opening(QUEUES, AGENTS):
            text = each.wire(time.time())
            # So that it is true when somebody asks for a snapshot, too.
            speaker.standing.hear(text.rstrip())
            speaker.say(text)
        talk = Talk(speaker, STEADY_SECONDS + 60 * minutes + GIVE_UP_SECONDS)
        talking = threading.Thread(target=talk.run, daemon=True)
        talking.start()
        time.sleep(STEADY_SECONDS)
        found = probed(speaker, look, time.monotonic() + 60 * minutes)
        talk.stopped.set()
        talking.join()
    hundredths = quantiles(found, n=100, method="inclusive")
    p50, p99, most = (1_000 * each for each in (hundredths[49], hundredths[98], max(found)))
    late = f"said late by {1_000 * talk.late_seconds:.0f} ms"
    verdict = _verdict(p99, ASKED_MS[form][name])
    print(
        f"{form:8} {name:8} {len(found):5} probes  p50 {p50:6.0f} ms  p99 {p99:6.0f} ms",
        f" max {most:6.0f} ms  {verdict}  ({late})",
        flush=True,
    )


def _verdict(p99: float, asked: float) -> str:
    if not asked:
        return "nothing asked"
    return f"asked p99 < {asked:.0f}: {'reached' if p99 < asked else 'MISSED'}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.5, help="of each run")
    parser.add_argument("--form", choices=list(ASKED_MS), help="default: both")
    known = list(ASKED_MS["kafka"])
    parser.add_argument("what", nargs="*", choices=[*known, []], help="default: all three")
    chosen = parser.parse_args()
    os.environ["SINK_PASSWORD"] = PASSWORD
    print(
        f"{PER_SECOND:g} messages/s, {QUEUES} queues, {AGENTS} agents; {machine()}", flush=True
    )
    if chosen.form != "kafka":
        for name in chosen.what or known:
            measure("embedded", "", name, chosen.minutes)
    if chosen.form != "embedded":
        with broker() as kafka:
            for name in chosen.what or known:
                measure("kafka", kafka.bootstrap, name, chosen.minutes)
    print(machine())


if __name__ == "__main__":
    main()
