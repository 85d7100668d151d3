"""What people excuse before a late log-in becomes a no-show, on a planned morning."""

import pytest

import schemas.events as e
from schemas.facts import Fact, Verdict
from stream_processors.core.state import State
from tests.core.judged import shown, under
from tests.plans import at, plan
from tests.readings import violations
from tests.timetable import DAY, run, values

TERMS = under({"relog": {"enabled": False}})
PLANNED = plan("Anna", "09:00 work 18:00")
EXCUSED = [("critical", "excused", at("09:30"), at("12:00"))]
BLAMED = [("critical", "resolved", at("09:30"), at("12:00"))]


def morning(*reviews: tuple[str, Verdict], size: int = 1) -> tuple[State, list[Fact]]:
    """Anna, planned from nine, comes at noon; her being late is reviewed meanwhile."""
    until = [PLANNED, *values("08:00 beat\n09:06 beat")]
    (late,) = violations(run(until, TERMS)[1], "late_login")
    told = [e.encode(review(late.episode_id, *each)) for each in reviews]
    rest = values("09:31 beat"), values("12:00 login Anna sales\n12:10 beat")
    return run([*until, *told[:1], *rest[0], *told[1:], *rest[1]], TERMS, size=size)


def review(episode_id: str, time: str, verdict: Verdict) -> e.ViolationReviewed:
    told = f"{DAY}T{time}.000Z"
    return e.ViolationReviewed(
        id=f"{verdict} {time}", source=e.DESK, time=told, tenant="test", domain="test",
        feed="reviews", sequence=1, recordedtime=told,
        data=e.ViolationReviewedData(
            episode_id=episode_id, verdict=verdict, author="Maria", reason="a doctor"
        ),
    )  # fmt: skip


@pytest.mark.parametrize("size", [1, 1000])
def test_an_excuse_lasts_into_the_no_show(size: int) -> None:
    _, facts = morning(("09:06:30", "excused"), size=size)

    assert shown(facts, "no_show") == EXCUSED


def test_a_no_show_that_is_excused_is_not_open() -> None:
    until = [PLANNED, *values("08:00 beat\n09:06 beat")]
    (late,) = violations(run(until, TERMS)[1], "late_login")
    excuse = e.encode(review(late.episode_id, "09:06:30", "excused"))

    state, _ = run([*until, excuse, *values("09:31 beat")], TERMS)

    assert state.docket.open_episodes() == []


@pytest.mark.parametrize("verdict", ["acknowledged", "excused", "neutral"])
def test_what_is_decided_after_it_takes_no_excuse_back(verdict: Verdict) -> None:
    _, facts = morning(("09:06:30", "excused"), ("09:40:00", verdict))

    assert shown(facts, "no_show") == EXCUSED


def test_decisions_may_come_in_any_order() -> None:
    """Maria's of 09:06:30 comes when another of 09:40 is known; it was the earlier one."""
    _, facts = morning(("09:40:00", "acknowledged"), ("09:06:30", "excused"))

    assert shown(facts, "no_show") == EXCUSED


def test_an_excuse_after_the_no_show_is_of_the_late_log_in_alone() -> None:
    _, facts = morning(("09:06:30", "acknowledged"), ("09:40:00", "excused"))

    assert shown(facts, "no_show") == BLAMED
