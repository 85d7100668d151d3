"""A PBX on a real socket: says what a recording says, answers, and misbehaves on demand.

As a process of its own: `python -m tests.fake_pbx --recording FILE --port N --speed X`. It
prints `listening PORT` and, when everything has been said, `played`, and stays. Like Asterisk
it says each message to whoever is logged in at that moment, and keeps nothing for the others.

Source: asterisk/asterisk main/manager.c.
"""

import argparse
import asyncio
import math
import signal
import socket
import ssl
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

from tests.kafka import free_port
from tests.own_loop import OwnLoop, reset
from tests.pbx_session import Session
from tests.pbx_tape import Standing, Told, moved, read, tape

FLAT_OUT = math.inf
_PORTION = 64 * 1024
_TICK_SECONDS = 0.01
_STOPS = (signal.SIGINT, signal.SIGTERM)
_AT_ONCE = 200


class FakePbx:
    """A PBX in a thread of its own; its methods may be called from any thread.

    Attributes:
        port: where it listens; the same for its whole life.
        log_ins: attempts to log in so far.
        asked: the actions so far, by name.
        standing: what the messages so far imply; a QueueStatus is answered from it.
        silent: says nothing, answers nothing, and leaves connections open.
        fragment: if not 0, everything is sent in pieces of so many bytes.
        line_end: of its answers and lists.
        ahead_us: by how much its clock is ahead of the recording's.
        after_end: whether its clock goes on when everything has been said.
        reporting: whether its users may ask for the channels.
        queues_conf: the lines of each section of that file; None: its users may not read it.

    Args:
        recording: a capture of the manager interface; None: nothing is said.
        speed: how many times faster than real time; FLAT_OUT: as fast as it is read.
        username: who may log in.
        secret: with what.
        certificate: PEM file with key and certificate, for TLS.
        port: where to listen; 0: any free port.
        begin: whether to begin at the first log-in, or wait for `go`.
    """

    def __init__(
        self,
        recording: Path | None = None,
        *,
        speed: float = FLAT_OUT,
        username: str = "pult",
        secret: str = "secret-of-the-tests",
        certificate: Path | None = None,
        port: int = 0,
        begin: bool = True,
    ) -> None:
        self.tape: list[Told] = tape(recording) if recording else []
        self.log_ins = 0
        self.asked: list[str] = []
        self.standing = Standing()
        self.silent = False
        self.fragment = 0
        self.line_end = "\r\n"
        self.ahead_us = 0
        self.after_end = False
        self.reporting = True
        self.queues_conf: list[tuple[str, list[str]]] | None = None
        self.played = threading.Event()
        self.place = 0
        self._hold_at = len(self.tape) if begin else 0
        self._speed = speed
        self._username, self._secret = username, secret
        self._tls = _server_tls(certificate) if certificate else None
        first_us = self.tape[0].at_us if self.tape else time.time_ns() // 1000
        self._clock_us = first_us
        self._booted_us = first_us - 60_000_000
        self._since = 0.0
        self._awaited = False
        self._sessions: list[Session] = []
        self._server: asyncio.Server | None = None
        self._loop = OwnLoop()
        self._player: asyncio.Task[None] | None = None
        self.port = port or free_port()

    def __enter__(self) -> "FakePbx":
        self._loop.start()
        self.accept()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.refuse()
        self._loop.end()

    # --- what a test may ask for ----------------------------------------------------------

    @property
    def sessions(self) -> int:
        """How many are logged in now."""
        return sum(each.logged_in for each in self._sessions)

    def go(self, up_to: int | None = None) -> None:
        """Let it say the messages up to a place of the tape, at the end all of them."""
        self._loop.call(lambda: self._set_hold(len(self.tape) if up_to is None else up_to))

    def cut(self) -> None:
        """Reset all connections; new ones are accepted at once."""
        self._loop.call(self._cut_all)

    def refuse(self) -> None:
        """Cut all connections and listen no longer."""
        self._loop.call(self._refuse)

    def accept(self) -> None:
        """Listen, as at the beginning."""

        async def listen() -> None:
            if self._server is None:
                self._server = await asyncio.start_server(
                    self._connected, "127.0.0.1", self.port, ssl=self._tls
                )

        self._loop.run(listen())

    def say(self, text: bytes) -> None:
        """Say something of one's own, as it is, to all who are logged in."""
        self._loop.call(lambda: self._broadcast(text))

    def flood(self, messages: int) -> None:
        """Say much that nobody needs."""
        noise = b"Event: VarSet\r\nPrivilege: dialplan,all\r\nVariable: X\r\nValue: %d\r\n\r\n"
        for start in range(0, messages, 1_000):
            some = range(start, min(start + 1_000, messages))
            self.say(b"".join(noise % n for n in some))

    def restart(self, *, again: bool = False) -> None:
        """Shut down and come back at once, with all calls and members gone.

        Args:
            again: the recording is said again from its beginning, with the same ids, later,
                to whoever logs in first.
        """

        def now() -> None:
            stamp = b"Timestamp: %d.%06d" % divmod(self.now_us(), 1_000_000)
            self._broadcast(b"Event: Shutdown\r\n" + stamp + b"\r\nRestart: True\r\n\r\n")

        async def down() -> None:
            now()
            for each in self._sessions:
                await each.writer.drain()
                each.writer.close()
            self._sessions.clear()
            clock_us = self.now_us() + 2_000_000
            self.standing = Standing()
            self._booted_us = clock_us - 1_000_000
            if again:
                self.ahead_us += clock_us + 1_000_000 - (self.tape[0].at_us + self.ahead_us)
                self.place, self._awaited = 0, True
                self._clock_us = self.tape[0].at_us
                self.played.clear()
            else:
                self.ahead_us += 2_000_000

        self._loop.run(down())

    def now_us(self) -> int:
        """Return its clock: what the tape says and, between messages, the time that passes."""
        passed = 0.0
        live = self.after_end if self.place >= len(self.tape) else self._speed != FLAT_OUT
        if live and self._since:
            speed = self._speed if self.place < len(self.tape) else 1
            passed = (time.monotonic() - self._since) * speed
            if self.place < len(self.tape):
                left_us = self.tape[self.place].at_us - self._clock_us
                passed = min(passed, max(left_us, 0) / 1e6)
        return self._clock_us + self.ahead_us + int(passed * 1e6)

    # --- the tape -------------------------------------------------------------------------

    def _set_hold(self, place: int) -> None:
        self._hold_at = place

    async def _play(self) -> None:
        """Say what is due while somebody listens for the first time, and then for ever."""
        self._since = time.monotonic()
        while True:
            due = self._due()
            if due:
                self._broadcast(b"".join(moved(each.text, self.ahead_us) + b"\r\n\r\n"
                                         for each in due))  # fmt: skip
                for each in due:
                    self.standing.hear(moved(each.text, self.ahead_us))
                self.place += len(due)
                self._pass_time(due[-1].at_us)
                await self._drained()
            if self.place >= len(self.tape):
                self.played.set()
            if not due or self._speed != FLAT_OUT:
                await asyncio.sleep(_TICK_SECONDS)

    def _due(self) -> list[Told]:
        if self.place >= self._hold_at or self._awaited:
            if self.place < len(self.tape) or self._awaited:
                self._since = time.monotonic()  # its clock stands still until it goes on
            return []
        some = self.tape[self.place : min(self._hold_at, self.place + _AT_ONCE)]
        if self._speed == FLAT_OUT:
            return some
        passed = (time.monotonic() - self._since) * self._speed * 1e6
        return [each for each in some if each.at_us <= self._clock_us + passed]

    def _pass_time(self, said_us: int) -> None:
        now = time.monotonic()
        passed_us = 0.0 if self._speed == FLAT_OUT else (now - self._since) * self._speed * 1e6
        # Not from the message on, which was said a little late: that would add up.
        self._clock_us = max(said_us, self._clock_us + int(passed_us))
        self._since = now

    def _broadcast(self, text: bytes) -> None:
        if self.silent:
            return
        for each in self._sessions:
            if each.logged_in and not each.writer.is_closing():
                if self.fragment:
                    for start in range(0, len(text), self.fragment):
                        each.writer.write(text[start : start + self.fragment])
                else:
                    each.writer.write(text)

    async def _drained(self) -> None:
        for each in list(self._sessions):
            try:
                await asyncio.wait_for(each.writer.drain(), 30)
            except (TimeoutError, OSError):
                each.writer.transport.abort()

    # --- the sessions ---------------------------------------------------------------------

    async def _connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        plug = writer.get_extra_info("socket")
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = Session(reader, writer, self.line_end)
        self._sessions.append(session)
        if not self.silent:
            writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while told := await session.ask():
                self.asked.append(told.get("Action", ""))
                if not self.silent and not await self._answer(session, told):
                    break
        except OSError:
            pass
        finally:
            if session in self._sessions:
                self._sessions.remove(session)
            writer.close()

    async def _answer(self, session: Session, told: dict[str, str]) -> bool:
        """Answer one action; return whether the connection goes on."""
        action, name = told.get("Action", "").lower(), told.get("ActionID", "")
        if action == "login":
            self.log_ins += 1
            good = await session.log_in(told, self._username, self._secret)
            if good:
                self._welcome(session)
            return good
        now_us, standing = self.now_us(), self.standing
        if action == "queuestatus":
            session.list(name, standing.queue_status(now_us), "QueueStatus")
        elif action == "coreshowchannels":
            items = standing.core_show_channels(now_us)
            session.list(name, items, "CoreShowChannels", permitted=self.reporting)
        elif action == "getconfig":
            session.config(name, self.queues_conf)
        else:
            return session.answer(action, name, now_us)
        return True

    def _welcome(self, session: Session) -> None:
        uptime = (self.now_us() - self._booted_us) // 1_000_000
        session.say([("Event", "FullyBooted"), ("Privilege", "system,all"),
                     ("Uptime", str(max(uptime, 0))), ("Status", "Fully Booted")])  # fmt: skip
        session.logged_in, self._awaited = True, False
        if self._player is None:
            self._player = asyncio.ensure_future(self._play())

    # --- ends -----------------------------------------------------------------------------

    def _cut_all(self) -> None:
        for each in self._sessions:
            reset(each.writer)
        self._sessions.clear()

    def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._cut_all()


