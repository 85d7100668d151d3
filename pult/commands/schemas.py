"""`pult schemas`."""

import argparse
from pathlib import Path

from pult.context import Context
from schemas import catalogue
from schemas.errors import PultFailure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument("type", nargs="?", default="", metavar="TYPE", help="one type only")
    parser.add_argument(
        "--write", type=Path, metavar="DIR", help="write one file for each type instead"
    )


def run(_: Context, chosen: argparse.Namespace) -> int:
    """Print or write the JSON Schemas."""
    if chosen.write is not None:
        try:
            catalogue.write(chosen.write)
        except OSError as error:
            msg = f"cannot write schemas to {chosen.write}: {error.strerror}"
            raise PultFailure(msg) from error
    else:
        print(catalogue.as_json(chosen.type), end="")
    return 0
