"""Open violations: counts without names on the wall, people by name for the supervisor."""

from typing import Any

import msgspec
import pytest

from dashboards.wall.floor import floor
from dashboards.wall.picture import picture
from dashboards.wall.scope import Scope, Setting
from schemas.discipline import Discipline
from schemas.policies import AgentPolicy
from stream_processors.core.state import State, Terms
from tests.plans import plan
from tests.timetable import TENANT, moment, run, terms, values

MINUTE = 60_000
LUNCH = {"late_return": {"allowance": {"lunch": "30m"}, "grace": "60s"}}
TEAMS = {"Anna": "front", "Boris": "front", "Clara": "back", "Dora": "back"}
MORNING = """
    08:00:00  login   Anna sales
    08:00:00  login   Boris sales
    08:00:00  login   Clara billing
    08:00:00  login   Dora billing
    08:30:00  enter   a sales
    08:30:05  answer  a sales Anna
    08:32:05  end     a sales Anna caller
    09:00:00  pause   Anna sales lunch
    09:10:00  pause   Boris sales lunch
    09:30:00  pause   Clara billing lunch
    09:40:00  enter   b billing
    09:40:05  ring    b billing Dora
    09:40:20  miss    b billing Dora
    09:40:30  abandon b billing
    09:41:00  enter   c billing
    09:41:05  ring    c billing Dora
    09:41:20  miss    c billing Dora
    09:42:00  abandon c billing
    09:50:00  beat
"""
"""At 09:50 Anna and Boris are late (since 09:31 and 09:41), Dora missed two in a row."""


def under() -> Terms:
    agents = {name: AgentPolicy(team=team) for name, team in TEAMS.items()}
    return terms(discipline=Discipline().changed([LUNCH]), agents=agents)


def morning(more: str = "") -> State:
    return run(values(MORNING + more), under())[0]


def counted(state: State, scope: Scope = Scope()) -> list[tuple[Any, ...]]:  # noqa: B008
    shown = picture(state, Setting("0", "centre", under()), scope)["exceptions"]
    keys = ("severity", "team", "rule", "count", "since")
    return [tuple(each[k] for k in keys) for each in shown if each["code"] == "violations"]


def people(state: State, scope: Scope = Scope()) -> dict[str, dict[str, Any]]:  # noqa: B008
    shown = floor(state, Setting("0", "centre", under()), scope)
    return {each["agent"]: each for each in shown["people"]}


LATE = ("warn", "front", "late_return", 2, moment("09:31:00"))
MISSED = ("warn", "back", "rona", 1, moment("09:41:20"))


def test_the_wall_counts_open_violations_by_team_and_rule_since_the_oldest() -> None:
    assert counted(morning()) == [LATE, MISSED]
    assert counted(morning(), Scope(team="front")) == [LATE]
    assert counted(morning(), Scope(frozenset({"billing"}))) == [MISSED]


def test_the_worst_of_them_says_how_urgent_they_are_and_who_is_back_counts_no_more() -> None:
    later = "09:55:00 unpause Boris sales\n10:01:01 beat"

    # A break of twice the allowance is critical: Anna's since 10:01.
    assert counted(morning(later))[0] == (
        "act", "front", "late_return", 1, moment("09:31:00")
    )  # fmt: skip


def test_callers_stand_before_people_of_the_same_urgency() -> None:
    waits = "09:54:00 enter x sales\n10:01:01 beat"
    state = morning(waits)

    shown = picture(state, Setting("0", "centre", under()), Scope())["exceptions"]
    # Critical breaks are older than the caller who waits; both need somebody now.
    assert [(each["severity"], each["code"]) for each in shown][:3] == [
        ("act", "nobody_ready"), ("act", "queue_past_target"), ("act", "violations")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "scope", [Scope(), Scope(team="front"), Scope(frozenset({"sales"})), Scope(team="nosuch")]
)
def test_the_wall_and_its_stream_name_nobody(scope: Scope) -> None:
    state = morning("09:51:00 pause Dora billing Dinner")
    shown = picture(state, Setting("0", "centre", under()), scope)

    sent = msgspec.json.encode(shown).decode()
    assert all(state.agents[name].now.state != "offline" for name in TEAMS)
    assert [name for name in TEAMS if name in sent] == []
    if scope == Scope():
        # The same look finds names where they are meant to be.
        told = msgspec.json.encode(floor(state, Setting("0", "centre", under()), scope))
        assert [name for name in TEAMS if name in told.decode()] == list(TEAMS)


