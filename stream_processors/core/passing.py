"""How agents passed callers on in a contact, and to whom.

Whoever passes a caller on ends his own part. A consultation is the call that an agent placed
while he had the other one: when both are put together it becomes a part of the first and has no
leg of its own.

Source: docs.asterisk.org, AttendedTransfer, BlindTransfer.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from schemas.events import TransferKind
from stream_processors.core.asking import on_one_channel, whom_he_asked
from stream_processors.core.call import MATCH_MS
from stream_processors.core.contacts import Moment, Party, Transfer
from stream_processors.core.instants import NEVER
from stream_processors.core.meaning import QueueTalk


class Passing:
    """What became of the transfers of one contact.

    Args:
        transfers: those that were told, then those that nobody told.
        parties: whoever took part, by channel.
        talks: the visits to queues in it.
        owners: whose devices they are, by channel.
        by_queue: channels that a queue has dialled.

    Attributes:
        ends: the transfer by which an agent's channel passed the other side on.
        folded: for the channel of a consultation that of the call it became a part of.
    """

    def __init__(
        self,
        transfers: Iterable[Transfer],
        parties: Mapping[str, Party],
        talks: Sequence[QueueTalk],
        owners: Mapping[str, str],
        by_queue: Mapping[str, QueueTalk],
    ) -> None:
        self._parties = parties
        self._talks = talks
        self._owners = owners
        self._by_queue = by_queue
        self.ends: dict[str, Transfer] = {}
        self.folded: dict[str, str] = {}
        for transfer in transfers:
            self._put_together(transfer)

    def passed_at(self, channel: str) -> int | None:
        """Return when [ms] a channel passed the other side on, None if it did not."""
        passed = self.ends.get(channel)
        return None if passed is None else passed.moment[0]

    def out_at(self, channel: str, transfer: Transfer) -> int:
        """Return when [ms] an agent's channel was out of what it passed on.

        Who asks by a code and hangs up while it rings is gone before the transfer is told.
        """
        party, at = self._parties.get(channel), transfer.moment[0]
        return at if party is None or party.ended is None else min(at, party.ended[0])

    def passed_on(
        self, party: Party, transfer: Transfer
    ) -> tuple[TransferKind | Literal[""], str]:
        """Return how and where to a call was passed on that ended by a transfer."""
        if transfer.kind != "attended":
            return "blind", self.sent_to(transfer)
        mine = {transfer.by_channel, transfer.consult_channel}
        folded = [channel for channel in mine if channel in self.folded]
        far = folded[0] if folded else transfer.consult_channel
        if party.channel_id == far and not on_one_channel(transfer):
            return "", ""  # the side to which the other one was passed
        return "attended", self.far_side(far, transfer)

    def sent_to(self, transfer: Transfer) -> str:
        """Return the agent who took a call that was sent on, the queue, or what was dialled.

        Somebody dials a queue by its extension, and it is entered at once.
        """
        taken = self._taken_after(transfer)
        queued = None if taken else self._queued_after(transfer)
        if queued is not None and queued.entered <= transfer.moment[0] + MATCH_MS:
            return queued.queue_id
        return taken or transfer.to

    def far_side(self, far: str, transfer: Transfer) -> str:
        """Return to whom the caller came: an agent, a queue, or what had been dialled."""
        if on_one_channel(transfer):
            return whom_he_asked(transfer, self._parties, self._talks, self._owners)
        for talk in self._talks:
            if talk.channel_id == far:
                found = talk.answered is not None and talk.answered <= transfer.moment[0]
                return talk.agent_id if found else talk.queue_id
        consult = self._parties.get(far)
        if consult is None:
            return transfer.to
        mine = (transfer.by_channel, transfer.consult_channel)
        there = [
            other
            for other in self._parties.values()
            if other.born_in == consult.born_in and other.channel_id not in mine
            and (other.picked_up is not None or other.placed_the_call)
            and (other.ended is None or other.ended >= transfer.moment)
        ]  # fmt: skip
        last = max(there, key=lambda each: (each.picked_up or 0, each.channel_id), default=None)
        owner = self._owners[last.channel_id] if last else ""
        # He may have been called himself, and put two callers together.
        return owner or (consult.dialled if consult.placed_the_call else "") or transfer.to

    def _put_together(self, transfer: Transfer) -> None:
        pair = [
            self._parties[channel]
            for channel in (transfer.by_channel, transfer.consult_channel)
            if channel in self._parties
        ]
        if any(_came_back(party, transfer.moment) for party in pair):
            return
        for channel in (transfer.by_channel, transfer.consult_channel):
            if channel:
                self.ends.setdefault(channel, transfer)
        if len(pair) == 2 and not on_one_channel(transfer):
            first, later = sorted(pair, key=lambda party: (party.started, party.channel_id))
            if later.placed_the_call and later.channel_id not in self._by_queue:
                self.folded.setdefault(later.channel_id, first.channel_id)

    def _taken_after(self, transfer: Transfer) -> str:
        """Return the agent who took a call after it was sent on, '' if none did.

        Whom it comes back to has passed it to nobody; who takes it after it came to a queue
        has it from there, or from whom that has found.
        """
        queue = self._queued_after(transfer)
        queued = NEVER if queue is None else queue.entered
        taken = [
            other
            for other in self._parties.values()
            if transfer.moment[0] <= other.started < queued and other.taken is not None
            and self._owners[other.channel_id]
            and other.channel_id not in self._by_queue
        ]  # fmt: skip
        first = min(taken, key=lambda each: (each.picked_up, each.channel_id), default=None)
        owner = self._owners[first.channel_id] if first else ""
        return "" if owner == self._owners.get(transfer.by_channel) else owner

    def _queued_after(self, transfer: Transfer) -> QueueTalk | None:
        """Return the visit to a queue to which a call came that was sent on."""
        at = transfer.moment[0]
        later = (
            talk
            for talk in self._talks
            if talk.entered > at - MATCH_MS and (talk.left is None or talk.left > at)
        )
        return min(later, key=lambda talk: talk.entered, default=None)


def _came_back(party: Party, moment: Moment) -> bool:
    """Tell whether an agent was connected again after a transfer: it did not come about."""
    return party.last_bridged is not None and party.last_bridged > moment
