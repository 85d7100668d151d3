"""All diaries of a domain, and what has been said of them: what judging depends on."""

from collections.abc import Iterator

import msgspec

from schemas.facts import Violation
from stream_processors.core.discipline.crew import Crew
from stream_processors.core.discipline.diary import Diary, is_final
from stream_processors.core.discipline.suspicion import Fired

KEPT_MS = 60 * 60_000
"""No window of a rule but that of `slow_handling` is longer than this."""

CALLS_KEPT_MS = 16 * 60 * 60_000
"""Calls of a team are kept so long: `slow_handling` may look back 12 hours."""


EXCUSES = frozenset({"excused", "neutral"})
"""Verdicts of people after which an episode counts for nobody."""


class Docket(msgspec.Struct, gc=False):
    """What is known of all agents of a domain for judging them.

    `fired` holds, by team and code, the episodes of warning or above that are in reach,
    `excused` which of them were too many at once, `suspects` what was said of that; `reviewed`
    tells what people decided about episodes lately, and when [ms].
    """

    diaries: dict[str, Diary] = msgspec.field(default_factory=dict)
    crews: dict[str, Crew] = msgspec.field(default_factory=dict)
    fired: dict[str, dict[str, Fired]] = msgspec.field(default_factory=dict)
    excused: dict[str, list[str]] = msgspec.field(default_factory=dict)
    suspects: dict[str, dict[str, Violation]] = msgspec.field(default_factory=dict)
    reviewed: dict[str, tuple[str, int]] = msgspec.field(default_factory=dict)

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

    def logged_in(self, team: str, at: int) -> int:
        """Count who of a team was logged in at an instant [ms]."""
        return sum(
            any(
                each.kind == "session"
                and each.start <= at
                and (each.end is None or each.end > at)
                for each in diary.stretches.values()
            )
            for diary in self.diaries.values()
            if diary.team == team
        )

    def open_episodes(self) -> list[Violation]:
        """Return what was said of the episodes that fire and that nobody has excused."""
        return [
            said
            for said in self._firing()
            if self.reviewed.get(said.episode_id, ("", 0))[0] not in EXCUSES
        ]

    def said(self) -> Iterator[Violation]:
        """Return what was said last of all episodes that are in reach."""
        for owner in (*(diary.said for diary in self.diaries.values()), self.suspects):
            for episodes in owner.values():
                yield from episodes.values()

    def _firing(self) -> list[Violation]:
        return [said for said in self.said() if said.state == "firing"]

    def forget(self, before: int) -> None:
        """Drop what no rule can reach: nothing comes any more of before `before` [ms]."""
        for diary in self.diaries.values():
            diary.forget(before, KEPT_MS)
        for crew in self.crews.values():
            crew.forget(before - CALLS_KEPT_MS)
        final = before - KEPT_MS
        fires = {said.episode_id for said in self._firing()}
        for name, (_, at) in list(self.reviewed.items()):
            if at < final and name not in fires:
                del self.reviewed[name]
        for key, fired in list(self.fired.items()):
            self.fired[key] = {name: each for name, each in fired.items() if each.at >= final}
            self.excused[key] = [
                each for each in self.excused.get(key, ()) if each in self.fired[key]
            ]
        for episodes in self.suspects.values():
            for each in [each for each, said in episodes.items() if is_final(said, final)]:
                del episodes[each]
