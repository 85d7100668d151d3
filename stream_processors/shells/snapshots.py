"""A partition's snapshot as records of the compacted topic, and back; pure.

A snapshot is some chunks and, after them, a manifest that says what they add up to. Without its
manifest, or with one that does not fit, a snapshot does not exist: half of one is never used.
Every snapshot has keys of its own, so that two workers who hold the same partition for a moment
cannot mix theirs.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import cramjam
import msgspec

from schemas.errors import SnapshotUnusable
from schemas.identity import derived_id
from stream_processors.core.state import State
from stream_processors.shells.partition import Frozen

FORMAT = 1
"""Of manifest and payload."""

RULES = 4
"""Raised when a state of the same shape comes to mean something else."""

CHUNK_BYTES = 900_000
POLICIES_KEY = b"policies"

_MANIFEST = b"manifest"
_LEVEL = 3
_SEPARATOR = b"/"


class Manifest(msgspec.Struct, kw_only=True):
    """What the chunks of a snapshot are; times in ms since 1970.

    Its shape never changes but by optional fields: it is read before the format is known.
    """

    format: int
    definition: str
    id: str
    partition: int
    position: int
    clock: int
    made_at: int
    worker: str
    chunks: int
    payload_bytes: int
    checksum: str


def definition(state: type = State) -> str:
    """Return what identifies the shape and the meaning of a state, however it is described."""
    return derived_id(msgspec.json.encode(_shape(msgspec.json.schema(state))), str(RULES))


def _shape(schema: Any) -> Any:
    """Leave out docstrings: another word in one would have all history folded again."""
    if isinstance(schema, list):
        return [_shape(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _shape(value)
        for name, value in schema.items()
        if not (name == "description" and isinstance(value, str))
    }


DEFINITION = definition()


def checksum_of(payload: bytes) -> str:
    """Return what a payload is known by."""
    return blake2b(payload, digest_size=16).hexdigest()


def pack(
    frozen: Frozen, partition: int, worker: str, made_at: int
) -> list[tuple[bytes, bytes]]:
    """Return keys and values of a snapshot, in the order in which they must be written."""
    payload = bytes(cramjam.zstd.compress(msgspec.msgpack.encode(frozen), _LEVEL))
    checksum = checksum_of(payload)
    name = derived_id(worker, str(made_at), str(frozen.position), checksum)
    chunks = [payload[at : at + CHUNK_BYTES] for at in range(0, len(payload), CHUNK_BYTES)]
    manifest = Manifest(
        format=FORMAT, definition=DEFINITION, id=name, partition=partition,
        position=frozen.position, clock=frozen.clock, made_at=made_at, worker=worker,
        chunks=len(chunks), payload_bytes=len(payload), checksum=checksum,
    )  # fmt: skip
    records = [(_key(name, b"%d" % index), chunk) for index, chunk in enumerate(chunks)]
    return [*records, (_key(name, _MANIFEST), msgspec.msgpack.encode(manifest))]


def keys(manifest: Manifest) -> list[bytes]:
    """Return the keys of a snapshot, the manifest's first: without it the rest is nothing."""
    numbers = [b"%d" % index for index in range(manifest.chunks)]
    return [_key(manifest.id, each) for each in (_MANIFEST, *numbers)]


def _key(name: str, part: bytes) -> bytes:
    return key_of(name.encode(), part)


def key_of(name: bytes, part: bytes = _MANIFEST) -> bytes:
    """Return the key of a part of a snapshot, of its manifest unless another one is named."""
    return name + _SEPARATOR + part


def split(key: bytes) -> tuple[bytes, bytes]:
    """Return the name of the snapshot that a key belongs to, and the part of it."""
    name, _, part = key.partition(_SEPARATOR)
    return name, part


def manifest_in(part: bytes, value: bytes) -> Manifest | None:
    """Return a manifest, None if the part is a chunk.

    Raises:
        SnapshotUnusable: it cannot be read.
    """
    if part != _MANIFEST:
        return None
    try:
        return msgspec.msgpack.decode(value, type=Manifest)
    except msgspec.MsgspecError as error:
        msg = f"its manifest cannot be read ({error})"
        raise SnapshotUnusable(msg) from error


def unpack(manifest: Manifest, chunks: Mapping[bytes, bytes]) -> Frozen:
    """Return what a snapshot holds.

    Raises:
        SnapshotUnusable: of another format or definition, incomplete, or damaged.
    """
    if manifest.format != FORMAT or manifest.definition != DEFINITION:
        msg = (
            f"it is of definition {manifest.definition} (format {manifest.format}), this pult "
            f"knows {DEFINITION} (format {FORMAT})"
        )
        raise SnapshotUnusable(msg)
    payload = _joined(manifest, chunks)
    if checksum_of(payload) != manifest.checksum:
        msg = "its checksum is wrong"
        raise SnapshotUnusable(msg)
    try:
        return msgspec.msgpack.decode(bytes(cramjam.zstd.decompress(payload)), type=Frozen)
    except (msgspec.MsgspecError, cramjam.DecompressionError) as error:
        msg = f"it cannot be read ({error})"
        raise SnapshotUnusable(msg) from error


def _joined(manifest: Manifest, chunks: Mapping[bytes, bytes]) -> bytes:
    wanted: Sequence[bytes] = [b"%d" % index for index in range(manifest.chunks)]
    missing = [each.decode() for each in wanted if each not in chunks]
    if missing:
        msg = f"chunk {', '.join(missing)} of {manifest.chunks} is missing"
        raise SnapshotUnusable(msg)
    return b"".join(chunks[each] for each in wanted)
