"""What a CRM tells beside a simulated PBX is of the contact that the simulation knows."""

import logging
from typing import NamedTuple

import pytest

from producers.simulation.day import DAY_MS, HOUR_MS
from producers.simulation.desk import Belongs
from producers.simulation.plan import Plan
from producers.simulation.simulation import Simulation
from schemas.facts import Card, CaseStep, Disposition, Fact, Survey
from stream_processors.core.crm.matching import SURE
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import State
from tests.timetable import moment, terms

LOG = logging.getLogger(__name__)


class Matched(NamedTuple):
    """How many there were, how many of them right, and how sure the wrong ones are."""

    told: int
    right: int
    wrong: list[float]
    by: set[str]


def matched(seed: int, length_ms: int, seats: int) -> Matched:
    """Fold a simulation with a CRM beside it, and compare."""
    plan = Plan(
        seed=seed, begin_ms=moment("08:00:00"), length_ms=length_ms, seats=seats,
        heartbeat_ms=10_000, crm=True,
    )  # fmt: skip
    truth: dict[str, str] = {}

    def note(one: Belongs) -> None:
        truth[one.key] = one.interaction_id

    state, under = State(plan.tenant, plan.tenant), terms()
    said: dict[str, tuple[str, str, float]] = {}
    records: list[Record] = []
    for place, told in enumerate(Simulation(plan, note).events(), 1):
        records.append(Record(place, told.value))
        if len(records) == 1_000:
            keep(said, apply(state, Batch(tuple(records)), under))
            records = []
    keep(said, apply(state, Batch(tuple(records)), under))
    assert said.keys() == truth.keys()
    wrong = [said[key][2] for key, true in truth.items() if said[key][0] != true]
    return Matched(len(said), len(said) - len(wrong), wrong, {by for _, by, _ in said.values()})


def keep(said: dict[str, tuple[str, str, float]], facts: list[Fact]) -> None:
    for fact in facts:
        if isinstance(fact, Card):
            key = fact.card_id
        elif isinstance(fact, Disposition):
            key = fact.disposition_id
        elif isinstance(fact, Survey):
            key = fact.answer_id
        elif isinstance(fact, CaseStep) and fact.step == "created":
            key = fact.step_id
        else:
            continue
        if not fact.voided:
            said[key] = (fact.interaction_id, fact.matched_by, fact.confidence or 0.0)


def check(seen: Matched, least: int) -> None:
    LOG.info(
        "%d of %d right (%.2f %%), the surest wrong one %.2g",
        seen.right, seen.told, 100 * seen.right / seen.told, max(seen.wrong, default=0.0),
    )  # fmt: skip
    assert seen.told > least
    assert seen.by >= {"id", "agent", "caller"}
    assert seen.right / seen.told >= 0.99, seen
    assert max(seen.wrong, default=0.0) < SURE, seen


@pytest.mark.parametrize("seed", [3, 5])
def test_ninety_nine_of_a_hundred_are_right_and_no_wrong_one_is_sure(seed: int) -> None:
    check(matched(seed, 4 * HOUR_MS, 20), least=500)


@pytest.mark.soak
def test_ninety_nine_of_a_hundred_are_right_in_a_month() -> None:
    check(matched(7, 30 * DAY_MS, 20), least=30_000)
