"""`pult metrics`."""

import argparse

from pult.context import Context
from schemas.metrics import as_markdown


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Add nothing."""


def run(_: Context, __: argparse.Namespace) -> int:
    """Print the dictionary."""
    print(as_markdown(), end="")
    return 0
