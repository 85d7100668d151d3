"""How a wait ended without an answer: by what was told, and what became of the caller.

Rules, in the order they are tried:

    told        the source named the exit (queue log verbs, QUEUESTATUS)
    system      the PBX itself ended the channel while it waited, and its far end had not asked
                for that: a supervisor or a program hung it up, or Asterisk is stopped
    abandoned   the far end had hung up before it was said that nobody answered, or the channel
                died where it stood in the dial plan
    transferred the caller lived on, though the source says that he gave up, or would have said
                why the queue let him go, and did not: somebody sent him elsewhere
    timeout     the caller lived on, and no more is known
    key         the caller left, and nothing else was said: a key let him out

AMI's QueueCallerAbandon says only that nobody answered: Asterisk raises it for time-outs, empty
queues and withdrawals, too. Their reason follows as a variable of the channel, and none does
where the queue took the caller for gone: he hung up, or was redirected (AMI Redirect).

Source: Asterisk apps/app_queue.c (queue_exec, record_abandoned, leave_queue, set_queue_result),
main/pbx.c (ast_async_goto), main/channel.c (ast_check_hangup).
"""

from typing import cast

from schemas.facts import LegOutcome
from stream_processors.core.call import MATCH_MS, Call
from stream_processors.core.sources import HORIZON_MS

FOLLOWS_MS = 50
"""Asterisk tells that a caller left some microseconds before it tells of the answer, or why."""

AT_ONCE_MS = 100
"""A hang-up this soon after leaving the queue is the caller's end, not the dial plan's."""

DIES_MS = 1_000
"""A channel that stays for longer where it stood as the queue let it go was sent there.

A redirect changes the place first, and the queue may notice only then (seen with Asterisk 22).
"""

NO_CAUSE = "0"
"""Of a channel that only its far end can have ended: a dial plan's Hangup gives a cause.

Source: Asterisk main/pbx_builtins.c (pbx_builtin_hangup).
"""


def exit_of(call: Call, index: int, clock: int) -> LegOutcome | None:
    """Return how the caller of the visit at `index` left without an answer.

    None if nobody said that he left, or what may be said of it is still to come.
    """
    visit = call.visits[index]
    told = None if visit.verdict is None else cast(LegOutcome, visit.verdict[1])
    if told is not None and told != "abandoned":
        return told
    if _put_out(call, index):
        return "system"
    if visit.unanswered is not None and visit.tells_why:
        return _without_a_reason(call, index, clock)
    if told is not None:
        return "transferred" if _lived_on(call, index) else told
    if visit.unanswered is not None:
        return "abandoned" if _lived_on(call, index) is False else "timeout"
    if visit.left is None:
        return None
    requested = call.hangup_requested_at
    if requested is not None and visit.entered[2] <= requested <= visit.left[2]:
        return "abandoned"
    # The agent's answer is told right after the leaving; only what stays alone was a key.
    return "key" if _all_was_said(call, index, visit.left[2], clock) else None


def _put_out(call: Call, index: int) -> bool:
    """Tell whether the PBX ended the channel of a caller who waited."""
    put_out, left = call.put_out_at, call.visits[index].left
    return put_out is not None and left is not None and abs(left[2] - put_out) <= MATCH_MS


def _without_a_reason(call: Call, index: int, clock: int) -> LegOutcome | None:
    """Return what it means that a source gave no reason that would have been heard."""
    visit, lived = call.visits[index], _lived_on(call, index)
    assert visit.unanswered is not None  # the caller of this function looked
    if lived is False:
        return "abandoned"
    is_sure = lived or visit.verdict or _all_was_said(call, index, visit.unanswered[0], clock)
    return "transferred" if is_sure else None


def _all_was_said(call: Call, index: int, at: int, clock: int) -> bool:
    """Tell whether nothing more will be said of a caller who left at an instant [ms]."""
    gone_on = call.hung_up is not None or index + 1 < len(call.visits)
    return gone_on or clock >= at + FOLLOWS_MS


def _lived_on(call: Call, index: int) -> bool | None:
    """Tell whether a caller whom nobody answered went elsewhere; None if nothing shows it."""
    visit = call.visits[index]
    assert visit.left is not None  # of whom it was said that he left
    at = visit.left[2] if visit.unanswered is None else visit.unanswered[0]
    requested = call.hangup_requested_at
    if requested is not None and requested <= at:
        return False
    told_until = at + HORIZON_MS  # of what comes later it may be forgotten
    asked_later = requested is not None and at + MATCH_MS < requested <= told_until
    if asked_later or _came_to_another(call, index, told_until):
        return True
    if call.hung_up is None or call.hung_up[0] > told_until or visit.unanswered is None:
        return None
    gone_at, gone_place, cause = call.hung_up
    if cause == NO_CAUSE and gone_at - at <= AT_ONCE_MS:
        return False
    place = visit.unanswered[1]
    if place and gone_place and not _in_hangup_handler(gone_place):
        return gone_place != place or gone_at - at > DIES_MS
    return gone_at - at > AT_ONCE_MS


def _came_to_another(call: Call, index: int, until: int) -> bool:
    """Tell whether the caller of a visit entered a queue afterwards: whoever hung up cannot."""
    following = [visit.entered[2] for visit in call.visits[index + 1 :]]
    if call.hung_up is not None:
        until = min(until, call.hung_up[0])
    return bool(following) and min(following) <= until


def _in_hangup_handler(place: str) -> bool:
    """The extension `h` runs after any hang-up, so it hides where the channel was before."""
    return place.split(",")[1:2] == ["h"]
