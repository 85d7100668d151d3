"""One change of a state: how what is told of one thing leads to the others.

A call's visits are concluded anew after each of its marks; what changed is taken out of its
queue and put in again, and told to the agents it concerns. Nothing here knows an event.
"""

from typing import TypeAlias

import msgspec

from stream_processors.core import agents, conversations, strays
from stream_processors.core.activities import (
    activities_of,
    is_roll_call,
    restart_mark,
    roll_marks,
)
from stream_processors.core.afterwork import is_touched, may_follow
from stream_processors.core.agent import Agent, AgentMark, on_the_phone
from stream_processors.core.call import ESTIMATED, Call, Mark, Visit, has_open_visit
from stream_processors.core.calls import observe
from stream_processors.core.exits import FOLLOWS_MS
from stream_processors.core.leg_facts import Target
from stream_processors.core.legs import conclude, has_talked
from stream_processors.core.offers import Ringing, given_up_at, ringings
from stream_processors.core.queues import Queue, account
from stream_processors.core.sources import SWEEPS_KEPT_MS, Deadline, Source
from stream_processors.core.state import Activities, Line, Pair, Settled, State, Terms
from stream_processors.core.sweeps import Sweep
from stream_processors.core.teams import Steps, Team, count, count_end
from stream_processors.core.visits import is_end_of

Cause: TypeAlias = tuple[int, int]
"""Log position of an event, and when its frame was received [ms since 1970]."""


