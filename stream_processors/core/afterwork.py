"""The after-work of a call of a queue: what its agent was in once the talk was over.

It is his state, so a call that reaches him meanwhile ends it, and that of a wrap-up time ends
with the time. Who pauses for it does so a moment after the talk.
"""

from stream_processors.core.agent import Agent, Span, place_of
from stream_processors.core.discipline.diary import FOLLOWS_MS


def afterwork_ms(agent: Agent | None, leg_id: str, ended: int, said: int | None) -> int | None:
    """Return how long the after-work of a talk was [ms]; None if there was none, or not yet.

    Args:
        agent: who talked.
        leg_id: the visit whose talk it was.
        ended: when the talk did [ms].
        said: what was said of it before, which holds where his states are out of reach.
    """
    if agent is None:
        return None
    span = _after(agent, ended)
    if span is not None:
        if span.end is None or not _led_to_it(agent, leg_id, ended):
            return None
        return span.end - span.start
    return said if ended < agent.stops[0].at else None


def is_at_it(agent: Agent | None, ended: int) -> bool:
    """Tell whether the after-work of a talk that ended at an instant [ms] still lasts."""
    span = None if agent is None else _after(agent, ended)
    return span is not None and span.end is None


def is_touched(agent: Agent, *changed: Span | None) -> bool:
    """Tell whether states of an agent that changed are of an after-work, or lead to one."""
    for span in changed:
        if span is None:
            continue
        if span.state == "wrapup":
            return True
        if span.state == "ready" and span.end is not None:
            after = agent.spans.get(("state", span.end))
            if after is not None and after.state == "wrapup":
                return True
    return False


def may_follow(start: int, ended: int | None) -> bool:
    """Tell whether an after-work that begins at an instant [ms] may be that of a talk."""
    return ended is not None and 0 <= start - ended <= FOLLOWS_MS


def _led_to_it(agent: Agent, leg_id: str, ended: int) -> bool:
    """Tell whether of the talks that ended at an instant [ms] that of a visit began last."""
    over = []
    for mark in agent.marks[place_of(agent.marks, ended) :]:
        if mark.at != ended:
            break
        if mark.kind == "talk_ended":
            over.append(mark.reason)
    if len(over) < 2:
        return True
    began = [
        (mark.at, mark.reason)
        for mark in agent.marks
        if mark.kind == "talk_started" and mark.reason in over
    ]
    return not began or leg_id == max(began)[1]


def _after(agent: Agent, ended: int) -> Span | None:
    span = agent.spans.get(("state", ended))
    if span is not None and span.state == "ready" and span.end is not None:
        ready_until = span.end
        span = agent.spans.get(("state", ready_until))
        if not may_follow(ready_until, ended):
            return None
    return span if span is not None and span.state == "wrapup" else None
