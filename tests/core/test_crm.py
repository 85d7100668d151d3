"""Cards, cases, dispositions and answers: what they say and which contact they are of."""

from itertools import permutations
from typing import Any

import msgspec
import pytest

import schemas.events as e
from schemas import crm_events as crm
from schemas.facts import Card, CaseStep, DayDirty, Disposition, Fact, Survey
from stream_processors.core.crm.figures import figures
from stream_processors.core.state import State
from tests.crm_told import told, with_callers
from tests.readings import legs, newest, rejected
from tests.timetable import events, moment, run

CALLS = """
    09:00:00  enter   a1 sales
    09:00:10  answer  a1 sales Anna
    09:00:20  enter   b1 sales
    09:00:30  answer  b1 sales Boris
    09:03:00  end     a1 sales Anna caller
    09:04:00  end     b1 sales Boris caller
    09:05:00  beat
"""
AFTERWARDS = "10:30:00  beat"


def after(calls: str, *of_crm: bytes) -> tuple[State, list[Fact]]:
    """Fold calls, then what the CRM tells, which has been heard before."""
    first = told(crm.CaseUpdated, "08:59:00", case_id="first")
    state, facts = run([first, *map(e.encode, with_callers(events(calls))), *of_crm])
    return state, [fact for fact in facts if getattr(fact, "case_id", "") != "first"]


def only(facts: list[Fact], kind: type[Any]) -> Any:
    """Return the one fact of a kind that holds."""
    (found,) = [fact for fact in newest(facts).values() if isinstance(fact, kind)]
    return found


def match(facts: list[Fact], kind: type[Any]) -> tuple[str, str, float | None]:
    """Return contact, by what it was found, and how sure that is."""
    found = only(facts, kind)
    return found.interaction_id, found.matched_by, found.confidence


def opened(at: str, **data: Any) -> bytes:
    return told(crm.CardOpened, at, **{"card_id": "7", "agent_id": "Anna", **data})


def saved(at: str, **data: Any) -> bytes:
    return told(crm.CardSaved, at, **{"card_id": "7", "agent_id": "Anna", **data})


def closed(at: str, **data: Any) -> bytes:
    return told(crm.CardClosed, at, **{"card_id": "7", "agent_id": "Anna", **data})


# --- cards ---------------------------------------------------------------------------------


def test_a_card_is_filled_in_from_its_opening_to_its_last_save() -> None:
    _, facts = after(
        CALLS,
        opened("09:00:12"),
        saved("09:02:00", fields_filled=3),
        saved("09:03:40", fields_filled=5),
        closed("09:03:50"),
    )

    card = only(facts, Card)
    assert (card.began_at, card.opened_at) == (moment("09:00:12"), moment("09:00:12"))
    assert (card.saved_at, card.closed_at) == (moment("09:03:40"), moment("09:03:50"))
    assert (card.saves, card.fields_filled, card.filling_ms) == (2, 5, 208_000)
    assert match(facts, Card) == ("a1", "agent", 0.9)


def test_a_card_that_was_never_saved_was_open_until_it_was_closed() -> None:
    _, facts = after(CALLS, opened("09:00:12"), closed("09:01:00"))

    card = only(facts, Card)
    assert (card.saves, card.saved_at, card.filling_ms) == (0, None, 48_000)


def test_of_a_card_whose_opening_was_lost_no_length_is_known() -> None:
    _, facts = after(CALLS, saved("09:02:00"), closed("09:03:00"))

    card = only(facts, Card)
    assert (card.began_at, card.opened_at, card.filling_ms) == (moment("09:02:00"), None, None)


def test_an_opening_that_comes_late_replaces_the_filling_without_one() -> None:
    _, facts = after(CALLS, saved("09:02:00"), opened("09:00:12", seen="09:02:01"))

    assert only(facts, Card).filling_ms == 108_000
    gone = [fact for fact in facts if isinstance(fact, Card) and fact.voided]
    assert [fact.began_at for fact in gone] == [moment("09:02:00")]


def test_a_card_opened_again_is_another_filling() -> None:
    _, facts = after(
        CALLS, opened("09:00:12"), closed("09:01:00"), opened("09:02:00"), saved("09:02:30")
    )

    cards = sorted(
        (fact for fact in newest(facts).values() if isinstance(fact, Card)),
        key=lambda card: card.began_at,
    )
    assert [card.filling_ms for card in cards] == [48_000, 30_000]


