"""What a back-test reads of the history: the facts that rules are judged on.

Those of a range and of the day before it, for an episode of the range may have begun then.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from pult.history_asked import Ask, Row, quoted
from schemas.facts import Leg, Offer
from stream_processors.core.discipline.entries import Stretch
from stream_processors.core.instants import DAY_MS, HOUR_MS
from stream_processors.core.plans import Item, Shift, to_be_present
from stream_processors.core.queues import Queue

BEFORE_MS = DAY_MS
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


@dataclass(frozen=True, slots=True)
class Heard:
    """From when until when [ms] a source was heard; `lost` are the beginnings of its gaps."""

    since: int
    until: int
    lost: tuple[int, ...]

    def seen(
        self, agent_id: str, stretch: Stretch, untold: Collection[tuple[str, int]]
    ) -> Stretch:
        """Return a stretch of an agent with what gaps of the source hid of it.

        Args:
            agent_id: whose it is.
            stretch: what the facts say.
            untold: agents and instants [ms] at which nothing told of them.
        """
        began = ended = None
        if (agent_id, stretch.start) in untold:
            began = self._lost_until(stretch.start)
        if stretch.end is not None and (agent_id, stretch.end) in untold:
            lost_at = self._lost_until(stretch.end)
            ended = lost_at if lost_at is not None and stretch.start < lost_at else None
        return replace(stretch, unseen_since=ended, begun_unseen_since=began)

    def unseen_since(self, leg: Leg) -> int | None:
        """Return from when on [ms] a leg may have ended, if a gap hid its end."""
        if leg.clock != "estimated" or leg.left_at is None:
            return None
        lost_at = self._lost_until(leg.left_at)
        return lost_at if lost_at is not None and leg.entered_at < lost_at else None

    def _lost_until(self, at: int) -> int | None:
        """Return when [ms] the source was lost last until an instant; None: never."""
        place = bisect_right(self.lost, at)
        return self.lost[place - 1] if place else None


def domains(ask: Ask, within: Range) -> list[str]:
    """Return the domains that were heard in a range; each is judged by itself."""
    found = ask(
        f"SELECT domain FROM clock_events WHERE {within.of_tenant()} "
        f"AND occurred_at >= {_instant(within.since)} "
        f"AND occurred_at < {_instant(within.until)} "
        "GROUP BY domain ORDER BY domain"
    )
    return [str(row["domain"]) for row in found]


def heard_hours(ask: Ask, within: Range) -> float | None:
    """Return for how long PBXs were heard in a range, from first to last [h]; None: never."""
    (row,) = ask(
        "SELECT count() AS count, toUnixTimestamp64Milli(max(occurred_at)) "
        "- toUnixTimestamp64Milli(min(occurred_at)) AS span "
        f"FROM clock_events WHERE {within.of_tenant()} "
        f"AND occurred_at >= {_instant(within.since)} "
        f"AND occurred_at < {_instant(within.until)}"
    )
    return int(row["span"]) / HOUR_MS if int(row["count"]) else None


class Facts:
    """Reads the facts of one domain.

    Args:
        ask: reads the history.
        within: what is judged.
        domain: whose facts.
    """

    def __init__(self, ask: Ask, within: Range, domain: str) -> None:
        self._ask = ask
        self._within = within
        self._whose = f"{within.of_tenant()} AND domain = {quoted(domain)}"

    def sources(self) -> dict[str, Heard]:
        """Return each source, and how far its clock has come; in a gap it stands still."""
        found = self._ask(
            "SELECT source, toUnixTimestamp64Milli(min(occurred_at)) AS since, "
            "toUnixTimestamp64Milli(max(occurred_at)) AS until "
            f"FROM clock_events WHERE {self._whose} GROUP BY source ORDER BY source"
        )
        gaps = self._gaps()
        return {str(row["source"]): _heard(row, gaps.get(str(row["source"]))) for row in found}

    def _gaps(self) -> dict[str, Row]:
        """Return when each source was lost, each time, and when it last came back [ms]."""
        found = self._ask(
            f"SELECT source, arraySort(groupArrayIf({_ms('occurred_at')}, {_LOST})) AS lost, "
            f"toUnixTimestamp64Milli(maxIf(occurred_at, {_RESYNCED})) AS resynced "
            f"FROM events WHERE {self._whose} AND ({_LOST} OR {_RESYNCED}) GROUP BY source"
        )
        return {str(row["source"]): row for row in found}

    def agents(self) -> dict[str, str]:
        """Return of which source the agents are: that which named them first."""
        found = self._ask(
            "SELECT agent_id, argMin(source, logged_in_at) AS source FROM agent_sessions "
            f"WHERE {self._whose} GROUP BY agent_id"
        )
        return {str(row["agent_id"]): str(row["source"]) for row in found}

    def stretches(self, wrapups_since: int) -> Iterator[tuple[str, Stretch]]:
        """Yield agents with sessions, breaks, holds, and after-works since an instant [ms]."""
        for kind, table, start, end, which in (
            ("'session'", "agent_sessions", "logged_in_at", "logged_out_at", "1"),
            ("'break'", "breaks", "started_at", "ended_at", "1"),
            ("state", "agent_states", "started_at", "ended_at", "state = 'holding'"),
            ("state", "agent_states", "started_at", "ended_at", "state = 'wrapup'"),
        ):
            reason = "''" if table == "agent_sessions" else "reason"
            since = wrapups_since if which == "state = 'wrapup'" else None
            for row in self._ask(
                f"SELECT {kind} AS kind, agent_id, {reason} AS reason, "
                f"{_ms(start)} AS start, {_ms(end)} AS end FROM {table} "
                f"WHERE {which} AND {self._holds(start, end, since)} ORDER BY start"
            ):
                start_ms, end_ms = int(row["start"]), _number(row["end"])
                stretch = Stretch(
                    row["kind"], start_ms, end_ms, row["reason"], True, ("",)
                )  # fmt: skip
                yield str(row["agent_id"]), stretch

    def untold(self, wrapups_since: int) -> set[tuple[str, int]]:
        """Return agents and when [ms] after-works of theirs began or ended with none to tell.

        An event of the agent tells, or a call: no snapshot that found it begun or over.

        Args:
            wrapups_since: the after-works that lasted at this instant [ms] or later.
        """
        held = self._holds("started_at", "ended_at", wrapups_since)
        wrapups = f"FROM agent_states WHERE state = 'wrapup' AND {held}"
        first = f"(SELECT min(started_at) {wrapups})"
        found = self._ask(
            f"SELECT DISTINCT agent_id, {_ms('edge')} AS at FROM "
            f"(SELECT agent_id, {_EDGES} AS edge {wrapups}) WHERE (agent_id, edge) NOT IN ("
            f"SELECT agent_id, occurred_at FROM events WHERE {self._whose} "
            f"AND type IN ({_TELLING}) AND occurred_at >= {first} "
            f"UNION ALL SELECT agent_id, {_EDGES} FROM agent_states "
            f"WHERE state IN ('reserved', 'talking', 'holding') AND {self._whose} "
            f"AND (ended_at IS NULL OR ended_at >= {first}))"
        )
        return {(str(row["agent_id"]), int(row["at"])) for row in found}

    def planned(self) -> dict[str, list[Shift]]:
        """Return the shifts of agents in the order of time."""
        shifts: dict[tuple[str, int], list[Item]] = {}
        for row in self._ask(
            f"SELECT agent_id, activity, name, {_ms('shift_started_at')} AS shift, "
            f"{_ms('started_at')} AS start, {_ms('ended_at')} AS end "
            f"FROM schedules WHERE {self._holds('started_at', 'ended_at')} ORDER BY start"
        ):
            item = Item(int(row["start"]), int(row["end"]), row["activity"], str(row["name"]))
            shifts.setdefault((str(row["agent_id"]), int(row["shift"])), []).append(item)
        planned: dict[str, list[Shift]] = {}
        for (agent_id, _), items in shifts.items():
            planned.setdefault(agent_id, []).extend(to_be_present([Shift(tuple(items))]))
        return planned

    def offers(self) -> Iterator[Offer]:
        """Yield offers that are over, in the order of their ends."""
        for row in self._ask(
            "SELECT offer_id, leg_id, interaction_id, source, queue_id, agent_id, result, "
            f"{_ms('started_at')} AS start, {_ms('ended_at')} AS end "
            "FROM offers WHERE ended_at IS NOT NULL "
            f"AND {self._holds('started_at', 'ended_at')} ORDER BY ended_at"
        ):
            yield Offer(
                "", "", 0, 0, False, row["offer_id"], row["leg_id"], row["interaction_id"],
                row["source"], row["queue_id"], row["agent_id"], int(row["start"]),
                int(row["end"]), row["result"], None,
            )  # fmt: skip

    def calls(self, since: int) -> Iterator[Leg]:
        """Yield calls of queues that agents have finished from an instant [ms] on, in order."""
        yield from self._legs(
            "outcome = 'answered' AND queue_id != '' AND ended_at IS NOT NULL",
            self._holds("answered_at", "ended_at", since), "ended_at",
        )  # fmt: skip

    def visits(self, since: int) -> Iterator[Leg]:
        """Yield visits to queues and direct calls from an instant [ms] on, open ones too."""
        over = "if(outcome = 'answered', ended_at, coalesce(ended_at, left_at))"
        yield from self._legs("1", self._holds("entered_at", over, since), "entered_at, leg_id")

    def queues(self) -> dict[str, Queue]:
        """Return who waited in which queue from when to when, and nothing else of them."""
        queues: dict[str, Queue] = {}
        for row in self._ask(
            f"SELECT leg_id, queue_id, {_ms('entered_at')} AS start, {_ms('left_at')} AS end "
            f"FROM legs WHERE queue_id != '' AND {self._holds('entered_at', 'left_at')} "
            "ORDER BY left_at, entered_at, leg_id"
        ):
            name, start, end = str(row["queue_id"]), int(row["start"]), _number(row["end"])
            queue = queues.setdefault(name, Queue(name, ""))
            if end is None:
                queue.waiting[row["leg_id"]] = (start, 0)
            else:
                queue.left.append((end, start, row["leg_id"]))
        return queues

    def _legs(self, which: str, when: str, order: str) -> Iterator[Leg]:
        for row in self._ask(
            "SELECT leg_id, source, interaction_id, agent_id, ended_by, talk_ms, hold_ms, "
            "queue_id, direction, transfer_kind, outcome, answer_within_ms, clock, "
            f"{_ms('entered_at')} AS entered, {_ms('answered_at')} AS answered, "
            f"{_ms('left_at')} AS left, {_ms('ended_at')} AS end "
            f"FROM legs WHERE {which} AND {when} ORDER BY {order}"
        ):
            yield Leg(
                "", "", 0, 0, False, row["leg_id"], 0, row["source"], row["interaction_id"],
                row["queue_id"], "voice", row["direction"], "", 0, int(row["entered"]),
                _number(row["answered"]), _number(row["left"]), _number(row["end"]),
                row["outcome"], None, None, _number(row["talk_ms"]), _number(row["hold_ms"]),
                None, row["agent_id"], row["ended_by"], "", row["transfer_kind"], 0,
                int(row["answer_within_ms"]), 0, row["clock"],
            )  # fmt: skip

    def _holds(self, start: str, end: str, since: int | None = None) -> str:
        """Return the condition that a fact lies in reach, by its two columns of time."""
        first = self._within.since - BEFORE_MS if since is None else since
        return (
            f"{self._whose} AND {start} < {_instant(self._within.until)} "
            f"AND ({end} IS NULL OR {end} >= {_instant(first)})"
        )


_LOST = "type = 'cc.source.disconnected.v1'"
_RESYNCED = "type = 'cc.snapshot.completed.v1' AND JSONExtractString(data, 'of') != 'channels'"
_EDGES = "arrayJoin([started_at, ifNull(ended_at, started_at)])"
_TELLING = ", ".join(
    quoted(each)
    for each in (
        "cc.agent.logged_in.v1",
        "cc.agent.logged_out.v1",
        "cc.agent.queue.joined.v1",
        "cc.agent.queue.left.v1",
        "cc.agent.state.changed.v1",
        "cc.wrapup.started.v1",
        "cc.wrapup.ended.v1",
    )
)


def _heard(row: Row, gaps: Row | None) -> Heard:
    lost = tuple(int(each) for each in gaps["lost"]) if gaps else ()
    until = int(row["until"])
    if gaps and lost and lost[-1] > int(gaps["resynced"]):
        until = min(until, lost[-1])
    return Heard(int(row["since"]), until, lost)


def _instant(at: int) -> str:
    return f"fromUnixTimestamp64Milli({at}, 'UTC')"


def _ms(column: str) -> str:
    return f"toUnixTimestamp64Milli({column})"


def _number(value: object) -> int | None:
    return None if value is None else int(str(value))
