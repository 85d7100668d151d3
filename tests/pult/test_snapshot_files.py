"""Snapshots in the data folder: whole or not at all, two of them, and what stays for them."""

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from producers.frame import Frame
from producers.journal import Journal
from pult import durable, snapshot_files
from pult.folder import DataFolder
from pult.snapshot_files import SnapshotFiles
from pult.tending import Tender
from schemas.errors import JournalFailed
from stream_processors.shells import snapshots
from stream_processors.shells.embedded_measures import EmbeddedMeasures
from stream_processors.shells.partition import Frozen

ENTERED = 1_772_409_600


def frozen(position: int) -> Frozen:
    return Frozen(position, 17, [b"state %d" % position], {"oversized": 2})


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    with DataFolder(tmp_path / "data", "run") as owned:
        yield owned


@pytest.fixture
def files(folder: DataFolder) -> SnapshotFiles:
    return SnapshotFiles(folder)


def test_the_newest_is_found_and_two_are_kept(folder: DataFolder, files: SnapshotFiles) -> None:
    for position in (10, 300, 2_000):
        files.save(frozen(position), 1)

    again = SnapshotFiles(folder)

    assert again.newest(1, 2_000).frozen == frozen(2_000)
    assert (again.stored, again.needed_from) == (2_000, 300)
    assert len(list(folder.snapshots.iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"no msgpack", None])
def test_a_damaged_one_is_passed_over_with_a_word(
    folder: DataFolder, files: SnapshotFiles, damage: bytes | None
) -> None:
    files.save(frozen(10), 1)
    files.save(frozen(20), 1)
    newest = max(folder.snapshots.iterdir())
    content = newest.read_bytes()
    # Without a word of its own, one bit in its middle is turned.
    flipped = bytearray(content)
    flipped[60] ^= 1
    newest.write_bytes(bytes(flipped) if damage is None else damage)

    found = files.newest(1, 20)

    assert found.frozen == frozen(10)
    assert [each.partition(":")[0] for each in found.unusable] == [f"snapshot {newest.name}"]


def test_one_that_does_not_fit_the_journal_is_not_used(files: SnapshotFiles) -> None:
    files.save(frozen(10), 1)

    assert files.newest(11, 20).frozen is not None
    assert files.newest(12, 20).frozen is None, "11 has expired"
    assert files.newest(1, 9).frozen is None, "it is of another journal"


def test_of_another_definition_it_tells_only_how_much_is_stored(
    files: SnapshotFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.save(frozen(10), 1)
    monkeypatch.setattr(snapshots, "DEFINITION", "of a newer version")

    found = files.newest(1, 20)

    assert found.frozen is None
    assert "of a newer version" in found.unusable[0]
    assert files.stored == 10


def test_a_damaged_file_of_what_is_stored_is_told_of_in_its_own_words(
    folder: DataFolder,
) -> None:
    folder.stored.write_text("12x")

    with pytest.raises(JournalFailed, match=r"was stored: .* remove it to store the whole"):
        SnapshotFiles(folder)


def test_what_is_stored_is_remembered_when_all_states_are_forgotten(
    folder: DataFolder, files: SnapshotFiles
) -> None:
    files.save(frozen(10), 1)
    files.discard()

    assert files.newest(1, 20).frozen is None
    assert SnapshotFiles(folder).stored == 10
    assert files.needed_from == 0


def test_half_a_file_under_another_name_is_nothing(
    folder: DataFolder, files: SnapshotFiles
) -> None:
    files.save(frozen(10), 1)
    half = folder.snapshots / "00000000000000000020.new"
    half.write_bytes(msgspec.msgpack.encode([]))

    assert files.newest(1, 20).frozen == frozen(10)


def test_the_journal_keeps_what_a_snapshot_may_need_and_foretells_a_full_disk(
    folder: DataFolder, files: SnapshotFiles, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal.open(folder.journal, date(2026, 3, 2))
    for day in (2, 3, 4):
        journal.rotate(date(2026, 3, day))
        text = b"%d|c|support|NONE|DID|%d" % (ENTERED, day)
        journal.append([Frame("pbx1", "queue-log", ENTERED * 1_000_000, text)])
    measures = EmbeddedMeasures(registry := CollectorRegistry())
    tender = Tender(journal, files, timedelta(days=1), measures, little_bytes=1 << 60)
    today = date(2026, 3, 10)

    assert tender.expire(today) == []
    files.save(frozen(1), 1)
    files.save(frozen(3), 1)
    assert [each.stem for each in tender.expire(today)] == ["2026-03-02"]
    files.save(frozen(3), 2)
    files.save(frozen(4), 2)
    assert [each.stem for each in tender.expire(today)] == ["2026-03-03"]

    for _ in range(2):
        tender.look_at_disk(folder.path)
    assert registry.get_sample_value("pult_disk_free_bytes") == pytest.approx(
        shutil.disk_usage(folder.path).free, rel=0.1
    )
    assert len([each for each in caplog.messages if "disk nearly full" in each]) == 1
    journal.close()


def test_the_store_is_on_the_disk_before_anything_says_so(
    folder: DataFolder, files: SnapshotFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def saying() -> list[str]:
        found = [each.name for each in folder.snapshots.glob("*.snapshot")]
        return found + ([folder.stored.read_text()] if folder.stored.exists() else [])

    synced = []

    def sync(path: Path) -> None:
        durable.sync_filesystem(path)
        synced.append((path, saying()))

    folder.store.mkdir()
    monkeypatch.setattr(snapshot_files, "sync_filesystem", sync)
    files.save(frozen(10), 1)
    files.note_stored(12)

    snapshot = "00000000000000000010.snapshot"
    assert synced == [(folder.store, []), (folder.store, [snapshot])]
    assert saying() == [snapshot, "12\n"]
