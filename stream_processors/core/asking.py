"""Whom an agent asked before he passed a caller on without a second call of his own.

With a feature code (atxfer) he stays on one channel, which Asterisk names as both of his calls.
Whom he asks is dialled in the caller's contact, by a Local channel that stands for him.
"""

from collections.abc import Iterable, Mapping, Sequence

from stream_processors.core.contacts import Party, Transfer
from stream_processors.core.meaning import QueueTalk


def on_one_channel(transfer: Transfer) -> bool:
    """Tell whether an agent asked without a second call."""
    return transfer.by_channel != "" and transfer.by_channel == transfer.consult_channel


def whom_he_asked(
    transfer: Transfer,
    parties: Mapping[str, Party],
    talks: Iterable[QueueTalk],
    owners: Mapping[str, str],
) -> str:
    """Return the agent, the queue, or what was dialled."""
    mine = parties.get(transfer.by_channel)
    if mine is None:
        return transfer.to
    since = mine.started if mine.first_bridged is None else mine.first_bridged
    at = transfer.moment[0]
    for talk in talks:
        if talk.channel_id not in parties and since <= talk.entered <= at:
            if talk.answered is None or talk.answered > at:
                return talk.queue_id
            if talk.ended is None or talk.ended >= at:
                return talk.agent_id
    there = _there(parties.values(), mine, since, transfer)
    last = max(there, key=lambda each: (each.picked_up or 0, each.channel_id), default=None)
    return (owners[last.channel_id] if last else "") or transfer.to


def _there(
    parties: Iterable[Party], mine: Party, since: int, transfer: Transfer
) -> Sequence[Party]:
    return [
        other
        for other in parties
        if other is not mine and since <= other.started <= transfer.moment[0]
        and other.picked_up is not None
        and (other.ended is None or other.ended >= transfer.moment)
    ]  # fmt: skip
