"""Facts: what Pult concludes from events, keyed and revisable.

A fact has a key and a revision. Storing it twice changes nothing; a later revision replaces the
earlier one, which stays readable; a fact that no longer holds comes once more with `voided`.
Instants are milliseconds since 1970 UTC, durations milliseconds, both None while unknown;
words and ids are empty strings while unknown; counts are never None.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from schemas.crm_events import SurveyKind
from schemas.events import Activity, Clock, Direction, EndedBy, OfferResult, TransferKind
from schemas.rules import Severity

LegOutcome: TypeAlias = Literal[
    "waiting", "answered", "abandoned", "timeout", "key", "empty", "full", "withdrawn",
    "transferred", "callback", "system",
]  # fmt: skip
AgentState: TypeAlias = Literal[
    "offline", "ready", "reserved", "talking", "holding", "wrapup", "not_ready"
]
RejectReason: TypeAlias = Literal[
    "malformed", "oversized", "unreadable", "no_time", "future", "foreign", "unmapped",
    "duplicate",
]  # fmt: skip
Origin: TypeAlias = Literal["live", "refold"]
Verdict: TypeAlias = Literal["acknowledged", "excused", "neutral"]
MatchedBy: TypeAlias = Literal["id", "agent", "caller", ""]
"""By what a contact was found: the PBX's own id, an agent and the time, or the caller's key."""
CaseStepKind: TypeAlias = Literal[
    "created", "assigned", "updated", "resolved", "reopened", "closed"
]
EpisodeState: TypeAlias = Literal["pending", "firing", "resolved", "excused"]
"""What the fold says of an episode; people acknowledge and excuse, which views add."""


class _Fact(msgspec.Struct, frozen=True, tag_field="fact", gc=False):
    """`revision` is the log position of its cause, `known_at` when that frame was received.

    The order of fields is for whoever makes many: with thirty fields, giving them by place
    costs a tenth of giving them by name.
    """

    tenant: str
    domain: str
    revision: int
    known_at: int
    voided: bool


class Leg(_Fact, frozen=True, tag="leg", gc=False):
    """One visit to one queue. Key: leg_id; `first_second` is the second it is derived from."""

    leg_id: str
    first_second: int
    source: str
    interaction_id: str
    queue_id: str
    channel: str
    direction: Direction
    caller_key: str
    priority: int
    entered_at: int
    answered_at: int | None
    left_at: int | None
    ended_at: int | None
    outcome: LegOutcome
    wait_ms: int | None
    ring_ms: int | None
    talk_ms: int | None
    hold_ms: int | None
    wrapup_ms: int | None
    agent_id: str
    ended_by: EndedBy | Literal[""]
    transferred_to: str
    transfer_kind: TransferKind | Literal[""]
    offers: int
    answer_within_ms: int
    short_abandon_ms: int
    clock: Clock


class Offer(_Fact, frozen=True, tag="offer", gc=False):
    """One ringing of one agent. Key: offer_id. `result` is empty while it rings."""

    offer_id: str
    leg_id: str
    interaction_id: str
    source: str
    queue_id: str
    agent_id: str
    started_at: int
    ended_at: int | None
    result: OfferResult | Literal[""]
    ring_ms: int | None


class AgentSession(_Fact, frozen=True, tag="agent_session", gc=False):
    """Log-in to log-out of one agent. Key: agent_id, logged_in_at."""

    agent_id: str
    source: str
    logged_in_at: int
    logged_out_at: int | None


class AgentInterval(_Fact, frozen=True, tag="agent_state", gc=False):
    """An agent was in one state. Key: agent_id, started_at."""

    agent_id: str
    state: AgentState
    reason: str
    started_at: int
    ended_at: int | None
    duration_ms: int | None


class Break(_Fact, frozen=True, tag="break", gc=False):
    """Pause to unpause or log-out, also while the agent talks. Key: agent_id, started_at."""

    agent_id: str
    reason: str
    started_at: int
    ended_at: int | None
    duration_ms: int | None


class WallSample(_Fact, frozen=True, tag="wall_sample", gc=False):
    """What the wall showed of a queue at an instant. Key: at, origin, queue_id."""

    at: int
    origin: Origin
    queue_id: str
    waiting: int
    longest_wait_ms: int | None
    waiting_over_target: int
    talking: int
    answered_5m: int
    answered_in_time_5m: int
    abandoned_5m: int
    short_abandoned_5m: int
    service_level_5m: float | None
    answered_30m: int
    answered_in_time_30m: int
    abandoned_30m: int
    short_abandoned_30m: int
    service_level_30m: float | None


class TeamSample(_Fact, frozen=True, tag="team_sample", gc=False):
    """What the wall showed of a team's people at an instant. Key: at, origin, team."""

    at: int
    origin: Origin
    team: str
    logged_in: int
    ready: int
    reserved: int
    talking: int
    holding: int
    wrapup: int
    not_ready: int
    occupancy_30m: float | None


