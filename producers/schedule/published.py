"""Plans into frames of a journal, and these into events.

A frame is the instant of the event [ms since 1970], a blank, and what is planned as JSON: the
plan as it was understood. The file it came from stays with whoever has it.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from producers.envelope import Stamp, attributes
from producers.frame import Frame, Naming
from producers.instants import LAST_SECOND, rfc3339
from producers.schedule.planning import Activities
from schemas.errors import UntranslatableFrame
from schemas.events import Event, PlannedActivity, SchedulePublished, SchedulePublishedData
from schemas.planned_days import fault_of

FEED = "schedule"


def plan_data(plan: Activities, version: int) -> SchedulePublishedData:
    """Return what is said of a plan."""
    items = tuple(
        PlannedActivity(kind=kind, starts_at=_text(start), ends_at=_text(end), name=name)
        for start, end, kind, name in plan.items
    )
    return SchedulePublishedData(
        agent_id=plan.agent_id, day=plan.day, version=version, zone=plan.zone, items=items
    )


def frame(
    plan: Activities,
    version: int,
    source: str,
    received_at_us: int,
    replaces: SchedulePublishedData | None = None,
) -> Frame:
    """Return a plan as it is kept in a journal.

    It counts from now on; from its beginning, or that of the plan it replaces, if that is past:
    what was judged by that one is then judged anew. A day of which nothing is planned any more
    begins at midnight.
    """
    at_ms = min(begins_us(plan, replaces), received_at_us) // 1000
    return Frame(source, FEED, received_at_us, content(at_ms, plan_data(plan, version)))


def begins_us(plan: Activities, replaces: SchedulePublishedData | None) -> int:
    """Return when a plan begins, or the one it replaces if that is earlier [us since 1970]."""
    midnight = datetime.fromisoformat(plan.day).replace(tzinfo=ZoneInfo(plan.zone))
    begins = [plan.items[0][0] if plan.items else midnight]
    if replaces is not None and replaces.items:
        begins.append(datetime.fromisoformat(replaces.items[0].starts_at))
    return _microseconds(min(begins))


def content(at_ms: int, told: SchedulePublishedData) -> bytes:
    """Return what a frame holds of a plan that counts from an instant [ms since 1970] on."""
    return b"%d %b" % (at_ms, msgspec.json.encode(told))


def translate(frame: Frame, names: Naming) -> list[Event]:
    """Return the one event that a kept plan stands for.

    Raises:
        UntranslatableFrame: it is no plan; the frame belongs into `rejected`.
    """
    at_ms, told = plan_in(frame)
    text = frame.content.partition(b" ")[2]
    stamp = Stamp(at_ms * 1000, at_ms * 1000, "adapter", (text,))
    told_of = attributes(frame, names, stamp, SchedulePublished, told.agent_id)
    return [SchedulePublished(data=told, **told_of)]


def plan_in(frame: Frame) -> tuple[int, SchedulePublishedData]:
    """Return the instant of a kept plan [ms since 1970], and what is planned.

    Raises:
        UntranslatableFrame: it is no plan, or of a day that no history can hold.
    """
    at, _, text = frame.content.partition(b" ")
    if not (at.isdigit() and len(at) < 15 and int(at) <= LAST_SECOND * 1000):
        msg = f"no plan: {at[:40]!r} is no instant"
        raise UntranslatableFrame(msg)
    try:
        told = msgspec.json.decode(text, type=SchedulePublishedData)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        msg = f"no plan: {error}"
        raise UntranslatableFrame(msg) from error
    fault = fault_of(told)
    if fault:
        msg = f"no plan: {fault}"
        raise UntranslatableFrame(msg)
    return int(at), told


def _text(at: datetime) -> str:
    return rfc3339(_microseconds(at))


def _microseconds(at: datetime) -> int:
    return round(at.timestamp()) * 1_000_000
