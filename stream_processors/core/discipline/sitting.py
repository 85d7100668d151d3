"""One sitting: what has changed is written into the diaries, judged, and said as facts.

    facts -> diaries -> rules -> episodes -> facts

Only what changed is judged: an agent under a rule, because something was written into his
diary or because an instant has passed that a rule waits for.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple, Protocol, TypeAlias

import msgspec

from schemas.discipline import Rule, ShortCall, SystemSuspect
from schemas.facts import Leg, Offer, Violation
from stream_processors.core.discipline.diary import (
    ENDS_A_ROW,
    Contact,
    Diary,
    Rung,
    Stretch,
    is_final,
)
from stream_processors.core.discipline.docket import Docket
from stream_processors.core.discipline.episode import (
    Episode,
    episode_id,
    fact_of,
    same,
    text_of,
)
from stream_processors.core.discipline.hearing import Hearing
from stream_processors.core.discipline.pace import slow_handling
from stream_processors.core.discipline.rows import offer_rejected, relog, rona, toggle
from stream_processors.core.discipline.shares import is_short, short_call
from stream_processors.core.discipline.stretches import (
    about,
    acw_too_long,
    break_too_long,
    idle_not_ready,
    late_return,
    long_hold,
)
from stream_processors.core.discipline.suspicion import Fired, Suspect, suspects
from stream_processors.core.instants import month_bounds

RULES: dict[str, Callable[[Hearing], Iterator[Episode]]] = {
    "late_return": late_return,
    "break_too_long": break_too_long,
    "idle_not_ready": idle_not_ready,
    "toggle": toggle,
    "acw_too_long": acw_too_long,
    "long_hold": long_hold,
    "relog": relog,
    "rona": rona,
    "offer_rejected": offer_rejected,
    "slow_handling": slow_handling,
    "short_call": short_call,
}

JUDGED_BY = {
    "break": ("late_return", "break_too_long", "idle_not_ready", "toggle"),
    "wrapup": ("acw_too_long",),
    "holding": ("long_hold",),
    "session": ("relog", "rona", "offer_rejected", "slow_handling", "toggle"),
}
"""Which rules look at a kind of stretch."""

KIND_OF = {
    "late_return": "break",
    "break_too_long": "break",
    "idle_not_ready": "break",
    "acw_too_long": "wrapup",
    "long_hold": "holding",
}
"""Rules that judge one stretch by itself, and of which kind it is."""

OF_INTEREST = frozenset({"answered", "no_answer", "rejected"})
"""Results of offers that any rule looks at."""

Episodes: TypeAlias = dict[str, Episode]
Starts: TypeAlias = set[int] | None
"""Beginnings [ms] of the stretches to judge; None: all that a rule looks at."""


class Judged(NamedTuple):
    """Episodes by their ids, and which ids have been judged; None: all of the rule."""

    episodes: Episodes
    names: frozenset[str] | None

    def speaks_of(self, name: str) -> bool:
        """Tell whether an episode that is not among them holds no more."""
        return self.names is None or name in self.names


class Bench(Protocol):
    """What a sitting has to be told besides the facts."""

    tenant: str
    domain: str
    zone: str

    def clock(self, agent_id: str) -> tuple[int, int | None]:
        """Return the time [ms] of an agent's source, and when it was last lost."""

    def remind(self, agent_id: str, at: int) -> None:
        """Let `look` be called when the time of the agent's source passes `at` [ms]."""

    def rule(self, code: str, agent_id: str, team: str, at: int) -> Rule:
        """Return the rule that held for an agent at an instant [ms]."""


