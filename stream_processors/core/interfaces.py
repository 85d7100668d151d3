"""Members whom a queue log calls by their interface, though they have names.

Asterisk writes who joins or leaves a queue by the interface it dials, and all the rest by the
member's name, unless `log_membername_as_agent` is set. The manager interface tells the same
joins and leaves with both. So once an interface is known to be somebody's, the log's word on it
is left out: taken as it is, it would make another agent, who never does anything.

Source: Asterisk apps/app_queue.c (add_to_queue, remove_from_queue).
"""

from typing import TYPE_CHECKING

from stream_processors.core.agent import AgentMark
from stream_processors.core.sources import HORIZON_MS, Source

if TYPE_CHECKING:
    from stream_processors.core.change import Change


def name_interface(change: "Change", source: Source, interface: str, at: int) -> None:
    """Note that an interface has a member's name, and take back what was told of it alone."""
    if not interface or at >= source.interfaces.get(interface, at + 1):
        return
    source.interfaces[interface] = at
    for mark in source.unnamed.get(interface, ()):
        if is_named(source, interface, mark.at):
            change.take_back(interface, mark, source.name)


def is_named(source: Source, interface: str, at: int) -> bool:
    """Tell whether an interface is somebody's: from a while before that was first told on."""
    first = source.interfaces.get(interface)
    return first is not None and at >= first - HORIZON_MS


def tell_member(change: "Change", source: Source, agent_id: str, mark: AgentMark) -> None:
    """Add a mark about a membership to an agent, unless it is of an interface with a name."""
    if mark.resolution > 1 and "/" in agent_id:
        if is_named(source, agent_id, mark.at):
            return
        source.unnamed.setdefault(agent_id, []).append(mark)
    change.tell_agent(agent_id, mark)


def forget_interfaces(source: Source, before: int) -> None:
    """Drop what was told before an instant [ms]."""
    for interface, marks in list(source.unnamed.items()):
        marks[:] = [mark for mark in marks if mark.at >= before]
        if not marks:
            del source.unnamed[interface]