class Violation(_Fact, frozen=True, tag="violation", gc=False):
    """An episode in which a rule was violated. Key: episode_id.

    `about` is the key of what it is about: a break, an offer, a visit, a month. `thresholds`
    and `evidence` are JSON objects: what was in force, and which values, events and facts led
    to it. `agent_id` is empty where nobody in particular is meant.
    """

    episode_id: str
    code: str
    agent_id: str
    queue_id: str
    team: str
    severity: Severity
    state: EpisodeState
    pending_at: int
    fired_at: int | None
    cleared_at: int | None
    about: str
    rule_version: str
    thresholds: str
    evidence: str


class Review(_Fact, frozen=True, tag="review", gc=False):
    """What a person decided about an episode. Key: review_id, the id of the event."""

    review_id: str
    episode_id: str
    verdict: Verdict
    author: str
    reason: str
    decided_at: int


class Planned(_Fact, frozen=True, tag="planned", gc=False):
    """What a plan wants of an agent for a time. Key: agent_id, started_at.

    `day` is the local date of the shift. `inside` and `outside` name the states that keep to
    the plan and that do not, with commas between; others are neutral (schemas/adherence.py).
    """

    agent_id: str
    day: str
    zone: str
    version: int
    shift_started_at: int
    shift_ended_at: int
    activity: Activity
    name: str
    started_at: int
    ended_at: int
    inside: str
    outside: str


class Card(_Fact, frozen=True, tag="card", gc=False):
    """One filling of a card. Key: source, card_id, agent_id, began_at.

    `began_at` is the first that was told of it, its opening unless that was lost. `filling_ms`
    runs from the opening to the last save, or to the closing of what was never saved.
    """

    source: str
    card_id: str
    agent_id: str
    began_at: int
    opened_at: int | None
    saved_at: int | None
    closed_at: int | None
    saves: int
    fields_filled: int | None
    filling_ms: int | None
    form: str
    case_id: str
    caller_key: str
    interaction_id: str
    leg_id: str = ""
    matched_by: MatchedBy = ""
    confidence: float | None = None


class CaseStep(_Fact, frozen=True, tag="case_step", gc=False):
    """Something that happened to a case. Key: step_id, the id of the event."""

    step_id: str
    source: str
    case_id: str
    step: CaseStepKind
    at: int
    agent_id: str
    status: str
    channel: str
    caller_key: str
    interaction_id: str
    leg_id: str = ""
    matched_by: MatchedBy = ""
    confidence: float | None = None


class Disposition(_Fact, frozen=True, tag="disposition", gc=False):
    """What came of a contact or a case. Key: disposition_id, the id of the event."""

    disposition_id: str
    source: str
    set_at: int
    code: str
    name: str
    agent_id: str
    case_id: str
    caller_key: str
    interaction_id: str
    leg_id: str = ""
    matched_by: MatchedBy = ""
    confidence: float | None = None


class Survey(_Fact, frozen=True, tag="survey", gc=False):
    """What a customer answered. Key: answer_id, the id of the event.

    Of answers with one `survey_id` the last one holds, which the view `surveys` knows.
    """

    answer_id: str
    source: str
    survey_id: str
    answered_at: int
    kind: SurveyKind
    score: float
    scale_min: float
    scale_max: float
    agent_id: str
    case_id: str
    caller_key: str
    interaction_id: str
    leg_id: str = ""
    matched_by: MatchedBy = ""
    confidence: float | None = None


CrmFact: TypeAlias = Card | CaseStep | Disposition | Survey
"""What is told by a CRM, each with the contact it belongs to and how sure that is."""


class DayDirty(_Fact, frozen=True, tag="day_dirty", gc=False):
    """An event came too late to be applied live: fold this local day again. Key: day."""

    day: str


class Rejected(_Fact, frozen=True, tag="rejected", gc=False):
    """What could not be used, whole, and why. Key: everything but `detail`."""

    source: str
    feed: str
    reason: RejectReason
    detail: str
    content: bytes


Fact: TypeAlias = (
    Leg | Offer | AgentSession | AgentInterval | Break
    | WallSample | TeamSample | Violation | Review | Planned | DayDirty | Rejected
    | Card | CaseStep | Disposition | Survey
)  # fmt: skip


def says_the_same(one: Fact, other: Fact) -> bool:
    """Tell whether two facts of a kind say the same, whenever and why they were said."""
    return msgspec.structs.astuple(one)[4:] == msgspec.structs.astuple(other)[4:]


_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)


def encode(fact: Fact) -> bytes:
    """Return a fact as it travels: UTF-8 JSON, one object."""
    return _ENCODER.encode(fact)


def decode(value: bytes) -> Fact:
    """Parse what `encode` returned."""
    return _DECODER.decode(value)


def decode_all(values: Sequence[bytes]) -> list[Fact]:
    """Parse what `encode` returned, many at once."""
    return list(map(_DECODER.decode, values))
