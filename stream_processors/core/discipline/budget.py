"""The budget of breaks: what all breaks of one log-in are together."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from math import floor

from schemas.durations import in_ms
from schemas.rules import BreakBudget
from stream_processors.core.discipline.diary import ADDED_UP_MS
from stream_processors.core.discipline.entries import Stretch
from stream_processors.core.discipline.episode import Episode, Level
from stream_processors.core.discipline.hearing import Hearing

CODE = "break_budget"


def break_budget(hearing: Hearing) -> Iterator[Episode]:
    """Log-ins whose breaks are together too long, or too many; over when they are.

    Who stays logged in for days has a budget for each 24 hours of it. A break belongs to those
    in which it began.
    """
    sessions = hearing.of_kind("session")
    starts = [each.start for each in sessions]
    taken: dict[tuple[int, int], list[Stretch]] = {}
    for each in hearing.of_kind("break"):
        place = bisect_right(starts, each.start) - 1
        if place >= 0:
            day = (each.start - starts[place]) // ADDED_UP_MS
            taken.setdefault((place, starts[place] + day * ADDED_UP_MS), []).append(each)
    for (place, start), breaks in taken.items():
        rule = hearing.rule(BreakBudget, CODE, start)
        if rule.enabled:
            counted = [each for each in breaks if each.reason not in rule.not_counted]
            yield from _over(hearing, rule, counted, start, sessions[place].end)


def _over(
    hearing: Hearing,
    rule: BreakBudget,
    breaks: Sequence[Stretch],
    start: int,
    logged_out: int | None,
) -> Iterator[Episode]:
    """Yield the episode of a budget that is spent, or will be if the break goes on."""
    fires = _spent_at(breaks, in_ms(rule.allowance), rule.most)
    if fires is None:
        return
    levels: list[Level] = [(fires, rule.severity)]
    if rule.severity == "info":
        times = rule.warning_after
        # Twelve and a half are passed by the thirteenth; floats miss whole numbers by little.
        most = floor(round(rule.most * times, 6))
        worse = _spent_at(breaks, round(in_ms(rule.allowance) * times), most)
        if worse is not None:
            levels.append((worse, "warning"))
    renewed = start + ADDED_UP_MS
    over = renewed if logged_out is None else min(logged_out, renewed)
    yield Episode(
        code=CODE,
        about=f"breaks since {start}",
        rule=rule,
        pending_at=fires,
        levels=tuple(levels),
        cleared_at=over if over < hearing.clock or over == logged_out else None,
        looks_at=renewed,
        told=False,
        evidence={
            "events": [event for each in breaks for event in each.events],
            "breaks": [each.start for each in breaks],
            "count": len(breaks),
            "ended_ms": sum(each.end - each.start for each in breaks if each.end is not None),
        },
    )


def _spent_at(breaks: Sequence[Stretch], allowance_ms: int, most: int) -> int | None:
    """Return when [ms] breaks become too long together, or one too many begins.

    What ended unseen is counted as long as it was seen.
    """
    spent = 0
    for count, each in enumerate(breaks, 1):
        if count > most:
            return each.start
        end = each.end if each.unseen_since is None else each.unseen_since
        if end is None or spent + end - each.start > allowance_ms:
            return each.start + allowance_ms - spent
        spent += end - each.start
    return None
