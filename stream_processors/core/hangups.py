"""Who ended a talk of a queue, by what the phones of its caller and its agent asked for."""

from schemas.events import EndedBy
from stream_processors.core.call import MATCH_MS, Call

AT_ONCE_MS = 100
"""What its agent does this soon before or after the end of a talk has ended it."""


def who_hung_up(call: Call, agent_id: str, ended: int, told: EndedBy) -> EndedBy:
    """Return who ended a talk: who asked for it, where that is known better than was told.

    The queue names the caller, too, where it finds both channels gone, or where the agent has
    dialled a code; of what the PBX ended itself it names whoever is gone first.
    """
    near = [who for who, at in call.hangups if abs(at - ended) <= MATCH_MS]
    requested = call.hangup_requested_at
    by_caller = requested is not None and abs(requested - ended) <= MATCH_MS
    if "" in near and not by_caller:
        return "system"
    if told == "unknown":
        return "caller" if by_caller else "agent" if agent_id in near else told
    return "agent" if told == "caller" and _agent_was_first(call, agent_id, ended) else told


def _agent_was_first(call: Call, agent_id: str, ended: int) -> bool:
    """Tell whether the agent asked for the end of a talk, and the caller had not done so."""
    first = min(
        (at for who, at in call.hangups if who == agent_id and at >= ended - MATCH_MS),
        default=None,
    )
    if first is None or first > ended + AT_ONCE_MS:
        return False
    return call.hangup_requested_at is None or call.hangup_requested_at > first
