"""The Kafka topics of the distributed form, as data: created and checked from here.

The key of every topic is the domain, so that all of a domain is in one order. Partition counts
are for ever: the state of a domain is bound to its partition, and keys are spread by murmur2.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic: what a record of it is, and how the broker is to keep it."""

    name: str
    holds: str
    partitions: int
    cleanup: Literal["delete", "compact"]
    max_message_bytes: int = 1_000_000

    def named(self, prefix: str) -> str:
        """Return the name with another first part, for an installation of its own."""
        return f"{prefix}.{self.name.partition('.')[2]}"


EVENTS = Topic(
    name="pult.events",
    holds="an event of the contract (schemas/events.py)",
    partitions=32,
    cleanup="delete",
)
FACTS = Topic(
    name="pult.facts",
    holds="a fact (schemas/facts.py); same key and partition as the events it follows from",
    partitions=EVENTS.partitions,
    cleanup="delete",
)
REJECTED = Topic(
    name="pult.rejected",
    holds="what could not be used, whole, with its reason",
    partitions=EVENTS.partitions,
    cleanup="delete",
)
SNAPSHOTS = Topic(
    name="pult.snapshots",
    holds="a chunk of a frozen state, under 900 kB; the newest of each key is kept",
    partitions=EVENTS.partitions,
    cleanup="compact",
)

TOPICS = (EVENTS, FACTS, REJECTED, SNAPSHOTS)

_SEED = 0x9747B28C
_MIX = 0x5BD1E995
_32_BITS = 0xFFFFFFFF


@lru_cache(maxsize=4096)
def partition_of(domain: bytes) -> int:
    """Return the partition of a domain, whatever number of them a topic has by now.

    A client left to choose takes the number that it finds; where somebody adds partitions,
    it goes on with a domain in another one, and the order of its events is lost.

    Source: murmur2 of `org.apache.kafka.common.utils.Utils`, as Kafka's clients use it.
    """
    rest = len(domain) & ~3
    found = _SEED ^ len(domain)
    for place in range(0, rest, 4):
        word = int.from_bytes(domain[place : place + 4], "little") * _MIX & _32_BITS
        word = (word ^ word >> 24) * _MIX & _32_BITS
        found = found * _MIX & _32_BITS ^ word
    if domain[rest:]:
        found = (found ^ int.from_bytes(domain[rest:], "little")) * _MIX & _32_BITS
    found = (found ^ found >> 13) * _MIX & _32_BITS
    return ((found ^ found >> 15) & 0x7FFFFFFF) % EVENTS.partitions


def processors_of(prefix: str) -> str:
    """Return the consumer group of the workers of an installation."""
    return f"{prefix}-processor"


def sinks_of(prefix: str) -> str:
    """Return the consumer group of the sinks of an installation."""
    return f"{prefix}-sink"
