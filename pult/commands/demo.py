"""`pult demo`."""

import argparse
from pathlib import Path

from producers.kinds import KINDS
from pult import demo, settings
from pult.context import Context, port, positive

_KINDS = tuple(KINDS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument(
        "--speed", type=positive, default=30.0, metavar="N",
        help="how many times faster than real time (default 30)",
    )  # fmt: skip
    parser.add_argument(
        "--once", action="store_true", help="full speed, print a table and exit"
    )
    parser.add_argument(
        "--recording", type=Path, nargs="+", metavar="PATH",
        help="another recording than the built-in one",
    )  # fmt: skip
    parser.add_argument(
        "--kind", choices=_KINDS, default=_KINDS[0],
        help="kind of the recording (default %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--port",
        type=port,
        metavar="PORT",
        help="port of the wall (default 8400; 0: any free one)",
    )
    parser.add_argument(
        "--sql-port", type=port, metavar="PORT",
        help="port of the SQL endpoint (default 8123; 0: any free one)",
    )  # fmt: skip


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Play a recording on a live wall, or once at full speed."""
    chosen_settings = settings.load(context.config) if context.config else demo.demo_settings()
    http = chosen_settings.http
    ports = {"wall_port": chosen.port, "sql_port": chosen.sql_port}
    given = {name: port for name, port in ports.items() if port is not None}
    options = demo.Options(
        data=context.data,
        paths=chosen.recording or [demo.recording()],
        kind=chosen.kind,
        speed=chosen.speed,
        settings=chosen_settings.model_copy(update={"http": http.model_copy(update=given)}),
        environ=context.environ,
    )
    run = demo.run_once if chosen.once else demo.run_live
    run(options, lambda line: print(line, flush=True))
    return 0
