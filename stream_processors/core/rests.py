"""Which of an agent's phones in a queue are paused.

Two phones of one name in a queue are two members of the PBX, each paused for itself, and one
agent: the queue goes on ringing him until both are.
"""

from collections.abc import Iterable

from stream_processors.core.agent import AgentMark, Standing, entry_of


def rest(now: Standing, queue_id: str, mark: AgentMark, besides: Iterable[str] = ()) -> bool:
    """Note that a phone is paused, all of a queue if none is named.

    Return False if the queue can ring another one, also one of those `besides`.
    """
    entries = now.entries.get(queue_id, {})
    if not mark.interface:
        if entries:
            now.resting[queue_id] = dict.fromkeys(entries, mark.reason)
        return True
    resting = now.resting.setdefault(queue_id, {})
    resting[entry_of(mark.source, mark.interface)] = mark.reason
    return resting.keys() >= {*entries, *besides}


def wake(now: Standing, queue_id: str, mark: AgentMark) -> None:
    """Note that a phone is not paused, or none of a queue if none is named."""
    resting = now.resting.get(queue_id)
    if resting is not None and mark.interface:
        resting.pop(entry_of(mark.source, mark.interface), None)
    else:
        now.resting.pop(queue_id, None)


def rings_again(now: Standing, mark: AgentMark) -> bool:
    """Tell whether who is paused in a queue can be rung there by the phone that has joined."""
    return bool(mark.interface) and len(now.entries.get(mark.queue_id, ())) > 1


def reason_to_rest(now: Standing, queue_id: str) -> str | None:
    """Return why all of his phones in a queue are paused, None if one is not."""
    entries, resting = now.entries.get(queue_id, {}), now.resting.get(queue_id, {})
    if not entries or not resting.keys() >= entries.keys():
        return None
    return resting[next(iter(entries))]
