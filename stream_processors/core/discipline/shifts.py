"""Rules about a planned shift: who comes late or not at all, leaves early, or pauses at work.

A shift that began before its agent's source was heard is not judged by who was logged in: how
it began nobody knows.
"""

from collections.abc import Iterator
from itertools import pairwise

from schemas.durations import in_ms
from schemas.rules import (
    EarlyLogout,
    LateLogin,
    NoShow,
    NotLoggedOut,
    Rule,
    UnscheduledBreak,
    WorkInsteadOfBreak,
)
from stream_processors.core.discipline.entries import Stretch
from stream_processors.core.discipline.episode import Episode, Level
from stream_processors.core.discipline.hearing import Hearing
from stream_processors.core.discipline.stretches import about
from stream_processors.core.plans import Item, Shift


def late_login(hearing: Hearing) -> Iterator[Episode]:
    """Shifts whose work began without their agent; over when he comes, or is a no-show."""
    for shift, start in _judged_from_the_start(hearing):
        rule = hearing.rule(LateLogin, "late_login", start)
        if not rule.enabled:
            continue
        fires = start + in_ms(rule.grace)
        levels: list[Level] = [(fires, rule.severity)]
        if rule.severity != "critical":
            levels.append((max(fires, start + in_ms(rule.critical_after)), "critical"))
        absent = hearing.rule(NoShow, "no_show", start)
        over = start + in_ms(absent.after) if absent.enabled else None
        yield from _missing(hearing, "late_login", rule, shift, levels, over)


def no_show(hearing: Hearing) -> Iterator[Episode]:
    """Shifts to which nobody came."""
    for shift, start in _judged_from_the_start(hearing):
        rule = hearing.rule(NoShow, "no_show", start)
        if rule.enabled:
            levels = [(start + in_ms(rule.after), rule.severity)]
            yield from _missing(hearing, "no_show", rule, shift, levels, None)


def _missing(
    hearing: Hearing,
    code: str,
    rule: Rule,
    shift: Shift,
    levels: list[Level],
    over: int | None,
) -> Iterator[Episode]:
    """Yield that an agent is missing, until he logs in; at `over` [ms] another rule has him."""
    start, until = shift.works_from, shift.works_until
    assert start is not None
    assert until is not None
    came = _presence(hearing, start, until)
    if came is not None and _may_have_been_in_time(came, levels[0][0]):
        return
    arrived = None if came is None else max(came.start, start)
    last = until if over is None else min(over, until)
    yield _episode(
        hearing, code, rule, f"shift of {shift.start}", levels, arrived, last,
        pending_at=start if code == "late_login" else levels[0][0],
        evidence={
            "events": [shift.told_by, *(came.events[:1] if came is not None else ())],
            "planned_from": start,
            "planned_until": until,
            "logged_in_at": arrived,
        },
    )  # fmt: skip


def _presence(hearing: Hearing, start: int, until: int) -> Stretch | None:
    """Return the first session that reaches into planned work."""
    for each in hearing.of_kind("session"):
        if each.start < until and (each.end is None or each.end > start):
            return each
    return None


def _may_have_been_in_time(came: Stretch, fires: int) -> bool:
    return came.begun_unseen_since is not None and came.begun_unseen_since <= fires


def early_logout(hearing: Hearing) -> Iterator[Episode]:
    """Log-outs after which work was planned; over when the agent is back, or work ends."""
    sessions = hearing.of_kind("session")
    for shift, start in _judged_from_the_start(hearing):
        until = shift.works_until
        assert until is not None
        for out, back in pairwise([*sessions, None]):
            if out is None or out.end is None or not start < out.end < until:
                continue
            missed = shift.work_from(out.end)
            rule = hearing.rule(EarlyLogout, "early_logout", start)
            if not rule.enabled or missed is None or missed >= until - in_ms(rule.grace):
                continue
            # One whom a snapshot found gone is gone from then on, whenever he left.
            fires = missed + in_ms(rule.wait)
            returned = back.start if back is not None and back.start < until else None
            yield _episode(
                hearing, "early_logout", rule, f"log-out of {out.end}",
                [(fires, rule.severity)], returned, until,
                pending_at=missed,
                evidence={
                    "events": [shift.told_by, *out.events[1:]],
                    "logged_out_at": out.end,
                    "planned_until": until,
                    "logged_in_at": returned,
                },
            )  # fmt: skip


