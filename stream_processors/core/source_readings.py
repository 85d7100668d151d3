"""What snapshots, restarts and lost connections of a source mean to the fold."""

from collections.abc import Callable
from typing import Any

from schemas import events as e
from stream_processors.core import conversations, devices
from stream_processors.core.activities import restart_mark, told_mark
from stream_processors.core.agent import EVERY_QUEUE
from stream_processors.core.call import MATCH_MS, Mark
from stream_processors.core.change import Change
from stream_processors.core.contacts import ContactMark
from stream_processors.core.instants import to_ms
from stream_processors.core.interfaces import name_interface
from stream_processors.core.sources import (
    HORIZON_MS,
    SWEEPS_KEPT_MS,
    Snapshot,
    Source,
    began_before,
)
from stream_processors.core.sweeps import Sweep, put

_SECOND_MS = 1_000


def _snapshot_queue(change: Change, event: e.SnapshotQueue, source: Source, at: int) -> None:
    change.queue(event.data.queue_id, source.name)
    snapshot = _snapshot(source, event.data.snapshot_id, at)
    put(snapshot.queues, event.data.queue_id)
    _sweep_by(change, source, snapshot)


def _snapshot_leg(change: Change, event: e.SnapshotLeg, source: Source, at: int) -> None:
    data = event.data
    snapshot = _snapshot(source, data.snapshot_id, at)
    put(snapshot.present, data.channel_id)
    if data.wait_ms is not None:
        change.queue(data.queue_id, source.name)
        change.tell(source, data.channel_id, Mark(
            event.sequence, event.id, "listed", _asked(data, at), event.resolution,
            change.feed, data.queue_id, wait_ms=data.wait_ms,
        ))  # fmt: skip
    _sweep_by(change, source, snapshot)


def _snapshot(source: Source, snapshot_id: str, at: int) -> Snapshot:
    """Return the snapshot a part belongs to; an id used again later is another snapshot."""
    known = source.snapshots.get(snapshot_id)
    if known is None or (known.completed_at is not None and at > known.last_at + MATCH_MS):
        reach = source.clock - 2 * HORIZON_MS
        source.snapshots = {
            name: kept for name, kept in source.snapshots.items() if kept.last_at >= reach
        }
        known = source.snapshots[snapshot_id] = Snapshot(snapshot_id)
    known.last_at = max(known.last_at, at)
    return known


def _snapshot_agent(change: Change, event: e.SnapshotAgent, source: Source, at: int) -> None:
    data = event.data
    if not data.snapshot_id:
        _member_shown(change, event, source, at)
        return
    snapshot = _snapshot(source, data.snapshot_id, at)
    before = began_before(to_ms(data.asked_at) if data.asked_at else None, at)
    if data.signed_out:
        mark = told_mark(event, "unlisted", at, queue_id=EVERY_QUEUE, number=before)
        change.tell_agent(data.agent_id, mark)
    else:
        put(snapshot.members, (data.agent_id, data.queue_id))
        wrapup = -1 if data.wrapup_ms is None else data.wrapup_ms
        mark = told_mark(
            event, "listed", at, queue_id=data.queue_id, paused=data.paused,
            reason=data.reason, number=before, wrapup=wrapup, interface=data.interface,
        )  # fmt: skip
        change.tell_agent(data.agent_id, mark)
    name_interface(change, source, data.interface, at)
    devices.claim(change, source, data.device, data.agent_id, at)
    _sweep_by(change, source, snapshot)


def _member_shown(change: Change, event: e.SnapshotAgent, source: Source, at: int) -> None:
    """Learn of a member by himself, of whose joining nobody has told: it was long before."""
    data = event.data
    wrapup = -1 if data.wrapup_ms is None else data.wrapup_ms
    mark = told_mark(
        event, "shown", at, queue_id=data.queue_id, paused=data.paused, reason=data.reason,
        number=began_before(at, at), wrapup=wrapup, interface=data.interface,
    )  # fmt: skip
    change.queue(data.queue_id, source.name)
    change.tell_agent(data.agent_id, mark)
    name_interface(change, source, data.interface, at)
    devices.claim(change, source, data.device, data.agent_id, at)


