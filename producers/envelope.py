"""The CloudEvents attributes that all events of one frame share."""

from typing import NamedTuple, TypedDict

from producers.frame import Frame, Naming
from producers.instants import rfc3339
from schemas.events import Clock, Event
from schemas.identity import derived_id


class Attributes(TypedDict):
    """Everything of an event but its `data`."""

    id: str
    source: str
    time: str
    tenant: str
    domain: str
    feed: str
    sequence: int
    recordedtime: str
    subject: str
    clock: Clock
    resolution: int


class Stamp(NamedTuple):
    """When a frame happened, by whose clock, and what its ids are derived from.

    `resolution` is the finest step of the source's clock [ms].
    """

    at_us: int
    sequence: int
    clock: Clock
    identity: tuple[str | bytes, ...]
    resolution: int = 1


def attributes(
    frame: Frame, names: Naming, stamp: Stamp, kind: type[Event], subject: str
) -> Attributes:
    """Return the envelope of an event of the given kind; one frame gives one id per kind."""
    tag = str(kind.__struct_config__.tag)
    return Attributes(
        id=derived_id(frame.source, frame.feed, *stamp.identity, tag),
        source=frame.source,
        time=rfc3339(stamp.at_us),
        tenant=names.tenant,
        domain=names.domain,
        feed=frame.feed,
        sequence=stamp.sequence,
        recordedtime=rfc3339(frame.received_at_us),
        subject=subject,
        clock=stamp.clock,
        resolution=stamp.resolution,
    )
