"""Plans for timetables: `09:00 work 13:00 break 13:30 work 18:00` is a shift with a break."""

import msgspec

import schemas.events as e
from schemas.identity import derived_id
from tests.timetable import DAY, TENANT, moment


def plan(
    agent: str,
    text: str,
    *,
    version: int = 1,
    at: str = "00:00:00",
    day: str = DAY,
    zone: str = "UTC",
    seen: str | None = None,
) -> bytes:
    """Return the event that publishes a plan; times and activities take turns.

    Args:
        agent: whose plan it is.
        text: of one or more shifts, with a semicolon between; empty: nothing is planned.
        version: the higher one holds.
        at: the time of the event.
        day: on which the shifts begin.
        zone: of the agent; the times are UTC nevertheless.
        seen: when it was received; None: at its own time.
    """
    shifts = [each for each in text.split(";") if each.strip()]
    items = tuple(item for shift in shifts for item in _items(shift.split(), day))
    time = _instant(at, day)
    return e.encode(
        e.SchedulePublished(
            id=derived_id("plan", agent, day, str(version), text),
            source="wfm",
            time=time,
            tenant=TENANT,
            domain=TENANT,
            feed="schedule",
            sequence=version,
            recordedtime=time if seen is None else _instant(seen, day),
            data=e.SchedulePublishedData(
                agent_id=agent, day=day, version=version, zone=zone, items=items
            ),
        )
    )


def _items(words: list[str], day: str) -> list[e.PlannedActivity]:
    times, kinds = words[0::2], words[1::2]
    return [
        msgspec.convert(
            {"kind": kind, "starts_at": _instant(start, day), "ends_at": _instant(end, day)},
            e.PlannedActivity,
        )
        for start, kind, end in zip(times, kinds, times[1:], strict=False)
    ]


def _instant(clock: str, day: str) -> str:
    date, _, time = clock.rpartition("T")
    return f"{date or day}T{time if time.count(':') == 2 else time + ':00'}.000Z"


def at(text: str) -> int:
    """Return an instant of the day [ms]."""
    return moment(text if text.count(":") == 2 else f"{text}:00")
