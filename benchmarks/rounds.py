"""Contestants in processes of their own, in turns, and the ratios of what they reached."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any


def run(module: str, *arguments: object) -> dict[str, Any]:
    """Run a contestant to its end; return what it reports."""
    command = [sys.executable, "-m", f"benchmarks.contestants.{module}", *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        msg = f"{module} failed:\n{done.stderr[-3000:]}"
        raise SystemExit(msg)
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


@dataclass
class Rates:
    """What one contestant reached in each round."""

    name: str
    per_second: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)

    def note(self, report: dict[str, Any]) -> None:
        """Add the result of a round."""
        self.per_second.append(report["counted"] / report["seconds"])
        self.cpu_us.append(report["cpu_seconds"] / report["counted"] * 1e6)

    def __str__(self) -> str:
        rounds = " ".join(f"{each:,.0f}" for each in self.per_second)
        return (
            f"{self.name:34} {median(self.per_second):11,.0f} /s "
            f"{median(self.cpu_us):8.1f} us CPU   ({rounds})"
        )


def tell(name: str, asked: float, one: Rates, other: Rates) -> str:
    """Return a line about the ratio of two rates: what was asked and what was reached."""
    ratios = [a / b for a, b in zip(one.per_second, other.per_second, strict=True)]
    cpu = median(b / a for a, b in zip(one.cpu_us, other.cpu_us, strict=True))
    word = "reached" if median(ratios) >= asked else "MISSED "
    return (
        f"{name:46} asked {asked:5.1f}  {word} {median(ratios):6.2f}  "
        f"({min(ratios):.2f} to {max(ratios):.2f}; by CPU {cpu:.2f})"
    )


def machine() -> str:
    """Return what has to be known of the machine."""
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, load {load:.1f}, Python {sys.version.split()[0]}"


def totals(rates: Sequence[Rates]) -> None:
    """Print what all contestants reached."""
    for each in rates:
        print(each)
