"""The rules of discipline, as data: one model for each, with its defaults.

The version of a rule is a hash of its thresholds, so that two equal rules have one version
wherever and whenever they were written.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from schemas.durations import Duration, in_ms
from schemas.identity import derived_id

Severity: TypeAlias = Literal["info", "warning", "critical"]
"""From what is only kept, by what a supervisor sees, to what pages."""

Count = Annotated[int, Field(ge=1)]
Limit = Annotated[int, Field(ge=0, le=1000)]
Factor = Annotated[float, Field(gt=0.0)]
Window = Annotated[Duration, Field(le=timedelta(hours=1))]
"""How far a rule looks back: an hour at most, for so long is remembered."""

ByReason: TypeAlias = Mapping[str, Duration]
"""Lengths by break reason as the source names it; `default` is for all others."""

_ALLOWANCE = timedelta(minutes=10)


def by_reason(lengths: Mapping[str, timedelta], reason: str) -> timedelta | None:
    """Return the length for a reason; None where neither it nor a default is named."""
    return lengths.get(reason, lengths.get("default"))


def _with_default(lengths: Mapping[str, timedelta]) -> Mapping[str, timedelta]:
    return {"default": _ALLOWANCE, **lengths}


class Rule(BaseModel):
    """What all rules have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="false: never judged")
    severity: Severity = Field(default="warning", description="info warning critical")

    @cached_property
    def version(self) -> str:
        """Identify the thresholds: 16 hexadecimal digits."""
        return derived_id(type(self).__name__, self.model_dump_json())

    @cached_property
    def thresholds(self) -> str:
        """All thresholds, a JSON object; durations in milliseconds, under names that end so."""
        told: dict[str, Any] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, timedelta):
                told[f"{name}_ms"] = in_ms(value)
            elif isinstance(value, Mapping):
                told[f"{name}_ms"] = {key: in_ms(each) for key, each in sorted(value.items())}
            else:
                told[name] = value
        return json.dumps(told, sort_keys=True, separators=(",", ":"))


class LateReturn(Rule):
    """A break longer than its allowance and the grace; critical at a multiple of it.

    Where a plan says how long it may last, an allowance is that or, if longer, the one here.
    """

    allowance: Annotated[ByReason, AfterValidator(_with_default)] = Field(
        default={"default": _ALLOWANCE}, description="by break reason"
    )
    grace: Duration = timedelta(seconds=60)
    critical_after: Factor = Field(default=2.0, description="times the allowance, plus grace")


class BreakTooLong(Rule):
    """A break longer than is ever allowed for its reason, where `longest` names one."""

    longest: ByReason = Field(default={}, description="by break reason; empty: not judged")
    grace: Duration = timedelta(seconds=30)


class WrapupTooLong(Rule):
    """After-work longer than its limit and the grace; critical at a multiple.

    Where much of it is usual in the queue, the limit is so many times what is usual: the 90th
    percentile of the seven days before.
    """

    limit: Duration = Field(default=timedelta(seconds=60), description="the least there is")
    grace: Duration = timedelta(seconds=15)
    critical_after: Factor = Field(default=4.0, description="times the limit, plus grace")
    times_p90: float = Field(
        default=2.0, ge=0.0, le=1000.0, description="of what is usual; 0: `limit` holds"
    )
    least_count: Count = Field(
        default=100, description="after-works in the seven days; fewer say too little"
    )


class IdleNotReady(Rule):
    """Paused without a reason, or by the PBX after an unanswered call, for too long."""

    limit: Duration = timedelta(seconds=60)
    grace: Duration = timedelta(seconds=60)
    reasons: tuple[str, ...] = Field(
        default=("", "Auto-Pause"), description="reasons that are none"
    )


class LongHold(Rule):
    """One hold longer than its limit and the grace, or a call that was mostly hold."""

    limit: Duration = timedelta(seconds=180)
    grace: Duration = timedelta(seconds=30)
    share: float = Field(
        default=0.5, ge=0.0, description="of all holds of a call in its talk; 0: not judged"
    )  # fmt: skip


class Rona(Rule):
    """Offers not answered: so many in a row, or so many within a time; a single one is info.

    Critical once others wait in the queue while one of them is missed.
    """

    consecutive: Count = 2
    count: Count = 3
    within: Window = timedelta(minutes=30)
    critical_waiting: Limit = Field(
        default=1, description="so many others wait in the queue at a miss; 0: never critical"
    )


class OfferRejected(Rule):
    """So many offers explicitly rejected within a time."""

    count: Count = 2
    within: Window = timedelta(minutes=30)


class Toggle(Rule):
    """So many changes between ready and paused within a time; over after a quiet time.

    Or a pause right after a call began to ring that was then not answered.
    """

    count: Count = 4
    within: Window = timedelta(minutes=10)
    quiet: Window = timedelta(minutes=20)
    after_offer: Window = Field(
        default=timedelta(seconds=3), description="so soon after it rings; 0: not judged"
    )
    not_counted: tuple[str, ...] = Field(
        default=("Auto-Pause",), description="reasons of pauses that dodge no call"
    )


class Relog(Rule):
    """So many returns from a log-out within a time; over after a quiet time."""

    count: Count = 2
    within: Window = timedelta(minutes=30)
    quiet: Window = timedelta(minutes=30)


