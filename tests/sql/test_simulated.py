"""A simulated day in the store: SQL comes to the truth of the simulation."""

from producers.simulation.plan import Plan
from producers.simulation.simulation import Simulation
from sql.embedded import EmbeddedStore
from tests import simulated

DAY_BEGIN_MS = 1_772_409_600_000  # 2026-03-02T00:00:00Z
QUERY = """
    SELECT queue_id, count(), countIf(outcome = 'answered'), countIf(outcome = 'abandoned'),
           countIf(outcome = 'timeout'), sum(wait_ms), sum(talk_ms)
    FROM pult.legs GROUP BY queue_id ORDER BY queue_id
"""
BREAKS = """
    SELECT agent_id, reason, count(), sum(duration_ms)
    FROM pult.breaks GROUP BY ALL ORDER BY ALL
"""


def test_sql_over_a_simulated_day_tells_the_truth(store: EmbeddedStore) -> None:
    plan = Plan(
        seed=3, begin_ms=DAY_BEGIN_MS, length_ms=86_400_000, seats=10, queues=2,
        heartbeat_ms=30_000,
    )  # fmt: skip
    simulation = Simulation(plan)
    ((_, facts),) = simulated.folded(simulation).values()

    store.writer.write_facts(facts, "simulated")

    truth = simulation.truth()["tenants"]["simulated"]
    names = ("offered", "answered", "abandoned", "timeout", "wait_ms", "talk_ms")
    assert store.client.query(QUERY).result_rows == [
        (queue_id, *(sum(day[name] for day in days.values()) for name in names))
        for queue_id, days in truth["queues"].items()
    ]
    assert store.client.query(BREAKS).result_rows == [
        (agent_id, reason, one["count"], one["total_ms"])
        for agent_id, agent in truth["agents"].items()
        for reason, one in agent["breaks"].items()
    ]
