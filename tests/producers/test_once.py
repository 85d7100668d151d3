"""Of what one sender tells under one id the first holds: live, after a restart, and rebuilt."""

import json
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.journal import Journal
from producers.once import translated_once
from schemas.crm_events import CaseReopened, CaseResolved
from schemas.events import Event
from tests.producers.telling import A_DAY_US, DAYS, item, names, posted, read_through, said
from tests.producers.webhooks.reading import RECEIVED_US, of

CASES = """
title = "cases without a time"
id = ["id"]
[[event]]
type = "case.updated"
data = { case_id = "case" }
"""
MOVED = CASES.replace('["id"]', '["number"]')


class Reader:
    """Reads a journal as live pipelines do, and goes on where it was."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.day = 0
        self.journal = Journal.open(folder, DAYS[0])
        self.position = 0
        self.events: list[tuple[int, Event]] = []
        self.rejected: list[bytes] = []

    def now_us(self, count: int) -> int:
        """Return the time of the receipt of a message."""
        return RECEIVED_US + self.day * A_DAY_US + count * 1_000

    def restart(self, again: int) -> None:
        """Open the journal again, and read what came last once more."""
        self.journal.close()
        self.journal = Journal.open(self.folder, DAYS[self.day])
        self.position = max(0, self.position - again)
        self.events = [each for each in self.events if each[0] <= self.position]

    def read(self, most: int) -> bool:
        """Read some frames; return False if there are no more."""
        frames = self.journal.read(self.position, most)
        if not frames:
            return False
        events, rejected = translated_once(self.journal, frames, names())
        self.events += events
        self.rejected += [each.content for each in rejected if each.reason == "duplicate"]
        self.position = frames[-1][0]
        return True


texts = st.builds(item, st.sampled_from("123"), st.sampled_from("012x"))
steps = st.one_of(
    st.tuples(st.just("post"), st.lists(texts, min_size=1, max_size=3), st.just("")),
    st.tuples(st.just("post"), st.lists(texts, min_size=1, max_size=2), st.sampled_from("ab")),
    st.tuples(st.just("read"), st.integers(1, 4)),
    st.tuples(st.just("restart"), st.integers(0, 5)),
    st.tuples(st.just("next day")),
)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.lists(steps, min_size=3, max_size=25))
def test_the_first_text_of_an_id_holds_however_it_is_delivered_and_read(
    told: list[tuple[object, ...]],
) -> None:
    first: dict[str, str] = {}
    messages: dict[str, str] = {}
    others: set[str] = set()
    with TemporaryDirectory() as name:
        reader = Reader(Path(name))
        for count, step in enumerate(told):
            match step:
                case ("post", list(items), str(key)):
                    attempt = str(count) if key else ""
                    reader.journal.append([posted(items, reader.now_us(count), key, attempt)])
                    text = json.dumps(items)
                    good = [each for each in items if "time" in each]
                    # What brought nothing does not hold the id of its message.
                    if good and messages.setdefault(key or text, text) != text:
                        others.add(text)
                        continue
                    for each in good:
                        if first.setdefault(each["id"], each["case_id"]) != each["case_id"]:
                            others.add(text)
                case ("read", int(most)):
                    reader.read(most)
                case ("restart", int(again)):
                    reader.restart(again)
                case _ if reader.day < len(DAYS) - 1:
                    reader.day += 1
                    reader.journal.rotate(DAYS[reader.day])
        while reader.read(3):
            pass
        live = said(reader.events)
        assert sorted(text for _, text in live) == sorted(first.values())
        assert len({event_id for event_id, _ in live}) == len(live)
        # Nothing is lost: what does not hold stands whole among the rejects.
        bodies = {content.partition(b"\n\n")[2].decode() for content in reader.rejected}
        assert bodies == others

        assert said(read_through(reader.journal, 7)) == live
        reader.journal.close()
        for path in Path(name).glob("*.sqlite"):
            with closing(sqlite3.connect(path)) as day:
                day.execute("DELETE FROM told")
                day.commit()
        with closing(Journal.open(Path(name), DAYS[reader.day])) as journal:
            assert said(read_through(journal, 2)) == live


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal.open(tmp_path, DAYS[0])


def test_another_text_of_an_id_is_told_of_once_with_how_many(journal: Journal) -> None:
    journal.append([
        posted(item("1", "0"), RECEIVED_US),
        posted([item("1", "1"), item("2", "0"), item("2", "2")], RECEIVED_US + 1),
        posted([item("1", "0"), item("3", "0")], RECEIVED_US + 2),
    ])  # fmt: skip

    events, rejected = translated_once(journal, journal.read(0, 9), names())

    assert [text for _, text in said(events)] == ["0", "0", "0"]
    assert [(each.revision, each.reason, each.detail) for each in rejected] == [
        (2, "duplicate", "2 of its ids came before with another text; the first one holds")
    ]


def test_another_text_of_a_messages_id_is_kept_with_the_reason_once(journal: Journal) -> None:
    frames = [posted(item(each, each), RECEIVED_US, "d1") for each in "0112"]

    # In one commit and in several.
    assert journal.append(frames[:2]) == [1, 2]
    journal.rotate(DAYS[1])
    assert [journal.append([each]) for each in [frames[0], *frames[2:]]] == [
        [None],
        [None],
        [3],
    ]
    events, rejected = translated_once(journal, journal.read(0, 9), names())

    assert [text for _, text in said(events)] == ["0"]
    assert [(each.reason, each.content) for each in rejected] == [
        ("duplicate", frames[1].content), ("duplicate", frames[3].content)
    ]  # fmt: skip


def test_the_same_body_with_another_header_is_a_retry(journal: Journal) -> None:
    told = [("0", "1"), ("1", "1"), ("0", "2"), ("1", "3")]
    frames = [posted(item("1", text), RECEIVED_US, "d1", attempt) for text, attempt in told]

    # In one commit and in several, on the same day and on another.
    assert journal.append(frames[:3]) == [1, 2, None]
    journal.rotate(DAYS[1])
    assert [journal.append([each]) for each in frames] == [[None]] * 4
    events, rejected = translated_once(journal, journal.read(0, 9), names())

    assert [text for _, text in said(events)] == ["0"]
    assert [(each.reason, each.content) for each in rejected] == [
        ("duplicate", frames[1].content)
    ]


@pytest.mark.parametrize("at_once", [True, False])
def test_an_id_holds_for_each_type_of_event_by_itself(
    journal: Journal, *, at_once: bool
) -> None:
    steps = [item("1", "0") | {"event": each} for each in ("case.resolved", "case.reopened")]
    told = [steps] if at_once else steps
    journal.append([posted(each, RECEIVED_US + n) for n, each in enumerate(told)])

    events, rejected = translated_once(journal, journal.read(0, 9), names())

    assert [type(event) for _, event in events] == [CaseResolved, CaseReopened]
    assert rejected == []


def test_a_text_that_brings_nothing_does_not_hold_its_id(journal: Journal) -> None:
    frames = [posted(item("1", text), RECEIVED_US, "d1") for text in "x01x"]

    assert [journal.append([each]) for each in frames] == [[1], [2], [3], [None]]
    one_by_one = [translated_once(journal, journal.read(n, 1), names()) for n in range(3)]
    events, rejected = translated_once(journal, journal.read(0, 9), names())

    assert [(position, event.id) for position, event in events] == [
        (2, events[0][1].id)
    ]  # fmt: skip
    assert said(events)[0][1] == "0"
    assert [(each.revision, each.reason) for each in rejected] == [
        (1, "no_time"), (3, "duplicate")
    ]  # fmt: skip
    assert one_by_one == [([], rejected[:1]), (events, []), ([], rejected[1:])]


def test_what_is_refused_with_its_message_does_not_hold_the_ids_of_its_items(
    journal: Journal,
) -> None:
    journal.append([
        posted(item("1", "0"), RECEIVED_US, "d1"),
        posted(item("2", "1"), RECEIVED_US, "d1"),
        posted(item("2", "2"), RECEIVED_US, "d2"),
    ])  # fmt: skip

    events, rejected = translated_once(journal, journal.read(0, 9), names())

    assert [
        (position, text) for (position, _), (_, text) in zip(events, said(events), strict=True)
    ] == [(1, "0"), (3, "2")]
    assert [(each.revision, each.reason) for each in rejected] == [(2, "duplicate")]


def test_the_same_told_again_without_a_time_is_no_second_event(journal: Journal) -> None:
    """Its time is that of the receipt, and so another one each time."""
    meant = names(of(CASES))
    told = [{"id": "1", "case": "C1", "attempt": each} for each in (1, 2)]
    journal.append([posted(each, RECEIVED_US + n) for n, each in enumerate(told)])

    events, rejected = translated_once(journal, journal.read(0, 9), meant)

    assert [(position, event.time) for position, event in events] == [
        (1, "2026-03-02T07:20:00.000Z")
    ]
    assert rejected == []


def test_after_a_change_of_where_ids_stand_those_of_before_do_not_count(
    journal: Journal,
) -> None:
    told = [{"id": "1", "number": each, "case": f"C{each}"} for each in "234"]
    told.append({"id": "5", "number": "1", "case": "C1"})
    journal.append([posted(each, RECEIVED_US + n) for n, each in enumerate(told)])

    before, rejected = translated_once(journal, journal.read(0, 9), names(of(CASES)))
    after, none = translated_once(journal, journal.read(0, 9), names(of(MOVED)))

    assert [text for _, text in said(before)] == ["C2", "C1"]
    assert len(rejected) == 2
    assert [text for _, text in said(after)] == ["C2", "C3", "C4", "C1"]
    assert none == []


def test_what_came_first_counts_also_when_its_day_is_gone(tmp_path: Path) -> None:
    frames = [posted(item("1", each), RECEIVED_US + int(each) * A_DAY_US) for each in "012"]
    with closing(Journal.open(tmp_path, DAYS[0])) as journal:
        for day, frame in zip(DAYS, frames, strict=False):
            journal.rotate(day)
            journal.append([frame])
        assert len(read_through(journal, 1)) == 1
        journal.expire(DAYS[1], 3)

        assert journal.first_position == 2
        assert read_through(journal, 1) == []


LATER = [(0, "0"), (3, "1"), (8, "2"), (20, "1"), (29, "0")]
"""An id by the days after which it is told, and the texts."""


@pytest.mark.parametrize("key", ["", "d1"])
@pytest.mark.parametrize("by_days", [True, False])
def test_the_first_text_holds_while_it_is_kept_in_whatever_portions_it_is_read(
    tmp_path: Path, key: str, *, by_days: bool
) -> None:
    with closing(Journal.open(tmp_path, DAYS[0])) as journal:
        for count, (days, text) in enumerate(LATER):
            if by_days:
                journal.rotate(date(2026, 3, 2 + days))
            told = item("1", text) | {"attempt": str(count)}
            journal.append([posted(told, RECEIVED_US + days * A_DAY_US, key)])
            translated_once(journal, journal.read(count, 9), names())
        # The last one is the first text again; as a message it says more than that did.
        rejects = [2, 3, 4, 5] if key else [2, 3, 4]
        for most in (1, 2, 9):
            assert _positions(journal, most) == ([1], rejects)
    for path in tmp_path.glob("*.sqlite"):
        with closing(sqlite3.connect(path)) as day:
            day.execute("DELETE FROM told")
            day.commit()
    with closing(Journal.open(tmp_path, DAYS[0])) as journal:
        assert _positions(journal, 9) == ([1], rejects)


def _positions(journal: Journal, most: int) -> tuple[list[int], list[int]]:
    """Return where events and rejects come from."""
    after, events, rejects = 0, list[int](), list[int]()
    while frames := journal.read(after, most):
        after = frames[-1][0]
        came, refused = translated_once(journal, frames, names())
        events += [position for position, _ in came]
        rejects += [each.revision for each in refused]
    return events, rejects
