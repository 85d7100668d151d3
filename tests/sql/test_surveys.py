"""Which contact an answer of a customer is of, days after it; by hand-made tables."""

from itertools import permutations
from typing import Any

import pytest

import schemas.events as e
from pult.refold import refold
from schemas import crm_events as crm
from sql.embedded import EmbeddedStore
from tests.crm_told import told, with_callers
from tests.sql.asking import fold, rows
from tests.timetable import TENANT, events, terms

CSAT: dict[str, Any] = {"kind": "csat", "scale_min": 1, "scale_max": 5}
CALLS = """
    09:00:00  enter   a1 sales
    09:00:10  answer  a1 sales Anna
    09:03:00  end     a1 sales Anna caller
    09:10:00  enter   b1 sales
    09:10:10  answer  b1 sales Boris
    09:12:00  end     b1 sales Boris caller
    09:20:00  enter   d1 sales
    09:20:30  abandon d1 sales
    09:30:00  beat
"""
MERGED = """
    09:04:00 merges x1 x2
    09:05:00 merges x2 a1
"""


def answered(day: str, score: float, clock: str = "10:00:00", **data: Any) -> bytes:
    """Return an answer on a day of March."""
    return told(crm.SurveyAnswered, clock, day=f"2026-03-{day}", score=score, **CSAT, **data)


def log_of(calls: str, *of_crm: bytes) -> list[bytes]:
    """Return a log of one day's calls and of what a CRM told, in the order of time."""
    first = told(crm.CaseUpdated, "08:59:00", case_id="first")
    log = [e.decode(value) for value in (first, *of_crm)] + with_callers(events(calls))
    return [e.encode(event) for event in sorted(log, key=lambda event: event.time)]


def contacts(store: EmbeddedStore) -> list[tuple[Any, ...]]:
    """Return of each answer its contact, agent, by what it was found, and how sure that is."""
    found = rows(store, "SELECT * FROM surveys ORDER BY answered_at, answer_id")
    of_leg = {row["leg_id"]: row["channel"] for row in rows(store, "SELECT * FROM legs")}
    assert all((row["leg_id"] == "") == (row["leg_id"] not in of_leg) for row in found)
    return [
        (row["interaction_id"], row["served_by"], row["matched_by"], row["confidence"])
        for row in found
    ]


def test_an_answer_days_later_is_of_the_call_whose_id_it_carries(store: EmbeddedStore) -> None:
    fold(store, log_of(
        CALLS,
        answered("02", 5, interaction_id="a1"),
        answered("02", 4, "23:00:00", interaction_id="b1"),
        answered("05", 3, interaction_id="a1"),
        answered("06", 2, interaction_id="d1"),
        answered("07", 1, interaction_id="elsewhere-9"),
        answered("08", 2, caller_key="key-a"),
    ))  # fmt: skip

    # d1 was abandoned: a contact, and nobody talked. A caller is looked for within two hours.
    assert contacts(store) == [
        ("a1", "Anna", "id", 1),
        ("b1", "Boris", "id", 1),
        ("a1", "Anna", "id", 1),
        ("d1", "", "id", 1),
        ("elsewhere-9", "", "id", 0.5),
        ("", "", "", None),
    ]


def test_of_several_visits_it_is_the_one_of_the_agent_who_is_named_else_the_last_talk(
    store: EmbeddedStore,
) -> None:
    twice = f"""{CALLS}
        09:40:00  enter   a1 support
        09:40:10  answer  a1 support Clara
        09:45:00  end     a1 support Clara caller
    """
    fold(store, log_of(
        twice,
        answered("05", 5, interaction_id="a1"),
        answered("06", 5, interaction_id="a1", agent_id="Anna"),
        answered("07", 5, interaction_id="a1", agent_id="Boris"),
    ))  # fmt: skip

    assert [row[1] for row in contacts(store)] == ["Clara", "Anna", "Clara"]


@pytest.mark.parametrize("day", ["02", "05"])
def test_who_gave_up_elsewhere_after_a_talk_answers_for_the_talk(
    store: EmbeddedStore, day: str
) -> None:
    """The id, the key of the caller, and the case of an id lead to Anna, soon or days later."""
    gave_up = f"""{CALLS}
        09:40:00  enter   a1 support
        09:41:00  abandon a1 support
    """
    fold(store, log_of(
        gave_up,
        told(crm.CaseUpdated, "09:45:00", case_id="K1", interaction_id="a1"),
        answered(day, 5, "09:50:00", interaction_id="a1"),
        answered(day, 5, "09:51:00", case_id="K1"),
        answered("02", 5, "09:52:00", caller_key="key-a"),
    ))  # fmt: skip

    assert [row[1] for row in contacts(store)] == ["Anna", "Anna", "Anna"]


