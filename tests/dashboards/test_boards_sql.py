"""Every question in SQL is asked of the real tables with the recorded half hour in them."""

import json
import re
import statistics
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise

import pytest

from schemas.discipline import CODES
from schemas.errors import QueryRefused, StoreFailed
from schemas.facts import Leg
from tests.dashboards.boards import CLICKHOUSE, Question, boards
from tests.dashboards.half_hour import BEGIN, CHOSEN, END, QUESTIONS, History, figure, visits
from tests.lab.recording import ami
from tests.oracles.grafana_macros import expanded
from tests.readings import violations
from tests.timetable import TENANT

NARROWED = {**CHOSEN, "tenant": (TENANT,), "queue": ("sales", "vip"), "code": ("rona",)}
NUMBER = re.compile(r"(Nullable\()?(U?Int|Float|Decimal)")
TIME = re.compile(r"(Nullable\()?Date")
SERIES, TABLE = 0, 1


@pytest.mark.parametrize("chosen", [CHOSEN, NARROWED], ids=["all", "narrowed"])
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: each.name)
def test_a_question_has_an_answer_that_grafana_can_draw(
    question: Question, chosen: Mapping[str, tuple[str, ...]], history: History
) -> None:
    text = history.filled(question.target["rawSql"], chosen)
    assert "$" not in text, text
    assert ";" not in text
    assert "FORMAT" not in text.upper().split()

    told = history.ask(text)

    types = {column["name"]: column["type"] for column in told["meta"]}
    rows = told["data"]
    assert rows or (chosen is NARROWED and "violations" in text), text
    assert all("Array(" not in each and "Map(" not in each for each in types.values())
    if question.target["format"] == SERIES:
        times = [name for name, type_ in types.items() if TIME.match(type_)]
        assert len(times) == 1, types
        instants = [row[times[0]] for row in rows]
        assert instants == sorted(instants)
        words = [name for name, type_ in types.items() if "String" in type_]
        numbers = [name for name, type_ in types.items() if NUMBER.match(type_)]
        assert numbers
        assert {*times, *words, *numbers} == set(types)
    assert not any(value in ("nan", "inf") for row in rows for value in row.values())


def test_there_are_questions_to_ask() -> None:
    assert len(QUESTIONS) > 20
    assert {question.target["format"] for question in QUESTIONS} == {SERIES, TABLE}
    for question in QUESTIONS:
        form = question.target["queryType"]
        assert form == ("timeseries", "table")[question.target["format"]]
        assert "system." not in question.target["rawSql"]
        assert not re.search(
            r"\$__timeGroup|\$__timeFrom|\$__timeTo", question.target["rawSql"]
        )


def test_lists_of_what_can_be_chosen_are_not_empty(history: History) -> None:
    lists = {
        variable["query"]
        for board in boards().values()
        for variable in board["templating"]["list"]
        if variable.get("datasource", {}).get("uid") == CLICKHOUSE
    }

    assert len(lists) > 5
    for query in lists:
        assert history.ask(query)["data"] or "team" in query, query


def is_good(leg: Leg) -> bool:
    """Return whether a visit was answered in time."""
    return leg.outcome == "answered" and (leg.wait_ms or 0) <= leg.answer_within_ms


def is_counted(leg: Leg) -> bool:
    """Return whether a visit is below the line of the headline service level."""
    waited = leg.wait_ms or 0
    late = leg.outcome != "waiting" and waited > leg.answer_within_ms
    lost = leg.outcome == "abandoned" and waited > leg.short_abandon_ms
    return leg.outcome == "answered" or lost or late


def test_figures_of_the_period_are_those_of_the_recorded_calls(history: History) -> None:
    legs = visits(history)
    waits = {leg.leg_id: leg.wait_ms or 0 for leg in legs}
    answered = [leg for leg in legs if leg.outcome == "answered"]
    lost = [
        leg
        for leg in legs
        if leg.outcome == "abandoned" and waits[leg.leg_id] > leg.short_abandon_ms
    ]
    in_time = list(filter(is_good, legs))
    counted = list(filter(is_counted, legs))

    def shown(title: str) -> float:
        return float(figure(history, title, "management")[-1]["value"])

    assert shown("Offered") == len(legs) == 818
    assert shown("Answered") == len(answered) == 678
    assert shown("Service level (target 80 %)") == pytest.approx(len(in_time) / len(counted))
    assert shown("Lost") == pytest.approx(len(lost) / (len(lost) + len(answered)))
    mean = sum(waits[leg.leg_id] for leg in answered) / len(answered) / 1000
    assert shown("Mean wait (ASA)") == pytest.approx(mean)


