"""Cards, cases, dispositions and answers in the store; every figure is worked out by hand."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

import schemas.events as e
from schemas import crm_events as crm
from schemas.facts import Survey
from sql.embedded import EmbeddedStore
from tests.crm_told import told, with_callers
from tests.sql.asking import fold, keep, rows
from tests.timetable import TENANT, events, moment, terms


def told_after(calls: str, *of_crm: bytes) -> list[bytes]:
    """Return a log in which a CRM is heard before the calls."""
    first = told(crm.CaseUpdated, "08:59:00", case_id="first")
    return [first, *map(e.encode, with_callers(events(calls))), *of_crm]


def case(kind: Any, at: str, **data: Any) -> bytes:
    return told(kind, at, **{"case_id": "C1", **data})


def cases(store: EmbeddedStore, *steps: bytes) -> dict[str, Any]:
    """Return how the case C1 stands."""
    fold(store, list(steps))
    (row,) = rows(store, "SELECT * FROM cases WHERE case_id = 'C1'")
    return row


def test_a_case_resolved_twice_and_reopened_once_stands_as_its_last_turn_says(
    store: EmbeddedStore,
) -> None:
    row = cases(
        store,
        case(crm.CaseCreated, "09:00:00", agent_id="Anna", channel="email", status="new"),
        case(crm.CaseAssigned, "09:05:00", agent_id="Boris"),
        case(crm.CaseResolved, "09:10:00", agent_id="Boris", status="solved"),
        case(crm.CaseClosed, "09:12:00", status="closed"),
        case(crm.CaseReopened, "10:00:00", status="open"),
        case(crm.CaseReopened, "10:00:05", status="open"),  # told once more, as another event
        case(crm.CaseResolved, "11:00:00", agent_id="Anna", status="solved"),
    )

    assert (row["created_at"], row["resolved_at"], row["first_resolved_at"]) == (
        "2026-03-02 09:00:00.000",
        "2026-03-02 11:00:00.000",
        "2026-03-02 09:10:00.000",
    )
    assert (int(row["reopens"]), row["is_open"], row["resolved_at_first"]) == (1, False, False)
    assert (row["agent_id"], row["resolved_by"], row["status"]) == ("Boris", "Anna", "solved")
    assert (row["channel"], int(row["steps"])) == ("email", 7)


def test_a_case_of_which_only_the_reopening_was_told_is_open_and_was_reopened(
    store: EmbeddedStore,
) -> None:
    row = cases(store, case(crm.CaseReopened, "09:00:00"))

    assert (row["created_at"], row["is_open"], int(row["reopens"])) == (None, True, 1)
    assert (row["resolved_at"], row["resolved_at_first"]) == (None, None)


def test_a_case_created_and_closed_in_one_instant_is_closed(store: EmbeddedStore) -> None:
    row = cases(store, case(crm.CaseClosed, "09:00:00"), case(crm.CaseCreated, "09:00:00"))

    assert (row["is_open"], row["resolved_at_first"], int(row["reopens"])) == (False, True, 0)


def test_a_card_has_its_times_and_its_contact(store: EmbeddedStore) -> None:
    log = told_after(
        """
        09:00:00  enter   a1 sales
        09:00:10  answer  a1 sales Anna
        09:03:00  end     a1 sales Anna caller
        """,
        told(crm.CardOpened, "09:00:12", card_id="7", agent_id="Anna", form="order"),
        told(crm.CardSaved, "09:03:42", card_id="7", agent_id="Anna", fields_filled=4),
    )
    fold(store, log)

    (row,) = rows(store, "SELECT * FROM cards")
    assert (int(row["filling_ms"]), int(row["saves"]), int(row["fields_filled"])) == (
        210_000, 1, 4,
    )  # fmt: skip
    assert (row["interaction_id"], row["matched_by"], row["confidence"]) == ("a1", "agent", 0.9)
    assert row["closed_at"] is None
    assert rows(store, f"SELECT queue_id FROM legs WHERE leg_id = '{row['leg_id']}'") == [
        {"queue_id": "sales"}
    ]


def test_of_answers_and_codes_told_again_the_last_holds(store: EmbeddedStore) -> None:
    answer: dict[str, Any] = {"kind": "csat", "scale_min": 1, "scale_max": 5, "survey_id": "S1"}
    fold(
        store,
        [
            told(crm.SurveyAnswered, "09:00:00", score=5, **answer),
            told(crm.SurveyAnswered, "09:01:00", score=2, **answer),
            told(crm.DispositionSet, "09:00:00", code="sold", interaction_id="a1"),
            told(crm.DispositionSet, "09:02:00", code="lost", interaction_id="a1"),
            told(crm.DispositionSet, "09:01:00", code="sold", case_id="C1"),
        ],
    )

    assert rows(store, "SELECT score, holds FROM surveys ORDER BY answered_at") == [
        {"score": 5, "holds": False},
        {"score": 2, "holds": True},
    ]
    assert rows(store, "SELECT code, holds FROM dispositions ORDER BY set_at") == [
        {"code": "sold", "holds": False},
        {"code": "sold", "holds": True},
        {"code": "lost", "holds": True},
    ]


EMPTY = "since = '2026-04-01', until = '2026-04-02', zone = 'UTC'"
STRETCH = "since = '2026-03-02', until = '2026-03-03', zone = 'UTC'"


def test_filling_of_cards_stands_beside_the_wrap_up_of_the_pbx(store: EmbeddedStore) -> None:
    """Of Anna: 210 s (of it 42 s after the talk) and 30 s (all of it), one dropped after 20 s.

    Her pause for wrap-up lasts 60 s. A card whose opening was lost counts, and has no length.
    """
    fold(
        store,
        told_after(
            """
            08:59:30  login   Anna sales
            09:00:00  enter   a1 sales
            09:00:10  answer  a1 sales Anna
            09:03:00  end     a1 sales Anna caller
            09:03:00  pause   Anna sales wrap-up
            09:04:00  unpause Anna sales
            09:06:00  beat
            """,
            told(crm.CardOpened, "09:00:12", card_id="1", agent_id="Anna"),
            told(crm.CardSaved, "09:03:42", card_id="1", agent_id="Anna"),
            told(crm.CardOpened, "09:03:50", card_id="2", agent_id="Anna"),
            told(crm.CardSaved, "09:04:20", card_id="2", agent_id="Anna"),
            told(crm.CardOpened, "09:01:00", card_id="3", agent_id="Anna"),
            told(crm.CardClosed, "09:01:20", card_id="3", agent_id="Anna"),
            told(crm.CardSaved, "09:02:00", card_id="4", agent_id="Anna"),
            told(crm.CardOpened, "12:00:00", card_id="5", agent_id="Boris"),
        ),
        terms(wrapup_reasons=("wrap-up",)),
    )

    found = rows(store, f"SELECT * FROM card_filling({STRETCH}) ORDER BY agent_id")
    anna, boris = found
    assert [int(anna[name]) for name in ("cards", "saved", "dropped", "found", "sure")] == [
        4, 3, 1, 4, 4,
    ]  # fmt: skip
    assert (anna["filling_mean_ms"], int(anna["filling_p90_ms"])) == (260_000 / 3, 210_000)
    assert anna["after_talk_mean_ms"] == (42_000 + 30_000 + 0) / 3
    assert (int(anna["wrapups"]), anna["wrapup_mean_ms"]) == (1, 60_000)
    assert [int(boris[name]) for name in ("cards", "saved", "found")] == [1, 0, 0]
    assert (boris["filling_mean_ms"], boris["wrapup_mean_ms"]) == (None, None)


def test_dispositions_are_counted_as_they_stand_at_last(store: EmbeddedStore) -> None:
    """Of three contacts one was sold, then lost: two lost, one sold."""
    fold(
        store,
        [
            told(crm.DispositionSet, "09:00:00", code="s", name="Sold", interaction_id="a1"),
            told(crm.DispositionSet, "09:02:00", code="l", name="Lost", interaction_id="a1"),
            told(crm.DispositionSet, "09:03:00", code="l", name="No", interaction_id="b1"),
            told(crm.DispositionSet, "09:04:00", code="s", name="Sold", case_id="C1"),
            told(crm.DispositionSet, "00:00:00", day="2026-03-03", code="s", case_id="C2"),
        ],
    )

    found = rows(store, f"SELECT * FROM disposition_report({STRETCH}) ORDER BY code")
    assert [(row["code"], row["name"], int(row["times"]), row["share"]) for row in found] == [
        ("l", "No", 2, 2 / 3),
        ("s", "Sold", 1, 1 / 3),
    ]
    assert [(int(row["contacts"]), int(row["cases"])) for row in found] == [(2, 0), (0, 1)]
    assert rows(store, f"SELECT * FROM disposition_report({EMPTY})") == []


def test_satisfaction_is_by_agent_of_the_call_whatever_the_scale(store: EmbeddedStore) -> None:
    """Anna: 4 of 1-5 is 0.75, positive; 2 of 1-5 is 0.25; of two contacts. NPS: 10, 9, 3."""
    calls = """
        09:00:00  enter   a1 sales
        09:00:10  answer  a1 sales Anna
        09:03:00  end     a1 sales Anna caller
        09:10:00  enter   b1 sales
        09:10:10  answer  b1 sales Anna
        09:13:00  end     b1 sales Anna caller
    """
    csat: dict[str, Any] = {"kind": "csat", "scale_min": 1, "scale_max": 5}
    nps: dict[str, Any] = {"kind": "nps", "scale_min": 0, "scale_max": 10, "agent_id": "Boris"}
    fold(
        store,
        told_after(
            calls,
            told(crm.SurveyAnswered, "09:20:00", score=4, caller_key="key-a", **csat),
            told(crm.SurveyAnswered, "09:20:00", score=2, caller_key="key-b", **csat),
            told(crm.SurveyAnswered, "09:30:00", score=10, **nps),
            told(crm.SurveyAnswered, "09:31:00", score=9, **nps),
            told(crm.SurveyAnswered, "09:32:00", score=3, **nps),
        ),
    )

    found = rows(store, f"SELECT * FROM satisfaction({STRETCH}) ORDER BY kind")
    anna, boris = found
    assert (anna["agent_id"], int(anna["answers"]), int(anna["contacts"])) == ("Anna", 2, 2)
    assert (anna["mean_of_scale"], anna["positive_ratio"]) == (0.5, 0.5)
    assert (anna["net_promoters"], anna["response_ratio"], int(anna["sure"])) == (None, 1, 2)
    assert (boris["agent_id"], int(boris["answers"]), boris["response_ratio"]) == (
        "Boris", 3, None,
    )  # fmt: skip
    assert (boris["net_promoters"], boris["positive_ratio"]) == (1 / 3, None)
    assert rows(store, f"SELECT * FROM satisfaction({EMPTY})") == []


def test_who_answers_days_later_answers_for_the_contact_of_that_day(
    store: EmbeddedStore,
) -> None:
    """Anna has two callers on the 2nd and one on the 3rd; two of the 2nd answer on the 3rd."""
    second = """
        09:00:00  enter   a sales
        09:00:10  answer  a sales Anna
        09:03:00  end     a sales Anna caller
        09:10:00  enter   b sales
        09:10:10  answer  b sales Anna
        09:13:00  end     b sales Anna caller
    """
    third = """
        2026-03-03 09:00:00  enter   c sales
        2026-03-03 09:00:10  answer  c sales Anna
        2026-03-03 09:03:00  end     c sales Anna caller
    """
    csat: dict[str, Any] = {"kind": "csat", "scale_min": 1, "scale_max": 5, "score": 4}
    answers = [
        told(
            crm.SurveyAnswered, f"12:0{n}:00", day="2026-03-03", interaction_id=contact, **csat
        )
        for n, contact in enumerate("ab")
    ]
    own = told(crm.SurveyAnswered, "12:00:00", interaction_id="a", **csat)
    fold(store, [*told_after(second, own), *map(e.encode, events(third)), *answers])

    def of(day: str, following: str) -> list[tuple[int, int, float]]:
        stretch = f"since = '{day}', until = '{following}', zone = 'UTC'"
        return [
            (int(row["answers"]), int(row["contacts"]), row["response_ratio"])
            for row in rows(store, f"SELECT * FROM satisfaction({stretch})")
        ]

    assert of("2026-03-02", "2026-03-03") == [(1, 2, 1.0)]
    assert of("2026-03-03", "2026-03-04") == [(2, 1, 0.0)]


def test_answers_outside_of_their_scale_in_an_old_history_are_passed_over(
    store: EmbeddedStore,
) -> None:
    """One good answer, 4 of 1 to 5; later ones under the same id do not replace it."""
    one = Survey(
        TENANT, TENANT, 1, 1, False, "answer0", "crm", "S1", moment("09:00:00"), "csat", 4, 1,
        5, "Anna", "", "", "",
    )  # fmt: skip
    scales = [(1, 50, 5), (1, -3, 5), (5, 3, 1), (3, 3, 3)]
    old = [
        msgspec.structs.replace(
            one, answer_id=f"old{n}", answered_at=moment("09:01:00") + n, scale_min=low,
            score=score, scale_max=high,
        )
        for n, (low, score, high) in enumerate(scales)
    ]  # fmt: skip
    keep(store, [one, *old])

    (row,) = rows(store, f"SELECT * FROM satisfaction({STRETCH})")
    assert (int(row["answers"]), row["mean_of_scale"], row["positive_ratio"]) == (1, 0.75, 1)
    assert rows(store, "SELECT answer_id, holds FROM surveys") == [
        {"answer_id": "answer0", "holds": True}
    ]


def test_a_day_of_a_report_is_a_day_of_its_zone(store: EmbeddedStore) -> None:
    """18:29:59.999 UTC is still the 2nd in Kolkata, 18:30 the 3rd."""
    fold(
        store,
        [
            told(crm.DispositionSet, "18:29:59.999", code="before", case_id="C1"),
            told(crm.DispositionSet, "18:30:00", code="after", case_id="C2"),
        ],
    )

    kolkata = "since = '2026-03-02', until = '2026-03-03', zone = 'Asia/Kolkata'"
    assert rows(store, f"SELECT code FROM disposition_report({kolkata})") == [
        {"code": "before"}
    ]


@pytest.mark.parametrize(
    ("day", "after", "half_hours"),
    [("2026-03-28", "2026-03-29", 48), ("2026-03-29", "2026-03-30", 46),
     ("2026-10-25", "2026-10-26", 50), ("2026-03-28", "2026-03-30", 94)],
)  # fmt: skip
def test_a_day_on_which_clocks_change_has_what_was_told_in_it(
    day: str, after: str, half_hours: int, store: EmbeddedStore
) -> None:
    """Something of each kind at every half hour, two days before Berlin's day and two after."""
    begin = datetime.fromisoformat(f"{day}T00:00+00:00") - timedelta(days=2)
    rating: dict[str, Any] = {"kind": "csat", "score": 5, "scale_min": 1, "scale_max": 5}
    log: list[bytes] = []
    for half in range(2 * 24 * 6):
        at = begin + timedelta(minutes=30 * half)
        clock, on = f"{at:%H:%M:%S}", f"{at:%F}"
        log += [
            told(crm.CardOpened, clock, day=on, card_id=str(half), agent_id="Anna"),
            told(crm.DispositionSet, clock, day=on, code="s", case_id=str(half)),
            told(crm.SurveyAnswered, clock, day=on, agent_id="Anna", **rating),
        ]
    fold(store, log)

    stretch = f"since = '{day}', until = '{after}', zone = 'Europe/Berlin'"
    views = {"card_filling": "cards", "disposition_report": "times", "satisfaction": "answers"}
    counts = [
        int(rows(store, f"SELECT {figure} AS n FROM {view}({stretch})")[0]["n"])
        for view, figure in views.items()
    ]
    assert counts == [half_hours] * 3
