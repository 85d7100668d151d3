"""Serves an embedded runtime until a signal comes or it cannot go on: the body of two verbs."""

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence

from aiohttp import web

from producers.webhooks.receiver import HookSource
from pult.answers import Answers
from pult.context import sql_command
from pult.desk import Desk
from pult.desk_token import NAME
from pult.feeds import Wired
from pult.floor_pages import FloorPages
from pult.plan_desk import PlanDesk
from pult.runtime import Runtime
from pult.stopping import on_stop
from pult.web import Wall, address, listen, sql_host
from schemas.errors import PultFailure
from sql.endpoint import make_endpoint

LEAVE_SECONDS = 2.5
"""How long a process waits for queries to end once everything is stored."""

GRACE_SECONDS = 9.5
"""After so long it ends, whatever still hangs; what was journaled is read at the next start."""


class Service:
    """A runtime with its pages.

    Args:
        runtime: what is served.
        sources: what brings its frames.
        out: where a person reads the addresses.
        about: what is told about the wall's source.
    """

    def __init__(
        self, runtime: Runtime, sources: Sequence[Wired], out: Callable[[str], None], about: str
    ) -> None:
        self.runtime = runtime
        self._answers = Answers(runtime)
        self._sources = sources
        self._out = out
        self._about = about
        self._failure: PultFailure | None = None
        self._leaving = _alarm(LEAVE_SECONDS, self._leave)
        self._grace = _alarm(GRACE_SECONDS, self._give_up)

    def run(self) -> None:
        """Serve until a signal comes or a part fails.

        Raises:
            PultFailure: what failed.
        """
        try:
            asyncio.run(self._serve())
        finally:
            self.runtime.close()
            self._stay()

    def _wall(self) -> Wall:
        """Make the pages of the wall, of the floor, and of the desk if there is a token."""
        setup, asked = self.runtime.setup, self._answers
        host, token = setup.settings.http.host, setup.desk_token
        wall = Wall(asked.paint, asked.ready, asked.metrics, asked.discipline, host)
        wall.add_floor(FloorPages(asked.paint_floor, setup.supervisor_token))
        if token:
            desk = Desk(token, asked.keep, lambda: time.time_ns() // 1_000_000)
            take = self.runtime.intake.take
            plans = PlanDesk(token, asked.known_plan, take, lambda: time.time_ns() // 1000)
            wall.application.add_routes([*desk.routes(), *plans.routes()])
        return wall

    async def _serve(self) -> None:
        runtime, http = self.runtime, self.runtime.setup.settings.http
        wall = self._wall()
        runners: list[web.AppRunner] = []
        try:
            runner, wall_port = await listen(
                wall.application, http.host, http.wall_port, "the wall", "--port"
            )
            runners.append(runner)
            endpoint = make_endpoint(runtime.store.query, runtime.store.stop)
            runner, sql_port = await listen(
                endpoint, sql_host(http.host), http.sql_port, "the SQL endpoint", "--sql-port"
            )
            runners.append(runner)
            runtime.start(self._sources, wall.changed)
            self._announce(
                address(http.host, wall_port), address(sql_host(http.host), sql_port)
            )
            await self._wait()
        finally:
            self._grace.start()
            try:
                await asyncio.to_thread(runtime.stop)
            except PultFailure as failure:
                self._failure = failure
            self._leaving.start()
            wall.close()
            for runner in runners:
                await runner.cleanup()
        if runtime.failure is not None:
            raise runtime.failure
        if self._failure is not None:
            raise self._failure

    async def _wait(self) -> None:
        """Wait for a signal or a failure; say once that a recording is over."""
        stop = asyncio.Event()
        on_stop(stop.set)
        told = False
        while not stop.is_set() and self.runtime.failure is None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.5)
            if self.runtime.mode == "ended" and not told:
                told = True
                self._out("The recording is over; the wall keeps its last picture.")

    def _announce(self, wall: str, sql: str) -> None:
        posted = [it.source for it in self._sources if isinstance(it.source, HookSource)]
        addresses = {
            "sql": sql, "wall": wall, "tenant": self.runtime.setup.names.tenant,
            **({"webhooks": posted[0].address.rsplit("/", 1)[0]} if posted else {}),
        }  # fmt: skip
        self.runtime.setup.folder.announce(addresses)
        self._out(f"Wall     {wall}/  ({self._about})")
        if self.runtime.setup.supervisor_token:
            self._out(f"People   {wall}/supervisor  ({self._token_in()})")
        self._out(f"Metrics  {wall}/metrics")
        ask = sql_command("SELECT * FROM legs LIMIT 5", self.runtime.setup.folder.path)
        self._out(f"SQL      {ask}  or  curl {sql}")
        for each in posted:
            self._out(f"Webhook  POST {each.address}")
        self._out("Ctrl-C stops.")

    def _token_in(self) -> str:
        """Return where to find the token of the supervisor's page."""
        told, folder = self.runtime.setup.settings.supervisor, self.runtime.setup.folder
        if told.token_env:
            return f"token: {told.token_env}"
        return f"token in {told.token_file or folder.path / NAME}"

    def _leave(self) -> None:
        """End the process while queries still run in threads.

        A thread cannot be stopped, and Python waits for all of an executor at its end: a query
        of a minute would hold up the end for a minute. Everything is stored by now.
        """
        failure = self.runtime.failure or self._failure
        if failure is not None:
            sys.stderr.write(f"pult: {' '.join(str(failure).split())}\n")
        self._end(0 if failure is None else 1)

    def _give_up(self) -> None:
        sys.stderr.write(
            f"pult: could not store everything within {GRACE_SECONDS:g} s; the journal has it, "
            "and it is stored at the next start\n"
        )
        self._end(1)

    def _end(self, code: int) -> None:
        self.runtime.setup.folder.close()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    def _stay(self) -> None:
        """Call off the leaving in haste, unless a thread would hold up the end."""
        self._grace.cancel()
        mine = (threading.main_thread(), self._leaving)
        if all(each.daemon or each in mine for each in threading.enumerate()):
            self._leaving.cancel()


def _alarm(seconds: float, ring: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    return timer
