"""The wall of a real demo in a real Chromium: fresh, hung, killed, started again, narrowed."""

import signal
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast

import pytest
from prometheus_client.parser import text_string_to_metric_families
from selenium.webdriver import Chrome

from tests.dashboards.screen import CUT_OFF, Server, Wall, browser
from tests.pult.command import Demo, demo

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


def shows(wall: Wall, happened_ms: int) -> None:
    """Wait until the page shows this time or a later one; a second is all it has."""
    wall.wait(lambda: shown_ms(wall) >= happened_ms, seconds=1)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("running") / "data", "--speed", "30") as started:
        yield started


def test_a_live_wall_follows_its_events_within_a_second(running: Demo, browser: Chrome) -> None:
    wall = wall_of(running, browser)
    wall.open("lang=en")
    wall.wait(lambda: wall.state() == "fresh")
    seen = set()

    for _ in range(8):
        shows(wall, clock_ms(running))
        seen.add(wall.text("#waiting .num") + wall.text("#level .num") + wall.text("#people"))
        time.sleep(0.1)

    assert len(seen) > 1
    assert wall.text("#state") == "Recording, 30× speed"
    assert wall.text("#title") == "demo"
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


def figures(picture: dict[str, Any]) -> dict[str, float | None]:
    """Return the figures of a picture's tiles as the page writes them: %, seconds, people."""

    def percent(ratio: float | None) -> float | None:
        return None if ratio is None else 100 * ratio

    longest = picture["longest"]["wait_ms"]
    return {
        "#level": percent(picture["service_level"]["ratio"]),
        "#waiting": picture["waiting"]["now"],
        "#longest": None if longest is None else longest // 1000,
        "#free": picture["agents"]["states"].get("ready"),
        "#lost": percent(picture["abandoned"]["ratio"]),
    }


def shown(wall: Wall, tile: str) -> float | None:
    """Return the figure of a tile; None for a dash."""
    script = "return document.querySelector(arguments[0] + ' .num').textContent"
    text = str(wall.js(script, tile)).removesuffix("%")
    if text == "–":
        return None
    minutes, colon, seconds = text.partition(":")
    return 60 * int(minutes) + int(seconds) if colon else float(text)


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
    for tile, figure in figures(picture).items():
        # Percentages are rounded so that they never flatter.
        assert shown(wall, tile) == (figure and pytest.approx(figure, abs=0.999)), tile
    rows = wall.js("return [...document.querySelectorAll('tbody th')].map(e => e.innerText)")
    assert set(rows) == queues
    # What nobody knows is unknown, not zero.
    sums = {
        name: sum(row[name] for row in picture["queues"]) if queues else None
        for name in ("waiting", "counted")
    }
    assert picture["waiting"]["now"] == sums["waiting"]
    assert picture["service_level"]["counted"] == sums["counted"]
    assert (picture["agents"]["logged_in"] is None) is not bool(queues)
    people = picture["agents"]["logged_in"] if queues else "–"
    assert f"{people}" in wall.text("#people-name")
    assert wall.js(CUT_OFF) == []
    assert wall.errors() == []


def test_scopes_differ_and_people_are_not_counted_twice(ended: Demo) -> None:
    whole, front, back = (ended.picture(q) for q in ("", "team=front", "team=back"))

    assert whole["agents"]["logged_in"] == sum(
        each["agents"]["logged_in"] for each in (front, back)
    )
    assert whole["waiting"]["now"] == front["waiting"]["now"] + back["waiting"]["now"]
    assert whole["abandoned"]["offered"] == sum(
        each["abandoned"]["offered"] for each in (front, back)
    )
    assert front["agents"]["occupancy"] != back["agents"]["occupancy"]
