"""What a contact means for agents: direct and outbound calls.

    direct     a call of an agent's device that no queue dialled; one leg for each agent in it
    in         somebody called whose device is no agent's
    out        the agent called somebody whose device is no agent's, or took part in such a call
    internal   an agent called another, or the PBX itself (a feature code, a conference)

Which phones a queue rang, `rung_phones` tells; who passed a caller on, which ends his own part,
`passing`; who else ends a call, and how, `endings`; what all of it means for the visits to
queues, `queue_talks`.
"""

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from schemas.events import Direction, EndedBy, TransferKind
from schemas.facts import LegOutcome
from stream_processors.core import queue_talks
from stream_processors.core.contacts import Party, Reading
from stream_processors.core.directions import Directions, was_called
from stream_processors.core.endings import Endings
from stream_processors.core.forks import one_for_each_agent
from stream_processors.core.handovers import Longer
from stream_processors.core.lost_transfers import lost_transfers
from stream_processors.core.meaning import DirectCall, Meaning, QueueTalk
from stream_processors.core.outlasting import outlasting
from stream_processors.core.passing import Passing
from stream_processors.core.rung_phones import RungPhones

OwnerOf: TypeAlias = Callable[[str, int], str]
"""Tells whose a device is at an instant [ms]; '' if no agent's."""


