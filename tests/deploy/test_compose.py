"""docker-compose.yml: what it starts exists, is pinned, bounded and not open to the network."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pult import settings
from pult.cli import parser
from pult.verbs import VERBS
from tests.deploy.programs import ROOT, SECONDS, document

COMPOSE = ROOT / "docker-compose.yml"
EXAMPLE = ROOT / ".env.example"
TEXT = COMPOSE.read_text("utf-8")
_SERVICES = TEXT.partition("\nservices:\n")[2].partition("\nvolumes:\n")[0]
SERVICES = re.findall(r"^  ([a-z0-9-]+):$", _SERVICES, re.MULTILINE)
ONCE = {"topics", "migrate"}
_READ_BY_COMPOSE = re.compile(r"COMPOSE_[A-Z_]+")


def services() -> dict[str, Any]:
    """Return all services by name."""
    found: dict[str, Any] = document(COMPOSE)["services"]
    return found


def ours() -> dict[str, Any]:
    """Return the services that run pult."""
    return {
        name: each for name, each in services().items() if each["image"].startswith("pult:")
    }


def mounts(service: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Return source, place and mode of each mount."""
    for each in service.get("volumes", []):
        source, place, *mode = each.split(":")
        yield source, place, mode[0] if mode else "rw"


def settings_of(service: Mapping[str, Any]) -> Path:
    """Return the settings that a service of ours finds."""
    return next(
        ROOT / source for source, place, _ in mounts(service) if place == "/etc/pult/pult.toml"
    )


