"""Slow handling: the mean of an agent's last calls against the others' over the same span."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from schemas.durations import in_ms
from schemas.rules import SlowHandling
from stream_processors.core.discipline.entries import Contact, Pace
from stream_processors.core.discipline.episode import Episode, Level
from stream_processors.core.discipline.hearing import Hearing

CODE = "slow_handling"
_TOO_FEW = Pace()


def slow_handling(hearing: Hearing) -> Iterator[Episode]:
    """Agents who are slower than the others of their team; looked at after each of their calls.

    Over when they are not any more, or log out.
    """
    diary = hearing.diary
    _work_out(hearing)
    outs = hearing.log_outs()
    since: int | None = None  # where in the contacts he became slow
    for place, (contact, pace) in enumerate(zip(diary.contacts, diary.paces, strict=True)):
        if since is not None:
            out = _first_from(outs, diary.contacts[since].at)
            if out is not None and out < contact.at:
                yield _episode(hearing, since, out)
                since = None
        if since is None and pace.slow:
            since = place
        elif since is not None and pace.recovered:
            yield _episode(hearing, since, contact.at)
            since = None
    if since is not None:
        yield _episode(hearing, since, _first_from(outs, diary.contacts[since].at))


def _first_from(instants: list[int], at: int) -> int | None:
    """Return the first instant from one on: a log-out may be what ended the call."""
    place = bisect_left(instants, at)
    return instants[place] if place < len(instants) else None


def _work_out(hearing: Hearing) -> None:
    """Work out the paces at the ends of all calls of which they are not known.

    Once for each call, by the rule that held then: a rule of today does not change them.
    """
    diary = hearing.diary
    for place in range(len(diary.paces), len(diary.contacts)):
        rule = hearing.rule(SlowHandling, CODE, diary.contacts[place].at)
        diary.paces.append(_pace(hearing, place, rule) if rule.enabled else _TOO_FEW)


def _pace(hearing: Hearing, place: int, rule: SlowHandling) -> Pace:
    contacts, count = hearing.diary.contacts, rule.contacts
    last = contacts[max(0, place + 1 - count) : place + 1]
    start, end = last[0].at, last[-1].at
    if len(last) < count or start < end - in_ms(rule.within):
        return _TOO_FEW
    calls, total = hearing.crew.between(start, end)
    # Of his own, all that ended in the span: others may have ended at its very edges.
    mine = contacts[
        bisect_left(contacts, start, key=_ended_at) : bisect_right(contacts, end, key=_ended_at)
    ]
    calls -= len(mine)
    total -= sum(each.handle_ms for each in mine)
    if calls < count:
        return _TOO_FEW
    own, others = sum(each.handle_ms for each in last) / count, total / calls
    # Who is still too slow has not recovered, though somebody sets `clear` above `ratio`.
    clear = min(rule.clear, rule.ratio)
    return Pace(own, others, count, own > rule.ratio * others, own < clear * others)


def _ended_at(contact: Contact) -> int:
    return contact.at


def _episode(hearing: Hearing, place: int, cleared_at: int | None) -> Episode:
    """Return the episode that began with a contact."""
    contact, pace = hearing.diary.contacts[place], hearing.diary.paces[place]
    rule = hearing.rule(SlowHandling, CODE, contact.at)
    levels: list[Level] = [(contact.at, rule.severity)]
    if rule.severity == "info":
        levels.append((contact.at + in_ms(rule.warning_after), "warning"))
    last = hearing.diary.contacts[max(0, place + 1 - pace.contacts) : place + 1]
    legs = [each.leg_id for each in last]
    return Episode(
        code=CODE,
        about=f"call {contact.leg_id}",
        rule=rule,
        pending_at=contact.at,
        levels=tuple(levels),
        cleared_at=cleared_at,
        evidence={
            "events": hearing.diary.ends_of(legs, fired=len(legs) - 1),
            "legs": legs,
            "mean_ms": round(pace.own_ms),
            "team_mean_ms": round(pace.others_ms),
            "ratio": round(pace.own_ms / pace.others_ms, 3) if pace.others_ms else None,
        },
    )
