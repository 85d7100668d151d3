"""What /metrics says of what a CRM told."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest

import schemas.events as e
from schemas import crm_events as crm
from stream_processors.core.state import State
from stream_processors.shells.exporter import StateCollector
from tests.crm_told import told, with_callers
from tests.timetable import events, moment, run, terms

LAST = 'pult_crm_last_event_timestamp_seconds{source="crm"} '
CALLS = """
    09:00:00  enter   a1 sales
    09:00:10  answer  a1 sales Anna
    09:03:00  end     a1 sales Anna caller
    09:05:00  beat
"""


def page(*of_crm: bytes, calls: str = CALLS) -> list[str]:
    """Return the lines about a CRM that a scrape reads after the calls."""
    under = terms(agents={"Anna": {"team": "front"}, "Boris": {"team": "back"}})
    state, _ = run([*map(e.encode, with_callers(events(calls))), *of_crm], under)
    registry = CollectorRegistry()

    @contextmanager
    def held() -> Iterator[State]:
        yield state

    registry.register(StateCollector(held, lambda: under))
    names = ("cc_card", "cc_satisfaction", "pult_crm")
    return [
        line
        for line in generate_latest(registry).decode().splitlines()
        if line.startswith(names)
    ]


def test_without_a_crm_nothing_is_told_of_one() -> None:
    assert page() == []


def test_cards_in_work_their_filling_and_answers_are_told_by_team() -> None:
    """Anna filled in for 30 and 50 s; of three answers, one given anew, two are good."""
    answer: dict[str, Any] = {"scale_min": 1.0, "scale_max": 5.0, "caller_key": "key-a"}

    lines = page(
        told(crm.CardOpened, "09:01:00", card_id="1", agent_id="Anna"),
        told(crm.CardSaved, "09:01:30", card_id="1", agent_id="Anna"),
        told(crm.CardClosed, "09:01:40", card_id="1", agent_id="Anna"),
        told(crm.CardOpened, "09:02:00", card_id="2", agent_id="Anna"),
        told(crm.CardClosed, "09:02:50", card_id="2", agent_id="Anna"),
        told(crm.CardOpened, "09:04:00", card_id="3", agent_id="Boris"),
        told(crm.SurveyAnswered, "09:04:00", kind="csat", score=4, **answer),
        told(crm.SurveyAnswered, "09:04:01", kind="csat", score=5, **answer),
        told(crm.SurveyAnswered, "09:04:02", kind="csat", score=5, survey_id="S", **answer),
        told(crm.SurveyAnswered, "09:04:03", kind="csat", score=1, survey_id="S", **answer),
        told(crm.SurveyAnswered, "09:04:04", kind="nps", score=1, **answer),
    )

    assert lines[:-1] == [
        'cc_cards_open{team="back"} 1.0',
        'cc_cards_open{team="front"} 0.0',
        'cc_card_filling_seconds_mean{team="front",window="60m"} 40.0',
        f'cc_satisfaction_ratio{{team="front",window="60m"}} {2 / 3}',
    ]
    assert float(lines[-1].removeprefix(LAST)) == moment("09:04:04") / 1000


def test_after_an_hour_without_any_there_is_no_mean() -> None:
    lines = page(
        told(crm.CardOpened, "09:01:00", card_id="1", agent_id="Anna"),
        told(crm.CardClosed, "09:01:30", card_id="1", agent_id="Anna"),
        told(crm.CaseUpdated, "10:01:30", case_id="C1"),
    )

    assert [line for line in lines if "last_event" not in line] == [
        'cc_cards_open{team="front"} 0.0'
    ]


def test_a_card_that_is_opened_again_is_one_card_in_work() -> None:
    lines = page(
        told(crm.CardOpened, "09:01:00", card_id="1", agent_id="Anna"),
        told(crm.CardSaved, "09:01:30", card_id="1", agent_id="Anna"),
        told(crm.CardOpened, "09:02:00", card_id="1", agent_id="Anna"),
        told(crm.CardOpened, "09:03:00", card_id="2", agent_id="Anna"),
        told(crm.CardOpened, "09:03:00", card_id="1", agent_id="Boris"),
    )

    assert [line for line in lines if "open" in line] == [
        'cc_cards_open{team="back"} 1.0',
        'cc_cards_open{team="front"} 2.0',
    ]


def test_a_team_of_which_a_crm_never_told_has_no_cards_open() -> None:
    lines = page(
        told(crm.CardOpened, "09:01:00", card_id="1", agent_id="Boris"),
        calls="09:00:00 login Anna sales\n" + CALLS,
    )

    assert [line for line in lines if "open" in line] == [
        'cc_cards_open{team="back"} 1.0',
        'cc_cards_open{team="front"} 0.0',
    ]