class Consideration:
    """One contact under consideration.

    Args:
        reading: what was told of it.
        talks: the visits to queues in it.
        owner_of: whose a device is.
        closes_at: when a channel that nothing more is heard of must have ended, None if it may
            go on; takes the channel and when it was there [ms].
        clock: what the source's clock shows [ms].

    Attributes:
        lost: transfers of which nobody has told.
    """

    def __init__(
        self,
        reading: Reading,
        talks: Sequence[QueueTalk],
        owner_of: OwnerOf,
        closes_at: Callable[[str, int], int | None],
        clock: int,
    ) -> None:
        self._reading = reading
        self._parties = list(reading.parties.values())
        self._talks = talks
        self._closes_at = closes_at
        self._owners = {
            party.channel_id: owner_of(party.device, party.started) if party.device else ""
            for party in self._parties
        }
        self._phones = RungPhones(self._parties, talks, self._owners)
        by_queue = self._phones.visits
        self._origin = self._originator()
        self._were_in: dict[str, list[Party]] = {}
        for party in self._parties:
            for interaction_id in party.was_in:
                self._were_in.setdefault(interaction_id, []).append(party)
        self.lost = lost_transfers(
            reading, talks, by_queue, self._owners, self._closed_at, clock
        )
        self._outlasting = outlasting(reading, talks, by_queue, self._owners)
        self._transfers = [*reading.transfers, *self.lost]
        self._passing = Passing(self._transfers, reading.parties, talks, self._owners, by_queue)
        self._directions = Directions(
            self._parties, self._origin, reading.interaction_id, talks, self._owners,
            by_queue, self._passing.passed_at,
        )  # fmt: skip
        sent_on = {each.whom: each.moment for each in self._transfers if each.kind == "blind"}
        self._endings = Endings(
            self._parties, self._origin, self._were_in, self._passing.ends,
            {talk.channel_id for talk in talks}, sent_on,
        )  # fmt: skip

    def left_alone(self) -> int | None:
        """Return when [ms] the last phone of an agent was gone from a talk that is open."""
        over = [
            party.over[0]
            for party in self._parties
            if party.over is not None and party.picked_up is not None
            and (talk := self._phones.visits.get(party.channel_id)) is not None
            and talk.answered is not None and talk.told_ended is None
        ]  # fmt: skip
        return max(over, default=None)

    def meaning(self) -> Meaning:
        """Return what follows."""
        calls = [
            self._call(party)
            for party in self._parties
            if self._owners[party.channel_id]
            and party.begun
            and party.channel_id not in self._passing.folded
            and (self._phones.has_its_own_call(party) or self._goes_on_after(party))
        ]
        return Meaning(
            one_for_each_agent(calls),
            queue_talks.handovers(self._transfers, self._talks, self._passing, self._phones),
            queue_talks.holds(self._parties, self._phones),
            queue_talks.hangups(self._parties, self._phones),
            self._longer(),
        )

    def _goes_on_after(self, party: Party) -> bool:
        """Tell whether an agent's phone was in use for longer than the queue's talk.

        The caller hung up, and he goes on to ask a colleague by a feature code, say.
        """
        if party.channel_id in self._passing.ends or self._outlasts(party):
            return False
        return self._phones.goes_on_after_its_talk(party)

    def _outlasts(self, party: Party) -> bool:
        return any(party is phone for _, phone in self._outlasting)

    def _longer(self) -> list[tuple[QueueTalk, Longer]]:
        found = []
        for talk, phone in self._outlasting:
            assert talk.told_ended is not None  # else it would not outlast that
            answered = talk.told_ended if talk.answered is None else talk.answered
            over, by = self._end(phone, answered)
            found.append((talk, Longer(talk.agent_id, talk.told_ended, over, by)))
        return found

    def _originator(self) -> Party | None:
        """Find who began the contact; of a call made by click, whoever was dialled first."""
        oldest = self._reading.parties.get(self._reading.interaction_id)
        first = oldest or min(self._parties, key=lambda each: each.age, default=None)
        if oldest is not None or first is None or first.picked_up is not None:
            return first
        mine, quiet = self._owners[first.channel_id], first.ended
        taken = [
            (other.picked_up, other)
            for other in self._parties
            if mine and self._owners[other.channel_id] == mine and other.picked_up is not None
            and (quiet is None or other.started <= quiet[0])
        ]  # fmt: skip
        return min(taken, key=lambda each: each[0])[1] if taken else first

    def _call(self, party: Party) -> DirectCall:
        agent = self._owners[party.channel_id]
        began = self._began(party)
        answered = self._answered_at(party) if began else party.taken
        if not (party.birth_seen or party.found) and answered is None:
            answered = party.first_bridged
        over, by = self._end(party, answered)
        outcome: LegOutcome = "waiting"
        if answered is not None and (over is None or answered <= over):
            outcome = "answered"
        elif over is not None:
            answered = None
            outcome, by = self._endings.unanswered(party, over, began=began)
        passed = self._passing.ends.get(party.channel_id)
        kind: TransferKind | Literal[""] = ""
        to = ""
        if passed is not None and answered is not None:
            kind, to = self._passing.passed_on(party, passed)
        direction = self._directions.of(party)
        return DirectCall(
            agent_id=agent, channel_id=party.channel_id, direction=direction,
            outcome=outcome, placed=began, used=_used_from(party, answered, began=began),
            caller_key=self._customer(party, direction, began=began),
            started=party.started, seen=party.seen, rang=party.ringing,
            answered=answered, ended=over, ended_by=by, transferred_to=to, transfer_kind=kind,
            holds=tuple(party.holds), of_queue=self._is_of_queue(party),
            estimated=not party.birth_seen or answered == party.listed_at or (
                over is not None and party.ended is None
                and (passed is None or passed in self.lost)
            ),
            clock=party.clock,
        )  # fmt: skip

    def _is_of_queue(self, party: Party) -> bool:
        """Tell whether a queue's talk is all that it can be, though the queue told of none."""
        if party.channel_id in self._phones.visits:
            return True
        return party.found and not party.placed_the_call and any(
            other.of_queue for other in self._parties
        )  # fmt: skip

    def _customer(self, party: Party, direction: Direction, *, began: bool) -> str:
        origin = self._origin
        if direction == "internal" or origin is None:
            return ""
        if direction == "out" and not self._owners[origin.channel_id] and was_called(origin):
            return ""  # it shows the number that it was called from
        if began and direction == "out":
            return party.dialled_key
        return origin.dialled_key or origin.caller_key

    def _began(self, party: Party) -> bool:
        """Tell whether a party placed a call, by itself or by a click on a screen."""
        return party.placed_the_call or self._origin is party

    def _answered_at(self, party: Party) -> int | None:
        """Whoever calls is answered when he is connected and somebody has picked up."""
        if party.first_bridged is None:
            return party.picked_up if self._directions.is_to_the_pbx(party) else None
        asked = [
            other
            for other in self._were_in.get(party.born_in, ())
            if other is not party and other.started >= party.started
        ]
        if all(other.placed_the_call for other in asked):
            return party.first_bridged  # nobody was dialled: others came by themselves
        taken = [other.taken for other in asked if other.taken is not None]
        return max(party.first_bridged, min(taken)) if taken else None

    def _end(
        self, party: Party, answered: int | None
    ) -> tuple[int | None, EndedBy | Literal[""]]:
        passed = self._passing.ends.get(party.channel_id)
        if passed is not None:
            out = self._passing.out_at(party.channel_id, passed)
            return max(party.started, out), "agent"
        if party.ended is None or party.over is None:
            closed = self._closed_at(party)
            return (None, "") if closed is None else (max(party.started, closed), "system")
        if answered is None:
            return party.ended[0], ""
        over = party.over
        if over[0] < answered:
            over = party.ended
        return max(answered, over[0]), self._endings.who_hung_up(party, over)

    def _closed_at(self, party: Party) -> int | None:
        return self._closes_at(party.channel_id, party.seen)


def _used_from(party: Party, answered: int | None, *, began: bool) -> int | None:
    """Return from when [ms] a phone was in use: from the dialling, or from the picking up."""
    if began:
        return party.picked_up if party.was_dialled else party.started
    return answered