def unscheduled_break(hearing: Hearing) -> Iterator[Episode]:
    """Breaks that begin while work is planned; over with the break, or when work is."""
    for each in hearing.stretches("break"):
        planned = hearing.planned_at(each.start)
        if planned is None or planned[1].activity != "work":
            continue
        shift, _ = planned
        rule = hearing.rule(UnscheduledBreak, "unscheduled_break", each.start)
        fires, free = each.start + in_ms(rule.grace), shift.free_from(each.start)
        unseen = each.unseen_since is not None and each.unseen_since <= fires
        if not rule.enabled or free <= fires or unseen:
            continue
        yield _episode(
            hearing, "unscheduled_break", rule, about(each.kind, each.start),
            [(fires, rule.severity)], each.end, free,
            pending_at=each.start,
            evidence={
                "events": [shift.told_by, *each.events],
                "reason": each.reason,
                "started_at": each.start,
                "planned": "work",
                "planned_until": free,
            },
        )  # fmt: skip


def work_instead_of_break(hearing: Hearing) -> Iterator[Episode]:
    """Planned breaks in which the agent stayed ready for calls."""
    for shift in hearing.shifts:
        for item in shift.items:
            if item.activity != "break":
                continue
            rule = hearing.rule(WorkInsteadOfBreak, "work_instead_of_break", item.start)
            limit = in_ms(rule.limit)
            if not rule.enabled:
                continue
            for start, end in _on_queue(hearing, item):
                if start + limit >= item.end or (end is not None and end <= start + limit):
                    continue
                yield _episode(
                    hearing, "work_instead_of_break", rule, f"planned break of {item.start}",
                    [(start + limit, rule.severity)], end, item.end,
                    pending_at=start + limit,
                    evidence={
                        "events": [shift.told_by],
                        "planned_from": item.start,
                        "planned_until": item.end,
                        "worked_from": start,
                    },
                )  # fmt: skip
                break


def _on_queue(hearing: Hearing, item: Item) -> Iterator[tuple[int, int | None]]:
    """Yield from when to when [ms] the agent was ready for calls within an activity."""
    pauses = hearing.of_kind("break")
    for session in hearing.of_kind("session"):
        at, out = max(session.start, item.start), _seen_until(session)
        for pause in pauses:
            if pause.end is not None and pause.end <= at:
                continue
            if at >= item.end or (out is not None and pause.start >= out):
                break
            begun = (
                pause.start if pause.begun_unseen_since is None else pause.begun_unseen_since
            )
            if at < begun:
                yield at, begun
            if pause.end is None:
                return
            at = max(at, pause.end)
        if at < item.end and (out is None or out > at):
            yield at, out


def _seen_until(session: Stretch) -> int | None:
    """Return until when [ms] a session was seen to last; None while it does."""
    return session.end if session.unseen_since is None else session.unseen_since


def not_logged_out(hearing: Hearing) -> Iterator[Episode]:
    """Sessions that outlast their shift; over at the log-out, or when the next shift begins."""
    for shift, following in pairwise([*hearing.shifts, None]):
        assert shift is not None
        end = shift.works_until
        if end is None:
            continue
        rule = hearing.rule(NotLoggedOut, "not_logged_out", end)
        fires = end + in_ms(rule.after)
        if not rule.enabled or (following is not None and following.start <= fires):
            continue
        for each in hearing.of_kind("session"):
            if each.start < end and (each.end is None or each.end > fires):
                if each.unseen_since is not None and each.unseen_since <= fires:
                    continue
                yield _episode(
                    hearing, "not_logged_out", rule, f"shift of {shift.start}",
                    [(fires, rule.severity)], each.end,
                    None if following is None else following.start,
                    pending_at=end,
                    evidence={
                        "events": [shift.told_by, *each.events],
                        "planned_until": end,
                        "logged_in_at": each.start,
                    },
                )  # fmt: skip


def _judged_from_the_start(hearing: Hearing) -> Iterator[tuple[Shift, int]]:
    """Yield the shifts with work whose beginning was seen, and when their work begins [ms]."""
    for shift in hearing.shifts:
        start = shift.works_from
        if start is not None and start >= hearing.heard_since:
            yield shift, start


def _episode(
    hearing: Hearing,
    code: str,
    rule: Rule,
    what: str,
    levels: list[Level],
    ended_at: int | None,
    over: int | None,
    *,
    pending_at: int,
    evidence: dict[str, object],
) -> Episode:
    """Return an episode that something ends at `ended_at`, or time at `over` [ms]."""
    ends_by_time = over is not None and (ended_at is None or over < ended_at)
    cleared_at = ended_at
    if ends_by_time:
        # Time has passed an instant when the clock shows a later one.
        cleared_at = over if over is not None and over < hearing.clock else None
    return Episode(
        code=code,
        about=what,
        rule=rule,
        pending_at=pending_at,
        levels=tuple(levels),
        cleared_at=cleared_at,
        looks_at=over if ends_by_time else None,
        told=False,
        evidence=evidence,
    )
