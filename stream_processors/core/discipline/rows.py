"""Rules about several things in a row or within a time: offers, flips, log-ins."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from schemas.durations import in_ms
from schemas.rules import OfferRejected, Relog, Rona, Rule, Toggle
from stream_processors.core.discipline.diary import ENDS_A_ROW, UNANSWERED
from stream_processors.core.discipline.entries import OfferEnd
from stream_processors.core.discipline.episode import Episode, Level
from stream_processors.core.discipline.hearing import Hearing


def rona(hearing: Hearing) -> Iterator[Episode]:
    """Offers not answered, over all queues: a warning for a row of them, info for a single one.

    An answered offer or a log-out ends a row and its warning; what comes while a warning is
    open joins it. So every missed offer stands in one episode. A warning is critical from the
    first of its misses on at which others waited in the queue.
    """
    row: list[OfferEnd] = []
    recent: list[OfferEnd] = []
    open_since: OfferEnd | None = None
    counted: list[OfferEnd] = []
    rule = None
    for ended in hearing.diary.offer_ends:
        if ended.result in ENDS_A_ROW:
            if open_since is not None and rule is not None and not hearing.is_final(ended.at):
                yield _in_a_row(rule, open_since, counted, ended.at)
            open_since, row, counted = None, [], []
        elif ended.result == "no_answer":
            now = hearing.rule(Rona, "rona", ended.at)
            if not now.enabled:
                continue
            row.append(ended)
            since = ended.at - in_ms(now.within)
            recent = [each for each in recent if each.at > since]
            recent.append(ended)
            if open_since is not None:
                counted.append(ended)
            elif len(row) >= now.consecutive or len(recent) >= now.count:
                in_a_row = len(row) >= now.consecutive
                open_since, rule = ended, now
                counted = list(row if in_a_row else recent)
            elif not hearing.is_final(ended.at):
                single: list[Level] = [(ended.at, "info")]
                others = {"waiting": [ended.others]}
                yield _missed("rona", now, single, ended, [ended], ended.at, others)
    if open_since is not None and rule is not None:
        yield _in_a_row(rule, open_since, counted, None)


def _in_a_row(
    rule: Rona, fired: OfferEnd, counted: Sequence[OfferEnd], cleared_at: int | None
) -> Episode:
    levels: list[Level] = [(fired.at, rule.severity)]
    worse = None
    if rule.critical_waiting and rule.severity != "critical":
        waited = (ended for ended in counted if ended.others >= rule.critical_waiting)
        worse = next((ended for ended in waited if ended >= fired), None)
    others: dict[str, Any] = {"waiting": [ended.others for ended in counted]}
    if worse is not None:
        levels.append((worse.at, "critical"))
        others["waiting_legs"] = worse.waiting
    return _missed("rona", rule, levels, fired, counted, cleared_at, others)


def offer_rejected(hearing: Hearing) -> Iterator[Episode]:
    """Offers that the agent rejected; over with the next one that he takes, or his log-out."""
    recent: list[OfferEnd] = []
    counted: list[OfferEnd] = []
    open_since: OfferEnd | None = None
    rule = None
    for ended in hearing.diary.offer_ends:
        if ended.result in ENDS_A_ROW and open_since is not None and rule is not None:
            yield _rejected(rule, open_since, counted, ended.at)
            open_since, counted = None, []
        elif ended.result == "rejected":
            now = hearing.rule(OfferRejected, "offer_rejected", ended.at)
            if not now.enabled:
                continue
            since = ended.at - in_ms(now.within)
            recent = [each for each in recent if each.at > since]
            recent.append(ended)
            if open_since is not None:
                counted.append(ended)
            elif len(recent) >= now.count:
                open_since, rule, counted = ended, now, list(recent)
    if open_since is not None and rule is not None:
        yield _rejected(rule, open_since, counted, None)


def _rejected(
    rule: Rule, fired: OfferEnd, counted: Sequence[OfferEnd], cleared_at: int | None
) -> Episode:
    levels: list[Level] = [(fired.at, rule.severity)]
    return _missed("offer_rejected", rule, levels, fired, counted, cleared_at, {})


def _missed(
    code: str,
    rule: Rule,
    levels: Sequence[Level],
    fired: OfferEnd,
    counted: Sequence[OfferEnd],
    cleared_at: int | None,
    more: Mapping[str, Any],
) -> Episode:
    return Episode(
        code=code,
        about=f"offer {fired.offer_id}",
        rule=rule,
        pending_at=counted[0].at,
        levels=tuple(levels),
        cleared_at=cleared_at,
        queue_id=fired.queue_id,
        evidence={
            "events": sorted({event for ended in counted for event in ended.events}),
            "offers": [ended.offer_id for ended in counted],
            "legs": list(dict.fromkeys(ended.leg_id for ended in counted)),
            "ended_at": [ended.at for ended in counted],
            "queues": sorted({ended.queue_id for ended in counted}),
            "count": len(counted),
            **more,
        },
    )


Happened: TypeAlias = tuple[int, tuple[str, ...]]
"""An instant [ms] and the events that tell what happened at it."""

_NOTES = {"dodged": "paused right after a call began to ring, and let it go by"}

Judged: TypeAlias = tuple[Happened, Toggle | Relog]
"""What happened, and the rule that held then."""


def toggle(hearing: Hearing) -> Iterator[Episode]:
    """Changes between ready and paused in a row, and pauses that dodge a call."""
    yield from _too_often(hearing, "toggle", _flips(hearing))
    yield from _too_often(hearing, "toggle", _dodges(hearing), about="dodged", enough=1)


def _flips(hearing: Hearing) -> Iterator[Judged]:
    """Yield beginnings and ends of pauses in their order.

    Who logs out, or goes on pausing for another reason, has not become ready.
    """
    breaks = hearing.of_kind("break")
    starts, ends = {each.start for each in breaks}, {each.end for each in breaks}
    still_paused = starts | set(hearing.log_outs())
    flips: list[Happened] = []
    for each in breaks:
        if each.start not in ends:
            flips.append((each.start, each.events[:1]))
        if each.end is not None and each.told and each.end not in still_paused:
            flips.append((each.end, each.events[1:]))
    for flip in sorted(flips):
        rule = hearing.rule(Toggle, "toggle", flip[0])
        if rule.enabled:
            yield flip, rule


def _dodges(hearing: Hearing) -> Iterator[Judged]:
    """Yield calls let go by whose agent paused right after they began to ring.

    Until it is over nobody knows that a call is not answered: a dodge is of that instant.
    """
    breaks = hearing.of_kind("break")
    starts = [each.start for each in breaks]
    for ended in hearing.diary.offer_ends if breaks else ():
        if ended.result not in UNANSWERED:
            continue
        begun = breaks[bisect_left(starts, ended.rang_at) : bisect_left(starts, ended.at)]
        if not begun:
            continue
        rule = hearing.rule(Toggle, "toggle", ended.at)
        last = ended.rang_at + in_ms(rule.after_offer)
        paused = [
            each for each in begun if each.start <= last and each.reason not in rule.not_counted
        ]
        if paused and rule.enabled and rule.after_offer:
            told = (event for each in paused for event in each.events[:1])
            yield (ended.at, (*told, *ended.events)), rule


def relog(hearing: Hearing) -> Iterator[Episode]:
    """Returns from a log-out; whom a restart or a gap of the PBX logged out did not do it."""
    back: list[Judged] = []
    for earlier, later in pairwise(hearing.of_kind("session")):
        rule = hearing.rule(Relog, "relog", later.start)
        out = earlier.end
        is_soon = out is not None and later.start - out <= in_ms(rule.within)
        if rule.enabled and earlier.told and is_soon:
            back.append(((later.start, (*earlier.events[1:], *later.events[:1])), rule))
    yield from _too_often(hearing, "relog", back)


def _too_often(
    hearing: Hearing,
    code: str,
    happened: Iterable[Judged],
    about: str = "since",
    enough: int | None = None,
) -> Iterator[Episode]:
    """Yield what happened so often within a time; it is over after a quiet time.

    `enough` times are too often, else the `count` of the rule.
    """
    recent: list[Happened] = []
    fired_at = 0
    in_force: Toggle | Relog | None = None
    quiet = 0
    for (at, events), rule in happened:
        if in_force is not None and at > recent[-1][0] + quiet:
            yield _often(code, about, in_force, fired_at, recent, hearing.clock)
            in_force, recent = None, []
        if in_force is None:
            since = at - in_ms(rule.within)
            recent = [each for each in recent if each[0] > since]
        recent.append((at, events))
        if in_force is None and len(recent) >= (enough or rule.count):
            in_force, fired_at, quiet = rule, at, in_ms(rule.quiet)
    if in_force is not None:
        yield _often(code, about, in_force, fired_at, recent, hearing.clock)


def _often(
    code: str,
    about: str,
    rule: Toggle | Relog,
    fired_at: int,
    counted: Sequence[Happened],
    clock: int,
) -> Episode:
    over = counted[-1][0] + in_ms(rule.quiet)
    return Episode(
        code=code,
        about=f"{about} {counted[0][0]}",
        rule=rule,
        pending_at=counted[0][0],
        levels=((fired_at, rule.severity),),
        cleared_at=over if over < clock else None,
        looks_at=over,
        evidence={
            "events": [event for _, events in counted for event in events],
            "at": [at for at, _ in counted],
            "count": len(counted),
            "note": _NOTES.get(about, ""),
        },
    )
