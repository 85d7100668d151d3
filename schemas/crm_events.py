"""Events of a CRM, a help desk or a survey: cards, cases, dispositions, answers of customers.

They tell of a contact only as far as the CRM knows it: `interaction_id` is the PBX's own id,
where the CRM was given it; else agent and time, or the caller's key, tell later which it was.
"""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from schemas.envelope import AgentId, CallerKey, Data, Envelope

SurveyKind: TypeAlias = Literal["csat", "nps", "ces"]
"""Satisfaction with the contact; would recommend; how hard it was."""

CardId: TypeAlias = Annotated[str, Meta(min_length=1, description="The CRM's id of the card")]
CaseId: TypeAlias = Annotated[
    str, Meta(min_length=1, description="The CRM's id of a ticket, deal or task")
]
KnownAgentId: TypeAlias = Annotated[
    str, Meta(min_length=1, description="What the source calls the agent")
]
ContactId: TypeAlias = Annotated[
    str, Meta(description="The PBX's id of the contact, where the CRM knows it")
]


class CardData(Data, frozen=True, kw_only=True):
    """What an agent does with the card of a contact; `form` is which kind of card."""

    card_id: CardId
    agent_id: KnownAgentId
    interaction_id: ContactId = ""
    case_id: str = ""
    caller_key: CallerKey = ""
    form: str = ""


class CardOpenedData(CardData, frozen=True, kw_only=True):
    """An agent began to fill in a card."""


class CardOpened(Envelope, frozen=True, kw_only=True, tag="cc.card.opened.v1"):
    data: CardOpenedData


class CardSavedData(CardData, frozen=True, kw_only=True):
    """An agent saved a card; he may go on with it."""

    fields_filled: Annotated[int, Meta(ge=0)] | None = None


class CardSaved(Envelope, frozen=True, kw_only=True, tag="cc.card.saved.v1"):
    data: CardSavedData


class CardClosedData(CardData, frozen=True, kw_only=True):
    """An agent is done with a card, saved or not."""

    fields_filled: Annotated[int, Meta(ge=0)] | None = None


class CardClosed(Envelope, frozen=True, kw_only=True, tag="cc.card.closed.v1"):
    data: CardClosedData


class DispositionSetData(Data, frozen=True, kw_only=True):
    """What came of a contact or a case, in a code of the CRM; a later one replaces it.

    `interaction_id`, `case_id`, `agent_id` and `caller_key` tell of what; one without any of
    them is of nothing else that is known, and no later one replaces it.
    """

    code: Annotated[str, Meta(min_length=1)]
    interaction_id: ContactId = ""
    case_id: str = ""
    agent_id: AgentId = ""
    caller_key: CallerKey = ""
    name: Annotated[str, Meta(description="What the CRM calls the code for people")] = ""


class DispositionSet(Envelope, frozen=True, kw_only=True, tag="cc.disposition.set.v1"):
    data: DispositionSetData


class CaseData(Data, frozen=True, kw_only=True):
    """What a CRM tells of a case; `status` in its own word."""

    case_id: CaseId
    interaction_id: ContactId = ""
    agent_id: AgentId = ""
    caller_key: CallerKey = ""
    status: str = ""


class CaseCreatedData(CaseData, frozen=True, kw_only=True):
    """A ticket, deal or task began; `channel` is how the customer came."""

    channel: str = ""


class CaseCreated(Envelope, frozen=True, kw_only=True, tag="cc.case.created.v1"):
    data: CaseCreatedData


class CaseAssignedData(CaseData, frozen=True, kw_only=True):
    """A case was given to an agent; an empty `agent_id`: to nobody any more."""


class CaseAssigned(Envelope, frozen=True, kw_only=True, tag="cc.case.assigned.v1"):
    data: CaseAssignedData


class CaseUpdatedData(CaseData, frozen=True, kw_only=True):
    """Something of a case changed that is neither assignment nor end."""


class CaseUpdated(Envelope, frozen=True, kw_only=True, tag="cc.case.updated.v1"):
    data: CaseUpdatedData


class CaseResolvedData(CaseData, frozen=True, kw_only=True):
    """An agent says that the case is solved; the customer may object."""


class CaseResolved(Envelope, frozen=True, kw_only=True, tag="cc.case.resolved.v1"):
    data: CaseResolvedData


class CaseReopenedData(CaseData, frozen=True, kw_only=True):
    """A case that was resolved or closed is open again."""


class CaseReopened(Envelope, frozen=True, kw_only=True, tag="cc.case.reopened.v1"):
    data: CaseReopenedData


class CaseClosedData(CaseData, frozen=True, kw_only=True):
    """A case is over."""


class CaseClosed(Envelope, frozen=True, kw_only=True, tag="cc.case.closed.v1"):
    data: CaseClosedData


class SurveyAnsweredData(Data, frozen=True, kw_only=True):
    """A customer said how it was, as a number between two ends of a scale.

    Decoding does not compare them, for what is stored stays readable; `off_scale` does.
    """

    kind: SurveyKind
    score: float
    scale_min: float
    scale_max: float
    survey_id: Annotated[
        str,
        Meta(
            description="The CRM's id of this answer, not of the questionnaire; "
            "told again, the later time holds"
        ),
    ] = ""
    interaction_id: ContactId = ""
    case_id: str = ""
    agent_id: AgentId = ""
    caller_key: CallerKey = ""


class SurveyAnswered(Envelope, frozen=True, kw_only=True, tag="cc.survey.answered.v1"):
    data: SurveyAnsweredData


def off_scale(low: float, score: float, high: float) -> str:
    """Return what is wrong with an answer of a scale; empty if nothing is."""
    if not low < high:
        return f"a scale from {low:g} to {high:g} is none: scale_min must be below scale_max"
    if not low <= score <= high:
        return f"the score {score:g} is outside of its scale, {low:g} to {high:g}"
    return ""
