"""`pult processor`."""

import argparse

from pult import leaving, processor, settings
from pult.context import Context, name, port
from schemas.topics import processors_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument(
        "--name", type=name, default="worker", metavar="NAME",
        help="its own in the group, the same after every restart (default %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--port", type=port, metavar="PORT",
        help="port of wall, metrics and health (default 8400; 0: any free one)",
    )  # fmt: skip
    parser.add_argument(
        "--accept-loss", action="store_true",
        help="go on where the log has lost events that no snapshot holds",
    )  # fmt: skip
    parser.add_argument(
        "--leave", action="store_true",
        help="take a stopped worker out of the group at once, and exit",
    )  # fmt: skip


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Run a worker until it is stopped, or take one out of the group."""
    loaded = settings.load(context.config)
    if chosen.leave:
        print(
            leaving.leave(
                loaded, context.environ, chosen.name, processors_of(loaded.kafka.prefix)
            )
        )
        return 0
    if chosen.port is not None:
        http = loaded.http.model_copy(update={"processor_port": chosen.port})
        loaded = loaded.model_copy(update={"http": http})
    told = processor.plan(loaded, chosen.name, accept_loss=chosen.accept_loss)
    processor.run(loaded, context.environ, told, lambda line: print(line, flush=True))
    return 0
