"""Rules that every board keeps; each was learnt from a Grafana that showed wrong things."""

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from grafana_foundation_sdk.models import common, units
from grafana_foundation_sdk.models import dashboard as d

from dashboards.texts import messages
from tests.dashboards.boards import CLICKHOUSE, PROMETHEUS, boards, panels, variables
from tests.deploy.programs import DEPLOY, document

WALLS = {uid for uid, board in boards().items() if "wall" in board["tags"]}
SHOWS_NO_DATA = {"dashlist", "text"}
ROWS_OF_A_SCREEN = 28
"""Of 1920 x 1080 in kiosk mode: a row has 30 pixels and a margin of 8."""

AT_A_TIME = 5
"""Questions that a browser asks at once over HTTP/1.1."""

UNITS = {
    value for name, value in vars(units).items() if isinstance(value, str) and name[0] != "_"
}


def each_panel(
    *, measured: bool = True, walls: bool = False
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return every panel with a name for messages."""
    for uid, board in boards().items():
        for panel in panels(board):
            if (measured and panel["type"] in SHOWS_NO_DATA) or (walls and uid not in WALLS):
                continue
            yield f"{uid}: {panel['title']}", panel


def defaults(panel: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what holds for all fields of a panel."""
    found: Mapping[str, Any] = panel["fieldConfig"]["defaults"]
    return found


def test_there_are_two_walls_in_each_language() -> None:
    assert len(WALLS) == 2 * 3


@pytest.mark.parametrize("uid", sorted(WALLS))
def test_a_wall_has_at_most_eight_panels_and_fits_the_screen(uid: str) -> None:
    found = panels(boards()[uid])

    assert 4 <= len(found) <= 8
    assert (
        max(each["gridPos"]["y"] + each["gridPos"]["h"] for each in found) <= ROWS_OF_A_SCREEN
    )
    assert boards()[uid]["refresh"] == "5s"


@pytest.mark.parametrize("uid", sorted(boards()))
def test_panels_do_not_overlap_and_stay_on_the_grid(uid: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels(boards()[uid]):
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        cells = set(itertools.product(
            range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"]),
        ))  # fmt: skip
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("uid", sorted(boards()))
def test_a_board_is_classic_complete_and_not_editable(uid: str) -> None:
    board = boards()[uid]
    ids = [panel["id"] for panel in panels(board)]

    assert not {"elements", "layout", "kind", "apiVersion", "spec"} & board.keys()
    assert board["editable"] is False
    assert board["description"]
    assert ids == list(range(1, len(ids) + 1))
    assert {"pult", uid[-2:]} <= set(board["tags"])


def test_every_panel_has_a_title_a_description_a_unit_and_a_question() -> None:
    for name, panel in each_panel():
        assert panel["title"], name
        assert len(panel["description"]) > 5, name
        unit = defaults(panel)["unit"]
        assert unit in UNITS or unit.startswith("time:"), (name, unit)
        assert panel["targets"], name
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs), name
    assert all(panel["description"] for _, panel in each_panel(measured=False))


def test_counts_are_never_shortened() -> None:
    for name, panel in each_panel():
        assert defaults(panel)["unit"] != units.Short, name


def test_words_of_closed_lists_are_words_that_grafana_knows() -> None:
    known = {
        "colorMode": common.BigValueColorMode, "graphMode": common.BigValueGraphMode,
        "textMode": common.BigValueTextMode, "displayMode": common.BarGaugeDisplayMode,
        "orientation": common.VizOrientation,
    }  # fmt: skip
    for name, panel in each_panel():
        assert defaults(panel)["thresholds"]["mode"] in set(d.ThresholdsMode), name
        for option, words in known.items():
            if option in panel["options"]:
                assert panel["options"][option] in set(words), (name, option)


def test_no_data_has_a_colour_and_words_of_its_own() -> None:
    for name, panel in each_panel():
        language = name.split(":")[0][-2:]
        # A table of the history may have no rows, and says just that.
        empty = panel["type"] == "table" and panel["datasource"]["uid"] == CLICKHOUSE
        text = messages()["words"]["no_rows" if empty else "no_data"][language]
        assert defaults(panel)["noValue"] == text, name
        steps = defaults(panel)["thresholds"]["steps"]
        if panel["type"] in ("stat", "bargauge"):
            assert len(steps) >= 2, name
            assert (steps[0]["value"], steps[0]["color"]) == (None, "purple"), name
            assert all(step["color"] != "purple" for step in steps[1:]), name
            special = defaults(panel)["mappings"][-1]["options"]
            assert special["match"] == "null+nan", name
            assert special["result"]["color"] == "purple", name
        values = [-math.inf if step["value"] is None else step["value"] for step in steps]
        assert values == sorted(set(values)), name


def test_a_neutral_tile_is_quiet_and_a_neutral_number_is_visible() -> None:
    for name, panel in each_panel():
        if panel["type"] != "stat":
            continue
        background = panel["options"]["colorMode"].startswith("background")
        hides = "text" if background else "transparent"
        colors = {step["color"] for step in defaults(panel)["thresholds"]["steps"]}
        assert hides not in colors, name


def test_a_number_of_now_is_asked_of_this_instant() -> None:
    for name, panel in each_panel():
        for target in panel["targets"]:
            if panel["type"] in ("stat", "bargauge", "table") and "expr" in target:
                assert target["instant"] is True, name
                assert target["range"] is False, name


def test_nothing_on_a_wall_is_shown_from_old_data() -> None:
    fresh = r"\(time\(\) - min\(.*\) < 15 unless on\(\) \(.* < 32 or up{.*} == 0\)\)"
    gate = re.compile(rf"and on\(\) {fresh}\)?$")
    clear = re.compile(rf"label_replace\(\({fresh} and on\(\) ALERTS")
    for name, panel in each_panel(walls=True):
        for target in panel["targets"]:
            if panel["title"] in messages()["titles"]["freshness"].values():
                continue
            pattern = clear if panel["type"] == "table" else gate
            assert pattern.search(target["expr"]), (name, target["expr"])


def test_a_wall_says_as_of_when_it_speaks() -> None:
    for uid in WALLS:
        told = [
            (target["expr"], override["properties"][0]["value"])
            for panel in panels(boards()[uid])
            for target in panel["targets"]
            for override in panel["fieldConfig"]["overrides"]
            if override["matcher"] == {"id": "byFrameRefID", "options": target["refId"]}
        ]
        assert [unit for _, unit in told] == ["time:HH:mm:ss"], uid
        assert told[0][0].endswith("* 1000")


def test_no_question_has_an_answer_without_a_source() -> None:
    for name, panel in each_panel():
        for target in panel["targets"]:
            text = target.get("expr", "")
            assert not re.search(r"or\s+(on\(\)\s+)?vector\(|absent\(", text), name
            assert "$__interval" not in text, name


def test_counters_are_read_as_rates_only() -> None:
    for name, panel in each_panel():
        for target in panel["targets"]:
            for found in re.finditer(
                r"(\w*\(?)(\w+_(?:total|bucket))\b", target.get("expr", "")
            ):
                before = target["expr"][: found.start(2)]
                assert re.search(r"(rate|increase)\($", before), (name, found[2])


def test_a_table_fills_only_its_own_emptiness_with_words() -> None:
    for name, panel in each_panel():
        if panel["type"] == "table":
            first = panel["fieldConfig"]["overrides"][0]
            assert first["matcher"] == {"id": "byRegexp", "options": ".*"}, name
            assert first["properties"] == [{"id": "noValue", "value": "-"}], name


def test_bars_begin_at_zero() -> None:
    for name, panel in each_panel():
        if panel["type"] == "bargauge":
            assert defaults(panel)["min"] == 0, name
            assert panel["options"]["displayMode"] == "basic", name


def test_no_transformation_stops_at_an_empty_answer() -> None:
    for name, panel in each_panel():
        for each in panel.get("transformations", []):
            assert each["id"] in ("organize", "reduce"), name


@pytest.mark.parametrize("uid", sorted(boards()))
def test_every_variable_is_defined_and_used(uid: str) -> None:
    board = boards()[uid]
    defined = {each["name"] for each in board["templating"]["list"]}
    text = str({**board, "templating": {}}) + str(
        [each["query"] for each in board["templating"]["list"]]
    )

    used = variables(re.sub(r"var-\w+=\$\{__[^}]*\}", "", text))

    assert used == defined


def test_what_people_choose_or_write_reaches_sql_in_quotes() -> None:
    quoted = re.compile(r"\$\{\w+:(singlequote|sqlstring)\}|\$__conditionalAll\(.*?, \$\w+\)")
    for name, panel in each_panel():
        for target in panel["targets"]:
            left = quoted.sub("", target.get("rawSql", ""))
            assert not variables(left), (name, left)
            assert "'${" not in target.get("rawSql", ""), name


def test_a_choice_of_a_team_narrows_every_panel_or_the_panel_says_that_it_does_not() -> None:
    for uid, board in boards().items():
        names = {each["name"] for each in board["templating"]["list"]}
        if "team" not in names or uid in WALLS or uid[-3:] != "-en":
            continue
        for panel in panels(board):
            asked = str([each.get("expr", each.get("rawSql")) for each in panel["targets"]])
            assert "team" in variables(asked) or "whichever team" in panel["description"], uid


@pytest.mark.parametrize("uid", sorted(boards()))
def test_every_link_leads_to_a_board_of_its_language_and_hands_over_what_it_takes(
    uid: str,
) -> None:
    for address in re.findall(r"/d/[^'\"]+", str(boards()[uid])):
        target, _, handed = address.removeprefix("/d/").partition("?")
        assert target in boards(), address
        assert target[-3:] == uid[-3:], address
        takes = {each["name"] for each in boards()[target]["templating"]["list"]}
        given = set(re.findall(r"var-(\w+)=", handed))
        given |= set(re.findall(r"\{(\w+):queryparam\}", handed))
        assert given <= takes, address


def test_every_tile_of_a_wall_leads_to_a_board() -> None:
    for name, panel in each_panel(walls=True):
        assert "/d/pult-" in str(panel["fieldConfig"]), name


def test_boards_in_the_folder_of_everybody_name_nobody() -> None:
    for name, panel in each_panel():
        if name.split("-")[1] not in ("floor", "home"):
            continue
        for target in panel["targets"]:
            assert panel["datasource"]["uid"] == PROMETHEUS, name
            assert not re.search(r"\bagent\b|\bcc_agent_state", target["expr"]), name
            # Each label that an answer may have is one that was asked for.
            assert re.search(r"\b(sum|max by|bottomk|topk|min)\b", target["expr"]), name


def test_a_single_choice_is_compared_as_it_is() -> None:
    # Grafana makes a pattern of several choices only: a name may hold signs of patterns.
    for uid, board in boards().items():
        for each in board["templating"]["list"]:
            text = str(panels(board))
            if each["type"] == "query" and not each["multi"]:
                assert f'=~"${each["name"]}"' not in text, uid


def test_every_source_is_one_that_is_provisioned() -> None:
    for name, panel in each_panel():
        assert panel["datasource"]["uid"] in (PROMETHEUS, CLICKHOUSE), name


def test_a_source_that_hangs_fails_before_the_wall_asks_again() -> None:
    sources = [
        each
        for path in (DEPLOY / "grafana" / "datasources").glob("*.yml")
        for each in document(path)["datasources"]
    ]
    (prometheus,) = [each for each in sources if each["uid"] == PROMETHEUS]
    timeout = int(prometheus["jsonData"]["timeout"])

    for uid in WALLS:
        rounds = math.ceil(len(panels(boards()[uid])) / AT_A_TIME)
        assert timeout * rounds < int(boards()[uid]["refresh"].removesuffix("s"))


def test_a_number_leads_to_its_queue_and_that_of_none_to_those_that_are_chosen() -> None:
    led = 0
    for name, panel in each_panel():
        # Grafana adds links of overrides to those of all fields.
        assert "__field.labels" not in str(defaults(panel).get("links", ())), name
        links = {
            each["matcher"]["options"]: changed["value"][0]["url"]
            for each in panel["fieldConfig"]["overrides"]
            for changed in each["properties"]
            if changed["id"] == "links" and panel["type"] != "table"
        }
        if not links:
            continue
        assert set(links) == {"(?!-$).*", "-"}, name
        assert "var-queue=${__field.labels.queue}&" in links["(?!-$).*"], name
        assert "${queue:queryparam}" in links["-"], name
        led += '"queue", "-"' in panel["targets"][0]["expr"]
    assert led == 3 * (4 + 3 + 3)
