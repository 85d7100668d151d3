"""What /metrics says of violations, however many agents there are."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from prometheus_client import CollectorRegistry, generate_latest

from stream_processors.core.state import State
from stream_processors.shells.exporter import STATES, Families, StateCollector, violations
from tests.timetable import moment, run, terms, values

LATE = 100


def centre(families: Families | None = None) -> tuple[State, CollectorRegistry]:
    """Return a thousand agents in teams of ten; one of each team is late from his break."""
    names = [f"Agent{n:04}" for n in range(1_000)]
    lines = [f"09:00:00 login {name} queue{n % 40}" for n, name in enumerate(names)]
    late = [f"09:01:00 pause {name} queue{n % 40} lunch" for n, name in enumerate(names)][::10]
    under = terms(agents={name: {"team": f"team{n // 10}"} for n, name in enumerate(names)})
    log = values("\n".join([*lines, *late, "09:30:00 beat"]))
    state, _ = run(log, under, size=500)
    registry = CollectorRegistry()

    @contextmanager
    def held() -> Iterator[State]:
        yield state

    registry.register(StateCollector(held, lambda: under, families))
    return state, registry


def test_a_hundred_violations_of_a_thousand_agents_are_a_small_page() -> None:
    _, registry = centre()

    page = generate_latest(registry).decode()

    active = [line for line in page.splitlines() if line.startswith("cc_violation_active{")]
    assert len(active) == LATE
    labels = 'paged="(true|false)",severity="critical",source="",state="firing",team="team99"'
    (line,) = [each for each in active if "Agent0990" in each]
    assert re.search(rf'{{agent="Agent0990",code="late_return",{labels}}} 1.0$', line)
    # So many an hour page, whoever they are.
    assert sum('paged="true"' in each for each in active) == 6
    since = 'cc_violation_start_timestamp_seconds{agent="Agent0990"'
    told = next(line for line in page.splitlines() if line.startswith(since))
    # Paused at 09:01, ten minutes allowed, one of grace.
    assert float(told.split()[-1]) == moment("09:12:00") / 1000
    assert len(page) < 1_000_000


def test_what_somebody_has_seen_is_active_and_acknowledged() -> None:
    state, registry = centre()
    seen, *others = state.docket.open_episodes()
    state.docket.review(seen.episode_id, "acknowledged", moment("09:31:00"))

    page = generate_latest(registry).decode()

    assert page.count("\ncc_violation_active{") == LATE
    (line,) = re.findall(r'^cc_violation_active{.*state="acknowledged".*$', page, re.MULTILINE)
    assert f'agent="{seen.agent_id}"' in line
    assert len(others) == LATE - 1


def test_an_excuse_outlasts_an_acknowledgement() -> None:
    state, registry = centre()
    for episode in state.docket.open_episodes():
        state.docket.review(episode.episode_id, "neutral", moment("09:31:00"))
        state.docket.review(episode.episode_id, "acknowledged", moment("09:32:00"))

    assert "\ncc_violation_active{" not in generate_latest(registry).decode()


def test_what_a_person_excused_is_active_no_more() -> None:
    state, registry = centre()
    for episode in state.docket.open_episodes()[1:]:
        state.docket.reviewed[episode.episode_id] = ("excused", moment("09:31:00"))

    page = generate_latest(registry).decode()

    assert page.count("\ncc_violation_active{") == 1


def test_violations_alone_are_told_as_on_the_whole_page() -> None:
    _, whole = centre()
    _, alone = centre(violations)

    def told(registry: CollectorRegistry) -> list[str]:
        return [
            line
            for line in generate_latest(registry).decode().splitlines()
            if not line.startswith("#")
        ]

    assert told(alone) == [line for line in told(whole) if line.startswith("cc_violation_")]
    # Of each who is late that he is, and since when; of each team, how many are.
    assert len(told(alone)) == 3 * LATE


def test_callers_who_wait_too_long_in_one_queue_are_as_many_episodes() -> None:
    waits = "09:00:00 enter a sales\n09:00:01 enter b sales\n09:00:10 enter c sales"
    under = terms(queues={"sales": {"team": "front"}})
    state, _ = run(values(f"{waits}\n09:01:05 beat"), under)
    registry = CollectorRegistry()

    @contextmanager
    def held() -> Iterator[State]:
        yield state

    registry.register(StateCollector(held, lambda: under, violations))
    hanging = {"code": "hanging", "team": "front"}

    # a has waited for 65 s, b for 64 s, c for 55 s; three times the target are 60 s.
    page = generate_latest(registry).decode()
    assert page.count("\ncc_violation_active{") == 1
    assert registry.get_sample_value("cc_violation_episodes", hanging) == 2


def test_two_sources_that_froze_are_two_alerts() -> None:
    def frozen(source: str, first: int) -> list[bytes]:
        people = [f"Agent{n:02}" for n in range(first, first + 12)]
        logins = [f"09:00:00 login {name} sales" for name in people]
        pauses = [f"09:01:00 pause {name} sales lunch" for name in people]
        return values("\n".join([*logins, *pauses, "09:30:00 beat"]), source)

    under = terms(agents={f"Agent{n:02}": {"team": f"team{n % 2}"} for n in range(24)})
    state, _ = run(frozen("pbx1", 0) + frozen("pbx2", 12), under)
    registry = CollectorRegistry()

    @contextmanager
    def held() -> Iterator[State]:
        yield state

    registry.register(StateCollector(held, lambda: under, violations))

    page = generate_latest(registry).decode()
    suspects = re.findall(r'^cc_violation_active{(.*code="system_suspect".*)} 1', page, re.M)
    assert [re.findall('source="([^"]*)"', each) for each in suspects] == [["pbx1"], ["pbx2"]]


DAY = """
09:00:00 login Anna sales
09:00:00 login Anna support
09:00:00 login Boris sales
09:00:00 login Clara support
09:01:00 pause Anna sales mail
09:02:00 pause Clara support lunch
09:03:00 enter a empty
09:03:00 beat
"""


def test_who_could_take_a_call_of_a_queue_is_told_by_queue() -> None:
    under = terms(queues={"empty": {"answer_within": "45s"}})
    state, _ = run(values(DAY), under)
    registry = CollectorRegistry()

    @contextmanager
    def held() -> Iterator[State]:
        yield state

    registry.register(StateCollector(held, lambda: under))

    def people(queue: str) -> dict[str, float]:
        found = {
            each: registry.get_sample_value("cc_queue_agents", {"queue": queue, "state": each})
            for each in STATES
        }
        assert None not in found.values(), found
        return {each: count for each, count in found.items() if count}

    # Anna is paused in sales alone, so she is ready, but not there.
    assert people("sales") == {"ready": 1, "not_ready": 1}
    assert people("support") == {"ready": 1, "not_ready": 1}
    assert people("empty") == {}
    assert registry.get_sample_value("cc_queue_waiting", {"queue": "empty"}) == 1
    target = "cc_queue_answer_within_seconds"
    assert registry.get_sample_value(target, {"queue": "empty"}) == 45


def test_who_has_ended_a_call_is_in_after_work_for_the_time_that_the_settings_say() -> None:
    under = terms(queues={"sales": {"wrapup": "15s"}})
    log = values("""
        08:59:00     login  Anna sales
        09:00:00     enter  a sales
        09:00:10     leave  a sales
        09:00:10     answer a sales Anna
        09:01:00     end    a sales Anna caller
        09:01:14.999 beat
    """)
    state, _ = run(log, under)
    registry = CollectorRegistry()
    registry.register(StateCollector(lambda: nullcontext(state), lambda: under))
    line = 'cc_agents{state="wrapup",team=""}'

    assert f"{line} 1.0\n" in generate_latest(registry).decode()
    run(values("09:01:15.001 beat"), under, state)
    assert f"{line} 0.0\n" in generate_latest(registry).decode()
