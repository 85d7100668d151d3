"""The kinds of recordings that `pult import` knows: how to read one, how to translate it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from producers.asterisk import queue_log_translate, recordings, translate
from producers.desk import reviews
from producers.frame import WEBHOOK, Frame, Naming, Rejected
from producers.recording import AMI, QUEUE_LOG
from producers.schedule import published
from producers.webhooks import translate as webhooks
from schemas import events as e
from schemas.events import Event


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of recording.

    Attributes:
        feed: the channel that its frames speak through.
        frames: paths, source, and the second and place where an earlier part of the feed was
            left (0, 0 if there is none; a feed that tells microseconds has no use for them).
        translate: raises UntranslatableFrame for a frame that belongs into `rejected`.
    """

    feed: str
    frames: Callable[[Sequence[Path], str, int, int], Iterator[Frame | Rejected]]
    translate: Callable[[Frame, Naming], list[Event]]


def _ami_frames(
    paths: Sequence[Path], source: str, _second: int, _ordinal: int
) -> Iterator[Frame | Rejected]:
    return recordings.ami_frames(paths, source)


KINDS: dict[str, Kind] = {
    AMI: Kind(recordings.AMI_FEED, _ami_frames, translate.translate),
    QUEUE_LOG: Kind(
        recordings.QUEUE_LOG_FEED, recordings.queue_log_frames, queue_log_translate.translate
    ),
}
TRANSLATIONS: dict[str, Callable[[Frame, Naming], list[Event]]] = {
    **{kind.feed: kind.translate for kind in KINDS.values()},
    reviews.FEED: reviews.translate,
    published.FEED: published.translate,
    WEBHOOK: webhooks.translate,
}
"""The translation of each feed, for frames that come out of a journal."""

BRINGS: dict[str, frozenset[type[Event]]] = {
    AMI: frozenset(
        {
            e.AgentLoggedIn, e.AgentLoggedOut, e.AgentQueueJoined, e.AgentQueueLeft,
            e.AgentStateChanged, e.ChannelBridged, e.ChannelEnded, e.ChannelHangupRequested,
            e.ChannelStarted, e.ChannelStateChanged, e.ChannelUnbridged, e.InteractionEnded,
            e.InteractionMerged, e.InteractionStarted, e.LegConnected, e.LegEnded, e.LegHeld,
            e.LegResumed, e.LegTransferred, e.OfferEnded, e.OfferStarted, e.QueueEntered,
            e.QueueLeft, e.SnapshotAgent, e.SnapshotChannel, e.SnapshotCompleted,
            e.SnapshotLeg, e.SnapshotQueue, e.SourceConnected, e.SourceDisconnected,
            e.SourceHeartbeat, e.SourceRestarted,
        }
    ),
    QUEUE_LOG: frozenset(
        {
            e.AgentLoggedIn, e.AgentLoggedOut, e.AgentQueueJoined, e.AgentQueueLeft,
            e.AgentStateChanged, e.LegConnected, e.LegEnded, e.LegTransferred, e.OfferEnded,
            e.QueueEntered, e.QueueLeft, e.SourceNoted, e.SourceReloaded, e.SourceRestarted,
        }
    ),
}  # fmt: skip
"""What each kind of source can tell."""
