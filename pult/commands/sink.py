"""`pult sink`."""

import argparse

from pult import settings, sink
from pult.context import Context, name, port
from pult.folder import DataFolder
from schemas.topics import sinks_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument(
        "--name", type=name, default="sink", metavar="NAME",
        help="its own in the group, the same after every restart (default %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--port", type=port, metavar="PORT",
        help="port of metrics and health (default 8403; 0: any free one)",
    )  # fmt: skip
    parser.add_argument(
        "--embedded", action="store_true",
        help="store in the data folder (--data) instead of the server of [clickhouse]",
    )  # fmt: skip
    parser.add_argument(
        "--accept-loss", action="store_true",
        help="go on where the log has lost what was not stored, or the store what was",
    )  # fmt: skip
    parser.add_argument(
        "--leave", action="store_true",
        help="take a stopped sink out of the group at once, and exit",
    )  # fmt: skip


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Store until stopped, or take a sink out of the group."""
    loaded = settings.load(context.config)
    if chosen.leave:
        # Loaded only here: what it needs costs a sink's start half a second.
        from pult.leaving import leave

        print(leave(loaded, context.environ, chosen.name, sinks_of(loaded.kafka.prefix)))
        return 0
    if chosen.port is not None:
        http = loaded.http.model_copy(update={"sink_port": chosen.port})
        loaded = loaded.model_copy(update={"http": http})
    told = sink.plan(loaded, chosen.name, accept_loss=chosen.accept_loss)

    def out(line: str) -> None:
        print(line, flush=True)

    if chosen.embedded:
        with DataFolder(context.data, "sink") as folder:
            sink.run_embedded(loaded, context.environ, told, folder, out)
    else:
        sink.run(loaded, context.environ, told, out)
    return 0
