"""Attended transfers of which nobody has told, because the connection was lost meanwhile.

An agent has asked somebody by a call of his own. Then both of his channels are gone, and
whoever he had asked is in the contact of the caller: so he has put the two together. When, a
queue log tells of a talk that a queue had found; otherwise it is when they were found gone.
"""

from collections.abc import Callable, Mapping, Sequence

from stream_processors.core.contacts import Party, Reading, Transfer
from stream_processors.core.meaning import QueueTalk

_LEAST_PARTIES = 3
"""The agent by both of his channels, and whom he asked; a Local channel may be the caller."""


def lost_transfers(
    reading: Reading,
    by_queue: Mapping[str, QueueTalk],
    owners: Mapping[str, str],
    closed_at: Callable[[Party], int | None],
) -> list[Transfer]:
    """Return the transfers that follow.

    Args:
        reading: what was told of a contact.
        by_queue: for which visit a queue has dialled a channel.
        owners: whose devices they are, by channel.
        closed_at: when [ms] a channel was found gone of whose end nobody has told.
    """
    if len(reading.parties) < _LEAST_PARTIES:
        return []
    told = {
        channel
        for transfer in reading.transfers
        for channel in (transfer.by_channel, transfer.consult_channel)
    }
    gone = [
        party
        for party in reading.parties.values()
        if owners[party.channel_id] and party.channel_id not in told
        and party.ended is None and closed_at(party) is not None
    ]  # fmt: skip
    found = []
    for consult in gone:
        if not consult.placed_the_call or len(consult.was_in) > 1:
            continue
        into = _led_away_to(consult, reading)
        mine = [
            party
            for party in gone
            if party is not consult and owners[party.channel_id] == owners[consult.channel_id]
            and party.was_in & into
        ]  # fmt: skip
        if len(mine) == 1:
            talk = by_queue.get(mine[0].channel_id)
            found.append(_transfer(mine[0], consult, talk, closed_at))
    return found


def _led_away_to(consult: Party, reading: Reading) -> set[str]:
    """Return the contacts into which those went who had been called from one."""
    return {
        interaction_id
        for party in reading.parties.values()
        if party is not consult and party.born_in == consult.channel_id
        for interaction_id in party.was_in
    } - {consult.channel_id}


def _transfer(
    first: Party,
    consult: Party,
    talk: QueueTalk | None,
    closed_at: Callable[[Party], int | None],
) -> Transfer:
    gone: Sequence[int | None] = [closed_at(first), closed_at(consult)]
    if talk is not None and talk.answered is not None:
        gone = [*gone, talk.ended]
    at = min(each for each in gone if each is not None)
    return Transfer(
        (at, at * 1000), "attended", first.channel_id, consult.channel_id, consult.dialled, ""
    )
