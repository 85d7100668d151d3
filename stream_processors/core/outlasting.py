"""Talks that go on though the queue has told of their end.

A queue's caller may be a Local channel that stands for somebody who was dialled by a click or
a script. Asterisk takes it out of the way as soon as an agent has answered, and the queue may
take its end for that of the caller. Whoever stood behind it has come to the agent in that
moment, and both talk on.

An agent who had asked a queue for somebody, and puts his caller through to the one who took it,
is its caller, too, and gone by that: the queue tells that its caller has hung up.

Source: Asterisk apps/app_queue.c (handle_hangup); heard of Asterisk 16.28 and 22.10.
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
        if talk.told_ended is None:
            continue
        # An agent who had asked the queue; a caller who passes on the agent has left the talk.
        asked = owners.get(talk.channel_id, "") != ""
        put_through = asked and _was_put_through(talk, talk.told_ended, reading)
        if talk.caller_id in reading.parties and not put_through:
            continue
        phones = [
            party
            for party in reading.parties.values()
            if (party.channel_id in talk.offers or by_queue.get(party.channel_id) is talk)
            and party.picked_up is not None and owners[party.channel_id] == talk.agent_id
        ]  # fmt: skip
        if len(phones) != 1:
            continue
        phone, at = phones[0], talk.told_ended
        if _is_there_after(phone, at) if put_through else _talks_on(phone, at, reading):
            found.append((talk, phone))
    return found


def _was_put_through(talk: QueueTalk, at: int, reading: Reading) -> bool:
    """Tell whether who had asked the queue put his caller through as the talk ended [ms]."""
    return any(
        each.kind == "attended" and talk.channel_id in (each.by_channel, each.consult_channel)
        and abs(each.moment[0] - at) <= AT_ONCE_MS
        for each in reading.transfers
    )  # fmt: skip


def _is_there_after(phone: Party, at: int) -> bool:
    return phone.over is None or phone.over[0] > at + AT_ONCE_MS


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
