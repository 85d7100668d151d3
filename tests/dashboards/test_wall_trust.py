"""The wall in a real Chromium: what it refuses to show, and when it says that it is old."""

import json
import re
import signal
import time
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from schemas.discipline import CODES
from tests.dashboards.pictures import (
    AS_OF,
    MINUTE,
    bad_day,
    empty_morning,
    failed_sources,
    fine_day,
    queue,
    silent_source,
)
from tests.dashboards.screen import (
    ALL_CLEAR,
    CUT_OFF,
    LANGUAGES,
    Wall,
    browser,
    server,
    wall,
)

__all__ = ["browser", "server", "wall"]

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]


def test_the_scope_is_passed_on_and_nothing_else(wall: Wall) -> None:
    scope = {"queues": ["sales", "support"], "team": "north"}
    wall.show(
        {**bad_day(), "scope": scope}, "lang=en&queues=sales,support&team=north&theme=dark"
    )

    asked = json.loads(wall.server.ask("/asked"))[-1]
    assert parse_qs(asked) == {"queues": ["sales,support"], "team": ["north"]}
    assert wall.text("#scope") == "team north, sales, support"


def test_names_are_never_markup(wall: Wall) -> None:
    evil = "<img src=x onerror='window.pwned = true'><script>window.pwned = true</script>"
    about = {"severity": "act", "code": evil, "queue": evil, "source": evil, "since": None}
    wall.show(
        {
            **bad_day(),
            "scope": {"queues": [evil], "team": evil},
            "queues": [queue(evil, 0.2, 1, 1_000, 1)],
            "longest": {"wait_ms": 1_000, "queue": evil, "past_target": True},
            "agents": {**bad_day()["agents"], "states": {evil: 3}, "reasons": {evil: 3}},
            "exceptions": [about],
        },
        "lang=en",
    )

    assert wall.js("return document.querySelectorAll('main img, main script').length") == 0
    assert wall.js("return window.pwned") is None
    assert wall.js("return document.querySelector('tbody th').textContent") == evil
    assert [each for each in wall.js(CUT_OFF) if not each.startswith("cut:")] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_clear_needs_a_fresh_positive_answer(wall: Wall, language: str) -> None:
    clear = ALL_CLEAR[language]
    ended = {**fine_day(), "mode": "ended"}

    wall.show(fine_day(), f"lang={language}")
    assert f"✓ {clear}" in wall.text("#attention")
    assert wall.text("[role=status]") == clear

    for doubtful in ({**fine_day(), "all_clear": False}, silent_source(), bad_day(), ended):
        wall.show(doubtful)
        assert clear not in wall.text()


def test_all_clear_never_stands_beside_a_coloured_figure(wall: Wall) -> None:
    low = {**fine_day()["service_level"], "ratio": 0.7, "counted": 20}
    wall.show({**fine_day(), "service_level": low}, "lang=en")
    assert wall.text("#attention li").split("\n")[-1] == "level 70%, target 80%"

    wall.show({**fine_day(), "service_level": {**low, "counted": 4}})
    assert wall.severity("#level") == ""
    assert "All clear" in wall.text("#attention")

    for coloured in (
        {"queues": [queue("Sales", 0.5)]},
        {"waiting": {"now": 1, "past_target": 1}},
    ):
        wall.show({**fine_day(), **coloured})
        assert "All clear" not in wall.text()


def test_a_source_that_was_never_heard_makes_the_wall_stale(wall: Wall) -> None:
    unheard = {"severity": "act", "code": "source_silent", "source": "pbx2", "since": None}
    wall.show({**empty_morning(), "sources": [], "exceptions": [unheard]}, "lang=en")

    assert wall.text("#state") == "■ NO DATA"
    assert wall.text("#attention li").split("\n")[1:] == ["pbx2", "No data received"]


