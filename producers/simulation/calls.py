"""Callers: they arrive, wait, are rung for, talk, are passed on, and leave."""

from producers.simulation import chance as laws
from producers.simulation.day import next_arrival
from producers.simulation.people import Agent, Caller, Line, Offer
from producers.simulation.staff import Staff
from producers.simulation.world import World
from schemas import events as e

_TRANSFERRED = 0.06
_ON_THE_WAY_MS = 150
"""From one queue to the next."""

_LOOKS_AROUND_MS = 3_000
"""Who waits where nobody works is sent away after this."""

_RESTS_MS = 5_000
"""An agent who missed a call is not rung again for so long."""


class Calls:
    """All callers of one source."""

    def __init__(self, world: World, staff: Staff) -> None:
        self.world = world
        self.staff = staff
        self._count = 0
        self._weights: list[float] = []
        self._arrival = float(world.plan.begin_ms)

    def begin(self) -> None:
        """Let callers come. Of the queues the first is called most, the last half as often."""
        last = max(1, len(self.world.lines) - 1)
        total = 0.0
        for place in range(len(self.world.lines)):
            total += 1 - 0.5 * place / last
            self._weights.append(total)
        self._await_next()

    def _await_next(self) -> None:
        world = self.world
        arrival = next_arrival(self._arrival, world.plan.end_ms, world.hourly, world.chance)
        if arrival is not None:
            self._arrival = arrival
            world.after(int(arrival) - world.now, self._arrive)

    def _arrive(self, _: None, __: int) -> None:
        self._await_next()
        world = self.world
        if world.is_down:
            return
        self._count += 1
        key = f"{world.chance.getrandbits(64):016x}"
        if world.desk is not None:
            key = world.desk.caller(key)
        caller = Caller(f"{world.now // 1000}.{self._count}", key)
        world.open[caller.channel_id] = caller
        channel = caller.channel_id
        started = e.InteractionStartedData(
            interaction_id=channel, channel_id=channel, caller_key=key
        )
        world.say(e.InteractionStarted, started, channel)
        (line,) = world.chance.choices(world.lines, cum_weights=self._weights)
        self._enter(caller, line)

    def _enter(self, caller: Caller, line: Line) -> None:
        world = self.world
        caller.visit += 1
        caller.line, caller.entered_at = line, world.now
        caller.agent = caller.answered_at = None
        caller.heard = False
        world.truth.queue(line.name, world.now).offered += 1
        entered = e.QueueEnteredData(
            channel_id=caller.channel_id, interaction_id=caller.channel_id,
            queue_id=line.name, caller_key=caller.caller_key,
        )  # fmt: skip
        world.say_of(caller, e.QueueEntered, entered)
        patience, way = laws.way_out(world.chance)
        act = {"abandoned": self._gives_up, "key": self._presses, "timeout": self._times_out}
        world.after(patience, act[way], caller, caller.visit)
        if not line.staff:
            world.after(_LOOKS_AROUND_MS, self._finds_nobody, caller, caller.visit)
        self._seek_agent(caller, line)

    def _seek_agent(self, caller: Caller, line: Line, *, again: bool = False) -> None:
        agent = self.staff.longest_idle(line)
        if agent is not None:
            self.ring(caller, agent)
        elif again:
            line.unserved.appendleft((caller, caller.visit))
        else:
            line.first()  # drops who has left
            line.unserved.append((caller, caller.visit))

    # --- ringing --------------------------------------------------------------------------

    def ring(self, caller: Caller, agent: Agent) -> None:
        """Let an agent's phone ring for a caller."""
        world = self.world
        assert caller.line is not None  # only who is in a queue is rung for
        caller.offers += 1
        offer = Offer(f"{caller.channel_id}-{caller.offers}", caller, agent, world.now)
        caller.offer = offer
        agent.doing = "ringing"
        started = e.OfferStartedData(
            channel_id=caller.channel_id, queue_id=caller.line.name, agent_id=agent.agent_id,
            offer_id=offer.offer_id,
        )  # fmt: skip
        world.say_of(caller, e.OfferStarted, started)
        lasts, result = laws.ringing(world.chance)
        act = {"answered": self._answers, "no_answer": self._misses, "rejected": self._rejects}
        world.after(lasts, act[result], offer)

    def _answers(self, offer: Offer, _: int) -> None:
        if offer.over:
            return
        world, caller, agent = self.world, offer.caller, offer.agent
        assert caller.line is not None
        offer.over, caller.offer = True, None
        caller.agent, caller.answered_at = agent, world.now
        agent.doing = "talking"
        agent.truth.answered += 1
        if world.desk is not None:
            world.desk.answered(caller.channel_id, caller.caller_key, agent.agent_id, world.now)
        queue_id = caller.line.name
        self._count_exit(caller, "answered")
        left = e.QueueLeftData(channel_id=caller.channel_id, queue_id=queue_id)
        world.say_of(caller, e.QueueLeft, left)
        connected = e.LegConnectedData(
            channel_id=caller.channel_id, queue_id=queue_id, agent_id=agent.agent_id,
            offer_id=offer.offer_id, wait_ms=caller.wait_ms, ring_ms=world.now - offer.since,
        )  # fmt: skip
        world.say_of(caller, e.LegConnected, connected)
        world.after(laws.talk(world.chance), self._talk_ends, caller, caller.visit)

    def _misses(self, offer: Offer, _: int) -> None:
        if not offer.over:
            offer.agent.truth.missed += 1
            self._rings_in_vain(offer, "no_answer")

    def _rejects(self, offer: Offer, _: int) -> None:
        if not offer.over:
            offer.agent.truth.rejected += 1
            self._rings_in_vain(offer, "rejected")

    def _rings_in_vain(self, offer: Offer, result: e.OfferResult) -> None:
        caller, agent = offer.caller, offer.agent
        line = caller.line
        assert line is not None
        self._stop_ringing(offer, result)
        agent.doing = "resting"
        self.world.after(_RESTS_MS, self.staff.release, agent, agent.session)
        self._seek_agent(caller, line, again=True)

    def _stop_ringing(self, offer: Offer, result: e.OfferResult) -> None:
        caller = offer.caller
        assert caller.line is not None
        offer.over, caller.offer = True, None
        ended = e.OfferEndedData(
            channel_id=caller.channel_id, result=result, queue_id=caller.line.name,
            agent_id=offer.agent.agent_id, offer_id=offer.offer_id,
            ring_ms=self.world.now - offer.since,
        )  # fmt: skip
        self.world.say_of(caller, e.OfferEnded, ended)

    # --- ways out -------------------------------------------------------------------------

    def _gives_up(self, caller: Caller, visit: int) -> None:
        self._leave(caller, visit, "abandoned")

    def _presses(self, caller: Caller, visit: int) -> None:
        self._leave(caller, visit, "key")

    def _times_out(self, caller: Caller, visit: int) -> None:
        self._leave(caller, visit, "timeout")

    def _finds_nobody(self, caller: Caller, visit: int) -> None:
        if caller.line is not None and not caller.line.staff:
            self._leave(caller, visit, "empty")

    def _leave(self, caller: Caller, visit: int, outcome: e.QueueExit) -> None:
        line = caller.line
        if caller.visit != visit or not caller.is_waiting or line is None:
            return
        offer = caller.offer
        if offer is not None:
            self._stop_ringing(offer, "cancelled")
        self._count_exit(caller, outcome)
        left = e.QueueLeftData(
            channel_id=caller.channel_id, queue_id=line.name, outcome=outcome,
            wait_ms=caller.wait_ms,
        )  # fmt: skip
        self.world.say_of(caller, e.QueueLeft, left)
        self._visit_over(caller)
        self._gone(caller)
        if offer is not None:
            self.staff.release(offer.agent, offer.agent.session)

    def _talk_ends(self, caller: Caller, visit: int) -> None:
        agent, line = caller.agent, caller.line
        if caller.visit != visit or agent is None or line is None:
            return
        world = self.world
        to = self._transfer_target(line)
        by: e.EndedBy = "caller" if to is None and world.chance.random() < 0.6 else "agent"
        if to is not None:
            world.truth.queue(line.name, caller.entered_at).transferred += 1
            passed_on = e.LegTransferredData(
                channel_id=caller.channel_id, kind="queue", to=to.name, queue_id=line.name,
                agent_id=agent.agent_id,
            )  # fmt: skip
            world.say_of(caller, e.LegTransferred, passed_on)
        talked = self._count_talk(caller)
        ended = e.LegEndedData(
            channel_id=caller.channel_id, queue_id=line.name, agent_id=agent.agent_id,
            ended_by=by, wait_ms=caller.wait_ms, talk_ms=talked,
        )  # fmt: skip
        world.say_of(caller, e.LegEnded, ended)
        self._visit_over(caller)
        if to is None:
            self._gone(caller)
        else:
            world.after(_ON_THE_WAY_MS, self._arrive_by_transfer, (caller, to), caller.visit)
        agent.doing, agent.wrapup_since = "wrapup", world.now
        agent.wrapup_of = world.truth.queue(line.name, caller.entered_at)
        world.after(line.wrapup_ms, self.staff.wrapup_over, agent, agent.session)

    def _transfer_target(self, line: Line) -> Line | None:
        world = self.world
        if len(world.lines) < 2 or world.is_closing or world.chance.random() >= _TRANSFERRED:
            return None
        place = world.lines.index(line) + 1 + world.chance.randrange(len(world.lines) - 1)
        return world.lines[place % len(world.lines)]

    def _arrive_by_transfer(self, on_the_way: tuple[Caller, Line], visit: int) -> None:
        caller, line = on_the_way
        if caller.visit == visit and caller.channel_id in self.world.open:
            self._enter(caller, line)

    def _gone(self, caller: Caller) -> None:
        del self.world.open[caller.channel_id]
        ended = e.InteractionEndedData(
            interaction_id=caller.channel_id, channel_id=caller.channel_id
        )
        self.world.say(e.InteractionEnded, ended, caller.channel_id)

    def cut_all(self) -> None:
        """End every call at once and untold: the PBX is gone."""
        world = self.world
        for caller in world.open.values():
            if caller.offer is not None:
                caller.offer.over = True
            if caller.is_waiting:
                self._count_exit(caller, "system")
                self._visit_over(caller)
            elif caller.agent is not None:
                self._count_talk(caller)
                self._visit_over(caller)
            caller.visit += 1
        world.open.clear()
        for line in world.lines:
            line.unserved.clear()

    # --- the truth ------------------------------------------------------------------------

    def _count_exit(self, caller: Caller, outcome: str) -> None:
        plan, line = self.world.plan, caller.line
        assert line is not None
        caller.wait_ms = self.world.now - caller.entered_at
        self.world.truth.queue(line.name, caller.entered_at).left(
            outcome, caller.wait_ms, plan.answer_within_ms, plan.short_abandon_ms
        )

    def _count_talk(self, caller: Caller) -> int:
        line, agent, answered = caller.line, caller.agent, caller.answered_at
        assert line is not None
        assert agent is not None
        assert answered is not None
        talked = self.world.now - answered
        self.world.truth.queue(line.name, caller.entered_at).talk_ms += talked
        agent.truth.talk_ms += talked
        if self.world.desk is not None:
            self.world.desk.ended(caller.channel_id, self.world.now)
        return talked

    def _visit_over(self, caller: Caller) -> None:
        line = caller.line
        assert line is not None
        if not caller.heard:
            self.world.truth.queue(line.name, caller.entered_at).unheard += 1
        caller.line = caller.agent = None
