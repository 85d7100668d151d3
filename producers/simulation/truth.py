"""The ground truth: what the simulation decided, counted by itself as it decided it.

Nothing here is derived from events. A visit belongs to the UTC day on which the caller entered
the queue. Durations and instants are milliseconds.
"""

from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from producers.simulation.day import DAY_MS


@dataclass(slots=True)
class QueueTruth:
    """One queue on one day.

    `wait_ms` is summed over all visits, `answered_wait_ms` over those that were answered.
    `level_counted` are the calls that count for the service level: answered, or abandoned
    after more than `short_abandon_ms`, or waiting longer than the target however it ended;
    `level_in_time` of these those answered in time. `unheard` visits lie wholly in a gap of
    the feed: nothing was told of them.
    """

    offered: int = 0
    answered: int = 0
    answered_in_time: int = 0
    abandoned: int = 0
    short_abandoned: int = 0
    timeout: int = 0
    key: int = 0
    empty: int = 0
    system: int = 0
    level_counted: int = 0
    level_in_time: int = 0
    transferred: int = 0
    unheard: int = 0
    wait_ms: int = 0
    answered_wait_ms: int = 0
    longest_wait_ms: int = 0
    talk_ms: int = 0
    wrapup_ms: int = 0

    def left(self, outcome: str, wait_ms: int, within_ms: int, short_ms: int) -> None:
        """Count a visit whose wait is over."""
        setattr(self, outcome, getattr(self, outcome) + 1)
        self.wait_ms += wait_ms
        self.longest_wait_ms = max(self.longest_wait_ms, wait_ms)
        in_time = wait_ms <= within_ms
        if outcome == "answered":
            self.answered_in_time += in_time
            self.answered_wait_ms += wait_ms
            self.level_in_time += in_time
        elif outcome == "abandoned":
            self.short_abandoned += wait_ms <= short_ms
        counts = outcome == "answered" or (outcome == "abandoned" and wait_ms > short_ms)
        self.level_counted += counts or not in_time

    def as_json(self) -> dict[str, Any]:
        """Return the figures with the ratio that follows from them; None without calls."""
        counted = self.level_counted
        return {
            **asdict(self),
            "service_level": self.level_in_time / counted if counted else None,
        }


@dataclass(slots=True)
class AgentTruth:
    """One agent over the whole time."""

    queues: tuple[str, ...]
    answered: int = 0
    talk_ms: int = 0
    wrapup_ms: int = 0
    missed: int = 0
    rejected: int = 0
    sessions: int = 0
    logged_in_ms: int = 0
    breaks: dict[str, list[int]] = field(default_factory=dict)
    """Number and total [ms], by reason."""

    def had_break(self, reason: str, lasted_ms: int) -> None:
        """Count a break that is over."""
        so_far = self.breaks.setdefault(reason, [0, 0])
        so_far[0] += 1
        so_far[1] += lasted_ms

    def as_json(self) -> dict[str, Any]:
        """Return the figures, breaks with their units named."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        told["breaks"] = {
            reason: {"count": count, "total_ms": total}
            for reason, (count, total) in sorted(self.breaks.items())
        }
        return told


@dataclass(slots=True)
class Fault:
    """Something that went wrong, by the clock of its source."""

    kind: str
    tenant: str
    source: str
    at_ms: int
    lasted_ms: int


@dataclass(slots=True)
class TenantTruth:
    """What happened to one tenant; it grows with queues, agents and days, not with calls."""

    queues: dict[str, dict[int, QueueTruth]] = field(default_factory=dict)
    agents: dict[str, AgentTruth] = field(default_factory=dict)

    def queue(self, queue_id: str, at_ms: int) -> QueueTruth:
        """Return the figures of a queue on the day of an instant."""
        days = self.queues.get(queue_id)
        if days is None:
            days = self.queues[queue_id] = {}
        day = days.get(at_ms // DAY_MS)
        if day is None:
            day = days[at_ms // DAY_MS] = QueueTruth()
        return day

    def as_json(self) -> dict[str, Any]:
        """Return everything by name and day."""
        return {
            "queues": {
                name: {_date(day): truth.as_json() for day, truth in sorted(days.items())}
                for name, days in sorted(self.queues.items())
            },
            "agents": {name: self.agents[name].as_json() for name in sorted(self.agents)},
        }


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY_MS // 1000, UTC).date().isoformat()
