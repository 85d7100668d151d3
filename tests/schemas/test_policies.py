"""What people write of targets and teams, and which of it held when."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.policies import AgentPolicy, Policies, PolicyHistory, QueuePolicy

DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("0s", 0), ("5m", 300), ("1h30m", 5400), ("1h 30m", 5400), ("250ms", 0.25),
     ("1s500ms", 1.5), ("PT10S", 10), ("P1D", 86_400),
     ("30d", 2_592_000), ("1d12h", 129_600)],
)  # fmt: skip
def test_a_duration_is_written_as_people_say_it(text: str, seconds: float) -> None:
    policy = QueuePolicy.model_validate({"answer_within": text})

    assert policy.answer_within == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "10", "soon", "10 seconds", "-5s", "5s later", "1.5s"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValidationError, match=r"is no duration \(write 10s, 5m or 1h30m\)"):
        QueuePolicy.model_validate({"answer_within": text})


@pytest.mark.parametrize(
    "wrong",
    [{"answer_within": timedelta(seconds=-1)}, {"target": 1.1}, {"target": -0.1},
     {"answer_in": "10s"}],
)  # fmt: skip
def test_a_queue_takes_no_negative_time_no_share_over_one_and_no_unknown_key(
    wrong: dict[str, Any],
) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        QueuePolicy.model_validate(wrong)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../UTC", "/etc/localtime"])
def test_an_unknown_time_zone_is_refused_with_an_example(zone: str) -> None:
    with pytest.raises(
        ValidationError, match=r"unknown time zone .* \(use a name like Europe/"
    ):
        Policies(timezone=zone)


def test_a_queue_without_an_entry_has_the_defaults() -> None:
    policies = Policies(queues={"vip": QueuePolicy(answer_within=timedelta(seconds=5))})

    assert policies.queue("vip").answer_within == timedelta(seconds=5)
    assert policies.queue("sales").answer_within == timedelta(seconds=20)
    assert policies.queue("sales").short_abandon == timedelta(seconds=5)


def test_an_agent_without_an_entry_has_no_team() -> None:
    policies = Policies(agents={"Anna Petrova": AgentPolicy(team="front")})

    assert policies.team_of("Anna Petrova") == "front"
    assert policies.team_of("Chen Wei") == ""


def test_policies_survive_being_stored() -> None:
    policies = Policies(
        timezone="Europe/Moscow",
        queues={"vip": QueuePolicy(answer_within=timedelta(milliseconds=1_500))},
    )

    assert Policies.model_validate(policies.model_dump(mode="json")) == policies


def _history() -> tuple[PolicyHistory, list[Policies]]:
    versions = [
        Policies(queues={"sales": QueuePolicy(answer_within=timedelta(seconds=seconds))})
        for seconds in (20, 10, 30)
    ]
    told = [(2 * DAY_MS, versions[2]), (0, versions[0]), (DAY_MS, versions[1])]
    return PolicyHistory(told), versions


@pytest.mark.parametrize(
    ("instant", "version"),
    [(-1, 0), (0, 0), (DAY_MS - 1, 0), (DAY_MS, 1), (2 * DAY_MS - 1, 1), (2 * DAY_MS, 2),
     (9 * DAY_MS, 2)],
)  # fmt: skip
def test_a_policy_holds_from_its_instant_to_the_next(instant: int, version: int) -> None:
    history, versions = _history()

    assert history.at(instant) is versions[version]


def test_the_current_policy_is_the_latest_whatever_the_order_they_were_told_in() -> None:
    history, versions = _history()

    assert history.current is versions[2]


def test_a_history_without_any_version_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one version"):
        PolicyHistory([])
