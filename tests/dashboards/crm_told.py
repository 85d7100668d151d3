"""The little that a CRM tells in the tests of boards."""

from datetime import datetime
from typing import Any

from schemas import crm_events as crm
from tests.crm_told import told


def of_crm(instant: datetime) -> list[bytes]:
    """Return a card that is saved, a solved case, a result and an answer, all of one second."""
    at = f"{instant:%H:%M:%S}"
    who: dict[str, Any] = {"day": f"{instant:%Y-%m-%d}", "agent_id": "Anna Petrova"}
    return [
        told(crm.CardOpened, at, card_id="1", **who),
        told(crm.CardSaved, at, card_id="1", **who),
        told(crm.CaseCreated, at, case_id="C1", **who),
        told(crm.CaseResolved, at, case_id="C1", **who),
        told(crm.DispositionSet, at, code="sold", case_id="C1", **who),
        told(crm.SurveyAnswered, at, kind="csat", score=5, scale_min=1, scale_max=5, **who),
    ]
