"""What a CRM tells, for timetables: `told(crm.CardOpened, "09:00:10", card_id="7", ...)`."""

from typing import Any

import msgspec

import schemas.events as e
from schemas.identity import derived_id
from tests.timetable import DAY, TENANT, moment


def told(
    kind: Any,
    at: str,
    /,
    *,
    source: str = "crm",
    seen: str | None = None,
    event_id: str = "",
    day: str = DAY,
    **data: Any,
) -> bytes:
    """Return an event of a CRM; `seen` is when it was received, its own time unless said."""
    time = _instant(at, day)
    return e.encode(
        kind(
            id=event_id or derived_id(source, kind.__name__, at, day, repr(data)),
            source=source,
            time=time,
            tenant=TENANT,
            domain=TENANT,
            feed="webhook",
            sequence=moment(f"{day} {at}") * 1000,
            recordedtime=time if seen is None else _instant(seen, day),
            data=kind.__annotations__["data"](**data),
        )
    )


def _instant(clock: str, day: str) -> str:
    seconds, _, part = clock.partition(".")
    return f"{day}T{seconds}.{part or '0':0<3}Z"


def with_callers(log: list[e.Event]) -> list[e.Event]:
    """Return events in which channels a1 and a2 are of the one caller `key-a`."""
    return [
        msgspec.structs.replace(
            event,
            data=msgspec.structs.replace(
                event.data, caller_key=f"key-{event.data.channel_id[:1]}"
            ),
        )
        if isinstance(event, e.QueueEntered)
        else event
        for event in log
    ]
