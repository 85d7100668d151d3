"""The image holds what is locked, and what is ours, and nothing else."""

import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.deploy.programs import DEPLOY, ROOT
from tests.kafka import free_port

DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8")
LOGICAL = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE))
STAGES = LOGICAL.split("\nFROM ")
LOCKS = ("requirements.lock", "build.lock")


def _locked(path: Path) -> dict[str, set[str]]:
    """Return the hashes of each requirement, by its line without them."""
    text = path.read_text("utf-8").replace("\\\n", "")
    found = {}
    for line in text.splitlines():
        requirement, *hashes = line.split(" --hash=")
        found[requirement.strip()] = {each.strip() for each in hashes}
    return found


def _names(path: Path) -> set[str]:
    return {line.partition("==")[0] for line in _locked(path)}


@pytest.mark.parametrize("name", LOCKS)
def test_what_the_image_installs_is_what_was_tested(name: str) -> None:
    tested = _locked(ROOT / "requirements.lock")
    shipped = _locked(DEPLOY / name)

    assert shipped
    for requirement, hashes in shipped.items():
        assert tested.get(requirement) == hashes, f"{requirement}: make lock"
        assert hashes


def test_the_image_has_all_that_runs_and_nothing_that_only_develops() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    runs = {re.split(r"[=><]", each)[0] for each in project["dependencies"]}
    develops = {re.split(r"[=><]", each)[0] for each in project["optional-dependencies"]["dev"]}

    names = _names(DEPLOY / "requirements.lock")

    assert runs <= names
    assert not names & develops
    assert "hatchling" in _names(DEPLOY / "build.lock")


def test_everything_is_installed_by_its_hash_and_no_index_is_named() -> None:
    installs = re.findall(r"pip(?: --python \S+)? install[^&\n]*", LOGICAL)

    assert len(installs) == 3
    for each in installs:
        assert "--require-hashes" in each or "--no-index" in each
        assert "--only-binary :all:" in each or "--no-index" in each
    assert "://" not in DOCKERFILE
    assert not re.search(r"--index-url|--extra-index|--find-links|_URL", DOCKERFILE)
    assert not any("://" in (DEPLOY / name).read_text("utf-8") for name in LOCKS)


def test_what_is_copied_exists_and_is_let_through() -> None:
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", LOGICAL, re.MULTILINE)
        for source in [word for word in line.split() if word[:2] != "--"][:-1]
    ]
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    allowed = {line[1:] for line in lines if line[:1] == "!"}
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]
    packages = wheel["build"]["targets"]["wheel"]["packages"]

    assert all((ROOT / source).exists() for source in copied)
    assert set(copied) == allowed
    assert set(packages) <= set(copied)
    assert "*" in lines


def test_the_last_stage_runs_pult_as_nobody_special() -> None:
    last = STAGES[-1]

    assert len(STAGES) == 2
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", last, re.MULTILINE)
    assert 'ENTRYPOINT ["pult"]' in last
    assert 'CMD ["pult-healthy", "8400"]' in last
    assert "pip" not in last
    assert not re.search(r"(?i)password|secret|token", last)


def test_both_stages_stand_on_the_same_exact_version() -> None:
    images = re.findall(r"^FROM (\S+)", LOGICAL, re.MULTILINE)

    assert len(set(images)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-[a-z]+", images[0])


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def alive() -> Iterator[int]:
    """The port of something that is alive."""
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def _healthy(port: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, DEPLOY / "healthy.py", str(port)],
        check=False, capture_output=True, text=True, timeout=30,
    )  # fmt: skip


def test_health_is_good_where_somebody_answers_and_bad_where_nobody_does(alive: int) -> None:
    good, bad = _healthy(alive), _healthy(free_port())

    assert (good.returncode, good.stderr) == (0, "")
    assert bad.returncode == 1
    assert len(bad.stderr.splitlines()) == 1
