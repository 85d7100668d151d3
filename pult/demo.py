"""`pult demo`: a recorded half hour of a real PBX through the whole pipeline in one process."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry

from dashboards.wall.picture import Mode, Picture, Scope, Setting, Since, picture
from producers.frame import Naming
from producers.identity import CallerKeys
from producers.journal import Journal
from producers.kinds import KINDS
from pult.embedded import Pipeline
from pult.folder import DataFolder
from pult.replay import Replay
from pult.settings import Settings, parse
from pult.web import Wall, listen
from schemas.errors import DataFolderUnusable, PultFailure
from schemas.metrics import METRICS
from sql.embedded import EmbeddedStore
from sql.endpoint import make_endpoint
from stream_processors.core.state import Terms
from stream_processors.shells.exporter import StateCollector

SOURCE = "pbx1"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
FLUSH_SECONDS = 1.0
SILENT_SECONDS = 15.0
SCOPES_REMEMBERED = 200
LEAVE_SECONDS = 2.5
"""How long a demo waits for queries to end once everything is stored."""


def recording() -> Path:
    """Return the recording that the demo plays unless told otherwise."""
    return Path(str(files("producers") / "recordings" / "asterisk_lab" / "ami.log.gz"))


def demo_settings() -> Settings:
    """Return the settings that fit the recording."""
    text = (files("pult") / "demo.toml").read_text(encoding="utf-8")
    return parse(text, "demo.toml")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    data: Path
    paths: Sequence[Path]
    kind: str
    speed: float
    settings: Settings


class Demo:
    """The embedded pipeline on a source that reads a recording."""

    def __init__(self, options: Options, replay: Replay, folder: DataFolder) -> None:
        self.options = options
        self.replay = replay
        self.folder = folder
        settings = options.settings
        keys = CallerKeys(
            folder.caller_secret({}, ""), keep_numbers=settings.privacy.keep_numbers
        )
        names = Naming(settings.tenant, settings.tenant, keys)
        history = folder.policies(settings.policies(), 0)
        self.terms = Terms(history)
        self.journal = Journal.open(folder.journal, date.today())  # noqa: DTZ011 - a file's name
        self.store = EmbeddedStore(folder.store, METRICS)
        self.pipeline = Pipeline(self.journal, self.store, names, self.terms)

    def close(self) -> None:
        """Let go of everything."""
        self.store.close()
        self.journal.close()


def fresh_folder(path: Path) -> DataFolder:
    """Own a folder for a demo, emptied of an earlier demo's data.

    Raises:
        DataFolderUnusable: it holds the history of real sources; nothing was changed.
    """
    folder = DataFolder(path, "demo")
    if not folder.demo_mark.exists() and (folder.store.exists() or folder.journal.exists()):
        folder.close()
        msg = (
            f"data folder {path} holds a history that no demo made, and a demo starts afresh; "
            "name another with --data"
        )
        raise DataFolderUnusable(msg)
    try:
        folder.demo_mark.touch()
        folder.empty()
    except BaseException:
        folder.close()
        raise
    return folder


def _replay(options: Options) -> Replay:
    """Open the recording, before a folder is emptied for it."""
    now_us = int(time.time()) * 1_000_000
    return Replay(options.kind, options.paths, SOURCE, now_us)


def run_once(options: Options, out: Callable[[str], None]) -> None:
    """Go through the recording at full speed and print what it comes to."""
    replay = _replay(options)
    with fresh_folder(options.data) as folder:
        demo = Demo(options, replay, folder)
        try:
            for batch in replay.batches():
                demo.pipeline.take(batch)
            demo.pipeline.flush()
            out(table(demo.store))
        finally:
            demo.close()


_TABLE = """
SELECT
    queue_id AS queue,
    count() AS offered,
    countIf(outcome = 'answered') AS answered,
    countIf(outcome = 'abandoned') AS abandoned,
    countIf(outcome = 'timeout') AS `timed out`,
    if(counted = 0, '-', concat(toString(round(100 * in_time / counted, 1)), ' %'))
        AS `service level`,
    if(answered = 0, '-', concat(toString(round(
        sumIf(wait_ms, outcome = 'answered') / answered / 1000, 1)), ' s')) AS `mean wait`,
    concat(toString(round(max(wait_ms) / 1000, 1)), ' s') AS `longest wait`
