"""Whatever people give it: one line that says what was wrong, and nothing stored is lost."""

import gzip
import json
import resource
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.lab_cut import Cut
from tests.pult.command import Demo, Done, all_good, good, in_turn, pult, rows
from tests.pult.conftest import History

QUEUE_LOG, AMI = "asterisk-queue-log", "asterisk-ami"

Case: TypeAlias = tuple[Sequence[object], str]
"""A command and words of its complaint, which may also name the remedy."""

CASES: Mapping[str, Case] = {
    "empty file": (("import", QUEUE_LOG, "empty"), "it is empty"),
    "empty capture": (("import", AMI, "empty"), "it is empty"),
    "gzip cut off": (("import", QUEUE_LOG, "cut.gz"), "cut off after"),
    "gzip cut off at once": (("import", QUEUE_LOG, "header.gz"), "cut off after 0 bytes"),
    "picture": (("import", QUEUE_LOG, "picture.jpg"), "it is a JPEG picture"),
    "picture for a capture": (("import", AMI, "picture.jpg"), "it is a JPEG picture"),
    "capture as a queue log": (("import", QUEUE_LOG, "ami.log"), f"import it as {AMI}"),
    "queue log as a capture": (("import", AMI, "queue_log"), f"import it as {QUEUE_LOG}"),
    "some other text": (("import", QUEUE_LOG, "letter"), "looks like one"),
    "UTF-16": (("import", QUEUE_LOG, "utf16"), "iconv -f UTF-16 -t UTF-8"),
    "directory": (("import", QUEUE_LOG, "directory"), "it is a directory"),
    "missing file": (("import", QUEUE_LOG, "nothing-here"), "there is no such file"),
    "one of two missing": (("import", QUEUE_LOG, "queue_log", "nothing-here"), "no such file"),
    "missing file, no folder": (
        ("import", QUEUE_LOG, "none", "--data", "never"),
        "no such file",
    ),
    "settings missing": (("doctor-less", "nothing.toml"), "No such file"),
    "settings a directory": (("doctor-less", "directory"), "Is a directory"),
    "settings no text": (("doctor-less", "binary.toml"), "not UTF-8 text"),
    "settings no TOML": (("doctor-less", "broken.toml"), "are not TOML"),
    "settings unknown key": (("doctor-less", "key.toml"), "did you mean answer_within?"),
    "settings zone": (("doctor-less", "zone.toml"), "unknown time zone 'Mars/Olympus'"),
    "newer folder": (("elsewhere", "newer"), "is of version 99"),
    "folder's version damaged": (("elsewhere", "damaged-version"), "is damaged"),
    "folder's key damaged": (("elsewhere", "damaged-key"), "caller.key holds no key"),
    "folder's key cut short": (("elsewhere", "short-key"), "caller.key holds no key"),
    "folder's key empty": (("elsewhere", "no-key"), "caller.key holds no key"),
    "folder's targets damaged": (("elsewhere", "damaged-targets"), "policies.json holds no"),
    "folder is a file": (("elsewhere", "letter"), "--data names another"),
    "folder under a file": (("elsewhere", "letter/data"), "--data names another"),
    "demo over a history": (("demo", "--once"), "holds a history that no demo made"),
    "demo of nothing": (("demo", "--recording", "nothing-here"), "there is no such file"),
    "writing": (("sql", "INSERT INTO legs VALUES (1)"), "readonly"),
    "dropping": (("sql", "DROP TABLE pult.legs"), "readonly"),
    "two statements": (("sql", "SELECT 1; DROP TABLE pult.legs"), "Multi-statements"),
    "into a file": (("sql", "SELECT 1 INTO OUTFILE 'out'"), "INTO OUTFILE is not allowed"),
    "unknown table": (("sql", "SELECT * FROM nothing"), "UNKNOWN_TABLE"),
    "unknown column": (("sql", "SELECT nothing FROM legs"), "UNKNOWN_IDENTIFIER"),
    "unknown format": (("sql", "SELECT 1", "--format", "Nice"), "Unknown format Nice"),
    "no statement": (("sql", ""), "Empty query"),
    "no history": (("sql", "SELECT 1", "--data", "empty-folder"), "no history in"),
    "no history to hash": (("digest", "--data", "empty-folder"), "no history in"),
    "unknown schema": (("schemas", "cc.nothing.v1"), "no event type 'cc.nothing.v1'"),
    "schemas into a file": (("schemas", "--write", "letter"), "cannot write schemas to letter"),
}