def test_it_follows_merges_however_long_ago_they_were(store: EmbeddedStore) -> None:
    fold(store, log_of(
        CALLS + MERGED,
        answered("05", 5, interaction_id="x1"),
        answered("06", 5, interaction_id="x2"),
        answered("07", 5, interaction_id="x3"),
    ))  # fmt: skip

    assert contacts(store) == [
        ("a1", "Anna", "id", 1), ("a1", "Anna", "id", 1), ("x3", "", "id", 0.5)
    ]  # fmt: skip


def test_contacts_that_were_merged_into_each_other_end_where_none_goes_on(
    store: EmbeddedStore,
) -> None:
    fold(store, log_of(
        f"{CALLS}{MERGED}\n09:06:00 merges z1 z2\n09:06:01 merges z2 z1\n09:06:02 merges z1 b1"
    ))  # fmt: skip

    assert rows(store, "SELECT from_id, interaction_id FROM merged_contacts ORDER BY ALL") == [
        {"from_id": "x1", "interaction_id": "a1"},
        {"from_id": "x2", "interaction_id": "a1"},
        {"from_id": "z1", "interaction_id": "b1"},
        {"from_id": "z2", "interaction_id": "b1"},
    ]


def test_an_answer_that_names_a_case_alone_is_of_what_was_told_of_the_case_before(
    store: EmbeddedStore,
) -> None:
    """K1 came of Anna's call and was reopened in Boris's; of K2 nothing else is told."""
    fold(store, log_of(
        CALLS,
        told(crm.CaseCreated, "09:01:00", case_id="K1", agent_id="Anna", interaction_id="a1"),
        answered("02", 5, "09:05:00", case_id="K1"),
        told(crm.CardOpened, "09:11:00", card_id="7", agent_id="Boris", case_id="K1"),
        told(crm.CaseResolved, "09:50:00", case_id="K1"),
        answered("02", 3, "09:51:00", case_id="K1", source="another"),
        answered("05", 4, case_id="K1"),
        answered("06", 2, case_id="K2"),
        answered("07", 1, case_id="K1", interaction_id="a1"),
    ))  # fmt: skip

    # Boris's card is of b1 by agent and time, of which the fold is sure by 0.9.
    assert contacts(store) == [
        ("a1", "Anna", "case", 1),
        ("", "", "", None),
        ("b1", "Boris", "case", 0.9),
        ("", "", "", None),
        ("a1", "Anna", "id", 1),
    ]


def test_a_case_that_was_told_with_an_id_days_after_the_call_leads_to_it(
    store: EmbeddedStore,
) -> None:
    fold(store, log_of(
        CALLS + MERGED,
        told(crm.CaseCreated, "09:00:00", day="2026-03-04", case_id="K1", interaction_id="x1"),
        answered("09", 4, case_id="K1"),
    ))  # fmt: skip

    assert contacts(store) == [("a1", "Anna", "case", 1)]


def test_satisfaction_counts_it_for_the_agent_of_the_call(store: EmbeddedStore) -> None:
    fold(store, log_of(
        CALLS,
        told(crm.CaseCreated, "09:11:00", case_id="K1", interaction_id="b1"),
        answered("05", 5, interaction_id="a1"),
        answered("05", 2, "11:00:00", interaction_id="a1"),
        answered("05", 4, "12:00:00", case_id="K1"),
        answered("05", 1, "13:00:00", interaction_id="a1", agent_id="Clara"),
    ))  # fmt: skip

    found = rows(store, "SELECT agent_id, answers, mean_of_scale, contacts, sure FROM "
                 "satisfaction(since = '2026-03-05', until = '2026-03-06', zone = 'UTC') "
                 "ORDER BY agent_id")  # fmt: skip

    # 5 and 2 of 1 to 5 are 1 and 0.25. Nobody was served on the day of the answers.
    assert [(row["agent_id"], row["answers"], row["mean_of_scale"], row["sure"])
            for row in found] == [
        ("Anna", 2, 0.625, 2), ("Boris", 1, 0.75, 1), ("Clara", 1, 0, 1)
    ]  # fmt: skip
    assert {row["contacts"] for row in found} <= {None, 0}


