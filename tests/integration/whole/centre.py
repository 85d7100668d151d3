"""A whole installation: PBXs, adapters, brokers, workers, a sink and a store."""

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from pult import kafka, settings, topics
from schemas.metrics import METRICS
from sql.digest import digest
from sql.migrate import migrate
from tests.fake_pbx import FLAT_OUT, FakePbx, write_queue_log
from tests.integration.whole.parts import Part
from tests.oracles.lab_numbers import LAB
from tests.pbx_tape import has_heard
from tests.pult.command import SECONDS, wait_for

SECRET = "secret-of-the-tests"
_SECRET_ENV = "PBX1_SECRET"


@dataclass
class Centre:
    """The parts of one installation and what they share.

    Attributes:
        bootstrap: addresses of the brokers.
        prefix: of the topics.
        folder: where settings, data and logs are.
        tenants: each has a PBX and an adapter of its own.
        speed: how many times faster than real time the PBXs speak.
        replication: of the topics.
        settings: more TOML for all parts, such as sections of the processor and the sink.
        queue_log: the recording of a second feed, which each PBX writes as its time passes.
        queue_logs: the files that they write.
    """

    bootstrap: str
    prefix: str
    folder: Path
    tenants: Sequence[str]
    speed: float = FLAT_OUT
    replication: int = 1
    settings: str = ""
    workers_at_start: Sequence[str] = ("w1", "w2")
    recording: Path = LAB / "ami.log.gz"
    queue_log: Path | None = None
    queue_logs: dict[str, Path] = field(default_factory=dict)
    pbxs: dict[str, FakePbx] = field(default_factory=dict)
    adapters: dict[str, Part] = field(default_factory=dict)
    workers: dict[str, Part] = field(default_factory=dict)
    sinks: dict[str, Part] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._hushed = threading.Event()
        self._writing: list[threading.Thread] = []
        self.store = Part(
            "store", "sql",
            [
                "sql-server", "--writable", "--sql-port", "{port}",
                "--data", self.folder / "store",
            ],
            self.folder,
        )  # fmt: skip
        for tenant in self.tenants:
            self._add_tenant(tenant)
        for name in self.workers_at_start:
            self.add_worker(name)
        self.add_sink("s1")

    # --- parts ------------------------------------------------------------------------------

    def add_worker(self, name: str) -> Part:
        """Add a worker that is not started."""
        words = ["processor", "--name", name, "--port", "{port}", "--config", self.config()]
        self.workers[name] = Part("worker", name, words, self.folder)
        return self.workers[name]

    def add_sink(self, name: str) -> Part:
        """Add a sink that is not started."""
        words = ["sink", "--name", name, "--port", "{port}", "--config", self.config()]
        self.sinks[name] = Part("sink", name, words, self.folder)
        return self.sinks[name]

    def _add_tenant(self, tenant: str) -> None:
        pbx = self.pbxs[tenant] = FakePbx(self.recording, speed=self.speed, secret=SECRET)
        source = (
            f'[sources.pbx1]\nkind = "asterisk"\n'
            f'ami = {{ host = "127.0.0.1", port = {pbx.port}, username = "pult", '
            f'secret_env = "{_SECRET_ENV}" }}\n'
        )
        if self.queue_log is not None:
            path = self.queue_logs[tenant] = self.folder / f"queue_log-{tenant}"
            source += f'queue_log = "{path}"\n'
        words = [
            "adapter", "pbx1", "--port", "{port}", "--config", self.config(tenant, source),
            "--data", self.data(tenant),
        ]  # fmt: skip
        self.adapters[tenant] = Part(
            "adapter", tenant, words, self.folder, environ={_SECRET_ENV: SECRET}
        )

    def config(self, tenant: str = "main", more: str = "") -> Path:
        """Write the settings of one part; return the file."""
        path = self.folder / f"{tenant}.toml"
        path.write_text(
            f'tenant = "{tenant}"\n{self.settings}\n{more}\n'
            f'[kafka]\nbootstrap = "{self.bootstrap}"\nprefix = "{self.prefix}"\n'
            f"replication = {self.replication}\n"
            f'[clickhouse]\nurl = "http://127.0.0.1:{self.store.port}"\n'
        )
        return path

    def data(self, tenant: str) -> Path:
        """Return the data folder of an adapter."""
        return self.folder / f"data-{tenant}"

    @property
    def parts(self) -> list[Part]:
        """All that may run."""
        return [
            self.store, *self.adapters.values(), *self.workers.values(), *self.sinks.values(),
        ]  # fmt: skip

    def start(self) -> None:
        """Start everything, each part as soon as what it needs is there."""
        self.store.start()
        self._begin_queue_logs()
        with ThreadPoolExecutor() as both:
            stored = both.submit(self._make_store)
            self._make_topics()
            self._launch(self.workers.values())
            stored.result()
        self._launch(self.sinks.values())
        for part in (*self.workers.values(), *self.sinks.values()):
            part.wait_until_ready()
        self._launch(self.adapters.values())

    def _make_topics(self) -> None:
        wanted = settings.load(self.config()).kafka
        topics.create(kafka.connect(wanted, {}), wanted)

    def _make_store(self) -> None:
        wait_for(lambda: self.store.get("/ping")[0] == 200, SECONDS, "the store")
        with closing(self._client()) as client:
            migrate(client, METRICS)
        # A merge would hide rows that were written twice.
        self._say("SYSTEM STOP MERGES pult.events")

    @staticmethod
    def _launch(parts: Iterable[Part]) -> None:
        for part in parts:
            part.start()

    def _begin_queue_logs(self) -> None:
        if self.queue_log is None:
            return
        for tenant, path in self.queue_logs.items():
            told = (self.pbxs[tenant], self.queue_log, path, self._hushed)
            self._writing.append(threading.Thread(target=write_queue_log, args=told))
            self._writing[-1].start()

    def hush(self) -> None:
        """Let no PBX write its queue log any more."""
        self._hushed.set()
        for each in self._writing:
            each.join()

    def _say(self, statement: str) -> None:
        with urlopen(f"http://127.0.0.1:{self.store.port}/", statement.encode(), timeout=60):
            pass

    def clear(self) -> None:
        """Have no process left, whatever happened."""
        self.hush()
        for each in self.parts:
            each.clear()

    def wait_until_heard(self, seconds: float = SECONDS) -> None:
        """Wait until the adapters have in their journals all that their PBXs say."""
        for tenant, pbx in self.pbxs.items():
            wait_for(pbx.played.is_set, seconds, f"the end of what the PBX of {tenant} says")
            last_us = pbx.tape[-1].at_us
            heard = partial(has_heard, self.data(tenant) / "journal", last_us)
            wait_for(heard, seconds, f"all that the PBX of {tenant} said")

    # --- what came out ----------------------------------------------------------------------

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Ask the store."""
        address = f"http://127.0.0.1:{self.store.port}/?query={quote(query)}"
        with urlopen(f"{address}%20FORMAT%20JSONEachRow", timeout=60) as answer:
            return [json.loads(line) for line in answer.read().splitlines()]

    def _client(self) -> Client:
        return clickhouse_connect.get_client(host="127.0.0.1", port=self.store.port)

    def event_rows(self, tenant: str) -> list[tuple[str, int, int]]:
        """Return id, partition and offset of each row of `events`.

        An adapter that was killed publishes an event again at another offset; a row of the same
        offset twice is the doing of a sink.
        """
        found = self.rows(
            "SELECT id, log_partition AS place, log_offset AS at FROM pult.events "
            f"WHERE tenant = '{tenant}'"
        )
        return [(row["id"], int(row["place"]), int(row["at"])) for row in found]

    def events_read(self, tenant: str) -> int:
        """Return how many events of a tenant are there for whoever reads them as told to."""
        query = f"SELECT count() AS n FROM pult.events FINAL WHERE tenant = '{tenant}'"
        return int(self.rows(query)[0]["n"])

    def digest(self, tenant: str) -> list[list[Any]]:
        """Return the digest of one tenant's facts in the store."""
        with closing(self._client()) as client:
            rows = digest(client, "UTC", tenant)
        return [[row.table, row.day, row.rows, row.hash] for row in rows]


@contextmanager
def running(made: Centre) -> Iterator[Centre]:
    """Start all parts; none is left afterwards."""
    with ExitStack() as pbxs:
        for pbx in made.pbxs.values():
            pbxs.enter_context(pbx)
        try:
            made.start()
            yield made
        finally:
            made.clear()