WRONG_USAGE: Mapping[str, Sequence[object]] = {
    "no verb": (),
    "unknown verb": ("paint",),
    "nothing to import": ("import", QUEUE_LOG),
    "source without a name": ("import", QUEUE_LOG, "queue_log", "--source", ""),
    "unknown kind": ("import", "tape", "queue_log"),
    "unknown option": ("sql", "SELECT 1", "--colour"),
    "no number": ("demo", "--speed", "fast"),
    "standing still": ("demo", "--speed", "0"),
    "not a number": ("demo", "--speed", "nan"),
    "no port": ("demo", "--port", "70000"),
    "a word for a port": ("demo", "--sql-port", "http"),
}


MISFITS: Mapping[str, Case] = {
    "an option of another kind": (
        ("import", QUEUE_LOG, "queue_log", "--zone", "UTC"),
        "--zone",
    ),
    "no sample": (("mapping", "test", "generic"), "FILE SAMPLE"),
    "more than is asked for": (("mapping", "list", "generic"), "takes no FILE"),
    "a speed of nothing": (("adapter", "pbx1", "--speed", 2), "--speed is of a recording"),
    "no such agent": (("policy", "show", "--agent", "Nobody"), "no agent 'Nobody'"),
}


def spelled(words: Sequence[object]) -> Sequence[object]:
    """Return a case's command with what it leaves out, all paths relative to the folder."""
    match words:
        case ("doctor-less", settings):
            return "import", QUEUE_LOG, "queue_log", "--config", settings, "--data", "data"
        case ("elsewhere", folder):
            return "import", QUEUE_LOG, "queue_log", "--data", folder
        case _ if "--data" in words:
            return words
        case _:
            return *words, "--data", "data"


