"""Whoever is on call is paged so often and no more; what is beyond that goes into a digest.

A page is an episode that becomes critical. Which of them are within the budget follows from
their instants of event time alone, so it is the same live, in a replay and after a crash.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping

import msgspec

from schemas.discipline import PageBudget
from stream_processors.core.instants import DAY_MS, HOUR_MS

REMEMBERED_MS = DAY_MS
"""Of what an agent did longer ago nothing is held against him."""

AGENT, HOUR = "per_agent_shift", "per_hour"
"""Which limit an episode is beyond, as in the settings."""


class Page(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """An episode that became critical at an instant [ms].

    `spell` is the start [ms] of the agent's shift that it belongs to, or of his log-in where
    none is planned; None where he had neither.
    """

    at: int
    episode_id: str
    agent_id: str
    code: str
    spell: int | None = None


def beyond_budget(
    pages: Iterable[Page],
    settled: Mapping[str, str],
    budget: Callable[[int], PageBudget],
) -> dict[str, str]:
    """Return the limit that each episode is beyond, for those that page nobody.

    Args:
        pages: all that are remembered.
        settled: for those of which that stands already, the limit, or an empty text.
        budget: tells the budget in force at an instant [ms].
    """
    found: dict[str, str] = {}
    paged: list[int] = []
    of_agent: dict[tuple[str, int | None], list[int]] = {}
    for page in sorted(pages):
        own = of_agent.setdefault((page.agent_id, page.spell), [])
        limit = settled.get(page.episode_id)
        if limit is None:
            limits = budget(page.at)
            if (
                page.spell is not None
                and _since(own, page.at - REMEMBERED_MS) >= limits.per_agent_shift
            ):
                limit = AGENT
            else:
                limit = HOUR if _since(paged, page.at - HOUR_MS) >= limits.per_hour else ""
        if limit:
            found[page.episode_id] = limit
        else:
            paged.append(page.at)
            own.append(page.at)
    return found


def _since(instants: list[int], since: int) -> int:
    return len(instants) - bisect_right(instants, since)
