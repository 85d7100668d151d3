"""What a picture says of a scope that nobody knows or that holds nobody, and since when."""

import pytest

from dashboards.wall.picture import Picture, picture
from dashboards.wall.scope import Scope, Setting
from schemas.policies import AgentPolicy, Policies, PolicyHistory, QueuePolicy
from stream_processors.core.pipeline import freeze, thaw
from stream_processors.core.queues import Queue
from stream_processors.core.sources import Source
from stream_processors.core.state import State, Terms
from stream_processors.core.teams import Team
from tests.timetable import moment, run, terms, values

NOW = 1_795_336_927_265
EVERYBODY = Scope()


def seen(scope: Scope) -> Picture:
    """Return the picture of a quiet centre: one queue heard of, one queue and teams named.

    Of another tenant there is nothing.
    """
    state = State("main", "main")
    if scope.domain in ("", "main"):
        state.sources["pbx1"] = Source("pbx1", clock=NOW)
        state.queues["sales"] = Queue("sales", "pbx1")
        state.teams["night"] = Team("night", "pbx1")
    policies = Policies(
        queues={"billing": QueuePolicy(team="back")}, agents={"1001": AgentPolicy(team="front")}
    )
    setting = Setting("0", "centre", Terms(PolicyHistory([(0, policies)])))
    return picture(state, setting, scope)


@pytest.mark.parametrize(
    ("scope", "unknown", "clear"),
    [
        (Scope(), [], True),
        (Scope(frozenset({"sales"})), [], True),
        (Scope(frozenset({"billing"})), [], False),
        (Scope(frozenset({"sales", "nosuch"})), [("queue", "nosuch")], False),
        (
            Scope(frozenset({"nosuch", "slaes"})),
            [("queue", "nosuch"), ("queue", "slaes")],
            False,
        ),
        (Scope(team="nosuch"), [("team", "nosuch")], False),
        (
            Scope(frozenset({"slaes"}), "nosuch"),
            [("queue", "slaes"), ("team", "nosuch")],
            False,
        ),
        (Scope(domain="main"), [], True),
        (Scope(domain="stranger"), [("tenant", "stranger")], False),
        (Scope(frozenset({"slaes"}), "nosuch", "stranger"), [("tenant", "stranger")], False),
        (Scope(team="front"), [], False),
        (Scope(team="back"), [], False),
        (Scope(team="night"), [], False),
        (Scope(frozenset({"sales"}), "back"), [], False),
    ],
)
def test_a_scope_without_anybody_is_never_all_clear_and_an_unknown_one_is_named(
    scope: Scope, unknown: list[tuple[str, str]], clear: bool
) -> None:
    found = seen(scope)

    assert found["exceptions"] == [
        {"severity": "warn", "code": "unknown_scope", kind: name, "since": None}
        for kind, name in unknown
    ]
    assert found["all_clear"] is clear


FIGURES = {
    "service_level": ("ratio", "in_time", "counted", "target", "answer_within_ms"),
    "waiting": ("now", "past_target", "close"),
    "longest": ("wait_ms",),
    "agents": ("logged_in", "occupancy"),
    "abandoned": ("ratio", "abandoned", "offered"),
}


@pytest.mark.parametrize(
    "scope",
    [
        Scope(frozenset({"nosuch"})),
        Scope(team="nosuch"),
        Scope(frozenset({"sales"}), "nosuch"),
        Scope(frozenset({"nosuch"}), "front"),
        Scope(domain="stranger"),
    ],
)
def test_of_a_scope_that_nobody_knows_every_figure_is_unknown_and_none_is_zero(
    scope: Scope,
) -> None:
    found = seen(scope)

    shown = {tile: [found[tile][name] for name in names] for tile, names in FIGURES.items()}
    assert shown == {tile: [None] * len(names) for tile, names in FIGURES.items()}
    assert found["agents"]["states"] == {}
    assert found["queues"] == []


def test_nothing_is_known_before_the_first_event_and_nobody_waits_after_it() -> None:
    terms = Terms(PolicyHistory([(0, Policies())]))
    before = picture(State("main", "main"), Setting("0", "centre", terms), Scope())

    assert before["waiting"]["now"] is before["agents"]["logged_in"] is None
    for known in (Scope(), Scope(frozenset({"sales", "nosuch"})), Scope(team="front")):
        found = seen(known)
        assert (found["waiting"]["now"], found["agents"]["logged_in"]) == (0, 0)


