"""`pult simulate` as a person meets it: files, standard output, the truth, wrong options."""

import gzip
import json
import resource
from pathlib import Path
from typing import Any

import pytest

from schemas.crm_events import CaseReopened, CaseResolved
from schemas.events import LegConnected, QueueEntered, decode
from tests.pult.command import good, in_turn, pult

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
        ("--contacts", "x"): (2, "--contacts needs --crm"),
        ("--crm", "--contacts", tmp_path): (1, "cannot write contacts to"),
    }

    found = in_turn(*((*SMALL, *options) for options in wrong), cwd=tmp_path)

    for each, (code, text) in zip(found, wrong.values(), strict=True):
        assert each.code == code
        assert text in each.err
        assert each.err.count("pult: ") == 1


def test_what_cannot_be_written_beside_the_events_is_told_before_any_is(tmp_path: Path) -> None:
    out, nowhere = tmp_path / "a.jsonl", tmp_path / "no" / "truth.json"

    (found,) = in_turn((*SMALL, "--days", "7", "--out", out, "--truth", nowhere), cwd=tmp_path)

    assert found.code == 1
    assert (
        found.err == f"pult: cannot write the truth to {nowhere}: No such file or directory\n"
    )
    assert list(tmp_path.iterdir()) == []


def small_disk() -> None:
    """Let no file of this process grow beyond 100 kB."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_a_file_that_cannot_be_written_whole_is_not_there_or_is_the_old_one(
    tmp_path: Path, name: str
) -> None:
    out = tmp_path / name
    options = (*SMALL, "--hours", "8", "--out", out, "--truth", tmp_path / "truth.json")

    first = pult(*options, before=small_disk)
    left = list(tmp_path.iterdir())
    out.write_text("the old one")
    second = pult(*options, before=small_disk)

    assert first.code == second.code == 1
    assert first.complaint == f"cannot write events to {out}: File too large"
    assert left == []
    assert out.read_text() == "the old one"


def test_beside_a_crm_stands_of_which_contact_each_thing_is(tmp_path: Path) -> None:
    """Who has the PBX's id in what is told is of the contact that the truth names."""
    day, contacts, again = (tmp_path / name for name in ("day.jsonl", "c.jsonl", "c.jsonl.gz"))
    size = (*SMALL, "--hours", "0.5", "--sources", "2", "--crm")

    good(*size, "--out", day, "--contacts", contacts)
    good(*size, "--out", day, "--contacts", again)
    events: list[Any] = list(map(decode, day.read_bytes().splitlines()))
    lines = [json.loads(line) for line in contacts.read_text().splitlines()]

    assert gzip.decompress(again.read_bytes()) == contacts.read_bytes()
    truth = {line["key"]: line for line in lines}
    assert len(truth) == len(lines)
    told = [event for event in events if event.feed == "webhook"]
    assert {event.source for event in told} == {"crm1", "crm2"}
    keys = {getattr(event.data, "card_id", event.id): event for event in told}
    later = {key for key, event in keys.items()
             if isinstance(event, CaseResolved | CaseReopened)}  # fmt: skip
    assert truth.keys() == keys.keys() - later
    answered = {event.data.channel_id for event in events if isinstance(event, LegConnected)}
    assert {line["interaction_id"] for line in lines} == answered
    named = [key for key in truth if getattr(keys[key].data, "interaction_id", "")]
    assert 0.3 * len(truth) < len(named) < 0.7 * len(truth)
    assert {line["kind"] for line in lines} == {"card", "disposition", "survey", "case"}
    for key in named:
        assert truth[key]["interaction_id"] == keys[key].data.interaction_id
        assert truth[key]["source"] == keys[key].source


@pytest.mark.parametrize(
    "told",
    ["1 to 10000 (default 100)", "mean over a weekday", "SECONDS", "share of events that come",
     "packed if it ends in .gz", "the same seed and options give the same bytes"],
)  # fmt: skip
def test_help_tells_units_ranges_and_what_stands_to_reason(told: str) -> None:
    assert told in " ".join(good("simulate", "--help").split())
