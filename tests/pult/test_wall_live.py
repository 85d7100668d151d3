"""The wall of a real demo in a real Chromium: fresh, hung, killed, started again, narrowed."""

import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from prometheus_client.parser import text_string_to_metric_families
from selenium.webdriver import Chrome

from tests.dashboards.test_wall_page import CUT_OFF, Server, Wall, browser
from tests.pult.command import Demo, demo, wait_for
from tests.pult.conftest import Cut

__all__ = ["browser"]

pytestmark = pytest.mark.browser

LATE_SECONDS, STALE_SECONDS = 5, 15
"""After which the page says that its data are old, and that they are not to be used."""


def wall_of(running: Demo, chrome: Chrome) -> Wall:
    """Return the page of a demo; of a server the page's helper needs only its address."""
    return Wall(chrome, cast(Server, running))


def clock_ms(running: Demo) -> int:
    """Return the time of the newest event, as Prometheus sees it."""
    families = text_string_to_metric_families(running.get("/metrics"))
    name = "pult_source_last_event_timestamp_seconds"
    return round(1000 * max(s.value for f in families for s in f.samples if s.name == name))


def shown_ms(wall: Wall) -> int:
    """Return the absolute time of the data that the page shows."""
    told = wall.js("return document.getElementById('clock').dateTime") or "1970-01-01T00:00Z"
    return round(1000 * datetime.fromisoformat(told.replace("Z", "+00:00")).timestamp())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("running") / "data", "--speed", "30") as started:
        yield started


def test_a_live_wall_follows_its_events_within_a_second(running: Demo, browser: Chrome) -> None:
    wall = wall_of(running, browser)
    wall.open("lang=en")
    wall.wait(lambda: wall.state() == "fresh")
    shown = set()

    for _ in range(8):
        happened = clock_ms(running)
        wall.wait(lambda happened=happened: shown_ms(wall) >= happened, seconds=1)  # type: ignore[misc]
        shown.add(wall.text("#waiting .num") + wall.text("#level .num") + wall.text("#people"))
        time.sleep(0.1)

    assert len(shown) > 1
    assert wall.text("#state") == "Recording, 30× speed"
    assert wall.text("#title") == "demo"
    assert datetime.now(UTC).date().strftime("%Y") in wall.text("#day")
    assert wall.js(CUT_OFF) == []
    assert wall.js("return document.scrollingElement.scrollHeight <= innerHeight") is True
    assert wall.errors() == []


def test_a_hung_demo_grows_stale_and_a_killed_one_is_met_again(
    running: Demo, browser: Chrome
) -> None:
    wall = wall_of(running, browser)
    wall.outage = True
    wall.open("lang=en")
    wall.wait(lambda: wall.state() == "fresh")
    wall.js("window.same = true")

    running.process.send_signal(signal.SIGSTOP)
    hung = time.monotonic()
    try:
        wall.wait(lambda: wall.state() == "late", seconds=LATE_SECONDS + 2)
        assert "All clear" not in wall.text()
        wall.wait(lambda: wall.state() == "stale", seconds=STALE_SECONDS)
        assert STALE_SECONDS - 1 < time.monotonic() - hung < STALE_SECONDS + 2
        assert wall.text("#state").startswith("■ STALE since ")
        assert "All clear" not in wall.text()
    finally:
        running.process.send_signal(signal.SIGCONT)
    wall.wait(lambda: wall.state() == "fresh", seconds=5)

    running.process.kill()
    running.process.communicate()
    wall.wait(lambda: wall.state() == "stale", seconds=3)
    running.start()
    wall.wait(lambda: wall.state() == "fresh", seconds=10)

    assert wall.js("return window.same") is True
    assert wall.errors() == []


def said(picture: dict[str, Any]) -> dict[str, str]:
    """Return what the tiles of a picture must say, in English."""

    def share(ratio: float | None, digits: int = 0) -> str:
        return "–" if ratio is None else f"{100 * ratio:.{digits}f}%"

    longest = picture["longest"]["wait_ms"]
    ago = "–" if longest is None else f"{longest // 60_000}:{longest // 1000 % 60:02}"
    lost = picture["abandoned"]["ratio"]
    return {
        "#level .num": share(picture["service_level"]["ratio"]),
        "#waiting .num": str(picture["waiting"]["now"]),
        "#longest .num": ago,
        "#free .num": str(picture["agents"]["states"]["ready"]),
        "#lost .num": share(lost, 0 if lost in (0, 1) else 1),
    }


@pytest.mark.parametrize(
    ("query", "queues"),
    [
        ("", {"sales", "support", "billing", "vip"}),
        ("queues=sales,vip", {"sales", "vip"}),
        ("team=front", {"sales", "support"}),
        ("queues=sales,vip&team=front", {"sales"}),
        ("queues=nobody-has-this", set()),
    ],
)
def test_a_scope_narrows_every_tile(
    ended: Demo, browser: Chrome, query: str, queues: set[str]
) -> None:
    wall = wall_of(ended, browser)
    wall.open(f"lang=en&{query}")
    wall.wait(lambda: wall.state() == "ended")
    picture = ended.picture(query)

    assert {row["queue"] for row in picture["queues"]} == queues
    figures = said(picture)
    assert {tile: wall.js(TEXT, tile) for tile in figures} == figures
    rows = wall.js("return [...document.querySelectorAll('tbody th')].map(e => e.innerText)")
    assert set(rows) == queues
    assert f"{picture['agents']['logged_in']}" in wall.text("#people-name")
    waiting = sum(row["waiting"] for row in picture["queues"])
    assert picture["waiting"]["now"] == waiting
    assert picture["service_level"]["counted"] == sum(r["counted"] for r in picture["queues"])
    assert wall.js(CUT_OFF) == []
    assert wall.errors() == []


TEXT = "return document.querySelector(arguments[0]).textContent"


def test_scopes_differ_and_people_are_not_counted_twice(ended: Demo) -> None:
    whole, front, back = (ended.picture(q) for q in ("", "team=front", "team=back"))

    for part in ("logged_in",):
        assert whole["agents"][part] == front["agents"][part] + back["agents"][part]
    assert whole["waiting"]["now"] == front["waiting"]["now"] + back["waiting"]["now"]
    assert whole["abandoned"]["offered"] == sum(
        each["abandoned"]["offered"] for each in (front, back)
    )
    assert front["agents"]["occupancy"] != back["agents"]["occupancy"]


def test_a_source_that_falls_silent_makes_the_page_stale(
    cut: Cut, browser: Chrome, tmp_path: Path
) -> None:
    # The recording goes on an hour later: at its own speed nothing more is heard but the clock.
    with demo(tmp_path / "data", "--recording", cut.ami_path, "--speed", "1") as slow:
        wall = wall_of(slow, browser)
        wall.open("lang=en")
        wall.wait(lambda: wall.state() == "fresh")
        before = shown_ms(wall)
        wait_for(lambda: shown_ms(wall) - before >= 1000, 3, "the source's clock")
        assert wall.text("#state") == "Recording"
        assert wall.errors() == []