def test_service_levels_by_definition_are_those_of_the_recorded_calls(
    history: History,
) -> None:
    title = "Service level by every definition"
    shown: dict[str, dict[str, float | None]] = {}
    for row in figure(history, title, "management", short_abandon=""):
        shown.setdefault(row["queue_id"], {})[row["definition"]] = row["level"]

    assert set(shown) == {leg.queue_id for leg in visits(history)}
    for queue, told in shown.items():
        legs = visits(history, queue)
        good = sum(is_good(leg) for leg in legs)
        answered = sum(leg.outcome == "answered" for leg in legs)
        lost = [leg for leg in legs if leg.outcome == "abandoned"]
        finished = sum(leg.outcome != "waiting" for leg in legs)
        soon = sum((leg.wait_ms or 0) <= leg.answer_within_ms for leg in lost)
        assert told["service_level"] == pytest.approx(good / sum(map(is_counted, legs)))
        assert told["sl1_negative"] == pytest.approx(good / (answered + len(lost)))
        assert told["sl2_ignore"] == pytest.approx(good / (finished - soon))
        assert told["sl3_positive"] == pytest.approx((good + soon) / finished)
        assert told["sl4_handled"] == pytest.approx(good / answered)
        assert told["sl11_received"] == pytest.approx(good / len(legs))
        within = figure(history, title, "management", queue=queue, answer_within="10")
        (handled,) = [row["level"] for row in within if row["definition"] == "sl4_handled"]
        soon = sum((leg.wait_ms or 0) <= 10_000 for leg in legs if leg.outcome == "answered")
        assert handled == pytest.approx(soon / answered)


def test_every_definition_of_the_report_is_on_the_board(history: History) -> None:
    columns = history.ask(
        "SELECT * FROM service_levels(since = '2026-03-01', until = '2026-03-02', "
        "zone = 'UTC', step = 'all', answer_within = '', short_abandon = '') LIMIT 0"
    )["meta"]
    wanted = [each["name"] for each in columns if re.match(r"sl\d|service_level", each["name"])]

    rows = figure(history, "Service level by every definition", "management", queue="sales")

    assert [row["definition"] for row in rows] == wanted
    assert len(wanted) == 20


def test_half_hours_below_the_target_are_those_of_the_recorded_calls(history: History) -> None:
    levels: dict[str, dict[int, list[bool]]] = {}
    for leg in filter(is_counted, visits(history)):
        half = leg.entered_at // 1_800_000
        levels.setdefault(leg.queue_id, {}).setdefault(half, []).append(is_good(leg))

    rows = figure(history, "Half hours below the target (80 %)", "management")

    assert {row["queue_id"] for row in rows} == set(levels)
    for row in rows:
        told = [sum(goods) / len(goods) for goods in levels[row["queue_id"]].values()]
        assert int(row["half_hours"]) == len(told)
        assert int(row["half_hours_below"]) == sum(level < 0.8 for level in told)
        assert row["worst_level"] == pytest.approx(min(told))


def test_lengths_of_waits_are_those_of_the_recorded_calls(history: History) -> None:
    ends = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)
    wanted = {outcome: [0] * (len(ends) + 1) for outcome in ("answered", "abandoned")}
    for leg in visits(history):
        if leg.outcome in wanted:
            place = sum((leg.wait_ms or 0) > end * 1000 for end in ends)
            wanted[leg.outcome][place] += 1

    rows = figure(history, "Visits by length of the wait [s]", "queue")

    assert [row["seconds"] for row in rows][::6] == ["0 - 5", "45 - 60", "> 600"]
    for outcome, counts in wanted.items():
        assert [int(row[outcome]) for row in rows] == counts
    assert sum(wanted["abandoned"]) > 100


def test_an_agent_stands_beside_the_median_of_everybody(history: History) -> None:
    answered = Counter(leg.agent_id for leg in visits(history) if leg.outcome == "answered")
    everybody = history.ask("SELECT DISTINCT agent_id FROM agent_states")["data"]
    (missed,) = figure(history, "Missed", "agent")
    (busy,) = figure(history, "Occupancy", "agent")
    (away,) = figure(history, "On breaks", "agent")

    mine, median = figure(history, "Beside everybody", "agent")

    assert (mine["who"], median["who"]) == ("agent", "median")
    assert mine["answered"] == answered["Anna Petrova"]
    assert median["answered"] == statistics.median(
        answered[each["agent_id"]] for each in everybody
    )
    assert mine["missed"] == int(missed["value"])
    assert mine["occupancy"] == busy["value"]
    assert mine["break_ms"] == away["value"] * 1000
    reasons = figure(history, "Breaks by reason", "agent")
    assert len(reasons) > 1
    assert sum(row["break_ms"] for row in reasons) == mine["break_ms"]


def test_violations_of_a_week_stand_at_its_monday(history: History) -> None:
    (question,) = [each for each in QUESTIONS if "Violations by week" in each.panel["title"]]
    assert question.panel["timeFrom"] == "56d"
    sql = question.target["rawSql"]
    fired = Counter(
        episode.code
        for code in CODES
        for episode in violations(history.lab.facts, code)
        if episode.fired_at is not None and episode.state != "pending"
    )

    asked = expanded(sql, CHOSEN, BEGIN - timedelta(days=56), END)
    whole = history.ask(asked)["data"]
    cut = history.ask(history.filled(sql, CHOSEN))["data"]

    # The recording is of a Saturday.
    for rows in (whole, cut):
        assert {row["time"] for row in rows} == {f"{BEGIN - timedelta(days=5):%F} 00:00:00"}
        assert {row["code"]: int(row["violations"]) for row in rows} == fired


