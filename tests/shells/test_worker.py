"""What a worker refuses to own; what needs a broker is in tests/integration."""

from collections.abc import Iterable
from typing import cast

import pytest
from prometheus_client import CollectorRegistry

from schemas.errors import LogTorn
from schemas.topics import EVENTS
from stream_processors.shells.measures import Measures
from stream_processors.shells.outbox import Outbox
from stream_processors.shells.policy_log import TenantPolicies
from stream_processors.shells.transport import Bounds
from stream_processors.shells.worker import Plan, Worker

PLAN = Plan("w1", "acme.events", "facts", "rejected", "snapshots", TenantPolicies())


def never(_: Iterable[int]) -> dict[int, int]:
    raise AssertionError


async def test_a_topic_that_was_given_more_partitions_is_refused_before_anything_is_asked() -> (
    None
):
    """Domains have their states elsewhere, and the other topics have no such partition."""
    worker = Worker(
        PLAN, cast(Outbox, None), lambda _: {}, never, Measures(CollectorRegistry()), print
    )

    with pytest.raises(LogTorn, match=r"acme\.events has more than 32 partitions now"):
        await worker.restore({0: Bounds(0, 0), EVENTS.partitions: Bounds(0, 0)})
