"""The units of systemd: what they start exists, may do little, and comes back."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from pult.adapter import GRACE_SECONDS
from pult.cli import parser
from pult.verbs import VERBS
from tests.deploy.programs import DEPLOY, SECONDS

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
TARGET = DEPLOY / "systemd" / "pult.target"
PROGRAM = "/opt/pult/bin/pult"
MOST_EXPOSED = 20
"""What `systemd-analyze security` may say at most, in tenths; a plain service has 96."""

Unit = Mapping[str, list[str]]

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="this needs systemd-analyze"
)


def read(path: Path) -> Unit:
    """Return the values of each key; a key may stand several times."""
    found: dict[str, list[str]] = {}
    for line in path.read_text("utf-8").splitlines():
        key, is_value, value = line.partition("=")
        if is_value and line[:1] not in "#[":
            found.setdefault(key, []).append(value)
    return found


def one(unit: Unit, key: str) -> str:
    """Return the value of a key that stands once."""
    (value,) = unit[key]
    return value


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_runs_a_verb_with_options_that_exist(path: Path) -> None:
    command = one(read(path), "ExecStart").replace("%i", "w1").replace("$PULT_OPTIONS", "")
    program, *words = shlex.split(command)

    chosen = parser(words).parse_args(words)

    assert program == PROGRAM
    assert chosen.verb in {each.name for each in VERBS}
    assert path.stem.removesuffix("@") == f"pult-{chosen.verb}"


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_comes_back_at_once_and_is_given_time_to_stop(path: Path) -> None:
    unit = read(path)

    assert one(unit, "Restart") == "always"
    # A static member has to be back within its session of 10 s.
    assert one(unit, "RestartSec") == "500ms"
    assert one(unit, "StartLimitIntervalSec") == "0"
    assert one(unit, "RestartPreventExitStatus") == "2"
    assert float(one(unit, "TimeoutStopSec").removesuffix("s")) > 2 * GRACE_SECONDS


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_is_not_root_and_writes_to_its_own_folder_only(path: Path) -> None:
    unit = read(path)
    command = one(unit, "ExecStart")

    assert one(unit, "User") == one(unit, "Group") == "pult"
    assert one(unit, "ProtectSystem") == "strict"
    assert one(unit, "NoNewPrivileges") == "yes"
    assert one(unit, "CapabilityBoundingSet") == ""
    assert "ReadWritePaths" not in unit
    folder = re.search(r"--data /var/lib/(\S+)", command)
    assert unit.get("StateDirectory", []) == ([folder[1]] if folder else [])


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_has_its_secrets_from_a_file_and_belongs_to_the_target(path: Path) -> None:
    unit = read(path)

    assert "-/etc/pult/secrets.env" in unit["EnvironmentFile"]
    assert unit["Environment"] == ["PULT_OPTIONS="]
    assert one(unit, "WantedBy") == one(unit, "PartOf") == TARGET.name


def _installed(folder: Path) -> list[Path]:
    """Copy the units with the program that is installed here."""
    program = Path(sys.executable).with_name("pult")
    for path in (*UNITS, TARGET):
        text = path.read_text("utf-8").replace(PROGRAM, str(program))
        (folder / path.name).write_text(text, "utf-8")
    return sorted(folder.iterdir())


def _analyzed(*words: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["systemd-analyze", *map(str, words)],
        check=False, capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    done = _analyzed("verify", "--man=no", *_installed(tmp_path))

    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_systemd_says_that_little_is_exposed(tmp_path: Path) -> None:
    for path in _installed(tmp_path):
        if path.suffix == ".service":
            done = _analyzed(
                "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", path
            )
            assert done.returncode == 0, done.stdout.splitlines()[-1]


@needs_systemd
def test_systemd_notices_what_is_wrong(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.service"
    wrong.write_text(UNITS[0].read_text("utf-8").replace("Restart=always", "Restart=perhaps"))

    assert "perhaps" in _analyzed("verify", "--man=no", wrong).stderr
