"""A rule as it would have been: facts of the history brought before other thresholds.

Pure replay: rules are judged on facts (breaks, sessions, states, offers, calls), and these are
in the store; nothing is written, and the live state is not asked.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pult.history_asked import Row, quoted
from schemas.discipline import Discipline, PageBudget
from schemas.facts import Leg, Offer, Violation
from schemas.policies import Policies
from schemas.rules import Rule
from stream_processors.core.discipline.clerk import Clerk
from stream_processors.core.discipline.diary import Stretch
from stream_processors.core.discipline.docket import Docket
from stream_processors.core.discipline.sitting import Sitting
from stream_processors.core.plans import Item, Shift, to_be_present
from stream_processors.core.queues import Queue

Ask: TypeAlias = Callable[[str], list[Row]]
"""Answers a reading statement with rows."""

BEFORE_MS = 24 * 3_600_000
"""What happened so long before a range is read, too: it may have begun an episode in it."""


@dataclass(frozen=True, slots=True)
class Range:
    """What is judged: episodes of a tenant that fire in [since, until) [ms]; "" means all."""

    since: int
    until: int
    tenant: str = ""

    def of_tenant(self) -> str:
        """Return the condition that a row is of the tenant."""
        return f"tenant = {quoted(self.tenant)}" if self.tenant else "1"

    def holds(self, start: str, end: str) -> str:
        """Return the condition that a fact lies in reach, by its two columns of time."""
        since = f"fromUnixTimestamp64Milli({self.since - BEFORE_MS}, 'UTC')"
        until = f"fromUnixTimestamp64Milli({self.until}, 'UTC')"
        return (
            f"{self.of_tenant()} AND {start} < {until} AND ({end} IS NULL OR {end} >= {since})"
        )


class _Bench:
    """One clock, and rules of our choosing."""

    tenant = domain = ""

    def __init__(self, policies: Policies, rules: Callable[[str, str], Discipline]) -> None:
        self.zone = policies.timezone
        self.now = 0
        self.since = 0
        self.planned: dict[str, list[Shift]] = {}
        self.queues: dict[str, Queue] = {}
        self._rules = rules
        self._known: dict[tuple[str, str], Discipline] = {}

    def clock(self, agent_id: str) -> int:
        """Return the end of the range; gaps of sources are in the facts already."""
        return self.now

    def remind(self, agent_id: str, at: int) -> None:
        """Do nothing: the clock stands at the end."""

    def shifts(self, agent_id: str) -> Sequence[Shift]:
        """Return what was planned for an agent."""
        return self.planned.get(agent_id, ())

    def waiting(self, queue_id: str, at: int) -> Sequence[str]:
        """Return the legs of who waited in a queue at an instant [ms], longest first."""
        queue = self.queues.get(queue_id)
        return queue.waiting_at(at) if queue is not None else ()

    def heard_since(self, agent_id: str) -> int:
        """Return from when on facts are read."""
        return self.since

    def rule(self, code: str, agent_id: str, team: str, at: int) -> Rule:
        """Return the rule that is tried."""
        known = self._known.get((agent_id, team))
        if known is None:
            known = self._known[agent_id, team] = self._rules(agent_id, team)
        return known.rule(code)

    def budget(self, at: int) -> PageBudget:
        """Return the budget that the settings hold now."""
        return self._rules("", "").budget


def replayed(
    ask: Ask,
    policies: Policies,
    rules: Callable[[str, str], Discipline],
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
    bench, docket = _Bench(policies, rules), Docket()
    bench.planned = _planned(ask, within)
    if code == "rona":
        bench.queues = _queues(ask, within)
    bench.since = max(_first_event(ask, within), within.since - BEFORE_MS)
    clerk = Clerk(docket, bench)
    for row in _stretches(ask, within):
        agent, start = str(row["agent_id"]), int(row["start"])
        end = None if row["end"] is None else int(row["end"])
        stretch = Stretch(str(row["kind"]), start, end, str(row["reason"]), True, ("",))
        clerk.write_stretch(agent, policies.team_of(agent), (stretch.kind, start), stretch)
    for offer in _offers(ask, within):
        clerk.write_offer(offer, policies.team_of(offer.agent_id), list)
    for leg in _legs(ask, within):
        clerk.write_leg(leg, policies.team_of(leg.agent_id))
    clerk.count_others()
    bench.now = min(within.until, _last_event(ask, within))
    for agent in list(docket.diaries):
        clerk.look(agent)
    for agent in bench.planned:
        clerk.write_plan(agent, policies.team_of(agent))
    touched = {pair: starts for pair, starts in clerk.touched.items() if pair[1] == code}
    found = [
        each
        for each in Sitting(docket, bench, 0, 0).facts(touched)
        if each.code == code
        and each.fired_at is not None
        and within.since <= each.fired_at < within.until
    ]
    return sorted(found, key=lambda each: (each.fired_at or 0, each.agent_id))


def _stretches(ask: Ask, within: Range) -> Iterable[Row]:
    times = "toUnixTimestamp64Milli({}) AS start, toUnixTimestamp64Milli({}) AS end"
    spans = times.format("started_at", "ended_at")
    logged = times.format("logged_in_at", "logged_out_at")
    yield from ask(
        f"SELECT 'session' AS kind, agent_id, '' AS reason, {logged} FROM agent_sessions "
        f"WHERE {within.holds('logged_in_at', 'logged_out_at')} ORDER BY start"
    )
    yield from ask(
        f"SELECT 'break' AS kind, agent_id, reason, {spans} FROM breaks "
        f"WHERE {within.holds('started_at', 'ended_at')} ORDER BY start"
    )
    yield from ask(
        f"SELECT state AS kind, agent_id, reason, {spans} FROM agent_states "
        f"WHERE state IN ('wrapup', 'holding') AND {within.holds('started_at', 'ended_at')} "
        "ORDER BY start"
    )


def _planned(ask: Ask, within: Range) -> dict[str, list[Shift]]:
    shifts: dict[tuple[str, int], list[Item]] = {}
    for row in ask(
        "SELECT agent_id, activity, name, toUnixTimestamp64Milli(shift_started_at) AS shift, "
        "toUnixTimestamp64Milli(started_at) AS start, toUnixTimestamp64Milli(ended_at) AS end "
        f"FROM schedules WHERE {within.holds('started_at', 'ended_at')} ORDER BY start"
    ):
        item = Item(int(row["start"]), int(row["end"]), row["activity"], str(row["name"]))
        shifts.setdefault((str(row["agent_id"]), int(row["shift"])), []).append(item)
    planned: dict[str, list[Shift]] = {}
    for (agent_id, _), items in shifts.items():
        planned.setdefault(agent_id, []).extend(to_be_present([Shift(tuple(items))]))
    return planned


def _offers(ask: Ask, within: Range) -> Iterable[Offer]:
    for row in ask(
        "SELECT offer_id, leg_id, interaction_id, source, queue_id, agent_id, result, "
        "toUnixTimestamp64Milli(started_at) AS start, toUnixTimestamp64Milli(ended_at) AS end "
        "FROM offers WHERE ended_at IS NOT NULL "
        f"AND {within.holds('started_at', 'ended_at')} ORDER BY ended_at"
    ):
        start, end = int(row["start"]), int(row["end"])
        yield Offer(
            "", "", 0, 0, False, row["offer_id"], row["leg_id"], row["interaction_id"],
            row["source"], row["queue_id"], row["agent_id"], start, end, row["result"], None,
        )  # fmt: skip


def _legs(ask: Ask, within: Range) -> Iterable[Leg]:
    for row in ask(
        "SELECT leg_id, agent_id, ended_by, talk_ms, hold_ms, queue_id, transfer_kind, "
        "toUnixTimestamp64Milli(ended_at) AS end FROM legs WHERE outcome = 'answered' "
        "AND queue_id != '' AND ended_at IS NOT NULL "
        f"AND {within.holds('answered_at', 'ended_at')} ORDER BY ended_at"
    ):
        end = int(row["end"])
        talk = None if row["talk_ms"] is None else int(row["talk_ms"])
        held = None if row["hold_ms"] is None else int(row["hold_ms"])
        yield Leg(
            "", "", 0, 0, False, row["leg_id"], 0, "", "", row["queue_id"], "voice", "in", "",
            0, end, end, end, end, "answered", 0, None, talk, held, None, row["agent_id"],
            row["ended_by"], "", row["transfer_kind"], 1, 0, 0, "source",
        )  # fmt: skip


def _queues(ask: Ask, within: Range) -> dict[str, Queue]:
    """Return who waited in which queue from when to when, and nothing else of them."""
    queues: dict[str, Queue] = {}
    for row in ask(
        "SELECT leg_id, queue_id, toUnixTimestamp64Milli(entered_at) AS start, "
        "toUnixTimestamp64Milli(left_at) AS end FROM legs WHERE queue_id != '' "
        f"AND {within.holds('entered_at', 'left_at')} ORDER BY left_at, entered_at, leg_id"
    ):
        name, start = str(row["queue_id"]), int(row["start"])
        queue = queues.setdefault(name, Queue(name, ""))
        if row["end"] is None:
            queue.waiting[row["leg_id"]] = (start, 0)
        else:
            queue.left.append((int(row["end"]), start, row["leg_id"]))
    return queues


def _first_event(ask: Ask, within: Range) -> int:
    return _event(ask, within, "min")


def _last_event(ask: Ask, within: Range) -> int:
    return _event(ask, within, "max")


def _event(ask: Ask, within: Range, which: str) -> int:
    (row,) = ask(
        f"SELECT toUnixTimestamp64Milli({which}(occurred_at)) AS at FROM events "
        f"WHERE {within.of_tenant()} AND type NOT IN ({_NOT_OF_A_PBX})"
    )
    return int(row["at"])


_NOT_OF_A_PBX = "'cc.schedule.published.v1', 'cc.violation.reviewed.v1'"
"""Events that move no clock."""