class Sitting:
    """Writes into a docket, which is changed in place, and says what follows."""

    def __init__(self, docket: Docket, bench: Bench) -> None:
        self.docket = docket
        self.bench = bench
        self._touched: dict[tuple[str, str], Starts] = {}

    # --- what has become known --------------------------------------------------------------

    def write_stretch(
        self, agent_id: str, team: str, key: tuple[str, int], stretch: Stretch | None
    ) -> None:
        """Write a stretch of an agent, or that it is none any more."""
        diary = self.docket.diary(agent_id, team)
        old = diary.stretches.get(key)
        if old == stretch:
            return
        if stretch is None:
            del diary.stretches[key]
        else:
            diary.stretches[key] = stretch
        if key[0] == "session":
            place = f"log-out of {key[1]}"
            out = None
            if stretch is not None and stretch.end is not None:
                out = Rung(stretch.end, place, "logged_out")
            self._write_rung(agent_id, diary, out, place)
        for code in JUDGED_BY[key[0]]:
            if code in KIND_OF:
                self._touch(agent_id, code, key[1])
            elif code not in ("rona", "offer_rejected"):
                self._touched[agent_id, code] = None

    def write_offer(self, offer: Offer, team: str, events: Callable[[], list[str]]) -> None:
        """Write how an offer ended; `events` tells which events say so."""
        counts = offer.result in OF_INTEREST and offer.ended_at is not None and not offer.voided
        diary = self.docket.diary(offer.agent_id, team)
        rung = None
        if counts and offer.ended_at is not None:
            told = tuple(events()) if offer.result != "answered" else ()
            rung = Rung(
                offer.ended_at, offer.offer_id, offer.result, offer.queue_id, offer.leg_id, told
            )
        elif offer.offer_id not in diary.by_offer:
            return
        self._write_rung(offer.agent_id, diary, rung, offer.offer_id)

    def _write_rung(
        self, agent_id: str, diary: Diary, rung: Rung | None, offer_id: str
    ) -> None:
        is_new = offer_id not in diary.by_offer
        if not diary.write_rung(rung, offer_id):
            return
        comes_last = is_new and rung is not None and rung is diary.rungs[-1]
        for code in ("rona", "offer_rejected"):
            if comes_last and rung is not None and rung.result in ENDS_A_ROW:
                # What ends a row changes nothing where none is open: what happens most.
                said = diary.said.get(code, {})
                if all(each.cleared_at is not None for each in said.values()):
                    continue
            self._touched[agent_id, code] = None

    def _touch(self, agent_id: str, code: str, start: int) -> None:
        """Let a stretch be judged."""
        starts = self._touched.setdefault((agent_id, code), set())
        if starts is not None:
            starts.add(start)

    def write_leg(self, leg: Leg, team: str) -> None:
        """Write a finished call of a queue."""
        diary = self.docket.diary(leg.agent_id, team)
        contact = None
        if leg.ended_at is not None and leg.outcome == "answered" and not leg.voided:
            handled = leg.talk_ms if leg.talk_ms is not None else 0
            contact = Contact(leg.ended_at, leg.leg_id, handled, leg.ended_by)
        old = diary.write_contact(contact, leg.leg_id)
        if old == contact:
            return
        crew = self.docket.crew(team)
        behind: set[str] = set()
        if old is not None:
            behind |= crew.take(old, leg.agent_id)
            self._count(leg.agent_id, old, -1)
        if contact is not None:
            behind |= crew.put(contact, leg.agent_id)
            self._count(leg.agent_id, contact, +1)
        since = min(each.at for each in (old, contact) if each is not None)
        for other in behind:
            self.docket.diaries[other].means_from(since)
            self._touched[other, "slow_handling"] = None
        self._touched[leg.agent_id, "slow_handling"] = None

    def _count(self, agent_id: str, contact: Contact, sign: int) -> None:
        diary = self.docket.diaries[agent_id]
        month, end = month_bounds(contact.at, self.bench.zone)
        rule = self.bench.rule("short_call", agent_id, diary.team, month)
        assert isinstance(rule, ShortCall)
        own = diary.short.get(month)
        if own is None:
            own = diary.short[month] = [0, 0, 0]
            self.bench.remind(agent_id, end)
        team = self.docket.crew(diary.team).short.setdefault(month, [0, 0])
        short = is_short(contact, rule)
        for counts in (own, team):
            counts[0] += sign
            counts[1] += sign * short
        own[2] += sign * (short and contact.ended_by != "agent")
        clock, _ = self.bench.clock(agent_id)
        if end < clock:
            for other, each in self.docket.diaries.items():
                if each.team == diary.team and month in each.short:
                    self._touched[other, "short_call"] = None

    def look(self, agent_id: str) -> None:
        """Judge what time alone may have changed about an agent."""
        diary = self.docket.diaries.get(agent_id)
        if diary is None:
            return
        for kind, start in [key for key, each in diary.stretches.items() if each.end is None]:
            for code in JUDGED_BY[kind]:
                if code in KIND_OF:
                    self._touch(agent_id, code, start)
        if diary.short:
            self._touched[agent_id, "short_call"] = None
        for code, said in diary.said.items():
            if code not in KIND_OF and any(each.cleared_at is None for each in said.values()):
                self._touched[agent_id, code] = None

    # --- what follows -----------------------------------------------------------------------

    @property
    def has_work(self) -> bool:
        """Tell whether anything is to be judged."""
        return bool(self._touched)

    def facts(self, revision: int, known_at: int) -> Iterator[Violation]:
        """Judge what was touched; return the episodes of which something new is to be said."""
        found: dict[tuple[str, str], Judged] = {}
        teams: dict[tuple[str, str], None] = {}
        for pair, starts in self._touched.items():
            found[pair] = self._judged(*pair, starts)
            if self._note_fired(*pair, found[pair]):
                teams[self.docket.diaries[pair[0]].team, pair[1]] = None
        self._touched.clear()
        clusters = {each: self._suspects(*each, found) for each in teams}
        for pair, judged in found.items():
            yield from self._said(*pair, judged, revision, known_at)
        for (team, code), several in clusters.items():
            yield from self._team_said(team, code, several, revision, known_at)

    def _hearing(self, agent_id: str, diary: Diary, starts: Starts) -> Hearing:
        clock, lost_at = self.bench.clock(agent_id)
        rules = partial(self._rule, agent_id, diary.team)
        crew = self.docket.crew(diary.team)
        only = None if starts is None else frozenset(starts)
        return Hearing(agent_id, diary, crew, clock, lost_at, self.bench.zone, rules, only)

    def _rule(self, agent_id: str, team: str, code: str, at: int) -> Rule:
        return self.bench.rule(code, agent_id, team, at)

    def _judged(self, agent_id: str, code: str, starts: Starts) -> Judged:
        diary = self.docket.diaries[agent_id]
        hearing = self._hearing(agent_id, diary, starts)
        episodes: Episodes = {}
        due: int | None = None
        for each in RULES[code](hearing):
            if each.cleared_at is not None and each.cleared_at < diary.final_before:
                continue
            episodes[episode_id(code, agent_id, each.about)] = each
            look = each.next_look(hearing.clock)
            if look is not None and (due is None or look < due):
                due = look
        if due is not None:
            self.bench.remind(agent_id, due)
        names = None
        if starts is not None:
            kind = KIND_OF[code]
            names = frozenset(episode_id(code, agent_id, about(kind, each)) for each in starts)
        return Judged(episodes, names)

    def _note_fired(self, agent_id: str, code: str, judged: Judged) -> bool:
        """Note which episodes are of warning or above; return whether that is news."""
        key = f"{self.docket.diaries[agent_id].team}|{code}"
        clock, _ = self.bench.clock(agent_id)
        now = {
            name: Fired(each.fires_at, name, agent_id)
            for name, each in judged.episodes.items()
            if each.has_fired(clock) and each.severity(clock) != "info"
        }
        noted = self.docket.fired.get(key, {})
        before = {
            name: each
            for name, each in noted.items()
            if each.agent_id == agent_id and judged.speaks_of(name)
        }
        if now == before:
            return False
        noted = self.docket.fired.setdefault(key, {})
        for name in before.keys() - now.keys():
            del noted[name]
        noted.update(now)
        return True

    def _suspects(
        self, team: str, code: str, found: dict[tuple[str, str], Judged]
    ) -> list[Suspect]:
        """Find out which episodes of a team were too many at once; judge the others, too."""
        key = f"{team}|{code}"
        fired = sorted(self.docket.fired.get(key, {}).values())
        if not fired:
            several: list[Suspect] = []
        else:
            rule = self.bench.rule("system_suspect", "", team, fired[-1].at)
            assert isinstance(rule, SystemSuspect)
            counts = partial(self.docket.logged_in, team)
            several = suspects(fired, rule, counts) if rule.enabled else []
        excused = sorted(each.episode_id for suspect in several for each in suspect.fired)
        before = self.docket.excused.get(key, [])
        if excused != before:
            self.docket.excused[key] = excused
            changed = set(excused) ^ set(before)
            for each in fired:
                pair = (each.agent_id, code)
                judged = found.get(pair)
                if each.episode_id in changed and (
                    judged is None or each.episode_id not in judged.episodes
                ):
                    found[pair] = self._judged(*pair, None)
        return several

    def _said(
        self, agent_id: str, code: str, judged: Judged, revision: int, known_at: int
    ) -> Iterator[Violation]:
        diary = self.docket.diaries[agent_id]
        said = diary.said.get(code, {})
        clock, _ = self.bench.clock(agent_id)
        excused = self.docket.excused.get(f"{diary.team}|{code}", ())
        for name, each in judged.episodes.items():
            blank = self._blank(name, code, agent_id, diary.team, revision, known_at)
            fact = fact_of(each, blank, clock, suppressed=name in excused)
            before = said.get(name)
            if fact is not None and (before is None or not same(before, fact)):
                diary.said.setdefault(code, {})[name] = fact
                yield fact
            elif fact is None and before is not None:
                yield self._taken_back(diary.said[code], name, revision, known_at)
        for name in sorted(said.keys() - judged.episodes.keys()):
            if judged.speaks_of(name) and not is_final(said[name], diary.final_before):
                yield self._taken_back(diary.said[code], name, revision, known_at)

    def _taken_back(
        self, said: dict[str, Violation], name: str, revision: int, known_at: int
    ) -> Violation:
        gone = said.pop(name)
        return msgspec.structs.replace(gone, revision=revision, known_at=known_at, voided=True)

    def _blank(
        self, name: str, code: str, agent_id: str, team: str, revision: int, known_at: int
    ) -> Violation:
        return Violation(
            self.bench.tenant, self.bench.domain, revision, known_at, False, name, code,
            agent_id, "", team, "info", "pending", 0, None, None, "", "", "", "",
        )  # fmt: skip

    def _team_said(
        self, team: str, code: str, several: list[Suspect], revision: int, known_at: int
    ) -> Iterator[Violation]:
        key = f"{team}|{code}"
        said = self.docket.suspects.setdefault(key, {})
        now: set[str] = set()
        for suspect in several:
            rule = self.bench.rule("system_suspect", "", team, suspect.at)
            about = f"{code} since {suspect.fired[0].at}"
            name = episode_id("system_suspect", team, about)
            now.add(name)
            ends = [self._cleared_at(each, code) for each in suspect.fired]
            told = [end for end in ends if end is not None]
            fact = msgspec.structs.replace(
                self._blank(name, "system_suspect", "", team, revision, known_at),
                severity=rule.severity,
                state="firing" if len(told) < len(ends) else "resolved",
                pending_at=suspect.fired[0].at,
                fired_at=suspect.at,
                cleared_at=max(told) if len(told) == len(ends) else None,
                about=about,
                rule_version=rule.version,
                thresholds=rule.thresholds,
                evidence=text_of(
                    {
                        "events": [],
                        "code": code,
                        "episodes": [each.episode_id for each in suspect.fired],
                        "agents": sorted({each.agent_id for each in suspect.fired}),
                        "logged_in": suspect.logged_in,
                    }
                ),
            )
            if name not in said or not same(said[name], fact):
                said[name] = fact
                yield fact
        for name in sorted(said.keys() - now):
            yield self._taken_back(said, name, revision, known_at)

    def _cleared_at(self, fired: Fired, code: str) -> int | None:
        said = self.docket.diaries[fired.agent_id].said.get(code, {}).get(fired.episode_id)
        return said.cleared_at if said is not None else fired.at
