"""What a picture says of a scope that nobody knows, or that holds nobody."""

import pytest

from dashboards.wall.picture import Picture, Scope, Setting, Since, picture
from schemas.policies import AgentPolicy, Policies, PolicyHistory, QueuePolicy
from stream_processors.core.queues import Queue
from stream_processors.core.sources import Source
from stream_processors.core.state import State, Terms
from stream_processors.core.teams import Team

NOW = 1_795_336_927_265


def seen(scope: Scope) -> Picture:
    """Return the picture of a quiet centre: one queue heard of, one queue and teams named."""
    state = State("main", "main")
    state.sources["pbx1"] = Source("pbx1", clock=NOW)
    state.queues["sales"] = Queue("sales", "pbx1")
    state.teams["night"] = Team("night", "pbx1")
    policies = Policies(
        queues={"billing": QueuePolicy(team="back")}, agents={"1001": AgentPolicy(team="front")}
    )
    setting = Setting("0", "centre", Terms(PolicyHistory([(0, policies)])))
    return picture(state, setting, scope, Since())


@pytest.mark.parametrize(
    ("scope", "unknown", "clear"),
    [
        (Scope(), [], True),
        (Scope(frozenset({"sales"})), [], True),
        (Scope(frozenset({"billing"})), [], False),
        (Scope(frozenset({"sales", "nosuch"})), ["nosuch"], False),
        (Scope(frozenset({"nosuch", "slaes"})), ["nosuch", "slaes"], False),
        (Scope(team="nosuch"), ["nosuch"], False),
        (Scope(frozenset({"slaes"}), "nosuch"), ["nosuch", "slaes"], False),
        (Scope(domain="main"), [], True),
        (Scope(domain="stranger"), ["stranger"], False),
        (Scope(team="front"), [], False),
        (Scope(team="back"), [], False),
        (Scope(team="night"), [], False),
        (Scope(frozenset({"sales"}), "back"), [], False),
    ],
)
def test_a_scope_without_anybody_is_never_all_clear_and_an_unknown_one_is_named(
    scope: Scope, unknown: list[str], clear: bool
) -> None:
    found = seen(scope)

    assert sorted(found["exceptions"], key=lambda each: str(each["queue"])) == [
        {"severity": "warn", "code": "unknown_scope", "queue": name, "since": NOW}
        for name in unknown
    ]
    assert found["all_clear"] is clear


@pytest.mark.parametrize(
    ("failed", "lost_at", "resynced_at", "told"),
    [
        ({}, 0, 0, []),
        ({}, NOW - 9, NOW - 5, []),
        ({}, NOW - 9, NOW - 20, [("source_gap", "pbx1", NOW - 9)]),
        ({"pbx1": "source_lost"}, NOW - 9, 0, [("source_lost", "pbx1", NOW)]),
        ({"pbx2": "source_refused"}, 0, 0, [("source_refused", "pbx2", NOW)]),
    ],
)
def test_all_is_clear_only_while_no_source_is_failed_and_no_gap_open(
    failed: dict[str, str], lost_at: int, resynced_at: int, told: list[tuple[str, str, int]]
) -> None:
    state = State("main", "main")
    state.sources["pbx1"] = Source("pbx1", clock=NOW, lost_at=lost_at, resynced_at=resynced_at)
    terms = Terms(PolicyHistory([(0, Policies())]))

    found = picture(state, Setting("0", "centre", terms, failed=failed), Scope(), Since())

    exceptions = [(each["code"], each["source"], each["since"]) for each in found["exceptions"]]
    assert exceptions == told
    assert found["all_clear"] is not bool(told)
