"""Agents who sign in to Asterisk's pool of agents (AgentLogin), and whom queues know otherwise.

The pool calls an agent by his number there, 1001; a queue calls its member by a name of its own
and says that his state is that of `Agent:1001` (`Agent/1001` before Asterisk 12). So whoever a
queue knows by that is the one who signs in.

Source: Asterisk apps/app_agent_pool.c; configs/samples/queues.conf.sample (state interface).
"""

from bisect import bisect_right
from typing import TYPE_CHECKING

from stream_processors.core.agent import AgentMark
from stream_processors.core.sources import Source

if TYPE_CHECKING:
    from stream_processors.core.change import Change

_FORMS = ("Agent:", "Agent/")


def number_of(device: str) -> str:
    """Return the number that a state interface has in the pool, '' if it is none of it."""
    return device[len(_FORMS[0]) :] if device.startswith(_FORMS) else ""


def sign(change: "Change", source: Source, agent_id: str, mark: AgentMark) -> None:
    """Tell of a log-in or log-out of whoever has this name in the pool."""
    source.signed.setdefault(_number(agent_id), []).append((agent_id, mark))
    change.tell_agent(_holder(source, agent_id, mark.at), mark)


def move(change: "Change", source: Source, number: str, was: dict[int, str]) -> None:
    """Let what was told of a number be of whoever has it now.

    Args:
        change: what is told.
        source: whose pool it is.
        number: of the pool.
        was: who had it, by each mark's place, as `holders` said before.
    """
    for place, (agent_id, mark) in enumerate(source.signed.get(number, ())):
        now = _holder(source, agent_id, mark.at)
        if now != was[place]:
            change.take_back(was[place], mark, source.name)
            change.tell_agent(now, mark)


def holders(source: Source, number: str) -> dict[int, str]:
    """Return of whom each mark of a number is."""
    told = source.signed.get(number, ())
    return {
        place: _holder(source, agent_id, mark.at) for place, (agent_id, mark) in enumerate(told)
    }


def forget_signed(source: Source, before: int) -> None:
    """Drop what was told before an instant [ms]."""
    for number, told in list(source.signed.items()):
        told[:] = [each for each in told if each[1].at >= before]
        if not told:
            del source.signed[number]


def _number(agent_id: str) -> str:
    return number_of(agent_id) or agent_id


def _holder(source: Source, agent_id: str, at: int) -> str:
    """Return whom queues know by a number at an instant [ms], else by what it was told as."""
    for form in _FORMS:
        claims = source.devices.get(form + _number(agent_id))
        if claims:
            return claims[max(0, bisect_right(claims, (at, "\uffff")) - 1)][1]
    return agent_id
