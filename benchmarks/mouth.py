"""A made-up PBX on a real socket, and who listens to it: an adapter, or all of Pult in one."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fake_pbx import FakePbx
from tests.kafka import free_port
from tests.pult.command import PULT, SECONDS, dies_with_its_parent, environment, wait_for

SECRET = "secret of the benchmark"


def source(pbx: FakePbx) -> str:
    """Return the settings of whoever listens to it."""
    return (
        "[sources.pbx1]\nkind = 'asterisk'\n"
        f"ami = {{ port = {pbx.port}, secret_env = 'PBX1_SECRET' }}\n"
    )


@contextmanager
def pbx() -> Iterator[FakePbx]:
    """A PBX with the time of this machine, to whom nobody listens yet."""
    with FakePbx(secret=SECRET) as made:
        made.after_end = True
        yield made


@contextmanager
def listening(pbx: FakePbx, settings: str, folder: Path) -> Iterator[None]:
    """Run `pult adapter` until the end; begin once it has logged in."""
    http = f"[http]\nadapter_port = {free_port()}\n"
    with _running(pbx, settings + http, folder, "adapter", "pbx1"):
        yield


@contextmanager
def alone(pbx: FakePbx, settings: str, folder: Path) -> Iterator[dict[str, str]]:
    """Run `pult run` until the end; yield the addresses of its `wall` and of its `sql`."""
    with _running(pbx, settings, folder, "run", "--port", "0", "--sql-port", "0"):
        told_in = folder / "data" / "endpoint.json"
        wait_for(told_in.exists, SECONDS, "where it answers")
        told: dict[str, str] = json.loads(told_in.read_text())
        yield told


@contextmanager
def _running(pbx: FakePbx, settings: str, folder: Path, *verb: str) -> Iterator[None]:
    """Run a verb of Pult until the end; begin once it has logged in."""
    folder.mkdir()
    config = folder / "pult.toml"
    config.write_text(settings + source(pbx))
    with (folder / "pult.log").open("w") as log:
        process = subprocess.Popen(
            [PULT, *verb, "--config", config, "--data", folder / "data"],
            env=environment() | {"PBX1_SECRET": SECRET},
            stdout=log, stderr=log, preexec_fn=dies_with_its_parent,
        )  # fmt: skip
    try:
        wait_for(lambda: pbx.sessions == 1, SECONDS, f"the log-in of pult {verb[0]}")
        yield
    finally:
        process.terminate()
        process.wait(SECONDS)
