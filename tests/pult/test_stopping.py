"""A process ends in order when it is told to, and at once when it is told twice."""

import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from pult import cli
from tests.pult.command import SECONDS, dies_with_its_parent

WAITER = """
import asyncio
from pult.stopping import on_stop

async def main():
    told = asyncio.Event()
    on_stop(told.set)
    print("waits", flush=True)
    await told.wait()
    print("ends", flush=True)
    await asyncio.sleep(SLOWLY)

asyncio.run(main())
"""


def waiter(
    slowly: int = 0, before: Callable[[], object] = dies_with_its_parent
) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", WAITER.replace("SLOWLY", str(slowly))],
        stdout=subprocess.PIPE, text=True, preexec_fn=before,
    )  # fmt: skip
    assert line(process) == "waits"
    return process


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_is_told_to_end_ends_in_order(how: signal.Signals) -> None:
    with waiter() as process:
        process.send_signal(how)

        assert line(process) == "ends"
        assert process.wait(SECONDS) == 0


def test_whoever_is_told_twice_ends_at_once() -> None:
    with waiter(slowly=600) as process:
        process.send_signal(signal.SIGTERM)
        assert line(process) == "ends"
        process.send_signal(signal.SIGTERM)

        assert process.wait(SECONDS) == -signal.SIGTERM


def test_a_terminal_that_is_gone_asks_no_second_time() -> None:
    """At a log-out systemd sends SIGTERM and at once SIGHUP: that is no haste of anybody."""
    with waiter(slowly=1) as process:
        process.send_signal(signal.SIGTERM)
        assert line(process) == "ends"
        process.send_signal(signal.SIGHUP)

        assert process.wait(SECONDS) == 0


def test_under_nohup_it_outlives_its_terminal() -> None:
    with waiter(before=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as process:
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.terminate()

        assert line(process) == "ends"
        assert process.wait(SECONDS) == 0


def test_ctrl_c_while_a_verb_is_being_loaded_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def load(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_module", load)

    assert cli.main(["run"]) == 130
    assert capsys.readouterr().err == "pult: interrupted\n"
