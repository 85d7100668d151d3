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


@pytest.mark.parametrize(
    ("refused", "rang", "logged"),
    [
        ("first", 3, "09:00:14"),
        ("first", 3, "09:00:15"),
        ("second", 3, "09:00:14"),
        ("second", 0, "09:00:11"),
        ("first", 0, "09:00:12"),
    ],
)
def test_a_log_that_names_no_phone_tells_of_the_one_that_the_other_feed_names(
    refused: str, rang: int, logged: str
) -> None:
    """Anna refuses at one phone, after 3.3 or 0.3 s; the other rings until Boris answers."""
    at, other = (
        ("09:00:14.800" if rang else "09:00:11.800"),
        {"first": "second", "second": "first"},
    )
    log = values(f"""
        09:00:00      login    Anna sales 0 SIP/anna SIP/anna
        09:00:00      login    Anna sales 0 SIP/annas SIP/annas
        09:00:00      login    Boris sales
        09:00:10      enter    a sales
        09:00:11.500  ring     a sales Anna a-first SIP/anna
        09:00:11.500  ring     a sales Anna a-second SIP/annas
        09:00:11.500  ring     a sales Boris
        {at}          rung_off a {refused} busy
        {at}          miss     a sales Anna a-{refused} {rang}
        {logged}      log: miss a sales Anna _ {rang}
        09:00:20      rung_off a {other[refused]} cancelled
        09:00:20      leave    a sales
        09:00:20      answer   a sales Boris
        09:01:00      beat
    """)
    facts = run(log)[1]

    found = sorted((each.agent_id, each.result, each.ring_ms) for each in offers(facts))
    mine = ("Anna", "rejected", 3_300) if rang else ("Anna", "busy", 300)
    assert found == sorted([("Anna", "elsewhere", 8_500), mine, ("Boris", "answered", 8_500)])
    for late in range(len(log)):
        crooked = [*log[:late], *log[late + 1 :], log[late]]
        assert comparable(run(crooked)[1]) == comparable(facts)
