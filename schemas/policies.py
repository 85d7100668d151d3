"""What is wanted of queues and people, written by people, checked by pydantic.

A policy in force travels with every fact that was judged by it, so that a changed target never
rewrites the past silently: `PolicyHistory.at` tells which one held at an instant.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}


def _duration(value: object) -> object:
    """Read `10s`, `1h30m` or `250ms`; ISO 8601 (`PT10S`) and all else is left to pydantic."""
    if not isinstance(value, str) or value.startswith("P"):
        return value
    parts = re.findall(r"(\d+)\s*(ms|s|m|h)", value)
    if not parts or re.sub(r"\d+\s*(ms|s|m|h)|\s", "", value):
        msg = f"{value!r} is no duration (write 10s, 5m or 1h30m)"
        raise ValueError(msg)
    return timedelta(milliseconds=sum(int(count) * _UNITS[unit] for count, unit in parts))


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        msg = f"unknown time zone {name!r} (use a name like Europe/Moscow)"
        raise ValueError(msg) from error
    return name


Zone = Annotated[str, AfterValidator(_known_zone)]
Ratio = Annotated[float, Field(ge=0.0, le=1.0)]
Duration = Annotated[timedelta, BeforeValidator(_duration), Field(ge=timedelta(0))]


class _Policy(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class QueuePolicy(_Policy):
    """When an answer is in time, how many must be, and when an abandon is a misdial."""

    answer_within: Duration = Field(
        default=timedelta(seconds=20),
        description="an answer after at most this wait is in time",
    )
    short_abandon: Duration = Field(
        default=timedelta(seconds=5),
        description="abandons after at most this wait do not count",
    )
    target: Ratio = Field(default=0.8, description="share of calls to answer in time [0..1]")
    team: str = Field(default="", description="team that serves the queue")


class AgentPolicy(_Policy):
    """Where an agent belongs."""

    team: str = Field(default="", description="team the agent belongs to")
    devices: tuple[str, ...] = Field(
        default=(),
        description="phones whose calls are the agent's, as the PBX names them (PJSIP/1001)",
    )
    ids: tuple[str, ...] = Field(
        default=(), description="what else the agent is known by: extensions, CRM users"
    )


class Policies(_Policy):
    """All that the fold is told about a domain; thresholds it does not name have defaults."""

    timezone: Zone = "UTC"
    queues: Mapping[str, QueuePolicy] = Field(default_factory=dict)
    agents: Mapping[str, AgentPolicy] = Field(default_factory=dict)
    max_open: Duration = Field(
        default=timedelta(hours=4), description="a call open longer is taken as lost"
    )
    wrapup_reasons: tuple[str, ...] = Field(
        default=("wrap", "wrapup", "wrap-up", "acw"),
        description="pause reasons that mean work after a call, in lower case",
    )

    def queue(self, queue_id: str) -> QueuePolicy:
        """Return what is wanted of a queue, defaults where the settings do not name it."""
        return self.queues.get(queue_id, _DEFAULT_QUEUE)

    def team_of(self, agent_id: str) -> str:
        """Return an agent's team, an empty string where the settings do not name one."""
        agent = self.agents.get(agent_id)
        return agent.team if agent else ""

    def directory(self) -> dict[str, str]:
        """Return the agent of each device and other id; of two that claim one, the first."""
        known: dict[str, str] = {}
        for agent_id, agent in self.agents.items():
            for name in (*agent.devices, *agent.ids):
                known.setdefault(name, agent_id)
        return known


_DEFAULT_QUEUE = QueuePolicy()


class PolicyHistory:
    """Which policies held when: each from its instant [ms since 1970], the first also before.

    Raises:
        ValueError: no version at all.
    """

    def __init__(self, versions: Sequence[tuple[int, Policies]]) -> None:
        if not versions:
            msg = "a policy history needs at least one version"
            raise ValueError(msg)
        self._versions = sorted(versions, key=lambda version: version[0])
        self.current = self._versions[-1][1]
        self.count = len(self._versions)

    @property
    def versions(self) -> Sequence[tuple[int, Policies]]:
        """All versions, each with the instant [ms since 1970] from which on it holds."""
        return tuple(self._versions)

    def at(self, instant: int) -> Policies:
        """Return the policies in force at an instant."""
        for since, policies in reversed(self._versions):
            if since <= instant:
                return policies
        return self._versions[0][1]
