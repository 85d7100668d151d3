"""A queue's ringing that a colleague picks up at his own phone.

The queue goes on naming the member whom it rang, and by the channel who has taken the call: one
that a phone had placed, of an agent who dialled the code for picking up. If that was not
heard, it is the channel of a phone which is another agent's, and never was the member's. Where
it rang the member by a Local channel, it names that: the code was dialled by whoever is
connected at the answer, when the phone behind it has stopped ringing.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stream_processors.core.call import MATCH_MS
from stream_processors.core.calls import pick_up
from stream_processors.core.contacts import Contact, Party, Reading
from stream_processors.core.devices import owners_ever
from stream_processors.core.meaning import QueueTalk

if TYPE_CHECKING:
    from collections.abc import Callable

    from stream_processors.core.change import Cause, Change


class _Taken:
    """Who was found to talk in the place of whom a queue rang.

    Attributes:
        by: by line, which agent took the ringing of a channel.
        at: by line, at which channel a ringing behind a Local channel was taken.
        since: from when on [ms] a channel was its agent's.
    """

    def __init__(self, owner_of: "Callable[[str, int], str]") -> None:
        self.by: dict[str, dict[str, str]] = {}
        self.at: dict[str, dict[str, str]] = {}
        self.since: dict[str, int] = {}
        self._owner_of = owner_of

    def look_at(self, talk: QueueTalk, reading: Reading, by_code: Sequence[Party]) -> None:
        """Look who joined the contact by a call of his own, and took the talk."""
        mine = self.by.setdefault(talk.line, {})
        for channel_id in talk.offers:
            party = reading.parties.get(channel_id)
            if party is not None and party.placed_the_call:
                mine[channel_id] = self._owner_of(party.device, party.started)
                self.since[channel_id] = party.started
        party = _who_took(talk, reading, by_code)
        if party is not None:
            agent = self._owner_of(party.device, party.started)
            local = [each for each in talk.offers if each not in reading.parties]
            mine |= dict.fromkeys([*local, party.channel_id], agent)
            self.since |= dict.fromkeys([*local, party.channel_id], party.started)
            at = self.at.setdefault(talk.line, {})
            at |= dict.fromkeys(local, party.channel_id)

    def found(self, talk: QueueTalk, party: Party, agent: str) -> None:
        """Take that an agent was found talking at a channel."""
        self.by.setdefault(talk.line, {})[party.channel_id] = agent
        self.since[party.channel_id] = party.started


def tell_pickups(
    change: "Change",
    contact: Contact,
    reading: Reading,
    talks: Sequence[QueueTalk],
    owner_of: "Callable[[str, int], str]",
    cause: "Cause",
) -> bool:
    """Let talks be of whoever picked them up; return False if nothing changed."""
    taken = _Taken(owner_of)
    if len(contact.ids) > 1:  # else nobody has joined it by a call of his own
        by_code = _who_joined(reading, talks)
        for talk in talks:
            taken.look_at(talk, reading, by_code)
    for talk in talks:
        for party in _found_talking(talk, reading):
            agent = owner_of(party.device, party.started)
            if _is_of_another(change, contact.source, talk, party, agent):
                taken.found(talk, party, agent)
    changed = False
    for key in sorted({*contact.lines, *taken.by}):
        line = change.state.lines.get(key)
        mine = {channel: agent for channel, agent in taken.by.get(key, {}).items() if agent}
        at = {each: own for each, own in taken.at.get(key, {}).items() if each in mine}
        began = {each: taken.since[each] for each in mine}
        if line is not None and pick_up(line.call, mine, at, began):
            change.settle_line(key, cause, of_contact=True)
            changed = True
    return changed


def _who_joined(reading: Reading, talks: Sequence[QueueTalk]) -> list[Party]:
    """Return who came into a contact by a call of his own, and waits in no queue for it."""
    waited = {talk.channel_id for talk in talks}
    return [
        party
        for party in reading.parties.values()
        if party.placed_the_call and len(party.was_in) > 1 and party.channel_id not in waited
    ]


def _who_took(talk: QueueTalk, reading: Reading, by_code: Sequence[Party]) -> Party | None:
    """Return who took what a queue rang by a Local channel, if it was not who it rang."""
    at = talk.answered
    if at is None or all(channel in reading.parties for channel in talk.offers):
        return None
    took = [party for party in by_code if _is_near(party.first_bridged, at)]
    if len(took) != 1:
        return None
    rung = [party for party in reading.parties.values() if not party.placed_the_call]
    if any(_is_near(party.picked_up, at) for party in rung):
        return None
    stopped = any(
        party.picked_up is None and party.ended is not None and _is_near(party.ended[0], at)
        for party in rung
    )
    return took[0] if stopped else None


def _found_talking(talk: QueueTalk, reading: Reading) -> Sequence[Party]:
    """Return the phones that a queue has named as those of its answers, and only lists told of.

    Where the picking up was not heard, a list shows who did it in the caller's contact.
    """
    parties = (reading.parties.get(channel_id) for channel_id in sorted(talk.offers))
    return [
        party
        for party in parties
        if party is not None and party.found and not party.placed_the_call
    ]


def _is_of_another(
    change: "Change", source: str, talk: QueueTalk, party: Party, agent: str
) -> bool:
    """Tell whether a phone at which a queue's call was answered never was the member's."""
    call = change.state.lines[talk.line].call
    named = {
        mark.agent_id
        for mark in call.marks
        if mark.kind == "connected" and mark.ref == party.channel_id
    }
    return (
        agent != "" and named != set() and agent not in named
        and named.isdisjoint(owners_ever(change, change.source(source), party.device))
    )  # fmt: skip


def _is_near(instant: int | None, at: int) -> bool:
    return instant is not None and abs(instant - at) <= MATCH_MS
