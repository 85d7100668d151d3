"""Every expression of every board is asked of a real Prometheus that scrapes our exporter.

The exporter replays the recorded half hour, moved so that its twentieth minute is now; what the
parts of the distributed form say of themselves stands beside it, with their own collectors.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from dashboards.promql import QUEUE, each, live
from producers.frame import Rejected
from producers.kinds import KINDS
from producers.recording import AMI
from pult.replay import Replay
from schemas.events import encode
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import State, Terms
from stream_processors.shells.embedded_measures import EmbeddedMeasures
from stream_processors.shells.exporter import StateCollector, violations
from tests.dashboards.boards import PROMETHEUS, Question, questions
from tests.dashboards.crm_told import of_crm
from tests.docs.own_metrics import exported
from tests.integration.prometheus import IMPATIENT, Prometheus
from tests.lab.recording import NAMES, SOURCE, lab_terms
from tests.oracles.lab_numbers import LAB
from tests.timetable import TENANT

MINUTES = 20
SECONDS = 30
ALL = {"tenant": ".*", "queue": ".+", "team": ".*", "code": ".*", "agent": "Anna Petrova"}
QUESTIONS = list(questions(PROMETHEUS))

OF_OTHERS = (
    r"pult_(sink|partition|ready|rebal|source_|rejected|store|journal|disk)|_bucket|rate"
)
"""What the parts of the distributed form export, and what takes longer than this test."""

AN_HOUR = "3600"
"""Our replay stands still and grows old while we ask; old figures have a test of their own."""


def filled(expression: str) -> str:
    """Return an expression as Grafana sends it, all chosen, and patient with its data."""
    expression = expression.replace("$__rate_interval", "20s")
    expression = re.sub(r"< 15\b", f"< {AN_HOUR}", expression)
    return re.sub(r"\$(\w+)", lambda found: ALL[found[1]], expression)


@dataclass
class Centre:
    """The half hour as far as it is now, and what its exporter says."""

    state: State
    terms: Terms
    registry: CollectorRegistry
    people: CollectorRegistry

    def page(self) -> str:
        """Return what /metrics says."""
        return generate_latest(self.registry).decode()


def replayed() -> Centre:
    """Fold the recording up to its twentieth minute, which is now."""
    state, terms = State(TENANT, TENANT), lab_terms()
    now_us = time.time_ns() // 1000
    records: list[Record] = []
    begin_us = now_us - MINUTES * 60_000_000
    for frame in Replay(AMI, [LAB / "ami.log.gz"], SOURCE, begin_us).frames():
        assert not isinstance(frame, Rejected), frame
        if frame.received_at_us > now_us:
            break
        for event in KINDS[AMI].translate(frame, NAMES):
            records.append(Record(len(records) + 1, encode(event)))
    for value in of_crm(datetime.fromtimestamp(now_us / 1e6 - 60, UTC)):
        records.append(Record(len(records) + 1, value))
    apply(state, Batch(tuple(records)), terms)
    whole, people = CollectorRegistry(), CollectorRegistry()

    def held() -> nullcontext[State]:
        return nullcontext(state)

    whole.register(StateCollector(held, lambda: terms))
    people.register(StateCollector(held, lambda: terms, violations))
    EmbeddedMeasures(whole).disk_free.set(7e9)
    return Centre(state, terms, whole, people)


@contextmanager
def served(centre: Centre) -> Iterator[str]:
    """Serve both pages as a process of ours does; returns the address."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            people = self.path == "/metrics/discipline"
            body = generate_latest(centre.people if people else centre.registry)
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def answers(prometheus: Prometheus, expression: str) -> list[dict[str, Any]]:
    """Return what an expression finds now; fails where it is wrong."""
    found = prometheus.ask("query", query=expression)
    assert found is not None, expression
    result: list[dict[str, Any]] = found["result"]
    return result


