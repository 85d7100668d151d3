"""One sitting over interactions: what was touched is judged, what is new is said as facts."""

from collections.abc import Callable, Iterable, Iterator

from msgspec.structs import replace

from schemas.facts import Violation, says_the_same
from stream_processors.core.discipline.docket import Docket
from stream_processors.core.discipline.episode import Episode, episode_id, fact_of
from stream_processors.core.discipline.journeys import Case, hanging, ping_pong
from stream_processors.core.discipline.register import Desk

OF_CALLS: dict[str, Callable[[Case], Iterator[Episode]]] = {
    "hanging": hanging,
    "ping_pong": ping_pong,
}
"""Rules about interactions by their codes."""


class CallSitting:
    """Judges interactions of a docket, which is changed in place.

    Args:
        docket: all that is known of a domain for judging.
        desk: time and rules.
        revision: log position that causes what becomes true now.
        known_at: when that was received [ms].
    """

    def __init__(self, docket: Docket, desk: Desk, revision: int, known_at: int) -> None:
        self._docket = docket
        self._desk = desk
        self._cause = (revision, known_at)

    def facts(self, touched: Iterable[str]) -> Iterator[Violation]:
        """Return the episodes of which something new is to be said."""
        for key in touched:
            yield from self._of(key)

    def _of(self, key: str) -> Iterator[Violation]:
        journey = self._docket.journeys[key]
        clock = self._desk.source_clock(journey.source)
        case = Case(journey, clock, self._desk.queue_rule)
        said = self._docket.said_of_calls.get(key, {})
        now: dict[str, Violation] = {}
        for judge in OF_CALLS.values():
            for each in judge(case):
                name = episode_id(each.code, key, each.about)
                fact = fact_of(each, self._blank(name, each), clock, suppressed=False)
                if fact is not None:
                    now[name] = fact
                look = each.next_look(clock)
                if look is not None:
                    self._desk.remind_of_call(journey.source, key, look)
        for name in sorted(said.keys() - now.keys()):
            revision, known_at = self._cause
            yield replace(said[name], revision=revision, known_at=known_at, voided=True)
        for name, fact in now.items():
            before = said.get(name)
            if before is None or not says_the_same(before, fact):
                yield fact
            else:
                now[name] = before
        if now:
            self._docket.said_of_calls[key] = now
        elif said:
            del self._docket.said_of_calls[key]

    def _blank(self, name: str, episode: Episode) -> Violation:
        """Return a fact that says where an episode belongs, and what causes it."""
        return Violation(
            self._desk.tenant, self._desk.domain, *self._cause, False, name, episode.code, "",
            "", self._desk.team_of_queue(episode.queue_id), "info", "pending", 0, None, None,
            "", "", "", "",
        )  # fmt: skip
