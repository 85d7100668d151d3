"""Slow handling: the mean of an agent's last calls against the others' over the same span."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from schemas.discipline import SlowHandling
from schemas.durations import in_ms
from stream_processors.core.discipline.diary import Contact, Means
from stream_processors.core.discipline.episode import Episode, Level
from stream_processors.core.discipline.hearing import Hearing

TOO_FEW: Means = (0.0, 0.0)


def slow_handling(hearing: Hearing) -> Iterator[Episode]:
    """Agents who are slower than the others of their team; looked at after each of their calls.

    Over when they are not any more, or log out.
    """
    diary = hearing.diary
    if not diary.contacts:
        return
    rule = hearing.rule(SlowHandling, "slow_handling", diary.contacts[-1].at)
    if not rule.enabled:
        return
    _work_out(hearing)
    outs = diary.log_outs()
    slow: tuple[Contact, Means, list[str]] | None = None
    for place, (contact, means) in enumerate(zip(diary.contacts, diary.means, strict=True)):
        if slow is not None:
            out = _first_after(outs, slow[0].at)
            if out is not None and out < contact.at:
                yield _episode(rule, *slow, out)
                slow = None
        if means == TOO_FEW:
            continue
        own, others = means
        if slow is None and own > rule.ratio * others:
            last = diary.contacts[max(0, place + 1 - rule.contacts) : place + 1]
            slow = (contact, means, [each.leg_id for each in last])
        elif slow is not None and own < rule.clear * others:
            yield _episode(rule, *slow, contact.at)
            slow = None
    if slow is not None:
        yield _episode(rule, *slow, _first_after(outs, slow[0].at))


def _first_after(instants: list[int], at: int) -> int | None:
    place = bisect_right(instants, at)
    return instants[place] if place < len(instants) else None


def _work_out(hearing: Hearing) -> None:
    """Work out the means at the ends of all calls of which they are not known."""
    diary = hearing.diary
    for place in range(len(diary.means), len(diary.contacts)):
        now = diary.contacts[place]
        rule = hearing.rule(SlowHandling, "slow_handling", now.at)
        count = rule.contacts
        first = place + 1 - count
        if first < 0 or diary.contacts[first].at < now.at - in_ms(rule.within):
            diary.means.append(TOO_FEW)
            continue
        diary.means.append(_means(hearing, first, place, count))


def _means(hearing: Hearing, first: int, last: int, count: int) -> Means:
    contacts = hearing.diary.contacts
    own = sum(each.handle_ms for each in contacts[first : last + 1]) / count
    start, end = contacts[first].at, contacts[last].at
    calls, total = hearing.crew.between(start, end)
    # Of his own, all that ended in the span: others may have ended at its very edges.
    mine = contacts[
        bisect_left(contacts, start, key=_ended_at) : bisect_right(contacts, end, key=_ended_at)
    ]
    calls -= len(mine)
    total -= sum(each.handle_ms for each in mine)
    return (own, total / calls) if calls >= count else TOO_FEW


def _ended_at(contact: Contact) -> int:
    return contact.at


def _episode(
    rule: SlowHandling, contact: Contact, means: Means, legs: list[str], cleared_at: int | None
) -> Episode:
    levels: list[Level] = [(contact.at, rule.severity)]
    if rule.severity == "info":
        levels.append((contact.at + in_ms(rule.warning_after), "warning"))
    own, others = means
    return Episode(
        code="slow_handling",
        about=f"call {contact.leg_id}",
        rule=rule,
        pending_at=contact.at,
        levels=tuple(levels),
        cleared_at=cleared_at,
        evidence={
            "events": [],
            "legs": legs,
            "mean_ms": round(own),
            "team_mean_ms": round(others),
            "ratio": round(own / others, 3) if others else None,
        },
    )