def awaited(prometheus: Prometheus, expression: str) -> list[dict[str, Any]]:
    """Wait until an expression finds something."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        found = prometheus.ask("query", query=expression)
        if found and found["result"]:
            result: list[dict[str, Any]] = found["result"]
            return result
        time.sleep(0.1)
    pytest.fail(f"Prometheus finds nothing for {expression}")


@pytest.fixture(scope="module")
def centre() -> Centre:
    return replayed()


@pytest.fixture(scope="module")
def prometheus(
    centre: Centre, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    with served(centre) as address:
        one = Prometheus(tmp_path_factory.mktemp("prometheus"), {"run": [address]}, IMPATIENT)
        with one.running():
            awaited(one, "cc_queue_waiting")
            awaited(one, "cc_violation_active")
            awaited(one, 'ALERTS{alertstate="firing", kind="discipline"}')
            yield one


def test_there_are_expressions_to_ask() -> None:
    assert len(QUESTIONS) > 30


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: each.name)
def test_an_expression_of_a_board_has_an_answer(
    question: Question, prometheus: Prometheus
) -> None:
    expression = filled(question.target["expr"])
    assert "$" not in expression

    found = answers(prometheus, expression)

    if question.board == "pult-pipeline-en" and re.search(OF_OTHERS, expression):
        return
    assert found, expression
    assert all(float(each["value"][1]) == float(each["value"][1]) for each in found), "NaN"


def test_every_metric_that_a_board_names_is_exported_with_these_labels(centre: Centre) -> None:
    known: dict[str, set[str]] = {}
    for metric in exported():
        known.setdefault(metric.name, {"tenant", "site", "instance", "job", "le"})
        known[metric.name] |= set(metric.labels)
    # Those of a CRM are exported only where one is heard.
    for family in centre.registry.collect():
        for sample in family.samples:
            known.setdefault(family.name, {"tenant", "instance", "job", "pod"})
            known[family.name] |= set(sample.labels)
    known["up"] = {"job", "instance"}
    of_alerts = {
        "alertname",
        "alertstate",
        "kind",
        "severity",
        "queue",
        "agent",
        "team",
        "tenant",
        "code",
    }
    known["ALERTS"] = known["ALERTS_FOR_STATE"] = of_alerts
    for question in QUESTIONS:
        expression = question.target["expr"]
        for name in re.findall(r"\b(?:cc|pult)_\w+|\bup\b|\bALERTS\w*", expression):
            base = name.removesuffix("_bucket")
            assert base in known, (question.name, name)
        for name, labels in re.findall(r"(\w+)\{([^}]*)\}", expression):
            used = set(re.findall(r"(\w+)=", labels))
            assert used <= known[name.removesuffix("_bucket")], (question.name, name, used)


def test_figures_of_the_wall_are_those_of_the_exporter(
    centre: Centre, prometheus: Prometheus
) -> None:
    page = centre.page()

    def told(name: str, labels: str) -> dict[str, float]:
        found = re.findall(rf'^{name}{{queue="(\w+)"{labels}}} (\S+)$', page, re.MULTILINE)
        assert found, name
        return {queue: float(value) for queue, value in found}

    by_title = {
        question.panel["title"]: filled(question.target["expr"])
        for question in QUESTIONS
        if question.board == "pult-supervisor-en"
    }

    def shown(title: str) -> dict[str, float]:
        (query,) = [query for name, query in by_title.items() if name.startswith(title)]
        return {
            each["metric"].get("queue", ""): float(each["value"][1])
            for each in answers(prometheus, query)
        }

    levels = told("cc_queue_service_level_ratio", ',window="30m"')
    worst = min(levels, key=lambda queue: levels[queue])
    assert len(levels) == 4
    assert shown("Service level 30 min, worst") == pytest.approx({worst: levels[worst]})
    assert shown("Service level 30 min by") == pytest.approx(levels)
    assert shown("Waiting now") == {"": sum(told("cc_queue_waiting", "").values())}
    lost = told("cc_queue_abandon_ratio", ',window="30m"')
    highest = max(lost, key=lambda queue: lost[queue])
    assert shown("Lost 30 min") == pytest.approx({highest: lost[highest]})
    ready = sum(agent.now.state == "ready" for agent in centre.state.agents.values())
    assert shown("Free agents") == {"": ready}


def test_who_chooses_a_tenant_sees_it_where_no_series_names_one(prometheus: Prometheus) -> None:
    query = live(f"sum({each('cc_queue_waiting', QUEUE)})")

    chosen = answers(prometheus, filled(query.replace("$tenant", TENANT)))

    assert [each["value"][1] for each in chosen] == [
        each["value"][1] for each in answers(prometheus, filled(query))
    ]
    assert chosen


def test_nothing_is_shown_of_a_queue_that_is_not_there(prometheus: Prometheus) -> None:
    query = live(f"sum({each('cc_queue_waiting', QUEUE)})").replace("$queue", "nosuch")

    assert answers(prometheus, filled(query)) == []


def test_no_tile_of_a_wall_shows_a_figure_of_a_source_that_is_silent(
    prometheus: Prometheus,
) -> None:
    silent = {"floor", "supervisor"}
    for question in QUESTIONS:
        if question.board.split("-")[1] not in silent or question.panel["type"] == "table":
            continue
        expression = filled(question.target["expr"])
        if f"< {AN_HOUR}" in expression:
            assert answers(prometheus, expression), question.name
            old = expression.replace(f"< {AN_HOUR}", "< -1")
            assert answers(prometheus, old) == [], question.name


def test_the_table_lists_who_violates_a_rule_and_for_how_long(
    centre: Centre, prometheus: Prometheus
) -> None:
    (query,) = [
        filled(question.target["expr"])
        for question in QUESTIONS
        if question.board == "pult-supervisor-en" and question.panel["type"] == "table"
    ]

    found = answers(prometheus, query)

    people = {
        (each["metric"]["agent"], each["metric"]["code"])
        for each in found
        if each["metric"].get("agent")
    }
    open_ones = {
        (episode.agent_id, episode.code)
        for episode in centre.state.docket.open_episodes()
        if episode.severity != "info" and episode.agent_id
    }
    assert people
    assert people == open_ones
    assert all(float(each["value"][1]) >= 0 for each in found)
    assert "AllClear" not in str(found)


def test_open_now_of_an_agent_is_what_he_violates(
    centre: Centre, prometheus: Prometheus
) -> None:
    (query,) = [
        question.target["expr"]
        for question in QUESTIONS
        if question.board == "pult-agent-en" and question.panel["type"] == "table"
    ]
    wanted: dict[str, set[str]] = {agent: set() for agent in centre.state.agents}
    for episode in centre.state.docket.open_episodes():
        if episode.agent_id and episode.severity != "info":
            wanted[episode.agent_id].add(episode.code)
    assert all(wanted.values())

    for agent, codes in {**wanted, "A good one": {"AllClear"}}.items():
        rows = answers(prometheus, filled(query.replace("$agent", agent)))
        told = {row["metric"].get("code", row["metric"]["alertname"]) for row in rows}
        assert told == codes, agent


def test_open_now_by_rule_counts_episodes(centre: Centre, prometheus: Prometheus) -> None:
    (query,) = [
        filled(question.target["expr"])
        for question in QUESTIONS
        if question.board == "pult-discipline-en" and question.panel["type"] == "bargauge"
    ]

    found = {
        each["metric"]["code"]: float(each["value"][1]) for each in answers(prometheus, query)
    }

    wanted: Counter[str] = Counter(each.code for each in centre.state.docket.open_episodes())
    assert found == wanted
    assert sum(wanted.values()) > len(wanted)


def test_all_clear_needs_fresh_data(prometheus: Prometheus) -> None:
    (query,) = [
        filled(question.target["expr"]).replace("kind=~", "nosuch=~").replace("Pult", "No")
        for question in QUESTIONS
        if question.board == "pult-supervisor-en" and question.panel["type"] == "table"
    ]

    fresh = answers(prometheus, query)
    stale = answers(prometheus, query.replace(f"< {AN_HOUR}", "< -1"))

    assert [(each["metric"], each["value"][1]) for each in fresh] == [
        ({"alertname": "AllClear"}, "-1")
    ]
    assert stale == []
