"""What each rule of discipline has to be told, so that what no source tells can be said.

Plans come from people, not from sources; rules about them are judged once there is a plan.
"""

from collections.abc import Collection, Mapping
from typing import TypeAlias

import schemas.events as e
from schemas.wording import did_you_mean

Kinds: TypeAlias = tuple[type[e.Event], ...]

_LOGGED_IN: Kinds = (e.AgentQueueJoined, e.AgentQueueLeft)
_BREAKS: Kinds = (*_LOGGED_IN, e.AgentStateChanged)
_CALLS: Kinds = (e.QueueEntered, e.LegConnected, e.LegEnded)

NEEDS: Mapping[str, Kinds] = {
    "late_return": _BREAKS,
    "break_too_long": _BREAKS,
    "break_budget": _BREAKS,
    "idle_not_ready": _BREAKS,
    "toggle": _BREAKS,
    "relog": _LOGGED_IN,
    "acw_too_long": (*_LOGGED_IN, *_CALLS),
    "long_hold": (*_CALLS, e.LegHeld, e.LegResumed),
    "rona": (e.OfferEnded, e.LegConnected),
    "offer_rejected": (e.OfferEnded, e.LegConnected),
    "slow_handling": _CALLS,
    "short_call": _CALLS,
    "agent_hangup": _CALLS,
    "excess_transfer": (*_CALLS, e.LegTransferred),
    "wrong_state_work": (*_BREAKS, *_CALLS),
    "hanging": (e.QueueEntered, e.QueueLeft),
    "ping_pong": (e.QueueEntered, e.LegConnected),
    "late_login": _LOGGED_IN,
    "no_show": _LOGGED_IN,
    "early_logout": _LOGGED_IN,
    "unscheduled_break": _BREAKS,
    "work_instead_of_break": _BREAKS,
    "not_logged_out": _LOGGED_IN,
    "ghost_busy": (
        *_BREAKS,
        e.QueueEntered,
        e.QueueLeft,
        e.ChannelStarted,
        e.ChannelBridged,
        e.ChannelEnded,
    ),
    "system_suspect": (),
}
"""Which events a rule needs, by its code."""

NOT_JUDGED: Mapping[str, str] = {
    "dead_call": "needs an end of the caller's channel that leaves the agent's alone; Asterisk"
    " ends both as it takes their bridge down",
    "unanswered_message": "needs events of chats and e-mails; no source of these is known",
}
"""Rules that a contact centre may expect and that are not judged, and why."""


def no_rule(name: str, known: Collection[str]) -> str:
    """Return what to say of a name that is none of the rules known."""
    if name in NOT_JUDGED:
        return f"{name} is not judged: it {NOT_JUDGED[name]}"
    return f"there is no rule {name!r}{did_you_mean(name, known)}"


def missing(brought: Collection[type[e.Event]]) -> dict[str, list[str]]:
    """Return which events each rule lacks, by code; rules that lack none are left out."""
    found: dict[str, list[str]] = {}
    for code, kinds in NEEDS.items():
        lacks = [str(kind.__struct_config__.tag) for kind in kinds if kind not in brought]
        if lacks:
            found[code] = lacks
    return found
