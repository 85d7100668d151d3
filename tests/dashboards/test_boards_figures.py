"""Every figure of every board is the same by `/metrics` and by SQL, at the same instant.

What our exporter says at some instants of a replay, and what SQL says then of the history so
far, stand side by side in a real Prometheus as two tenants. Each expression of each board must
find the same for both.
"""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from producers.simulation.plan import Plan
from producers.simulation.simulation import Simulation
from schemas.events import Event, QueueEntered, decode, encode
from sql.embedded import EmbeddedStore
from stream_processors.core.hearsay import clock_of
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import State, Terms
from stream_processors.shells.exporter import everything
from tests.dashboards.board_reports import FIGURES, Figure, shown
from tests.dashboards.boards import PROMETHEUS, Question, questions
from tests.dashboards.figures_in_sql import ALERTS, IN_SQL, OF_PROCESSES
from tests.deploy.programs import lacking
from tests.integration.prometheus import Prometheus
from tests.lab.recording import LAB_DISCIPLINE, MINUTE_MS, ami, at_ms
from tests.oracles.lab_numbers import LAB_TARGETS
from tests.readings import newest
from tests.timetable import TENANT, moment, terms

Series: TypeAlias = tuple[str, Mapping[str, str], float]
TEAMS = ("front", "back")
QUESTIONS = [
    question for question in questions(PROMETHEUS)
    if not re.search(rf"\b({'|'.join(OF_PROCESSES | ALERTS)})\b", question.target["expr"])
]  # fmt: skip


@dataclass(frozen=True)
class Instant:
    """A replay so far: its events, and the settings it was folded under."""

    name: str
    tenant: str
    log: Sequence[Event]
    teams: Mapping[str, str]
    terms: Terms
    now_ms: int

    def some_queues(self) -> list[str]:
        """Return one queue, by name the last one: a report takes a second."""
        names = {event.data.queue_id for event in self.log if isinstance(event, QueueEntered)}
        return sorted(names)[-1:]


def people(log: Iterable[Event]) -> dict[str, str]:
    """Put everybody into a team, one by one; the last one is in none."""
    agents = sorted({getattr(event.data, "agent_id", "") for event in log} - {""})
    return {agent: TEAMS[n % 2] for n, agent in enumerate(agents[:-1])}


def settings(teams: Mapping[str, str], **more: Any) -> Terms:
    agents = {agent: {"team": team} for agent, team in teams.items()}
    return terms(agents=agents, discipline=LAB_DISCIPLINE, **more)


def of_the_lab(minutes: float) -> Instant:
    """Return the recorded half hour up to a minute."""
    until = at_ms(ami()[0]) + round(minutes * MINUTE_MS)
    log = [event for event in ami() if at_ms(event) <= until]
    queues = {
        name: {"answer_within": f"{each.answer_within_ms}ms",
               "short_abandon": f"{each.short_abandon_ms}ms"}
        for name, each in LAB_TARGETS.items()
    }  # fmt: skip
    teams = people(ami())
    name = f"lab{minutes:g}".replace(".", "_")
    return Instant(name, TENANT, log, teams, settings(teams, queues=queues), at_ms(log[-1]))


def with_a_crm(minutes: int) -> Instant:
    """Return a simulated morning with a CRM beside it, up to a minute.

    It is of the lab's day: Prometheus drops what is much older than its newest samples.
    """
    plan = Plan(
        seed=5, begin_ms=moment("2026-11-21 08:00:00"), length_ms=3 * 60 * MINUTE_MS, seats=12,
        heartbeat_ms=10_000, crm=True,
    )  # fmt: skip
    log = [decode(said.value) for said in Simulation(plan).events()]
    until = plan.begin_ms + minutes * MINUTE_MS
    so_far: list[Event] = []
    for event in log:
        if at_ms(event) > until:
            break
        so_far.append(event)
    teams = people(log)
    now = max(map(at_ms, so_far))
    return Instant(f"crm{minutes}", plan.tenant, so_far, teams, settings(teams), now)


@cache
def instants() -> tuple[Instant, ...]:
    return of_the_lab(9), of_the_lab(20.3), of_the_lab(31), with_a_crm(151)


def told(instant: Instant, state: State) -> list[Series]:
    """Return what /metrics says."""
    return [
        (sample.name, sample.labels, sample.value)
        for family in everything(state, instant.terms)
        for sample in family.samples
    ]


def said_in_sql(instant: Instant, store: EmbeddedStore) -> list[Series]:
    """Return what SQL says, metric by metric."""
    pairs = ", ".join(f"('{agent}', '{team}')" for agent, team in instant.teams.items())
    teams = f"SELECT * FROM VALUES('agent_id String, team String', {pairs})"
    found: list[Series] = []
    for name, text in IN_SQL.items():
        for row in json.loads(store.query(text.replace("TEAMS", teams), "JSON"))["data"]:
            value = row.pop("value")
            if value is not None:
                found.append((name, row, float(value)))
    return found


def replayed(instant: Instant, store: EmbeddedStore) -> State:
    """Fold the log so far; its events and facts are the history."""
    tables = (
        "SELECT name FROM system.tables WHERE database = 'pult' "
        "AND engine LIKE '%MergeTree' AND name != 'migrations'"
    )
    for (table,) in store.client.query(tables).result_rows:
        store.client.command(f"TRUNCATE TABLE pult.{table}")
    state = State(instant.tenant, instant.tenant)
    records = [Record(n, encode(event)) for n, event in enumerate(instant.log, 1)]
    facts = [
        fact
        for start in range(0, len(records), 500)
        for fact in apply(state, Batch(tuple(records[start : start + 500])), instant.terms)
    ]
    assert clock_of(state) == instant.now_ms
    assert not state.rejected
    places = [(0, n) for n in range(1, len(records) + 1)]
    store.writer.write_events(list(instant.log), places, instant.name)
    store.writer.write_facts(list(newest(facts).values()), instant.name)
    return state