def test_a_silent_source_makes_the_wall_stale(wall: Wall) -> None:
    wall.show(silent_source(), "lang=en")

    assert wall.state() == "stale"
    assert wall.text("#state") == "■ STALE since 11:39:07"
    assert wall.text("#attention li").split("\n")[1:] == ["pbx1", "No data, last at 11:39:07"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["connection lost, 11:42:00", "login refused", "cannot be read",
                "gap since 11:42:00"]),
        ("ru", ["связь потеряна в 11:42:00", "вход отклонён", "не читается",
                "пробел с 11:42:00"]),
        ("zh", ["11:42:00 连接中断", "登录被拒", "无法读取", "11:42:00 起数据缺失"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("silent", [False, True])
def test_why_a_source_brings_nothing_is_said_in_words(
    wall: Wall, language: str, said: list[str], silent: bool
) -> None:
    picture = failed_sources()
    picture["sources"][0] = {**picture["sources"][0], "silent": silent}
    wall.show(picture, f"lang={language}")

    lines = wall.text("#attention ul").split("\n")
    assert [each for each in lines if each in said] == said
    named = [each for each in lines if each.startswith("pbx")]
    assert named == ["pbx1", "pbx2", "pbx3", "pbx4"]
    assert ALL_CLEAR[language] not in wall.text()


@pytest.mark.parametrize(
    "message",
    [
        '{"oops',
        "null",
        "{}",
        json.dumps({**fine_day(), "waiting": {"now": "nine"}}),
        json.dumps({**fine_day(), "abandoned": {"ratio": 17, "abandoned": 1, "offered": 2}}),
        json.dumps({**fine_day(), "as_of": 10**20}),
    ],
)
def test_a_message_that_cannot_be_read_is_said_and_not_guessed(
    wall: Wall, message: str
) -> None:
    wall.show(fine_day(), "lang=en")

    wall.play(message)
    wall.wait(lambda: wall.state() == "unreadable")
    assert "UNREADABLE DATA" in wall.text("#state")
    assert "UNREADABLE DATA" in wall.text("#level .foot")
    assert "All clear" not in wall.text()

    wall.show(fine_day())
    assert wall.state() == "fresh"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_is_told_in_words_of_each_language_and_fits(
    wall: Wall, language: str
) -> None:
    texts = (ROOT / "dashboards" / "wall" / "texts.js").read_text("utf-8")
    assert [code for code in CODES if texts.count(f"rule_{code}:") != len(LANGUAGES)] == []
    for start in range(0, len(CODES), 5):
        counts = [
            {
                "severity": "warn", "code": "violations", "team": "front", "rule": code,
                "count": 12, "since": AS_OF - 31 * MINUTE,
            }
            for code in CODES[start : start + 5]
        ]  # fmt: skip
        shown = {**fine_day(), "exceptions": counts, "all_clear": False}
        wall.show(shown, f"lang={language}")

        told = wall.text("#attention")
        assert told.count("front") == told.count("12") == len(counts)
        assert wall.js(CUT_OFF) == []
        assert "All clear" not in told


def test_a_recording_says_so_and_ends_calmly(wall: Wall) -> None:
    wall.show({**bad_day(), "mode": "recording", "speed": 30}, "lang=en")
    assert wall.text("#state") == "Recording, 30× speed"

    wall.show({**fine_day(), "mode": "ended"})
    assert wall.state() == "ended"
    assert wall.text("#state") == "The recording is over"
    assert "STALE" not in wall.text()


def test_a_new_version_of_the_server_brings_its_own_page(wall: Wall) -> None:
    wall.show(fine_day(), "lang=en")
    wall.js("window.old = true")

    wall.play(json.dumps({**fine_day(), "version": "0.2.0"}))
    wall.wait(lambda: wall.js("return window.old") is None)


def test_a_hung_server_grows_old_on_the_wall_and_is_forgiven(wall: Wall) -> None:
    wall.show(fine_day(), "lang=en")

    wall.server.signal(signal.SIGSTOP)
    try:
        wall.wait(lambda: wall.state() == "late", seconds=7)
        assert re.match(r"▲ updated [56] seconds ago", wall.text("#age"))
        assert "All clear" not in wall.text()
        wall.wait(lambda: wall.state() == "stale", seconds=12)
        panels = wall.js(
            "return [...document.querySelectorAll('.panel')].map("
            "e => [e.innerText, getComputedStyle(e).backgroundImage.startsWith('repeating')])"
        )
    finally:
        wall.server.signal(signal.SIGCONT)

    for text, hatched in panels:
        assert "STALE since 11:42:07" in text or "No data, last at 11:42:07" in text
        assert "All clear" not in text
        assert hatched
    wall.wait(lambda: wall.state() == "fresh")
    assert "All clear" in wall.text("#attention")


def test_a_server_that_died_is_met_again_on_the_same_port(wall: Wall) -> None:
    wall.outage = True
    wall.show(fine_day(), "lang=en")
    wall.js("window.same = true")

    wall.server.stop()
    try:
        wall.wait(lambda: wall.state() == "stale")
        assert "No data, last at 11:42:07" in wall.text("#attention")
    finally:
        wall.server.start()

    wall.play(json.dumps(fine_day()))
    wall.wait(lambda: wall.state() == "fresh", seconds=6)
    assert wall.js("return window.same") is True


def test_a_refused_stream_is_opened_again(wall: Wall) -> None:
    wall.outage = True
    wall.show(fine_day(), "lang=en")

    wall.server.ask("/refuse", "on")
    try:
        wall.wait(lambda: wall.state() == "stale")
        time.sleep(1)  # the browser's own retry is refused, which closes the stream for good
    finally:
        wall.server.ask("/refuse", "off")

    wall.wait(lambda: wall.state() == "fresh", seconds=4)


def test_before_the_first_picture_nothing_is_claimed(wall: Wall) -> None:
    wall.play("")
    wall.open("lang=en")

    assert wall.state() == "connecting"
    assert wall.text("#attention li") == "Waiting for data"
    assert [wall.text(f"#{tile} .num") for tile in ("level", "waiting", "free")] == ["–"] * 3
    assert "All clear" not in wall.text()
