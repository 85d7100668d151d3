"""Programs of the system that judge what we deploy; where one is missing a test is skipped."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SECONDS = 60

_PACKAGES = {
    "promtool": "prometheus", "prometheus": "prometheus",
    "amtool": "prometheus-alertmanager", "systemd-analyze": "systemd",
}  # fmt: skip
_YAML = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)"


def lacking(what: str, package: str) -> None:
    """Skip the test with a word, or fail it where nothing may be missing."""
    told = f"this needs {what} (on Debian: {package})"
    if os.environ.get("PULT_REQUIRE_SERVERS") == "1":
        pytest.fail(told)
    pytest.skip(told)


def ran(program: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run a program of the system to its end."""
    if shutil.which(program) is None:
        lacking(program, _PACKAGES[program])
    return subprocess.run(
        [program, *map(str, arguments)],
        check=False, capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip


@cache
def _parsed(path: Path) -> str:
    # Debian's Python has a YAML parser; ours needs none, so none is among our dependencies.
    done = subprocess.run(
        ["/usr/bin/python3", "-c", _YAML],
        check=False, capture_output=True, text=True, timeout=SECONDS,
        input=path.read_text("utf-8"),
    )  # fmt: skip
    if "No module named 'yaml'" in done.stderr or done.returncode == 127:
        lacking("a YAML parser", "python3-yaml")
    assert done.returncode == 0, done.stderr
    return done.stdout


def document(path: Path) -> Any:
    """Return what a YAML file holds."""
    if not Path("/usr/bin/python3").exists():
        lacking("a YAML parser", "python3-yaml")
    return json.loads(_parsed(path))
