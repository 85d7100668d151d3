"""What all events have in common: the attributes of CloudEvents and ours, and a few words."""

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

Clock: TypeAlias = Literal["source", "adapter", "estimated"]
AgentId: TypeAlias = Annotated[str, Meta(description="What the source calls the agent")]
CallerKey: TypeAlias = Annotated[str, Meta(description="Keyed hash of the caller's number")]


class Data(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What an event says beyond its envelope; one class for each type."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", gc=False):
    """CloudEvents attributes, then ours.

    `source` is the PBX or CRM, `feed` the channel it spoke through, `sequence` the order within
    the feed (microseconds since 1970 by the source's clock; where a feed is coarser, the place
    in its second is added), `recordedtime` when the adapter saw it (in a recording: the
    recording's own time, so that an import says the same whenever it is done), `clock` whose
    clock `time` is.
    """

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    source: Annotated[str, Meta(min_length=1)]
    time: Annotated[
        str, Meta(description="RFC 3339, UTC, milliseconds: 2026-02-03T09:15:27.372Z")
    ]
    tenant: str
    domain: str
    feed: str
    sequence: int
    recordedtime: str
    subject: str = ""
    clock: Clock = "source"
    resolution: Annotated[
        int, Meta(description="Finest step of `time`, ms; 1000 for a log of whole seconds")
    ] = 1
    specversion: Literal["1.0"] = "1.0"
    datacontenttype: Literal["application/json"] = "application/json"
