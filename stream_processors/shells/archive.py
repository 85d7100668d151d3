"""Reads what a worker must know before it begins: snapshots, targets, and where facts end.

A plain consumer that is assigned its partitions and belongs to no group; it is gone once it
has come to the end.
"""

import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.cimpl import OFFSET_BEGINNING

from schemas.errors import OutputFailed, SnapshotUnusable
from stream_processors.shells.partition import Frozen
from stream_processors.shells.snapshots import (
    POLICIES_KEY,
    Manifest,
    key_of,
    keys,
    manifest_in,
    split,
    unpack,
)

_WAIT_SECONDS = 0.5
_ASK_SECONDS = 10
_GIVE_UP_SECONDS = 60.0
_HOPELESS = (
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError._UNKNOWN_PARTITION,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
)


@dataclass(slots=True)
class Shelf:
    """What is kept of one partition.

    Attributes:
        manifest: of the newest snapshot that can be used, None if there is none.
        frozen: what it holds.
        policies: the history of targets as it was written, None if there is none.
        unusable: what is wrong with each of the others.
        stale: keys of what the newest snapshot makes superfluous, and of halves of snapshots.
    """

    manifest: Manifest | None = None
    frozen: Frozen | None = None
    policies: bytes | None = None
    unusable: list[str] = field(default_factory=list)
    stale: list[bytes] = field(default_factory=list)


class Reading:
    """One partition of the topic while it is read: chunks by the name of their snapshot."""

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.chunks: dict[bytes, dict[bytes, bytes]] = {}
        self.manifests: dict[bytes, Manifest] = {}
        self.policies: bytes | None = None
        self.unusable: dict[bytes, str] = {}

    def take(self, key: bytes, value: bytes | None) -> None:
        """Note a record, in the order of the topic."""
        if key == POLICIES_KEY:
            self.policies = value
            return
        name, part = split(key)
        if value is None:
            self.manifests.pop(name, None)
            self.unusable.pop(name, None)
            self.chunks.get(name, {}).pop(part, None)
            return
        try:
            manifest = manifest_in(part, value)
        except SnapshotUnusable as error:
            self.unusable[name] = str(error)
            return
        if manifest is None:
            self.chunks.setdefault(name, {})[part] = value
        else:
            self.manifests[name] = manifest

    def shelf(self) -> Shelf:
        """Choose: of the snapshots that can be used the one that has come farthest."""
        shelf = Shelf(policies=self.policies, unusable=list(self.unusable.values()))
        shelf.stale += self._halves()
        in_order = sorted(self.manifests.values(), key=lambda each: -each.position)
        for manifest in in_order:
            if shelf.manifest is not None:
                shelf.stale += keys(manifest)
                continue
            try:
                self._check_place(manifest)
                shelf.frozen = unpack(manifest, self.chunks.get(manifest.id.encode(), {}))
                shelf.manifest = manifest
            except SnapshotUnusable as error:
                shelf.unusable.append(
                    f"snapshot {manifest.id} at offset {manifest.position}: {error}"
                )
                shelf.stale += keys(manifest)
        return shelf

    def _check_place(self, manifest: Manifest) -> None:
        """Refuse what a tool put here that spreads keys as other topics want it."""
        if manifest.partition != self.partition:
            msg = f"it is of partition {manifest.partition}"
            raise SnapshotUnusable(msg)

    def _halves(self) -> list[bytes]:
        """Return keys of what has no manifest: whoever wrote it died before that was written.

        Nobody knows of them by a manifest, so they would be kept, and read, for ever.
        """
        names = (self.chunks.keys() | self.unusable.keys()) - self.manifests.keys()
        manifests = [key_of(name) for name in self.unusable]
        return manifests + [
            key_of(name, part) for name in sorted(names) for part in self.chunks.get(name, ())
        ]


def read(
    connection: Mapping[str, Any], topic: str, partitions: Iterable[int]
) -> dict[int, Shelf]:
    """Return what is kept of each partition; blocks.

    Raises:
        OutputFailed: the topic cannot be read to its end.
    """
    readings = {partition: Reading(partition) for partition in partitions}
    consumer = Consumer(
        {
            **connection,
            # Asked for by the client; without a subscription it joins no group.
            "group.id": f"{topic}-reader",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.queue.backoff.ms": 2,
            # An empty partition is only known to be at its end when the broker answers.
            "fetch.wait.max.ms": 10,
        }
    )
    with closing(consumer):
        consumer.assign([TopicPartition(topic, each, OFFSET_BEGINNING) for each in readings])
        unfinished = set(readings)
        give_up = time.monotonic() + _GIVE_UP_SECONDS
        while unfinished:
            if time.monotonic() > give_up:
                msg = (
                    f"cannot read {topic} to its end within {_GIVE_UP_SECONDS:g} s; check the "
                    "brokers"
                )
                raise OutputFailed(msg)
            message = consumer.poll(_WAIT_SECONDS)
            if message is None:
                continue
            partition, error, key = message.partition(), message.error(), message.key()
            if error is None and partition is not None and key is not None:
                readings[partition].take(_bytes(key), _maybe_bytes(message.value()))
            elif error is not None and error.code() == KafkaError._PARTITION_EOF:
                unfinished.discard(-1 if partition is None else partition)
            elif error is not None and error.code() in _HOPELESS:
                hidden = error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
                remedy = "check the ACL of the brokers" if hidden else "run pult topics"
                msg = f"cannot read {topic}: {error.str()}; {remedy}"
                raise OutputFailed(msg)
    return {partition: reading.shelf() for partition, reading in readings.items()}


def ends(
    connection: Mapping[str, Any], topic: str, partitions: Iterable[int]
) -> dict[int, int]:
    """Return where partitions of a topic end; blocks.

    Raises:
        OutputFailed: the brokers do not say.
    """
    consumer = Consumer({**connection, "group.id": f"{topic}-reader"})
    give_up = time.monotonic() + _GIVE_UP_SECONDS
    found: dict[int, int] = {}
    with closing(consumer):
        for partition in partitions:
            while partition not in found:
                try:
                    place = TopicPartition(topic, partition)
                    found[partition] = consumer.get_watermark_offsets(place, _ASK_SECONDS)[1]
                except KafkaException as error:
                    # The broker that leads it may have died just now.
                    if time.monotonic() > give_up or error.args[0].code() in _HOPELESS:
                        msg = f"cannot read where {topic} ends: {error.args[0].str()}"
                        raise OutputFailed(msg) from error
                    time.sleep(_WAIT_SECONDS)
    return found


def _bytes(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _maybe_bytes(value: bytes | str | None) -> bytes | None:
    return None if value is None else _bytes(value)
