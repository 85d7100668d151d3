"""Too many at once: where much of a team or a source violates a rule within a minute.

It is the system then, and not the people: their episodes keep rule, severity and times, but
are excused, and nobody is paged for them; one episode of the team or the source says why.
"""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from schemas.durations import in_ms
from schemas.facts import Violation
from schemas.rules import SystemSuspect


class Fired(NamedTuple):
    """An episode of `warning` or above, when it fired [ms] and whose it is."""

    at: int
    episode_id: str
    agent_id: str


class Suspect(NamedTuple):
    """Episodes that fired together, and when [ms] they became too many."""

    at: int
    fired: tuple[Fired, ...]
    logged_in: int

    def about(self, code: str) -> str:
        """Return what the episode of the team is about."""
        return f"{code} since {self.fired[0].at}"

    def about_source(self, code: str, source: str) -> str:
        """Return what the episode of a source is about."""
        return f"{self.about(code)} of source {source}"


class _Evidence(msgspec.Struct):
    source: str = ""


def source_of(episode: Violation) -> str:
    """Return which source is suspected as a whole; empty where it is no such episode."""
    if episode.code != "system_suspect":
        return ""
    return msgspec.json.decode(episode.evidence, type=_Evidence).source


Enough: TypeAlias = Callable[[Collection[str], int], int | None]
"""Tells of how many people some were too many at an instant [ms]; None if they were not."""


def suspects(
    fired: Sequence[Fired], rule: SystemSuspect, least: float, enough: Enough
) -> list[Suspect]:
    """Return the clusters of episodes, in the order of time, that are too many at once.

    Args:
        fired: episodes of one rule in one team or at one source, in the order of time.
        rule: within what time.
        least: so many people are never too many.
        enough: what is too many.
    """
    found: list[Suspect] = []
    within = in_ms(rule.within)
    first = 0
    for last, each in enumerate(fired):
        while each.at - fired[first].at > within:
            first += 1
        people = {one.agent_id for one in fired[first : last + 1]}
        if len(people) <= least:
            continue
        of = enough(people, each.at)
        if of is None:
            continue
        window = fired[first : last + 1]
        if found and found[-1].fired[-1].at >= window[0].at:
            before = found.pop()
            joined = tuple(sorted({*before.fired, *window}))
            found.append(Suspect(before.at, joined, before.logged_in))
        else:
            found.append(Suspect(each.at, tuple(window), of))
    return found


def too_many_of_team(people: int, team: int, rule: SystemSuspect) -> bool:
    """Tell whether so many people of a team of so many are too many at once."""
    return team >= rule.team and people > rule.share * team
