"""Folding a long history again takes the memory of a short one."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pult.command import PULT, environment

# The half hour told on some days one after another, straight into a store.
_FILL = """
import sys
from datetime import datetime, timedelta
from pathlib import Path
from msgspec.structs import replace
from schemas.identity import derived_id
from sql.embedded import EmbeddedStore
from tests.lab.recording import ami

def later(text, days):
    return (datetime.fromisoformat(text) + timedelta(days=days)).strftime(
        "%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

store = EmbeddedStore(Path(sys.argv[1]) / "store")
for day in range(int(sys.argv[2])):
    told = [
        replace(
            event, tenant="main", domain="main", id=derived_id(event.id, str(day)),
            time=later(event.time, day), recordedtime=later(event.recordedtime, day),
        )
        for event in ami()
    ]
    store.writer.write_events(told, [(0, day + 1)] * len(told), str(day))
store.close()
"""
_ROOT = Path(__file__).parents[2]


def peak_bytes(data: Path, days: int) -> int:
    """Return the most memory that a rebuild of so many days takes."""
    data.mkdir()
    subprocess.run(
        [sys.executable, "-c", _FILL, data, str(days)],
        check=True, cwd=_ROOT, env=environment() | {"PYTHONPATH": str(_ROOT)},
    )  # fmt: skip
    running = subprocess.Popen(
        [PULT, "rebuild", "--data", data], env=environment(), stdout=subprocess.DEVNULL
    )
    _, code, used = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(code)
    assert running.returncode == 0
    assert isinstance(used, resource.struct_rusage)
    return used.ru_maxrss * 1024


@pytest.mark.soak
def test_six_times_as_many_days_take_little_more_memory(tmp_path: Path) -> None:
    short, long = peak_bytes(tmp_path / "short", 5), peak_bytes(tmp_path / "long", 30)

    assert long < 1.4 * short, f"{short / 1e6:.0f} MB for 5 days, {long / 1e6:.0f} MB for 30"
