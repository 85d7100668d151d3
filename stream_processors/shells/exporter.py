"""Prometheus metrics read from the live state at the moment of the scrape.

A custom collector: a series is there while its object is, ratios are absent while there is
nothing to measure, and nothing has to be updated in between. Instants are exported, not ages.
What each number means: docs/metrics.md.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TypeAlias

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from stream_processors.core.agent import EVERY_QUEUE
from stream_processors.core.crm.figures import NOTHING, WINDOW, figures
from stream_processors.core.discipline.suspicion import source_of
from stream_processors.core.hearsay import clock_of
from stream_processors.core.queues import Queue
from stream_processors.core.state import State, Terms
from stream_processors.core.teams import Team
from stream_processors.core.windows import WINDOWS

STATES = ("ready", "reserved", "talking", "holding", "wrapup", "not_ready")
_SECOND_MS = 1000


Families: TypeAlias = Callable[[State, Terms], Iterator[Metric]]
"""What is told of a domain; runs while its state is held, so it must not wait."""


class StateCollector(Collector):
    """Collects a domain's metrics.

    Args:
        state: returns the state to read, held still inside the context.
        terms: returns the terms it is folded under.
        families: what of it is told; all unless named.
    """

    def __init__(
        self,
        state: Callable[[], AbstractContextManager[State]],
        terms: Callable[[], Terms],
        families: Families | None = None,
    ) -> None:
        self._state = state
        self._terms = terms
        self._families = families or everything

    def collect(self) -> Iterator[Metric]:
        """Return all metrics; runs while the state is held, so it must not wait."""
        with self._state() as state:
            families = list(self._families(state, self._terms()))
        yield from families


class StatesCollector(Collector):
    """Collects the metrics of several domains, each with its tenant and, if it has one, site.

    Args:
        states: returns the states to read and their terms, held still inside the context.
        unplaced: returns how many records of no domain were rejected, by reason; None: that
            is not told.
        families: what of each domain is told; all unless named.
    """

    def __init__(
        self,
        states: Callable[[], AbstractContextManager[Iterable[tuple[State, Terms]]]],
        unplaced: Callable[[], Mapping[str, int]] | None,
        families: Families | None = None,
    ) -> None:
        self._states = states
        self._unplaced = unplaced
        self._families = families or everything

    def collect(self) -> Iterator[Metric]:
        """Return all metrics; runs while the states are held, so it must not wait."""
        families: dict[str, Metric] = {}
        with self._states() as states:
            for state, terms in states:
                _, _, site = state.domain.partition("/")
                place = {"tenant": state.tenant, **({"site": site} if site else {})}
                for family in self._families(state, terms):
                    whole = families.setdefault(family.name, family)
                    labelled = [
                        sample._replace(labels={**place, **sample.labels})
                        for sample in family.samples
                    ]
                    if whole is family:
                        whole.samples = labelled
                    else:
                        whole.samples += labelled
        yield from families.values()
        if self._unplaced is None:
            return
        unplaced = CounterMetricFamily(
            "pult_rejected_unplaced", "Records of no domain, not used", labels=["reason"]
        )
        for reason, count in self._unplaced().items():
            unplaced.add_metric([reason], count)
        yield unplaced


def everything(state: State, terms: Terms) -> Iterator[Metric]:
    """Return all families of a domain."""
    yield from _waiting(state, terms)
    yield from _served(state)
    yield from _windows(state, terms)
    yield from _totals(state)
    yield from _people(state)
    yield from _of_crm(state, terms)
    yield from violations(state, terms)
    yield from _ourselves(state)


def now_of(state: State, source: str) -> int:
    """Return the clock [ms] of a source, 0 before its first event."""
    known = state.sources.get(source)
    return known.clock if known else 0


def spans_of(state: State, queue: Queue, terms: Terms) -> Iterator[tuple[str, int, int]]:
    """Return each window of a queue as name, start and end [ms]."""
    now = now_of(state, queue.source)
    for name, length in WINDOWS.items():
        yield name, now - length, now


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)


def _waiting(state: State, terms: Terms) -> Iterator[Metric]:
    waiting = _gauge(
        "cc_queue_waiting", "Callers in the queue whom no agent has answered", "queue"
    )
    oldest = _gauge(
        "cc_queue_oldest_wait_start_timestamp_seconds",
        "When the first in line entered the queue; absent while nobody waits",
        "queue",
    )
    broken = _gauge(
        "cc_queue_conservation_difference",
        "Calls lost or doubled: offered - (outcomes + waiting); anything but 0 is a defect",
        "queue",
    )
    wanted = _gauge(
        "cc_queue_answer_within_seconds",
        "An answer after this wait at most is timely",
        "queue",
    )
    for queue in state.queues.values():
        waiting.add_metric([queue.queue_id], len(queue.waiting))
        target = terms.target(queue.queue_id, now_of(state, queue.source))
        wanted.add_metric([queue.queue_id], target.answer_within_ms / _SECOND_MS)
        broken.add_metric([queue.queue_id], queue.difference())
        if queue.waiting:
            first = min(entered for entered, _ in queue.waiting.values())
            oldest.add_metric([queue.queue_id], first / _SECOND_MS)
    yield from (waiting, oldest, broken, wanted)


def _served(state: State) -> Iterator[Metric]:
    """Count who is logged in to each queue; who is ready, but paused there, is not ready."""
    counts = {queue_id: dict.fromkeys(STATES, 0) for queue_id in state.queues}
    for agent in state.agents.values():
        now = agent.now
        if now.state == "offline":
            continue
        for queue_id in counts if EVERY_QUEUE in now.queues else now.queues:
            paused = queue_id in now.paused or EVERY_QUEUE in now.paused
            shown = "not_ready" if paused and now.state == "ready" else now.state
            counts.setdefault(queue_id, dict.fromkeys(STATES, 0))[shown] += 1
    people = _gauge(
        "cc_queue_agents", "People logged in to a queue, by what they do", "queue", "state"
    )
    for queue_id, states in counts.items():
        for each, count in states.items():
            people.add_metric([queue_id, each], count)
    yield people


def _windows(state: State, terms: Terms) -> Iterator[Metric]:
    labels = ("queue", "window")
    level = _gauge(
        "cc_queue_service_level_ratio", "Share of calls answered within the target", *labels
    )
    offered = _gauge("cc_queue_window_offered", "Visits to the queue that began", *labels)
    abandoned = _gauge(
        "cc_queue_abandon_ratio",
        "Share of finished waits the caller gave up, misdials out",
        *labels,
    )
    mean = _gauge("cc_queue_answer_seconds_mean", "Mean wait of answered calls", *labels)
    for queue in state.queues.values():
        for window, start, end in spans_of(state, queue, terms):
            key = [queue.queue_id, window]
            offered.add_metric(key, queue.count("offered", start, end))
            _add(level, key, queue.service_level(start, end))
            answered = queue.count("answered", start, end)
            lost = queue.count("abandoned", start, end)
            lost -= queue.count("short_abandoned", start, end)
            _add(abandoned, key, lost / (lost + answered) if lost + answered else None)
            waited = queue.mean_wait_ms(start, end)
            _add(mean, key, None if waited is None else waited / _SECOND_MS)
        today = queue.days.get(terms.day_of(now_of(state, queue.source)))
        if today:
            key = [queue.queue_id, "day"]
            offered.add_metric(key, today["offered"])
            calls = today["level_counted"]
            _add(level, key, today["answered_in_time"] / calls if calls else None)
            lost = today["abandoned"] - today["short_abandoned"]
            finished = lost + today["answered"]
            _add(abandoned, key, lost / finished if finished else None)
    yield from (level, offered, abandoned, mean)


def _add(family: GaugeMetricFamily, labels: list[str], value: float | None) -> None:
    if value is not None:
        family.add_metric(labels, value)


def _totals(state: State) -> Iterator[Metric]:
    for name, text in (
        ("offered", "Visits to the queue"),
        ("answered", "Visits answered"),
        ("answered_in_time", "Visits answered within the target"),
        ("abandoned", "Visits the caller gave up, misdials included"),
    ):
        family = CounterMetricFamily(f"cc_queue_{name}", text, labels=["queue"])
        for queue in state.queues.values():
            family.add_metric([queue.queue_id], queue.totals[name])
        yield family


def _people(state: State) -> Iterator[Metric]:
    people = _gauge("cc_agents", "People of a team in a state", "team", "state")
    busy = _gauge(
        "cc_occupancy_ratio", "Share of available time spent on calls", "team", "window"
    )
    for team in state.teams.values():
        for each in STATES:
            people.add_metric([team.team, each], team.states.get(each, 0))
        now = now_of(state, team.source)
        for window, length in WINDOWS.items():
            _add(busy, [team.team, window], _occupancy(team, now, length))
    since = _gauge(
        "cc_agent_state_start_timestamp_seconds",
        "When the agent's present state began",
        "agent", "team", "state", "reason",
    )  # fmt: skip
    for agent in state.agents.values():
        if agent.now.state != "offline":
            key = [agent.agent_id, agent.team, agent.now.state, agent.now.reason]
            since.add_metric(key, agent.now.since / _SECOND_MS)
    yield from (people, busy, since)


def _of_crm(state: State, terms: Terms) -> Iterator[Metric]:
    """Tell what CRMs told; nothing at all where none was heard."""
    if not state.crm.listens:
        return
    cards = _gauge("cc_cards_open", "Cards that people of a team have in work", "team")
    filling = _gauge(
        "cc_card_filling_seconds_mean",
        "Mean time from the opening of a card to its last save, else its closing, of an hour",
        "team", "window",
    )  # fmt: skip
    satisfied = _gauge(
        "cc_satisfaction_ratio",
        "Share of customers' answers (csat) in the upper quarter of the scale",
        "team", "window",
    )  # fmt: skip
    team_of = terms.policies.current.team_of
    of_teams = dict(figures(state.crm, clock_of(state), team_of))
    for team, told in sorted({**dict.fromkeys(state.teams, NOTHING), **of_teams}.items()):
        cards.add_metric([team], told.cards_open)
        mean = told.filling_ms
        _add(filling, [team, WINDOW], None if mean is None else mean / _SECOND_MS)
        _add(satisfied, [team, WINDOW], told.satisfaction)
    last = _gauge(
        "pult_crm_last_event_timestamp_seconds",
        "Time of the newest event of a CRM; quiet hours are nothing unusual",
        "source",
    )
    for source, heard in state.crm.heard.items():
        last.add_metric([source], heard.last_at / _SECOND_MS)
    yield from (cards, filling, satisfied, last)


def violations(state: State, _: Terms) -> Iterator[Metric]:
    """Return the open violations alone: few, and asked for every second."""
    labels = ("code", "agent", "team", "severity", "state", "paged", "source")
    active = _gauge("cc_violation_active", "A rule is violated at present", *labels)
    since = _gauge(
        "cc_violation_start_timestamp_seconds",
        "When the episode fired; of several alike the first",
        *labels,
    )
    episodes = _gauge(
        "cc_violation_episodes", "Open episodes of a rule, several alike each", "code", "team"
    )
    first: dict[tuple[str, ...], int] = {}
    alike: Counter[tuple[str, str]] = Counter()
    for each in state.docket.open_episodes():
        # An empty label is none: only what is critical pages.
        within = "false" if each.episode_id in state.docket.beyond else "true"
        key: tuple[str, ...] = (
            each.code, each.agent_id, each.team, each.severity, state.docket.state_of(each),
            within if each.severity == "critical" else "", source_of(each),
        )  # fmt: skip
        fired_at = each.fired_at or each.pending_at
        first[key] = min(fired_at, first.get(key, fired_at))
        alike[each.code, each.team] += 1
    for labelled, fired_at in first.items():
        active.add_metric(labelled, 1)
        since.add_metric(labelled, fired_at / _SECOND_MS)
    for (code, team), count in alike.items():
        episodes.add_metric([code, team], count)
    yield from (active, since, episodes)


def _occupancy(team: Team, now: int, length: int) -> float | None:
    return team.occupancy(now - length, now)


def _ourselves(state: State) -> Iterator[Metric]:
    last = _gauge(
        "pult_source_last_event_timestamp_seconds",
        "Time of the newest event or heartbeat, by the source's clock",
        "source", "feed",
    )  # fmt: skip
    received = _gauge(
        "pult_source_last_received_timestamp_seconds",
        "When the newest event or heartbeat came, by our clock",
        "source", "feed",
    )  # fmt: skip
    events = CounterMetricFamily(
        "pult_events", "Events applied since the log began", labels=["source", "feed"]
    )
    gap = _gauge(
        "pult_source_gap_start_timestamp_seconds",
        "Since when the source is not heard, by its clock; absent once a snapshot healed it",
        "source",
    )
    for source in state.sources.values():
        _add(gap, [source.name], None if source.gap_since is None
             else source.gap_since / _SECOND_MS)  # fmt: skip
        for feed, heard in source.feeds.items():
            last.add_metric([source.name, feed], heard.last_at / _SECOND_MS)
            received.add_metric([source.name, feed], heard.received_at / _SECOND_MS)
            events.add_metric([source.name, feed], heard.events)
    rejected = CounterMetricFamily("pult_rejected", "Values not used", labels=["reason"])
    for reason, count in state.rejected.items():
        rejected.add_metric([reason], count)
    yield from (last, received, gap, events, rejected)
