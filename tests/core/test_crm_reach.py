"""What was found to be of a contact stays so, whatever is told hours later."""

import random
from typing import Any

import pytest

import schemas.events as e
from schemas import crm_events as crm
from schemas.facts import Card, CaseStep, Disposition, Survey
from tests.crm_told import told, with_callers
from tests.readings import newest
from tests.timetable import events, run

OF_CRM = Card | CaseStep | Disposition | Survey
BORIS_TALKS = """
    09:00:00  enter   k1 sales
    09:00:10  answer  k1 sales Boris
    09:10:00  end     k1 sales Boris caller
"""
ANSWER: dict[str, Any] = {"kind": "csat", "score": 1, "scale_min": 1, "scale_max": 5}


def day(calls: str, *of_crm: bytes, beats: int = 60) -> list[Any]:
    """Fold a day in the order of receipt, a beat a few minutes; return what the CRM told."""
    minutes = range(0, 8 * 60, 8 * 60 // beats)
    beating = [f"{9 + minute // 60:02}:{minute % 60:02}:00 beat" for minute in minutes]
    of_pbx = with_callers(events("\n".join([calls, *beating])))
    log = [e.decode(each) for each in of_crm] + of_pbx
    first = told(crm.CaseUpdated, "08:59:00", case_id="first")
    log.sort(key=lambda event: event.recordedtime)
    _, facts = run([first, *map(e.encode, log)], size=50)
    return [fact for fact in facts if isinstance(fact, OF_CRM)][1:]


def said(facts: list[Any]) -> list[tuple[str, str, float | None]]:
    return [(fact.interaction_id, fact.matched_by, fact.confidence) for fact in facts]


def talk(channel: str, begin: str, end: str, agent: str = "Anna") -> str:
    return f"""
        {begin}:00  enter   {channel} sales
        {begin}:10  answer  {channel} sales {agent}
        {end}:00    end     {channel} sales {agent} caller
    """


def test_a_later_call_of_the_caller_takes_no_card_from_the_agent_who_opened_it() -> None:
    calls = BORIS_TALKS + talk("k2", "09:58", "10:02") + talk("k3", "11:50", "11:51")
    card = told(crm.CardOpened, "10:22:00", card_id="7", agent_id="Boris", caller_key="key-k")

    assert said(day(calls, card)) == [("k1", "agent", 0.95)]


def test_an_answer_stays_with_the_call_before_it_when_the_caller_calls_again() -> None:
    calls = BORIS_TALKS + talk("k2", "12:00", "12:01")
    answer = told(crm.SurveyAnswered, "10:50:00", **ANSWER, caller_key="key-k")

    assert said(day(calls, answer)) == [("k1", "caller", 0.85)]


@pytest.mark.parametrize("named", ["k1", "merged"])
def test_the_id_of_the_pbx_stays_known_when_the_caller_calls_again(named: str) -> None:
    calls = BORIS_TALKS + "09:09:00 merges merged k1" + talk("k2", "12:00", "12:01")
    step = told(
        crm.CaseUpdated, "10:50:00", case_id="9", interaction_id=named, caller_key="key-k"
    )

    assert said(day(calls, step)) == [("k1", "id", 1.0)]


@pytest.mark.parametrize("hint", [{}, {"caller_key": "key-k"}, {"interaction_id": "k1"}])
def test_a_card_left_open_for_hours_stays_with_its_contact(hint: dict[str, str]) -> None:
    whose = {"card_id": "7", "agent_id": "Boris"}
    card = told(crm.CardOpened, "09:00:20", **whose, **hint)
    later = told(crm.CardSaved, "15:40:00", **whose, caller_key="key-k")

    first, last = said(day(BORIS_TALKS + talk("k2", "10:00", "10:10"), card, later))

    assert first[0] == "k1"
    assert last == first


def test_a_card_left_open_for_hours_is_of_the_contact_that_it_names_at_last() -> None:
    whose = {"card_id": "7", "agent_id": "Boris"}
    card = told(crm.CardOpened, "09:00:20", **whose)
    later = told(crm.CardSaved, "15:40:00", **whose, interaction_id="k9")

    assert said(day(BORIS_TALKS, card, later)) == [("k1", "agent", 0.9), ("k9", "id", 0.5)]


def test_a_call_of_more_than_two_hours_later_changes_nothing() -> None:
    whose = {"card_id": "7", "agent_id": "Boris", "caller_key": "key-m"}
    card = told(crm.CardOpened, "09:05:00", **whose)
    later = told(crm.CardSaved, "11:14:00", **whose)

    found = said(day(BORIS_TALKS + talk("m1", "11:10", "11:12"), card, later))

    assert found == [("k1", "agent", 0.4)] * 2


@pytest.mark.parametrize("seed", range(8, 14))
def test_what_a_crm_tells_minutes_late_means_the_same(seed: int) -> None:
    chance = random.Random(seed)
    calls, news = "", []
    for agent in ("Anna", "Boris"):
        minute = chance.randint(0, 5)
        while minute < 170:
            channel = f"{chance.choice('klmn')}{agent[0]}{minute}"
            end = minute + chance.choice([1, 4, 15])
            calls += talk(channel, _clock(minute), _clock(end), agent)
            minute = end + chance.choice([1, 8, 70])
    for _ in range(25):
        more = {"agent_id": agent} if (agent := chance.choice(["", "Anna", "Boris"])) else {}
        more |= {"caller_key": f"key-{chance.choice('klmnx')}"} if chance.random() < 0.6 else {}
        news.append((chance.randint(0, 220), _telling(chance), more))
    lines = "\n".join(sorted(line.strip() for line in calls.splitlines() if line.strip()))

    def told_late(most_minutes: int) -> dict[tuple[Any, ...], Any]:
        late = [chance.randint(0, most_minutes) for _ in news]
        of_crm = [
            told(kind, f"{_clock(at)}:00", seen=f"{_clock(at + by)}:30", event_id=f"e{n}",
                 **fixed, **more)
            for n, ((at, (kind, fixed), more), by) in enumerate(zip(news, late, strict=True))
        ]  # fmt: skip
        facts = newest(day(lines, *of_crm))
        return {key: said([fact]) for key, fact in facts.items()}

    assert told_late(9) == told_late(0)


def _clock(minute: int) -> str:
    return f"{9 + minute // 60:02}:{minute % 60:02}"


def _telling(chance: random.Random) -> tuple[Any, dict[str, Any]]:
    kinds: list[tuple[Any, dict[str, Any]]] = [
        (crm.CaseCreated, {"case_id": "C1"}),
        (crm.CaseReopened, {"case_id": "C2"}),
        (crm.DispositionSet, {"code": "sold"}),
        (crm.SurveyAnswered, ANSWER),
    ]
    return chance.choice(kinds)
