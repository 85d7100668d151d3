"""What a live source says of itself: connected or not and why, how much it has brought.

Written by the threads of the source, read by whoever shows it; each value is whole by itself.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class SourceStatus:
    """One feed of one source.

    Attributes:
        source: the PBX or CRM.
        feed: the channel that it speaks through.
        trouble: why it brings nothing at present, in one line; empty if all is well.
        connected: whether it is being read.
        connections: how often it was connected to (or its file opened) since the start.
        losses: how often that ended without being asked to.
        refusals: how often it did not let us in.
        resynced: how often a snapshot was complete after a connection.
        last_heard_us: when the last message came, by our clock [us since 1970]; 0 before.
        clock_us: up to when it was heard, by its own clock [us since 1970]; 0 before.
        skew_ms: by how much its clock is ahead of ours; None while it is not known.
        frames: messages kept.
        passed_over: messages nobody needs.
        refused: messages that could not be used.
    """

    source: str
    feed: str
    trouble: str = "not connected yet"
    connected: bool = False
    connections: int = 0
    losses: int = 0
    refusals: int = 0
    resynced: int = 0
    last_heard_us: int = 0
    clock_us: int = 0
    skew_ms: int | None = None
    frames: int = 0
    passed_over: int = 0
    refused: int = 0
