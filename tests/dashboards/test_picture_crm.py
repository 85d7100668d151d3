"""What the wall shows of a CRM, to who asks for it."""

from typing import Any

import pytest

import schemas.events as e
from dashboards.wall.picture import picture
from dashboards.wall.scope import Scope, Setting
from schemas import crm_events as crm
from tests.crm_told import told, with_callers
from tests.timetable import events, run, terms

CALLS = """
    08:59:00  login   Anna sales
    08:59:00  login   Boris support
    09:00:00  enter   a1 sales
    09:00:10  answer  a1 sales Anna
    09:03:00  end     a1 sales Anna caller
    09:05:00  beat
"""
OF_CRM = (
    told(crm.CardOpened, "09:01:00", card_id="1", agent_id="Anna"),
    told(crm.CardSaved, "09:01:30", card_id="1", agent_id="Anna"),
    told(crm.CardClosed, "09:01:40", card_id="1", agent_id="Anna"),
    told(crm.CardOpened, "09:02:00", card_id="2", agent_id="Boris"),
    told(crm.CardClosed, "09:02:50", card_id="2", agent_id="Boris"),
    told(crm.CardOpened, "09:04:00", card_id="3", agent_id="Boris"),
    told(
        crm.SurveyAnswered, "09:04:00", kind="csat", score=4, scale_min=1, scale_max=5,
        caller_key="key-a",
    ),
)  # fmt: skip


def seen(scope: Scope, *of_crm: bytes) -> Any:
    under = terms(agents={"Anna": {"team": "front"}, "Boris": {"team": "back"}})
    state, _ = run([*map(e.encode, with_callers(events(CALLS))), *of_crm], under)
    return picture(state, Setting("0", "centre", under), scope)["crm"]


@pytest.mark.parametrize(
    ("scope", "cards_open", "filling_ms", "satisfaction"),
    [
        (Scope(), 1, 40_000, 1),  # 30 and 50 s
        (Scope(team="front"), 0, 30_000, 1),  # the answer is of a call with Anna
        (Scope(team="back"), 1, 50_000, None),
        (Scope(frozenset({"support"})), 1, 50_000, None),
        (Scope(frozenset({"support"}), "front"), 0, None, None),
    ],
)
def test_a_scope_has_the_figures_of_its_people(
    scope: Scope, cards_open: int, filling_ms: float | None, satisfaction: float | None
) -> None:
    assert seen(scope, *OF_CRM) == {
        "cards_open": cards_open, "filling_ms": filling_ms, "satisfaction": satisfaction,
    }  # fmt: skip


def test_of_no_crm_and_of_nobody_nothing_is_known() -> None:
    assert seen(Scope()) is None
    assert seen(Scope(team="nosuch"), *OF_CRM) is None
