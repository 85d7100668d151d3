"""A call that rings at several phones of one agent at once, or at one phone registered twice.

Each phone is a channel of its own, and all but one end unanswered. For the agent it is one
call: told by the phone at which he took it, else by the one that rang longest, and known by the
first of them.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from stream_processors.core.instants import NEVER
from stream_processors.core.meaning import DirectCall


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


class _Fork:
    """Phones that rang in one stretch of time [ms], though perhaps not all at once."""

    def __init__(self, call: DirectCall) -> None:
        self.calls = [call]
        self._since, self._until = call.started, _quiet(call)

    def rang_with(self, call: DirectCall) -> bool:
        # A phone that is rung after another begins in the very millisecond in which that ends.
        if call.started == self._since:
            return True
        return call.started < self._until and self._since < _quiet(call)

    def take_in(self, call: DirectCall) -> None:
        self.calls.append(call)
        self._since = min(self._since, call.started)
        self._until = max(self._until, _quiet(call))


def _put_together(calls: list[DirectCall]) -> list[DirectCall]:
    """Put together what rang at the same time; nobody takes one call at two phones."""
    taken: list[_Fork] = []
    missed: list[_Fork] = []
    for call in sorted(calls, key=_best_first):
        if call.used is not None:
            taken.append(_Fork(call))
            continue
        # Those missed stand by their ends, the last first: it may ring with the nearest only.
        near = next((each for each in (*taken, *missed[-1:]) if each.rang_with(call)), None)
        if near is None:
            missed.append(_Fork(call))
        else:
            near.take_in(call)
    return [_as_one(fork.calls) for fork in (*taken, *missed)]


def _best_first(call: DirectCall) -> tuple[bool, int, int, str]:
    return call.used is None, -_quiet(call), call.started, call.channel_id


def _quiet(call: DirectCall) -> int:
    """Return when [ms] a call no longer rang."""
    over = call.ended if call.used is None else call.used
    return NEVER if over is None else over


def _as_one(fork: list[DirectCall]) -> DirectCall:
    if len(fork) == 1:
        return fork[0]
    first = min(fork, key=lambda each: (each.started, each.channel_id))
    rang = min((each.rang for each in fork if each.rang is not None), default=None)
    return replace(fork[0], channel_id=first.channel_id, started=first.started, rang=rang)