@pytest.mark.parametrize(
    ("failed", "lost_at", "resynced_at", "told"),
    [
        ({}, 0, 0, []),
        ({}, NOW - 9, NOW - 5, []),
        ({}, NOW - 9, NOW - 20, [("source_gap", "pbx1", NOW - 9)]),
        ({"pbx1": "source_lost"}, NOW - 9, 0, [("source_lost", "pbx1", NOW - 9)]),
        ({"pbx1": "source_lost"}, 0, 0, [("source_lost", "pbx1", None)]),
        ({"pbx2": "source_refused"}, 0, 0, [("source_refused", "pbx2", None)]),
    ],
)
def test_all_is_clear_only_while_no_source_is_failed_and_no_gap_open(
    failed: dict[str, str],
    lost_at: int,
    resynced_at: int,
    told: list[tuple[str, str, int | None]],
) -> None:
    state = State("main", "main")
    state.sources["pbx1"] = Source("pbx1", clock=NOW, lost_at=lost_at, resynced_at=resynced_at)
    terms = Terms(PolicyHistory([(0, Policies())]))

    found = picture(state, Setting("0", "centre", terms, failed=failed), Scope())

    exceptions = [(each["code"], each["source"], each["since"]) for each in found["exceptions"]]
    assert exceptions == told
    assert found["all_clear"] is not bool(told)


DRAMA = """
    09:00:00  login Anna sales
    09:00:00  login Boris sales
    09:00:01  pause Boris sales lunch
    09:10:00  enter a sales
    09:10:12  pause Anna sales lunch
    09:10:15  enter b sales
    09:{end}  beat
"""
"""Nobody is free from 09:10:12 on; the target of 20 s passes at 09:10:20."""

BAD_HOURS = "\n".join(
    f"{hour:02}:{minute:02}:00 enter c{hour}{minute} sales\n"
    f"{hour:02}:{minute:02}:{10 if minute % 2 else 30} abandon c{hour}{minute} sales"
    for hour in (9, 10, 11)
    for minute in range(0, 60, 3)
)
"""A caller every three minutes, all lost: those of even minutes count as the target passes."""


def since(state: State, scope: Scope = EVERYBODY) -> dict[str, int | None]:
    """Return since when each exception holds, on a wall that nobody looked at before."""
    shown = picture(state, Setting("0", "centre", terms()), scope)
    return {each.get("rule", each["code"]): each["since"] for each in shown["exceptions"]}


def test_since_when_an_exception_holds_does_not_depend_on_who_looks_and_when() -> None:
    first, _ = run(values(DRAMA.format(end="10:40")))
    again = thaw(freeze(first))

    told = {
        "queue_past_target": moment("09:10:20"),
        "nobody_ready": moment("09:10:12"),
    }
    assert since(first) == since(first, Scope(frozenset({"sales"}))) == since(again) == told
    later = values("09:47:00 beat")
    # Boris, paused at 09:00:01, had ten minutes, and one of grace.
    told["late_return"] = moment("09:11:01")
    # The caller of 09:10:00 has waited three times the target of 20 s, the other 15 s later.
    told["hanging"] = moment("09:11:00")
    assert since(run(later, state=first)[0]) == since(run(later, state=again)[0]) == told


def test_a_level_that_was_low_all_morning_says_so_also_after_a_restart() -> None:
    state, _ = run(values(BAD_HOURS))
    # Counted at 09:00:20, 09:03:10, 09:06:20, 09:09:10 and 09:12:20: five are enough.
    assert since(state) == {"level_under_target": moment("09:12:20")}

    other, _ = run(values("12:00:00 beat"), state=thaw(freeze(state)))
    assert since(other) == {"level_under_target": moment("09:12:20")}


def test_of_what_has_no_beginning_in_the_state_none_is_made_up() -> None:
    state, _ = run(values("09:00:00 login Anna sales"))
    state.queues["sales"].totals["offered"] += 1

    assert since(state) == {"numbers_differ": None}
