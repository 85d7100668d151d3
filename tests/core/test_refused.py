"""Ringings that nobody answered, as the queue says: the dialling of the phone tells why."""

import pytest

from tests.readings import comparable, offers
from tests.timetable import run, values


@pytest.mark.parametrize(
    ("phone", "ended", "dial", "result"),
    [
        ("SIP/anna", "09:00:12.010", "busy", "busy"),
        ("SIP/anna", "09:00:15.000", "busy", "rejected"),
        ("SIP/anna", "09:00:15.000", "failed", "failed"),
        ("SIP/anna", "09:00:15.000", "no_answer", "no_answer"),
        ("Local/1001@from-queue/n", "09:00:15.000", "busy", "rejected"),
        ("Local/1001@from-queue/n", "09:00:15.000", "failed", "no_answer"),
    ],
)
def test_the_dialling_tells_why_nobody_answered(
    phone: str, ended: str, dial: str, result: str
) -> None:
    """The queue counts whole seconds, so one that was busy at once has rung for 0 or 1."""
    log = values(f"""
        09:00:00      login    Anna sales
        09:00:10      enter    a sales
        09:00:11.990  ring     a sales Anna a-Anna {phone}
        {ended}  rung_off a Anna {dial}
        {ended}  miss     a sales Anna a-Anna 1
        {ended[:8]}      log: miss a sales Anna _ 1
        09:01:00      beat
    """)
    facts = run(log)[1]

    assert [each.result for each in offers(facts)] == [result]
    for late in range(len(log)):
        crooked = [*log[:late], *log[late + 1 :], log[late]]
        assert comparable(run(crooked)[1]) == comparable(facts)
