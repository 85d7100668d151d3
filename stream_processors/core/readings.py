"""What each event means to the fold: one function for each type, in one table.

A function takes the change in progress, the event, its source and its time [ms].
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from msgspec.structs import replace

from schemas import events as e
from stream_processors.core import conversations, devices, pools, strays
from stream_processors.core.activities import told_mark
from stream_processors.core.agent import ENDS, EVERY_QUEUE, STARTS, AgentMark
from stream_processors.core.call import Kind, Mark
from stream_processors.core.change import Change
from stream_processors.core.contacts import ContactKind, ContactMark
from stream_processors.core.crm.readings import CRM_EVENTS
from stream_processors.core.hearsay import hear
from stream_processors.core.interfaces import name_interface, tell_member
from stream_processors.core.source_readings import SOURCE_EVENTS
from stream_processors.core.sources import Deadline, Source

Reading: TypeAlias = Callable[[Change, Any, Source, int], None]


def _queue_entered(change: Change, event: e.QueueEntered, source: Source, at: int) -> None:
    data = event.data
    # Told now, for the target may pass before anything makes the call be concluded.
    passes = at + change.terms.target(data.queue_id, at).answer_within_ms
    source.remind(Deadline(passes, "leg", f"{source.name}|{data.channel_id}"))
    change.tell(source, data.channel_id, Mark(
        event.sequence, event.id, "entered", at, event.resolution, change.feed, data.queue_id,
        ref=data.interaction_id, note=data.caller_key, number=data.priority, clock=event.clock,
    ))  # fmt: skip
    if data.interaction_id not in ("", data.channel_id):
        # A Local channel perhaps, of which no device tells whose caller it stands for.
        conversations.tell(change, source, ContactMark(
            event.sequence, event.id, "queued", at, data.interaction_id, data.channel_id,
        ))  # fmt: skip


def _queue_left(change: Change, event: e.QueueLeft, source: Source, at: int) -> None:
    data = event.data
    change.tell(source, data.channel_id, Mark(
        event.sequence, event.id, "left", at, event.resolution, change.feed, data.queue_id,
        word=data.outcome, note=data.place, wait_ms=data.wait_ms,
    ))  # fmt: skip


def _leg_connected(change: Change, event: e.LegConnected, source: Source, at: int) -> None:
    data = event.data
    mark = Mark(
        event.sequence, event.id, "connected", at, event.resolution, change.feed, data.queue_id,
        data.agent_id, ref=data.offer_id, wait_ms=data.wait_ms, span_ms=data.ring_ms,
    )  # fmt: skip
    change.tell(source, data.channel_id, mark)
    change.pair(source, mark, data.channel_id)


def _leg_ended(change: Change, event: e.LegEnded, source: Source, at: int) -> None:
    data = event.data
    mark = Mark(
        event.sequence, event.id, "ended", at, event.resolution, change.feed, data.queue_id,
        data.agent_id, word=data.ended_by, ref=data.offer_id, wait_ms=data.wait_ms,
        span_ms=data.talk_ms,
    )  # fmt: skip
    if data.channel_id:
        strays.tell_end(change, source, data.channel_id, mark)
    else:
        change.pair(source, mark, "")


def _leg_transferred(change: Change, event: e.LegTransferred, source: Source, at: int) -> None:
    data = event.data
    if data.by_device:
        conversations.tell(change, source, ContactMark(
            event.sequence, event.id, "parked", at, data.interaction_id, data.channel_id,
            ref=data.by_device, note=data.to,
        ))  # fmt: skip
        return
    if not data.by_channel_id or (data.channel_id and data.kind != "attended"):
        mark = Mark(
            event.sequence, event.id, "transferred", at, event.resolution, change.feed,
            data.queue_id, data.agent_id, word=data.kind, ref=data.to, clock=event.clock,
        )  # fmt: skip
        if data.queue_id and data.agent_id:
            mark = replace(mark, span_ms=data.talk_ms)
            strays.tell_end(change, source, data.channel_id, mark)
        else:
            change.tell(source, data.channel_id, mark)
    if data.by_channel_id and data.interaction_id:
        conversations.tell(change, source, ContactMark(
            event.sequence, event.id, "transferred", at, data.interaction_id,
            data.by_channel_id, word=data.kind, ref=data.consult_channel_id, note=data.to,
            more=data.channel_id,
        ))  # fmt: skip


def _offer_started(change: Change, event: e.OfferStarted, source: Source, at: int) -> None:
    data = event.data
    at_phone = data.device != "" and not data.device.startswith("Local/")
    change.tell(source, data.channel_id, Mark(
        event.sequence, event.id, "offer_started", at, event.resolution, change.feed,
        data.queue_id, data.agent_id, ref=data.offer_id, word="phone" if at_phone else "",
        note=data.device if at_phone else "",
    ))  # fmt: skip
    if at_phone:
        devices.claim(change, source, data.device, data.agent_id, at)


def _offer_ended(change: Change, event: e.OfferEnded, source: Source, at: int) -> None:
    data = event.data
    result = "forwarded" if data.forwarded else data.result
    change.tell(source, data.channel_id, Mark(
        event.sequence, event.id, "offer_ended", at, event.resolution, change.feed,
        data.queue_id, data.agent_id, word=result, ref=data.offer_id, span_ms=data.ring_ms,
    ))  # fmt: skip
    if data.device and data.interaction_id:
        conversations.tell(change, source, ContactMark(
            event.sequence, event.id, "unheard", at, data.interaction_id, data.offer_id,
            data.device, word=result, clock=event.clock,
        ))  # fmt: skip


def _hangup_requested(
    change: Change, event: e.ChannelHangupRequested, source: Source, at: int
) -> None:
    data = event.data
    asked: Kind = "hangup_requested" if data.by == "far_end" else "hangup_ordered"
    change.hang_up(source, data.channel_id, Mark(
        event.sequence, event.id, asked, at, event.resolution, change.feed
    ))  # fmt: skip
    if data.device:
        kind: ContactKind = "requested" if data.by == "far_end" else "ordered"
        _of_device(change, event, source, at, kind)


def _hung_up(
    change: Change, event: e.InteractionEnded | e.ChannelEnded, source: Source, at: int
) -> None:
    change.hang_up(source, event.data.channel_id, Mark(
        event.sequence, event.id, "hung_up", at, event.resolution, change.feed,
        word=event.data.cause, note=event.data.place,
    ))  # fmt: skip
    if event.data.device:
        _of_device(change, event, source, at, "ended", word=event.data.cause)


# --- devices ------------------------------------------------------------------------------


def _of_device(
    change: Change, event: Any, source: Source, at: int, kind: ContactKind, **more: Any
) -> None:
    data = event.data
    conversations.tell(change, source, ContactMark(
        event.sequence, event.id, kind, at, data.interaction_id, data.channel_id, data.device,
        clock=event.clock, **more,
    ))  # fmt: skip


def _started(
    change: Change, event: e.InteractionStarted | e.ChannelStarted, source: Source, at: int
) -> None:
    data = event.data
    if data.device:
        _of_device(change, event, source, at, "started", word=data.dialled,
                   note=data.caller_key, more=data.dialled_key)  # fmt: skip


def _state_changed(
    change: Change, event: e.ChannelStateChanged, source: Source, at: int
) -> None:
    _of_device(change, event, source, at, event.data.state)


def _bridged(change: Change, event: e.ChannelBridged, source: Source, at: int) -> None:
    _of_device(change, event, source, at, "bridged")


def _unbridged(change: Change, event: e.ChannelUnbridged, source: Source, at: int) -> None:
    _of_device(change, event, source, at, "unbridged")


def _held(change: Change, event: e.LegHeld, source: Source, at: int) -> None:
    _of_device(change, event, source, at, "held")


def _resumed(change: Change, event: e.LegResumed, source: Source, at: int) -> None:
    _of_device(change, event, source, at, "resumed")


def _merged(change: Change, event: e.InteractionMerged, source: Source, at: int) -> None:
    conversations.tell(change, source, ContactMark(
        event.sequence, event.id, "merged", at, event.data.from_id, "", ref=event.data.into_id,
    ))  # fmt: skip


# --- people -------------------------------------------------------------------------------


def _agent_queue_joined(
    change: Change, event: e.AgentQueueJoined, source: Source, at: int
) -> None:
    data = event.data
    mark = told_mark(
        event, "joined", at, queue_id=data.queue_id, reason=data.reason,
        number=data.wrapup_ms, paused=data.paused, interface=data.interface,
    )  # fmt: skip
    change.queue(data.queue_id, source.name)
    tell_member(change, source, data.agent_id, mark)
    name_interface(change, source, data.interface, at)
    devices.claim(change, source, data.device, data.agent_id, at)


def _agent_queue_left(change: Change, event: e.AgentQueueLeft, source: Source, at: int) -> None:
    data = event.data
    mark = told_mark(event, "left", at, queue_id=data.queue_id, interface=data.interface)
    tell_member(change, source, data.agent_id, mark)
    name_interface(change, source, data.interface, at)


def _agent_logged_in(change: Change, event: e.AgentLoggedIn, source: Source, at: int) -> None:
    mark = told_mark(event, "joined", at, queue_id=EVERY_QUEUE)
    pools.sign(change, source, event.data.agent_id, mark)


def _agent_logged_out(change: Change, event: e.AgentLoggedOut, source: Source, at: int) -> None:
    mark = told_mark(event, "left", at, queue_id=EVERY_QUEUE)
    pools.sign(change, source, event.data.agent_id, mark)


def _agent_state_changed(
    change: Change, event: e.AgentStateChanged, source: Source, at: int
) -> None:
    data = event.data
    kind = "paused" if data.state == "not_ready" else "unpaused"
    queue_id = data.queue_id if data.scope == "queue" else EVERY_QUEUE
    mark = told_mark(
        event, kind, at, queue_id=queue_id, reason=data.reason, interface=data.interface
    )
    change.tell_agent(data.agent_id, mark)


def _wrapup_started(change: Change, event: e.WrapupStarted, source: Source, at: int) -> None:
    mark = AgentMark(at, STARTS, event.sequence, event.id, "wrapup_started", source=source.name)
    change.tell_agent(event.data.agent_id, mark)


def _wrapup_ended(change: Change, event: e.WrapupEnded, source: Source, at: int) -> None:
    mark = AgentMark(at, ENDS, event.sequence, event.id, "wrapup_ended", source=source.name)
    change.tell_agent(event.data.agent_id, mark)


def _crm_told(change: Change, event: Any, source: Source, at: int) -> None:
    """A PBX and a CRM that are one source have one clock."""
    hear(change, event, at)


def _nothing(change: Change, event: e.Event, source: Source, at: int) -> None:
    """The event is history, or moves only the clock."""


READINGS: dict[type, Reading] = {
    e.InteractionStarted: _started,
    e.InteractionMerged: _merged,
    e.ChannelStarted: _started,
    e.ChannelStateChanged: _state_changed,
    e.ChannelBridged: _bridged,
    e.ChannelUnbridged: _unbridged,
    e.LegHeld: _held,
    e.LegResumed: _resumed,
    e.InteractionEnded: _hung_up,
    e.ChannelEnded: _hung_up,
    e.ChannelHangupRequested: _hangup_requested,
    e.QueueEntered: _queue_entered,
    e.QueueLeft: _queue_left,
    e.OfferStarted: _offer_started,
    e.OfferEnded: _offer_ended,
    e.LegConnected: _leg_connected,
    e.LegTransferred: _leg_transferred,
    e.LegEnded: _leg_ended,
    e.WrapupStarted: _wrapup_started,
    e.WrapupEnded: _wrapup_ended,
    e.AgentLoggedIn: _agent_logged_in,
    e.AgentLoggedOut: _agent_logged_out,
    e.AgentStateChanged: _agent_state_changed,
    e.AgentQueueJoined: _agent_queue_joined,
    e.AgentQueueLeft: _agent_queue_left,
    e.ViolationReviewed: _nothing,
    e.SchedulePublished: _nothing,
    **dict.fromkeys(CRM_EVENTS, _crm_told),
    e.SourceHeartbeat: _nothing,
    **SOURCE_EVENTS,
    e.SourceReloaded: _nothing,
    e.SourceNoted: _nothing,
}
