"""The same figures whichever way a PBX's words go: imported, embedded, or through Kafka."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.whole.centre import Centre, running
from tests.integration.whole.offsets import ended
from tests.kafka import Cluster
from tests.lab_cut import WHOLE_MINUTES, beginning
from tests.pult.command import good

WRAPUPS = "\n".join(
    f"[queues.{queue}]\nwrapup = '3s'" for queue in ("sales", "support", "billing", "vip")
)
"""What the recorded PBX had in its queues.conf, and told nobody."""

SOON = f"{WRAPUPS}\n[processor]\nsnapshot_every = '300ms'"


def imported(folder: Path, recording: Path) -> list[list[str]]:
    """Return the digest of an import, line by line."""
    config = folder.with_suffix(".toml")
    config.write_text(WRAPUPS)
    told = ("--source", "pbx1", "--config", config, "--data", folder)
    good("import", "asterisk-ami", recording, *told)
    assert good("sql", "--data", folder, "SELECT max(wrapup_ms) FROM legs").endswith("3000\n")
    *lines, _ = good("digest", "--data", folder).splitlines()
    return [line.split("\t") for line in lines]


@pytest.mark.parametrize(
    ("tenants", "minutes"), [(2, 12), pytest.param(16, WHOLE_MINUTES, marks=pytest.mark.soak)]
)
def test_what_was_recorded_is_the_import_to_the_last_call_through_kafka_and_two_workers(
    kafka: Cluster, prefix: str, tmp_path: Path, tenants: int, minutes: int
) -> None:
    names = [f"tenant-{n}" for n in range(tenants)]
    recording = beginning(tmp_path / "said", minutes).ami_path
    made = Centre(
        kafka.bootstrap, prefix, tmp_path / "centre", names, settings=SOON, recording=recording
    )

    with running(made) as centre:
        centre.wait_until_heard(300)
        ended(centre)
        found = {tenant: centre.digest(tenant) for tenant in names}

    assert_imported(found, made.recording, tmp_path)


@pytest.mark.soak
def test_two_minutes_as_slowly_as_they_were_said_are_the_import_too(
    kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    names = ["red", "blue"]
    made = Centre(kafka.bootstrap, prefix, tmp_path / "centre", names, 1, settings=SOON)
    tape = made.pbxs["red"].tape
    until_us = tape[0].at_us + 120_000_000
    some = [each for each in tape if each.at_us < until_us]
    capture = tmp_path / "ami.log"
    capture.write_bytes(b"".join(each.text + b"\r\n\r\n" for each in some))
    for pbx in made.pbxs.values():
        pbx.tape = pbx.tape[: len(some)]

    with running(made) as centre:
        centre.wait_until_heard(180)
        ended(centre)
        found = {tenant: centre.digest(tenant) for tenant in names}

    assert_imported(found, capture, tmp_path)


def assert_imported(found: dict[str, list[list[Any]]], recording: Path, folder: Path) -> None:
    """Every tenant's digest is that of an import."""
    wanted = imported(folder / "imported", recording)
    assert wanted
    for tenant, rows in found.items():
        assert [list(map(str, row)) for row in rows] == wanted, tenant