@pytest.mark.parametrize(
    ("grain", "begins"),
    [("day", "2026-11-21"), ("week", "2026-11-16"), ("month", "2026-11-01")],
)
def test_a_bar_stands_at_the_beginning_of_its_day_week_or_month(
    grain: str, begins: str, history: History
) -> None:
    (bar,) = figure(history, "Offered, answered, abandoned", "management", grain=grain)

    assert bar["time"] == f"{begins} 00:00:00"
    assert int(bar["offered"]) == len(visits(history))


def test_hours_of_an_agent_stand_beside_those_of_the_weeks_before(history: History) -> None:
    (hours,) = [each for each in QUESTIONS if "and usually" in each.panel["title"]]
    (now,) = figure(history, "Answered by hour, and usually", "agent")
    weeks = timedelta(days=14)

    sql = expanded(hours.target["rawSql"], CHOSEN, BEGIN + weeks, END + weeks)
    (later,) = history.ask(sql)["data"]

    (answered,) = figure(history, "Answered", "agent")

    # Of the two weeks that are known by then one has calls.
    assert (now["answered"], now["usual"]) == (answered["value"], None)
    assert (int(later["answered"]), later["usual"]) == (0, int(answered["value"]) / 2)


def test_breaks_of_everybody_are_those_of_each(history: History) -> None:
    (mine,) = [
        row
        for row in figure(history, "Breaks by agent", "discipline")
        if row["agent_id"] == "Anna Petrova"
    ]
    reasons = figure(history, "Breaks by reason", "agent")

    assert int(mine["breaks"]) == sum(int(row["breaks"]) for row in reasons)
    assert mine["break_ms"] == sum(row["break_ms"] for row in reasons)
    assert mine["longest_ms"] == max(row["longest_ms"] for row in reasons)
    assert mine["login_ratio"] == pytest.approx(sum(row["login_ratio"] for row in reasons))


def test_the_period_before_is_the_other_row(history: History) -> None:
    (sql,) = [
        question.target["rawSql"]
        for question in QUESTIONS
        if question.panel["title"] == "Offered" and question.board == "pult-management-en"
    ]
    middle = BEGIN + (END - BEGIN) / 2

    rows = history.ask(expanded(sql, CHOSEN, middle, END))["data"]

    before, present = (int(row["value"]) for row in rows)
    # Both halves make the whole, but for who came within the second that is in neither.
    assert 815 <= before + present <= 818
    assert min(before, present) > 300


def test_a_day_of_an_agent_has_no_hole(history: History) -> None:
    rows = figure(history, "The day", "agent")
    assert len(rows) > 20
    states = [row["state"] for row in rows]
    assert {"talking", "ready", "not_ready"} <= set(states)
    assert all(one != other for one, other in pairwise(states))


def test_the_chain_of_a_contact_holds_its_events_in_order(history: History) -> None:
    rows = figure(history, "Call chain", "call")
    told = [
        event.id
        for event in ami()
        if getattr(event.data, "interaction_id", "") == history.contact
    ]

    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert {row["kind"] for row in rows} >= {"leg", "event"}
    assert {row["id"] for row in rows} >= set(told)


def test_a_quote_in_what_people_write_is_no_sql(history: History) -> None:
    written = {**CHOSEN, "zone": ("UTC') FORMAT JSON -- ",), "grain": ("day' OR '1",)}
    texts = [each.target["rawSql"] for each in QUESTIONS if "zone:" in each.target["rawSql"]]

    assert len(texts) > 3
    for text in texts:
        with pytest.raises(StoreFailed, match="Cannot load time zone UTC'"):
            history.ask(history.filled(text, written))


def test_nothing_is_asked_that_a_reader_may_not(history: History) -> None:
    with pytest.raises(QueryRefused, match="readonly"):
        history.store.query("INSERT INTO legs VALUES (1)", "JSON")


def test_rows_of_violations_and_of_a_crm_name_the_contact_that_they_are_of(
    history: History,
) -> None:
    contacts = {
        leg.leg_id: leg.interaction_id for leg in history.lab.facts if isinstance(leg, Leg)
    }
    wanted = Counter(
        (
            each.code,
            contacts[legs[-1]] if (legs := json.loads(each.evidence).get("legs")) else "",
        )
        for each in violations(history.lab.facts)
        if each.state not in ("pending", "voided")
    )
    assert sum(bool(contact) for _, contact in wanted) > 20

    shown = figure(history, "All violations", "discipline")

    assert Counter((row["code"], row["interaction_id"]) for row in shown) == wanted
    of_anna = figure(history, "Violations", "agent")
    assert {(row["code"], row["interaction_id"]) for row in of_anna} <= set(wanted)
    told = figure(history, "Newest 100 of the CRM", "crm")
    assert Counter(row["kind"] for row in told) == {
        "card": 1,
        "case": 2,
        "disposition": 1,
        "survey": 1,
    }
