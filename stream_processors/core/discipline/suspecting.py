"""Where so many violate a rule at once that the system is suspected: found, and said.

A source comes before its teams: what is part of its suspect is of none of theirs, so that a
feed that freezes is one suspect and not one for each team.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import TypeAlias

import msgspec

from schemas.facts import Violation, says_the_same
from schemas.rules import SystemSuspect
from stream_processors.core.discipline.bench import Bench
from stream_processors.core.discipline.docket import Docket, SourceSuspects, ids_of
from stream_processors.core.discipline.episode import Episode, episode_id, text_of
from stream_processors.core.discipline.rules import OF_ARRIVALS
from stream_processors.core.discipline.suspicion import (
    Fired,
    Suspect,
    suspects,
    too_many_of_team,
)

Group: TypeAlias = tuple[str, str]
"""A team, or a source, and the code of a rule."""


class Suspecting:
    """Finds in one sitting which episodes were too many at once; changes the docket.

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
        self._teams: dict[Group, None] = {}
        self._sources: dict[Group, None] = {}
        self._present: dict[tuple[str, str, int], int] = {}
        self._sessions: dict[str, tuple[list[int], list[int]]] = {}

    def note(
        self,
        agent_id: str,
        code: str,
        episodes: Mapping[str, Episode],
        speaks_of: Callable[[str], bool],
        clock: int,
    ) -> None:
        """Note what was judged of an agent, and whose suspects that may change."""
        team = self._docket.diaries[agent_id].team
        excused = self._docket.excused(team, code)
        if self._note_fired(agent_id, code, episodes, speaks_of, clock) or (
            excused and not excused.isdisjoint(episodes)
        ):
            self._teams[team, code] = None
            self._sources[self._bench.source_name(agent_id), code] = None

    def _note_fired(
        self,
        agent_id: str,
        code: str,
        episodes: Mapping[str, Episode],
        speaks_of: Callable[[str], bool],
        clock: int,
    ) -> bool:
        """Note which episodes are of warning or above; return whether that is news."""
        team = self._docket.diaries[agent_id].team
        noted = self._docket.fired_of(team, code, agent_id)
        if not noted and not episodes:
            return False
        now = {
            name: Fired(each.fires_at, name, agent_id)
            for name, each in episodes.items()
            if each.has_fired(clock) and each.severity(clock) != "info"
        }
        before = {name: each for name, each in noted.items() if speaks_of(name)}
        if now == before:
            return False
        gone = before.keys() - now.keys()
        self._docket.write_fired(team, code, agent_id, gone, now)
        return True

    # --- what is too many -------------------------------------------------------------------

    def find(self) -> Iterator[tuple[Fired, str]]:
        """Find what was too many at once; yield the episodes that are excused now or no more.

        What was found so long ago that nothing comes late any more stands as it was found:
        who was logged in then is forgotten.
        """
        changed: dict[tuple[Fired, str], None] = {}
        for source, code in self._sources:
            for each in self._find_of_source(source, code):
                changed[each, code] = None
                self._teams[self._docket.diaries[each.agent_id].team, code] = None
        for team, code in self._teams:
            for each in self._find_of_team(team, code):
                changed[each, code] = None
        yield from changed

    def _find_of_source(self, source: str, code: str) -> list[Fired]:
        """Find the suspects of a source; return which episodes came or went."""
        name = self._bench.source_name
        known = self._docket.at_source(source, code)
        before = ids_of(known)
        clusters = self._settled(known)
        taken = ids_of(clusters)
        fired: list[Fired] = []
        for team in self._docket.crews:
            here = self._docket.fired.get(f"{team}|{code}")
            if not here:
                continue
            settled = ids_of(self._settled(self._docket.clusters.get(f"{team}|{code}", ())))
            fired += (
                each
                for each in here.values()
                if each.episode_id not in taken
                and each.episode_id not in settled
                and name(each.agent_id) == source
            )
        fired.sort()
        if fired:
            rule = self._rule("", fired[-1].at)
            if rule.enabled:
                least = min(rule.share * rule.team, rule.all_of_source - 1)
                enough = partial(self._enough_of_source, source, code, rule)
                clusters += suspects(fired, rule, least, enough)
        self._docket.write_source(source, code, clusters)
        now = ids_of(clusters)
        return [each for each in fired if each.episode_id in before ^ now]

    def _find_of_team(self, team: str, code: str) -> list[Fired]:
        """Find the suspects of a team; return which episodes came or went."""
        key = f"{team}|{code}"
        known = self._docket.clusters.get(key, [])
        before = ids_of(known)
        clusters = self._settled(known)
        taken = ids_of(clusters) | self._docket.excused_at_sources(code)
        everything = self._docket.fired.get(key, {}).values()
        fired = sorted(each for each in everything if each.episode_id not in taken)
        if fired:
            rule = self._rule(team, fired[-1].at)
            if rule.enabled:
                enough = partial(self._enough_of_team, team, code, rule)
                clusters += suspects(fired, rule, rule.share * rule.team, enough)
        self._docket.clusters[key] = clusters
        changed = before ^ ids_of(clusters)
        return [each for each in everything if each.episode_id in changed]

    def _settled(self, clusters: Iterable[Suspect]) -> list[Suspect]:
        diaries = self._docket.diaries
        return [
            each for each in clusters if each.at < diaries[each.fired[0].agent_id].final_before
        ]

    def _enough_of_team(
        self, team: str, code: str, rule: SystemSuspect, people: Collection[str], at: int
    ) -> int | None:
        of = self._of_team(team, code, at)
        return of if too_many_of_team(len(people), of, rule) else None

    def _enough_of_source(
        self, source: str, code: str, rule: SystemSuspect, people: Collection[str], at: int
    ) -> int | None:
        of = self._of_source(source, code, people, at)
        everybody = len(people) >= of >= rule.all_of_source
        teams = {self._docket.diaries[each].team for each in people}
        if len(teams) > 1:
            return of if everybody or too_many_of_team(len(people), of, rule) else None
        # What is too much of one team is said of the team.
        (team,) = teams
        is_said = self._enough_of_team(team, code, self._rule(team, at), people, at)
        return of if everybody and is_said is None else None

    def _rule(self, team: str, at: int) -> SystemSuspect:
        rule = self._bench.rules("", team).rule("system_suspect", at)
        assert isinstance(rule, SystemSuspect)
        return rule

    # --- of how many ------------------------------------------------------------------------

    def _of_team(self, team: str, code: str, at: int) -> int:
        """Count who of a team was logged in, or was to be, at an instant [ms]."""
        key = (f"team {team}", code if code in OF_ARRIVALS else "", at)
        found = self._present.get(key)
        if found is None:
            if code in OF_ARRIVALS:
                diaries = self._docket.diaries.items()
                people = (agent for agent, diary in diaries if diary.team == team)
                found = self._planned(people, at)
            else:
                found = self._docket.logged_in(team, at)
            self._present[key] = found
        return found

    def _of_source(self, source: str, code: str, people: Collection[str], at: int) -> int:
        """Count who of a source was logged in, or was to be; with those who violated."""
        if code not in OF_ARRIVALS:
            begun, ended = self._sessions_of(source)
            there = bisect_right(begun, at) - bisect_right(ended, at)
            diaries = self._docket.diaries
            return there + sum(not diaries[each].logged_in_at(at) for each in people)
        key = (f"source {source}", code, at)
        found = self._present.get(key)
        if found is None:
            found = self._present[key] = self._planned(self._people_of(source), at)
        return found

    def _people_of(self, source: str) -> Iterator[str]:
        name = self._bench.source_name
        return (each for each in self._docket.diaries if name(each) == source)

    def _planned(self, people: Iterable[str], at: int) -> int:
        """Count who was to work at an instant [ms]."""
        return sum(
            any(shift.wants_work(at) for shift in self._bench.shifts(each)) for each in people
        )

    def _sessions_of(self, source: str) -> tuple[list[int], list[int]]:
        """Return when [ms] log-ins of a source's agents began, and when they ended, sorted."""
        found = self._sessions.get(source)
        if found is None:
            sessions = [
                each
                for agent_id in self._people_of(source)
                for each in self._docket.diaries[agent_id].stretches["session"].values()
            ]
            found = self._sessions[source] = (
                sorted(each.start for each in sessions),
                sorted(each.end for each in sessions if each.end is not None),
            )
        return found

    # --- what is said -----------------------------------------------------------------------

    def facts(self) -> Iterator[Violation]:
        """Say of each cluster that the system is suspected, and until when."""
        for team, code in self._teams:
            said = self._docket.suspects.setdefault(f"{team}|{code}", {})
            clusters = self._docket.clusters[f"{team}|{code}"]
            now = {
                episode_id("system_suspect", team, each.about(code)): self._suspicion(
                    team, code, each, each.about(code)
                )
                for each in clusters
            }
            yield from self._news(said, now)
        for source, code in self._sources:
            group = self._docket.source_suspects.get(f"{source}|{code}")
            if group is not None:
                yield from self._said_of_source(group, source, code)
                self._docket.drop_source_if_empty(source, code)

    def _said_of_source(
        self, group: SourceSuspects, source: str, code: str
    ) -> Iterator[Violation]:
        now = {}
        for each in group.clusters:
            about = each.about_source(code, source)
            name = episode_id("system_suspect", "", about)
            now[name] = self._suspicion("", code, each, about, source)
        yield from self._news(group.said, now)

    def _news(
        self, said: dict[str, Violation], now: Mapping[str, Violation]
    ) -> Iterator[Violation]:
        for name, fact in now.items():
            if name not in said or not says_the_same(said[name], fact):
                said[name] = fact
                yield fact
        for name in sorted(said.keys() - now.keys()):
            revision, known_at = self._cause
            gone = said.pop(name)
            yield msgspec.structs.replace(
                gone, revision=revision, known_at=known_at, voided=True
            )

    def _suspicion(
        self, team: str, code: str, suspect: Suspect, about: str, source: str = ""
    ) -> Violation:
        rule = self._rule(team, suspect.at)
        ends = [self._cleared_at(each, code) for each in suspect.fired]
        told = [end for end in ends if end is not None]
        is_over = len(told) == len(ends)
        evidence = {
            "events": [],
            "code": code,
            "episodes": [each.episode_id for each in suspect.fired],
            "agents": sorted({each.agent_id for each in suspect.fired}),
            "logged_in": suspect.logged_in,
            **({"source": source} if source else {}),
        }
        return Violation(
            self._bench.tenant, self._bench.domain, *self._cause, False,
            episode_id("system_suspect", team, about), "system_suspect", "", "", team,
            rule.severity, "resolved" if is_over else "firing", suspect.fired[0].at,
            suspect.at, max(told) if is_over else None, about, rule.version, rule.thresholds,
            text_of(evidence),
        )  # fmt: skip

    def _cleared_at(self, fired: Fired, code: str) -> int | None:
        """Return when an episode was over; one that is forgotten was over long ago."""
        said = self._docket.diaries[fired.agent_id].said.get(code, {}).get(fired.episode_id)
        return said.cleared_at if said is not None else fired.at
