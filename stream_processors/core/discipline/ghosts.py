"""Agents who keep each other busy while callers wait for them."""

from collections.abc import Iterator

from schemas.durations import in_ms
from schemas.rules import GhostBusy
from stream_processors.core.discipline.chat import Chat, Crowd, joined
from stream_processors.core.discipline.chats import CODE
from stream_processors.core.discipline.episode import Episode
from stream_processors.core.discipline.hearing import Hearing
from stream_processors.core.instants import NEVER


def ghost_busy(hearing: Hearing) -> Iterator[Episode]:
    """Long calls among colleagues with callers waiting in a queue of theirs.

    Over when the call is, for the queue may be empty for a moment again and again.
    """
    for chat in sorted(hearing.diary.chats.values(), key=_begun):
        rule = hearing.rule(GhostBusy, CODE, chat.talk.start)
        grace = in_ms(rule.grace)
        crowd = next(
            (each for each in joined(chat.crowds) if each.end > each.start + grace), None
        )
        if not rule.enabled or crowd is None:
            continue
        unseen = chat.talk.unseen_since
        if unseen is None or unseen > crowd.start + grace:
            yield _episode(chat, crowd, rule)


def _begun(chat: Chat) -> tuple[int, str]:
    return chat.talk.start, chat.leg_id


def _episode(chat: Chat, crowd: Crowd, rule: GhostBusy) -> Episode:
    return Episode(
        code=CODE,
        about=f"call {chat.leg_id}",
        rule=rule,
        pending_at=crowd.start,
        levels=((crowd.start + in_ms(rule.grace), rule.severity),),
        cleared_at=chat.talk.end,
        queue_id=crowd.queue_id,
        told=False,
        evidence={
            "events": [],
            "legs": [chat.leg_id],
            "started_at": chat.talk.start,
            "with": chat.talk.others,
            "waiting_from": crowd.start,
            "waiting_until": None if crowd.end == NEVER else crowd.end,
            "waiting_legs": crowd.legs,
            "limit_ms": in_ms(rule.limit),
            "grace_ms": in_ms(rule.grace),
        },
    )
