"""Decisions of people as frames of a journal and as events."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from producers.desk.reviews import Decision, checked, frame
from producers.frame import Frame, Naming
from producers.identity import CallerKeys
from producers.journal import Journal
from producers.translated import translated
from schemas.errors import ReviewRefused
from schemas.events import ViolationReviewed

NAMES = Naming("acme", "acme/berlin", CallerKeys(b"any"))
DECIDED_AT = 1_772_445_600_123  # 2026-03-02T10:00:00.123Z
A_MINUTE_LATER_US = (DECIDED_AT + 60_000) * 1000
EXCUSED = Decision("31b77c4a3ad7cf5d", "excused", "Мария", DECIDED_AT, "врач")


def event(decision: Decision, received_at_us: int = A_MINUTE_LATER_US) -> ViolationReviewed:
    events, rejected = translated([(7, frame(decision, received_at_us))], NAMES)
    assert not rejected
    ((_, told),) = events
    assert isinstance(told, ViolationReviewed)
    return told


def test_a_kept_decision_is_the_event_that_tells_it() -> None:
    told = event(EXCUSED)

    assert (told.source, told.tenant, told.domain) == ("desk", "acme", "acme/berlin")
    assert told.time == "2026-03-02T10:00:00.123Z"
    assert told.recordedtime == "2026-03-02T10:01:00.123Z"
    assert told.data.episode_id == told.subject == "31b77c4a3ad7cf5d"
    assert (told.data.verdict, told.data.author, told.data.reason) == (
        "excused", "Мария", "врач",
    )  # fmt: skip


def test_its_id_follows_from_what_was_decided_and_not_from_when_it_arrived() -> None:
    same = event(EXCUSED, A_MINUTE_LATER_US + 3_600_000_000).id
    others = {
        event(Decision(*each)).id
        for each in (
            ("31b77c4a3ad7cf5e", "excused", "Мария", DECIDED_AT, "врач"),
            ("31b77c4a3ad7cf5d", "neutral", "Мария", DECIDED_AT, "врач"),
            ("31b77c4a3ad7cf5d", "excused", "Анна", DECIDED_AT, "врач"),
            ("31b77c4a3ad7cf5d", "excused", "Мария", DECIDED_AT + 1, "врач"),
            ("31b77c4a3ad7cf5d", "excused", "Мария", DECIDED_AT, "дорога"),
        )
    }

    assert same == event(EXCUSED).id
    assert len(others | {same}) == 6


def test_a_decision_told_twice_is_kept_once(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, date(2026, 3, 2))
    positions = journal.append([frame(EXCUSED, A_MINUTE_LATER_US)])
    again = journal.append([frame(EXCUSED, A_MINUTE_LATER_US + 5_000_000)])
    journal.close()

    assert (positions, again) == ([1], [None])


@pytest.mark.parametrize(
    "content",
    [b"", b"1772445600123", b"1772445600123 {}", b"1772445600123 [1]", b"1772445600123 \xff",
     b'1772445600123 {"episode_id":"x","verdict":"excused","author":"a","decided_at":1}'],
)  # fmt: skip
def test_a_frame_that_is_no_decision_is_rejected_whole(content: bytes) -> None:
    events, (rejected,) = translated([(7, Frame("desk", "reviews", 1, content))], NAMES)

    assert events == []
    assert (rejected.reason, rejected.content) == ("malformed", content)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"author": " "}, "author is not named"),
        ({"author": "a" * 201}, "length <= 200"),
        ({"author": "An\nna"}, "on one line"),
        ({"reason": "  "}, "a reason is needed"),
        ({"reason": "r" * 1001}, "length <= 1000"),
        ({"reason": "a\x00b"}, "on one line"),
        ({"episode_id": "31B77C4A3AD7CF5D"}, "episode_id"),
        ({"decided_at": -1}, "decided_at"),
    ],
)
def test_what_says_too_little_or_too_much_is_refused(change: dict[str, Any], why: str) -> None:
    told: dict[str, Any] = {
        "episode_id": "31b77c4a3ad7cf5d", "verdict": "excused", "author": "Maria",
        "decided_at": DECIDED_AT, "reason": "a doctor",
    }  # fmt: skip

    with pytest.raises(ReviewRefused, match=why):
        checked(Decision(**{**told, **change}))


def test_an_acknowledgement_needs_no_reason() -> None:
    seen = checked(Decision("31b77c4a3ad7cf5d", "acknowledged", " Maria ", DECIDED_AT))

    assert (seen.author, seen.reason) == ("Maria", "")
