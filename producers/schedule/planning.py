"""Rows of a file into plans: who is wanted when, without overlaps, each day whole.

Rows may lie over one another: a shift is written as work from morning to evening with a break
in it. What is more particular wins: absence, exception, meeting, break, work.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

from producers.recording import unreadable
from producers.schedule.mapping import PlanMapping
from producers.schedule.rows import KIND, Row
from producers.schedule.times import A_DAY, LONG, NoTime, Span, span
from schemas.adherence import ACTIVITIES
from schemas.errors import UnreadableRecording
from schemas.events import Activity
from schemas.wording import counted

PRECEDENCE: tuple[Activity, ...] = ("absence", "exception", "meeting", "break", "work")

_LONGEST_SHIFT = timedelta(hours=12)
"""Rows that touch after midnight are one night shift if they end within it."""


@dataclass(frozen=True, slots=True)
class People:
    """Whom a plan may name.

    Attributes:
        known: agents; None: whoever is named.
        directory: who else an agent is known as.
        zone: tells the time zone of an agent, "" if nobody said.
        home: whose days are meant where a plan says instants, and nobody said the zone.
    """

    known: frozenset[str] | None
    directory: dict[str, str]
    zone: Callable[[str], str]
    home: str = "UTC"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An activity of an agent, and where the file says so."""

    agent_id: str
    activity: Activity
    name: str
    when: Span
    place: str


Item: TypeAlias = tuple[datetime, datetime, Activity, str]
"""From when, to when (UTC), what, and what the plan calls it."""


@dataclass(frozen=True, slots=True)
class Activities:
    """What is planned for an agent and a day: without overlap, in the order of time.

    No items: a row begins on the day or covers it, but what is planned is of another day.
    """

    agent_id: str
    day: str
    zone: str
    items: tuple[Item, ...]


@dataclass(slots=True)
class Planned:
    """The plans of a file, and what is worth knowing about it."""

    plans: list[Activities]
    notes: list[str] = field(default_factory=list)


def planned(
    path: Path, found: Sequence[Row], how: PlanMapping, people: People, now: datetime
) -> Planned:
    """Return the plans that the rows of a file make; none begins long after `now`.

    Raises:
        UnreadableRecording: a row is wrong; the message names the first and counts the others.
    """
    wrong: list[str] = []
    wanted: list[Wanted] = []
    for row in found:
        try:
            wanted.append(_wanted(row, how, people, now))
        except NoTime as error:
            wrong.append(f"{row.place}: {error}")
    if not found:
        raise unreadable(path, KIND, "it has no rows")
    by_agent: dict[str, list[Wanted]] = {}
    for each in wanted:
        by_agent.setdefault(each.agent_id, []).append(each)
    for rows in by_agent.values():
        rows.sort(key=lambda each: (each.when.start, each.when.end))
        wrong += _repeated(rows) or _overlapping(rows)
    if wrong:
        raise _wrong(path, wrong)
    made = Planned([])
    for agent_id, rows in sorted(by_agent.items()):
        _plan(agent_id, rows, made)
    if not made.plans:
        why = "it has breaks only, and the shifts that they are in are not in it"
        raise unreadable(path, KIND, why)
    made.notes += _doubts(wanted)
    return made


def _doubts(wanted: Sequence[Wanted]) -> Iterator[str]:
    """Yield what may have been meant otherwise."""
    twice = sum(each.when.twice for each in wanted)
    if twice:
        yield (
            "an hour that comes twice, when the clock is put back, is named by "
            f"{counted(twice, 'row')}; the first is meant"
        )
    long = [each for each in wanted if each.when.long]
    if long:
        hours = (long[0].when.end - long[0].when.start).total_seconds() / 3600
        more = f" (and {counted(len(long) - 1, 'more row')})" if len(long) > 1 else ""
        yield (
            f"{long[0].place}: it ends the day after and lasts {hours:g} h; are from and to "
            f"the right way round?{more}"
        )


def _wanted(row: Row, how: PlanMapping, people: People, now: datetime) -> Wanted:
    word = row.words["kind"]
    activity = how.activity(word)
    if activity is None:
        msg = f"{word!r} is no activity (known: {', '.join(ACTIVITIES)}); name it in [kinds]"
        raise NoTime(msg)
    told = row.words["agent"]
    agent_id = people.directory.get(told, told)
    if not agent_id:
        msg = "it names no agent"
        raise NoTime(msg)
    if people.known is not None and agent_id not in people.known:
        close = get_close_matches(agent_id, people.known, n=1, cutoff=0.6)
        hint = f", did you mean {close[0]}?" if close else " (--new-agents takes it)"
        msg = f"{agent_id!r} is no agent of the settings or the history{hint}"
        raise NoTime(msg)
    longest = LONG if activity in ("absence", "exception") else A_DAY
    when = span(row, how, people.zone(agent_id), now, longest, people.home)
    own = how.activity(word) == word.strip().casefold()
    name = row.words.get("name", "") or ("" if own else word.strip())
    return Wanted(agent_id, activity, name, when, row.place)


