"""Critical episodes of a docket, held against the budget of pages when one of them changes."""

from collections.abc import Callable, Mapping

import msgspec

from stream_processors.core.discipline.bench import Bench
from stream_processors.core.discipline.docket import Docket
from stream_processors.core.discipline.episode import Episode
from stream_processors.core.discipline.pages import Page, beyond_budget
from stream_processors.core.discipline.rules import OF_PLANS

_OF_SPELLS = frozenset({"relog", *OF_PLANS})
"""Rules that are judged whenever a log-in, a log-out or a plan has changed."""


class Paging:
    """Notes pages in a docket, which is changed in place, and decides about them."""

    def __init__(self, docket: Docket, bench: Bench) -> None:
        self._docket = docket
        self._bench = bench

    def note(
        self,
        agent_id: str,
        code: str,
        episodes: Mapping[str, Episode],
        speaks_of: Callable[[str], bool],
    ) -> bool:
        """Note which episodes of an agent are critical; return whether that is news.

        Args:
            agent_id: whose they are.
            code: their rule.
            episodes: those that have been judged, by their ids.
            speaks_of: tells whether an episode that is not among them holds no more.
        """
        noted = self._docket.pages.get(agent_id, {})
        if not noted and not episodes:
            return False
        diary, clock = self._docket.diaries[agent_id], self._bench.clock(agent_id)
        excused = self._docket.excused(diary.team, code)
        now = {
            name: at
            for name, each in episodes.items()
            if (at := each.critical_at(clock)) is not None
            and name not in excused
            and not self._is_excused(agent_id, name, each, at)
        }
        # What was over long ago is not judged again, and stays.
        before = {
            name: page.at
            for name, page in noted.items()
            if page.code == code
            and speaks_of(name)
            and (name in episodes or page.at >= diary.final_before)
        }
        if now == before:
            return False
        for name in before.keys() - now.keys():
            del noted[name]
        for name, at in now.items():
            if before.get(name) != at:
                noted[name] = Page(at, name, agent_id, code)
        self._docket.pages[agent_id] = noted
        if not noted:
            del self._docket.pages[agent_id]
        return True

    def _is_excused(self, agent_id: str, name: str, episode: Episode, at: int) -> bool:
        """Tell whether a person excused an episode before it became critical at `at` [ms]."""
        docket = self._docket
        return docket.was_excused(name, at) or bool(
            docket.excused_with(episode.code, agent_id, episode.about, episode.fires_at)
        )

    def have_moved(self, agent_id: str, code: str) -> bool:
        """Tell whether pages of an agent are of another shift since a rule was touched."""
        if code not in _OF_SPELLS or agent_id not in self._docket.pages:
            return False
        final = self._docket.diaries[agent_id].final_before
        return any(
            page.at >= final and page.spell != self._spell(agent_id, page.at)
            for page in self._docket.pages[agent_id].values()
        )

    def decide(self) -> list[Page]:
        """Decide anew which pages are within the budget; return those that change sides.

        What became critical so long ago that nothing comes late any more stays as it was.
        """
        docket = self._docket
        settled: dict[str, str] = {}
        for agent_id, pages in docket.pages.items():
            final = docket.diaries[agent_id].final_before
            for name, page in pages.items():
                if page.at < final:
                    settled[name] = docket.beyond.get(name, "")
                else:
                    spell = self._spell(agent_id, page.at)
                    pages[name] = msgspec.structs.replace(page, spell=spell)
        # In an order that does not tell how the log was cut, for snapshots are compared.
        docket.pages = {
            agent_id: dict(sorted(pages.items()))
            for agent_id, pages in sorted(docket.pages.items())
        }
        known = [page for pages in docket.pages.values() for page in pages.values()]
        before = docket.beyond
        docket.beyond = beyond_budget(known, settled, self._bench.budget)
        return [
            page
            for page in known
            if before.get(page.episode_id) != docket.beyond.get(page.episode_id)
        ]

    def _spell(self, agent_id: str, at: int) -> int | None:
        """Return when the agent's shift began that an instant [ms] is of, or his log-in."""
        for shift in self._bench.shifts(agent_id):
            if shift.start <= at < shift.end:
                return shift.start
        session = self._docket.diaries[agent_id].session_at(at)
        return session.start if session is not None else None