FROM
(
    SELECT *,
        countIf(outcome = 'answered' AND wait_ms <= answer_within_ms)
            OVER (PARTITION BY queue_id) AS in_time,
        countIf(outcome != 'waiting' AND (wait_ms > answer_within_ms OR outcome = 'answered'
            OR (outcome = 'abandoned' AND wait_ms > short_abandon_ms)))
            OVER (PARTITION BY queue_id) AS counted
    FROM pult.legs
)
GROUP BY queue_id, in_time, counted
ORDER BY queue_id
"""


def table(store: EmbeddedStore) -> str:
    """Return the figures of each queue over the whole recording."""
    text = store.query(
        _TABLE, "PrettyCompactMonoBlock", {"output_format_pretty_row_numbers": "0"}
    )
    return text.decode().rstrip()


class Live:
    """A demo with a wall: reading, storing and serving side by side."""

    def __init__(self, demo: Demo, out: Callable[[str], None]) -> None:
        self.demo = demo
        self.out = out
        self.mode: Mode = "recording"
        self.failure: PultFailure | None = None
        self._stop = threading.Event()
        self._since: dict[Scope, Since] = {}
        self._heard = time.monotonic()
        self._leaving = threading.Timer(LEAVE_SECONDS, self._leave)
        self._leaving.daemon = True
        demo.pipeline.listen(self._note)

    def _note(self) -> None:
        self._heard = time.monotonic()

    def paint(self, scope: Scope) -> Picture:
        """Return the picture of a scope."""
        silent = self.mode != "ended" and time.monotonic() - self._heard > SILENT_SECONDS
        setting = Setting(
            version=version("pult"),
            title=self.demo.options.settings.tenant,
            terms=self.demo.terms,
            mode=self.mode,
            speed=self.demo.options.speed,
            silent=frozenset({SOURCE}) if silent else frozenset(),
        )
        since = self.since_of(scope)
        with self.demo.pipeline.state() as state:
            return picture(state, setting, scope, since)

    def since_of(self, scope: Scope) -> Since:
        """Return a scope's memory; anybody can make up scopes, so the least used one goes."""
        since = self._since[scope] = self._since.pop(scope, Since())
        if len(self._since) > SCOPES_REMEMBERED:
            del self._since[next(iter(self._since))]
        return since

    @property
    def scopes_remembered(self) -> int:
        """Of how many scopes it is known since when what holds."""
        return len(self._since)

    def ready(self) -> str:
        """Return why the figures are not to be trusted; empty if they are."""
        if self.failure is not None:
            return str(self.failure)
        with self.demo.pipeline.state() as state:
            return "" if state.sources else "no event yet"

    def read(self) -> None:
        """Play the recording, in a thread of its own."""
        try:
            self.demo.replay.play(
                self.demo.options.speed, self.demo.pipeline.take, self._stop.is_set
            )
        except PultFailure as error:
            self.failure = error
        if not self._stop.is_set():
            self.mode = "ended"

    def store(self) -> None:
        """Store what was applied once a second, in a thread of its own."""
        while not self._stop.wait(FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        try:
            self.demo.pipeline.flush()
        except PultFailure as error:
            self.failure = error

    async def serve(self) -> None:
        """Serve the wall and the store until a signal comes or a part fails."""
        http = self.demo.options.settings.http
        registry = CollectorRegistry()
        registry.register(StateCollector(self.demo.pipeline.state, lambda: self.demo.terms))
        wall = Wall(self.paint, self.ready, registry, http.host)
        self.demo.pipeline.listen(wall.changed)
        runners: list[web.AppRunner] = []
        threads = [threading.Thread(target=each) for each in (self.read, self.store)]
        try:
            runner, wall_port = await listen(
                wall.application, http.host, http.wall_port, "the wall", "--port"
            )
            runners.append(runner)
            endpoint = make_endpoint(self.demo.store.query)
            runner, sql_port = await listen(
                endpoint, http.host, http.sql_port, "the SQL endpoint", "--sql-port"
            )
            runners.append(runner)
            self._announce(http.host, wall_port, sql_port)
            for thread in threads:
                thread.start()
            await self._wait()
        finally:
            self._stop.set()
            for thread in threads:
                if thread.ident is not None:
                    await asyncio.to_thread(thread.join)
            # What was read after the last time of storing; by now nobody else writes the store.
            await asyncio.to_thread(self._flush)
            self._leaving.start()
            wall.close()
            for runner in runners:
                await runner.cleanup()
        if self.failure is not None:
            raise self.failure

    def _leave(self) -> None:
        """End the process while queries still run in threads.

        A thread cannot be stopped, and Python waits for all of an executor at its end: a query
        of a minute would hold up the end for a minute. Everything is stored by now.
        """
        if self.failure is not None:
            sys.stderr.write(f"pult: {' '.join(str(self.failure).split())}\n")
        self.demo.folder.close()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0 if self.failure is None else 1)

    def stay(self) -> None:
        """Call off the leaving in haste, unless a thread would hold up the end."""
        mine = (threading.main_thread(), self._leaving)
        if all(each.daemon or each in mine for each in threading.enumerate()):
            self._leaving.cancel()

    def _announce(self, host: str, wall_port: int, sql_port: int) -> None:
        self.demo.folder.announce(
            {"sql": f"http://{host}:{sql_port}", "wall": f"http://{host}:{wall_port}"}
        )
        speed = f"{self.demo.options.speed:g}"
        self.out(f"Wall     http://{host}:{wall_port}/  (the recording runs at {speed} times)")
        self.out(f"Metrics  http://{host}:{wall_port}/metrics")
        self.out(
            f"SQL      pult sql 'SELECT * FROM legs LIMIT 5'  or  curl http://{host}:{sql_port}"
        )
        self.out("Ctrl-C stops.")

    async def _wait(self) -> None:
        """Wait for a signal or a failure; say once that the recording is over."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def heard() -> None:
            stop.set()
            for number in _SIGNALS:
                # Who asks twice does not want to wait for anything.
                loop.remove_signal_handler(number)
                signal.signal(number, signal.SIG_DFL)

        for number in _SIGNALS:
            loop.add_signal_handler(number, heard)
        told = False
        while not stop.is_set() and self.failure is None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.5)
            if self.mode == "ended" and not told:
                told = True
                self.out("The recording is over; the wall keeps its last picture.")


def run_live(options: Options, out: Callable[[str], None]) -> None:
    """Play the recording and serve the wall until interrupted."""
    replay = _replay(options)
    with fresh_folder(options.data) as folder:
        demo = Demo(options, replay, folder)
        live = Live(demo, out)
        try:
            asyncio.run(live.serve())
        finally:
            demo.close()
            live.stay()


def kinds() -> Sequence[str]:
    """Return the kinds of recordings a demo can play."""
    return tuple(KINDS)