def test_a_card_left_open_over_night_is_not_filled_in_all_night() -> None:
    _, facts = after(CALLS, opened("09:00:12"), saved("23:00:00"))

    cards = [fact for fact in newest(facts).values() if isinstance(fact, Card)]
    assert [card.filling_ms for card in cards] == [None, None]


# --- by which key --------------------------------------------------------------------------


def test_the_id_of_the_pbx_is_taken_whoever_talks_at_the_time() -> None:
    _, facts = after(CALLS, opened("09:00:40", agent_id="Boris", interaction_id="a1"))

    assert match(facts, Card) == ("a1", "id", 1.0)


def test_an_id_that_no_pbx_told_of_is_kept_and_not_trusted() -> None:
    _, facts = after(CALLS, opened("09:00:40", interaction_id="elsewhere-9"))

    assert match(facts, Card) == ("elsewhere-9", "id", 0.5)


def test_a_card_opened_half_a_minute_after_the_talk_is_of_that_talk() -> None:
    _, facts = after(CALLS, opened("09:03:30"))

    assert match(facts, Card) == ("a1", "agent", 0.8)


def test_a_card_opened_when_the_phone_rings_is_of_the_talk_that_follows() -> None:
    _, facts = after(CALLS, opened("09:00:05"))

    assert match(facts, Card) == ("a1", "agent", 0.8)


def test_a_card_hours_after_the_last_talk_is_of_no_contact() -> None:
    _, facts = after(CALLS, opened("11:00:00"))

    assert match(facts, Card) == ("", "", None)


def test_agent_and_caller_together_are_surer_than_the_agent_alone() -> None:
    _, facts = after(CALLS, opened("09:03:30", caller_key="key-a"))

    assert match(facts, Card) == ("a1", "agent", 0.95)


def test_a_code_set_just_after_the_next_answer_may_be_of_either_call() -> None:
    _, facts = after(
        f"""{CALLS}
        09:05:00  enter   d1 sales
        09:05:10  answer  d1 sales Boris
        09:09:00  end     d1 sales Boris caller
        """,
        told(crm.DispositionSet, "09:05:15", code="sold", agent_id="Boris"),
        told(crm.DispositionSet, "09:04:30", code="lost", agent_id="Anna"),
    )

    sure = {
        fact.code: fact.confidence
        for fact in newest(facts).values()
        if isinstance(fact, Disposition)
    }
    assert sure == {"sold": 0.5, "lost": 0.6}


def test_a_save_whose_opening_was_lost_may_be_of_the_call_before() -> None:
    calls = f"""{CALLS}
        09:05:00  enter   d1 sales
        09:05:10  answer  d1 sales Boris
        09:09:00  end     d1 sales Boris caller
    """

    _, facts = after(calls, saved("09:05:20", agent_id="Boris"))
    assert match(facts, Card) == ("d1", "agent", 0.5)

    _, facts = after(calls, opened("09:05:20", agent_id="Boris"))
    assert match(facts, Card) == ("d1", "agent", 0.9)


def test_an_answer_of_a_customer_is_of_his_call_not_of_what_the_agent_does_meanwhile() -> None:
    answer = told(
        crm.SurveyAnswered, "09:03:30", kind="csat", score=5, scale_min=1, scale_max=5,
        agent_id="Boris", caller_key="key-a",
    )  # fmt: skip
    _, facts = after(CALLS, answer)

    assert match(facts, Survey) == ("a1", "caller", 0.85)


def test_of_two_contacts_of_a_caller_the_nearer_is_taken_and_not_trusted() -> None:
    _, facts = after(
        f"""{CALLS}
        10:00:00  enter   a2 sales
        10:00:10  answer  a2 sales Anna
        10:02:00  end     a2 sales Anna caller
        """,
        told(crm.CaseCreated, "10:30:00", case_id="C1", caller_key="key-a"),
    )

    assert match(facts, CaseStep) == ("a2", "caller", 0.5)


def test_a_caller_of_more_than_two_hours_ago_is_not_found() -> None:
    _, facts = after(CALLS, told(crm.CaseCreated, "11:30:00", case_id="C1", caller_key="key-a"))

    assert match(facts, CaseStep) == ("", "", None)


# --- contacts that were merged ---------------------------------------------------------------

MERGED = "09:02:00  merges {} {}"


def merged(*pairs: str) -> str:
    """Return the calls, and Anna's call a1 taken in by others: "a1 b1" and so on."""
    return CALLS + "\n".join(MERGED.format(*pair.split()) for pair in pairs)


