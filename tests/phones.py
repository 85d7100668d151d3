"""What phones do, as verbs of a timetable.

    09:00:00  starts anna1 2025550101    the phone SIP/anna dials; anna1 is its channel
    09:00:01  starts trunk7@anna1        a trunk is dialled in the contact whose first is anna1
    09:00:04  alerts trunk7@anna1        it rings
    09:00:09  picks  trunk7@anna1        it is picked up
    09:00:09  joins  anna1 b1            it is connected with others
    09:01:00  asks   trunk7@anna1        its far end wants to hang up
    09:01:00  unheard trunk7@anna1 no_answer    the PBX tells how the dialling of it ended
    09:01:00  stops  trunk7@anna1 16     it is gone, and why
    09:02:00  there  c1 anna1 bridged 60 09:01:59    list c1, asked for then, has it since 60 s:
                                         bridged, queued (and bridged), ringing or dialling

A channel is its phone's name and a number; behind @ stands the contact that it is in, if that
is not its own.
"""

from collections.abc import Callable
from typing import Any

import schemas.events as e


def _named(text: str) -> dict[str, Any]:
    channel, _, interaction = text.partition("@")
    device = f"SIP/{channel.rstrip('0123456789')}"
    return {"interaction_id": interaction or channel, "channel_id": channel, "device": device}


def _starts(phone: str, dialled: str = "", key: str = "") -> tuple[Any, e.Data]:
    named = _named(phone)
    if named["interaction_id"] == named["channel_id"]:
        return e.InteractionStarted, e.InteractionStartedData(
            **named, dialled=dialled, dialled_key=key, caller_key=f"key of {phone}"
        )
    return e.ChannelStarted, e.ChannelStartedData(**named, dialled=dialled)


def _alerts(phone: str) -> tuple[Any, e.Data]:
    return e.ChannelStateChanged, e.ChannelStateChangedData(**_named(phone), state="ringing")


def _picks(phone: str) -> tuple[Any, e.Data]:
    return e.ChannelStateChanged, e.ChannelStateChangedData(**_named(phone), state="answered")


def _joins(phone: str, bridge: str) -> tuple[Any, e.Data]:
    return e.ChannelBridged, e.ChannelBridgedData(**_named(phone), bridge_id=bridge)


def _parts(phone: str, bridge: str) -> tuple[Any, e.Data]:
    return e.ChannelUnbridged, e.ChannelUnbridgedData(**_named(phone), bridge_id=bridge)


def _holds(phone: str) -> tuple[Any, e.Data]:
    return e.LegHeld, e.LegHeldData(**_named(phone))


def _resumes(phone: str) -> tuple[Any, e.Data]:
    return e.LegResumed, e.LegResumedData(**_named(phone))


def _asks(phone: str) -> tuple[Any, e.Data]:
    return e.ChannelHangupRequested, e.ChannelHangupRequestedData(**_named(phone))


def _orders(phone: str) -> tuple[Any, e.Data]:
    return e.ChannelHangupRequested, e.ChannelHangupRequestedData(**_named(phone), by="pbx")


def _stops(phone: str, cause: str = "16") -> tuple[Any, e.Data]:
    named = _named(phone)
    if named["interaction_id"] == named["channel_id"]:
        return e.InteractionEnded, e.InteractionEndedData(**named, cause=cause)
    return e.ChannelEnded, e.ChannelEndedData(**named, cause=cause)


def _unheard(phone: str, result: e.OfferResult) -> tuple[Any, e.Data]:
    named = _named(phone)
    return e.OfferEnded, e.OfferEndedData(
        channel_id=named["interaction_id"], result=result, offer_id=named["channel_id"],
        interaction_id=named["interaction_id"], device=named["device"],
    )  # fmt: skip


def _there(
    snapshot: str, phone: str, doing: str, lasted_s: str, asked: str
) -> tuple[Any, e.Data]:
    """List a channel."""
    state: Any = {"ringing": "ringing", "dialling": ""}.get(doing, "answered")
    return e.SnapshotChannel, e.SnapshotChannelData(
        snapshot_id=snapshot, **_named(phone), bridged=doing in ("bridged", "queued"),
        state=state,
        of_queue=doing == "queued", lasted_ms=int(lasted_s) * 1000,
        asked_at=f"2026-03-02T{asked}.000Z",
    )  # fmt: skip


def _passes(phone: str, consult: str, to: str = "", whom: str = "") -> tuple[Any, e.Data]:
    """Put two calls together, or (consult is -) send one on."""
    named = _named(phone)
    return e.LegTransferred, e.LegTransferredData(
        channel_id=whom, to=to, kind="blind" if consult == "-" else "attended",
        interaction_id=named["interaction_id"], by_channel_id=named["channel_id"],
        consult_channel_id="" if consult == "-" else consult,
    )  # fmt: skip


def _parks(device: str, whom: str, space: str) -> tuple[Any, e.Data]:
    """Park somebody: only the device is told that did it."""
    named = _named(whom)
    return e.LegTransferred, e.LegTransferredData(
        channel_id=named["channel_id"], to=space, kind="blind",
        interaction_id=named["interaction_id"], by_device=device,
    )  # fmt: skip


def _merges(gone: str, into: str) -> tuple[Any, e.Data]:
    return e.InteractionMerged, e.InteractionMergedData(from_id=gone, into_id=into)


VERBS: dict[str, Callable[..., tuple[Any, e.Data]]] = {
    "starts": _starts,
    "alerts": _alerts,
    "picks": _picks,
    "joins": _joins,
    "parks": _parks,
    "parts": _parts,
    "holds": _holds,
    "resumes": _resumes,
    "asks": _asks,
    "orders": _orders,
    "unheard": _unheard,
    "stops": _stops,
    "there": _there,
    "passes": _passes,
    "merges": _merges,
}


def called_out(day: str) -> str:
    """Return the timetable of a call that Anna makes: dialled 09:00:15, talk 09:00:18 to 40."""
    return f"""
        {day} 09:00:15 starts anna1 2025550101
        {day} 09:00:16 starts trunk7@anna1
        {day} 09:00:17 alerts trunk7@anna1
        {day} 09:00:18 picks  trunk7@anna1
        {day} 09:00:18 joins  anna1 b1
        {day} 09:00:18 joins  trunk7@anna1 b1
        {day} 09:00:40 parts  trunk7@anna1 b1
        {day} 09:00:40 parts  anna1 b1
        {day} 09:00:40 stops  trunk7@anna1 16
        {day} 09:00:40 stops  anna1 16
    """
