"""`pult run` on a PBX that speaks on a socket and writes its queue log."""

import json
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.fake_pbx import FakePbx
from tests.lab_cut import Cut
from tests.oracles.lab_numbers import LAB_TARGETS
from tests.pbx_tape import past_copy
from tests.pult.command import PULT, all_good, dies_with_its_parent, environment, pult, wait_for

SECONDS = 40


def settings(folder: Path, pbx: FakePbx, log: Path) -> Path:
    path = folder / "pult.toml"
    path.write_text(
        f'[sources.pbx1]\nkind = "asterisk"\nqueue_log = "{log}"\n'
        f'ami = {{ port = {pbx.port}, secret_env = "PBX1_SECRET" }}\n'
        '[sources.pbx2]\nkind = "asterisk"\n'
        'ami = { port = 1, secret_env = "PBX1_SECRET" }\n'
        + "".join(
            f'[queues.{queue}]\nanswer_within = "{targets.answer_within_ms}ms"\n'
            for queue, targets in LAB_TARGETS.items()
        )
    )
    return path


def page(data: Path, path: str) -> str:
    address = json.loads((data / "endpoint.json").read_text())["wall"]
    try:
        with urlopen(address + path, timeout=20) as answer:
            text: str = answer.read().decode()
            return text
    except HTTPError as error:
        return error.read().decode()


def picture(data: Path, query: str = "") -> dict[str, Any]:
    """Return what the wall shows of a scope now."""
    address = json.loads((data / "endpoint.json").read_text())["wall"]
    with urlopen(f"{address}/live?{query}", timeout=10) as stream:
        line = next(line for line in stream if line.startswith(b"data: "))
    found: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
    return found


def test_what_a_live_pbx_says_makes_the_history_that_an_import_of_it_makes(
    cut: Cut, tmp_path: Path
) -> None:
    recording, log = past_copy(
        cut.ami_path, cut.queue_log_path, tmp_path, time.time_ns() // 1000
    )
    data, other = tmp_path / "data", tmp_path / "imported"
    with FakePbx(recording) as pbx:
        config = settings(tmp_path, pbx, log)
        process = subprocess.Popen(
            [PULT, "run", "--config", config, "--data", data, "--port", "0", "--sql-port", "0"],
            env={**environment(), "PBX1_SECRET": "secret-of-the-tests"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=dies_with_its_parent,
        )  # fmt: skip
        wait_for(
            lambda: (data / "endpoint.json").exists() or process.poll() is not None, 60, "it"
        )
        assert pbx.played.wait(SECONDS)
        wait_for(lambda: "pbx1" not in page(data, "/readyz"), SECONDS, "a source that is read")
        why = page(data, "/readyz")

        def applied() -> bool:
            text = page(data, "/metrics")
            heard = re.search(r'pult_source_frames_total{feed="ami",source="pbx1"} (\S+)', text)
            assert heard is not None, text
            return "pult_journal_backlog_frames 0.0" in text and float(heard[1]) > 2_000

        wait_for(applied, SECONDS, "all of it")
        own, strange = picture(data), picture(data, "tenant=stranger")
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=10)

    options = ("--data", other, "--config", config)
    *_, expected = all_good(
        ("import", "asterisk-ami", recording, *options),
        ("import", "asterisk-queue-log", log, *options),
        ("digest", "--data", other),
    )
    assert process.returncode == 0, said
    assert "pbx2 (ami): cannot read Asterisk at" in why
    assert "pbx2 is silent" in why
    assert "pbx2" in json.dumps(own)
    assert [each["tenant"] for each in strange["exceptions"]] == ["stranger"]
    assert strange["waiting"]["now"] is strange["agents"]["logged_in"] is None
    assert "pbx" not in json.dumps(strange)
    assert own["title"] not in strange["title"]
    assert all_good(("digest", "--data", data))[0] == expected
    assert "secret-of-the-tests" not in said


def test_without_a_source_it_says_what_to_do(tmp_path: Path) -> None:
    done = pult("run", "--data", tmp_path / "data", cwd=tmp_path)

    assert done.code == 1
    assert done.complaint.startswith("nothing to read: the settings name no source")
    assert not (tmp_path / "data").exists()
