"""For which visit to a queue a phone of a contact rang, and when that is not all it did.

A queue dials its members itself, or by Local channels that stand for them; a phone behind one
of those is in the caller's contact, and nobody says which of the visits it is for.
"""

from collections.abc import Mapping, Sequence

from stream_processors.core.call import MATCH_MS
from stream_processors.core.contacts import Party
from stream_processors.core.instants import NEVER
from stream_processors.core.meaning import QueueTalk


class RungPhones:
    """Those of one contact.

    Args:
        parties: whoever took part.
        talks: the visits to queues in it.
        owners: whose devices they are, by channel.

    Attributes:
        visits: for which visit a channel was dialled, if for one.
    """

    def __init__(
        self, parties: Sequence[Party], talks: Sequence[QueueTalk], owners: Mapping[str, str]
    ) -> None:
        self._talks = talks
        self._owners = owners
        self.visits = {
            party.channel_id: talk
            for party in parties
            if (talk := self._talk_of(party)) is not None
        }

    def owner(self, channel: str) -> str:
        """Return the agent whose device a channel is of, '' if nobody's."""
        return self._owners.get(channel, "")

    def talk_at(self, channel: str, at: int) -> QueueTalk | None:
        """Find the visit, answered by an instant [ms], in which a channel is the agent's."""
        for talk in self._talks:
            if talk.answered is None or talk.answered > at or not talk.agent_id:
                continue
            if channel in talk.offers or self.visits.get(channel) is talk:
                return talk
        return None

    def has_its_own_call(self, party: Party) -> bool:
        """Tell whether a phone has a call besides what its queue tells, or no queue rang it."""
        return (
            party.channel_id not in self.visits
            or self._answered_unheard(party)
            or self._stands_behind_another(party)
        )

    def goes_on_after_its_talk(self, party: Party) -> bool:
        """Tell whether an agent's phone was in use for longer than the queue's talk."""
        talk, over = self.visits[party.channel_id], party.ended
        return (
            talk.ended is not None and over is not None
            and talk.agent_id == self._owners[party.channel_id]
            and talk.answered is not None and party.picked_up is not None
            and over[0] > talk.ended + MATCH_MS
        )  # fmt: skip

    def _talk_of(self, party: Party) -> QueueTalk | None:
        """Find the visit for which a queue dialled a device, perhaps through Local channels."""
        for talk in self._talks:
            if party.channel_id in talk.offers:
                return talk
        if party.placed_the_call or not party.device:
            return None
        if party.found:
            return self._talk_around(party)
        waited = [
            talk
            for talk in self._talks
            if talk.channel_id != party.channel_id
            and talk.entered <= party.started
            and (talk.left is None or party.started <= talk.left)
        ]
        return waited[-1] if waited else None

    def _talk_around(self, party: Party) -> QueueTalk | None:
        """Find the visit of a phone of which only a list told: its times are estimates."""
        owner = self._owners[party.channel_id]
        gone = party.ended[0] if party.ended is not None else None
        for talk in reversed(self._talks):
            if talk.channel_id == party.channel_id:
                continue
            if talk.answered is None:
                begins, over, slack = talk.entered, talk.left, 0
            elif owner and talk.agent_id == owner:
                begins, over, slack = talk.answered, talk.ended, MATCH_MS
            else:
                continue
            if (over is None or party.started <= over + slack) and (
                gone is None or begins <= gone + slack
            ):
                return talk
        return None

    def _answered_unheard(self, party: Party) -> bool:
        """Tell whether a phone talks with a caller of whom the queue has told no answer.

        Both are in lists: the phone is connected, and the caller waits no more. Or the queue
        has told the end, and the phone talks on: somebody was put through to it unheard.
        """
        talk = self.visits[party.channel_id]
        if party.first_bridged is None:
            return False
        if talk.answered is not None:
            return talk.ended is not None and party.listed_at > talk.ended + MATCH_MS
        return talk.left is not None and party.listed_at >= talk.left - MATCH_MS

    def _stands_behind_another(self, party: Party) -> bool:
        """Tell whether a queue rings a phone for a member that is not its agent: a ring group.

        The queue dials a Local channel for such a member, and tells nothing of who takes it.
        """
        talk, owner = self.visits[party.channel_id], self._owners[party.channel_id]
        if party.channel_id in talk.offers or owner == talk.agent_id:
            return False
        rung = [each for other in self._talks for each in other.rung if each[0] == owner]
        heard = party.over[0] if party.over is not None else NEVER
        quiet = heard if party.picked_up is None else party.picked_up
        return not any(
            begun <= quiet + MATCH_MS and (over is None or party.started <= over + MATCH_MS)
            for _, begun, over in rung
        )
