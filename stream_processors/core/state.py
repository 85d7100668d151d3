"""All that is known of a domain, and what the fold is told besides its events."""

from typing import TypeAlias

import msgspec

from schemas.durations import in_ms
from schemas.events import Activity
from schemas.facts import Leg, Offer
from schemas.policies import PolicyHistory
from stream_processors.core.afterwork_terms import AfterWorkTerms
from stream_processors.core.agent import Agent, AgentMark
from stream_processors.core.call import Call, Mark
from stream_processors.core.crm.desk import Crm
from stream_processors.core.discipline.docket import Docket
from stream_processors.core.discipline.held import Held, rules_held
from stream_processors.core.instants import day_bounds
from stream_processors.core.leg_facts import Target
from stream_processors.core.names import QueueNames
from stream_processors.core.offers import Ringing
from stream_processors.core.plans import Plans
from stream_processors.core.queues import Account, Queue
from stream_processors.core.sources import Source
from stream_processors.core.teams import Team

Activities: TypeAlias = list[tuple[str, AgentMark]]
"""Agents and what a visit tells of them."""


class Settled(msgspec.Struct, gc=False):
    """What has been concluded of one visit and passed on."""

    account: Account
    ringings: list[Ringing]
    marks: Activities


class Line(msgspec.Struct, gc=False):
    """A call with what has been concluded of it, and what was said of it last."""

    call: Call
    settled: list[Settled] = msgspec.field(default_factory=list)
    said_legs: dict[str, Leg] = msgspec.field(default_factory=dict)
    said_offers: dict[str, Offer] = msgspec.field(default_factory=dict)


class Stray(msgspec.Struct, gc=False):
    """An end of a talk that names a call of which its beginning was not told.

    `named` is that call, `owner` the one that it has been told of.
    """

    named: str
    mark: Mark
    owner: str = ""


class Pair(msgspec.Struct, gc=False):
    """The recent calls of one agent in one queue, and ends of calls that named no caller.

    Or named another: those are `strays`.
    """

    lines: list[str] = msgspec.field(default_factory=list)
    ends: list[Mark] = msgspec.field(default_factory=list)
    strays: list[Stray] = msgspec.field(default_factory=list)


class State(msgspec.Struct):
    """What the log of one domain has taught us so far."""

    tenant: str
    domain: str
    position: int = 0
    sources: dict[str, Source] = msgspec.field(default_factory=dict)
    lines: dict[str, Line] = msgspec.field(default_factory=dict)
    queues: dict[str, Queue] = msgspec.field(default_factory=dict)
    agents: dict[str, Agent] = msgspec.field(default_factory=dict)
    teams: dict[str, Team] = msgspec.field(default_factory=dict)
    pairs: dict[str, Pair] = msgspec.field(default_factory=dict)
    roll_called_at: int = 0  # the last time [ms] that a snapshot listed members of queues
    docket: Docket = msgspec.field(default_factory=Docket)
    plans: dict[str, Plans] = msgspec.field(default_factory=dict)
    crm: Crm = msgspec.field(default_factory=Crm)
    unjudged: list[str] = msgspec.field(default_factory=list)  # planned for, no source heard
    dirty_days: list[str] = msgspec.field(default_factory=list)
    rejected: dict[str, int] = msgspec.field(default_factory=dict)

    def source_of(self, agent_id: str) -> Source:
        """Return the source of an agent; of one whom nobody has seen yet, the first by name."""
        agent = self.agents.get(agent_id)
        return self.sources[min(self.sources) if agent is None else agent.source]


class Terms:
    """What the fold is told besides the events.

    Args:
        policies: which targets held when.
        refold_at: the log position a re-fold runs at, revision of all its facts; None if live.
    """

    def __init__(self, policies: PolicyHistory, *, refold_at: int | None = None) -> None:
        self.policies = policies
        self.refold_at = refold_at
        self.zone = policies.current.timezone
        self.max_open_ms = in_ms(policies.current.max_open)
        self.afterwork = AfterWorkTerms(policies)
        self.directory = policies.current.directory()
        self.queue_names = QueueNames(policies.current.queues)
        self._only = policies.current if policies.count == 1 else None
        self._targets: dict[int, dict[str, Target]] = {}
        self.judges = policies.current.judges
        self._rules: dict[tuple[str, str], Held] = {}
        self._day = (0, 0)

    def target(self, queue_id: str, at: int) -> Target:
        """Return what was wanted of a queue at an instant [ms]."""
        policies = self._only or self.policies.at(at)
        targets = self._targets.get(id(policies))
        if targets is None:
            targets = self._targets[id(policies)] = {}
        target = targets.get(queue_id)
        if target is None:
            policy = policies.queue(queue_id)
            target = targets[queue_id] = Target(
                in_ms(policy.answer_within),
                in_ms(policy.short_abandon),
            )
        return target

    def rules(self, agent_id: str, team: str) -> Held:
        """Return which rules held for an agent of a team."""
        rules = self._rules.get((agent_id, team))
        if rules is None:
            rules = self._rules[agent_id, team] = rules_held(self.policies, agent_id, team)
        return rules

    def states(self, activity: Activity, at: int) -> tuple[str, str]:
        """Return which states kept to an activity planned at an instant [ms], and which not."""
        policies = self._only or self.policies.at(at)
        wanted = policies.adherence_to(activity)
        return ",".join(wanted.inside), ",".join(wanted.outside)

    def day_of(self, at: int) -> int:
        """Return the start [ms] of the local day of an instant [ms]."""
        start, end = self._day
        if not start <= at < end:
            start, end = self._day = day_bounds(at // 1000, self.zone)
        return start
