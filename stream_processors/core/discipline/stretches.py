"""Rules about one stretch of time: a break, an after-work, a hold that lasts too long.

Each fires when limit and grace have passed since the beginning, also while nothing happens.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from schemas.durations import in_ms
from schemas.rules import (
    BreakTooLong,
    IdleNotReady,
    LateReturn,
    LongHold,
    Rule,
    WrapupTooLong,
    by_reason,
)
from stream_processors.core.discipline.entries import Stretch
from stream_processors.core.discipline.episode import Episode, Level
from stream_processors.core.discipline.hearing import Hearing
from stream_processors.core.instants import day_bounds
from stream_processors.core.plans import return_from


def about(kind: str, start: int) -> str:
    """Return what the episodes of a stretch are about."""
    return f"{kind} of {start}"


def late_return(hearing: Hearing) -> Iterator[Episode]:
    """Breaks longer than their allowance; where one is planned, longer than the plan."""
    for each in hearing.stretches("break"):
        rule = hearing.rule(LateReturn, "late_return", each.start)
        allowed = by_reason(rule.allowance, each.reason) if rule.enabled else None
        if allowed is not None:
            planned = return_from(hearing.shifts, each.start, in_ms(allowed))
            limit = allowed
            if planned is not None:
                if not planned:
                    continue
                limit = timedelta(milliseconds=planned - each.start)
            # Who pauses just before a planned break ends has little left of it; late by as
            # little is nothing to wake anybody for.
            worse = max(limit, allowed) * (rule.critical_after - 1)
            yield from _too_long(hearing, "late_return", rule, each, limit, rule.grace, worse)


def break_too_long(hearing: Hearing) -> Iterator[Episode]:
    """Breaks longer than is ever allowed."""
    for each in hearing.stretches("break"):
        rule = hearing.rule(BreakTooLong, "break_too_long", each.start)
        longest = by_reason(rule.longest, each.reason) if rule.enabled else None
        if longest is not None:
            yield from _too_long(hearing, "break_too_long", rule, each, longest, rule.grace)


def idle_not_ready(hearing: Hearing) -> Iterator[Episode]:
    """Pauses without a reason."""
    for each in hearing.stretches("break"):
        rule = hearing.rule(IdleNotReady, "idle_not_ready", each.start)
        if rule.enabled and each.reason in rule.reasons:
            yield from _too_long(hearing, "idle_not_ready", rule, each, rule.limit, rule.grace)


def acw_too_long(hearing: Hearing) -> Iterator[Episode]:
    """After-work that lasts too long, for anybody and for its queue."""
    for each in hearing.stretches("wrapup"):
        rule = hearing.rule(WrapupTooLong, "acw_too_long", each.start)
        if rule.enabled:
            wrapup = hearing.diary.wrapups.get(each.start)
            queue_id = wrapup.queue_id if wrapup is not None else ""
            limit, why = _limit_of(hearing, rule, each.start, queue_id)
            worse = limit * (rule.critical_after - 1)
            for episode in _too_long(
                hearing, "acw_too_long", rule, each, limit, rule.grace, worse, why
            ):
                yield replace(episode, queue_id=queue_id)


def _limit_of(
    hearing: Hearing, rule: WrapupTooLong, start: int, queue_id: str
) -> tuple[timedelta, Mapping[str, Any]]:
    """Return the limit of an after-work that began at `start` [ms], and what makes it so."""
    lengths = hearing.lengths.get(queue_id)
    if lengths is None or not rule.times_p90:
        return rule.limit, {}
    day, _ = day_bounds(start // 1000, hearing.zone)
    usual = lengths.usual(day, hearing.zone)
    if usual.of < rule.least_count:
        return rule.limit, {}
    limit = max(rule.limit, timedelta(seconds=rule.times_p90 * usual.p90_s))
    return limit, {
        "queue_id": queue_id,
        "p90_ms": usual.p90_s * 1000,
        "wrapups": usual.of,
    }


def long_hold(hearing: Hearing) -> Iterator[Episode]:
    """Callers kept on hold for too long, and calls that were mostly hold."""
    for each in hearing.stretches("holding"):
        rule = hearing.rule(LongHold, "long_hold", each.start)
        if rule.enabled:
            yield from _too_long(hearing, "long_hold", rule, each, rule.limit, rule.grace)
    if hearing.only is None:
        yield from _mostly_hold(hearing)


def _mostly_hold(hearing: Hearing) -> Iterator[Episode]:
    """Calls held for too large a part of their talk; known, and over, at their end.

    Not those of which a single hold was too long: one call is one violation.
    """
    holds = hearing.of_kind("holding")
    for call in hearing.diary.contacts:
        if not call.hold_ms:
            continue
        rule = hearing.rule(LongHold, "long_hold", call.at)
        most = rule.share * call.handle_ms
        if not (rule.enabled and rule.share) or call.hold_ms <= max(most, in_ms(rule.grace)):
            continue
        began = call.at - call.handle_ms - call.hold_ms
        longest = in_ms(rule.limit) + in_ms(rule.grace)
        if any(
            began <= each.start <= call.at and (each.end or call.at) - each.start > longest
            for each in holds
        ):
            continue
        yield Episode(
            code="long_hold",
            about=f"call {call.leg_id}",
            rule=rule,
            pending_at=call.at,
            levels=((call.at, rule.severity),),
            cleared_at=call.at,
            evidence={
                "events": [],
                "legs": [call.leg_id],
                "hold_ms": call.hold_ms,
                "talk_ms": call.handle_ms,
                "note": "mostly hold",
            },
        )


def _too_long(
    hearing: Hearing,
    code: str,
    rule: Rule,
    stretch: Stretch,
    limit: timedelta,
    grace: timedelta,
    worse: timedelta | None = None,
    why: Mapping[str, Any] = MappingProxyType({}),
) -> Iterator[Episode]:
    """Yield the episode of a stretch; none where it ended unseen and may have been in time.

    It is critical when it is `worse` than the limit by so much; never, if None.
    """
    pending = stretch.start + in_ms(limit)
    fires = pending + in_ms(grace)
    if stretch.unseen_since is not None and stretch.unseen_since <= fires:
        return
    levels: list[Level] = [(fires, rule.severity)]
    if worse is not None and rule.severity != "critical":
        levels.append((max(fires, fires + in_ms(worse)), "critical"))
    yield Episode(
        code=code,
        about=about(stretch.kind, stretch.start),
        rule=rule,
        pending_at=pending,
        levels=tuple(levels),
        cleared_at=stretch.end,
        told=False,
        evidence={
            "events": stretch.events,
            "reason": stretch.reason,
            "started_at": stretch.start,
            "limit_ms": in_ms(limit),
            "grace_ms": in_ms(grace),
            **why,
        },
    )
