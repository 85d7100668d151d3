"""What every verb needs, and the types of its arguments."""

import argparse
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Context:
    """What every verb needs."""

    config: Path | None
    data: Path
    environ: Mapping[str, str]


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


def port(text: str) -> int:
    """Return the number of a port; 0 stands for any free one."""
    with suppress(ValueError):
        value = int(text)
        if 0 <= value <= 65535:
            return value
    msg = f"{text} is no port (0 to 65535)"
    raise argparse.ArgumentTypeError(msg)
