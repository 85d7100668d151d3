"""What a worker refuses to own; what needs a broker is in tests/integration."""

from collections.abc import Iterable
from typing import cast

import pytest
from prometheus_client import CollectorRegistry

from schemas.errors import LogTorn
from schemas.topics import EVENTS
from stream_processors.shells.archive import Shelf
from stream_processors.shells.measures import Measures
from stream_processors.shells.outbox import Outbox
from stream_processors.shells.partition import Frozen
from stream_processors.shells.policy_log import TenantPolicies
from stream_processors.shells.snapshots import Manifest
from stream_processors.shells.transport import Bounds
from stream_processors.shells.worker import Worker
from stream_processors.shells.worker_plan import Plan

PLAN = Plan("w1", "acme.events", "facts", "rejected", "snapshots", TenantPolicies())


def never(_topic: str, _partitions: Iterable[int]) -> dict[int, int]:
    raise AssertionError


class NoOutbox:
    """Takes everything and has it at once."""

    def mark(self, *_: object) -> None:
        """Take a record."""

    async def settled(self, _: int) -> None:
        """Have all of a partition."""


def saved_at(position: int) -> Shelf:
    """What another worker has kept of partition 0."""
    manifest = Manifest(
        format=1, definition="", id="a", partition=0, position=position, clock=0, made_at=0,
        worker="w1", chunks=1, payload_bytes=1, checksum="",
    )  # fmt: skip
    return Shelf(manifest, Frozen(position, 0, [], {}))


async def test_a_topic_that_was_given_more_partitions_is_refused_before_anything_is_asked() -> (
    None
):
    """Domains have their states elsewhere, and the other topics have no such partition."""
    worker = Worker(
        PLAN, cast(Outbox, None), lambda _: {}, never, Measures(CollectorRegistry()), print
    )

    with pytest.raises(LogTorn, match=r"acme\.events has more than 32 partitions now"):
        await worker.restore({0: Bounds(0, 0), EVENTS.partitions: Bounds(0, 0)})


@pytest.mark.parametrize(("end_now", "torn"), [(12, False), (10, True)])
async def test_a_snapshot_made_after_the_end_was_asked_is_of_the_same_log(
    end_now: int, torn: bool
) -> None:
    """Whoever had the partition may have gone on until just now."""
    worker = Worker(
        PLAN, cast(Outbox, NoOutbox()), lambda _: {0: saved_at(12)},
        lambda topic, _: {0: end_now if topic == PLAN.events else 0},
        Measures(CollectorRegistry()), print,
    )  # fmt: skip

    if torn:
        with pytest.raises(LogTorn, match="folded up to offset 12, but ends at 10"):
            await worker.restore({0: Bounds(0, 10)})
    else:
        assert await worker.restore({0: Bounds(0, 10)}) == {0: 12}