class BreakBudget(Rule):
    """The breaks of one log-in (of 24 hours of it) are together too long, or too many."""

    severity: Severity = "info"
    allowance: Duration = timedelta(minutes=90)
    most: Count = 10
    warning_after: Factor = Field(
        default=1.25, ge=1.0, description="times the allowance or the number: a warning"
    )
    not_counted: tuple[str, ...] = Field(
        default=("Auto-Pause",), description="reasons of pauses that are no break"
    )


class Rate(Rule):
    """So many calls of a kind within a time, and a share that stands out in the team."""

    count: Count = 5
    within: Window = timedelta(hours=1)
    times_others: Factor = Field(
        default=3.0, description="share above so many times that of the others of the team"
    )
    calls: Count = Field(
        default=20, description="of both within the time; fewer say too little"
    )


class AgentHangup(Rate):
    """Calls that the agent ended within `shorter_than`, or with the caller on hold."""

    shorter_than: Duration = timedelta(seconds=30)


class ExcessTransfer(Rate):
    """Calls passed on: a share that stands out, or more than `most` whatever the share."""

    times_others: Factor = Field(
        default=2.0, description="share above so many times that of the others of the team"
    )
    most: Count = 10


class SlowHandling(Rule):
    """The mean of the last contacts is a multiple of the team's over the same span."""

    severity: Severity = "info"
    contacts: Annotated[int, Field(ge=2, le=200)] = Field(
        default=20, description="last contacts of the agent; as many of the others are needed"
    )
    ratio: Factor = Field(default=1.25, description="fires above so many times the team's mean")
    clear: Factor = Field(
        default=1.15, description="clears below so many times, or below `ratio` if that is less"
    )
    within: Duration = Field(
        default=timedelta(hours=4),
        le=timedelta(hours=4),
        description="older ones are left out",
    )
    warning_after: Duration = Field(
        default=timedelta(minutes=30), description="a warning once it has lasted so long"
    )


class LateLogin(Rule):
    """Not logged in when the work of a shift begins; critical when it lasts."""

    grace: Duration = timedelta(minutes=2)
    critical_after: Duration = Field(
        default=timedelta(minutes=15), description="so long after the work should have begun"
    )


class NoShow(Rule):
    """Not logged in so long after the work of a shift should have begun."""

    severity: Severity = "critical"
    after: Duration = timedelta(minutes=30)


class EarlyLogout(Rule):
    """Logged out while the plan wants work, and not back within a time."""

    grace: Duration = Field(
        default=timedelta(minutes=2), description="so long before the end of work nobody minds"
    )
    wait: Duration = Field(
        default=timedelta(minutes=2), description="a program that crashed is back by then"
    )


class UnscheduledBreak(Rule):
    """A break while the plan wants work, longer than the grace."""

    grace: Duration = timedelta(seconds=60)


class WorkInsteadOfBreak(Rule):
    """Logged in and not paused in a planned break for so long."""

    severity: Severity = "info"
    limit: Duration = timedelta(minutes=5)


class NotLoggedOut(Rule):
    """Still logged in so long after the work of a shift ended."""

    severity: Severity = "info"
    after: Duration = timedelta(minutes=60)


class ShortCall(Rule):
    """Calls shorter than `shorter_than` not ended by the caller: of a month, and live."""

    shorter_than: Duration = timedelta(seconds=10)
    times_team: Factor = Field(
        default=2.0, description="month: share above so many times the team's"
    )
    calls: Count = Field(default=100, description="month: fewer say too little")
    live_count: Count = Field(default=5, description="live: so many within `live_within`")
    live_within: Window = timedelta(hours=1)
    live_times: Factor = Field(
        default=3.0, description="live: share above so many times that of the others"
    )
    live_calls: Count = Field(default=20, description="live: of both; fewer say too little")
    critical_after: Factor = Field(
        default=2.0, ge=1.0, description="live: times `live_count`, all ended by the agent"
    )


class Hanging(Rule):
    """A caller waits for a multiple of what his queue promised."""

    times: Factor = Field(default=3.0, description="times the queue's `answer_within`")
    least: Duration = Field(default=timedelta(0), description="no shorter wait is too long")


class PingPong(Rule):
    """An interaction comes to so many queues, or back to an agent who passed it on."""

    queues: Annotated[int, Field(ge=2)] = Field(
        default=3, description="one after the other; the same may come twice"
    )


class WrongStateWork(Rule):
    """A call with a caller that was taken in a break and lasts."""

    severity: Severity = "info"
    grace: Duration = timedelta(seconds=30)


class GhostBusy(Rule):
    """A call among colleagues that lasts while callers wait in a queue of the agent's."""

    limit: Duration = Field(
        default=timedelta(seconds=60), description="so long they may talk whoever waits"
    )
    grace: Duration = Field(
        default=timedelta(seconds=30), description="so long callers may wait after that"
    )


class SystemSuspect(Rule):
    """So many of a team or a source violate one rule at once that it is the system, not they.

    A source's agents are those of all its teams and of none; what is too much of one team
    alone is that team's.
    """

    severity: Severity = "critical"
    share: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        default=0.3, description="more than this share of those logged in [0..1]"
    )
    team: Count = Field(
        default=20, description="in teams, or at sources, of so many logged in, or more"
    )
    all_of_source: Count = Field(
        default=10, description="or all of a source, so many logged in, or more"
    )
    within: Window = timedelta(seconds=60)
