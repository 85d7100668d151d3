"""What is wanted of queues and people, written by people, checked by pydantic.

A policy in force travels with every fact that was judged by it, so that a changed target never
rewrites the past silently: `PolicyHistory.at` tells which one held at an instant.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from schemas.adherence import DEFAULTS, Adherence
from schemas.discipline import ABOUT_NOBODY, Discipline, Overrides
from schemas.durations import Duration
from schemas.events import Activity


def known_zone(name: str) -> str:
    """Return the name of a time zone.

    Raises:
        ValueError: there is none of that name.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        msg = f"unknown time zone {name!r} (use a name like Europe/Moscow)"
        raise ValueError(msg) from error
    return name


def _in_lower_case(reasons: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each.lower() for each in reasons)


WRAPUP_REASONS = ("wrap", "wrapup", "wrap-up", "acw")
"""What pauses for work after a call are called, where the settings do not say."""

WrapupReasons = Annotated[tuple[str, ...], AfterValidator(_in_lower_case)]
"""Reasons of pauses, whatever their case."""

LONGEST_WRAPUP = timedelta(hours=8)
"""Longer is a slip of the pen: nobody would be rung again on that day."""

Zone = Annotated[str, AfterValidator(known_zone)]
Ratio = Annotated[float, Field(ge=0.0, le=1.0)]


class _Policy(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class QueuePolicy(_Policy):
    """When an answer is in time, when an abandon is a misdial, how long after-work is."""

    answer_within: Duration = Field(
        default=timedelta(seconds=20),
        description="an answer after at most this wait is in time",
    )
    short_abandon: Duration = Field(
        default=timedelta(seconds=5),
        description="abandons after at most this wait do not count",
    )
    target: Ratio = Field(default=0.8, description="share of calls to answer in time [0..1]")
    wrapup: Duration = Field(
        default=timedelta(0),
        le=LONGEST_WRAPUP,
        description="wrap-up time of members for whom the source tells none of their own; "
        "Asterisk's `wrapuptime` of the queue",
    )
    team: str = Field(default="", description="team that serves the queue")


def _of_queues(queues: Mapping[str, QueuePolicy]) -> Mapping[str, QueuePolicy]:
    for name, queue in queues.items():
        if not queue.answer_within:
            msg = f"{name}.answer_within: must be longer than 0s, or no answer is in time"
            raise ValueError(msg)
    return queues


Queues = Annotated[Mapping[str, QueuePolicy], AfterValidator(_of_queues)]
"""Queues as settings name them; what a history kept of earlier settings may say more."""


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
    timezone: Zone | None = Field(
        default=None, description="whose local times a plan means; else the plan must say"
    )
    discipline: Overrides = Field(
        default={}, description="thresholds that hold for the agent alone, by rule"
    )


def _of_agents(agents: Mapping[str, AgentPolicy]) -> Mapping[str, AgentPolicy]:
    for name, agent in agents.items():
        for code in ABOUT_NOBODY:
            if code in agent.discipline:
                msg = f"{name}.discipline: {code} is about no agent; set it for teams or all"
                raise ValueError(msg)
    return agents


Agents = Annotated[Mapping[str, AgentPolicy], AfterValidator(_of_agents)]
"""Agents as settings name them; what a history kept of earlier settings may say more."""


class TeamPolicy(_Policy):
    """What holds for all of a team."""

    discipline: Overrides = Field(
        default={}, description="thresholds that hold for the team, by rule"
    )


class Policies(_Policy):
    """All that the fold is told about a domain; thresholds it does not name have defaults."""

    timezone: Zone = "UTC"
    queues: Mapping[str, QueuePolicy] = Field(default_factory=dict)
    agents: Mapping[str, AgentPolicy] = Field(default_factory=dict)
    teams: Mapping[str, TeamPolicy] = Field(default_factory=dict)
    discipline: Discipline = Discipline()
    adherence: Mapping[Activity, Adherence] = Field(
        default_factory=dict, description="states that keep to a plan, by planned activity"
    )
    max_open: Duration = Field(
        default=timedelta(hours=4), description="a call open longer is taken as lost"
    )
    wrapup_reasons: WrapupReasons = Field(
        default=WRAPUP_REASONS, description="pause reasons that mean work after a call"
    )

    def queue(self, queue_id: str) -> QueuePolicy:
        """Return what is wanted of a queue, defaults where the settings do not name it."""
        return self.queues.get(queue_id, _DEFAULT_QUEUE)

    def adherence_to(self, activity: Activity) -> Adherence:
        """Return which states keep to a planned activity."""
        return self.adherence.get(activity, DEFAULTS[activity])

    def team_of(self, agent_id: str) -> str:
        """Return an agent's team, an empty string where the settings do not name one."""
        agent = self.agents.get(agent_id)
        return agent.team if agent else ""

    @property
    def judges(self) -> bool:
        """Whether any rule of discipline may be in force for anybody."""
        if self.discipline.judges or any(team.discipline for team in self.teams.values()):
            return True
        return any(agent.discipline for agent in self.agents.values())

    def discipline_of(self, agent_id: str, team: str) -> Discipline:
        """Return the rules that hold for an agent of a team: the nearest level wins."""
        of_team, own = self.teams.get(team), self.agents.get(agent_id)
        levels = [level.discipline for level in (of_team, own) if level is not None]
        return self.discipline.changed(levels)

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
