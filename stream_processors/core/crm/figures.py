"""What is shown of a CRM's present: cards in work, how long filling takes, what customers say.

Read when it is asked for, from what is in reach anyway; an hour back, by the clock of what was
told last.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from schemas.crm_events import off_scale
from schemas.facts import Card, Survey
from stream_processors.core.crm.desk import Crm
from stream_processors.core.windows import WINDOWS

WINDOW = "60m"
POSITIVE = 0.75
"""Answers from this part of the scale on are positive: 4 and 5 of 1 to 5."""


class CrmFigures(NamedTuple):
    """Of one team: cards open now, mean filling [ms], share of positive answers; None: none."""

    cards_open: int
    filling_ms: float | None
    satisfaction: float | None


NOTHING = CrmFigures(0, None, None)
"""Of a team of which no CRM told anything lately."""


class _Sums:
    def __init__(self) -> None:
        self.open = 0
        self.fillings: list[int] = []
        self.answers: list[bool] = []


def figures(
    crm: Crm, now: int, team_of: Callable[[str], str]
) -> Iterator[tuple[str, CrmFigures]]:
    """Return the figures of each team of which a CRM told something lately.

    Args:
        crm: what was told.
        now: the latest time [ms] that was heard.
        team_of: returns the team of an agent, empty if he is in none.
    """
    teams: dict[str, _Sums] = {}
    after = now - WINDOWS[WINDOW]
    cards = [told for told in crm.said() if isinstance(told, Card)]
    for card in cards:
        sums = teams.setdefault(team_of(card.agent_id), _Sums())
        _add_filling(sums, card, after, now)
    for card in _latest(cards):
        teams[team_of(card.agent_id)].open += _is_open(card, after)
    for answer in _holding(crm):
        trace = crm.book.traces.get(answer.leg_id)
        agent_id = answer.agent_id or (trace.agent_id if trace else "")
        if after < answer.answered_at <= now:
            sums = teams.setdefault(team_of(agent_id), _Sums())
            part = (answer.score - answer.scale_min) / (answer.scale_max - answer.scale_min)
            sums.answers.append(part >= POSITIVE)
    for team, sums in sorted(teams.items()):
        yield team, CrmFigures(sums.open, _mean(sums.fillings), _mean(sums.answers))


def _holding(crm: Crm) -> Iterable[Survey]:
    """Return how satisfied customers were, of each survey the last answer."""
    last: dict[tuple[str, str], Survey] = {}
    for told in crm.said():
        # One off its scale may stand in a snapshot of an earlier program.
        if (
            isinstance(told, Survey)
            and told.kind == "csat"
            and not off_scale(told.scale_min, told.score, told.scale_max)
        ):
            key = (told.source, told.survey_id or told.answer_id)
            known = last.setdefault(key, told)
            if (told.answered_at, told.answer_id) > (known.answered_at, known.answer_id):
                last[key] = told
    return last.values()


def _add_filling(sums: _Sums, card: Card, after: int, now: int) -> None:
    end = card.closed_at if card.saved_at is None else card.saved_at
    if card.filling_ms is not None and end is not None and after < end <= now:
        sums.fillings.append(card.filling_ms)


def _latest(fillings: Iterable[Card]) -> Iterable[Card]:
    """Return the latest filling of each agent and card: one opened again is one card."""
    latest: dict[tuple[str, str, str], Card] = {}
    for each in fillings:
        whose = (each.source, each.card_id, each.agent_id)
        known = latest.setdefault(whose, each)
        if each.began_at > known.began_at:
            latest[whose] = each
    return latest.values()


def _is_open(card: Card, after: int) -> bool:
    """Tell whether a card is in work; one not touched since an instant [ms] was left open."""
    return card.closed_at is None and max(card.began_at, card.saved_at or 0) > after


def _mean(values: list[int] | list[bool]) -> float | None:
    return sum(values) / len(values) if values else None
