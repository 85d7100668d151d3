"""`pult simulate` as a person meets it: files, standard output, the truth, wrong options."""

import gzip
import json
from pathlib import Path

import pytest

from schemas.events import QueueEntered, decode
from tests.pult.command import good, in_turn

SMALL = ("simulate", "--seats", "10", "--queues", "2", "--begin", "2026-03-02T09:00")


def test_events_and_their_truth_are_written_and_the_same_seed_gives_the_same_bytes(
    tmp_path: Path,
) -> None:
    plain, packed, again, truth = (
        tmp_path / name for name in ("a.jsonl", "b.jsonl.gz", "c.jsonl.gz", "truth.json")
    )

    said = good(*SMALL, "--hours", "0.5", "--out", plain, "--truth", truth)
    good(*SMALL, "--hours", "0.5", "--out", packed)
    good(*SMALL, "--hours", "0.5", "--out", again)
    printed = good(*SMALL, "--hours", "0.5")

    lines = plain.read_bytes().splitlines()
    told = json.loads(truth.read_text())
    entered = [each for each in map(decode, lines) if isinstance(each, QueueEntered)]
    queues = told["tenants"]["simulated"]["queues"].values()
    assert said == f"{len(lines)} events simulated\n"
    assert told["events"] == len(lines)
    assert 0 < len(entered) == sum(day["offered"] for days in queues for day in days.values())
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes() == printed.encode()
    assert packed.read_bytes() == again.read_bytes()


def test_wrong_options_are_one_line_with_what_is_possible(tmp_path: Path) -> None:
    wrong = {
        ("--seats", "0"): (1, "seats must be 1 to 10000, not 0"),
        ("--seats", "many"): (2, "argument --seats: invalid int value: 'many'"),
        ("--begin", "soon"): (2, "soon is no instant of this century"),
        ("--late", "2"): (1, "the share of late events must be 0 to 0.5, not 2"),
        ("--skew", "nan"): (1, "the seconds of skew must be 0 to 110"),
        ("--days", "1", "--hours", "2"): (2, "not allowed with argument"),
        ("--out", tmp_path / "no" / "file"): (1, "No such file or directory"),
        ("--truth", tmp_path, "--hours", "0.02"): (1, "cannot write the truth to"),
        ("--out", "x", "--to-kafka"): (2, "not allowed with argument"),
    }

    found = in_turn(*((*SMALL, *options) for options in wrong), cwd=tmp_path)

    for each, (code, text) in zip(found, wrong.values(), strict=True):
        assert each.code == code
        assert text in each.err
        assert each.err.count("pult: ") == 1


@pytest.mark.parametrize(
    "told",
    ["1 to 10000 (default 100)", "mean over a weekday", "SECONDS", "share of events that come",
     "packed if it ends in .gz", "the same seed and options give the same bytes"],
)  # fmt: skip
def test_help_tells_units_ranges_and_what_stands_to_reason(told: str) -> None:
    assert told in " ".join(good("simulate", "--help").split())
