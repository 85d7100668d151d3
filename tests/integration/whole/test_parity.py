"""The same figures whichever way a PBX's words go: imported, embedded, or through Kafka."""

from pathlib import Path

import pytest

from tests.integration.whole.centre import Centre, running
from tests.integration.whole.offsets import ended
from tests.kafka import Cluster
from tests.pult.command import good, wait_for

SOON = "[processor]\nsnapshot_every = '300ms'"


def imported(folder: Path, recording: Path) -> list[list[str]]:
    """Return the digest of an import, line by line."""
    good("import", "asterisk-ami", recording, "--source", "pbx1", "--data", folder)
    *lines, _ = good("digest", "--data", folder).splitlines()
    return [line.split("\t") for line in lines]


@pytest.mark.parametrize("tenants", [2, pytest.param(16, marks=pytest.mark.soak)])
def test_the_recorded_half_hour_through_kafka_and_two_workers_is_the_import_to_the_last_call(
    kafka: Cluster, prefix: str, tmp_path: Path, tenants: int
) -> None:
    names = [f"tenant-{n}" for n in range(tenants)]
    made = Centre(kafka.bootstrap, prefix, tmp_path / "centre", names, settings=SOON)

    with running(made) as centre:
        for tenant, pbx in centre.pbxs.items():
            wait_for(pbx.played.is_set, 120, f"the end of the recording of {tenant}")
        ended(centre)
        found = {tenant: centre.digest(tenant) for tenant in names}

    wanted = imported(tmp_path / "imported", made.recording)
    assert wanted
    for tenant in names:
        assert [list(map(str, row)) for row in found[tenant]] == wanted, tenant