class Change:
    """One change of a state: the state, the terms, and what it has touched.

    What events tell is gathered (`tell`, `hang_up`, `tell_agent`) and concluded in one go
    (`settle`) before anything is read from the state: several messages of one call at one
    instant, such as leaving and being answered, are one conclusion.
    """

    def __init__(self, state: State, terms: Terms) -> None:
        self.state = state
        self.terms = terms
        self.cause: Cause = (0, 0)
        self.feed = ""  # of the event that is read: one text for all marks that keep it
        self.lines: dict[str, Cause] = {}
        self.agents: dict[str, Cause] = {}
        self.contacts: dict[tuple[str, str], Cause] = {}
        self.crm: dict[str, Cause] = {}
        self.members: dict[str, None] = {}  # of whom more was told while colleagues talk
        self.places_changed = False
        self._unsettled: dict[str, Cause] = {}
        self._unsettled_contacts: dict[tuple[str, str], Cause] = {}
        self._agent_marks: dict[str, list[tuple[AgentMark, Cause]]] = {}

    # --- looking up -----------------------------------------------------------------------

    def source(self, name: str) -> Source:
        """Return a source, added when it is first named."""
        source = self.state.sources.get(name)
        if source is None:
            source = self.state.sources[name] = Source(name)
        return source

    def queue(self, queue_id: str, source: str) -> Queue:
        """Return a queue, added when first named; of its sources the first by name is kept."""
        queue = self.state.queues.get(queue_id)
        if queue is None:
            queue = self.state.queues[queue_id] = Queue(queue_id, source)
        if source < queue.source:
            queue.source = source
        return queue

    def agent(self, agent_id: str, source: str) -> Agent:
        """Return an agent, added when first named, with his team and his source's restarts."""
        agent = self.state.agents.get(agent_id)
        if agent is None:
            team = self.terms.policies.current.team_of(agent_id)
            agent = self.state.agents[agent_id] = Agent(agent_id, team, source)
            self._sweep_new_agent(agent, source)
        return agent

    def _sweep_new_agent(self, agent: Agent, source: str) -> None:
        for sweep in self.source(source).sweeps:
            if sweep.restarted:
                marks = [restart_mark(sweep, source)]
                agents.begin(agent, marks, self.terms.afterwork)

    def team(self, team: str, source: str) -> Team:
        """Return a team, added when first named; of its sources the first by name is kept."""
        known = self.state.teams.get(team)
        if known is None:
            known = self.state.teams[team] = Team(team, source)
        if source and source < known.source:
            known.source = source
        return known

    # --- calls ----------------------------------------------------------------------------

    def tell(self, source: Source, channel_id: str, mark: Mark) -> None:
        """Add a mark to a channel and settle what follows."""
        key = f"{source.name}|{channel_id}"
        line = self.state.lines.get(key)
        if line is None:
            line = self.state.lines[key] = Line(Call(source.name, channel_id))
            for loose in source.loose.pop(channel_id, ()):
                observe(line.call, loose)
        if observe(line.call, mark):
            self._unsettled[key] = self.cause

    def hang_up(self, source: Source, channel_id: str, mark: Mark) -> None:
        """Add the end of a channel. Most never see a queue: no call is made of them."""
        root = source.channels.get(channel_id)
        if root is not None and source.contacts[root].places:
            self.unsettle_contact(source, root)  # it may end the visit whose place it took
        key = f"{source.name}|{channel_id}"
        line = self.state.lines.get(key)
        if line is None:
            marks = source.loose.get(channel_id)
            if marks is None:
                source.loose[channel_id] = [mark]
            elif mark not in marks:
                marks.append(mark)
            return
        # One that is told late may leave nothing of a visit of which something was said.
        is_news = has_open_visit(line.call) or mark < line.call.marks[-1]
        if observe(line.call, mark) and is_news:
            self._unsettled[key] = self.cause

    def tell_agent(self, agent_id: str, mark: AgentMark) -> None:
        """Add a mark to an agent."""
        told = self._agent_marks.get(agent_id)
        if told is None:
            self._agent_marks[agent_id] = [(mark, self.cause)]
        else:
            told.append((mark, self.cause))

    def pair(self, source: Source, mark: Mark, channel_id: str) -> None:
        """Bring together the calls of an agent in a queue with ends that name no caller.

        Works whichever comes first, and again: a mark is added to a call only once.
        """
        pair = self.state.pairs.setdefault(
            f"{source.name}|{mark.queue_id}|{mark.agent_id}", Pair()
        )
        if channel_id:
            key = f"{source.name}|{channel_id}"
            if key not in pair.lines:
                pair.lines.append(key)
            candidates = [key] if pair.ends else []
            ends = pair.ends
            if pair.strays:
                strays.find_owners(self, source, pair)
        else:
            pair.ends.append(mark)
            candidates, ends = pair.lines, [mark]
        for key in candidates:
            line = self.state.lines.get(key)
            for end in ends if line is not None else ():
                if line is not None and is_end_of(line.call, end):
                    self.tell(source, line.call.channel_id, end)

    def unsettle_line(self, key: str) -> None:
        """Let a call be concluded anew."""
        self._unsettled[key] = self.cause

    def unsettle(self, source: Source) -> None:
        """Let the calls of a source be concluded anew: what ends them has been told at once.

        Not those that were over before any sweep still known: what ended them may be forgotten.
        Nor contacts, whose visits may be: what a queue dialled would pass for direct calls.
        """
        prefix, reach = f"{source.name}|", source.clock - SWEEPS_KEPT_MS
        for key, line in self.state.lines.items():
            if key.startswith(prefix) and any(
                settled.account.it.ended_at is None or settled.account.it.ended_at >= reach
                for settled in line.settled
            ):
                self._unsettled[key] = self.cause
        for root, contact in source.contacts.items():
            if contact.lasted_until() >= reach:
                self.unsettle_contact(source, root)

    def unsettle_contact(self, source: Source, root: str) -> None:
        """Let a contact be concluded anew."""
        self._unsettled_contacts[source.name, root] = self.cause

    def forget_contact(self, source: Source, root: str) -> None:
        """Leave a contact alone that has become a part of another."""
        self._unsettled_contacts.pop((source.name, root), None)
        self.contacts.pop((source.name, root), None)

    def settle(self) -> bool:
        """Conclude all that was told since the last time; return False if there was nothing."""
        if not self._unsettled and not self._agent_marks and not self._unsettled_contacts:
            return False
        for key, cause in self._unsettled.items():
            self.settle_line(key, cause)
        self._unsettled.clear()
        if self._unsettled_contacts:
            told_of, self._unsettled_contacts = self._unsettled_contacts, {}
            for (name, root), cause in told_of.items():
                conversations.conclude(self, self.state.sources[name], root, cause)
        waiting, self._agent_marks = self._agent_marks, {}
        for agent_id, told in waiting.items():
            if told:
                self._settle_marks(agent_id, told)
        return True

    def _settle_marks(self, agent_id: str, told: list[tuple[AgentMark, Cause]]) -> None:
        in_order = [told[0][0]] if len(told) == 1 else sorted([mark for mark, _ in told])
        if in_order[0].at <= self.state.roll_called_at:
            in_order = self._with_roll_calls(agent_id, in_order)
        agent = self.agent(agent_id, in_order[0].source)
        agents.begin(agent, in_order, self.terms.afterwork)
        self.settle_agent(agent, in_order[-1].source, told[-1][1])

    def settle_due(self, key: str) -> list[Settled]:
        """Conclude one call because its time has come, if time can change anything about it."""
        line = self.state.lines[key]
        told = self._unsettled.pop(key, None)
        if told is not None:
            self.settle_line(key, told)
            return line.settled
        for settled in line.settled:
            if self._is_due(line, settled):
                self.settle_line(key, self.cause)
                break
        return line.settled

    def _is_due(self, line: Line, settled: Settled) -> bool:
        """Time changes who waits; who talks only when the talk is given up for lost."""
        it = settled.account.it
        if it.left_at is None:
            return True
        since = it.answered_at or it.left_at
        clock = self.source(line.call.source).clock
        return it.ended_at is None and clock >= since + self.terms.max_open_ms

    def settle_line(self, key: str, cause: Cause, *, of_contact: bool = False) -> None:
        """Conclude all visits of a call anew and pass on what changed, and because of what.

        Args:
            key: the call.
            cause: what made it change.
            of_contact: its contact tells it something, and need not be told in turn.
        """
        line = self.state.lines[key]
        call, settled = line.call, line.settled
        source, max_open_ms = self.source(call.source), self.terms.max_open_ms
        for index, visit in enumerate(call.visits):
            it = conclude(call, index, source.sweeps, source.clock, max_open_ms)
            target = self.terms.target(visit.queue_id, it.entered_at)
            rings = []
            if visit.rings:
                rings = ringings(call, visit, it, source.sweeps, source.clock)
            for ring in rings:
                if ring.result == "no_answer":
                    rings = self._excused(key, rings, call.source)
                    break
            if it.left_at is None:
                self._remind(source, key, visit, target)
            now = account(it, target, source.clock)
            old = settled[index] if index < len(settled) else None
            if old is not None and old.account == now and old.ringings == rings:
                continue
            if old is None and it.left_at is not None and visit.entered[0] == ESTIMATED:
                # No entry has set a reminder of a talk whose end may be lost, too.
                gives_up = (it.answered_at or it.left_at) + max_open_ms
                if it.ended_at is None and gives_up > source.clock:
                    source.remind(Deadline(gives_up, "leg", key))
            if it.agent_id and has_talked(it):
                self.agent(it.agent_id, call.source).talked[key] = None
            new = Settled(now, rings, activities_of(it, rings, call.source))
            settled[index : index + 1] = [new]
            self._change(call, old, new)
        while len(settled) > len(call.visits):
            self._change(call, settled.pop(), None)
        if settled or line.said_legs:
            self.lines[key] = cause
        if not of_contact and source.contacts:
            root = source.channels.get(call.channel_id)
            if root is not None:
                self._unsettled_contacts[source.name, root] = cause

    def _excused(self, key: str, rings: list[Ringing], source: str) -> list[Ringing]:
        """Call busy, not unanswered, what rang at a phone that was in use without a queue."""
        excused = []
        for ring in rings:
            if ring.result == "no_answer":
                agent = self.agent(ring.agent_id, source)
                agent.missed[key] = None
                if on_the_phone(agent, ring.started_at):
                    excused.append(msgspec.structs.replace(ring, result="busy"))
                    continue
            excused.append(ring)
        return excused

    def _remind(self, source: Source, key: str, visit: Visit, target: Target) -> None:
        """Come back when the target passes, or when leaving without an answer was by a key.

        What the clock has passed is concluded already: reminding of it again would never end.
        """
        due = []
        if visit.entered[0] == ESTIMATED:  # else the entry's own event has set the reminder
            due.append(visit.entered[2] + target.answer_within_ms)
        if visit.left is not None:
            due.append(visit.left[2] + FOLLOWS_MS)
        elif (given_up := given_up_at(visit, source.clock)) is not None:
            due.append(given_up)
        for at in due:
            if at > source.clock:
                source.remind(Deadline(at, "leg", key))

    def _change(self, call: Call, old: Settled | None, new: Settled | None) -> None:
        was, now = old.account if old else None, new.account if new else None
        if was is not None and now is not None and was.it.queue_id == now.it.queue_id:
            if was != now:
                self.queue(now.it.queue_id, call.source).change(was, now, self.terms.day_of)
        else:
            if was is not None:
                self.queue(was.it.queue_id, call.source).change(was, None, self.terms.day_of)
            if now is not None:
                self.queue(now.it.queue_id, call.source).change(None, now, self.terms.day_of)
        self.change_agents(call.source, old.marks if old else [], new.marks if new else [])

    def change_agents(self, source: str, old: Activities, new: Activities) -> None:
        """Take back what no longer holds of agents, and tell them what is new."""
        if not old or new[: len(old)] == old:
            for each in new[len(old) :]:
                self.tell_agent(each[0], each[1])
            return
        held, holds = set(old), set(new)
        for each in old:
            if each not in holds:
                self.take_back(each[0], each[1], source)
        for each in new:
            if each not in held:
                self.tell_agent(each[0], each[1])

    def take_back(self, agent_id: str, mark: AgentMark, source: str) -> None:
        """Take back a mark that does not hold, whether it has been settled or not."""
        if not self._untell(agent_id, mark):
            agent = self.agent(agent_id, source)
            agents.withdraw(agent, mark, self.terms.afterwork)
            self.settle_agent(agent, source, self.cause)

    def _untell(self, agent_id: str, mark: AgentMark) -> bool:
        """Take back a mark that waits to be settled; return False if it does not."""
        told = self._agent_marks.get(agent_id, [])
        kept = [each for each in told if each[0] != mark]
        if len(kept) == len(told):
            return False
        self._agent_marks[agent_id] = kept
        return True

    # --- agents ---------------------------------------------------------------------------

    def call_roll(self, source: Source, sweep: Sweep) -> None:
        """Let a snapshot end the memberships that it lacks, and no others.

        What its earlier form said (a part came late) is taken back where it no longer holds.
        """
        self.state.roll_called_at = max(self.state.roll_called_at, sweep.at)
        for agent_id, agent in self.state.agents.items():
            said = {mark for mark in agent.marks if is_roll_call(mark, sweep.name)}
            queues = {mark.queue_id for mark in agent.marks if mark.source == source.name}
            queues.update(each for each, at in agent.now.homes.items() if at == source.name)
            lacked = roll_marks(sweep, agent_id, queues, source.name)
            for mark in sorted(said - lacked):
                agents.withdraw(agent, mark, self.terms.afterwork)
            if said - lacked:
                self.settle_agent(agent, source.name, self.cause)
            for mark in sorted(lacked - said):
                self.tell_agent(agent_id, mark)

    def _with_roll_calls(self, agent_id: str, marks: list[AgentMark]) -> list[AgentMark]:
        """Add what snapshots say of queues that an agent was told to be in only afterwards."""
        lacked = {
            roll
            for mark in marks
            if mark.source
            for sweep in self.source(mark.source).sweeps
            if mark.at <= sweep.at
            for roll in roll_marks(sweep, agent_id, [mark.queue_id], mark.source)
        }
        return sorted({*marks, *lacked}) if lacked else marks

    def _tell_calls_before(self, agent: Agent, start: int, cause: Cause) -> None:
        """Let calls be told of again after which a state began at `start` [ms]."""
        for key in agent.talked:
            line = self.state.lines.get(key)
            if line is not None and any(
                settled.account.it.agent_id == agent.agent_id
                and may_follow(start, settled.account.it.ended_at)
                for settled in line.settled
            ):
                self.lines.setdefault(key, cause)

    def settle_agent(self, agent: Agent, source: str, cause: Cause) -> None:
        """Pass on to the team what changed in an agent's states."""
        if agent.agent_id in self.state.docket.chatting:
            self.members[agent.agent_id] = None
        if not agent.touched:
            return
        ends = agent.now.wrapup_until
        if ends and ends < self.source(source).clock:
            # Of a late mark: its deadline has passed, and the next event may be long in coming.
            agents.pass_time(agent, ends, self.terms.afterwork)
        self.agents[agent.agent_id] = cause
        team = self.team(agent.team, source)
        available: Steps = {}
        busy: Steps = {}
        spans, unsaid = agent.spans, agent.unsaid
        for key, old in agent.touched.items():
            new = spans.get(key)
            # Which of two talks led to an after-work may change, and not the after-work.
            if key[0] == "state" and agent.talked and is_touched(agent, old, new):
                self._tell_calls_before(agent, key[1], cause)
            if old == new:
                continue
            if key not in unsaid:
                unsaid[key] = old
            if key[0] == "state":
                if old is None or new is None or old.state != new.state or old.end is not None:
                    count(team, available, busy, old, -1)
                    count(team, available, busy, new, +1)
                else:
                    count_end(team, available, busy, new)
        team.step(available, busy)
        agent.touched = {}
        if agent.now.wrapup_until:
            self.source(source).remind(
                Deadline(agent.now.wrapup_until, "agent", agent.agent_id)
            )
