"""What a mark of a call does to its agent: what rings, whom he talks to, whom he has on hold.

A queue rings only its members, so a ringing tells of a membership whose beginning was never
seen (a static member, a log that starts late), and that a pause has ended.

Each step returns True if log-in, membership or pause may have changed.
"""

from collections.abc import Callable, Mapping

from stream_processors.core import memberships
from stream_processors.core.afterwork_terms import AfterWorkTerms
from stream_processors.core.agent import EVERY_QUEUE, AgentMark, Standing

RING_IS_NEWS_MS = 3_000
"""A ringing sooner after leaving or pausing may have begun before; a later one is a return."""


def drop_all(now: Standing) -> None:
    """Let all calls and after-work be over."""
    now.rings.clear()
    now.talks.clear()
    now.talks_at.clear()
    now.phones.clear()
    now.calls.clear()
    now.consults.clear()
    now.held.clear()
    now.wrapup_until = 0
    now.told_wrapup = False


def _ring_started(now: Standing, mark: AgentMark, terms: AfterWorkTerms) -> bool:
    news = False
    now.rings.append(mark.reason)
    if not mark.queue_id:
        return False  # he picks up what rings at a colleague's
    if mark.queue_id not in now.queues:
        gone = now.left.get(mark.queue_id)
        if gone is None or mark.at - gone > RING_IS_NEWS_MS:
            news = memberships.join(now, mark)
    for queue_id in (mark.queue_id, EVERY_QUEUE) if now.paused else ():
        pause = now.paused.get(queue_id)
        if pause is not None and mark.at - pause[0] > RING_IS_NEWS_MS:
            del now.paused[queue_id]
            now.resting.pop(queue_id, None)
            news = True
    return news


def _ring_ended(now: Standing, mark: AgentMark, terms: AfterWorkTerms) -> bool:
    _drop(now.rings, mark.reason)
    return False


def _talk_started(now: Standing, mark: AgentMark, terms: AfterWorkTerms) -> bool:
    # Whoever takes a call no longer talks to somebody whose end was lost; whom he keeps on
    # hold he still has, and whom he has at another phone.
    at = mark.interface
    kept = [ref for ref in now.talks if ref in now.held or _apart(now.talks_at.get(ref), at)]
    now.talks = [*kept, mark.reason]
    now.talks_at = {ref: phone for ref, phone in now.talks_at.items() if ref in kept}
    if at:
        now.talks_at[mark.reason] = at
    return False


def _apart(one: str | None, other: str) -> bool:
    """Tell whether two phones are known, and are not the same."""
    return bool(one) and other not in ("", one)


def _talk_ended(now: Standing, mark: AgentMark, terms: AfterWorkTerms) -> bool:
    if now.held:  # the other side may hang up on hold
        now.held = [ref for ref in now.held if ref != mark.reason]
    if mark.reason in now.talks:
        now.talks.remove(mark.reason)
        now.talks_at.pop(mark.reason, None)
        wrapup = _wrapup_ms(now, mark, terms)
        if wrapup:
            now.wrapup_until = mark.at + wrapup
    return False


def _wrapup_ms(now: Standing, ended: AgentMark, terms: AfterWorkTerms) -> int:
    """Return the wrap-up time [ms] of his membership; where he has none, of his queue."""
    queue_id = ended.queue_id
    own = now.wrapups.get(queue_id, 0)
    if own or not (queue_id in now.queues or EVERY_QUEUE in now.queues):
        return own
    return terms.wrapup_ms(queue_id, ended.at)


def _device_rang(now: Standing, mark: AgentMark, terms: AfterWorkTerms) -> bool:
    now.phones.append(mark.reason)
    return False


def _device_quiet(now: Standing, mark: AgentMark, terms: AfterWorkTerms) -> bool:
    _drop(now.phones, mark.reason)
    return False


def _device_used(now: Standing, mark: AgentMark, terms: AfterWorkTerms) -> bool:
    _drop(now.phones, mark.reason)
    consults = bool(mark.number) and bool(now.talks or now.calls)
    (now.consults if consults else now.calls).append(mark.reason)
    return False


def _device_free(now: Standing, mark: AgentMark, terms: AfterWorkTerms) -> bool:
    for refs in (now.calls, now.consults, now.held):
        _drop(refs, mark.reason)
    return False


def _held(now: Standing, mark: AgentMark, terms: AfterWorkTerms) -> bool:
    now.held.append(mark.reason)
    return False


def _resumed(now: Standing, mark: AgentMark, terms: AfterWorkTerms) -> bool:
    _drop(now.held, mark.reason)
    return False


def _wrapup_started(now: Standing, mark: AgentMark, terms: AfterWorkTerms) -> bool:
    now.told_wrapup = True
    return False


def _wrapup_ended(now: Standing, mark: AgentMark, terms: AfterWorkTerms) -> bool:
    now.told_wrapup = False
    now.wrapup_until = 0
    return False


def _drop(refs: list[str], ref: str) -> None:
    if ref in refs:
        refs.remove(ref)


STEPS: Mapping[str, Callable[[Standing, AgentMark, AfterWorkTerms], bool]] = {
    "ring_started": _ring_started,
    "ring_ended": _ring_ended,
    "talk_started": _talk_started,
    "talk_ended": _talk_ended,
    "device_rang": _device_rang,
    "device_quiet": _device_quiet,
    "device_used": _device_used,
    "device_free": _device_free,
    "held": _held,
    "resumed": _resumed,
    "wrapup_started": _wrapup_started,
    "wrapup_ended": _wrapup_ended,
}
