"""Legs are written into the journeys of their interactions, and what must be judged is noted.

Most interactions need no judging: they enter one queue and leave it in time.
"""

from typing import Protocol

from schemas.facts import Leg
from schemas.rules import Hanging, Rule
from stream_processors.core.discipline.chat import Talk
from stream_processors.core.discipline.docket import Docket
from stream_processors.core.discipline.journey import Journey, Visit
from stream_processors.core.discipline.journeys import waits_too_long_at

MANY_VISITS = 2
"""Nobody is sent back and forth in fewer."""


class Desk(Protocol):
    """Whose domain it is, what time it is, and which rules hold for queues."""

    tenant: str
    domain: str

    def note_work(
        self, agent_id: str, source: str, leg_id: str, span: tuple[int, int | None] | None
    ) -> None:
        """Note from when to when [ms] an agent had a caller, or that he had not."""

    def note_chat(self, agent_id: str, source: str, leg_id: str, talk: Talk | None) -> None:
        """Note that an agent has talked with colleagues, or that he has not."""

    def note_crowd(self, queue_id: str, since: int) -> None:
        """Note that others waited in a queue from an instant [ms] on than was known."""

    def source_clock(self, source: str) -> int:
        """Return the time [ms] of a source, as long as it was heard."""

    def remind_of_call(self, source: str, key: str, at: int) -> None:
        """Let `Register.look` be called when the time of a source passes `at` [ms]."""

    def team_of_queue(self, queue_id: str) -> str:
        """Return the team that serves a queue, '' if none is named."""

    def queue_rule(self, code: str, queue_id: str, at: int) -> Rule:
        """Return the rule that held for a queue's calls at an instant [ms]."""


class Register:
    """Writes into a docket, which is changed in place.

    Attributes:
        touched: the interactions that are to be judged.
    """

    def __init__(self, docket: Docket, desk: Desk) -> None:
        self.touched: dict[str, None] = {}
        self._docket = docket
        self._desk = desk

    def write_leg(self, leg: Leg, unseen_since: int | None = None) -> None:
        """Write a leg, or that it is none any more."""
        key = f"{leg.source}|{leg.interaction_id}"
        before = self._docket.journey_of.get(leg.leg_id)
        if before is not None and (before != key or leg.voided):
            self._write(before, leg.source, leg.leg_id, None)
            del self._docket.journey_of[leg.leg_id]
        if not leg.voided:
            self._docket.journey_of[leg.leg_id] = key
            visit = Visit(
                leg.entered_at, leg.leg_id, leg.queue_id, leg.agent_id, leg.direction,
                leg.answered_at, leg.left_at, leg.ended_at,
                leg.answer_within_ms if leg.queue_id else 0, unseen_since,
            )  # fmt: skip
            self._write(key, leg.source, leg.leg_id, visit)

    def write_entry(self, leg_id: str, event_id: str) -> None:
        """Write which event began a visit that is known; '' if none is known."""
        key = self._docket.journey_of[leg_id]
        entered_by = self._docket.journeys[key].entered_by
        if entered_by.get(leg_id, "") == event_id:
            return
        if event_id:
            entered_by[leg_id] = event_id
        else:
            del entered_by[leg_id]
        if key in self._docket.said_of_calls:
            self.touched[key] = None

    def look(self, key: str) -> None:
        """Let be judged what time alone may have changed about an interaction."""
        if key in self._docket.journeys:
            self.touched[key] = None

    def _write(self, key: str, source: str, leg_id: str, visit: Visit | None) -> None:
        journeys = self._docket.journeys
        journey = journeys.get(key)
        if journey is None:
            journey = journeys[key] = Journey(source, visit.entered if visit else 0)
        old = journey.visits.get(leg_id)
        if old == visit:
            return
        if visit is None:
            del journey.visits[leg_id]
            journey.entered_by.pop(leg_id, None)
        else:
            journey.visits[leg_id] = visit
        self._work(source, old, visit)
        self._crowd(old, visit)
        self._chats(journey, old, visit)
        if len(journey.visits) >= MANY_VISITS or key in self._docket.said_of_calls:
            self.touched[key] = None
        elif visit is not None and visit.queue_id:
            self._watch(key, source, visit)

    def _work(self, source: str, old: Visit | None, new: Visit | None) -> None:
        """Tell whom a leg gave work, and whom no longer."""
        before, now = _worked(old), _worked(new)
        if old is not None and before and (not now or before[0] != now[0]):
            self._desk.note_work(before[0], source, old.leg_id, None)
        if new is not None and now and before != now:
            self._desk.note_work(now[0], source, new.leg_id, now[1])

    def _chats(self, journey: Journey, old: Visit | None, new: Visit | None) -> None:
        """Tell which colleagues talk with each other in an interaction."""
        was, now = _is_chat(old), _is_chat(new)
        if not was and not now:
            return
        if old is not None and was and not (new and now and new.agent_id == old.agent_id):
            self._desk.note_chat(old.agent_id, journey.source, old.leg_id, None)
        chats = [each for each in sorted(journey.visits.values()) if _is_chat(each)]
        for each in chats:
            others = {other.agent_id for other in chats} - {each.agent_id}
            talk = Talk(
                each.answered or 0, each.ended, each.unseen_since, tuple(sorted(others))
            )
            self._desk.note_chat(
                each.agent_id, journey.source, each.leg_id, talk if others else None
            )

    def _crowd(self, old: Visit | None, new: Visit | None) -> None:
        """Tell from when on others wait in a queue than was known."""
        if old is None or new is None or (old.queue_id, old.entered) != (
            new.queue_id, new.entered
        ):  # fmt: skip
            for each in (old, new):
                if each is not None and each.queue_id:
                    self._desk.note_crowd(each.queue_id, each.entered)
        elif old.left != new.left and new.queue_id:
            since = min(left for left in (old.left, new.left) if left is not None)
            self._desk.note_crowd(new.queue_id, since)

    def _watch(self, key: str, source: str, visit: Visit) -> None:
        """See to it that a visit is judged once it has waited too long."""
        rule = self._desk.queue_rule("hanging", visit.queue_id, visit.entered)
        assert isinstance(rule, Hanging)
        fires = waits_too_long_at(visit, rule)
        if fires is None:
            return
        if visit.left is not None:
            if visit.left > fires:
                self.touched[key] = None
        elif fires < self._desk.source_clock(source):
            self.touched[key] = None
        else:
            self._desk.remind_of_call(source, key, fires)


def _is_chat(visit: Visit | None) -> bool:
    if visit is None or visit.direction != "internal" or visit.queue_id:
        return False
    return visit.answered is not None and bool(visit.agent_id)


def _worked(visit: Visit | None) -> tuple[str, tuple[int, int | None]] | None:
    """Return to whom a visit gave a caller, and from when to when [ms]; colleagues are none."""
    if visit is None or visit.answered is None or not visit.agent_id:
        return None
    if visit.direction == "internal":
        return None
    return visit.agent_id, (visit.answered, visit.ended)
