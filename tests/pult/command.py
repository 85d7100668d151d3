"""Runs the installed `pult` in processes of its own, and a demo that answers over HTTP."""

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.error import HTTPError
from urllib.request import Request, urlopen

PULT = Path(sys.executable).with_name("pult")
SECONDS = 90
"""After which a process is taken to hang; a busy machine needs a few."""


@dataclass(frozen=True)
class Done:
    """What a finished command said."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line of a failure; fails if there is more or less than that."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self
        assert lines[0].startswith("pult: "), self
        assert lines[0] == lines[0].rstrip(), self
        return lines[0].removeprefix("pult: ")


def environment() -> dict[str, str]:
    """Return the environment of a person who has set nothing of Pult's."""
    return {name: value for name, value in os.environ.items() if name != "PULT_DATA"}


def pult(
    *arguments: object,
    cwd: Path | None = None,
    stdin: bytes = b"",
    before: Callable[[], None] | None = None,
    env: Mapping[str, str] | None = None,
) -> Done:
    """Run a command to its end."""
    done = subprocess.run(
        [PULT, *map(str, arguments)],
        check=False,
        cwd=cwd,
        input=stdin,
        env=environment() | dict(env or {}),
        capture_output=True,
        timeout=SECONDS,
        preexec_fn=before,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


_STARTER = """
import ctypes, json, os, signal, sys, tempfile
from importlib import import_module
import pult.cli, pult.lean
from producers.journal import Journal
from pult.verbs import VERBS
from sql.writer import Writer

pult.lean.without_pandas()
for verb in VERBS:
    import_module(f"pult.commands.{verb.module or verb.name}")

PLACES = {"journal": (Journal, "append"), "insert": (Writer, "_insert")}

def die(place, call, when):
    owner, name = PLACES[place]
    inner, calls = getattr(owner, name), []
    def outer(*arguments, **named):
        calls.append(1)
        if len(calls) == call and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = inner(*arguments, **named)
        if len(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer
    setattr(owner, name, outer)

def run(words, moment, folder, extra, out, err):
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.chdir(folder)
    os.environ.update(extra)
    if moment:
        die(*moment)
    try:
        code = pult.cli.main(words)
    except SystemExit as end:
        code = end.code or 0
    sys.stdout.flush()
    os._exit(code)

# Whoever kills the tests has killed what they started: it dies with its parent.
libc = ctypes.CDLL(None)
libc.prctl(1, signal.SIGKILL)
for line in sys.stdin:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            libc.prctl(1, signal.SIGKILL)
            try:
                run(*json.loads(line), out.fileno(), err.fileno())
            except BaseException:
                sys.excepthook(*sys.exc_info())
                os._exit(99)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        out.seek(0), err.seek(0)
        print(json.dumps([code, out.read().decode(), err.read().decode()]), flush=True)
"""

Moment = tuple[Literal["journal", "insert"], int, Literal["before", "after"]]
"""Before or after which call of what a command is killed."""


class Starter:
    """Runs commands, each in a process of its own, forked from one that has loaded all modules.

    Starting Python takes longer than most of the commands. It ends with its standard input.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _STARTER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), text=True,
            start_new_session=True,
        )  # fmt: skip

    def run(
        self,
        command: Sequence[object],
        *,
        killed: Moment | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Done:
        """Run one command to its end; `killed` is the moment at which it is killed."""
        words = [str(word) for word in command]
        asked = [words, killed, str(cwd or Path.cwd()), dict(env or {})]
        hung = threading.Timer(SECONDS, os.killpg, (self._process.pid, signal.SIGKILL))
        hung.start()
        try:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        finally:
            hung.cancel()
        assert answer, f"{command} did not end in {SECONDS} s"
        return Done(*json.loads(answer))


starter = cache(Starter)
"""The one of these tests."""


def in_turn(
    *commands: Sequence[object],
    killed: Moment | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> list[Done]:
    """Run commands one after another; the first of them is killed if a moment is named."""
    if killed:
        first = starter().run(commands[0], killed=killed, cwd=cwd, env=env)
        assert first.code == -signal.SIGKILL, "it came to its end"
        commands = commands[1:]
    return [starter().run(command, cwd=cwd, env=env) for command in commands]


def once(
    *command: object, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Done:
    """Run a command that may fail; sooner begun than one of `pult`, which has all to load."""
    return in_turn(command, cwd=cwd, env=env)[0]


def all_good(*commands: Sequence[object], cwd: Path | None = None) -> list[str]:
    """Run commands that must work, in turn; return what each of them printed."""
    said = in_turn(*commands, cwd=cwd)
    assert [each.code for each in said] == [0] * len(commands), said
    return [each.out for each in said]


def good(*command: object, cwd: Path | None = None) -> str:
    """Run a command that must work; return what it printed."""
    return all_good(command, cwd=cwd)[0]


def rows(data: Path, query: str) -> list[dict[str, Any]]:
    """Ask the history of a folder, also while a demo owns it."""
    answer = good("sql", query, "--format", "JSONEachRow", "--data", data)
    return [json.loads(line) for line in answer.splitlines()]


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until a condition holds; fail in time.

    Half of the time at most is spent on asking: what is waited for needs the processor, too.
    """
    give_up = time.monotonic() + seconds
    asked = time.monotonic()
    while not condition():
        answered = time.monotonic()
        assert answered < give_up, f"waited {seconds} s in vain: {what}"
        time.sleep(max(0.02, answered - asked))
        asked = time.monotonic()


_LIBC = ctypes.CDLL(None)


def dies_with_its_parent() -> None:
    """Have this process killed when the tests are (PR_SET_PDEATHSIG)."""
    _LIBC.prctl(1, signal.SIGKILL)


@dataclass
class Demo:
    """A demo in a process of its own, which keeps its ports when it is started again."""

    data: Path
    options: Sequence[object]
    port: int = 0
    address: str = ""
    sql: str = ""
    process: "subprocess.Popen[str]" = field(init=False)

    def start(self) -> None:
        """Start it and wait until its pages answer."""
        (self.data / "endpoint.json").unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [
                PULT, "demo", "--data", str(self.data), "--port", str(self.port),
                "--sql-port", "0", *map(str, self.options),
            ],
            env=environment(), cwd=self.data.parent, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=dies_with_its_parent,
        )  # fmt: skip
        told = self.data / "endpoint.json"
        wait_for(lambda: told.exists() or self.process.poll() is not None, SECONDS, "a start")
        assert self.process.poll() is None, self.process.communicate()
        ways = json.loads(told.read_text())
        self.address, self.sql = ways["wall"], ways["sql"]
        self.port = int(self.address.rpartition(":")[2])

    def stop(self, how: signal.Signals = signal.SIGTERM, seconds: float = SECONDS) -> Done:
        """End it by a signal and return what it said."""
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=seconds)
        return Done(self.process.returncode, out, err)

    def status(self, path: str, body: str | None = None) -> tuple[int, str]:
        """Return status and text of a page of the wall or, with a whole address, any other."""
        address = path if path.startswith("http") else self.address + path
        data = None if body is None else body.encode()
        try:
            with urlopen(Request(address, data), timeout=20) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def get(self, path: str) -> str:
        """Return a page that must be there."""
        status, text = self.status(path)
        assert status == 200, (path, status, text)
        return text

    def pictures(self, query: str = "", seconds: float = 60) -> Iterator[dict[str, Any]]:
        """Yield what the wall is sent, until nobody wants more or the time is over."""
        give_up = time.monotonic() + seconds
        with urlopen(f"{self.address}/live?{query}", timeout=20) as stream:
            for line in stream:
                assert time.monotonic() < give_up, "the pictures never came to the point"
                if line.startswith(b"data: "):
                    yield json.loads(line.removeprefix(b"data: "))

    def picture(self, query: str = "") -> dict[str, Any]:
        """Return the present picture of a scope."""
        return next(self.pictures(query))

    def until_ended(self) -> dict[str, Any]:
        """Wait for the end of the recording; return the picture that stays."""
        return next(each for each in self.pictures() if each["mode"] == "ended")

    @property
    def resident_bytes(self) -> int:
        """Memory of the process at present."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None, status
        return int(found[1]) * 1024


@contextmanager
def demo(data: Path, *options: object) -> Iterator[Demo]:
    """Run a demo for the length of a test; it is gone afterwards, whatever happened."""
    running = Demo(data, options)
    running.start()
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGCONT)
            running.process.kill()
            running.process.communicate(timeout=SECONDS)


@contextmanager
def watching(running: Demo, query: str = "") -> Iterator[list[dict[str, Any]]]:
    """Keep a page open, as a wall does; the list grows with every picture."""
    seen: list[dict[str, Any]] = []

    def watch() -> None:
        try:
            seen.extend(running.pictures(query))
        except OSError:
            return

    page = threading.Thread(target=watch, daemon=True)
    page.start()
    wait_for(lambda: bool(seen), 20, "the first picture")
    yield seen
