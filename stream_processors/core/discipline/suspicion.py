"""Too many at once: where much of a team violates a rule within a minute, it is the system.

Their episodes keep rule, severity and times, but are excused, and nobody is paged for them;
one episode of the team says why.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from schemas.durations import in_ms
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


def suspects(
    fired: Sequence[Fired], rule: SystemSuspect, logged_in: Callable[[int], int]
) -> list[Suspect]:
    """Return the clusters of episodes, in the order of time, that are too many at once.

    Args:
        fired: episodes of one rule in one team, in the order of time.
        rule: what is too many.
        logged_in: tells how many of the team were logged in at an instant [ms].
    """
    found: list[Suspect] = []
    within, least = in_ms(rule.within), rule.share * rule.team
    first = 0
    for last, each in enumerate(fired):
        while each.at - fired[first].at > within:
            first += 1
        people = {one.agent_id for one in fired[first : last + 1]}
        if len(people) <= least:
            continue
        team = logged_in(each.at)
        if team < rule.team or len(people) <= rule.share * team:
            continue
        window = fired[first : last + 1]
        if found and found[-1].fired[-1].at >= window[0].at:
            before = found.pop()
            joined = tuple(sorted({*before.fired, *window}))
            found.append(Suspect(before.at, joined, before.logged_in))
        else:
            found.append(Suspect(each.at, tuple(window), team))
    return found
