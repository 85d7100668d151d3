"""Curves of periods, worked out by hand from the recorded half hour of a Saturday."""

from datetime import timedelta

import pytest

from tests.dashboards.half_hour import BEGIN, CHOSEN, QUESTIONS, History, figure, visits
from tests.oracles.grafana_macros import expanded


@pytest.mark.parametrize(
    ("grain", "stands"),
    [("day", "2026-11-28"), ("week", "2026-11-23"), ("month", "2026-11-01")],
)
def test_a_step_of_the_period_before_stands_at_its_like(
    grain: str, stands: str, history: History
) -> None:
    (sql,) = [
        each.target["rawSql"] for each in QUESTIONS if "beside the time" in each.panel["title"]
    ]
    chosen = {**CHOSEN, "grain": (grain,)}

    # Seven days from Thursday the 26th on; the Saturday before them is the third of its seven.
    begin, end = BEGIN + timedelta(days=5), BEGIN + timedelta(days=12)
    (past,) = history.ask(expanded(sql, chosen, begin, end))["data"]
    (present,) = history.ask(history.filled(sql, chosen))["data"]

    assert past["time"] == f"{stands} 00:00:00"
    assert (past["offered"], int(past["before"])) == (None, len(visits(history)))
    assert (int(present["offered"]), present["before"]) == (len(visits(history)), None)


def test_a_contact_is_of_one_channel(history: History) -> None:
    rows = figure(history, "Contacts by channel", "management")

    # The recorded Asterisk has calls alone.
    assert [(row["time"], row["channel"], row["share"]) for row in rows] == [
        ("2026-11-21 00:00:00", "voice", 1)
    ]


def test_satisfaction_of_a_week_is_of_its_answers(history: History) -> None:
    (row,) = figure(history, "Satisfied by week, eight weeks", "crm")

    # One customer answered, 5 of 5; nobody was asked whether he would recommend.
    assert row["time"] == "2026-11-16 00:00:00"
    assert (row["positive_ratio"], row["net_promoters"]) == (1, None)
