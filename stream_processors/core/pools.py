"""Agents who sign in to Asterisk's pool of agents (AgentLogin), and whom queues know otherwise.

The pool calls an agent by his number there, 1001; a queue calls its member by a name of its own
and says that his state is that of `Agent:1001` (`Agent/1001` before Asterisk 12). So whoever a
queue knows by that is the one who signs in.

Source: Asterisk apps/app_agent_pool.c; configs/samples/queues.conf.sample (state interface).
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from stream_processors.core.agent import ECHO_MS, AgentMark
from stream_processors.core.sources import Signed, Source

if TYPE_CHECKING:
    from stream_processors.core.change import Change

Holders: TypeAlias = Mapping[AgentMark, frozenset[str]]
"""Of whom each mark of a number of the pool is."""

_FORMS = ("Agent:", "Agent/")


def number_of(device: str) -> str:
    """Return the number that a state interface has in the pool, '' if it is none of it."""
    return device[len(_FORMS[0]) :] if device.startswith(_FORMS) else ""


def sign(change: "Change", source: Source, agent_id: str, mark: AgentMark) -> None:
    """Tell of a log-in or log-out of whoever has this name in the pool."""
    number = _number(agent_id)
    was = holders(source, number)
    insort(source.signed.setdefault(number, []), Signed(mark, agent_id))
    tell_anew(change, source, number, was)


def tell_anew(change: "Change", source: Source, number: str, was: Holders) -> None:
    """Let what was told of a number be of whoever has it now.

    Args:
        change: what is told.
        source: whose pool it is.
        number: of the pool.
        was: what `holders` said before.
    """
    for mark, now in holders(source, number).items():
        before = was.get(mark, frozenset())
        for agent_id in sorted(before - now):
            change.take_back(agent_id, mark, source.name)
        for agent_id in sorted(now - before):
            change.tell_agent(agent_id, mark)


def holders(source: Source, number: str) -> Holders:
    """Return of whom each mark of a number is.

    A sign-out is also of whoever had signed in, though the number has become another's since.
    """
    found: dict[AgentMark, frozenset[str]] = {}
    signed_in, out_at = "", None
    for each in source.signed.get(number, ()):
        mark, holder = each.mark, _holder(source, each)
        if mark.kind == "joined":
            signed_in, out_at = holder, None
            found[mark] = frozenset((holder,))
            continue
        # Both feeds of a source tell of one sign-out.
        out_at = mark.at if out_at is None else out_at
        ended = signed_in if signed_in and mark.at - out_at <= ECHO_MS else holder
        found[mark] = frozenset((holder, ended))
    return found


def forget_signed(source: Source, before: int) -> None:
    """Drop what was told before an instant [ms], but for who is signed in since then."""
    for number, told in list(source.signed.items()):
        past = bisect_left(told, before, key=lambda each: each.mark.at)
        if past and told[past - 1].mark.kind == "joined":
            past -= 1
            # Who had the number then is about to be forgotten.
            last = told[past]
            told[past] = Signed(last.mark, last.agent_id, _holder(source, last))
        del told[:past]
        if not told:
            del source.signed[number]


def _number(agent_id: str) -> str:
    return number_of(agent_id) or agent_id


def _holder(source: Source, signed: Signed) -> str:
    """Return whom queues know by a number at that instant, else by what it was told as."""
    if signed.holder:
        return signed.holder
    for form in _FORMS:
        claims = source.devices.get(form + _number(signed.agent_id))
        if claims:
            return claims[max(0, bisect_right(claims, (signed.mark.at, "\uffff")) - 1)][1]
    return signed.agent_id
