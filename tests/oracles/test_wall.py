"""The wall oracle on legs small enough to count in the head."""

import pytest

from tests.oracles import wall
from tests.oracles.shapes import OracleBreak, OracleLeg, OracleOffer, OracleSession, Outcome

T0 = 1_000_000_000
"""Entry of the caller, in milliseconds."""


def leg(
    outcome: Outcome,
    wait_ms: int | None = None,
    *,
    talk_ms: int = 60_000,
    offers: tuple[OracleOffer, ...] = (),
    parted_ms: int | None = None,
) -> OracleLeg:
    left_ms = None if wait_ms is None else T0 + wait_ms
    answered_us = left_ms * 1000 if left_ms is not None and outcome == "answered" else None
    return OracleLeg(
        channel="c",
        queue="sales",
        interaction="c",
        entered_us=T0 * 1000,
        left_us=None if left_ms is None else left_ms * 1000,
        answered_us=answered_us,
        ended_us=None if answered_us is None else answered_us + talk_ms * 1000,
        parted_us=None if parted_ms is None else (T0 + parted_ms) * 1000,
        outcome=outcome,
        agent="Anna" if answered_us is not None else "",
        ended_by="",
        transferred_to="",
        wait_ms=wait_ms,
        talk_ms=None,
        told_wait_s=None,
        told_talk_s=None,
        offers=offers,
    )


def level(leg: OracleLeg, after_ms: int) -> float | None:
    return wall.sample([leg], "sales", T0 + after_ms).windows[5].service_level


@pytest.mark.parametrize(
    ("visit", "before", "at_target", "after"),
    [
        (leg("answered", 19_999), None, 1.0, 1.0),
        (leg("answered", 20_000), None, 1.0, 1.0),
        (leg("answered", 20_001), None, 0.0, 0.0),
        (leg("abandoned", 20_000), None, 0.0, 0.0),
        (leg("abandoned", 90_000), None, 0.0, 0.0),
        (leg("abandoned", 5_000), None, None, None),
        (leg("abandoned", 5_001), 0.0, 0.0, 0.0),
        (leg("timeout", 15_000), None, None, None),
        (leg("timeout", 20_000), None, None, None),
        (leg("timeout", 20_001), None, 0.0, 0.0),
        (leg("waiting"), None, 0.0, 0.0),
    ],
)
def test_a_leg_is_counted_at_the_first_of_answer_abandon_and_target(
    visit: OracleLeg, before: float | None, at_target: float | None, after: float | None
) -> None:
    assert level(visit, 19_998) == before
    assert level(visit, 20_000) == at_target
    assert level(visit, 200_000) == after


def test_a_breach_leaves_the_window_with_the_moment_of_the_target() -> None:
    late = leg("answered", 100_000)

    assert level(late, 319_999) == 0.0
    assert level(late, 320_000) is None
    assert wall.sample([late], "sales", T0 + 320_000).windows[5].answered == 1


def test_an_outcome_belongs_to_the_window_open_at_its_start() -> None:
    visit = leg("answered", 10_000)

    assert wall.sample([visit], "sales", T0 + 309_999).windows[5].answered == 1
    assert wall.sample([visit], "sales", T0 + 310_000).windows[5].answered == 0
    assert wall.sample([visit], "sales", T0 + 310_000).windows[30].answered == 1


def test_a_leg_answered_later_is_waiting() -> None:
    visit = leg("answered", 30_000)

    assert wall.sample([visit], "sales", T0 - 1).waiting == 0
    at_target = wall.sample([visit], "sales", T0 + 20_000)
    assert (at_target.waiting, at_target.waiting_over_target) == (1, 0)
    shown = wall.sample([visit], "sales", T0 + 29_999)
    assert (shown.waiting, shown.longest_wait_ms, shown.waiting_over_target) == (1, 29_999, 1)
    answered = wall.sample([visit], "sales", T0 + 30_000)
    assert (answered.waiting, answered.longest_wait_ms, answered.talking) == (0, None, 1)
    assert wall.sample([visit], "sales", T0 + 89_999).talking == 1
    assert wall.sample([visit], "sales", T0 + 90_000).talking == 0


def test_abandoned_includes_the_short_ones() -> None:
    legs = [leg("abandoned", 5_000), leg("abandoned", 5_001)]

    window = wall.sample(legs, "sales", T0 + 6_000).windows[5]

    assert (window.abandoned, window.short_abandoned) == (2, 1)


def test_talking_hides_ringing_and_ringing_hides_a_break() -> None:
    offer = OracleOffer("Anna", (T0 + 4_000) * 1000, (T0 + 10_000) * 1000, "answered", None)
    visit = leg("answered", 10_000, talk_ms=10_000, offers=(offer,))
    session = OracleSession("Anna", T0 * 1000, (T0 + 40_000) * 1000)
    pause = OracleBreak(
        "Anna", "Lunch", (T0 + 2_000) * 1000, (T0 + 2_000) * 1000, (T0 + 30_000) * 1000
    )

    states = [
        wall.state([visit], [session], [pause], "Anna", T0 + second * 1000)
        for second in (-1, 0, 1, 2, 3, 4, 9, 10, 19, 20, 29, 30, 39, 40)
    ]

    assert states == [
        "offline",
        *["ready"] * 2,
        *["not_ready"] * 2,
        *["reserved"] * 2,
        *["talking"] * 2,
        *["not_ready"] * 2,
        *["ready"] * 2,
        "offline",
    ]
    # 10 s of talk; 12 s ready and 6 s ringing beside it; 12 s away are in neither term
    ratio = wall.occupancy([visit], [session], [pause], ["Anna"], T0 + 60_000, 5)
    assert ratio == pytest.approx(10 / 28)


def test_a_redirected_talk_may_be_ended_where_it_parted() -> None:
    visit = leg("answered", 10_000, talk_ms=60_000, parted_ms=20_000)

    assert wall.sample([visit], "sales", T0 + 30_000).talking == 1
    assert wall.sample([visit], "sales", T0 + 30_000, talk_end="parted").talking == 0


def test_nobody_there_is_unknown_and_not_zero() -> None:
    assert wall.occupancy([], [], [], ["Anna"], T0, 30) is None
    assert wall.sample([], "sales", T0).longest_wait_ms is None
    assert wall.sample([], "sales", T0).windows[30].service_level is None
