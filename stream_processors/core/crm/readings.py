"""What each event of a CRM means: a mark on a card, or something told once and for all."""

from collections.abc import Iterable
from typing import Any, TypeAlias

import schemas.events as e
from schemas import crm_events as crm
from schemas.errors import MalformedEvent
from schemas.facts import CaseStep, CaseStepKind, CrmFact, Disposition, Survey
from stream_processors.core.crm.cards import CLOSED, OPENED, SAVED, CardMark
from stream_processors.core.crm.desk import CardFile, Crm

CardEvent: TypeAlias = crm.CardOpened | crm.CardSaved | crm.CardClosed
CaseEvent: TypeAlias = (
    crm.CaseCreated
    | crm.CaseAssigned
    | crm.CaseUpdated
    | crm.CaseResolved
    | crm.CaseReopened
    | crm.CaseClosed
)
CrmEvent: TypeAlias = CardEvent | CaseEvent | crm.DispositionSet | crm.SurveyAnswered
CrmCall: TypeAlias = e.InteractionStarted | e.InteractionEnded

_PHASES = {crm.CardOpened: OPENED, crm.CardSaved: SAVED, crm.CardClosed: CLOSED}
_STEPS: dict[type, CaseStepKind] = {
    crm.CaseCreated: "created",
    crm.CaseAssigned: "assigned",
    crm.CaseUpdated: "updated",
    crm.CaseResolved: "resolved",
    crm.CaseReopened: "reopened",
    crm.CaseClosed: "closed",
}
CRM_EVENTS = frozenset({*_PHASES, *_STEPS, crm.DispositionSet, crm.SurveyAnswered})
"""The types of events that a CRM tells."""

_POSTED = "webhook"


def is_of_crm(event: Any) -> bool:
    """Tell whether a source that is no PBX so far is a CRM by what it tells.

    Some post that a call began and ended, at the time of posting and without its queue or its
    answer. No leg can be made of that, and who tells no more has no clock to be kept to.
    """
    return type(event) in CRM_EVENTS or (
        event.feed == _POSTED and isinstance(event, e.InteractionStarted | e.InteractionEnded)
    )


def check(event: Any) -> None:
    """Look whether an event says something that can be.

    Raises:
        MalformedEvent: it is an answer that its scale does not have.
    """
    if isinstance(event, crm.SurveyAnswered):
        answer = event.data
        wrong = crm.off_scale(answer.scale_min, answer.score, answer.scale_max)
        if wrong:
            raise MalformedEvent(wrong)


def take(desk: Crm, event: CrmEvent | CrmCall, at: int) -> Iterable[str]:
    """Take an event of an instant [ms]; return the items of which there may be news."""
    concerned = list(desk.hear(event.source, at))
    if isinstance(event, CrmCall):
        return concerned
    if isinstance(event, CardEvent):
        return [*concerned, *_take_card(desk, event, at)]
    fact = _fact(event, at)
    return [*concerned, event.id] if desk.take(event.id, fact) else concerned


def _take_card(desk: Crm, event: CardEvent, at: int) -> list[str]:
    data = event.data
    fields = None if isinstance(event, crm.CardOpened) else event.data.fields_filled
    mark = CardMark(
        at, _PHASES[type(event)], event.id, -1 if fields is None else fields,
        data.interaction_id, data.case_id, data.caller_key, data.form,
    )  # fmt: skip
    file = CardFile(event.source, data.card_id, data.agent_id)
    return desk.take_card(file, mark, (event.tenant, event.domain))


def _fact(event: CaseEvent | crm.DispositionSet | crm.SurveyAnswered, at: int) -> CrmFact:
    common = (event.tenant, event.domain, 0, 0, False, event.id, event.source)
    if isinstance(event, crm.SurveyAnswered):
        answer = event.data
        return Survey(
            *common, answer.survey_id, at, answer.kind, answer.score, answer.scale_min,
            answer.scale_max, answer.agent_id, answer.case_id, answer.caller_key,
            answer.interaction_id,
        )  # fmt: skip
    if isinstance(event, crm.DispositionSet):
        what = event.data
        return Disposition(
            *common, at, what.code, what.name, what.agent_id, what.case_id, what.caller_key,
            what.interaction_id,
        )  # fmt: skip
    case = event.data
    channel = event.data.channel if isinstance(event, crm.CaseCreated) else ""
    return CaseStep(
        *common, case.case_id, _STEPS[type(event)], at, case.agent_id, case.status, channel,
        case.caller_key, case.interaction_id,
    )  # fmt: skip