@pytest.mark.parametrize("at", ["09:00:40", "09:03:30", "10:50:00"])
def test_the_id_of_a_contact_that_is_gone_means_the_one_that_took_it_in(at: str) -> None:
    _, facts = after(merged("x1 a1"), opened(at, interaction_id="x1"))

    assert match(facts, Card) == ("a1", "id", 1.0)
    assert only(facts, Card).leg_id == legs(facts)[0].leg_id


def test_a_merge_that_is_heard_of_after_the_card_revises_it() -> None:
    card = opened("09:00:40", interaction_id="x1")
    first, *_ = log = [*map(e.encode, with_callers(events(merged("x1 a1"))))]

    _, facts = run([first, card, *log[1:]])

    cards = [fact for fact in facts if isinstance(fact, Card)]
    assert [(card.interaction_id, card.confidence) for card in cards] == [
        ("x1", 0.5), ("a1", 1.0),
    ]  # fmt: skip


@pytest.mark.parametrize("order", list(permutations(["x1 x2", "x2 x3", "x3 a1"])))
@pytest.mark.parametrize("is_first", [True, False])
def test_merges_are_followed_to_their_end_in_whatever_order_they_are_told(
    order: tuple[str, ...], is_first: bool
) -> None:
    cards = [
        opened("09:00:40", card_id=name, interaction_id=name) for name in ("x1", "x2", "x3")
    ]
    log = [*map(e.encode, with_callers(events(merged(*order))))]

    _, facts = run([*cards, *log] if is_first else [*log, *cards])

    found = [fact for fact in newest(facts).values() if isinstance(fact, Card)]
    assert [(card.interaction_id, card.confidence) for card in found] == [("a1", 1.0)] * 3


def test_a_contact_whose_calls_are_not_known_is_named_by_its_last_id() -> None:
    _, facts = after(merged("x1 x2"), opened("09:02:10", interaction_id="x1"))

    assert match(facts, Card) == ("x2", "id", 0.5)


def test_a_merge_of_more_than_two_hours_ago_is_not_followed() -> None:
    _, facts = after(merged("x1 a1"), opened("11:10:00", interaction_id="x1"))

    assert match(facts, Card) == ("x1", "id", 0.5)


def test_merges_out_of_reach_are_forgotten() -> None:
    state, _ = after(merged("x1 x2", "x2 a1"), closed("09:10:00", day="2026-03-03"))

    assert not state.crm.kin.gone
    assert not state.crm.kin.taken_in


# --- answers outside of their scale -----------------------------------------------------------


ANSWER: dict[str, Any] = {"kind": "csat", "caller_key": "key-a"}


@pytest.mark.parametrize(
    ("low", "score", "high"), [(1, 50, 5), (0, -3, 10), (5, 3, 1), (4, 4, 4)]
)
def test_an_answer_that_its_scale_does_not_have_is_rejected_and_tells_nothing(
    low: float, score: float, high: float
) -> None:
    wrong = told(
        crm.SurveyAnswered, "09:04:00", **ANSWER, scale_min=low, score=score, scale_max=high
    )
    before, _ = after(CALLS)

    state, facts = after(CALLS, wrong)

    assert not [fact for fact in facts if isinstance(fact, Survey)]
    (refused,) = rejected(facts)
    assert (refused.reason, refused.source, refused.feed) == ("malformed", "crm", "webhook")
    assert "scale" in refused.detail
    assert refused.content == wrong
    assert state.crm == before.crm


@pytest.mark.parametrize("score", [1, 5])
def test_an_answer_at_an_end_of_its_scale_counts(score: float) -> None:
    answer = told(
        crm.SurveyAnswered, "09:04:00", **ANSWER, scale_min=1, score=score, scale_max=5
    )

    _, facts = after(CALLS, answer)

    assert only(facts, Survey).score == score


def test_an_answer_outside_of_its_scale_in_an_old_snapshot_is_no_satisfaction() -> None:
    good = told(crm.SurveyAnswered, "09:04:00", **ANSWER, scale_min=1, score=5, scale_max=5)
    state, facts = after(CALLS, good)
    kept = only(facts, Survey)
    for n, (low, score, high) in enumerate([(1, -50, 5), (5, 1, 1), (2, 2, 2)]):
        old = msgspec.structs.replace(
            kept, answer_id=f"old{n}", scale_min=low, score=score, scale_max=high
        )
        state.crm.take(old.answer_id, old)
        assert state.crm.say(old.answer_id, 1, 1) is not None

    ((_, shown),) = figures(state.crm, moment("09:05:00"), lambda _: "")

    assert shown.satisfaction == 1