def _repeated(rows: Sequence[Wanted]) -> list[str]:
    seen: dict[tuple[Activity, datetime, datetime], str] = {}
    wrong = []
    for each in rows:
        key = (each.activity, each.when.start, each.when.end)
        if key in seen:
            wrong.append(f"{each.place}: it repeats {seen[key]} ({each.agent_id})")
        seen.setdefault(key, each.place)
    return wrong


def _overlapping(rows: Sequence[Wanted]) -> list[str]:
    wrong = []
    for activity in PRECEDENCE:
        for one, next_ in pairwise(each for each in rows if each.activity == activity):
            if next_.when.start < one.when.end:
                wrong.append(
                    f"{next_.place}: {activity} of {one.agent_id} overlaps {one.place}"
                )
    return wrong


def _plan(agent_id: str, rows: Sequence[Wanted], made: Planned) -> None:
    days: dict[str, list[Item]] = {}
    elsewhere: set[str] = set()
    shifts = _shifts(rows)
    for together in shifts:
        day, start = together[0].row.when.day, together[0].start
        if all(each.row.activity == "break" for each in together):
            made.notes.append(
                f"{agent_id}: the break of {start:%Y-%m-%d %H:%M} UTC is outside his shift and "
                f"left out{_meant(start, shifts)}"
            )
            elsewhere |= {each.row.place for each in together}
        else:
            days.setdefault(day, []).extend(each.item() for each in together)
            elsewhere |= {each.row.place for each in together if each.row.when.day != day}
    for each in rows:
        # A break after midnight belongs to the shift and says nothing of the day it begins on.
        for day in each.when.days if each.place not in elsewhere else ():
            days.setdefault(day, [])
    zone = rows[0].when.zone
    made.plans += [
        Activities(agent_id, day, zone, tuple(items)) for day, items in sorted(days.items())
    ]


def _meant(start: datetime, shifts: Sequence[Sequence["_Part"]]) -> str:
    """Return what may be meant by a break that is in no shift, if it is in one a day later."""
    later = start + A_DAY
    if any(each[0].start < later < each[-1].end for each in shifts):
        return "; a break after midnight is dated the day after the shift's"
    return ""


@dataclass(frozen=True, slots=True)
class _Part:
    """What is wanted from when to when, nothing else lying over it."""

    start: datetime
    end: datetime
    row: Wanted

    def item(self) -> Item:
        return self.start, self.end, self.row.activity, self.row.name


def _shifts(rows: Sequence[Wanted]) -> list[list[_Part]]:
    """Return what is wanted in the order of time, together what is planned with one day."""
    shifts: list[list[_Part]] = []
    parts = _flat(rows)
    for place, each in enumerate(parts):
        if not shifts or each.start > shifts[-1][-1].end or _another(shifts[-1], parts, place):
            shifts.append([])
        shifts[-1].append(each)
    return shifts


def _another(shift: Sequence[_Part], parts: Sequence[_Part], place: int) -> bool:
    """Tell whether a part that touches a shift is planned with a day of its own.

    It is if its row begins on a later day, unless that cuts a night shift: they end together
    within the longest of shifts, or a row of the shift goes on behind it.
    """
    part, day = parts[place], parts[place].row.when.day
    if day <= shift[0].row.when.day or part.end - shift[0].start <= _LONGEST_SHIFT:
        return False
    reached = part.start
    for each in parts[place:]:
        if each.start > reached:
            break
        if each.row.when.day < day:
            return False
        reached = each.end
    return True


def _flat(rows: Sequence[Wanted]) -> list[_Part]:
    """Return parts that do not overlap: where rows do, the more particular one."""
    edges = sorted({edge for each in rows for edge in (each.when.start, each.when.end)})
    flat: list[_Part] = []
    first = 0
    for start, end in pairwise(edges):
        while rows[first].when.end <= start and first < len(rows) - 1:
            first += 1
        here = [each for each in _begun(rows, first, start) if end <= each.when.end]
        if not here:
            continue
        now = min(here, key=lambda each: PRECEDENCE.index(each.activity))
        if flat and flat[-1].row is now and flat[-1].end == start:
            flat[-1] = _Part(flat[-1].start, end, now)
        else:
            flat.append(_Part(start, end, now))
    return flat


def _begun(rows: Sequence[Wanted], first: int, at: datetime) -> Iterator[Wanted]:
    for place in range(first, len(rows)):
        if rows[place].when.start > at:
            return
        yield rows[place]


def _wrong(path: Path, wrong: Sequence[str]) -> UnreadableRecording:
    others = len(wrong) - 1
    more = f" (and {counted(others, 'more row is', 'more rows are')} wrong)" if others else ""
    return unreadable(path, KIND, f"{wrong[0]}{more}; nothing was imported")
