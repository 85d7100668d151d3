"""Rules about several things in a row or within a time: offers, flips, log-ins."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from schemas.discipline import OfferRejected, Relog, Rona, Rule, Toggle
from schemas.durations import in_ms
from stream_processors.core.discipline.diary import ENDS_A_ROW, Rung
from stream_processors.core.discipline.episode import Episode
from stream_processors.core.discipline.hearing import Hearing


def rona(hearing: Hearing) -> Iterator[Episode]:
    """Offers not answered, over all queues: a warning for a row of them, info for a single one.

    An answered offer or a log-out ends a row and its warning; what comes while a warning is
    open joins it. So every missed offer stands in one episode.
    """
    row: list[Rung] = []
    recent: list[Rung] = []
    open_since: Rung | None = None
    counted: list[Rung] = []
    rule = None
    for rung in hearing.diary.rungs:
        if rung.result in ENDS_A_ROW:
            if open_since is not None and rule is not None:
                yield _missed("rona", rule, open_since, counted, rung.at)
            open_since, row, counted = None, [], []
        elif rung.result == "no_answer":
            now = hearing.rule(Rona, "rona", rung.at)
            if not now.enabled:
                continue
            row.append(rung)
            recent = [each for each in recent if each.at > rung.at - in_ms(now.within)]
            recent.append(rung)
            if open_since is not None:
                counted.append(rung)
            elif len(row) >= now.consecutive or len(recent) >= now.count:
                in_a_row = len(row) >= now.consecutive
                open_since, rule = rung, now
                counted = list(row if in_a_row else recent)
            else:
                yield _missed("rona", now, rung, [rung], rung.at, single=True)
    if open_since is not None and rule is not None:
        yield _missed("rona", rule, open_since, counted, None)


def offer_rejected(hearing: Hearing) -> Iterator[Episode]:
    """Offers that the agent rejected; over with the next one that he takes, or his log-out."""
    recent: list[Rung] = []
    counted: list[Rung] = []
    open_since: Rung | None = None
    rule = None
    for rung in hearing.diary.rungs:
        if rung.result in ENDS_A_ROW and open_since is not None and rule is not None:
            yield _missed("offer_rejected", rule, open_since, counted, rung.at)
            open_since, counted = None, []
        elif rung.result == "rejected":
            now = hearing.rule(OfferRejected, "offer_rejected", rung.at)
            if not now.enabled:
                continue
            recent = [each for each in recent if each.at > rung.at - in_ms(now.within)]
            recent.append(rung)
            if open_since is not None:
                counted.append(rung)
            elif len(recent) >= now.count:
                open_since, rule, counted = rung, now, list(recent)
    if open_since is not None and rule is not None:
        yield _missed("offer_rejected", rule, open_since, counted, None)


def _missed(
    code: str,
    rule: Rule,
    fired: Rung,
    counted: Sequence[Rung],
    cleared_at: int | None,
    *,
    single: bool = False,
) -> Episode:
    return Episode(
        code=code,
        about=f"offer {fired.offer_id}",
        rule=rule,
        pending_at=counted[0].at,
        levels=((fired.at, "info" if single else rule.severity),),
        cleared_at=cleared_at,
        queue_id=fired.queue_id,
        evidence={
            "events": sorted({event for rung in counted for event in rung.events}),
            "offers": [rung.offer_id for rung in counted],
            "legs": list(dict.fromkeys(rung.leg_id for rung in counted)),
            "ended_at": [rung.at for rung in counted],
            "queues": sorted({rung.queue_id for rung in counted}),
            "count": len(counted),
        },
    )


def toggle(hearing: Hearing) -> Iterator[Episode]:
    """Changes between ready and paused; a pause at log-out is no change."""
    outs = set(hearing.diary.log_outs())
    flips = []
    for each in hearing.diary.of_kind("break"):
        flips.append((each.start, each.events[:1]))
        if each.end is not None and each.told and each.end not in outs:
            flips.append((each.end, each.events[1:]))
    flips.sort()
    if flips:
        rule = hearing.rule(Toggle, "toggle", flips[-1][0])
        if rule.enabled:
            limits = (rule.count, in_ms(rule.within), in_ms(rule.quiet))
            yield from _too_often(hearing, "toggle", rule, flips, limits)


def relog(hearing: Hearing) -> Iterator[Episode]:
    """Returns from a log-out."""
    sessions = hearing.diary.of_kind("session")
    back = [
        (later.start, (*earlier.events[1:], *later.events[:1]))
        for earlier, later in pairwise(sessions)
    ]
    if back:
        rule = hearing.rule(Relog, "relog", back[-1][0])
        if rule.enabled:
            within = in_ms(rule.within)
            back = [
                each
                for each, before in zip(back, sessions, strict=False)
                if before.end is not None and each[0] - before.end <= within
            ]
            limits = (rule.count, within, in_ms(rule.quiet))
            yield from _too_often(hearing, "relog", rule, back, limits)


def _too_often(
    hearing: Hearing,
    code: str,
    rule: Rule,
    happened: Iterable[tuple[int, tuple[str, ...]]],
    limits: tuple[int, int, int],
) -> Iterator[Episode]:
    """Yield what happened `count` times within a time; it is over after a quiet time."""
    count, within, quiet = limits
    recent: list[tuple[int, tuple[str, ...]]] = []
    fired_at: int | None = None
    for at, events in happened:
        if fired_at is not None and at > recent[-1][0] + quiet:
            yield _often(code, rule, fired_at, recent, recent[-1][0] + quiet)
            fired_at, recent = None, []
        if fired_at is None:
            recent = [each for each in recent if each[0] > at - within]
        recent.append((at, events))
        if fired_at is None and len(recent) >= count:
            fired_at = at
    if fired_at is not None:
        over = recent[-1][0] + quiet
        yield _often(code, rule, fired_at, recent, over if over < hearing.clock else None, over)


def _often(
    code: str,
    rule: Rule,
    fired_at: int,
    counted: Sequence[tuple[int, tuple[str, ...]]],
    cleared_at: int | None,
    looks_at: int | None = None,
) -> Episode:
    return Episode(
        code=code,
        about=f"since {counted[0][0]}",
        rule=rule,
        pending_at=counted[0][0],
        levels=((fired_at, rule.severity),),
        cleared_at=cleared_at,
        looks_at=looks_at,
        evidence={
            "events": [event for _, events in counted for event in events],
            "at": [at for at, _ in counted],
            "count": len(counted),
        },
    )
