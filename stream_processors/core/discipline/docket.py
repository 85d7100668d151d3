"""All diaries of a domain, and what has been said of them: what judging depends on."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TypeAlias

import msgspec

from schemas.facts import Verdict, Violation
from stream_processors.core.discipline.crew import Crew
from stream_processors.core.discipline.diary import Diary
from stream_processors.core.discipline.episode import episode_id
from stream_processors.core.discipline.journey import Journey
from stream_processors.core.discipline.lengths import Lengths
from stream_processors.core.discipline.pages import Page
from stream_processors.core.discipline.suspicion import Fired, Suspect

EXCUSES = frozenset({"excused", "neutral"})
"""Verdicts of people after which an episode counts for nobody."""

_NONE: frozenset[str] = frozenset()


Missed: TypeAlias = tuple[int, str, str]
"""When [ms] an offer was missed, by whom, and which one it was."""


class SourceSuspects(msgspec.Struct, gc=False):
    """Which episodes of a rule were too many at one source, and what was said of that."""

    clusters: list[Suspect] = msgspec.field(default_factory=list)
    said: dict[str, Violation] = msgspec.field(default_factory=dict)


class Docket(msgspec.Struct, dict=True):
    """What is known of all agents of a domain for judging them.

    By team and code, `fired` holds the episodes of warning or above that are in reach,
    `clusters` which of them were too many at once, `suspects` what was said of that; by source
    and code, `source_suspects` holds both. `served` tells who took a call, `reviewed` what
    people decided of episodes lately, and when [ms].
    `pages` are an agent's critical episodes of a day, `beyond` those of them that page nobody,
    with the limit that they are beyond.
    `journeys` are interactions by source and id, `journey_of` tells in which a leg is,
    `said_of_calls` what was said of them.
    `missed` are by queue the offers that were missed while it is known who waited in it,
    `chatting` the agents of whose calls with colleagues more may become known, `lengths` by
    queue how long after-work lasted.
    """

    diaries: dict[str, Diary] = msgspec.field(default_factory=dict)
    crews: dict[str, Crew] = msgspec.field(default_factory=dict)
    fired: dict[str, dict[str, Fired]] = msgspec.field(default_factory=dict)
    clusters: dict[str, list[Suspect]] = msgspec.field(default_factory=dict)
    suspects: dict[str, dict[str, Violation]] = msgspec.field(default_factory=dict)
    source_suspects: dict[str, SourceSuspects] = msgspec.field(default_factory=dict)
    served: dict[str, str] = msgspec.field(default_factory=dict)
    reviewed: dict[str, tuple[str, int]] = msgspec.field(default_factory=dict)
    pages: dict[str, dict[str, Page]] = msgspec.field(default_factory=dict)
    beyond: dict[str, str] = msgspec.field(default_factory=dict)
    journeys: dict[str, Journey] = msgspec.field(default_factory=dict)
    journey_of: dict[str, str] = msgspec.field(default_factory=dict)
    said_of_calls: dict[str, dict[str, Violation]] = msgspec.field(default_factory=dict)
    missed: dict[str, list[Missed]] = msgspec.field(default_factory=dict)
    chatting: dict[str, None] = msgspec.field(default_factory=dict)
    lengths: dict[str, Lengths] = msgspec.field(default_factory=dict)

    @cached_property
    def _fired_of(self) -> dict[str, dict[str, dict[str, Fired]]]:
        """What `fired` holds, by agent besides: worked out of it, and no state."""
        return {}

    def fired_of(self, team: str, code: str, agent_id: str) -> dict[str, Fired]:
        """Return the episodes of an agent that are in reach, of warning or above."""
        key = f"{team}|{code}"
        people = self._fired_of.get(key)
        if people is None:
            people = self._fired_of[key] = {}
            for name, each in self.fired.setdefault(key, {}).items():
                people.setdefault(each.agent_id, {})[name] = each
        return people.get(agent_id, {})

    def write_fired(
        self, team: str, code: str, agent_id: str, gone: Iterable[str], now: Mapping[str, Fired]
    ) -> None:
        """Write which episodes of an agent are of warning or above, and which no longer."""
        key = f"{team}|{code}"
        mine = self.fired_of(team, code, agent_id)
        for known in (self.fired[key], mine):
            for name in gone:
                del known[name]
            known.update(now)
        self._fired_of[key][agent_id] = mine

    def note_fired_dropped(self) -> None:
        """Hear that something was dropped from `fired`, of whomever."""
        self._fired_of.clear()

    def diary(self, agent_id: str, team: str) -> Diary:
        """Return the diary of an agent, begun when he is first named."""
        diary = self.diaries.get(agent_id)
        if diary is None:
            diary = self.diaries[agent_id] = Diary(team)
        return diary

    def crew(self, team: str) -> Crew:
        """Return the finished calls of a team."""
        crew = self.crews.get(team)
        if crew is None:
            crew = self.crews[team] = Crew()
        return crew

    def note_chatting(self, agent_id: str) -> None:
        """Note that more may become known of an agent's calls with colleagues."""
        if agent_id not in self.chatting:
            self.chatting = dict.fromkeys(sorted([*self.chatting, agent_id]))

    def lengths_of(self, queue_id: str) -> Lengths:
        """Return how long after-work of a queue lasted."""
        lengths = self.lengths.get(queue_id)
        if lengths is None:
            # In an order that does not tell how the log was cut, for snapshots are compared.
            self.lengths = dict(sorted([*self.lengths.items(), (queue_id, Lengths())]))
            lengths = self.lengths[queue_id]
        return lengths

    def miss(self, queue_id: str, missed: Missed) -> None:
        """Note that an offer of a queue was missed."""
        known = self.missed.get(queue_id)
        if known is None:
            # In an order that does not tell how the log was cut, for snapshots are compared.
            self.missed = dict(sorted([*self.missed.items(), (queue_id, [])]))
            known = self.missed[queue_id]
        insort(known, missed)

    def unmiss(self, queue_id: str, missed: Missed) -> None:
        """Take back that an offer was missed."""
        known = self.missed.get(queue_id, [])
        place = bisect_left(known, missed)
        if place < len(known) and known[place] == missed:
            del known[place]

    def missed_since(self, queue_id: str, at: int) -> list[Missed]:
        """Return which offers of a queue were missed at an instant [ms] or later."""
        known = self.missed.get(queue_id)
        if not known or known[-1][0] < at:
            return []
        return known[bisect_left(known, (at, "", "")) :]

    def wrapups_since(self, at: int) -> int:
        """Return when [ms] the first after-work that is known began, at the latest `at`."""
        firsts = (next(iter(each.wrapups)) for each in self.diaries.values() if each.wrapups)
        return min(firsts, default=at)

    def logged_in(self, team: str, at: int) -> int:
        """Count who of a team was logged in at an instant [ms]."""
        return sum(
            diary.logged_in_at(at) for diary in self.diaries.values() if diary.team == team
        )

    def review(self, name: str, verdict: Verdict, at: int) -> None:
        """Note what a person decided at an instant [ms]; the first excuse stands for good."""
        decided: list[tuple[int, str]] = [(at, verdict)]
        if name in self.reviewed:
            before, before_at = self.reviewed[name]
            decided.append((before_at, before))
        excuses = [each for each in decided if each[1] in EXCUSES]
        stands_at, stands = min(excuses) if excuses else max(decided)
        self.reviewed[name] = (stands, stands_at)

    def was_excused(self, name: str, before: int) -> bool:
        """Tell whether a person excused an episode before an instant [ms]."""
        verdict, at = self.reviewed.get(name, ("", 0))
        return verdict in EXCUSES and at < before

    def excused_with(self, code: str, agent_id: str, about: str, at: int) -> str:
        """Return the late log-in that was excused before it became a no-show at `at` [ms]."""
        if code != "no_show":
            return ""
        late = episode_id("late_login", agent_id, about)
        return late if self.was_excused(late, at) else ""

    def state_of(self, said: Violation) -> str:
        """Return the state of a firing episode as people see it."""
        verdict = self.reviewed.get(said.episode_id, ("", 0))[0]
        return "acknowledged" if verdict == "acknowledged" else said.state

    def open_episodes(self) -> list[Violation]:
        """Return what was said of the episodes that fire and that nobody has excused."""
        return [
            said
            for said in self.firing()
            if self.reviewed.get(said.episode_id, ("", 0))[0] not in EXCUSES
        ]

    def said(self) -> Iterator[Violation]:
        """Return what was said last of all episodes that are in reach."""
        for owner in (*(diary.said for diary in self.diaries.values()), self.suspects):
            for episodes in owner.values():
                yield from episodes.values()
        for group in self.source_suspects.values():
            yield from group.said.values()
        for episodes in self.said_of_calls.values():
            yield from episodes.values()

    def firing(self) -> list[Violation]:
        """Return what was said of the episodes that fire."""
        return [said for said in self.said() if said.state == "firing"]

    def excused(self, team: str, code: str) -> frozenset[str]:
        """Return the ids of episodes that were too many at once in a team, or at a source."""
        clusters = self.clusters.get(f"{team}|{code}")
        of_team = ids_of(clusters) if clusters else _NONE
        return of_team | self.excused_at_sources(code) if self.source_suspects else of_team

    def excused_at_sources(self, code: str) -> frozenset[str]:
        """Return the ids of the episodes that were too many at once at any source."""
        return ids_of(
            cluster
            for key, group in self.source_suspects.items()
            if key.rpartition("|")[2] == code
            for cluster in group.clusters
        )

    def at_source(self, source: str, code: str) -> list[Suspect]:
        """Return which episodes were too many at once at a source."""
        group = self.source_suspects.get(f"{source}|{code}")
        return group.clusters if group is not None else []

    def write_source(self, source: str, code: str, clusters: list[Suspect]) -> None:
        """Write which episodes were too many at once at a source."""
        key = f"{source}|{code}"
        group = self.source_suspects.get(key)
        if group is not None:
            group.clusters = clusters
        elif clusters:
            # In an order that does not tell how the log was cut, for snapshots are compared.
            entries = [*self.source_suspects.items(), (key, SourceSuspects(clusters))]
            self.source_suspects = dict(sorted(entries, key=lambda entry: entry[0]))

    def drop_source_if_empty(self, source: str, code: str) -> None:
        """Forget a source of which nothing is suspected any more."""
        group = self.source_suspects.get(f"{source}|{code}")
        if group is not None and not group.clusters and not group.said:
            del self.source_suspects[f"{source}|{code}"]


def ids_of(clusters: Iterable[Suspect]) -> frozenset[str]:
    """Return the ids of all episodes of clusters."""
    return frozenset(each.episode_id for cluster in clusters for each in cluster.fired)
