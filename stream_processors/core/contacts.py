"""What a source said of the devices of one contact, and who did what in it.

A contact is a set of marks, one for each event of a device's channel, in the order of the
source's own time; what it means is read from all of them anew, so order and repetition cannot
matter. Contacts that turn out to be one (an attended transfer, a pick-up) are put together, and
so are their marks.

A *party* is one channel of one device: a phone or a trunk that takes part.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

from schemas.facts import Leg
from stream_processors.core.agent import AgentMark
from stream_processors.core.call import MATCH_MS
from stream_processors.core.handovers import Hold
from stream_processors.core.instants import NEVER

ContactKind: TypeAlias = Literal[
    "started", "ringing", "answered", "bridged", "unbridged", "held", "resumed",
    "requested", "ordered", "ended", "transferred", "parked", "merged", "listed", "queued",
    "unheard",
]  # fmt: skip

Moment: TypeAlias = tuple[int, int]
"""An instant [ms] and the source's own order within it."""


class ContactMark(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """One event of a device's channel. Sorts by the source's own order."""

    sequence: int
    event_id: str
    kind: ContactKind
    at: int
    interaction_id: str
    channel_id: str
    device: str = ""
    word: str = ""  # what was dialled, cause or result of the end, or kind of transfer
    ref: str = ""  # consultation's channel, contact into which this one went, or who parked it
    note: str = ""  # caller key, or where to a transfer went
    more: str = ""  # key of the dialled number, or the channel of the one passed on
    clock: str = "source"
    ago: int = 0  # so long a listed channel had been there [ms]


def channels_of(mark: ContactMark) -> list[str]:
    """Return the channels that a mark tells to be in one contact, which its first one names."""
    named = [mark.interaction_id, mark.channel_id]
    if mark.kind in ("transferred", "merged"):
        named.append(mark.ref)
    return list(filter(None, dict.fromkeys(named)))


class Contact(msgspec.Struct):
    """One contact of one source. Its root is the least of its ids, whatever came first.

    `closed` tells when [ms] channels ended whose end was lost: what says so (a restart)
    is forgotten sooner than the contact. `used` tells of each leg whose phone was in use, from
    when to when [ms].
    """

    source: str
    root: str
    ids: list[str]
    marks: list[ContactMark] = msgspec.field(default_factory=list)
    legs: dict[str, Leg] = msgspec.field(default_factory=dict)
    said: dict[str, Leg] = msgspec.field(default_factory=dict)
    activities: list[tuple[str, AgentMark]] = msgspec.field(default_factory=list)
    lines: list[str] = msgspec.field(default_factory=list)
    places: list[str] = msgspec.field(default_factory=list)
    closed: dict[str, int] = msgspec.field(default_factory=dict)
    used: dict[str, tuple[str, int, int | None]] = msgspec.field(default_factory=dict)
    reminded_at: int = 0

    @property
    def began(self) -> int:
        """When [ms] the first of it happened that was told."""
        return self.marks[0].at - self.marks[0].ago

    def lasted_until(self) -> int:
        """Return when [ms] the last of it was told or concluded; far ahead if it goes on."""
        until = self.marks[-1].at
        for _, _, end in self.used.values():
            until = max(until, NEVER if end is None else end)
        for leg in self.legs.values():
            until = max(until, NEVER if leg.ended_at is None else leg.ended_at)
        return until

    def add(self, mark: ContactMark) -> bool:
        """Put a mark into its place; return False if it was there already."""
        marks = self.marks
        if not marks or mark > marks[-1]:
            marks.append(mark)
            return True
        place = bisect_left(marks, mark)
        if place < len(marks) and marks[place].event_id == mark.event_id:
            return False
        marks.insert(place, mark)
        return True

    def take_in(self, other: "Contact") -> None:
        """Make another contact a part of this one."""
        self.root = min(self.root, other.root)
        self.ids = sorted({*self.ids, *other.ids})
        self.marks = sorted({*self.marks, *other.marks})
        self.legs.update(other.legs)
        self.said.update(other.said)
        self.activities += other.activities
        self.lines = sorted({*self.lines, *other.lines})
        self.places = sorted({*self.places, *other.places})
        self.closed.update(other.closed)
        self.used.update(other.used)


class Party:
    """One channel of one device, as far as it has been told."""

    def __init__(self, mark: ContactMark) -> None:
        self.channel_id = mark.channel_id
        self.device = mark.device
        self.born_in = mark.interaction_id
        self.was_in = {mark.interaction_id}
        self.started = mark.at - mark.ago
        self.birth_seen = mark.kind == "started"
        self.found = mark.kind == "listed"  # a list was the first to tell of it
        self.listed_at = 0  # it was there then, a list has said
        self.of_queue = False
        self.clock = mark.clock
        self.dialled = ""
        self.dialled_key = ""
        self.caller_key = ""
        self.ringing: int | None = None
        self.picked_up: int | None = None
        self.first_bridged: int | None = None
        self.joined: list[int] = []  # when it came into conversations
        self.last_bridged: Moment | None = None
        self.left: Moment | None = None
        self.requested: Moment | None = None
        self.ordered: Moment | None = None
        self.unheard = ""  # how the PBX says that its ringing ended
        self.ended: Moment | None = None
        self.cause = ""
        self.holds: list[Hold] = []

    @property
    def begun(self) -> bool:
        """Tell whether more is known of it than that it ended."""
        if self.birth_seen or self.found:
            return True
        return (self.ringing, self.picked_up, self.first_bridged) != (None, None, None)

    @property
    def seen(self) -> int:
        """When it was surely there [ms]: at its birth, or in the last list that had it."""
        return max(self.started, self.listed_at)

    @property
    def age(self) -> tuple[int, int, str]:
        """What sorts parties by birth: a list tells whole seconds, but ids are counted up."""
        return self.started, len(self.channel_id), self.channel_id

    @property
    def placed_the_call(self) -> bool:
        """Tell whether it is the oldest channel of its contact: it dialled."""
        return self.channel_id == self.born_in

    @property
    def was_dialled(self) -> bool:
        """Tell whether the PBX called it, though it may be the oldest channel of its contact.

        A click on a screen, or a campaign, does so; a phone that dials never rings itself.
        """
        return self.ringing is not None or not self.placed_the_call

    @property
    def declined(self) -> bool:
        """Tell whether it was picked up and never connected.

        A phone that asks for a confirmation is picked up by who does not want the call, too.
        """
        connected = self.first_bridged is not None or self.left is not None or self.holds
        return self.picked_up is not None and self.ended is not None and not connected

    @property
    def taken(self) -> int | None:
        """When whoever was called took the call [ms], as far as is known."""
        return None if self.declined else self.picked_up

    @property
    def over(self) -> Moment | None:
        """When it left the conversation that ended it, else when it was gone."""
        if self.ended is not None and self.left is not None and not self.lived_on:
            return min(self.left, self.ended)
        return self.ended

    @property
    def lived_on(self) -> bool:
        """Tell whether it was led elsewhere after its last conversation, to no other."""
        if self.ended is None or self.left is None:
            return False
        return self.ended[0] - self.left[0] > MATCH_MS

    def take(self, mark: ContactMark) -> None:
        """Learn from a mark; the marks come in order."""
        self.device = self.device or mark.device
        now = (mark.at, mark.sequence)
        match mark.kind:
            case "started":
                # Later than what it led to, if the source's clock was set back meanwhile.
                self.started, self.birth_seen = mark.at, True
                self.dialled, self.dialled_key = mark.word, mark.more
                self.caller_key = mark.note
            case "ringing" if self.ringing is None:
                self.ringing = mark.at
            case "answered" if self._is_news(self.picked_up, mark):
                self.picked_up = mark.at
            case "bridged":
                if self._is_news(self.first_bridged, mark):
                    self.first_bridged = mark.at
                self.last_bridged, self.left = now, None
                self.joined.append(mark.at)
            case "unbridged":
                self.left = now
            case "requested" if self.requested is None:
                self.requested = now
            case "ordered" if self.ordered is None:
                self.ordered = now
            case "unheard":
                self.unheard = mark.word
            case "ended" if self.ended is None:
                self.ended, self.cause = now, mark.word
                self._hold(mark)  # whoever is gone holds nobody
            case "held" | "resumed":
                self._hold(mark)
            case "listed" if self.ended is None:
                self._list(mark)
            case _:
                pass

    def _is_news(self, known: int | None, mark: ContactMark) -> bool:
        """What a list has shown was told a moment later: its own time is the better one."""
        return known is None or (known == self.listed_at and mark.at - known <= MATCH_MS)

    def _list(self, mark: ContactMark) -> None:
        """Learn from a list what nobody told; it was made some moments after `mark.at`."""
        since = self.started if self.found and not self.listed_at else mark.at
        self.listed_at = max(self.listed_at, mark.at)
        self.of_queue = self.of_queue or mark.more != ""
        if mark.word == "ringing" and (self.ringing, self.picked_up) == (None, None):
            self.ringing = since
        if mark.word == "answered" and self.picked_up is None:
            self.picked_up = since
        if mark.note and self.first_bridged is None:
            self.first_bridged, self.last_bridged = since, (mark.at, mark.sequence)

    def _hold(self, mark: ContactMark) -> None:
        open_hold = bool(self.holds) and self.holds[-1].end is None
        if mark.kind == "held" and not open_hold:
            self.holds.append(Hold(mark.at, None))
        elif mark.kind != "held" and open_hold:
            self.holds[-1] = Hold(self.holds[-1].start, mark.at)


class Transfer(msgspec.Struct, frozen=True, gc=False):
    """An agent put two of his calls together, or sent one on."""

    moment: Moment
    kind: str
    by_channel: str
    consult_channel: str
    to: str
    whom: str


class Reading(msgspec.Struct, gc=False):
    """What the marks of a contact tell, before anybody asks whose devices they are.

    `callers` are channels that wait in queues for the contact, though they are not its first.
    """

    parties: dict[str, Party]
    transfers: list[Transfer]
    callers: list[str]
    interaction_id: str


def read(contact: Contact) -> Reading:
    """Return who took part in a contact, who passed it on, and which id it is known by."""
    parties: dict[str, Party] = {}
    transfers: list[Transfer] = []
    callers: list[str] = []
    gone: set[str] = set()
    for mark in contact.marks:
        if mark.kind == "queued":
            callers.append(mark.channel_id)
            waits = parties.get(mark.channel_id)
            if waits is not None and mark.interaction_id != waits.born_in:
                gone.add(waits.born_in)
            continue
        if mark.kind == "merged":
            gone.add(mark.interaction_id)
            continue
        if mark.kind == "transferred":
            moment = (mark.at, mark.sequence)
            transfers.append(
                Transfer(moment, mark.word, mark.channel_id, mark.ref, mark.note, mark.more)
            )
            continue
        if mark.kind == "parked":
            transfers += _parked(mark, parties.values())
            continue
        party = parties.get(mark.channel_id)
        if party is None:
            party = parties[mark.channel_id] = Party(mark)
            party.take(mark)
            continue
        if mark.interaction_id != party.born_in and mark.kind != "listed":
            gone.add(party.born_in)
            party.was_in.add(mark.interaction_id)
        party.take(mark)
    return Reading(parties, transfers, callers, _known_as(contact, gone))


def _parked(mark: ContactMark, parties: Iterable[Party]) -> list[Transfer]:
    """Return who has parked a channel: of the one who did only the device is told."""
    moment, parked = (mark.at, mark.sequence), mark.channel_id
    return [
        Transfer(moment, "blind", each.channel_id, "", mark.note, parked)
        for each in parties
        if each.device == mark.ref and each.channel_id != parked
        and each.last_bridged is not None and each.left is None and each.ended is None
    ][:1]  # fmt: skip


def _known_as(contact: Contact, gone: set[str]) -> str:
    """Return the id that no other took in; of several, the one heard of first."""
    if len(contact.ids) == 1:
        return contact.ids[0]
    left = set(contact.ids) - gone or set(contact.ids)
    for mark in contact.marks:
        if mark.interaction_id in left:
            return mark.interaction_id
    return min(left)
