"""One source from opening to closing: its queues, people, heartbeats and faults."""

from collections.abc import Callable, Iterator
from random import Random

from producers.instants import rfc3339
from producers.simulation.calls import Calls
from producers.simulation.desk import Desk, Note
from producers.simulation.people import Agent, Line
from producers.simulation.plan import Plan
from producers.simulation.staff import Staff
from producers.simulation.truth import AgentTruth, Fault, TenantTruth
from producers.simulation.voice import Said, Voice
from producers.simulation.world import World
from schemas import events as e

_DOWN_MS = 30_000
_FOREVER = 1 << 62
_WRAPUPS_MS = (10_000, 20_000, 15_000)
_LAST_BEAT_MS = 60_000
"""A last heartbeat this long after everything lets what is due come to pass."""


class Centre:
    """One source of one tenant. Queues and people of sources do not overlap."""

    def __init__(
        self, plan: Plan, tenant: str, number: int, truth: TenantTruth, note: Note
    ) -> None:
        source = f"pbx{number + 1}"
        chance = Random(f"{plan.seed}|{tenant}|{source}")
        faults = Random(f"{plan.seed}|{tenant}|{source}|faults")
        self.faults: list[Fault] = []
        self._chance = faults
        voice = Voice(tenant, source, plan.faults, faults)
        places = range(number, plan.queues, plan.sources)
        hourly = plan.hourly * len(places) / plan.queues
        self.world = world = World(plan, voice, truth, chance, hourly)
        if plan.crm:
            # Its chance is its own: with it and without it the same people call.
            chance = Random(f"{plan.seed}|{tenant}|{source}|crm")
            world.desk = Desk(tenant, f"crm{number + 1}", voice.skew_ms, chance, note)
        for place in places:
            wrapup = _WRAPUPS_MS[place % len(_WRAPUPS_MS)]
            world.lines.append(Line(f"queue{place + 1:03}", wrapup))
        for person in range(number, plan.seats, plan.sources):
            self._hire(person)
        self.staff = Staff(world)
        self.calls = self.staff.calls = Calls(world, self.staff)

    def _hire(self, person: int) -> None:
        """Every agent serves one queue; of three agents one a second, of nine one a third."""
        world = self.world
        lines, nth = world.lines, person // world.plan.sources
        wanted = 1 + (nth % 3 == 0) + (nth % 9 == 0)
        served = tuple(lines[(nth + n) % len(lines)] for n in range(min(wanted, len(lines))))
        name = f"agent{person + 1:05}"
        truth = AgentTruth(tuple(line.name for line in served))
        world.truth.agents[name] = truth
        world.agents.append(Agent(name, person, served, truth))

    def run(self) -> Iterator[Said]:
        """Let time pass from the beginning to the end; give out what is told of it."""
        world, plan = self.world, self.world.plan
        self.staff.begin()
        self.calls.begin()
        world.after(0, self._beat)
        world.after(plan.length_ms, self._close)
        self._plan_faults(self._restart, plan.faults.restarts)
        self._plan_faults(self._mute, plan.faults.gaps)
        while world.step():
            yield from self._heard_until(world.now)
        yield from self._heard_until(_FOREVER)

    def _heard_until(self, at_ms: int) -> Iterator[Said]:
        voice, desk = self.world.voice, self.world.desk
        if desk is None:
            yield from voice.heard_until(at_ms)
            return
        for said in voice.heard_until(at_ms):
            yield from desk.heard_until(said.received_ms)
            yield said
        yield from desk.heard_until(voice.received(at_ms))

    def _beat(self, _: None, __: int) -> None:
        world = self.world
        if not world.is_down:
            world.say(e.SourceHeartbeat, e.SourceHeartbeatData())
        if world.is_closing and not world.open and not self.staff.anybody:
            world.after(_LAST_BEAT_MS, self._last_beat)
        else:
            world.after(world.plan.heartbeat_ms, self._beat)

    def _last_beat(self, _: None, __: int) -> None:
        self.world.say(e.SourceHeartbeat, e.SourceHeartbeatData())

    def _close(self, _: None, __: int) -> None:
        self.world.is_closing = True
        self.staff.close()

    # --- faults ---------------------------------------------------------------------------

    def _plan_faults(self, fault: Callable[[None, int], None], count: int) -> None:
        """Neither in the first nor in the last tenth: there must be calls to disturb."""
        for _ in range(count):
            share = 0.1 + 0.8 * self._chance.random()
            self.world.after(int(self.world.plan.length_ms * share), fault)

    def _restart(self, _: None, __: int) -> None:
        world = self.world
        if world.is_down:
            return
        self._note("restart", _DOWN_MS)
        self.calls.cut_all()
        self.staff.cut_all(_DOWN_MS)
        world.say(e.SourceRestarted, e.SourceRestartedData())
        world.is_down = True
        world.after(_DOWN_MS, self._is_up)

    def _is_up(self, _: None, __: int) -> None:
        world = self.world
        world.is_down = False
        booted = e.SourceConnectedData(booted_at=rfc3339(world.now * 1000))
        world.say(e.SourceConnected, booted)

    def _mute(self, _: None, __: int) -> None:
        voice, lasts = self.world.voice, self.world.plan.faults.gap_ms
        if not voice.muted:
            self._note("gap", lasts)
            voice.muted = True
            self.world.after(lasts, self._unmute)

    def _unmute(self, _: None, __: int) -> None:
        """The adapter is back: it asks who waits and who works."""
        world = self.world
        world.voice.muted = False
        world.say(e.SourceConnected, e.SourceConnectedData())
        snapshot = f"snapshot-{world.now}"
        for line in world.lines:
            waiting = [each for each in world.open.values() if each.line is line]
            waiting = [each for each in waiting if each.is_waiting]
            told = e.SnapshotQueueData(
                snapshot_id=snapshot, queue_id=line.name, waiting=len(waiting)
            )
            world.say(e.SnapshotQueue, told)
            for caller in waiting:
                listed = e.SnapshotLegData(
                    snapshot_id=snapshot, channel_id=caller.channel_id, queue_id=line.name,
                    wait_ms=world.now - caller.entered_at,
                )  # fmt: skip
                world.say(e.SnapshotLeg, listed, caller.channel_id)
        self._list_agents(snapshot)
        world.say(e.SnapshotCompleted, e.SnapshotCompletedData(snapshot_id=snapshot))

    def _list_agents(self, snapshot: str) -> None:
        for agent in self.world.agents:
            on_break = agent.doing == "on break"
            for line in agent.lines if agent.doing != "away" else ():
                listed = e.SnapshotAgentData(
                    snapshot_id=snapshot, agent_id=agent.agent_id, queue_id=line.name,
                    paused=on_break, reason=agent.break_reason if on_break else "",
                )  # fmt: skip
                self.world.say(e.SnapshotAgent, listed, agent.agent_id)

    def _note(self, kind: str, lasts: int) -> None:
        voice = self.world.voice
        fault = Fault(kind, voice.tenant, voice.source, self.world.now, lasts)
        self.faults.append(fault)
