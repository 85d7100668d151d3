"""A rule as it would have been: facts of the history brought before other thresholds.

Pure replay: rules are judged on facts (breaks, sessions, states, offers, calls), and these are
in the store; nothing is written, and the live state is not asked.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from pult.backtest_facts import BEFORE_MS, Facts, Heard, Range, domains
from pult.history_asked import Ask
from schemas.discipline import Discipline, PageBudget
from schemas.facts import Violation
from schemas.policies import Policies
from schemas.rules import Rule
from stream_processors.core.discipline.call_sitting import OF_CALLS, CallSitting
from stream_processors.core.discipline.chat import Talk
from stream_processors.core.discipline.clerk import Clerk
from stream_processors.core.discipline.diary import FOLLOWS_MS
from stream_processors.core.discipline.docket import Docket
from stream_processors.core.discipline.held import Always, Held
from stream_processors.core.discipline.lengths import first_day
from stream_processors.core.discipline.register import Register
from stream_processors.core.discipline.rules import KIND_OF, OF_OFFERS, OF_PLANS
from stream_processors.core.discipline.sitting import Sitting
from stream_processors.core.instants import day_bounds, month_bounds
from stream_processors.core.plans import Shift
from stream_processors.core.queues import Queue, Stay

Rules: TypeAlias = Callable[[str, str], Discipline]
"""Tells the rules for an agent and his team."""

_OF_TIME = frozenset({*KIND_OF, *OF_PLANS, "relog", "break_budget"}) - {"long_hold"}
"""Rules about stretches of time: they need to know of no call."""


def replayed(
    ask: Ask,
    policies: Policies,
    rules: Rules,
    code: str,
    within: Range,
) -> list[Violation]:
    """Return the episodes of a rule that would have fired, in the order of time.

    Args:
        ask: reads the history.
        policies: of the tenant, for teams and zone.
        rules: tells the rules that are tried for an agent and his team.
        code: the rule in question.
        within: when the episodes fired.
    """
    found = [
        each
        for domain in domains(ask, within)
        for each in _Replay(Facts(ask, within, domain), policies, rules, within).episodes(code)
        if each.code == code
        and each.fired_at is not None
        and within.since <= each.fired_at < within.until
    ]
    return sorted(found, key=lambda each: (each.fired_at or 0, each.agent_id, each.episode_id))


class _Replay:
    """One domain before rules of our choosing; its clocks stand at the end of the range."""

    tenant = domain = ""

    def __init__(
        self,
        facts: Facts,
        policies: Policies,
        rules: Rules,
        within: Range,
    ) -> None:
        self.zone = policies.timezone
        self._facts = facts
        self._policies = policies
        self._within = within
        self._rules = rules
        self._known: dict[tuple[str, str], Held] = {}
        self._sources = facts.sources()
        self._source_of = facts.agents()
        self._planned = facts.planned()
        self._queues: Mapping[str, Queue] = {}
        self._clocks: Mapping[str, int] = {}
        self._docket = Docket()
        self._clerk = Clerk(self._docket, self)
        self._register = Register(self._docket, self)

    # --- what judging has to be told --------------------------------------------------------

    def source_name(self, agent_id: str) -> str:
        """Return the name of an agent's source."""
        return self._source(agent_id)

    def clock(self, agent_id: str) -> int:
        """Return the time [ms] of an agent's source."""
        return self.source_clock(self._source(agent_id))

    def source_clock(self, source: str) -> int:
        """Return the time [ms] of a source; 0 until everything is written."""
        return self._clocks.get(source, 0)

    def latest(self) -> int:
        """Return the latest time [ms] of all sources."""
        return max(self._clocks.values(), default=0)

    def remind(self, agent_id: str, at: int) -> None:
        """Do nothing: the clock stands at the end."""

    def remind_of_call(self, source: str, key: str, at: int) -> None:
        """Do nothing: the clock stands at the end."""

    def shifts(self, agent_id: str) -> Sequence[Shift]:
        """Return what was planned for an agent."""
        return self._planned.get(agent_id, ())

    def stays(self, queue_id: str, since: int) -> Sequence[Stay]:
        """Return who waits in a queue, or left it after an instant [ms], longest first."""
        queue = self._queues.get(queue_id)
        return queue.stays_since(since) if queue is not None else ()

    def served(self, agent_id: str, since: int) -> tuple[()]:
        """Return nothing: the history does not say who was in which queue."""
        return ()

    def heard_since(self, agent_id: str) -> int:
        """Return from when on [ms] an agent's source was heard, and facts are read."""
        heard = self._sources.get(self._source(agent_id))
        return max(heard.since if heard else 0, self._within.since - BEFORE_MS)

    def team_of_queue(self, queue_id: str) -> str:
        """Return the team that serves a queue, '' if none is named."""
        return self._policies.queue(queue_id).team

    def rules(self, agent_id: str, team: str) -> Held:
        """Return the rules that are tried."""
        known = self._known.get((agent_id, team))
        if known is None:
            known = self._known[agent_id, team] = Always(self._rules(agent_id, team))
        return known

    def queue_rule(self, code: str, queue_id: str, at: int) -> Rule:
        """Return the rule that is tried for a queue's calls."""
        return self.rules("", self.team_of_queue(queue_id)).rule(code, at)

    def budget(self, at: int) -> PageBudget:
        """Return the budget that the settings hold now."""
        return self._rules("", "").budget

    def note_work(
        self, agent_id: str, source: str, leg_id: str, span: tuple[int, int | None] | None
    ) -> None:
        """Note from when to when [ms] an agent had a caller, or that he had not."""
        self._clerk.write_work(agent_id, self._policies.team_of(agent_id), leg_id, span)

    def note_chat(self, agent_id: str, source: str, leg_id: str, talk: Talk | None) -> None:
        """Do nothing: of whom callers waited for meanwhile, nothing is known."""

    def note_crowd(self, queue_id: str, since: int) -> None:
        """Do nothing: who waited when is known before anybody is judged."""

    def _source(self, agent_id: str) -> str:
        return self._source_of.get(agent_id) or min(self._sources, default="")

    # --- judging ----------------------------------------------------------------------------

    def episodes(self, code: str) -> Iterator[Violation]:
        """Yield what the rule of a code, and whatever is judged with it, says of the facts."""
        self._write(code)
        if code in OF_CALLS:
            yield from CallSitting(self._docket, self, 0, 0).facts(self._register.touched)
            return
        touched = {
            pair: starts
            for pair, starts in self._clerk.touched.items()
            # Whether the system is to blame follows from the episodes of all other rules.
            if code in (pair[1], "system_suspect")
        }
        yield from Sitting(self._docket, self, 0, 0).facts(touched)

    def _write(self, code: str) -> None:
        """Write what a rule may look at; until all is written no clock shows anything."""
        team_of, facts = self._policies.team_of, self._facts
        if code not in OF_CALLS:
            since = self._wrapups_since(code)
            lost = any(heard.lost for heard in self._sources.values())
            untold = facts.untold(since) if lost else set()
            for agent_id, each in facts.stretches(since):
                if each.kind == "wrapup":
                    each = self._heard(self._source(agent_id)).seen(agent_id, each, untold)
                place = (each.kind, each.start)
                self._clerk.write_stretch(agent_id, team_of(agent_id), place, each)
        if code not in {*_OF_TIME, *OF_CALLS}:
            for offer in facts.offers():
                self._clerk.write_offer(offer, team_of(offer.agent_id), list)
        if code == "rona":
            self._queues = facts.queues()
            self._clerk.count()
        of_calls = code == "acw_too_long" or code not in {*_OF_TIME, *OF_OFFERS}
        if of_calls and code not in OF_CALLS:
            for leg in facts.calls(self._calls_since(code)):
                self._clerk.write_leg(leg, team_of(leg.agent_id))
        self._clocks = {
            name: min(self._within.until, heard.until) for name, heard in self._sources.items()
        }
        if of_calls:
            for leg in facts.visits(self._wrapups_since(code) - FOLLOWS_MS):
                self._register.write_leg(leg, self._heard(leg.source).unseen_since(leg))
        for agent_id in list(self._docket.diaries):
            self._clerk.look(agent_id)
        for agent_id in self._planned:
            self._clerk.write_plan(agent_id, team_of(agent_id))

    def _calls_since(self, code: str) -> int:
        """Return from when on [ms] calls count: those of a month until its end."""
        since = self._wrapups_since(code) - FOLLOWS_MS
        if code not in ("short_call", "system_suspect"):
            return since
        return min(since, month_bounds(self._within.since - 1, self.zone)[0])

    def _wrapups_since(self, code: str) -> int:
        """Return from when on [ms] after-work counts: it tells what is usual in a queue."""
        since = self._within.since - BEFORE_MS
        if code not in ("acw_too_long", "system_suspect"):
            return since
        return first_day(day_bounds(since // 1000, self.zone)[0], self.zone)

    def _heard(self, source: str) -> Heard:
        return self._sources.get(source) or Heard(0, 0, ())
