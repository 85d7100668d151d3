"""What a contact is asked about, and what it answers: visits and direct calls."""

from typing import Literal

import msgspec

from schemas.events import Direction, EndedBy, TransferKind
from schemas.facts import LegOutcome
from stream_processors.core.handovers import Handover, Hold, Longer


class QueueTalk(msgspec.Struct, frozen=True, gc=False):
    """A visit to a queue in the same contact, as far as the contact needs it.

    `passed` and `passed_to` tell how and where to its caller was passed on, as the source says;
    `caller_id` is his channel, another one if he took the place of who had asked the queue.
    """

    line: str
    channel_id: str
    leg_id: str
    queue_id: str
    agent_id: str
    entered: int
    left: int | None
    answered: int | None
    ended: int | None
    offers: frozenset[str]
    told_ended: int | None  # as the source says it, whatever became of its caller before
    rung: tuple[tuple[str, int, int | None], ...]  # agents, and from when to when [ms]
    passed: TransferKind | Literal[""]
    passed_to: str
    caller_id: str


class DirectCall(msgspec.Struct, frozen=True, gc=False):
    """One agent's part in a call that no queue dialled. Instants in ms.

    He has `placed` it by his phone, or by a click at which the PBX rang him first; his phone
    was `used` from then on, or from when he picked it up.

    One `of_queue` is a talk of which the queue has told nothing, or which it tells of a member
    that stands for several (a ring group): all that is known is that the agent talks.
    """

    agent_id: str
    channel_id: str
    direction: Direction
    outcome: LegOutcome
    placed: bool
    caller_key: str
    started: int
    seen: int  # when it began, or when a list had it last
    rang: int | None
    used: int | None
    answered: int | None
    ended: int | None
    ended_by: EndedBy | Literal[""]
    transferred_to: str
    transfer_kind: TransferKind | Literal[""]
    holds: tuple[Hold, ...]
    estimated: bool
    clock: str
    of_queue: bool


class Meaning(msgspec.Struct, gc=False):
    """All that follows from a contact."""

    calls: list[DirectCall]
    handovers: list[tuple[QueueTalk, Handover]]
    holds: list[tuple[QueueTalk, Hold]]
    hangups: list[tuple[QueueTalk, str, int]]  # who ended a talk, '' for the PBX, and when [ms]
    longer: list[tuple[QueueTalk, Longer]]
