"""What a contact means for the visits to queues in it: who passed on, held, or hung up."""

from collections.abc import Iterable, Sequence
from typing import Literal

from schemas.events import TransferKind
from stream_processors.core.call import MATCH_MS
from stream_processors.core.contacts import Moment, Party, Transfer
from stream_processors.core.handovers import Handover, Hold
from stream_processors.core.meaning import QueueTalk
from stream_processors.core.passing import Passing
from stream_processors.core.rung_phones import RungPhones


def handovers(
    transfers: Iterable[Transfer],
    talks: Sequence[QueueTalk],
    passing: Passing,
    phones: RungPhones,
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
                to = passing.sent_to(transfer)
                kind = "blind" if to or transfer.kind == "blind" else ""
            handed = Handover(passing.out_at(channel, transfer), talk.agent_id, kind, to)
            found.append((talk, handed))
            passed = True
        callers = [talk for talk in talks if not phones.owner(talk.channel_id)]
        found += _sent_away(transfer, callers)
    return found


def _sent_away(
    transfer: Transfer, talks: Sequence[QueueTalk]
) -> list[tuple[QueueTalk, Handover]]:
    """Return the talk whose caller, no agent, sent its agent away: that one passed on nobody.

    A queue log tells of it as if the agent had passed on the caller; Asterisk 16 tells no end.
    """
    at, channels = transfer.moment[0], (transfer.by_channel, transfer.consult_channel)
    return [
        (talk, Handover(at, talk.agent_id, "", "", "caller"))
        for talk in talks
        if talk.caller_id in channels and talk.caller_id == talk.channel_id
        and talk.answered is not None and talk.answered <= at
        and (talk.told_ended is None or abs(at - talk.told_ended) <= MATCH_MS)
    ]  # fmt: skip


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


def hangups(parties: Sequence[Party], phones: RungPhones) -> list[tuple[QueueTalk, str, int]]:
    """Return who ended which talks, and when [ms]: an agent, or '' for the PBX itself.

    A queue takes whoever is gone first for the one who hung up, also where a supervisor, a
    program or a stop of the PBX has ended the call; where an agent has by a feature code, it
    names the caller.
    """
    by_channel = {party.channel_id: party for party in parties}
    found: list[tuple[QueueTalk, str, int]] = []
    for party in parties:
        over = party.requested or party.over
        talk = None if over is None else phones.talk_at(party.channel_id, over[0])
        if talk is None or over is None:
            continue
        if party.requested is not None:
            found.append((talk, talk.agent_id, over[0]))
            continue
        caller = by_channel.get(talk.channel_id)
        if caller is None or caller.left is None or _asked(caller, over[0]):
            continue
        if _was_put_out(party) or _was_put_out(caller):
            found.append((talk, "", over[0]))
        elif party.left is not None and party.left < caller.left <= _soon(party.left):
            found.append((talk, talk.agent_id, over[0]))
    return found


def _soon(moment: Moment) -> Moment:
    """Return until when whoever is left alone by another leaves because of it."""
    return moment[0] + MATCH_MS, moment[1]


def _asked(party: Party, until: int) -> bool:
    """Tell whether somebody had asked for the end of what was over at an instant [ms]."""
    return party.requested is not None and party.requested[0] <= until + MATCH_MS


def _was_put_out(party: Party) -> bool:
    """Tell whether the PBX ended a channel before it left its conversation."""
    left = party.left
    return party.ordered is not None and left is not None and party.ordered < left
