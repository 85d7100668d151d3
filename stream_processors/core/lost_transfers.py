"""Transfers of which nobody has told, because the connection was lost meanwhile.

An agent has asked somebody by a call of his own. Then both of his channels are gone, and
whoever he had asked is in the contact of the caller: so he has put the two together. When, a
queue log tells of a talk that a queue had found; otherwise it is when they were found gone.

A queue log tells that an agent passed his caller on, and at most what he had dialled: by a
feature code, or by a call of his that nobody heard. Then whom he asked, or who took it, is who
is found in the contact of the caller.

An agent whom a queue reaches by a Local channel talks to that, and so does his caller. Then
his phone is gone, but neither the caller nor the talk: so he has sent the caller on, who has
perhaps entered the next queue by that Local channel.

Who parks his caller by a feature code has left him, too, though the queue tells the end only
when the caller is gone for good. So an agent's talk ends with his phone at the latest, and he
has passed the caller on to whoever takes him after that.

Source: Asterisk apps/app_queue.c (setup_stasis_subs): of parking it hears nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from stream_processors.core.call import MATCH_MS
from stream_processors.core.contacts import Party, Reading, Transfer
from stream_processors.core.meaning import QueueTalk

ClosedAt: TypeAlias = Callable[[Party], int | None]
"""Tells when [ms] a channel was found gone of whose end nobody has told."""


def lost_transfers(
    reading: Reading,
    talks: Sequence[QueueTalk],
    by_queue: Mapping[str, QueueTalk],
    owners: Mapping[str, str],
    closed_at: ClosedAt,
    clock: int,
) -> list[Transfer]:
    """Return the transfers that follow.

    Args:
        reading: what was told of a contact.
        talks: the visits to queues in it.
        by_queue: for which visit a queue has dialled a channel.
        owners: whose devices they are, by channel.
        closed_at: when a channel was found gone.
        clock: what the source's clock shows [ms].
    """
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
    for party in gone:
        first = _put_through_by(party, gone, reading, owners)
        if first is not None:
            talk = by_queue.get(first.channel_id)
            found.append(_attended(first, party, talk, closed_at))
        else:
            talk = by_queue.get(party.channel_id)
            if talk is not None and talk.agent_id == owners[party.channel_id]:
                found += _sent_on(party, talk, talks, reading, closed_at)
    for party in reading.parties.values():
        talk = by_queue.get(party.channel_id)
        if talk is not None and party.channel_id not in told:
            found += _left_behind(party, talk, reading, owners, closed_at, clock)
    heard = [*reading.transfers, *found]
    return [*found, *_logged(heard, talks, reading, by_queue, owners)]


def _put_through_by(
    consult: Party, gone: Sequence[Party], reading: Reading, owners: Mapping[str, str]
) -> Party | None:
    """Return the channel at which an agent had whom he put through to the called one."""
    if not consult.placed_the_call or len(consult.was_in) > 1:
        return None
    into = {
        interaction_id
        for party in reading.parties.values()
        if party is not consult and party.born_in == consult.channel_id
        for interaction_id in party.was_in
    } - {consult.channel_id}
    mine = [
        party
        for party in gone
        if party is not consult and owners[party.channel_id] == owners[consult.channel_id]
        and party.was_in & into
    ]  # fmt: skip
    return mine[0] if len(mine) == 1 else None


def _attended(
    first: Party, consult: Party, talk: QueueTalk | None, closed_at: ClosedAt
) -> Transfer:
    gone = [closed_at(first), closed_at(consult)]
    if talk is not None and talk.answered is not None:
        gone.append(talk.told_ended)
    at = min(each for each in gone if each is not None)
    caller = "" if first.placed_the_call else first.born_in
    whom = caller if talk is None else talk.channel_id
    return Transfer(
        (at, at * 1000), "attended", first.channel_id, consult.channel_id, consult.dialled, whom
    )


def _logged(
    heard: Sequence[Transfer],
    talks: Sequence[QueueTalk],
    reading: Reading,
    by_queue: Mapping[str, QueueTalk],
    owners: Mapping[str, str],
) -> list[Transfer]:
    """Return the transfers of which only a queue log has told, each by the agent's phone."""
    channels = {each.by_channel for each in heard} | {each.consult_channel for each in heard}
    found = []
    for talk in talks:
        if (
            not talk.passed
            or talk.told_ended is None
            or talk.caller_id in channels  # it was he who sent the agent away
            or any(
                channel in talk.offers or by_queue.get(channel) is talk for channel in channels
            )
        ):
            continue
        phones = [
            party.channel_id
            for party in reading.parties.values()
            if by_queue.get(party.channel_id) is talk and party.picked_up is not None
            and owners[party.channel_id] == talk.agent_id
        ]  # fmt: skip
        if len(phones) == 1:
            phone, moment = phones[0], (talk.told_ended, talk.told_ended * 1000)
            # By a code or by a second call: nothing was heard of it, so it is as by a code.
            asked = phone if talk.passed == "attended" else ""
            found.append(Transfer(moment, talk.passed, phone, asked, talk.passed_to, ""))
    return found


def _sent_on(
    phone: Party,
    talk: QueueTalk,
    talks: Sequence[QueueTalk],
    reading: Reading,
    closed_at: ClosedAt,
) -> list[Transfer]:
    """Return how the caller of a talk was sent on by a phone that is gone, if he was."""
    gone, caller = closed_at(phone), reading.parties.get(talk.channel_id)
    if talk.answered is None or gone is None or caller is None:
        return []
    over = [talk.told_ended, closed_at(caller), caller.ended[0] if caller.ended else None]
    if phone.channel_id in talk.offers or any(
        each is not None and each <= gone + MATCH_MS for each in over
    ):
        return []
    next_one = min(
        (
            (other.entered, other.queue_id)
            for other in talks
            if other.channel_id not in reading.parties
            and talk.answered <= other.entered <= gone
        ),
        default=(gone, ""),
    )
    at, queue_id = next_one
    return [Transfer((at, at * 1000), "blind", phone.channel_id, "", queue_id, "")]


def _left_behind(
    phone: Party,
    talk: QueueTalk,
    reading: Reading,
    owners: Mapping[str, str],
    closed_at: ClosedAt,
    clock: int,
) -> list[Transfer]:
    """Return when an agent left a talk that goes on, if he did."""
    caller, owner = reading.parties.get(talk.caller_id), owners[phone.channel_id]
    if phone.over is None or phone.picked_up is None or talk.answered is None:
        return []
    if not owner or owner != talk.agent_id or (caller is None and talk.told_ended is None):
        return []  # of a Local channel that waits it is not told here that it is gone
    gone = None
    if caller is not None:
        gone = caller.ended[0] if caller.ended is not None else closed_at(caller)
    stays = [clock if each is None else each for each in (talk.told_ended, gone)]
    if min(stays) <= phone.over[0] + MATCH_MS or _has_another(phone, talk, reading, owners):
        return []
    return [Transfer(phone.over, "left", phone.channel_id, "", "", "")]


def _has_another(
    phone: Party, talk: QueueTalk, reading: Reading, owners: Mapping[str, str]
) -> bool:
    """Tell whether an agent was dialled at another phone too, for the same talk."""
    return any(
        other is not phone and other.picked_up is not None
        and owners[other.channel_id] == talk.agent_id and not other.placed_the_call
        and other.started <= (talk.answered or 0)
        for other in reading.parties.values()
    )  # fmt: skip
