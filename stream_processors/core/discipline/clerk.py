"""What has become known is written into the diaries, and what must be judged is noted.

Only what changed is judged: an agent under a rule, because something was written into his
diary or because an instant has passed that a rule waits for.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from schemas.facts import Leg, Offer
from schemas.rules import ShortCall
from stream_processors.core.discipline.bench import Bench
from stream_processors.core.discipline.chats import Chats
from stream_processors.core.discipline.diary import ENDS_A_ROW, UNANSWERED, Diary
from stream_processors.core.discipline.docket import Docket
from stream_processors.core.discipline.entries import Contact, OfferEnd, Stretch, Tally
from stream_processors.core.discipline.rates import RATES, RESUMED_MS, mark_of, may_count
from stream_processors.core.discipline.rules import (
    BY_TIME,
    JUDGED_BY,
    KIND_OF,
    OF_OFFERS,
    OF_PLANS,
    OF_SHIFTS,
)
from stream_processors.core.discipline.shares import is_short
from stream_processors.core.discipline.touched import Touched, touch
from stream_processors.core.discipline.wrapups import Wrapups
from stream_processors.core.instants import month_bounds

OF_INTEREST = frozenset({"answered", "no_answer", "rejected"})
"""Results of offers that any rule looks at."""

NAMES_CALLS = ("slow_handling", *RATES)
"""Rules whose episodes name the events that ended calls."""

PASSED_ON = frozenset({"blind", "attended", "external"})
"""Transfers that the agent made himself; `queue` is one that nobody announced."""


class Clerk:
    """Writes into a docket, which is changed in place.

    Attributes:
        touched: what is to be judged, by agent and rule.
        chats: where calls among colleagues are written.
    """

    def __init__(self, docket: Docket, bench: Bench) -> None:
        self.touched: Touched = {}
        self.chats = Chats(docket, bench, self.touched)
        self._wrapups = Wrapups(docket, bench, self.touched)
        self._docket = docket
        self._bench = bench
        self._month = (0, 0)
        self._uncounted: dict[tuple[str, str], None] = {}

    def write_stretch(
        self, agent_id: str, team: str, key: tuple[str, int], stretch: Stretch | None
    ) -> None:
        """Write a stretch of an agent, or that it is none any more."""
        diary = self._docket.diary(agent_id, team)
        kind, start = key
        old = diary.stretches[kind].get(start)
        if stretch is not None and old is not None:
            stretch = _with_known_beginning(stretch, old)
        if stretch is not None and old is not None and stretch.end == old.end:
            # What was unseen then was not seen by a later gap either.
            stretch = msgspec.structs.replace(
                stretch, unseen_since=old.unseen_since or stretch.unseen_since
            )
        if old == stretch:
            return
        diary.write_stretch(kind, start, stretch)
        if kind == "session":
            place = f"log-out of {start}"
            out = None
            if stretch is not None and stretch.end is not None:
                out = OfferEnd(stretch.end, place, "logged_out")
            self._write_offer_end(agent_id, diary, out, place)
        elif kind == "holding":
            self._mark_held(agent_id, diary, {each.end for each in (old, stretch) if each})
        elif kind == "wrapup":
            self._wrapups.write(agent_id, diary, start)
        for code in JUDGED_BY[kind]:
            # A hold that is told otherwise may be what a whole call is judged by.
            if code in KIND_OF and code != "long_hold":
                touch(self.touched, agent_id, code, start)
            else:
                self.touched[agent_id, code] = None
        if kind in ("session", "break") and self._bench.shifts(agent_id):
            self._touch_shifts(agent_id)

    def _touch_shifts(self, agent_id: str) -> None:
        for code in OF_SHIFTS:
            self.touched[agent_id, code] = None

    def write_work(
        self, agent_id: str, team: str, leg_id: str, span: tuple[int, int | None] | None
    ) -> None:
        """Write from when to when [ms] an agent had a caller, or that he had not."""
        diary = self._docket.diary(agent_id, team)
        old = diary.work.get(leg_id)
        if span is None:
            diary.work.pop(leg_id, None)
        else:
            diary.work[leg_id] = span
        if diary.wrapups:
            ends = (each[1] for each in (old, span) if each is not None)
            self._wrapups.write_calls(agent_id, diary, ends)
        self.chats.look_at(agent_id)
        if "wrong_state_work" in diary.said or (span and diary.paused_at(span[0])):
            self.touched[agent_id, "wrong_state_work"] = None

    def _mark_held(self, agent_id: str, diary: Diary, ends: set[int | None]) -> None:
        """Mark anew the calls that ended with a hold, or soon after it."""
        for end in ends:
            for contact in diary.ended_within(end, RESUMED_MS) if end is not None else ():
                self._mark(agent_id, diary, contact, counts=True)

    def write_offer(self, offer: Offer, team: str, events: Callable[[], list[str]]) -> None:
        """Write how an offer ended; `events` tells which events say so."""
        diary = self._docket.diary(offer.agent_id, team)
        old, ended = diary.offers.get(offer.offer_id), None
        if offer.ended_at is not None and offer.result in OF_INTEREST and not offer.voided:
            told = tuple(events()) if offer.result != "answered" else ()
            ended = OfferEnd(
                offer.ended_at, offer.offer_id, offer.result, offer.queue_id, offer.leg_id,
                told, old.others if old else 0, old.waiting if old else (), offer.started_at,
            )  # fmt: skip
        self._note_missed(offer.agent_id, old, ended)
        self._write_offer_end(offer.agent_id, diary, ended, offer.offer_id)

    def write_words(self, offer: Offer, events: Sequence[str]) -> None:
        """Write which events tell of an unanswered offer that is written already."""
        diary = self._docket.diaries.get(offer.agent_id)
        ended = diary.offers.get(offer.offer_id) if diary is not None else None
        if diary is not None and ended is not None and ended.result == offer.result:
            now = msgspec.structs.replace(ended, events=tuple(events))
            self._write_offer_end(offer.agent_id, diary, now, offer.offer_id)

    def _note_missed(self, agent_id: str, old: OfferEnd | None, new: OfferEnd | None) -> None:
        if old == new:
            return
        if any(each is not None and each.result in UNANSWERED for each in (old, new)):
            self.touched[agent_id, "toggle"] = None
        if old is not None and old.result == "no_answer":
            self._docket.unmiss(old.queue_id, (old.at, agent_id, old.offer_id))
        if new is not None and new.result == "no_answer":
            self._docket.miss(new.queue_id, (new.at, agent_id, new.offer_id))
            self._uncounted[agent_id, new.offer_id] = None

    def write_crowd(self, queue_id: str, since: int) -> None:
        """Note that others waited in a queue from an instant [ms] on than was known."""
        for _, agent_id, offer_id in self._docket.missed_since(queue_id, since):
            self._uncounted[agent_id, offer_id] = None
        self.chats.write_crowd(queue_id, since)

    def count(self) -> None:
        """Find anew who waited when, once all that is known of queues is written."""
        self._count_others()
        self.chats.count()

    def _count_others(self) -> None:
        for agent_id, offer_id in self._uncounted:
            diary = self._docket.diaries[agent_id]
            missed = diary.offers.get(offer_id)
            if missed is None or missed.result != "no_answer":
                continue
            others = [
                leg_id
                for entered, _, leg_id in self._bench.stays(missed.queue_id, missed.at)
                if entered <= missed.at and leg_id != missed.leg_id
            ]
            if diary.count_others(offer_id, others):
                self.touched[agent_id, "rona"] = None
        self._uncounted.clear()

    def _write_offer_end(
        self, agent_id: str, diary: Diary, ended: OfferEnd | None, offer_id: str
    ) -> None:
        is_new = offer_id not in diary.offers
        if not diary.write_offer_end(ended, offer_id):
            return
        comes_last = is_new and ended is not None and ended is diary.offer_ends[-1]
        for code in OF_OFFERS:
            if comes_last and ended is not None and ended.result in ENDS_A_ROW:
                # What ends a row changes nothing where none is open: what happens most.
                said = diary.said.get(code, {})
                if all(each.cleared_at is not None for each in said.values()):
                    continue
            self.touched[agent_id, code] = None

    def write_leg(self, leg: Leg, team: str) -> None:
        """Write a finished call of a queue, for its agent and nobody else."""
        served = self._docket.served
        before = served.get(leg.leg_id, "")
        contact = None
        if leg.ended_at is not None and leg.outcome == "answered" and not leg.voided:
            contact = Contact(
                leg.ended_at, leg.leg_id, leg.talk_ms or 0,
                "nobody" if leg.transfer_kind else leg.ended_by,
                leg.transfer_kind in PASSED_ON, leg.hold_ms or 0, leg.queue_id,
            )  # fmt: skip
        if before and (before != leg.agent_id or contact is None):
            self._write_contact(before, leg.leg_id, None)
            del served[leg.leg_id]
        if contact is not None and leg.agent_id:
            self._docket.diary(leg.agent_id, team)
            served[leg.leg_id] = leg.agent_id
            self._write_contact(leg.agent_id, leg.leg_id, contact)

    def write_end(self, leg_id: str, event_id: str) -> None:
        """Write which event ended a call that is known to be finished; '' if none is known."""
        agent_id = self._docket.served[leg_id]
        diary = self._docket.diaries[agent_id]
        if diary.ended_by.get(leg_id, "") == event_id:
            return
        if event_id:
            diary.ended_by[leg_id] = event_id
        else:
            del diary.ended_by[leg_id]
        for code in NAMES_CALLS:
            if code in diary.said:
                self.touched[agent_id, code] = None

    def _write_contact(self, agent_id: str, leg_id: str, contact: Contact | None) -> None:
        diary = self._docket.diaries[agent_id]
        old = diary.write_contact(contact, leg_id)
        if old == contact:
            return
        crew = self._docket.crew(diary.team)
        behind: dict[str, None] = {}
        if old is not None:
            behind |= crew.take(old, agent_id)
            self._count(agent_id, diary, old, -1)
        if contact is not None:
            behind |= crew.put(contact, agent_id)
            self._count(agent_id, diary, contact, +1)
        ends = (each.at for each in (old, contact) if each is not None)
        self._wrapups.write_calls(agent_id, diary, ends)
        if any(each is not None and each.hold_ms for each in (old, contact)):
            self.touched[agent_id, "long_hold"] = None
        since = min(each.at for each in (old, contact) if each is not None)
        for other in behind:
            self._docket.diaries[other].paces_from(since)
            self.touched[other, "slow_handling"] = None
        self.touched[agent_id, "slow_handling"] = None
        self._weigh_again(behind, since)
        for each in (old, contact):
            if each is not None:
                self._mark(agent_id, diary, each, counts=each is contact)

    def _mark(self, agent_id: str, diary: Diary, contact: Contact, *, counts: bool) -> None:
        """Mark a call for the rate rules that count it, or take its marks out."""
        at, leg_id = contact.at, contact.leg_id
        for code in RATES:
            tally = diary.tallies.get(code)
            mark = None
            if counts and may_count(code, contact):
                rule = self._bench.rules(agent_id, diary.team).rule(code, at)
                mark = mark_of(code, contact, rule, diary)
            if tally is None:
                if mark is None:
                    continue
                tally = diary.tallies[code] = Tally()
            before = len(tally.marks)
            if not tally.write(mark, at, leg_id):
                continue
            crew = self._docket.crew(diary.team)
            if len(tally.marks) != before:
                crew.mark(code, at, len(tally.marks) - before)
            self._weigh_again(crew.since(at), at)
            self.touched[agent_id, code] = None

    def _weigh_again(self, agents: Iterable[str], since: int) -> None:
        """Let the shares of agents from an instant [ms] on be worked out anew."""
        for agent_id in agents:
            for code, tally in self._docket.diaries[agent_id].tallies.items():
                if tally.shares and tally.shares_from(since):
                    self.touched[agent_id, code] = None

    def _count(self, agent_id: str, diary: Diary, contact: Contact, sign: int) -> None:
        """Count a call in its month, or take it back."""
        month, end = self._month
        if not month <= contact.at < end:
            month, end = self._month = month_bounds(contact.at, self._bench.zone)
        rule = self._bench.rules(agent_id, diary.team).rule("short_call", month)
        assert isinstance(rule, ShortCall)
        own = diary.short.get(month)
        if own is None:
            own = diary.short[month] = [0, 0, 0]
            self._bench.remind(agent_id, end)
        team = self._docket.crew(diary.team).short.setdefault(month, [0, 0])
        short = is_short(contact, rule)
        for counts in (own, team):
            counts[0] += sign
            counts[1] += sign * short
        own[2] += sign * (short and contact.hung_up_by != "agent")
        if end < self._bench.clock(agent_id):
            for other, each in self._docket.diaries.items():
                if each.team == diary.team and month in each.short:
                    self.touched[other, "short_call"] = None

    def write_plan(self, agent_id: str, team: str) -> None:
        """Let an agent be judged by what is planned for him now."""
        self._docket.diary(agent_id, team)
        for code in OF_PLANS:
            self.touched[agent_id, code] = None

    def look_again(self, agent_id: str, code: str) -> None:
        """Let an agent be judged anew by a rule, and by one that goes on from it."""
        self.touched[agent_id, code] = None
        if code == "late_login":
            self.touched[agent_id, "no_show"] = None

    def look(self, agent_id: str) -> None:
        """Let be judged what time alone may have changed about an agent."""
        diary = self._docket.diaries.get(agent_id)
        if diary is None:
            return
        for kind, known in diary.stretches.items():
            for start in [start for start, each in known.items() if each.end is None]:
                for code in JUDGED_BY[kind]:
                    if code in KIND_OF:
                        touch(self.touched, agent_id, code, start)
                    elif code in BY_TIME and kind == "break":
                        self.touched[agent_id, code] = None
        if self._bench.shifts(agent_id):
            self._touch_shifts(agent_id)
        if diary.short:
            self.touched[agent_id, "short_call"] = None
        if diary.chats:
            self.touched[agent_id, "ghost_busy"] = None
        for code, said in diary.said.items():
            if code not in KIND_OF and any(each.cleared_at is None for each in said.values()):
                self.touched[agent_id, code] = None


def _with_known_beginning(stretch: Stretch, old: Stretch) -> Stretch:
    """Return a stretch with what was known of its beginning and is forgotten by now."""
    began = stretch.events[0] or old.events[0]
    return msgspec.structs.replace(
        stretch,
        events=(began, *stretch.events[1:]),
        begun_unseen_since=None if began else old.begun_unseen_since,
    )
