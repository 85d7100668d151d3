"""Frames of a journal into events, and into what is rejected."""

from collections.abc import Sequence

from producers.frame import (
    Frame,
    FrameWithoutRule,
    FrameWithoutTime,
    Naming,
    PartlyTranslated,
    Rejected,
)
from producers.kinds import TRANSLATIONS
from schemas.errors import UntranslatableFrame
from schemas.events import Event
from schemas.facts import Rejected as RejectedFact
from schemas.facts import RejectReason


def translated(
    frames: Sequence[tuple[int, Frame | Rejected]], names: Naming
) -> tuple[list[tuple[int, Event]], list[RejectedFact]]:
    """Return the events of frames with their positions, and what could not be translated."""
    events: list[tuple[int, Event]] = []
    rejected: list[RejectedFact] = []
    for position, frame in frames:
        if isinstance(frame, Rejected):
            rejected.append(rejected_fact(position, frame, names))
            continue
        try:
            for event in TRANSLATIONS[frame.feed](frame, names):
                events.append((position, event))
        except UntranslatableFrame as error:
            if isinstance(error, PartlyTranslated):
                events += [(position, event) for event in error.events]
            refused = Rejected(frame, _reason(error), str(error))
            rejected.append(rejected_fact(position, refused, names))
    return events, rejected


def _reason(error: UntranslatableFrame) -> RejectReason:
    if isinstance(error, FrameWithoutTime):
        return "no_time"
    return "unmapped" if isinstance(error, FrameWithoutRule) else "malformed"


def rejected_fact(position: int, refused: Rejected, names: Naming) -> RejectedFact:
    """Return what goes into `rejected` for a frame that cannot be used."""
    return RejectedFact(
        tenant=names.tenant,
        domain=names.domain,
        revision=position,
        known_at=refused.frame.received_at_us // 1000,
        voided=False,
        source=refused.frame.source,
        feed=refused.frame.feed,
        reason=refused.reason,
        detail=refused.detail,
        content=refused.frame.content,
    )
