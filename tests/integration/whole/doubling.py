"""What was delivered once is delivered again: messages of a PBX, records of a topic."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from confluent_kafka import Producer

from tests.integration.whole.between import tail
from tests.integration.whole.centre import Centre
from tests.integration.whole.offsets import partition_of
from tests.oracles.told import ami_since, timed_lately
from tests.pult.command import SECONDS, wait_for

_TAIL = 3_000
_NOT_LATE = timedelta(minutes=2)
"""What is repeated is not older than this: beyond 10 minutes a day would be folded again."""


def say_again(centre: Centre, tenant: str, most: int) -> int:
    """Let a PBX say once more, after a reconnection, what its journal holds; return how much.

    They have come in when the answers to two later pings have: of one the answer may have been
    under way already.
    """
    pbx, part = centre.pbxs[tenant], centre.adapters[tenant]
    journal = centre.data(tenant) / "journal"
    part.wait_until_ready()
    log_ins = pbx.log_ins
    pbx.cut()
    wait_for(lambda: pbx.log_ins > log_ins, SECONDS, f"a reconnection to the PBX of {tenant}")
    part.wait_until_ready()
    wait_for(lambda: bool(timed_lately(journal, 1)), SECONDS, f"calls of {tenant}")
    stretch = timed_lately(journal, most)
    last = max((position for position, _ in ami_since(journal, 0)), default=0)
    assert pbx.sessions == 1
    pbx.say(b"".join(each + b"\r\n\r\n" for each in stretch))

    def answered() -> bool:
        said = [text for _, text in ami_since(journal, last)]
        return sum(b"\nPing: Pong" in each for each in said) > 1

    wait_for(answered, SECONDS, f"what the PBX of {tenant} said again")
    return len(stretch)


def records_of(centre: Centre, tenant: str, most: int = 1 << 30) -> list[bytes]:
    """Return what the end of a tenant's partition of `events` holds of him."""
    values = tail(centre, f"{centre.prefix}.events", partition_of(tenant), most)
    return [each for each in values if json.loads(each)["tenant"] == tenant]


def written_lately(centre: Centre, tenant: str, most: int) -> list[bytes]:
    """Return the last records of a tenant in `events`, as far as they are not late."""
    values = records_of(centre, tenant, _TAIL)
    times = [datetime.fromisoformat(json.loads(each)["time"]) for each in values]
    newest = max(times, default=None)
    return [
        value
        for at, value in zip(times, values, strict=True)
        if newest is None or at >= newest - _NOT_LATE
    ][-most:]


def write_again(centre: Centre, tenant: str, most: int) -> int:
    """Write the last records of a tenant once more, with the same ids; return how many."""
    found: list[bytes] = []

    def there() -> bool:
        found[:] = written_lately(centre, tenant, most)
        return bool(found)

    wait_for(there, SECONDS, f"events of {tenant}")
    _write(centre, tenant, found)
    return len(found)


def _write(centre: Centre, tenant: str, values: Sequence[bytes]) -> None:
    failed: list[object] = []
    producer = Producer(
        {"bootstrap.servers": centre.bootstrap, "acks": "all", "enable.idempotence": True}
    )
    for value in values:
        producer.produce(
            f"{centre.prefix}.events", value, tenant.encode(), partition_of(tenant),
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )  # fmt: skip
    assert producer.flush(SECONDS) == 0, f"not written again: {tenant}"
    assert not failed, failed