def test_the_names_of_the_services_are_read_right() -> None:
    assert set(services()) == set(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_pinned_by_an_exact_version(name: str) -> None:
    image = services()[name]["image"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert re.fullmatch(r"[a-z./-]+:v?\d+(\.\d+){2,3}(-[a-z0-9.-]+)?", image), image
    if image.startswith("pult:"):
        assert image == f"pult:{project['version']}"


def test_the_store_is_no_older_than_the_engine_of_our_tests() -> None:
    image = services()["clickhouse"]["image"].partition(":")[2]
    # Of a process of its own: another test may hold the one engine that a process can have.
    asked = [sys.executable, "-c", "import chdb; print(chdb.query('SELECT version()', 'CSV'))"]
    done = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=SECONDS)
    tested = done.stdout.strip().strip('"')

    assert tuple(map(int, image.split("."))) >= tuple(map(int, tested.split(".")))


def test_the_broker_is_the_one_of_our_tests() -> None:
    pom = (ROOT / "deploy" / "kafka" / "pom.xml").read_text("utf-8")
    tested = re.search(r"<kafka.version>(.+)</kafka.version>", pom)

    assert tested is not None
    assert services()["kafka"]["image"] == f"apache/kafka:{tested[1]}"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_not_root_and_cannot_become_it(name: str) -> None:
    service = services()[name]

    assert re.fullmatch(r"[1-9]\d*:\d+", service["user"])
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service
    assert not any("docker.sock" in source for source, _, _ in mounts(service))


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_bounded_and_comes_back(name: str) -> None:
    service = services()[name]
    limits = service["deploy"]["resources"]["limits"]

    assert float(limits["cpus"]) > 0
    assert re.fullmatch(r"\d+[mg]", limits["memory"])
    assert service["restart"] in ("always", "unless-stopped", "on-failure:5")
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_open_to_this_machine_only(name: str) -> None:
    ports = services()[name].get("ports", [])

    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_no_two_services_want_the_same_port() -> None:
    ports = [
        port.split(":")[1] for each in services().values() for port in each.get("ports", [])
    ]

    assert len(ports) == len(set(ports))


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_mounts_exists_and_is_read_only(name: str) -> None:
    volumes = document(COMPOSE)["volumes"]
    for source, _, mode in mounts(services()[name]):
        if source.startswith("."):
            assert (ROOT / source).exists(), source
            assert mode == "ro", source
        else:
            assert source in volumes, source


def test_every_volume_is_used() -> None:
    used = {source for each in services().values() for source, _, _ in mounts(each)}

    assert set(document(COMPOSE)["volumes"]) == {s for s in used if not s.startswith(".")}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_for_others_in_a_way_that_they_can_satisfy(name: str) -> None:
    for other, how in services()[name].get("depends_on", {}).items():
        awaited = services()[other]
        if how["condition"] == "service_healthy":
            assert "test" in awaited["healthcheck"]
        else:
            assert how["condition"] == "service_completed_successfully"
            assert awaited["command"][0] in ONCE


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_of_ours_runs_a_verb_with_options_that_exist(name: str) -> None:
    service = ours().get(name)
    if service is None:
        return
    command = service["command"]

    chosen = parser(command).parse_args(command)

    assert chosen.verb in {each.name for each in VERBS}
    places = {place: ROOT / source for source, place, _ in mounts(service)}
    for recording in getattr(chosen, "recording", None) or []:
        mounted = next(place for place in places if Path(place) in recording.parents)
        assert (places[mounted] / recording.relative_to(mounted)).is_file()


@pytest.mark.parametrize("name", SERVICES)
def test_health_is_asked_at_the_port_of_the_verb(name: str) -> None:
    service = services()[name]
    if name not in ours():
        assert service["healthcheck"]["test"][0] == "CMD"
        return
    verb = service["command"][0]
    if verb in ONCE:
        assert service["healthcheck"] == {"disable": True}
        return
    loaded = settings.load(settings_of(service))

    port = getattr(loaded.http, f"{verb}_port")

    assert service["healthcheck"]["test"] == ["CMD", "pult-healthy", str(port)]
    assert all(each.endswith(f":{port}") for each in service.get("ports", []))
    # Prometheus and the published port come from outside the container.
    assert loaded.http.host == "0.0.0.0"


def test_every_verb_of_the_distributed_form_has_its_service() -> None:
    verbs = {each["command"][0] for each in ours().values()}

    assert {"topics", "migrate", "adapter", "processor", "sink"} == verbs


def test_no_two_workers_share_a_name() -> None:
    names = [
        each["command"][each["command"].index("--name") + 1]
        for each in ours().values() if each["command"][0] == "processor"
    ]  # fmt: skip

    assert len(names) == len(set(names)) > 1


def test_a_service_of_ours_is_given_more_time_to_stop_than_it_needs() -> None:
    from pult.adapter import GRACE_SECONDS

    for each in ours().values():
        assert float(each["stop_grace_period"].removesuffix("s")) > GRACE_SECONDS


def test_the_services_of_a_settings_file_are_handed_the_variables_that_it_names() -> None:
    handed: dict[Path, set[str]] = {}
    for service in ours().values():
        handed.setdefault(settings_of(service), set()).update(service.get("environment", {}))

    for path, variables in handed.items():
        text = path.read_text("utf-8")
        assert variables == set(re.findall(r'^[^#\n]*_env = "(\w+)"', text, re.MULTILINE)), path


def _example() -> dict[str, str]:
    lines = (line for line in EXAMPLE.read_text("utf-8").splitlines() if line[:1] != "#")
    return dict(line.split("=", 1) for line in lines if line)


def test_every_variable_is_in_the_example_and_the_other_way_round() -> None:
    body = re.sub(r"^\s*#.*$", "", TEXT, flags=re.MULTILINE)
    used = set(re.findall(r"\$\{(\w+)", body))

    assert not re.search(r"\$\w", body), "write ${NAME}"
    assert {name for name in _example() if not _READ_BY_COMPOSE.fullmatch(name)} == used


def test_the_example_explains_each_variable_and_holds_no_password() -> None:
    lines = EXAMPLE.read_text("utf-8").splitlines()
    for name, value in _example().items():
        at = lines.index(f"{name}={value}")
        assert lines[at - 1].startswith("# "), name
        assert not value or _READ_BY_COMPOSE.fullmatch(name), name


def test_what_must_be_set_says_so() -> None:
    words = re.findall(r"\$\{(\w+):(.)([^}]*)\}", TEXT)

    assert words
    for name, how, text in words:
        assert how == "-" or (how == "?" and ".env" in text), name


def test_the_environment_of_people_is_not_in_git() -> None:
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()

    assert ".env" in ignored
