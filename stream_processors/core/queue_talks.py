"""What a contact means for the visits to queues in it: who passed on, held, or hung up."""

from collections.abc import Iterable
from typing import Literal

from schemas.events import TransferKind
from stream_processors.core.contacts import Party, Transfer
from stream_processors.core.handovers import Handover, Hold
from stream_processors.core.meaning import QueueTalk
from stream_processors.core.passing import Passing
from stream_processors.core.rung_phones import RungPhones


def handovers(
    transfers: Iterable[Transfer], passing: Passing, phones: RungPhones
) -> list[tuple[QueueTalk, Handover]]:
    """Return which talks ended because their agents passed the callers on."""
    found: list[tuple[QueueTalk, Handover]] = []
    for transfer in transfers:
        passed = False
        for channel in dict.fromkeys((transfer.by_channel, transfer.consult_channel)):
            talk = phones.talk_at(channel, transfer.moment[0])
            if talk is None or passing.ends.get(channel) is not transfer:
                continue
            kind: TransferKind | Literal[""] = "attended"
            if passed:
                kind, to = "", ""  # the side to which the other one was passed
            elif transfer.kind == "attended":
                to = passing.far_side(_other_channel(channel, transfer), transfer)
            else:
                to, kind = passing.sent_to(transfer), "blind"
            handed = Handover(passing.out_at(channel, transfer), talk.agent_id, kind, to)
            found.append((talk, handed))
            passed = True
    return found


def _other_channel(channel: str, transfer: Transfer) -> str:
    if channel == transfer.by_channel:
        return transfer.consult_channel
    return transfer.by_channel


def holds(parties: Iterable[Party], phones: RungPhones) -> list[tuple[QueueTalk, Hold]]:
    """Return in which talks agents kept their callers on hold, each hold once."""
    found: dict[tuple[str, Hold], tuple[QueueTalk, Hold]] = {}
    for party in parties:
        for hold in party.holds:
            talk = phones.talk_at(party.channel_id, hold.start)
            if talk is not None:
                found[talk.leg_id, hold] = (talk, hold)
    return [found[key] for key in sorted(found, key=lambda key: (key[0], key[1].start))]


def hangups(parties: Iterable[Party], phones: RungPhones) -> list[tuple[QueueTalk, int]]:
    """Return in which talks agents asked for the end, and when [ms]."""
    found = []
    for party in parties:
        if party.requested is not None:
            talk = phones.talk_at(party.channel_id, party.requested[0])
            if talk is not None:
                found.append((talk, party.requested[0]))
    return found
