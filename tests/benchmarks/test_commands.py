"""Each benchmark on a broker runs and finds what it measures to be right; no speed is asked."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import require_kafka

ROOT = Path(__file__).parents[2]
SECONDS = 300

# Each starts a broker and reads the whole recording.
pytestmark = pytest.mark.soak


def benchmark(*words: str) -> str:
    """Run a benchmark; return what it prints."""
    require_kafka()
    done = subprocess.run(
        [sys.executable, "-m", *words],
        check=False, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_publishing_is_compared_with_a_bare_producer() -> None:
    out = benchmark("benchmarks.publish", "--rounds", "1", "--half-hours", "1")

    assert "the same values from the journal : bare" in out


def test_workers_are_compared_with_stock_faust_and_a_plain_loop() -> None:
    out = benchmark(
        "benchmarks.faust", "--rounds", "1", "--half-hours", "1", "--tenants", "3",
        "--at-most", "4000", "--few", "800",
    )  # fmt: skip

    assert "round 1 is right" in out
    assert "our processor : plain loop" in out
