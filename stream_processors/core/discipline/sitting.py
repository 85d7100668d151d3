"""One sitting: what was touched is judged, and what is new about it is said as facts.

facts -> diaries -> rules -> episodes -> facts
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple, TypeAlias

import msgspec

from schemas.facts import Violation, says_the_same
from schemas.rules import Rule, SystemSuspect
from stream_processors.core.discipline.bench import Bench
from stream_processors.core.discipline.diary import is_final
from stream_processors.core.discipline.docket import Docket, ids_of
from stream_processors.core.discipline.episode import Episode, episode_id, fact_of, text_of
from stream_processors.core.discipline.hearing import Hearing
from stream_processors.core.discipline.paging import Paging
from stream_processors.core.discipline.rules import KIND_OF, OF_ARRIVALS, RULES
from stream_processors.core.discipline.stretches import about
from stream_processors.core.discipline.suspicion import Fired, Suspect, suspects
from stream_processors.core.discipline.touched import Starts
from stream_processors.core.plans import up_to_next

Pair: TypeAlias = tuple[str, str]
"""An agent, or a team, and the code of a rule."""


class Judged(NamedTuple):
    """Episodes by their ids, and which ids have been judged; None: all of the rule."""

    episodes: dict[str, Episode]
    names: frozenset[str] | None

    def speaks_of(self, name: str) -> bool:
        """Tell whether an episode that is not among them holds no more."""
        return self.names is None or name in self.names


class Sitting:
    """Judges what was touched of a docket, which is changed in place.

    Args:
        docket: all diaries of a domain.
        bench: time and rules.
        revision: log position that causes what becomes true now.
        known_at: when that was received [ms].
    """

    def __init__(self, docket: Docket, bench: Bench, revision: int, known_at: int) -> None:
        self._docket = docket
        self._bench = bench
        self._cause = (revision, known_at)
        self._hearings: dict[str, Hearing] = {}

    def facts(self, touched: Mapping[Pair, Starts]) -> Iterator[Violation]:
        """Return the episodes of which something new is to be said."""
        found: dict[Pair, Judged] = {}
        teams: dict[Pair, None] = {}
        for (agent_id, code), starts in touched.items():
            judged = found[agent_id, code] = self._judged(agent_id, code, starts)
            team = self._docket.diaries[agent_id].team
            excused = self._docket.excused(team, code)
            if self._note_fired(agent_id, code, judged) or (
                excused and not excused.isdisjoint(judged.episodes)
            ):
                teams[team, code] = None
        for team, code in teams:
            self._suspect(team, code, found)
        self._spend(touched, found)
        for (agent_id, code), judged in found.items():
            yield from self._said(agent_id, code, judged)
        for team, code in teams:
            yield from self._said_of_team(team, code)

    # --- agents -----------------------------------------------------------------------------

    def _hearing(self, agent_id: str) -> Hearing:
        """Return what all rules are told of an agent."""
        hearing = self._hearings.get(agent_id)
        if hearing is None:
            diary = self._docket.diaries[agent_id]
            clock = self._bench.clock(agent_id)
            hearing = self._hearings[agent_id] = Hearing(
                agent_id, diary, self._docket.crew(diary.team), clock,
                self._bench.zone, partial(self._rule, agent_id, diary.team), None,
                up_to_next(self._bench.shifts(agent_id), clock),
                max(diary.known_since, self._bench.heard_since(agent_id)),
            )  # fmt: skip
        return hearing

    def _judged(self, agent_id: str, code: str, starts: Starts) -> Judged:
        hearing = self._hearing(agent_id)
        hearing.only = None if starts is None else frozenset(starts)
        diary = hearing.diary
        episodes: dict[str, Episode] = {}
        due: int | None = None
        for each in RULES[code](hearing):
            if each.cleared_at is not None and each.cleared_at < diary.final_before:
                continue
            episodes[episode_id(code, agent_id, each.about)] = each
            look = each.next_look(hearing.clock)
            if look is not None and (due is None or look < due):
                due = look
        if due is not None:
            self._bench.remind(agent_id, due)
        if starts is None:
            return Judged(episodes, None)
        kind = KIND_OF[code]
        names = frozenset(episode_id(code, agent_id, about(kind, each)) for each in starts)
        return Judged(episodes, names)

    def _rule(self, agent_id: str, team: str, code: str, at: int) -> Rule:
        return self._bench.rule(code, agent_id, team, at)

    def _said(self, agent_id: str, code: str, judged: Judged) -> Iterator[Violation]:
        diary = self._docket.diaries[agent_id]
        said = diary.said.get(code, {})
        if not said and not judged.episodes:
            return
        clock = self._hearing(agent_id).clock
        excused = self._docket.excused(diary.team, code)
        for name, each in judged.episodes.items():
            blank = self._blank(name, code, agent_id, diary.team)
            beyond = self._docket.beyond.get(name, "")
            fact = fact_of(
                each, blank, clock, suppressed=name in excused, beyond=beyond,
                excused_with=self._excused_with(code, agent_id, each),
            )  # fmt: skip
            before = said.get(name)
            if fact is not None and (before is None or not says_the_same(before, fact)):
                diary.said.setdefault(code, {})[name] = fact
                yield fact
            elif fact is None and before is not None:
                yield self._taken_back(said, name)
        for name in sorted(said.keys() - judged.episodes.keys()):
            if judged.speaks_of(name) and not is_final(said[name], diary.final_before):
                yield self._taken_back(said, name)

    def _excused_with(self, code: str, agent_id: str, episode: Episode) -> str:
        """Return the late log-in that was excused before it became a no-show, if one was."""
        if code != "no_show":
            return ""
        late = episode_id("late_login", agent_id, episode.about)
        return late if self._docket.was_excused(late, episode.fires_at) else ""

    def _blank(self, name: str, code: str, agent_id: str, team: str) -> Violation:
        """Return a fact that says whose episode it is, and what causes it."""
        return Violation(
            self._bench.tenant, self._bench.domain, *self._cause, False, name, code, agent_id,
            "", team, "info", "pending", 0, None, None, "", "", "", "",
        )  # fmt: skip

    def _taken_back(self, said: dict[str, Violation], name: str) -> Violation:
        revision, known_at = self._cause
        gone = said.pop(name)
        return msgspec.structs.replace(gone, revision=revision, known_at=known_at, voided=True)

    def _spend(self, touched: Iterable[Pair], found: dict[Pair, Judged]) -> None:
        """Find out which critical episodes page; judge others of which that is news, too."""
        paging = Paging(self._docket, self._bench)
        news = [
            paging.note(agent_id, code, judged.episodes, judged.speaks_of)
            for (agent_id, code), judged in found.items()
        ]
        if not any(news) and not any(paging.have_moved(*pair) for pair in touched):
            return
        for page in paging.decide():
            pair = page.agent_id, page.code
            if pair not in found or page.episode_id not in found[pair].episodes:
                found[pair] = self._judged(*pair, None)

    # --- teams ------------------------------------------------------------------------------

    def _note_fired(self, agent_id: str, code: str, judged: Judged) -> bool:
        """Note which episodes are of warning or above; return whether that is news."""
        team = self._docket.diaries[agent_id].team
        noted = self._docket.fired.setdefault(f"{team}|{code}", {})
        if not noted and not judged.episodes:
            return False
        clock = self._hearing(agent_id).clock
        now = {
            name: Fired(each.fires_at, name, agent_id)
            for name, each in judged.episodes.items()
            if each.has_fired(clock) and each.severity(clock) != "info"
        }
        before = {
            name: each
            for name, each in noted.items()
            if each.agent_id == agent_id and judged.speaks_of(name)
        }
        if now == before:
            return False
        for name in before.keys() - now.keys():
            del noted[name]
        noted.update(now)
        return True

    def _suspect(self, team: str, code: str, found: dict[Pair, Judged]) -> None:
        """Find out which episodes of a team were too many at once; judge the others, too.

        What was found so long ago that nothing comes late any more stands as it was found:
        who was logged in then is forgotten.
        """
        key = f"{team}|{code}"
        before = self._docket.excused(team, code)
        clusters = [
            each
            for each in self._docket.clusters.get(key, [])
            if each.at < self._docket.diaries[each.fired[0].agent_id].final_before
        ]
        settled = ids_of(clusters)
        fired = sorted(
            each for name, each in self._docket.fired[key].items() if name not in settled
        )
        if fired:
            rule = self._bench.rule("system_suspect", "", team, fired[-1].at)
            assert isinstance(rule, SystemSuspect)
            if rule.enabled:
                there = self._planned if code in OF_ARRIVALS else self._docket.logged_in
                clusters += suspects(fired, rule, partial(there, team))
        self._docket.clusters[key] = clusters
        for each in fired:
            changed = each.episode_id in ids_of(clusters) ^ before
            judged = found.get((each.agent_id, code))
            if changed and (judged is None or each.episode_id not in judged.episodes):
                found[each.agent_id, code] = self._judged(each.agent_id, code, None)

    def _planned(self, team: str, at: int) -> int:
        """Count who of a team was to work at an instant [ms]."""
        return sum(
            any(shift.wants_work(at) for shift in self._bench.shifts(agent_id))
            for agent_id, diary in self._docket.diaries.items()
            if diary.team == team
        )

    def _said_of_team(self, team: str, code: str) -> Iterator[Violation]:
        """Say of each cluster of a team that the system is suspected, and until when."""
        said = self._docket.suspects.setdefault(f"{team}|{code}", {})
        now: set[str] = set()
        for suspect in self._docket.clusters[f"{team}|{code}"]:
            name = episode_id("system_suspect", team, suspect.about(code))
            now.add(name)
            fact = self._suspicion(name, team, code, suspect)
            if name not in said or not says_the_same(said[name], fact):
                said[name] = fact
                yield fact
        for name in sorted(said.keys() - now):
            yield self._taken_back(said, name)

    def _suspicion(self, name: str, team: str, code: str, suspect: Suspect) -> Violation:
        rule = self._bench.rule("system_suspect", "", team, suspect.at)
        ends = [self._cleared_at(each, code) for each in suspect.fired]
        told = [end for end in ends if end is not None]
        is_over = len(told) == len(ends)
        evidence = {
            "events": [],
            "code": code,
            "episodes": [each.episode_id for each in suspect.fired],
            "agents": sorted({each.agent_id for each in suspect.fired}),
            "logged_in": suspect.logged_in,
        }
        return msgspec.structs.replace(
            self._blank(name, "system_suspect", "", team),
            severity=rule.severity,
            state="resolved" if is_over else "firing",
            pending_at=suspect.fired[0].at,
            fired_at=suspect.at,
            cleared_at=max(told) if is_over else None,
            about=suspect.about(code),
            rule_version=rule.version,
            thresholds=rule.thresholds,
            evidence=text_of(evidence),
        )

    def _cleared_at(self, fired: Fired, code: str) -> int | None:
        """Return when an episode was over; one that is forgotten was over long ago."""
        said = self._docket.diaries[fired.agent_id].said.get(code, {}).get(fired.episode_id)
        return said.cleared_at if said is not None else fired.at
