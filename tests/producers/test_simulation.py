"""A simulated centre: folded by the core it comes to what the simulation itself decided.

Truth and fold share no code: the one counts as it decides, the other concludes from events.
"""

import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from producers.simulation.day import DAY_MS, HOUR_MS, next_arrival
from producers.simulation.plan import Faults, Plan
from producers.simulation.simulation import Simulation
from schemas.errors import SimulationImpossible
from schemas.events import InteractionStarted, decode
from tests import simulated
from tests.readings import comparable

MONDAY = 1_772_409_600_000
"""2026-03-02, by `date -ud 2026-03-02 +%s`."""

NINE = MONDAY + 9 * HOUR_MS
HARMLESS = {
    "none": Faults(),
    "restarts": Faults(restarts=2),
    "twice": Faults(duplicates=0.2),
    "late": Faults(late=0.2, late_by_ms=300_000),
    "wrong clocks": Faults(skew_ms=110_000),
    "all": Faults(restarts=2, duplicates=0.1, late=0.1, late_by_ms=60_000, skew_ms=20_000),
}
"""Faults that take nothing away: the truth can be had from what was told."""


def plan(**changed: Any) -> Plan:
    small = {
        "seed": 1, "begin_ms": NINE, "length_ms": HOUR_MS, "seats": 20, "queues": 3,
        "heartbeat_ms": 5_000,
    }  # fmt: skip
    return Plan(**{**small, **changed})


def check(wanted: Plan, size: int = 500) -> Simulation:
    """Fold a simulation and compare every figure with its truth."""
    simulation = Simulation(wanted)
    folded = simulated.folded(simulation, size)
    truths = simulation.truth()["tenants"]
    assert sorted(folded) == sorted(truths)
    for tenant, (state, facts) in folded.items():
        truth = truths[tenant]
        assert simulated.queues(facts) == simulated.true_queues(truth)
        assert simulated.agents(facts) == simulated.true_agents(truth)
        assert state.rejected == {}
        assert state.dirty_days == []
        for queue_id, days in truth["queues"].items():
            queue = state.queues[queue_id]
            assert queue.difference() == 0
            for counted in ("offered", "answered", "level_counted"):
                assert queue.totals[counted] == sum(day[counted] for day in days.values())
            in_time = sum(day["level_in_time"] for day in days.values())
            assert queue.totals["answered_in_time"] == in_time
    return simulation


@pytest.mark.parametrize("faults", HARMLESS)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_fold_comes_to_the_truth(seed: int, faults: str) -> None:
    simulation = check(plan(seed=seed, faults=HARMLESS[faults]))

    assert simulation.told > 1_500


@pytest.mark.parametrize(
    "size",
    [
        {"seats": 10, "queues": 1, "begin_ms": MONDAY, "length_ms": DAY_MS},
        {"seats": 300, "queues": 40, "sources": 3, "length_ms": HOUR_MS // 2},
        {"seats": 12, "queues": 4, "sources": 2, "tenants": 3},
        {"seats": 30, "calls_per_hour": 300.0},
    ],
    ids=["a day of ten", "forty queues", "three tenants", "overrun"],
)
def test_the_fold_comes_to_the_truth_of_any_size(size: dict[str, Any]) -> None:
    check(plan(**size, faults=Faults(restarts=1, late=0.05)))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(40))
def test_the_fold_comes_to_the_truth_of_many_a_day(seed: int) -> None:
    names = sorted(HARMLESS)
    sizes: tuple[dict[str, int], ...] = (
        {"seats": 10, "queues": 1}, {"seats": 60, "queues": 12, "sources": 3},
        {"seats": 25, "queues": 5, "tenants": 2}, {"seats": 150, "queues": 60},
    )  # fmt: skip
    check(
        plan(
            seed=seed, begin_ms=MONDAY + seed % 7 * DAY_MS, length_ms=DAY_MS,
            faults=HARMLESS[names[seed % len(names)]], **sizes[seed % len(sizes)],
        ),
        size=1 + seed * 37,
    )  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_a_gap_of_the_feed_hides_is_all_that_is_missing(seed: int) -> None:
    simulation = Simulation(plan(seed=seed, faults=Faults(gaps=2, gap_ms=90_000)))

    ((state, _),) = simulated.folded(simulation).values()

    truth = simulation.truth()["tenants"]["simulated"]["queues"]
    for queue_id, days in truth.items():
        told = sum(day["offered"] - day["unheard"] for day in days.values())
        assert state.queues[queue_id].totals["offered"] == told
        assert state.queues[queue_id].difference() == 0
        assert not state.queues[queue_id].waiting


def test_late_and_repeated_events_change_no_fact() -> None:
    calm = plan(seed=5)
    disturbed = plan(seed=5, faults=Faults(late=0.3, late_by_ms=200_000, duplicates=0.3))

    ((_, punctual),) = simulated.folded(Simulation(calm)).values()
    ((_, late),) = simulated.folded(Simulation(disturbed)).values()

    assert comparable(late) == comparable(punctual)


