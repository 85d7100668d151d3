"""Work in a break: calls that were taken while a pause had begun before."""

from bisect import bisect_left
from collections.abc import Iterator

from schemas.durations import in_ms
from schemas.rules import WrongStateWork
from stream_processors.core.discipline.entries import Stretch
from stream_processors.core.discipline.episode import Episode
from stream_processors.core.discipline.hearing import Hearing

CODE = "wrong_state_work"


def wrong_state_work(hearing: Hearing) -> Iterator[Episode]:
    """Calls taken in a break that last; over when the call or the break is."""
    for leg_id, start, end, pause in sorted(_taken_in_breaks(hearing)):
        rule = hearing.rule(WrongStateWork, CODE, start)
        fires = start + in_ms(rule.grace)
        unseen = pause.unseen_since is not None and pause.unseen_since <= fires
        if not rule.enabled or unseen:
            continue
        yield Episode(
            code=CODE,
            about=f"call {leg_id}",
            rule=rule,
            pending_at=start,
            levels=((fires, rule.severity),),
            cleared_at=min((at for at in (end, pause.end) if at is not None), default=None),
            told=False,
            evidence={
                "events": pause.events[:1],
                "legs": [leg_id],
                "reason": pause.reason,
                "break_from": pause.start,
                "answered_at": start,
            },
        )


def _taken_in_breaks(hearing: Hearing) -> Iterator[tuple[str, int, int | None, Stretch]]:
    """Yield calls with their answer and end [ms], and the break that went on at the answer."""
    breaks = hearing.of_kind("break")
    starts = [each.start for each in breaks]
    for leg_id, (start, end) in hearing.diary.work.items():
        place = bisect_left(starts, start) - 1
        if place >= 0:
            pause = breaks[place]
            if pause.end is None or pause.end > start:
                yield leg_id, start, end, pause
