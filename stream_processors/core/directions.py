"""Which way a call of an agent went: in from outside, out to somebody there, or among agents.

Whom he called decides, and of several the first: others he may have asked later. A call that
reached no device and was to no number outside was to the PBX itself, as feature codes,
mailboxes and conferences are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from schemas.events import Direction
from stream_processors.core.contacts import Party
from stream_processors.core.meaning import QueueTalk


def was_called(origin: Party) -> bool:
    """Tell whether the PBX called whoever is at the beginning of a contact, as campaigns do.

    It begins the contact by the channel that it dials, or by a Local channel.
    """
    return origin.was_dialled and (origin.placed_the_call or origin.birth_seen)


class Directions:
    """Those of one contact.

    Args:
        parties: whoever took part.
        origin: who began it, None if nobody is known.
        interaction_id: what it is known by.
        talks: the visits to queues in it.
        owners: whose devices they are, by channel.
        by_queue: channels that a queue has dialled.
        passed_at: when [ms] an agent's channel passed the other side on, None if it did not.
    """

    def __init__(
        self,
        parties: Sequence[Party],
        origin: Party | None,
        interaction_id: str,
        talks: Iterable[QueueTalk],
        owners: Mapping[str, str],
        by_queue: Iterable[str],
        passed_at: Callable[[str], int | None],
    ) -> None:
        self._origin = origin
        self._interaction_id = interaction_id
        self._asked_queues = {talk.channel_id for talk in talks}
        self._owners = owners
        self._by_queue = frozenset(by_queue)
        self._passed_at = passed_at
        self._born_in: dict[str, list[Party]] = {}
        for party in parties:
            self._born_in.setdefault(party.born_in, []).append(party)
        self._first_outside = min(
            (
                party.started
                for party in parties
                if party.picked_up is not None and self._is_outside(party)
            ),
            default=None,
        )

    def of(self, party: Party) -> Direction:
        """Return which way the call of a party went that is an agent's."""
        origin = self._origin
        alone = party.born_in == self._interaction_id
        # Who called nobody from a contact of his own has come to fetch the caller of another.
        placed = party.placed_the_call and (alone or self._called_by(party))
        if origin is party or placed:
            return self._of_placed(party)
        if origin is None or not self._owners[origin.channel_id]:
            return "out" if origin is not None and was_called(origin) else "in"
        outside = self._first_outside
        return "out" if outside is not None and outside < party.started else "internal"

    def is_to_the_pbx(self, party: Party) -> bool:
        """Tell whether a call has reached nobody and was not to go outside."""
        return (
            party.birth_seen and party.placed_the_call
            and party.dialled != "" and party.dialled_key == ""
            and party.channel_id not in self._asked_queues
            and not self._called_by(party)
        )  # fmt: skip

    def _of_placed(self, party: Party) -> Direction:
        if party.channel_id in self._asked_queues or self.is_to_the_pbx(party):
            return "internal"
        called = self._called_by(party)
        reached = min(
            (
                other.picked_up
                for other in called
                if self._is_outside(other) and other.picked_up is not None
            ),
            default=None,
        )
        colleagues = any(
            self._owners[other.channel_id] and (reached is None or other.started < reached)
            for other in called
        )
        return "internal" if colleagues else "out"

    def _called_by(self, party: Party) -> list[Party]:
        passed = self._passed_at(party.channel_id)
        mine = self._owners[party.channel_id] if party.was_dialled else ""
        return [
            other
            for other in self._born_in.get(party.born_in, ())
            if other is not party
            and not (mine and self._owners[other.channel_id] == mine)  # a click rang there, too
            and other.channel_id not in self._by_queue
            and (passed is None or other.started <= passed)
        ]  # fmt: skip

    def _is_outside(self, party: Party) -> bool:
        return party.device != "" and not self._owners[party.channel_id]
