"""What a contact means for agents: direct and outbound calls, transfers, holds.

    direct     a call of an agent's device that no queue dialled; one leg for each agent in it
    in         somebody called whose device is no agent's
    out        the agent called somebody whose device is no agent's, or took part in such a call
    internal   an agent called another, or the PBX itself (a feature code, a conference)

Whoever passes a caller on ends his own part; `endings` tells who else ends a call, and how.

A consultation is the call that an agent placed while he had the other one: when both are put
together it becomes a part of the first and has no leg of its own.

Source: docs.asterisk.org, AttendedTransfer, BlindTransfer.
"""

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from schemas.events import Direction, EndedBy, TransferKind
from schemas.facts import LegOutcome
from stream_processors.core.asking import on_one_channel, whom_he_asked
from stream_processors.core.call import MATCH_MS
from stream_processors.core.contacts import Moment, Party, Reading, Transfer
from stream_processors.core.directions import Directions, was_called
from stream_processors.core.endings import Endings
from stream_processors.core.forks import one_for_each_agent
from stream_processors.core.handovers import Handover, Hold
from stream_processors.core.instants import NEVER
from stream_processors.core.lost_transfers import lost_transfers
from stream_processors.core.meaning import DirectCall, Meaning, QueueTalk

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

    Attributes:
        lost: transfers of which nobody has told.
    """

    def __init__(
        self,
        reading: Reading,
        talks: Sequence[QueueTalk],
        owner_of: OwnerOf,
        closes_at: Callable[[str, int], int | None],
    ) -> None:
        self._reading = reading
        self._parties = list(reading.parties.values())
        self._talks = talks
        self._closes_at = closes_at
        self._owners = {
            party.channel_id: owner_of(party.device, party.started) if party.device else ""
            for party in self._parties
        }
        self._by_queue = {
            party.channel_id: talk
            for party in self._parties
            if (talk := self._talk_of(party)) is not None
        }
        self._origin = self._originator()
        self._were_in: dict[str, list[Party]] = {}
        for party in self._parties:
            for interaction_id in party.was_in:
                self._were_in.setdefault(interaction_id, []).append(party)
        self._ends: dict[str, Transfer] = {}
        self._folded: dict[str, str] = {}
        self.lost = lost_transfers(
            reading, talks, self._by_queue, self._owners, self._closed_at
        )
        self._transfers = [*reading.transfers, *self.lost]
        for transfer in self._transfers:
            self._put_together(transfer)
        self._directions = Directions(
            self._parties, self._origin, reading.interaction_id, talks, self._owners,
            self._by_queue, self._passed_at,
        )  # fmt: skip
        self._endings = Endings(
            self._parties, self._origin, self._were_in, self._ends,
            {talk.channel_id for talk in talks},
        )  # fmt: skip

    def meaning(self) -> Meaning:
        """Return what follows."""
        calls = [
            self._call(party)
            for party in self._parties
            if self._owners[party.channel_id]
            and party.begun
            and party.channel_id not in self._folded
            and (
                party.channel_id not in self._by_queue
                or self._answered_unheard(party)
                or self._stands_behind_another(party)
            )
        ]
        return Meaning(
            one_for_each_agent(calls), self._handovers(), self._queue_holds(), self._hangups()
        )

    # --- who is who -----------------------------------------------------------------------

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
        talk = self._by_queue[party.channel_id]
        if party.first_bridged is None:
            return False
        if talk.answered is not None:
            return talk.ended is not None and party.listed_at > talk.ended + MATCH_MS
        return talk.left is not None and party.listed_at >= talk.left - MATCH_MS

    def _stands_behind_another(self, party: Party) -> bool:
        """Tell whether a queue rings a phone for a member that is not its agent: a ring group.

        The queue dials a Local channel for such a member, and tells nothing of who takes it.
        """
        talk, owner = self._by_queue[party.channel_id], self._owners[party.channel_id]
        if party.channel_id in talk.offers or owner == talk.agent_id:
            return False
        rung = [each for other in self._talks for each in other.rung if each[0] == owner]
        heard = party.over[0] if party.over is not None else NEVER
        quiet = heard if party.picked_up is None else party.picked_up
        return not any(
            begun <= quiet + MATCH_MS and (over is None or party.started <= over + MATCH_MS)
            for _, begun, over in rung
        )

    def _put_together(self, transfer: Transfer) -> None:
        parties = self._reading.parties
        pair = [
            parties[channel]
            for channel in (transfer.by_channel, transfer.consult_channel)
            if channel in parties
        ]
        if any(_came_back(party, transfer.moment) for party in pair):
            return
        for channel in (transfer.by_channel, transfer.consult_channel):
            if channel:
                self._ends.setdefault(channel, transfer)
        if len(pair) == 2 and not on_one_channel(transfer):
            first, later = sorted(pair, key=lambda party: (party.started, party.channel_id))
            if later.placed_the_call and later.channel_id not in self._by_queue:
                self._folded.setdefault(later.channel_id, first.channel_id)

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

    # --- a direct call --------------------------------------------------------------------

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
        passed = self._ends.get(party.channel_id)
        kind, to = (
            self._passed_on(party, passed) if passed and answered is not None else ("", "")
        )
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
        if party.channel_id in self._by_queue:
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
        passed = self._ends.get(party.channel_id)
        if passed is not None:
            return max(party.started, self._out_at(party.channel_id, passed)), "agent"
        if party.ended is None or party.over is None:
            closed = self._closed_at(party)
            return (None, "") if closed is None else (max(party.started, closed), "system")
        if answered is None:
            return party.ended[0], ""
        over = party.over
        if over[0] < answered:
            over = party.ended
        return max(answered, over[0]), self._endings.who_hung_up(party, over)

    def _out_at(self, channel: str, transfer: Transfer) -> int:
        """Return when [ms] an agent's channel was out of what it passed on.

        Who asks by a code and hangs up while it rings is gone before the transfer is told.
        """
        party, at = self._reading.parties.get(channel), transfer.moment[0]
        return at if party is None or party.ended is None else min(at, party.ended[0])

    def _closed_at(self, party: Party) -> int | None:
        return self._closes_at(party.channel_id, party.seen)

    # --- passing on -----------------------------------------------------------------------

    def _passed_at(self, channel: str) -> int | None:
        passed = self._ends.get(channel)
        return None if passed is None else passed.moment[0]

    def _passed_on(
        self, party: Party, transfer: Transfer
    ) -> tuple[TransferKind | Literal[""], str]:
        """Return how and where to a call was passed on that ended by a transfer."""
        if transfer.kind != "attended":
            return "blind", self._taken_after(transfer) or transfer.to
        mine = {transfer.by_channel, transfer.consult_channel}
        folded = [channel for channel in mine if channel in self._folded]
        far = folded[0] if folded else transfer.consult_channel
        if party.channel_id == far and not on_one_channel(transfer):
            return "", ""  # the side to which the other one was passed
        return "attended", self._far_side(far, transfer)

    def _taken_after(self, transfer: Transfer) -> str:
        """Return the agent who took a call after it was sent on, '' if none did.

        Whom it comes back to has passed it to nobody; who takes it after it came to a queue
        has it from there, or from whom that has found.
        """
        queued = self._queued_after(transfer)
        taken = [
            other
            for other in self._parties
            if transfer.moment[0] <= other.started < queued and other.taken is not None
            and self._owners[other.channel_id]
            and other.channel_id not in self._by_queue
        ]  # fmt: skip
        first = min(taken, key=lambda each: (each.picked_up, each.channel_id), default=None)
        owner = self._owners[first.channel_id] if first else ""
        return "" if owner == self._owners.get(transfer.by_channel) else owner

    def _queued_after(self, transfer: Transfer) -> int:
        """Return when [ms] a call that was sent on came to a queue."""
        at = transfer.moment[0]
        return min(
            (
                talk.entered
                for talk in self._talks
                if talk.entered > at - MATCH_MS
                and (talk.answered is None or talk.answered > at)
            ),
            default=NEVER,
        )

    def _far_side(self, far: str, transfer: Transfer) -> str:
        """Return to whom the caller came: an agent, a queue, or what had been dialled."""
        if on_one_channel(transfer):
            return whom_he_asked(transfer, self._reading.parties, self._talks, self._owners)
        for talk in self._talks:
            if talk.channel_id == far:
                found = talk.answered is not None and talk.answered <= transfer.moment[0]
                return talk.agent_id if found else talk.queue_id
        consult = self._reading.parties.get(far)
        if consult is None:
            return transfer.to
        mine = (transfer.by_channel, transfer.consult_channel)
        there = [
            other
            for other in self._parties
            if other.born_in == consult.born_in and other.channel_id not in mine
            and (other.picked_up is not None or other.placed_the_call)
            and (other.ended is None or other.ended >= transfer.moment)
        ]  # fmt: skip
        last = max(there, key=lambda each: (each.picked_up or 0, each.channel_id), default=None)
        owner = self._owners[last.channel_id] if last else ""
        # He may have been called himself, and put two callers together.
        return owner or (consult.dialled if consult.placed_the_call else "") or transfer.to

    # --- what it means for visits to queues -----------------------------------------------

    def _handovers(self) -> list[tuple[QueueTalk, Handover]]:
        found: list[tuple[QueueTalk, Handover]] = []
        for transfer in self._transfers:
            passed = False
            for channel in dict.fromkeys((transfer.by_channel, transfer.consult_channel)):
                talk = self._talk_by(channel, transfer.moment[0])
                if talk is None or self._ends.get(channel) is not transfer:
                    continue
                kind: TransferKind | Literal[""] = "attended"
                if passed:
                    kind, to = "", ""  # the side to which the other one was passed
                elif transfer.kind == "attended":
                    far = self._other_channel(channel, transfer)
                    to = self._far_side(far, transfer)
                else:
                    to, kind = self._taken_after(transfer) or transfer.to, "blind"
                at = self._out_at(channel, transfer)
                handed = Handover(at, talk.agent_id, kind, to)
                found.append((talk, handed))
                passed = True
        return found

    @staticmethod
    def _other_channel(channel: str, transfer: Transfer) -> str:
        if channel == transfer.by_channel:
            return transfer.consult_channel
        return transfer.by_channel

    def _talk_by(self, channel: str, at: int) -> QueueTalk | None:
        """Find the answered visit in which a channel is the agent's."""
        party = self._reading.parties.get(channel)
        for talk in self._talks:
            if talk.answered is None or talk.answered > at or not talk.agent_id:
                continue
            if channel in talk.offers:
                return talk
            if party is not None and self._by_queue.get(channel) is talk:
                return talk
        return None

    def _queue_holds(self) -> list[tuple[QueueTalk, Hold]]:
        found: dict[tuple[str, Hold], tuple[QueueTalk, Hold]] = {}
        for party in self._parties:
            for hold in party.holds:
                talk = self._talk_by(party.channel_id, hold.start)
                if talk is not None:
                    found[talk.leg_id, hold] = (talk, hold)
        return [found[key] for key in sorted(found, key=lambda key: (key[0], key[1].start))]

    def _hangups(self) -> list[tuple[QueueTalk, int]]:
        found = []
        for party in self._parties:
            if party.requested is not None:
                talk = self._talk_by(party.channel_id, party.requested[0])
                if talk is not None:
                    found.append((talk, party.requested[0]))
        return found


def _used_from(party: Party, answered: int | None, *, began: bool) -> int | None:
    """Return from when [ms] a phone was in use: from the dialling, or from the picking up."""
    if began:
        return party.picked_up if party.was_dialled else party.started
    return answered


def _came_back(party: Party, moment: Moment) -> bool:
    """Tell whether an agent was connected again after a transfer: it did not come about."""
    return party.last_bridged is not None and party.last_bridged > moment