# --- later news ----------------------------------------------------------------------------


def test_a_call_heard_of_after_the_card_revises_it() -> None:
    log = [*map(e.encode, with_callers(events(CALLS)))]
    _, facts = run([opened("09:00:12", seen="09:00:13"), *log])

    cards = [fact for fact in facts if isinstance(fact, Card)]
    assert [card.interaction_id for card in cards] == ["", "a1"]
    assert cards[-1].revision > cards[0].revision


def test_every_step_of_a_case_is_kept() -> None:
    _, facts = after(
        CALLS,
        told(crm.CaseCreated, "09:01:00", case_id="C1", agent_id="Anna", channel="voice"),
        told(crm.CaseResolved, "09:02:00", case_id="C1", agent_id="Anna"),
        told(crm.CaseReopened, "09:04:00", case_id="C1", status="open"),
    )

    steps = [fact for fact in newest(facts).values() if isinstance(fact, CaseStep)]
    assert [(step.step, step.channel, step.status) for step in steps] == [
        ("created", "voice", ""),
        ("resolved", "", ""),
        ("reopened", "", "open"),
    ]
    assert steps[0].interaction_id == "a1"


# --- clocks and lateness -------------------------------------------------------------------


def test_a_crm_moves_no_clock_of_a_pbx_and_is_none() -> None:
    before, _ = after(CALLS)
    later, _ = after(CALLS, opened("09:30:00"), closed("10:30:00"))

    assert later.sources == before.sources


def call_told(kind: Any, at: str, seen: str | None = None) -> bytes:
    return told(kind, at, source="bitrix", seen=seen, interaction_id="c1", channel_id="c1")


def test_a_crm_that_tells_of_calls_is_heard_and_has_no_clock_and_no_legs() -> None:
    """It would count as silent soon after each of its calls."""
    before, facts = after(CALLS)
    calls = [
        call_told(e.InteractionStarted, "09:10:00"),
        call_told(e.InteractionEnded, "09:12:00"),
    ]

    later, more = after(CALLS, *calls)

    assert later.sources == before.sources
    assert more == facts
    assert (later.crm.heard["bitrix"].events, later.crm.heard["bitrix"].last_at) == (
        2, moment("09:12:00"),
    )  # fmt: skip


def test_a_call_that_a_crm_tells_late_marks_no_day() -> None:
    late = call_told(e.InteractionEnded, "09:10:00", seen="10:30:00")

    _, facts = after(f"{CALLS}{AFTERWARDS}", late)

    assert not [fact for fact in facts if isinstance(fact, DayDirty)]


def test_what_a_crm_tells_too_late_marks_the_day_and_is_not_taken() -> None:
    _, facts = after(f"{CALLS}{AFTERWARDS}", opened("10:19:59", seen="10:30:00"))

    assert [fact.day for fact in facts if isinstance(fact, DayDirty)] == ["2026-03-02"]
    assert not [fact for fact in facts if isinstance(fact, Card)]


def test_ten_minutes_late_is_in_time() -> None:
    _, facts = after(f"{CALLS}{AFTERWARDS}", opened("10:20:00", seen="10:30:00"))

    assert not [fact for fact in facts if isinstance(fact, DayDirty)]
    assert only(facts, Card).opened_at == moment("10:20:00")


def test_what_is_out_of_reach_is_forgotten() -> None:
    state, _ = after(
        f"{CALLS}{AFTERWARDS}",
        opened("09:00:12", seen="09:00:12", day="2026-03-03"),
        closed("09:10:00", day="2026-03-03"),
        told(crm.CaseUpdated, "23:00:00", day="2026-03-03", case_id="C1"),
    )

    assert [len(state.crm.items), len(state.crm.cards), len(state.crm.book.traces)] == [1, 0, 0]
    assert not state.crm.by_agent


def test_without_a_crm_nothing_is_remembered_for_one() -> None:
    state, _ = run(map(e.encode, events(CALLS)))

    assert not state.crm.listens
    assert not state.crm.book.traces


def test_a_pbx_that_tells_of_cards_itself_has_one_clock_for_both() -> None:
    state, facts = after(CALLS, opened("09:06:00", source="pbx1", agent_id="Boris"))

    assert match(facts, Card) == ("b1", "agent", 0.6)
    assert list(state.sources) == ["pbx1"]
    assert state.sources["pbx1"].clock == moment("09:06:00")