@pytest.mark.parametrize("order", list(permutations(["calls", "case", "answer"])))
def test_in_which_order_it_is_told_changes_nothing_nor_does_folding_again(
    store: EmbeddedStore, order: tuple[str, ...]
) -> None:
    parts = {
        "calls": list(map(e.encode, with_callers(events(CALLS + MERGED)))),
        "case": [told(crm.CaseCreated, "09:01:00", case_id="K1", interaction_id="x1")],
        "answer": [answered("05", 4, case_id="K1"), answered("05", 3, "11:00:00",
                                                             interaction_id="x1")],
    }  # fmt: skip
    wanted = [("a1", "Anna", "case", 1), ("a1", "Anna", "id", 1)]

    # What is more than ten minutes late waits for the day to be folded again.
    log = [value for part in order for value in parts[part]]
    fold(store, log)
    refold(store, TENANT, TENANT, terms(refold_at=len(log) + 1))

    assert contacts(store) == wanted


def test_whoever_asks_for_a_contact_that_is_gone_is_told_of_the_one_it_became(
    store: EmbeddedStore,
) -> None:
    fold(store, log_of(
        CALLS + MERGED,
        answered("05", 4, interaction_id="x2"),
        told(crm.DispositionSet, "10:00:00", day="2026-03-05", code="7", interaction_id="x1"),
    ))  # fmt: skip
    columns = "at, kind, what, agent_id, id"
    ask = f"SELECT {columns} FROM call_chain(interaction_id = '{{}}') ORDER BY ALL"

    whole = rows(store, ask.format("a1"))

    assert [rows(store, ask.format(each)) for each in ("x1", "x2")] == [whole, whole]
    told_of = [(row["at"][8:16], row["kind"], row["what"]) for row in whole]
    for each in [
        ("02 09:00", "leg", "entered"), ("02 09:00", "leg", "answered"),
        ("02 09:03", "leg", "ended"),
        ("02 09:04", "event", "cc.interaction.merged.v1"),
        ("02 09:05", "event", "cc.interaction.merged.v1"),
        ("05 10:00", "survey", "csat 4"), ("05 10:00", "event", "cc.survey.answered.v1"),
        ("05 10:00", "disposition", "7"), ("05 10:00", "event", "cc.disposition.set.v1"),
    ]:  # fmt: skip
        assert told_of.count(each) == 1, each
    assert not [row for row in whole if row["agent_id"] == "Boris"]
    other = rows(store, ask.format("b1"))
    assert {row["agent_id"] for row in other} == {"Boris", ""}
    assert rows(store, ask.format("nobody")) == []


def test_steps_of_a_case_and_dispositions_days_later_are_of_the_call_whose_id_they_carry(
    store: EmbeddedStore,
) -> None:
    """The case began in Anna's call and was solved two days later: one contact of two ids."""
    fold(store, log_of(
        CALLS + MERGED,
        told(crm.CaseCreated, "09:01:00", case_id="K1", interaction_id="a1"),
        told(crm.CaseResolved, "10:00:00", day="2026-03-04", case_id="K1", interaction_id="x1"),
        told(crm.CaseClosed, "10:01:00", day="2026-03-04", case_id="K2", interaction_id="no-1"),
        told(crm.DispositionSet, "09:02:00", code="1", interaction_id="a1"),
        told(crm.DispositionSet, "10:00:00", day="2026-03-04", code="2", interaction_id="x2"),
    ))  # fmt: skip
    (leg,) = rows(store, "SELECT leg_id FROM legs WHERE interaction_id = 'a1'")
    columns = "interaction_id, leg_id, matched_by, confidence"

    steps = rows(store, f"SELECT step, {columns} FROM case_steps WHERE case_id != 'first' "
                 "ORDER BY at")  # fmt: skip
    codes = rows(store, f"SELECT code, holds, {columns} FROM dispositions ORDER BY set_at")

    anna = ("a1", leg["leg_id"], "id", 1)
    assert [tuple(row.values()) for row in steps] == [
        ("created", *anna), ("resolved", *anna), ("closed", "no-1", "", "id", 0.5)
    ]  # fmt: skip
    assert [tuple(row.values()) for row in codes] == [("1", False, *anna), ("2", True, *anna)]
    (case,) = rows(store, "SELECT contacts, resolved_at_first FROM cases WHERE case_id = 'K1'")
    assert case == {"contacts": 1, "resolved_at_first": True}