def _server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def write_queue_log(pbx: FakePbx, source: Path, target: Path, over: threading.Event) -> None:
    """Write a queue log as its lines become due by the clock of the PBX; all at the end."""
    lines = read(source).splitlines(keepends=True)
    with target.open("ab") as file:
        while lines and not over.wait(_TICK_SECONDS):
            second = pbx.now_us() // 1_000_000
            whole = pbx.played.is_set()
            due = [n for n, each in enumerate(lines) if whole or int(each[:10]) <= second]
            count = due[-1] + 1 if due else 0
            file.write(b"".join(lines[:count]))
            file.flush()
            del lines[:count]


def main() -> None:
    """Run one until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m tests.fake_pbx", description=__doc__)
    parser.add_argument("--recording", type=Path, metavar="FILE", required=True)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--speed", type=float, default=FLAT_OUT, help="inf: flat out")
    parser.add_argument("--username", default="pult")
    parser.add_argument("--secret", default="secret-of-the-tests")
    parser.add_argument("--certificate", type=Path, help="PEM of key and certificate: TLS")
    parser.add_argument("--queue-log", type=Path, nargs=2, metavar=("FROM", "TO"),
                        help="write the queue log FROM into TO as time passes")  # fmt: skip
    parser.add_argument("--clock-goes-on", action="store_true", help="also after the end")
    chosen = parser.parse_args()
    pbx = FakePbx(
        chosen.recording, speed=chosen.speed, username=chosen.username, secret=chosen.secret,
        certificate=chosen.certificate, port=chosen.port,
    )  # fmt: skip
    pbx.after_end = chosen.clock_goes_on
    # Waited for, not handled: a handler might set what is just being waited for, and hang.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    over = threading.Event()
    with pbx:
        sys.stdout.write(f"listening {pbx.port}\n")
        sys.stdout.flush()
        writing: list[threading.Thread] = []
        if chosen.queue_log:
            writing.append(
                threading.Thread(target=write_queue_log, args=(pbx, *chosen.queue_log, over))
            )
            writing[0].start()
        told = None
        while told is None and not pbx.played.is_set():
            told = signal.sigtimedwait(_STOPS, 0.1)
        if told is not None:
            over.set()
        for each in writing:
            each.join()
        if told is None:
            sys.stdout.write("played\n")
            sys.stdout.flush()
            signal.sigwait(_STOPS)


if __name__ == "__main__":
    main()
