"""How a process hears that it is to end: Ctrl-C, SIGTERM, and its terminal's end (SIGHUP)."""

import asyncio
import signal
from collections.abc import Callable

_PEOPLES = (signal.SIGINT, signal.SIGTERM)


def on_stop(stop: Callable[[], None]) -> None:
    """Call `stop` in the running loop when the process is told to end.

    Whoever asks twice does not want to wait for anything: the second SIGINT or SIGTERM ends it
    at once. A SIGHUP never does: a log-out sends one right behind SIGTERM. Under nohup, which
    ignores SIGHUP, it outlives its terminal.
    """
    loop = asyncio.get_running_loop()
    hangs_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN

    def heard() -> None:
        for number in _PEOPLES:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
        if hangs_up:
            loop.add_signal_handler(signal.SIGHUP, lambda: None)
        stop()

    for number in _PEOPLES:
        loop.add_signal_handler(number, heard)
    if hangs_up:
        loop.add_signal_handler(signal.SIGHUP, heard)
