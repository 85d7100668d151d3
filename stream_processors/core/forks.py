"""A call that rings at several phones of one agent at once, or at one phone registered twice.

Each phone is a channel of its own, and all but one end unanswered. For the agent it is one
call: told by the phone at which he took it, else by the one that rang longest, and known by the
first of them.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from stream_processors.core.meaning import DirectCall

_NEVER = 1 << 62


def one_for_each_agent(calls: Iterable[DirectCall]) -> list[DirectCall]:
    """Return the calls, of those that rang at an agent's phones at once only one."""
    kept: list[DirectCall] = []
    rang: dict[str, list[DirectCall]] = {}
    for call in calls:
        if call.used == call.started or call.of_queue:  # he has dialled himself
            kept.append(call)
        else:
            rang.setdefault(call.agent_id, []).append(call)
    for mine in rang.values():
        kept += mine if len(mine) == 1 else _put_together(mine)
    return kept


def _put_together(calls: list[DirectCall]) -> list[DirectCall]:
    """Put together what rang at the same time; nobody takes one call at two phones."""
    told: list[list[DirectCall]] = []
    for call in sorted(calls, key=_best_first):
        if call.used is None:
            fork = next((each for each in told if _rings_with(call, each)), None)
            if fork is not None:
                fork.append(call)
                continue
        told.append([call])
    return [_as_one(fork) for fork in told]


def _best_first(call: DirectCall) -> tuple[bool, int, int, str]:
    return call.used is None, -_quiet(call), call.started, call.channel_id


def _quiet(call: DirectCall) -> int:
    """Return when [ms] a call no longer rang."""
    over = call.ended if call.used is None else call.used
    return _NEVER if over is None else over


def _rings_with(call: DirectCall, fork: Iterable[DirectCall]) -> bool:
    """Tell whether a phone rang with any of others, which need not all have rung at once."""
    return any(_rang_at_once(call, each) for each in fork)


def _rang_at_once(one: DirectCall, other: DirectCall) -> bool:
    # A phone that is rung after another begins in the very millisecond in which that one ends.
    if one.started == other.started:
        return True
    return one.started < _quiet(other) and other.started < _quiet(one)


def _as_one(fork: list[DirectCall]) -> DirectCall:
    if len(fork) == 1:
        return fork[0]
    first = min(fork, key=lambda each: (each.started, each.channel_id))
    rang = min((each.rang for each in fork if each.rang is not None), default=None)
    return replace(fork[0], channel_id=first.channel_id, started=first.started, rang=rang)
