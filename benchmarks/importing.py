"""CPU of importing the half hour beside start-up plus a bare loop.

Run it with `python -m benchmarks.importing`. Both are whole processes: Python, libraries, an
empty store opened and migrated. The bare loop then splits the 38 MB into messages and decodes
those that are needed; the import keeps them in the journal, translates, stores, folds and
stores the facts.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.lab import RECORDING
from benchmarks.timing import children_cpu_seconds

ROUNDS = 5


def main() -> None:
    """Measure and print."""
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, command in (
            ("bare loop", ["-m", "benchmarks.bare_loop"]),
            ("import", ["-m", "pult.cli", "import", "asterisk-ami", str(RECORDING), "--data"]),
        ):
            spent = _spent(command)
            best[name] = min(best.get(name, spent), spent)
    for name, seconds in best.items():
        print(f"{name:10} {seconds:6.2f} s CPU  {seconds / best['bare loop']:4.2f} x bare loop")


def _spent(command: Sequence[str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        arguments = [sys.executable, *command, str(Path(folder) / "data")]
        return children_cpu_seconds(
            lambda: subprocess.run(arguments, check=True, capture_output=True)
        )


if __name__ == "__main__":
    main()