@pytest.fixture(scope="module")
def folder(
    cut: Cut, queue_log_history: History, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """All that is bad, and a history."""
    folder = tmp_path_factory.mktemp("bad")
    shutil.copytree(queue_log_history.data, folder / "data", symlinks=True)
    packed = gzip.compress(cut.queue_log)
    for name, content in {
        "queue_log": cut.queue_log,
        "ami.log": cut.ami,
        "empty": b"",
        "cut.gz": packed[: len(packed) // 2],
        "header.gz": packed[:12],
        "picture.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(256)),
        "letter": b"Dear operator,\nno calls came today.\n",
        "utf16": cut.queue_log.decode().encode("utf-16"),
        "binary.toml": b"\xff\xfe\x00",
        "broken.toml": b"tenant = \n",
        "key.toml": b'[queues.support]\nanswer_wihtin = "10s"\n',
        "zone.toml": b'timezone = "Mars/Olympus"\n',
    }.items():
        (folder / name).write_bytes(content)
    for name, file, text in (
        ("newer", "version", "99\n"),
        ("damaged-version", "version", "\0\n"),
        ("damaged-key", "caller.key", "not hexadecimal"),
        ("short-key", "caller.key", "0123456789abcdef\n"),
        ("no-key", "caller.key", ""),
        ("damaged-targets", "policies.json", '[{"since": 0}]'),
    ):
        (folder / name).mkdir()
        (folder / name / file).write_text(text)
    for name in ("directory", "empty-folder"):
        (folder / name).mkdir()
    return folder


@pytest.fixture(scope="module")
def said(folder: Path) -> dict[str, Done]:
    """All bad commands, one after another on the same history, and its digest at the end."""
    commands = {
        **{name: spelled(words) for name, (words, _) in CASES.items()},
        **WRONG_USAGE,
        **{name: words for name, (words, _) in MISFITS.items()},
        "digest": ("digest", "--total", "--data", "data"),
    }
    return dict(zip(commands, in_turn(*commands.values(), cwd=folder), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_one_line_that_says_what_to_do(said: dict[str, Done], name: str) -> None:
    assert said[name].code == 1
    assert CASES[name][1] in said[name].complaint


@pytest.mark.parametrize("name", WRONG_USAGE)
def test_wrong_usage_is_one_line_and_exit_2(said: dict[str, Done], name: str) -> None:
    assert said[name].code == 2
    assert said[name].complaint.endswith("--help)")


@pytest.mark.parametrize("name", MISFITS)
def test_what_does_not_fit_together_is_wrong_usage_too(
    said: dict[str, Done], name: str
) -> None:
    assert said[name].code == 2
    assert MISFITS[name][1] in said[name].complaint


def test_after_all_of_it_the_history_is_what_it_was(
    said: dict[str, Done], folder: Path, queue_log_history: History
) -> None:
    assert said["digest"].out == queue_log_history.digest
    assert not (folder / "out").exists()
    assert not (folder / "newer" / "store").exists()
    assert not (folder / "never").exists()


def test_the_installed_command_ends_like_that_too(folder: Path) -> None:
    misused = pult("import", cwd=folder)

    assert misused.code == 2
    assert misused.complaint.startswith("the following arguments are required: KIND, PATH")


def test_a_query_that_is_no_text_is_one_line(folder: Path) -> None:
    done = pult("sql", "-", "--data", "data", cwd=folder, stdin=b"SELECT '\xff'")

    assert done.code == 1
    assert "UTF-8" in done.complaint


def test_a_line_of_ten_megabytes_is_rejected_and_the_rest_is_read(
    cut: Cut, queue_log_history: History, tmp_path: Path
) -> None:
    lines = cut.queue_log.splitlines(keepends=True)
    long = lines[9].rstrip() + b"|" + b"x" * 10_000_000 + b"\n"
    (tmp_path / "long").write_bytes(b"".join([*lines[:10], long, *lines[10:]]))
    load = ("import", QUEUE_LOG, tmp_path / "long", "--data", tmp_path / "data")

    first, _, digest, rejected = all_good(
        load,
        load,
        ("digest", "--total", "--data", tmp_path / "data"),
        ("sql", "SELECT reason, source, feed, length(bytes) FROM rejected FORMAT TSV",
         "--data", tmp_path / "data"),
    )  # fmt: skip

    assert "1 could not be used (see table rejected)" in first
    assert digest == queue_log_history.digest
    assert rejected == "oversized\tpbx1\tqueue-log\t65536\n"


def test_a_line_that_is_none_is_rejected_once_however_often_its_log_is_read(
    tmp_path: Path,
) -> None:
    log, longer = tmp_path / "log", tmp_path / "longer"
    log.write_bytes(b"""torn
1772442000|1.1|sales|NONE|ENTERQUEUE||5|1
torn
1772442010|1.1|sales|Bo|CONNECT|10|1.9|3
""")
    longer.write_bytes(log.read_bytes() + b"1772442040|1.1|sales|Bo|COMPLETECALLER|10|30|1\n")
    data = ("--data", tmp_path / "data")
    asked = "SELECT bytes, toUnixTimestamp(received_at) FROM rejected ORDER BY ALL FORMAT TSV"

    *_, rejected = all_good(
        ("import", QUEUE_LOG, log, *data),
        ("import", QUEUE_LOG, longer, *data),
        ("sql", asked, *data),
    )

    assert rejected == "torn\t1772442000\n"


def test_what_stands_before_a_cut_in_a_file_is_kept(cut: Cut, tmp_path: Path) -> None:
    packed = gzip.compress(cut.queue_log)
    (tmp_path / "cut.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "whole.gz").write_bytes(packed)
    common = ("--data", tmp_path / "data")

    broken, counted, healed = in_turn(
        ("import", QUEUE_LOG, tmp_path / "cut.gz", *common),
        ("sql", "SELECT count() FROM legs FORMAT TSV", *common),
        ("import", QUEUE_LOG, tmp_path / "whole.gz", *common),
    )

    assert broken.code == 1
    assert "cut off" in broken.complaint
    assert 0 < int(counted.out) < 141
    assert "141 queue visits" in healed.out


FULL_AT_BYTES = 192 * 1024


def full_disk() -> None:
    """Let no file of this process grow further, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_AT_BYTES, FULL_AT_BYTES))


def test_a_full_disk_is_one_line_and_importing_again_heals(
    cut: Cut, queue_log_history: History, tmp_path: Path
) -> None:
    data = Path(shutil.copytree(queue_log_history.data, tmp_path / "data", symlinks=True))

    failed = pult("import", AMI, cut.ami_path, "--data", data, before=full_disk)
    digest, _, after = all_good(
        ("digest", "--total", "--data", data),
        ("import", AMI, cut.ami_path, "--data", data),
        ("sql", "SELECT count() FROM legs FORMAT TSV", "--data", data),
    )

    assert failed.code == 1
    assert "disk" in failed.complaint
    assert digest == queue_log_history.digest
    assert int(after) == 141


def test_a_folder_in_use_names_its_owner(ended: Demo, cut: Cut) -> None:
    before = rows(ended.data, "SELECT count() AS legs FROM legs")

    imported, hashed, another = in_turn(
        ("import", QUEUE_LOG, cut.queue_log_path, "--data", ended.data),
        ("digest", "--data", ended.data),
        ("demo", "--once", "--data", ended.data),
    )

    for refused in (imported, hashed, another):
        assert refused.code == 1
        assert f"is in use by pult demo (process {ended.process.pid})" in refused.complaint
    assert rows(ended.data, "SELECT count() AS legs FROM legs") == before


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_names_it_and_the_option(taken: int, cut: Cut, tmp_path: Path) -> None:
    common = ("demo", "--recording", cut.ami_path, "--data", tmp_path / "data")

    wall, sql = in_turn(
        (*common, "--port", taken, "--sql-port", 0),
        (*common, "--port", 0, "--sql-port", taken),
    )

    for refused, option in ((wall, "--port"), (sql, "--sql-port")):
        assert (refused.code, refused.out) == (1, "")
        assert f"127.0.0.1:{taken}" in refused.complaint
        assert f"{option} names another port" in refused.complaint


def test_an_owner_that_was_killed_leaves_nobody_to_ask(
    queue_log_history: History, tmp_path: Path
) -> None:
    data = Path(shutil.copytree(queue_log_history.data, tmp_path / "data", symlinks=True))
    dead = {"sql": "http://127.0.0.1:9", "wall": "http://127.0.0.1:9"}
    (data / "endpoint.json").write_text(json.dumps(dead))

    assert good("sql", "SELECT count() FROM legs FORMAT TSV", "--data", data) == "141\n"
    assert not (data / "endpoint.json").exists()


def test_a_history_never_begins_with_what_a_demo_left(
    cut: Cut, queue_log_history: History, tmp_path: Path
) -> None:
    data = tmp_path / "data"

    _, imported, digest, demo = in_turn(
        ("demo", "--once", "--recording", cut.ami_path, "--data", data),
        ("import", QUEUE_LOG, cut.queue_log_path, "--data", data),
        ("digest", "--total", "--data", data),
        ("demo", "--once", "--data", data),
    )

    assert imported.out.startswith(f"the demo's data in {data} are removed\n")
    assert digest.out == queue_log_history.digest
    assert (demo.code, demo.out) == (1, "")
    assert "holds a history that no demo made" in demo.complaint
