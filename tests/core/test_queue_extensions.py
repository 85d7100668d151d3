"""Callers whom agents pass on to the extension of a queue."""

import pytest

from tests.core.phoned import DIRECTORY
from tests.readings import legs
from tests.timetable import run, terms, values

TAKEN = """
    09:00:00 log: enter   a vip
    09:00:00 log: timeout a vip
    09:00:01 log: enter   a sales
    09:00:01 log: answer  a sales Anna 0
    09:00:02 log: transfer a 501 blind sales Anna 1
    09:00:02 log: end      a sales Anna agent 1
"""


@pytest.mark.parametrize(
    ("then", "to"),
    [
        ("", "501"),
        ("09:00:03 log: enter a support", "support"),
        ("09:00:40 log: enter a support", "501"),
    ],
    ids=["no queue", "the queue of that extension", "a queue much later"],
)
def test_a_queue_that_is_entered_at_once_is_the_one_that_was_dialled(
    then: str, to: str
) -> None:
    facts = run(values(f"{TAKEN}\n{then}\n09:10:00 beat"))[1]
    (sales,) = [leg for leg in legs(facts) if leg.queue_id == "sales"]

    assert (sales.transfer_kind, sales.transferred_to) == ("blind", to)


PHONED = """
    08:59:00      login  Anna sales
    09:00:00.000  starts trunk1
    09:00:00.000  enter  trunk1 vip
    09:00:00.500  leave  trunk1 vip
    09:00:00.500  timeout trunk1 vip
    09:00:00.600  enter  trunk1 sales
    09:00:00.700  starts anna1@trunk1
    09:00:00.700  ring   trunk1 sales Anna anna1
    09:00:01.000  picks  anna1@trunk1
    09:00:01.000  leave  trunk1 sales
    09:00:01.000  answer trunk1 sales Anna _ anna1
    09:00:01.000  joins  anna1@trunk1 b1
    09:00:01.000  joins  trunk1 b1
    09:00:01.800  passes anna1@trunk1 - 501 trunk1
    09:00:01.801  end    trunk1 sales Anna agent _ anna1
    09:00:01.802  stops  anna1@trunk1 16
"""


@pytest.mark.parametrize(("then", "to"), [("", "501"), ("enter trunk1 support", "support")])
def test_by_the_manager_interface_it_is_not_one_that_he_had_left(then: str, to: str) -> None:
    line = f"09:00:01.900 {then}" if then else ""
    read = values(f"{PHONED}\n{line}\n09:10:00 beat")
    facts = run(read, terms(agents=DIRECTORY))[1]
    (sales,) = [leg for leg in legs(facts) if leg.queue_id == "sales"]

    assert (sales.transfer_kind, sales.transferred_to) == ("blind", to)
