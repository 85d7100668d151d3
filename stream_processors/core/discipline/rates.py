"""Rate rules: calls of a kind, by their number and by their share against the others'.

The calls are marked as they end. Who has marked too many is looked at after each of them.
"""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import NamedTuple

from schemas.durations import in_ms
from schemas.rules import AgentHangup, ExcessTransfer, Rule, ShortCall
from stream_processors.core.discipline.diary import Diary
from stream_processors.core.discipline.entries import Contact, Mark, Share, Tally
from stream_processors.core.discipline.episode import Episode, Level
from stream_processors.core.discipline.hearing import Hearing
from stream_processors.core.discipline.shares import is_short, may_be_the_agents, of_months

RESUMED_MS = 1_000
"""Who takes a caller off hold and hangs up so soon has hung up on one that he held."""

RATES = ("short_call", "agent_hangup", "excess_transfer")


class Bar(NamedTuple):
    """What is too much: `least` within a time and such a share, or more than `most`."""

    least: int
    within_ms: int
    times: float
    calls: int
    most: int | None = None


def may_count(code: str, contact: Contact) -> bool:
    """Tell whether a rule may count a call, whatever its thresholds."""
    if code == "excess_transfer":
        return contact.passed
    by_agent = contact.hung_up_by == "agent"
    return by_agent or (code == "short_call" and may_be_the_agents(contact))


def mark_of(code: str, contact: Contact, rule: Rule, diary: Diary) -> Mark | None:
    """Return the mark of a call that a rule counts, of those that it may count."""
    if not rule.enabled:
        return None
    sure = True
    if isinstance(rule, ShortCall):
        counts, sure = is_short(contact, rule), contact.hung_up_by == "agent"
    elif isinstance(rule, AgentHangup):
        early = contact.handle_ms < in_ms(rule.shorter_than)
        counts = early or _on_hold(contact, diary)
    else:
        counts = True
    return Mark(contact.at, contact.leg_id, sure) if counts else None


def _on_hold(contact: Contact, diary: Diary) -> bool:
    """Tell whether the caller was on hold as his call ended."""
    return contact.hold_ms > 0 and any(
        each.end is not None and contact.at - RESUMED_MS <= each.end <= contact.at
        for each in diary.stretches["holding"].values()
    )


def short_call(hearing: Hearing) -> Iterator[Episode]:
    """Short calls: of months that are over, and live."""
    yield from of_months(hearing)
    yield from _too_many(hearing, "short_call")


def agent_hangup(hearing: Hearing) -> Iterator[Episode]:
    """Calls that the agent ended early, or while the caller was on hold."""
    yield from _too_many(hearing, "agent_hangup")


def excess_transfer(hearing: Hearing) -> Iterator[Episode]:
    """Calls that the agent passed on."""
    yield from _too_many(hearing, "excess_transfer")


def _too_many(hearing: Hearing, code: str) -> Iterator[Episode]:
    """Yield where too many are marked; over when none is for as long as the rule looks back."""
    tally = hearing.diary.tallies.get(code)
    if tally is None:
        return
    _work_out(hearing, code, tally)
    since: int | None = None
    quiet = 0
    for place, (mark, share) in enumerate(zip(tally.marks, tally.shares, strict=True)):
        if since is not None and mark.at > tally.marks[place - 1].at + quiet:
            yield _episode(hearing, code, tally, since, place)
            since = None
        if since is None and share.too_much:
            since = place
            quiet = _bar(hearing.held.rule(code, mark.at)).within_ms
    if since is not None:
        yield _episode(hearing, code, tally, since, len(tally.marks))


def _work_out(hearing: Hearing, code: str, tally: Tally) -> None:
    """Work out the shares that are not known: once for each call, by the rule of its end."""
    for place in range(len(tally.shares), len(tally.marks)):
        at = tally.marks[place].at
        tally.shares.append(_share(hearing, code, tally, at, _bar(hearing.held.rule(code, at))))


def _share(hearing: Hearing, code: str, tally: Tally, at: int, bar: Bar) -> Share:
    start = at - bar.within_ms + 1
    calls = hearing.diary.calls_between(start, at)
    marked = tally.between(start, at)
    of_others = hearing.crew.between(start, at)[0] - calls
    marked_of_others = hearing.crew.marked_between(code, start, at) - marked
    stands_out = (
        marked >= bar.least
        and min(calls, of_others) >= bar.calls
        and marked * of_others > bar.times * marked_of_others * calls
    )
    too_much = stands_out or (bar.most is not None and marked > bar.most)
    return Share(calls, marked, of_others, marked_of_others, too_much)


def _bar(rule: Rule) -> Bar:
    if isinstance(rule, ShortCall):
        within = in_ms(rule.live_within)
        return Bar(rule.live_count, within, rule.live_times, rule.live_calls)
    assert isinstance(rule, AgentHangup | ExcessTransfer)
    most = rule.most if isinstance(rule, ExcessTransfer) else None
    return Bar(rule.count, in_ms(rule.within), rule.times_others, rule.calls, most)


def _episode(hearing: Hearing, code: str, tally: Tally, since: int, until: int) -> Episode:
    """Return the episode that fired at one mark, and that marks up to another joined."""
    fired, share = tally.marks[since], tally.shares[since]
    rule = hearing.held.rule(code, fired.at)
    bar = _bar(rule)
    first = tally.place(fired.at - bar.within_ms + 1)
    counted = tally.marks[first:until]
    legs = [each.leg_id for each in counted]
    over = counted[-1].at + bar.within_ms
    sure = [each for each in counted if each.sure]
    levels: list[Level] = [(fired.at, rule.severity)]
    worse = _critical_at(rule, sure) if isinstance(rule, ShortCall) else None
    if worse is not None:
        levels.append((max(fired.at, worse), "critical"))
    return Episode(
        code=code,
        about=f"call {fired.leg_id}",
        rule=rule,
        pending_at=counted[0].at,
        levels=tuple(levels),
        cleared_at=over if over < hearing.clock else None,
        looks_at=over,
        evidence={
            "events": hearing.diary.ends_of(legs, fired=since - first),
            "legs": legs,
            "at": [each.at for each in counted],
            "count": len(counted),
            "marked": share.marked,
            "calls": share.calls,
            "share": round(share.marked / share.calls, 4),
            "others_calls": share.of_others,
            "others_share": _ratio(share.marked_of_others, share.of_others),
            "ended_by_unknown": len(counted) - len(sure),
            "note": "nobody told who hung up" if len(sure) < len(counted) else "",
        },
    )


def _critical_at(rule: ShortCall, sure: Sequence[Mark]) -> int | None:
    """Return when [ms] so many within the time were told to be the agent's doing; or None."""
    # Two and a half are reached by the third; floats miss whole numbers by little.
    least = ceil(round(rule.live_count * rule.critical_after, 6))
    within = in_ms(rule.live_within)
    for first, last in zip(sure, sure[least - 1 :], strict=False):
        if last.at - first.at < within:
            return last.at
    return None


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