def lines(series: Iterable[Series], tenant: str, now_ms: int) -> Iterator[str]:
    """Return series as Prometheus reads them, with their time."""
    for name, labels, value in series:
        every = {**labels, "tenant": tenant}
        pairs = ",".join(f'{key}="{text}"' for key, text in every.items() if text)
        yield f"{name}{{{pairs}}} {value!r} {now_ms / 1000}"


class Both:
    """Both ways of saying it, at each instant, and the Prometheus that holds them."""

    def __init__(self, store: EmbeddedStore, folder: Path) -> None:
        self.told: dict[str, list[Series]] = {}
        self.in_sql: dict[str, list[Series]] = {}
        self.reports: dict[str, dict[str, dict[Figure, float | None]]] = {}
        text: list[str] = []
        for each in instants():
            state = replayed(each, store)
            self.told[each.name] = told(each, state)
            self.in_sql[each.name] = said_in_sql(each, store)
            if each.log[0] is ami()[0]:
                self.reports[each.name] = {
                    queue: dict(shown(store, queue, at_ms(each.log[0]), each.now_ms))
                    for queue in each.some_queues()
                }
            text += lines(self.told[each.name], f"{each.name}-told", each.now_ms)
            text += lines(self.in_sql[each.name], f"{each.name}-sql", each.now_ms)
        self.prometheus = Prometheus(folder, {}, {})
        page = folder / "page.txt"
        page.write_text("\n".join([*text, "# EOF\n"]), "utf-8")
        if shutil.which("promtool") is None:
            lacking("promtool", "prometheus")
        command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet"]
        subprocess.run([*command, str(page), str(folder / "data")], check=True)

    def shown(self, question: str, instant: Instant, of: str) -> dict[frozenset[Any], float]:
        """Return what an expression finds, by labels; the tenant is left out."""
        text = question.replace("$tenant", f"{instant.name}-{of}")
        assert "$" not in text, text
        found = self.prometheus.ask("query", query=text, time=str(instant.now_ms / 1000 + 1))
        assert found is not None, text
        return {
            frozenset((key, label) for key, label in each["metric"].items() if key != "tenant"):
            float(each["value"][1])
            for each in found["result"]
        }  # fmt: skip


@pytest.fixture(scope="module")
def both(_opened: EmbeddedStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    made = Both(_opened, tmp_path_factory.mktemp("prometheus"))
    with made.prometheus.running():
        for _ in range(100):
            if made.prometheus.ask("query", query="1"):
                break
            time.sleep(0.1)
        yield made


def asked(expression: str, instant: Instant) -> list[str]:
    """Return an expression with all chosen, and with a few of each."""
    some = list(instant.teams)[:3]
    choices = [
        {"queue": ".+", "team": ".*", "code": ".*", "agent": some[0]},
        {"queue": "sales|vip", "team": "front", "code": "rona", "agent": some[1]},
        {"queue": "support", "team": "back", "code": "late_return|toggle", "agent": some[2]},
    ]
    texts = []
    for each in choices:
        text = expression
        for name, value in each.items():
            text = text.replace(f"${name}", value)
        texts.append(text)
    return list(dict.fromkeys(texts))


@pytest.mark.parametrize("name", IN_SQL)
def test_a_metric_is_the_same_in_sql(name: str, both: Both) -> None:
    seen = 0
    for instant in instants():
        here, there = (
            {
                frozenset((key, label) for key, label in labels.items() if label): value
                for each, labels, value in series
                if each == name
            }
            for series in (both.told[instant.name], both.in_sql[instant.name])
        )
        assert here == pytest.approx(there, rel=1e-9), instant.name
        seen += len(here)
    assert seen


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: each.name)
def test_a_panel_shows_the_same_by_sql(question: Question, both: Both) -> None:
    seen = 0
    for instant in instants():
        for text in asked(question.target["expr"], instant):
            here = both.shown(text, instant, "told")
            assert here == pytest.approx(both.shown(text, instant, "sql"), rel=1e-9), text
            seen += len(here)
    assert seen, question.target["expr"]


def test_every_metric_of_a_board_is_said_in_sql() -> None:
    for question in questions(PROMETHEUS):
        named = re.findall(r"\b(?:cc|pult)_\w+|\bup\b|\bALERTS\w*", question.target["expr"])
        unknown = set(named) - IN_SQL.keys() - OF_PROCESSES - ALERTS
        assert not unknown, question.name


@pytest.mark.parametrize("figure", FIGURES, ids=lambda each: f"{each.title} {each.column}")
def test_a_report_on_a_board_says_what_the_present_does(figure: Figure, both: Both) -> None:
    compared = 0
    for instant in instants():
        now = {
            labels["queue"]: value
            for name, labels, value in both.told[instant.name]
            if name == figure.metric and labels.get("window", "") == figure.window
        }
        for queue, seen in both.reports.get(instant.name, {}).items():
            assert seen[figure] == pytest.approx(now.get(queue), rel=1e-9), instant.name
            compared += 1
    assert compared
