"""What every verb needs, and the types of its arguments."""

import argparse
import shlex
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

DEFAULT_DATA = "pult-data"
"""The data folder, unless another one is named."""

_FIRST_DAY, _LAST_DAY = date(1970, 1, 2), date(2200, 1, 1)
"""Days whose instants the store can hold, in any time zone."""


@dataclass(frozen=True, slots=True)
class Context:
    """What every verb needs."""

    config: Path | None
    data: Path
    environ: Mapping[str, str]


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options of every verb, which may stand before or after it."""
    parser.add_argument(
        "--config", type=Path, default=argparse.SUPPRESS, metavar="FILE",
        help="settings (default pult.toml if it is there)",
    )  # fmt: skip
    parser.add_argument(
        "--data", type=Path, default=argparse.SUPPRESS, metavar="DIR",
        help=f"data folder (default {DEFAULT_DATA}, or PULT_DATA)",
    )  # fmt: skip


def sql_command(query: str, data: Path) -> str:
    """Return a command that asks a data folder, ready to be pasted into a shell."""
    program, started = "pult", sys.argv[0]
    if Path(started).name == program and shutil.which(program) is None:
        program = shlex.quote(started)  # after `make setup` no folder of PATH has it
    option = "" if data == Path(DEFAULT_DATA) else f" --data {shlex.quote(str(data))}"
    return f"{program} sql{option} '{query}'"


def name(text: str) -> str:
    """Return a name as given; it must not be empty."""
    if text.strip():
        return text
    msg = "a name must not be empty"
    raise argparse.ArgumentTypeError(msg)


def positive(text: str) -> float:
    """Return a number above zero."""
    with suppress(ValueError):
        value = float(text)
        if 0 < value < 1e6:
            return value
    msg = f"{text} is no number between 0 and 1000000"
    raise argparse.ArgumentTypeError(msg)


def local_day(text: str) -> date:
    """Return a local day that a history can hold."""
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        msg = f"{text!r} is no day (write 2026-03-02)"
        raise argparse.ArgumentTypeError(msg) from error
    if not _FIRST_DAY <= found <= _LAST_DAY:
        msg = f"{text} is no day of a history"
        raise argparse.ArgumentTypeError(msg)
    return found


def port(text: str) -> int:
    """Return the number of a port; 0 stands for any free one."""
    with suppress(ValueError):
        value = int(text)
        if 0 <= value <= 65535:
            return value
    msg = f"{text} is no port (0 to 65535)"
    raise argparse.ArgumentTypeError(msg)
