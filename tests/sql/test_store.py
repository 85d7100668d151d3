"""A store in a folder: who may open it, what survives a kill and a full disk."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from schemas.errors import StoreFailed
from sql.store import open_embedded, store_errors

ROOT = Path(__file__).parents[2]

WRITE = """
import sys
from pathlib import Path
from sql.digest import digest, total
from sql.embedded import EmbeddedStore
from tests.sql.examples import facts_of_each_kind

store = EmbeddedStore(Path(sys.argv[1]))
for batch in range(int(sys.argv[2])):
    facts = [f for n in range(50) for f in facts_of_each_kind(batch * 50 + n)]
    store.writer.write_facts(facts, f"batch {batch}")
    print(batch, flush=True)
print(total(digest(store.client)), store.query("SELECT count() FROM legs").decode())
"""

WRITE_SINGLY = """
import sys
from pathlib import Path
from sql.embedded import EmbeddedStore
from tests.sql.examples import offer

store = EmbeddedStore(Path(sys.argv[1]))
before = int(store.query("SELECT count() FROM offers"))
for number in range(110):
    store.writer.write_facts([offer(number)], f"offer {number}")
print(before, int(store.query("SELECT count() FROM offers")), flush=True)
"""


def process(code: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(running: "subprocess.Popen[str]") -> str:
    out, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    return out.splitlines()[-1] if out.splitlines()[-1] else out.splitlines()[-2]


def test_a_kill_while_writing_changes_nothing_after_a_rerun(tmp_path: Path) -> None:
    for victim in range(2):
        running = process(WRITE, str(tmp_path / "killed"), "8")
        assert running.stdout is not None
        while running.stdout.readline().strip() != str(victim * 4):
            assert running.poll() is None
        time.sleep(0.03 * victim)
        running.send_signal(signal.SIGKILL)
        running.wait()

    again = finish(process(WRITE, str(tmp_path / "killed"), "8"))
    undisturbed = finish(process(WRITE, str(tmp_path / "whole"), "8"))

    assert again == undisturbed
    assert again.endswith(" 400")


FULL = """
import resource, signal, sys
from pathlib import Path
from schemas.errors import StoreFailed
from sql.embedded import EmbeddedStore
from tests.sql.examples import leg, rejected
import random

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = EmbeddedStore(Path(sys.argv[1]))
store.writer.write_facts([leg()], "before")
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
try:
    store.writer.write_facts([rejected(content=random.Random(1).randbytes(5_000_000))], "big")
except StoreFailed as failure:
    print(failure)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.writer.write_facts([rejected()], "after")
print(store.query("SELECT (SELECT count() FROM legs), (SELECT count() FROM rejected)").decode())
"""


def test_a_full_disk_is_one_line_and_keeps_what_was_stored(tmp_path: Path) -> None:
    running = process(FULL, str(tmp_path))
    out, err = running.communicate(timeout=120)

    assert running.returncode == 0, err
    said, counts = out.splitlines()[:2]
    assert said.startswith("cannot write 1 rows into rejected_facts: the disk is full (")
    assert counts == "1\t1"


OPEN = """
import sys
from pathlib import Path
from sql.store import open_embedded
client = open_embedded(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


def test_a_folder_in_use_names_the_process(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OPEN, str(tmp_path)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "open\n"
        with pytest.raises(StoreFailed, match=rf"another process \({owner.pid}\) has it open"):
            open_embedded(tmp_path)
    finally:
        owner.kill()
        owner.communicate()


def test_a_file_in_place_of_the_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")

    with pytest.raises(StoreFailed, match=r"cannot open the store in .*data"):
        open_embedded(tmp_path / "data")


def test_other_errors_are_cut_to_their_first_line() -> None:
    with pytest.raises(StoreFailed) as failure, store_errors("read events"):
        raise OSError("something\nlong")  # noqa: EM101

    assert str(failure.value) == "cannot read events: something"


def test_what_a_server_of_ours_says_of_its_full_disk_is_not_said_twice() -> None:
    said = "Code: 243. DB::Exception: Cannot reserve. (NOT_ENOUGH_SPACE)"
    with pytest.raises(StoreFailed) as served, store_errors("write"):
        raise OSError(said)
    answer = str(served.value).removeprefix("cannot write: ")
    with pytest.raises(StoreFailed) as asked, store_errors("write 5 rows"):
        raise OSError(answer)

    assert str(asked.value) == f"cannot write 5 rows: {answer}"
    assert answer.count("free space") == 1


def broken_parts(folder: Path) -> int:
    """Empty all files of all rows of a store, as a power cut may; return how many parts."""
    count = 0
    for part in folder.glob("store/*/*/*_*_*_*"):
        count += 1
        for file in part.iterdir():
            file.write_bytes(b"")
    return count


def test_what_a_power_cut_took_is_stored_again_by_the_same_call_however_much_it_was(
    tmp_path: Path,
) -> None:
    # Processes of their own: what merges parts has ended with them.
    first = finish(process(WRITE_SINGLY, str(tmp_path)))
    broken = broken_parts(tmp_path)
    second = finish(process(WRITE_SINGLY, str(tmp_path)))

    assert (first, second) == ("0 110", "0 110")
    assert broken > 100
