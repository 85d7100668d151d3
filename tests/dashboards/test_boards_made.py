"""Curves that the recorded half hour has too little for: answers and channels told by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.facts import Fact, Leg, Survey
from sql.embedded import EmbeddedStore
from tests.dashboards.half_hour import CHOSEN, QUESTIONS
from tests.oracles.grafana_macros import expanded
from tests.sql.asking import keep, ms, rows
from tests.sql.examples import leg

# Four weeks from Monday, 2 March 2026. In Moscow a week begins at 21:00 UTC.
BEGIN, END = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)
SCALES = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7)}


def answer(number: int, at: str, kind: Any, score: float, survey: str = "") -> Survey:
    low, high = SCALES[kind]
    return Survey(
        tenant="demo", domain="demo", revision=number, known_at=ms(f"2026-03-{at}"),
        voided=False, answer_id=f"answer{number:010}", source="crm", survey_id=survey,
        answered_at=ms(f"2026-03-{at}"), kind=kind, score=score, scale_min=low, scale_max=high,
        agent_id="", case_id="", caller_key="", interaction_id="",
    )  # fmt: skip


def visit(
    number: int, at: str, contact: str, channel: str, queue: str = "support", **more: Any
) -> Leg:
    entered = ms(f"2026-03-{at}")
    return leg(
        number, interaction_id=contact, channel=channel, queue_id=queue, entered_at=entered,
        first_second=entered // 1000, **more,
    )  # fmt: skip


def shown(
    store: EmbeddedStore, facts: Sequence[Fact], title: str, **chosen: str
) -> list[dict[str, Any]]:
    keep(store, facts)
    (sql,) = [
        each.target["rawSql"]
        for each in QUESTIONS
        if each.panel["title"] == title and each.board.endswith("-en")
    ]
    wanted = {**CHOSEN, **{name: (value,) for name, value in chosen.items()}}
    return rows(store, expanded(sql, wanted, BEGIN, END))


def test_satisfaction_of_a_week_is_of_the_last_answer_of_each(store: EmbeddedStore) -> None:
    told = [
        # On a scale of 1 to 5 three quarters of it are 4.
        answer(1, "03 10:00:00", "csat", 4),
        answer(2, "04 10:00:00", "csat", 3),
        answer(3, "05 10:00:00", "csat", 5),
        answer(4, "06 10:00:00", "csat", 1, survey="again"),
        answer(
            5, "07 10:00:00", "csat", 5, survey="again"
        ),  # of the four of these three are satisfied
        answer(6, "03 10:00:00", "nps", 10),
        answer(7, "03 11:00:00", "nps", 9),
        answer(8, "03 12:00:00", "nps", 8),  # neither
        answer(9, "03 13:00:00", "nps", 7),
        answer(10, "03 14:00:00", "nps", 6),  # two of five promote, one detracts
        answer(11, "04 10:00:00", "ces", 7),
        # Sunday in UTC, and Monday in Moscow.
        answer(12, "08 20:59:59", "csat", 4),
        answer(13, "08 21:00:00", "csat", 2),
        answer(14, "10 10:00:00", "nps", 0),
    ]

    weeks = shown(store, told, "Satisfied by week, eight weeks")

    assert [
        (week["time"], week["positive_ratio"], week["net_promoters"]) for week in weeks
    ] == [
        ("2026-03-02 00:00:00", 4 / 5, pytest.approx(1 / 5)),
        ("2026-03-09 00:00:00", 0, -1),
    ]


def test_a_week_without_a_kind_of_answer_has_no_figure_of_it(store: EmbeddedStore) -> None:
    told = [answer(1, "03 10:00:00", "csat", 2), answer(2, "10 10:00:00", "nps", 9)]

    weeks = shown(store, told, "Satisfied by week, eight weeks")

    assert [(week["positive_ratio"], week["net_promoters"]) for week in weeks] == [
        (0, None),
        (None, 1),
    ]


CONTACTS = [
    visit(1, "03 10:00:00", "a", "voice"),
    visit(2, "03 10:05:00", "a", "chat"),  # a call goes on as a chat: one contact, of a call
    visit(3, "03 11:00:00", "b", "voice"),
    visit(4, "03 12:00:00", "c", "chat", queue="sales"),
    visit(5, "03 12:10:00", "c", "voice"),
    visit(6, "03 13:00:00", "d", "email"),
    visit(7, "03 13:30:00", "e", "email", queue=""),  # to no queue
    visit(8, "03 14:00:00", "f", "email", voided=True),
    # Tuesday in UTC, Wednesday in Moscow.
    visit(9, "03 21:00:00", "g", "chat"),
    visit(10, "04 09:00:00", "h", "email"),
    visit(11, "04 09:00:00", "i", "email"),
]


def test_a_contact_is_of_the_channel_in_which_it_began(store: EmbeddedStore) -> None:
    days = shown(store, CONTACTS, "Contacts by channel")

    assert [(day["time"], day["channel"], day["share"]) for day in days] == [
        ("2026-03-03 00:00:00", "chat", 1 / 4),
        ("2026-03-03 00:00:00", "email", 1 / 4),
        ("2026-03-03 00:00:00", "voice", 2 / 4),
        ("2026-03-04 00:00:00", "chat", 1 / 3),
        ("2026-03-04 00:00:00", "email", 2 / 3),
    ]


def test_a_contact_is_of_the_queue_in_which_it_began(store: EmbeddedStore) -> None:
    weeks = shown(store, CONTACTS, "Contacts by channel", queue="support", grain="week")

    assert [(week["time"], week["channel"], week["share"]) for week in weeks] == [
        ("2026-03-02 00:00:00", "chat", 1 / 6),
        ("2026-03-02 00:00:00", "email", 3 / 6),
        ("2026-03-02 00:00:00", "voice", 2 / 6),
    ]
