"""One queue whose name a dial plan writes otherwise than its definition does."""

import random

import pytest

from schemas.facts import Fact
from schemas.policies import QueuePolicy
from stream_processors.core.state import State
from tests.readings import comparable, legs
from tests.timetable import run, terms, values

LOG = values("""
    09:00:00  log: enter   a Sales
    09:00:10  log: answer  a sales Bo 10
    09:00:45  log: end     a sales Bo caller 35
    09:00:50  log: enter   b Sales
    09:01:00  log: abandon b Sales
""")
AMI = values("""
    09:00:00.100  enter  a sales
    09:00:10.100  leave  a sales
    09:00:10.101  answer a sales Bo
    09:00:45.100  end    a sales Bo caller
    09:00:50.100  enter  b sales
    09:01:00.100  leave  b sales
""")


def folded(log: list[bytes], *named: str, size: int = 1) -> tuple[State, list[Fact]]:
    return run(log, terms(queues={name: QueuePolicy() for name in named}), size=size)


@pytest.mark.parametrize("name", ["sales", "Sales", "SALES"])
@pytest.mark.parametrize("log", [LOG, [*LOG, *AMI]], ids=["log", "both"])
def test_a_queue_is_called_as_the_settings_name_it_and_counts_each_call_once(
    log: list[bytes], name: str
) -> None:
    state, facts = folded(log, name)

    assert [(leg.queue_id, leg.outcome) for leg in legs(facts)] == [
        (name, "answered"), (name, "abandoned")
    ]  # fmt: skip
    assert list(state.queues) == [name]
    totals = state.queues[name].totals
    assert (totals["offered"], totals["answered"], totals["abandoned"]) == (2, 1, 1)


def test_neither_the_order_nor_the_feed_that_comes_first_nor_batches_matter() -> None:
    both = [*LOG, *AMI]
    _, expected = folded(both, "sales")
    for seed in range(10):
        mixed = random.Random(seed).sample(both, len(both))
        _, facts = folded(mixed, "sales", size=1 + seed % 4)
        assert comparable(facts) == comparable(expected)


def test_queues_that_the_settings_do_not_name_or_tell_apart_are_called_as_they_are_told() -> (
    None
):
    enters = values("""
        09:00:00  log: enter a Sales
        09:00:01  log: enter b sales
        09:00:02  log: enter c ПРОДАЖИ
        09:00:03  log: enter d Support
    """)

    state, _ = folded(enters, "Sales", "sales", "продажи")

    assert list(state.queues) == ["Sales", "sales", "ПРОДАЖИ", "Support"]
