"""Talks that go on though the queue has told of their end.

A queue's caller may be a Local channel that stands for somebody who was dialled by a click or
a script. Asterisk takes it out of the way as soon as an agent has answered, and the queue may
take its end for that of the caller. Whoever stood behind it has come to the agent in that
moment, and both talk on.

Source: Asterisk apps/app_queue.c (handle_hangup); heard of Asterisk 16.28.
"""

from collections.abc import Iterable, Mapping

from stream_processors.core.call import MATCH_MS
from stream_processors.core.contacts import Party, Reading
from stream_processors.core.meaning import QueueTalk

AT_ONCE_MS = 100
"""Within this the one takes the place of the other, and the queue tells of it."""


def outlasting(
    reading: Reading,
    talks: Iterable[QueueTalk],
    by_queue: Mapping[str, QueueTalk],
    owners: Mapping[str, str],
) -> list[tuple[QueueTalk, Party]]:
    """Return the talks that go on, each with the phone of its agent."""
    found = []
    for talk in talks:
        if talk.told_ended is None or talk.caller_id in reading.parties:
            continue
        phones = [
            party
            for party in reading.parties.values()
            if (party.channel_id in talk.offers or by_queue.get(party.channel_id) is talk)
            and party.picked_up is not None and owners[party.channel_id] == talk.agent_id
        ]  # fmt: skip
        if len(phones) == 1 and _talks_on(phones[0], talk.told_ended, reading):
            found.append((talk, phones[0]))
    return found


def _talks_on(phone: Party, at: int, reading: Reading) -> bool:
    if not phone.joined or not _stays(phone, at) or phone.joined[0] > at:
        return False
    return any(
        other is not phone and _stays(other, at)
        and any(abs(joined - at) <= AT_ONCE_MS for joined in other.joined)
        for other in reading.parties.values()
    )  # fmt: skip


def _stays(party: Party, at: int) -> bool:
    return party.over is None or party.over[0] > at + MATCH_MS
