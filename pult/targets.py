"""Which targets held when, as the workers keep it in Kafka beside their snapshots."""

from collections.abc import Callable, Mapping
from typing import Any

from clickhouse_connect.driver.client import Client

from pult.settings import Settings
from schemas.policies import PolicyHistory
from schemas.topics import SNAPSHOTS
from sql.store import store_errors
from stream_processors.shells import archive, policy_log


def kept_targets(
    wanted: Settings, connection: Mapping[str, Any], partitions: Mapping[str, int]
) -> Callable[[str], PolicyHistory]:
    """Return what tells the targets of a domain; where no worker kept any, the settings do.

    Workers begin to use a changed target one after another: its instant is that of a partition.

    Args:
        wanted: the settings.
        connection: how to reach the brokers, in librdkafka's words.
        partitions: in which partition of the log each domain is.

    Raises:
        OutputFailed: the topic cannot be read to its end.
        SnapshotUnusable: a history cannot be read.
    """
    topic = SNAPSHOTS.named(wanted.kafka.prefix)
    shelves = archive.read(connection, topic, set(partitions.values()))

    def of(domain: str) -> PolicyHistory:
        tenant, partition = domain.partition("/")[0], partitions.get(domain)
        kept = None if partition is None else shelves[partition].policies
        if kept is None:
            return PolicyHistory([(0, wanted.policies(tenant))])
        where = f"{topic} partition {partition}"
        return policy_log.history(policy_log.decode(kept, where), tenant)

    return of


def partitions_of(client: Client) -> dict[str, int]:
    """Return in which partition of the log each domain of a store is.

    Raises:
        StoreFailed: the store cannot be read.
    """
    query = "SELECT domain, any(log_partition) FROM pult.events GROUP BY domain ORDER BY domain"
    with store_errors("find the partitions of the events"):
        return {str(domain): int(each) for domain, each in client.query(query).result_rows}
