"""`pult adapter`."""

import argparse
import time
from pathlib import Path

from producers.kinds import KINDS
from pult import settings
from pult.adapter import Adapter, Options
from pult.context import Context, name, port, positive
from pult.folder import DataFolder
from pult.replay import Recording, Replay
from schemas.errors import WrongUsage

_KINDS = tuple(KINDS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument(
        "name", type=name, metavar="NAME", help="name of the source, as in [sources.NAME]"
    )
    parser.add_argument(
        "--recording", type=Path, nargs="+", metavar="PATH",
        help="play a recording as if the source spoke now, instead of reading the source",
    )  # fmt: skip
    parser.add_argument(
        "--kind", choices=_KINDS,
        help=f"kind of the recording (default {_KINDS[0]})",
    )  # fmt: skip
    parser.add_argument(
        "--speed", type=positive, metavar="N",
        help="how many times faster than real time it is played (default 1)",
    )  # fmt: skip
    parser.add_argument(
        "--accept-loss", action="store_true",
        help="go on in a topic that was made anew and lacks what was published before",
    )  # fmt: skip
    parser.add_argument(
        "--port", type=port, metavar="PORT",
        help="port of metrics and health (default 8402; 0: any free one)",
    )  # fmt: skip


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Carry what a source says into Kafka until stopped."""
    for option in ("kind", "speed"):
        if getattr(chosen, option) is not None and not chosen.recording:
            msg = f"--{option} is of a recording: name one with --recording"
            raise WrongUsage(msg)
    loaded = settings.load(context.config)
    if chosen.port is not None:
        http = loaded.http.model_copy(update={"adapter_port": chosen.port})
        loaded = loaded.model_copy(update={"http": http})
    replay = None
    if chosen.recording:
        begin_us = int(time.time()) * 1_000_000
        replay = Replay(chosen.kind or _KINDS[0], chosen.recording, chosen.name, begin_us)
    with DataFolder(context.data, "adapter") as folder:
        options = Options(
            loaded, context.environ, folder, lambda line: print(line, flush=True),
            accept_loss=chosen.accept_loss,
        )  # fmt: skip
        adapter = Adapter(options)
        if replay is None:
            adapter.run_live(chosen.name)
        else:
            adapter.run(Recording(replay, chosen.speed or 1.0))
    return 0
