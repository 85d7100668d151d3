"""One sitting: what was touched is judged, and what is new about it is said as facts.

facts -> diaries -> rules -> episodes -> facts
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

import msgspec

from schemas.facts import Violation, says_the_same
from stream_processors.core.discipline.bench import Bench
from stream_processors.core.discipline.diary import is_final
from stream_processors.core.discipline.docket import Docket
from stream_processors.core.discipline.episode import Episode, episode_id, fact_of
from stream_processors.core.discipline.hearing import Hearing
from stream_processors.core.discipline.paging import Paging
from stream_processors.core.discipline.rules import KIND_OF, RULES
from stream_processors.core.discipline.stretches import about
from stream_processors.core.discipline.suspecting import Suspecting
from stream_processors.core.discipline.touched import Starts
from stream_processors.core.plans import up_to_next

Pair: TypeAlias = tuple[str, str]
"""An agent and the code of a rule."""


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
        suspecting = Suspecting(self._docket, self._bench, *self._cause)
        for (agent_id, code), starts in touched.items():
            judged = found[agent_id, code] = self._judged(agent_id, code, starts)
            clock = self._hearing(agent_id).clock
            suspecting.note(agent_id, code, judged.episodes, judged.speaks_of, clock)
        for each, code in suspecting.find():
            pair = each.agent_id, code
            if pair not in found or each.episode_id not in found[pair].episodes:
                found[pair] = self._judged(*pair, None)
        self._spend(touched, found)
        for (agent_id, code), judged in found.items():
            yield from self._said(agent_id, code, judged)
        yield from suspecting.facts()

    def _hearing(self, agent_id: str) -> Hearing:
        """Return what all rules are told of an agent."""
        hearing = self._hearings.get(agent_id)
        if hearing is None:
            diary = self._docket.diaries[agent_id]
            clock = self._bench.clock(agent_id)
            hearing = self._hearings[agent_id] = Hearing(
                agent_id, diary, self._docket.crew(diary.team), clock,
                self._bench.zone, self._bench.rules(agent_id, diary.team), None,
                up_to_next(self._bench.shifts(agent_id), clock),
                max(diary.known_since, self._bench.heard_since(agent_id)), self._docket.lengths,
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
                excused_with=self._docket.excused_with(
                    code, agent_id, each.about, each.fires_at
                ),
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
