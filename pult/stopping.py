"""How a process hears that it is to end: Ctrl-C, SIGTERM, and its terminal's end (SIGHUP)."""

import asyncio
import signal
from collections.abc import Callable


def on_stop(stop: Callable[[], None]) -> None:
    """Call `stop` in the running loop when the process is told to end.

    Whoever asks twice does not want to wait for anything: the second signal ends it at once.
    Under nohup, which ignores SIGHUP, it outlives its terminal.
    """
    loop = asyncio.get_running_loop()
    signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signals.append(signal.SIGHUP)

    def heard() -> None:
        for number in signals:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
        stop()

    for number in signals:
        loop.add_signal_handler(number, heard)