def test_with_a_crm_beside_it_the_same_people_call_and_talk() -> None:
    """Only keys of callers differ: some call again."""

    def told(crm: bool) -> tuple[list[Any], dict[str, Any]]:
        simulation = Simulation(
            plan(crm=crm, sources=2, faults=Faults(restarts=1, skew_ms=50_000))
        )
        events = [decode(said.value) for said in simulation.events()]
        assert simulation.told == len(events)
        return [each for each in events if each.feed != "webhook"], simulation.truth()

    without, truth = told(crm=False)
    beside, truth_beside = told(crm=True)

    assert [_but_callers(each) for each in beside] == [_but_callers(each) for each in without]
    assert {**truth_beside, "events": 0} == {**truth, "events": 0}
    keys = [each.data.caller_key for each in beside if isinstance(each, InteractionStarted)]
    assert 0.9 < len(set(keys)) / len(keys) < 1


def _but_callers(event: Any) -> Any:
    if not getattr(event.data, "caller_key", ""):
        return event
    return replace(event, data=replace(event.data, caller_key="somebody"))


def values(wanted: Plan) -> Iterator[bytes]:
    return (said.value for said in Simulation(wanted).events())


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    wanted = plan(tenants=2, sources=2, faults=HARMLESS["all"])
    program = (
        "import hashlib\n"
        "from producers.simulation.plan import Faults, Plan\n"
        "from producers.simulation.simulation import Simulation\n"
        "digest = hashlib.sha256()\n"
        f"for said in Simulation({wanted!r}).events(): digest.update(said.value)\n"
        "print(digest.hexdigest())\n"
    )

    digests = {
        subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip

    assert len(digests) == 1
    assert list(islice(values(wanted), 500)) != list(islice(values(plan(seed=2)), 500))


def test_ids_are_unique_and_sequences_rise_within_a_feed() -> None:
    last: dict[tuple[str, str], int] = {}
    ids = set()
    count = 0
    for value in values(plan(tenants=2, sources=2)):
        event = decode(value)
        feed = (event.tenant, event.source)
        assert event.sequence > last.get(feed, 0)
        last[feed] = event.sequence
        ids.add((event.tenant, event.id))
        count += 1

    assert len(ids) == count
    assert len(last) == 4


def test_events_are_given_out_in_the_order_they_are_received() -> None:
    wanted = plan(sources=2, crm=True, faults=Faults(late=0.2, skew_ms=20_000))
    received = [said.received_ms for said in Simulation(wanted).events()]
    once = {event.id: event for event in map(decode, values(wanted))}.values()

    assert received == sorted(received)
    assert {event.feed for event in once} == {"simulated", "webhook"}
    recorded = [event.recordedtime for event in once]
    assert recorded == sorted(recorded)


def test_arrivals_follow_the_rate_of_the_hour() -> None:
    """By hand: 24 hourly figures sum to 26.9, so 10 to 11 sees 2.5/26.9 of a day's calls."""
    chance, at, by_hour = Random(1), float(MONDAY), [0] * 24
    while (arrival := next_arrival(at, MONDAY + DAY_MS, 2_000.0, chance)) is not None:
        by_hour[int(arrival - MONDAY) // HOUR_MS] += 1
        at = arrival

    assert sum(by_hour) == pytest.approx(48_000, rel=0.02)  # four standard deviations: 0.018
    assert by_hour[10] == pytest.approx(48_000 * 2.5 / 26.9, rel=0.06)
    assert by_hour[3] == pytest.approx(48_000 * 0.1 / 26.9, rel=0.31)


def test_a_weekend_is_quieter() -> None:
    monday, saturday = (
        sum(b"cc.interaction.started" in value for value in values(plan(begin_ms=at)))
        for at in (NINE, NINE + 5 * DAY_MS)
    )

    assert 0 < saturday < 0.85 * monday


def test_memory_does_not_grow_with_the_length() -> None:
    def peak(days: int) -> int:
        events = values(plan(begin_ms=MONDAY, length_ms=days * DAY_MS, heartbeat_ms=60_000))
        tracemalloc.start()
        for _ in events:
            pass
        return tracemalloc.get_traced_memory()[1]

    try:
        assert peak(3) < 1.3 * peak(1)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"seats": 0}, "seats must be 1 to 10000, not 0"),
        ({"queues": 401}, "queues must be 1 to 400, not 401"),
        ({"sources": 4}, "4 sources need as many seats and queues, there are 3"),
        ({"length_ms": 32 * DAY_MS}, "the length in hours must be 0.0166667 to 744, not 768"),
        ({"tenant": "a/b"}, "'a/b' is no name of a tenant"),
        ({"faults": Faults(late=0.6)}, "the share of late events must be 0 to 0.5, not 0.6"),
        ({"faults": Faults(skew_ms=200_000)}, "the seconds of skew must be 0 to 110, not 200"),
        ({"calls_per_hour": float("nan")}, "calls per hour must be 0 to 1e+06, not nan"),
    ],
)
def test_what_cannot_be_is_refused_with_its_range(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(SimulationImpossible) as refused:
        Simulation(plan(**changed))

    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_caller_waits_at_most_ten_minutes() -> None:
    lone = Simulation(plan(seats=1, queues=1, calls_per_hour=200.0))
    for _ in lone.events():
        pass

    (days,) = lone.truth()["tenants"]["simulated"]["queues"].values()
    (day,) = days.values()
    assert day["timeout"] > 0
    assert day["longest_wait_ms"] == 600_000