def _snapshot_channel(
    change: Change, event: e.SnapshotChannel, source: Source, at: int
) -> None:
    data = event.data
    snapshot = _snapshot(source, data.snapshot_id, at)
    put(snapshot.present, data.channel_id)
    if data.device and data.interaction_id and data.lasted_ms is not None:
        conversations.tell(change, source, ContactMark(
            event.sequence, event.id, "listed", _asked(data, at), data.interaction_id,
            data.channel_id, data.device, word=data.state, ago=data.lasted_ms,
            note="bridged" if data.bridged else "", more="queue" if data.of_queue else "",
        ))  # fmt: skip
    elif data.of_queue and not data.device and data.interaction_id not in ("", data.channel_id):
        # A Local channel that is in a queue for a caller whose own channel is another.
        conversations.tell(change, source, ContactMark(
            event.sequence, event.id, "queued", _asked(data, at), data.interaction_id,
            data.channel_id,
        ))  # fmt: skip
    _sweep_by(change, source, snapshot)


def _asked(data: e.SnapshotLegData | e.SnapshotChannelData, at: int) -> int:
    """Return when [ms] a list was asked for of which an item came at an instant."""
    return min(to_ms(data.asked_at), at) if data.asked_at else at


def _snapshot_completed(
    change: Change, event: e.SnapshotCompleted, source: Source, at: int
) -> None:
    data = event.data
    snapshot = _snapshot(source, data.snapshot_id, at)
    is_news = snapshot.completed_at is None
    snapshot.completed_at = at
    snapshot.asked_at = to_ms(data.asked_at) if data.asked_at else None
    snapshot.of_channels, snapshot.items = data.of == "channels", data.items
    snapshot.all_queues = data.all_queues
    if not snapshot.of_channels and is_news:
        # A source whose clock was set back meanwhile tells of it at an earlier time.
        source.resynced_at = max(source.resynced_at, source.lost_at, at)
    _sweep_by(change, source, snapshot)


def _sweep_by(change: Change, source: Source, snapshot: Snapshot) -> None:
    """End what a complete snapshot lacks, and correct that when a part of it comes late."""
    if snapshot.completed_at is None or not snapshot.is_whole:
        return
    sweep = Sweep(
        snapshot.completed_at,
        restarted=False,
        queues=tuple(snapshot.queues),
        present=tuple(snapshot.present),
        members=tuple(snapshot.members),
        of_channels=snapshot.of_channels,
        all_queues=snapshot.all_queues,
        before=snapshot.before,
        name=f"{snapshot.name}|{snapshot.completed_at}",
    )
    if sweep != snapshot.sweep:
        source.sweeps = [kept for kept in source.sweeps if kept != snapshot.sweep]
        snapshot.sweep = sweep
        _sweep(change, source, sweep)
        if not sweep.of_channels:
            change.call_roll(source, sweep)


def _source_restarted(
    change: Change, event: e.SourceRestarted, source: Source, at: int
) -> None:
    _sweep(change, source, Sweep(at, restarted=True, sequence=event.sequence))


def _source_connected(
    change: Change, event: e.SourceConnected, source: Source, at: int
) -> None:
    if event.data.booted_at:
        # The source booted then or up to a second later, and a log of whole seconds tells
        # what began after that as of the beginning of the second.
        booted_at = to_ms(event.data.booted_at) // _SECOND_MS * _SECOND_MS
        _sweep(change, source, Sweep(booted_at, restarted=True))


def _source_disconnected(
    change: Change, event: e.SourceDisconnected, source: Source, at: int
) -> None:
    source.lost_at = max(source.lost_at, at)


def _sweep(change: Change, source: Source, sweep: Sweep) -> None:
    """Remember a sweep for what comes late, and end what it found gone."""
    if sweep in source.sweeps:
        return
    change.settle()
    source.sweeps = [kept for kept in source.sweeps if kept.at >= source.clock - SWEEPS_KEPT_MS]
    source.sweeps.append(sweep)
    change.unsettle(source)
    if sweep.restarted:
        for agent_id in change.state.agents:
            change.tell_agent(agent_id, restart_mark(sweep, source.name))


SOURCE_EVENTS: dict[type, Callable[[Change, Any, Source, int], None]] = {
    e.SnapshotQueue: _snapshot_queue,
    e.SnapshotAgent: _snapshot_agent,
    e.SnapshotLeg: _snapshot_leg,
    e.SnapshotChannel: _snapshot_channel,
    e.SnapshotCompleted: _snapshot_completed,
    e.SourceConnected: _source_connected,
    e.SourceDisconnected: _source_disconnected,
    e.SourceRestarted: _source_restarted,
}
