"""Half a snapshot, a damaged one, one of another version: none of them is ever used."""

import random

import msgspec
import pytest

from schemas.errors import SnapshotUnusable
from stream_processors.shells import snapshots
from stream_processors.shells.archive import Reading
from stream_processors.shells.partition import Frozen
from stream_processors.shells.snapshots import CHUNK_BYTES, Manifest, definition, keys, pack

DICE = random.Random(4)


def frozen(position: int, size: int = 1_000) -> Frozen:
    return Frozen(position, 17, [DICE.randbytes(size)], {"oversized": 2})


def packed(position: int, size: int = 1_000) -> list[tuple[bytes, bytes]]:
    return pack(frozen(position, size), 5, "w1", 1_700_000_000_000 + position)


def found(*records: tuple[bytes, bytes | None]) -> tuple[int | None, list[str]]:
    """Return the offset of what was chosen, and what was wrong with the others."""
    reading = Reading(5)
    for key, value in records:
        reading.take(key, value)
    shelf = reading.shelf()
    return shelf.frozen.position if shelf.frozen else None, shelf.unusable


def test_a_snapshot_comes_back_as_it_was() -> None:
    before = frozen(10, 3 * CHUNK_BYTES)
    records = pack(before, 5, "w1", 1)
    reading = Reading(5)
    for key, value in records:
        reading.take(key, value)

    assert len(records) == 5
    assert max(len(value) for _, value in records) <= CHUNK_BYTES
    assert reading.shelf().frozen == before


def test_of_several_the_one_that_has_come_farthest_counts() -> None:
    newer, older = packed(20), packed(10)

    assert found(*newer, *older) == (20, [])


def test_one_without_its_manifest_does_not_exist() -> None:
    assert found(*packed(10), *packed(20, 2 * CHUNK_BYTES)[:-1]) == (10, [])


def test_what_a_worker_left_that_died_while_it_saved_is_deleted_in_the_end() -> None:
    """No manifest names it, so nothing else would ever delete it."""
    half = packed(20, 2 * CHUNK_BYTES)[:-1]
    *chunks, (name, _) = packed(30)
    reading = Reading(5)
    for key, value in (*packed(10), *half, *chunks, (name, b"no manifest")):
        reading.take(key, value)

    stale = reading.shelf().stale

    assert sorted(stale) == sorted(
        [*(key for key, _ in half), *(key for key, _ in chunks), name]
    )


def test_one_that_lacks_a_chunk_is_passed_over_for_the_one_before() -> None:
    rest = packed(20, 2 * CHUNK_BYTES)[1:]

    position, unusable = found(*packed(10), *rest)

    assert position == 10
    assert "at offset 20: chunk 0 of 3 is missing" in unusable[0]


def test_a_flipped_bit_is_noticed() -> None:
    (key, chunk), manifest = packed(20)
    flipped = bytearray(chunk)
    flipped[len(chunk) // 2] ^= 1

    position, unusable = found(*packed(10), (key, bytes(flipped)), manifest)

    assert position == 10
    assert "at offset 20: its checksum is wrong" in unusable[0]


@pytest.mark.parametrize("change", [{"definition": "0" * 16}, {"format": 99}])
def test_one_of_another_version_is_not_read(change: dict[str, object]) -> None:
    chunk, (key, value) = packed(20)
    manifest = msgspec.msgpack.decode(value, type=Manifest)
    other = msgspec.structs.replace(manifest, **change)

    position, unusable = found(chunk, (key, msgspec.msgpack.encode(other)))

    assert position is None
    assert f"this pult knows {snapshots.DEFINITION}" in unusable[0]


def test_one_of_another_partition_is_not_taken_for_one_of_this() -> None:
    """As where somebody copied the topic with a tool that spreads records by their keys."""
    other = pack(frozen(20), 4, "w1", 1)

    position, unusable = found(*packed(10), *other)

    assert position == 10
    assert "at offset 20: it is of partition 4" in unusable[0]


def test_a_manifest_that_is_none_is_told_of() -> None:
    (_, _), (key, _) = packed(20)

    position, unusable = found(*packed(10), (key, b"\xc1"))

    assert position == 10
    assert "its manifest cannot be read" in unusable[0]


def test_a_deleted_one_is_gone() -> None:
    records = packed(20)
    manifest = msgspec.msgpack.decode(records[-1][1], type=Manifest)

    deleted = [(key, None) for key in keys(manifest)]

    assert found(*packed(10), *records, *deleted) == (10, [])
    assert found(*packed(10), *records, deleted[0]) == (10, [])


def test_two_workers_at_the_same_offset_do_not_mix_their_snapshots() -> None:
    one, other = pack(frozen(20), 5, "w1", 1), pack(frozen(20), 5, "w2", 1)

    assert not {key for key, _ in one} & {key for key, _ in other}


def defined(text: str, **fields: type) -> str:
    state = msgspec.defstruct("State", list(fields.items()), namespace={"__doc__": text})
    return definition(state)


def test_the_definition_changes_with_the_shape_of_a_state() -> None:
    as_it_is = defined("When.", at=int)

    assert as_it_is != defined("When.", at=str)
    assert as_it_is != defined("When.", at=int, description=str)
    assert as_it_is != snapshots.DEFINITION


def test_the_definition_does_not_change_with_what_is_said_of_a_state() -> None:
    assert defined("When.", at=int) == defined("An instant [ms].", at=int)


def test_chunks_that_are_no_payload_are_not_used() -> None:
    nonsense = b"no zstd"
    manifest = msgspec.msgpack.decode(packed(20)[-1][1], type=Manifest)
    checksum = snapshots.checksum_of(nonsense)
    manifest = msgspec.structs.replace(manifest, checksum=checksum)

    with pytest.raises(SnapshotUnusable, match="cannot be read"):
        snapshots.unpack(manifest, {b"0": nonsense})
