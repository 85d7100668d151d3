"""Agents: they come and go in shifts, take breaks, and serve whoever waits longest."""

from typing import Protocol

from producers.simulation import chance as laws
from producers.simulation.day import DAY_MS, SHIFT_MS, shift_begin
from producers.simulation.people import Agent, Caller, Line
from producers.simulation.world import World
from schemas import events as e

_COMES_WITHIN_MS = 240_000
"""Nobody logs in on the stroke of the hour."""


class Ringing(Protocol):
    """What lets a phone ring."""

    def ring(self, caller: Caller, agent: Agent) -> None:
        """Let an agent's phone ring for a caller."""


class Staff:
    """All agents of one source."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.calls: Ringing | None = None

    def begin(self) -> None:
        """Let those come whose shift is on; the others come when theirs begins."""
        midnight = self.world.now // DAY_MS * DAY_MS
        self._plan_shifts(midnight - DAY_MS)
        self._plan_day(None, 0)

    def _plan_day(self, _: None, __: int) -> None:
        world = self.world
        midnight = world.now // DAY_MS * DAY_MS
        if world.now < world.plan.end_ms:
            self._plan_shifts(midnight)
            world.after(midnight + DAY_MS - world.now, self._plan_day)

    def _plan_shifts(self, midnight: int) -> None:
        world = self.world
        for agent in world.agents:
            begins = shift_begin(agent.number, world.plan.seats, midnight)
            if begins is None or begins + SHIFT_MS <= world.now + _COMES_WITHIN_MS:
                continue
            comes = max(begins, world.now) + int(world.chance.random() * _COMES_WITHIN_MS)
            if comes < world.plan.end_ms:
                world.after(comes - world.now, self._comes, agent, begins + SHIFT_MS)

    def _comes(self, agent: Agent, shift_ends: int) -> None:
        if agent.doing == "away" and not (self.world.is_closing or self.world.is_down):
            agent.shift_ends = shift_ends
            self._log_in(agent)

    def _log_in(self, agent: Agent) -> None:
        world = self.world
        agent.session += 1
        agent.logged_in_at = world.now
        agent.wanted_break, agent.breaks_taken = None, 0
        for line in agent.lines:
            line.staff += 1
            joined = e.AgentQueueJoinedData(
                agent_id=agent.agent_id, queue_id=line.name, wrapup_ms=line.wrapup_ms
            )
            world.say(e.AgentQueueJoined, joined, agent.agent_id)
        world.after(agent.shift_ends - world.now, self._shift_over, agent, agent.session)
        self._plan_break(agent)
        agent.doing = "resting"
        self.release(agent, agent.session)

    def _log_out(self, agent: Agent) -> None:
        for line in agent.lines:
            left = e.AgentQueueLeftData(agent_id=agent.agent_id, queue_id=line.name)
            self.world.say(e.AgentQueueLeft, left, agent.agent_id)
        self._leave(agent)

    def _leave(self, agent: Agent) -> None:
        if agent.doing == "on break":
            agent.truth.had_break(agent.break_reason, self.world.now - agent.break_since)
        self._count_wrapup(agent)
        agent.truth.sessions += 1
        agent.truth.logged_in_ms += self.world.now - agent.logged_in_at
        self._not_idle(agent)
        for line in agent.lines:
            line.staff -= 1
        agent.doing = "away"
        agent.session += 1

    def _shift_over(self, agent: Agent, session: int) -> None:
        if agent.session == session and agent.doing in ("idle", "on break"):
            self._log_out(agent)

    # --- free, and what then --------------------------------------------------------------

    def wrapup_over(self, agent: Agent, session: int) -> None:
        """End the after-work of a call, unless the agent is gone."""
        if agent.session == session:
            self._count_wrapup(agent)
            self.release(agent, session)

    def _count_wrapup(self, agent: Agent) -> None:
        if agent.doing == "wrapup":
            assert agent.wrapup_of is not None
            lasted = self.world.now - agent.wrapup_since
            agent.truth.wrapup_ms += lasted
            agent.wrapup_of.wrapup_ms += lasted
            agent.doing = "resting"

    def release(self, agent: Agent, session: int) -> None:
        """Let an agent do what comes next: go home, rest, serve, or wait for a call."""
        world, calls = self.world, self.calls
        if agent.session != session or agent.doing == "away":
            return
        assert calls is not None
        over = world.now >= agent.shift_ends and not world.is_closing
        caller = None if over or agent.wanted_break else self._longest_waiting(agent)
        if caller is not None and caller.line is not None:
            caller.line.unserved.popleft()
            calls.ring(caller, agent)
        elif over or world.is_closing:
            self._log_out(agent)
        elif agent.wanted_break:
            self._begin_break(agent)
        else:
            agent.doing = "idle"
            for line in agent.lines:
                line.idle[agent.agent_id] = agent

    def _longest_waiting(self, agent: Agent) -> Caller | None:
        first = None
        for line in agent.lines:
            caller = line.first() if line.unserved else None
            if caller is not None and (first is None or caller.entered_at < first.entered_at):
                first = caller
        return first

    def longest_idle(self, line: Line) -> Agent | None:
        """Take the agent who has been idle longest out of the idle ones of his queues."""
        if not line.idle:
            return None
        agent = next(iter(line.idle.values()))
        self._not_idle(agent)
        return agent

    def _not_idle(self, agent: Agent) -> None:
        if agent.doing == "idle":
            for line in agent.lines:
                del line.idle[agent.agent_id]

    # --- breaks ---------------------------------------------------------------------------

    def _plan_break(self, agent: Agent) -> None:
        comes_in, reason, lasts = laws.next_break(agent.breaks_taken, self.world.chance)
        self.world.after(comes_in, self._wants_break, (agent, reason, lasts), agent.session)

    def _wants_break(self, wish: tuple[Agent, str, int], session: int) -> None:
        agent, reason, lasts = wish
        if agent.session != session or self.world.is_closing:
            return
        agent.wanted_break = (reason, lasts)
        if agent.doing == "idle":
            self._not_idle(agent)
            agent.doing = "resting"
            self.release(agent, session)

    def _begin_break(self, agent: Agent) -> None:
        assert agent.wanted_break is not None
        agent.break_reason, lasts = agent.wanted_break
        agent.wanted_break = None
        agent.doing, agent.break_since = "on break", self.world.now
        self._say_ready(agent, "not_ready", agent.break_reason)
        self.world.after(lasts, self._break_over, agent, agent.session)

    def _break_over(self, agent: Agent, session: int) -> None:
        if agent.session != session:
            return
        agent.truth.had_break(agent.break_reason, self.world.now - agent.break_since)
        agent.breaks_taken += 1
        agent.doing = "resting"
        self._say_ready(agent, "ready", "")
        self._plan_break(agent)
        self.release(agent, session)

    def _say_ready(self, agent: Agent, state: str, reason: str) -> None:
        """Tell it once for each queue, as Asterisk does."""
        for line in agent.lines:
            changed = e.AgentStateChangedData(
                agent_id=agent.agent_id, state="ready" if state == "ready" else "not_ready",
                scope="queue", queue_id=line.name, reason=reason,
            )  # fmt: skip
            self.world.say(e.AgentStateChanged, changed, agent.agent_id)

    # --- all of them ----------------------------------------------------------------------

    def close(self) -> None:
        """Send home who has nothing to do; the others go when nobody waits for them."""
        for agent in self.world.agents:
            if agent.doing in ("idle", "on break"):
                self._log_out(agent)

    def cut_all(self, back_in_ms: int) -> None:
        """Log everybody out at once and untold; who is still on shift comes back."""
        world = self.world
        for agent in world.agents:
            if agent.doing != "away":
                self._leave(agent)
                comes_in = back_in_ms + int(world.chance.random() * 60_000)
                if world.now + comes_in < min(agent.shift_ends, world.plan.end_ms):
                    world.after(comes_in, self._comes, agent, agent.shift_ends)

    @property
    def anybody(self) -> bool:
        """Tell whether anybody is logged in."""
        return any(line.staff for line in self.world.lines)