def test_everybody_is_there_with_state_figures_and_own_violations() -> None:
    found = people(morning())

    assert list(found) == ["Anna", "Boris", "Clara", "Dora"]
    anna, dora = found["Anna"], found["Dora"]
    assert (anna["team"], anna["state"], anna["reason"]) == ("front", "not_ready", "lunch")
    assert (anna["since"], anna["logged_in_since"]) == (moment("09:00:00"), moment("08:00:00"))
    assert (anna["answered"], anna["talk_mean_ms"], anna["missed"]) == (1, 120_000, 0)
    # The break still lasts: it is counted, its time runs on the page.
    assert (anna["breaks"], anna["break_ms"]) == (1, 0)
    assert anna["break_since"] == moment("09:00:00")
    (late,) = anna["violations"]
    assert (late["rule"], late["severity"]) == ("late_return", "warning")
    assert (late["since"], late["acknowledged"]) == (moment("09:31:00"), False)
    assert (dora["missed"], dora["talk_mean_ms"]) == (2, None)
    assert [each["rule"] for each in dora["violations"]] == ["rona"]
    assert found["Clara"]["violations"] == []


def test_a_scope_leaves_out_the_others() -> None:
    state = morning()

    assert list(people(state, Scope(team="back"))) == ["Clara", "Dora"]
    assert list(people(state, Scope(frozenset({"sales"})))) == ["Anna", "Boris"]
    assert people(state, Scope(team="nosuch")) == {}


def test_figures_of_yesterday_are_gone_and_a_break_counts_from_midnight() -> None:
    over = people(run(values("2026-03-03 00:05:00 beat"), under(), morning())[0])["Anna"]

    assert (over["answered"], over["talk_mean_ms"], over["breaks"], over["break_ms"]) == (
        0, None, 0, 0
    )  # fmt: skip
    assert over["break_since"] == moment("2026-03-03 00:00:00")


def test_a_day_that_was_not_heard_from_its_beginning_says_since_when() -> None:
    shown = floor(morning(), Setting("0", "centre", under()), Scope())
    assert shown["counted_since"] == moment("08:00:00")

    later, _ = run(values("2026-03-03 00:05:00 beat"), under(), morning())
    assert floor(later, Setting("0", "centre", under()), Scope())["counted_since"] is None


def test_who_is_acknowledged_stays_open_and_who_is_excused_does_not() -> None:
    state = morning()
    names = {n: people(state)[n]["violations"][0]["episode"] for n in ("Anna", "Boris")}

    state.docket.review(names["Anna"], "acknowledged", moment("09:50:00"))
    state.docket.review(names["Boris"], "excused", moment("09:50:00"))

    assert people(state)["Anna"]["violations"][0]["acknowledged"] is True
    assert people(state)["Boris"]["violations"] == []
    assert counted(state)[0] == ("warn", "front", "late_return", 1, moment("09:31:00"))


def test_who_is_planned_for_and_whom_no_source_has_named_is_unknown_and_not_at_zero() -> None:
    log = [plan("Elsa", "09:00 work 18:00"), *values("09:29:00 beat\n09:31:00 beat")]
    state, _ = run(log, under(), run(values("08:00:00 login Anna sales"), under())[0])

    elsa = people(state)["Elsa"]
    assert [each["rule"] for each in elsa["violations"]] == ["no_show"]
    figures = ("since", "answered", "talk_mean_ms", "missed", "breaks", "break_ms")
    assert (elsa["state"], [elsa[name] for name in figures]) == ("", [None] * len(figures))
    assert [each[2] for each in counted(state)] == ["no_show"]


def test_before_the_first_event_nobody_is_known() -> None:
    shown = floor(State(TENANT, TENANT), Setting("0", "centre", under()), Scope())

    assert (shown["people"], shown["as_of"]) == ([], None)
