"""What counts as keeping to a plan: for each planned activity, the states that are right.

Adherence has three values. Time in a state that is named `inside` counts for the agent, time in
one that is named `outside` against him, all other time is neutral and counts for nobody.
"""

from collections.abc import Mapping
from typing import Annotated, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from schemas.events import Activity
from schemas.facts import AgentState

ACTIVITIES: tuple[Activity, ...] = get_args(Activity)
STATES: tuple[AgentState, ...] = get_args(AgentState)


def _known_states(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name.partition(":")[0] not in STATES:
            msg = f"{name!r} is no state (known: {', '.join(STATES)}; not_ready:Lunch)"
            raise ValueError(msg)
        if "," in name:
            msg = f"{name!r}: a reason with a comma cannot be named"
            raise ValueError(msg)
    return names


States = Annotated[tuple[str, ...], AfterValidator(_known_states)]
"""States, or a state with its reason as the PBX names it: `not_ready:Lunch`."""


class Adherence(BaseModel):
    """Which states are right in an activity, and which are wrong; a reason goes first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inside: States = Field(default=(), description="states that keep to the plan")
    outside: States = Field(default=(), description="states that do not")


_AWAY = Adherence(inside=("not_ready", "offline"), outside=("ready", "reserved"))

DEFAULTS: Mapping[str, Adherence] = {
    "work": Adherence(
        inside=("ready", "reserved", "talking", "holding", "wrapup"),
        outside=("not_ready", "offline"),
    ),
    "break": _AWAY,
    "meeting": _AWAY,
    "exception": Adherence(inside=("not_ready", "offline")),
    "absence": Adherence(),
}
"""A call that runs over into a break is neutral; of an absence nothing is asked."""
