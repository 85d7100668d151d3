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


# --- pages ----------------------------------------------------------------------------------

LUNCHES = """
    09:00:00 login   Anna sales
    09:00:00 login   Boris sales
    09:10:00 pause   Anna sales lunch
    09:11:10 beat
    09:13:00 unpause Anna sales
    09:30:00 pause   Boris sales lunch
    09:33:00 unpause Boris sales
    09:40:00 beat
"""
"""A minute is allowed and two are critical: Anna's becomes it at 09:12, Boris' at 09:32."""
ONE_PAGE = under(
    {
        "late_return": {"allowance": {"lunch": "1m"}, "grace": "0s"},
        "budget": {"per_hour": 1},
    }
)


def pages_nobody(decided: str, verdict: Verdict, received_after: str, size: int = 1) -> bool:
    """Tell whether Boris' break is beyond the budget, after a review of Anna's."""
    lines = LUNCHES.strip().splitlines()
    place = 1 + next(n for n, line in enumerate(lines) if received_after in line)
    (late,) = violations(run(values("\n".join(lines[:4])), ONE_PAGE)[1], "late_return")
    told = e.encode(review(late.episode_id, decided, verdict))
    first, rest = values("\n".join(lines[:place])), values("\n".join(lines[place:]))

    facts = run([*first, told, *rest], ONE_PAGE, size=size)[1]

    (of_boris,) = [
        each for each in violations(facts, "late_return") if each.agent_id == "Boris"
    ]
    assert of_boris.severity == "critical"
    return '"beyond":"per_hour"' in of_boris.evidence


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("received_after", ["09:11:10", "09:13:00", "09:33:00"])
def test_what_was_excused_before_it_was_critical_takes_nothing_from_the_budget(
    received_after: str, size: int
) -> None:
    """Whenever it is received: nobody is paged for Anna, so somebody is for Boris."""
    assert not pages_nobody("09:11:30", "excused", received_after, size)


def test_who_was_paged_before_the_excuse_was_paged() -> None:
    assert pages_nobody("09:12:30", "excused", "09:13:00")


def test_what_somebody_has_only_seen_counts_as_before() -> None:
    assert pages_nobody("09:11:30", "acknowledged", "09:11:10")


def test_a_no_show_that_goes_on_from_an_excuse_takes_nothing_from_the_budget() -> None:
    one_page = under({"relog": {"enabled": False}, "budget": {"per_hour": 1}})
    until = [PLANNED, plan("Boris", "09:10 work 18:00"), *values("08:00 beat\n09:06 beat")]
    (late,) = violations(run(until, one_page)[1], "late_login")
    excuse = e.encode(review(late.episode_id, "09:06:30", "excused"))

    facts = run([*until, excuse, *values("09:31 beat\n09:45 beat")], one_page)[1]

    of_boris = [each for each in violations(facts) if each.agent_id == "Boris"]
    # Late from 09:12, critical at 09:25, a no-show at 09:40: one page, and one beyond it.
    assert [(each.code, '"paged":false' in each.evidence) for each in of_boris] == [
        ("late_login", False),
        ("no_show", True),
    ]
