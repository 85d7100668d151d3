"""A made-up PBX on a real socket, and the adapter that listens to it."""

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
    folder.mkdir()
    config = folder / "pult.toml"
    config.write_text(f"{settings}[http]\nadapter_port = {free_port()}\n{source(pbx)}")
    with (folder / "adapter.log").open("w") as log:
        adapter = subprocess.Popen(
            [PULT, "adapter", "pbx1", "--config", config, "--data", folder / "data"],
            env=environment() | {"PBX1_SECRET": SECRET},
            stdout=log, stderr=log, preexec_fn=dies_with_its_parent,
        )  # fmt: skip
    try:
        wait_for(lambda: pbx.sessions == 1, SECONDS, "the adapter's log-in")
        yield
    finally:
        adapter.terminate()
        adapter.wait(SECONDS)
