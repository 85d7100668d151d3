"""A wall in a real Chromium, and the small server (`tests/dashboards/player.py`) that tells it.

One browser and one server for all tests of a file.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from tests.dashboards.pictures import Picture

NUMBERS = count(1)  # every picture has its own title, so that its arrival is noticed
ROOT = Path(__file__).parents[2]
LANGUAGES = ("en", "ru", "zh")
ALL_CLEAR = {"en": "All clear", "ru": "Всё в порядке", "zh": "一切正常"}

CUT_OFF = """
    const names = "#title, #scope, th[scope=row], bdi, .who, .why";
    const mayBeCut = `${names}, #longest .foot :not(.say)`;
    const out = [];
    const root = document.scrollingElement;
    if (root.scrollHeight > innerHeight || root.scrollWidth > innerWidth) out.push("scrolls");
    for (const panel of document.querySelectorAll(".panel, header")) {
        const outer = panel.getBoundingClientRect();
        if (outer.bottom > innerHeight + 1 || outer.right > innerWidth + 1) {
            out.push("off the screen: " + panel.id);
        }
        for (const each of panel.querySelectorAll("*")) {
            if (each.closest("svg, .track") || each.parentElement.closest(mayBeCut)) continue;
            if (!each.getClientRects().length) continue;
            const inner = each.getBoundingClientRect();
            const where = [panel.id, each.tagName, each.className, each.textContent].join(" ");
            if (inner.bottom > outer.bottom + 1 || inner.right > outer.right + 1) {
                out.push("outside: " + where);
            }
            const holder = each.parentElement;  // what sticks out above makes nothing scroll
            const above = inner.top < holder.getBoundingClientRect().top - 1;
            if (above && getComputedStyle(holder).overflow !== "visible") {
                out.push("cut above: " + where);
            }
            if (each.matches(mayBeCut)) continue;
            if (getComputedStyle(each).overflow === "visible") continue;
            const wide = each.scrollWidth - each.clientWidth;
            const high = each.scrollHeight - each.clientHeight;
            if (wide > 1 || high > 1) out.push("cut: " + where);
        }
    }
    return out;
"""
"""Returns what cannot be seen whole."""


class Server:
    """The player's process on one port, which it keeps when it is started again."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{free.getsockname()[1]}"
        self.start()

    def start(self) -> None:
        """Start and wait until it answers."""
        port = self.address.rpartition(":")[2]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.dashboards.player", port], cwd=ROOT
        )
        wait_for(self._answers, seconds=10)

    def stop(self) -> None:
        """Kill it, as a crash does."""
        self.process.kill()
        self.process.wait()

    def signal(self, what: signal.Signals) -> None:
        """Hang it or let it run on."""
        self.process.send_signal(what)

    def ask(self, path: str, body: str | None = None) -> str:
        """Body of the answer."""
        data = None if body is None else body.encode()
        with urlopen(Request(self.address + path, data), timeout=5) as answer:
            return str(answer.read().decode())

    def _answers(self) -> bool:
        try:
            self.ask("/asked")
        except OSError:
            return False
        return True


class Wall:
    """The page as a person meets it: opened, given pictures, read."""

    def __init__(self, browser: Chrome, server: Server) -> None:
        self.browser = browser
        self.server = server
        self.outage = False

    def open(self, query: str, size: tuple[int, int] = (1920, 1080)) -> None:
        """Load the page; a picture must have been shown before."""
        self.resize(*size)
        self.browser.get(self.address(query))

    def address(self, query: str) -> str:
        """Of the page with a query."""
        return f"{self.server.address}/?{query}"

    def resize(self, width: int, height: int) -> None:
        """Give the page a screen of exactly this size, and wait until it has it."""
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        self.wait(lambda: self.js("return [innerWidth, innerHeight]") == [width, height])

    def play(self, message: str) -> None:
        """Send one message as it is."""
        self.server.ask("/play", message)

    def show(self, picture: Picture, query: str | None = None) -> None:
        """Send a picture, open the page if another query is given, wait until it is drawn."""
        title = f"Wall {next(NUMBERS)}"
        self.play(json.dumps({**picture, "title": title}))
        if query is not None and self.browser.current_url != self.address(query):
            self.open(query)
        elif query is not None:
            self.resize(1920, 1080)
        self.wait(lambda: self.text("#title") == title)

    def js(self, script: str, *values: object) -> Any:
        """Value of a script's `return`."""
        return self.browser.execute_script(script, *values)

    def text(self, selector: str = "body") -> str:
        """Text of an element, as a person can see it."""
        script = "return document.querySelector(arguments[0])?.innerText ?? ''"
        return str(self.js(script, selector)).strip()

    def state(self) -> str:
        """How far the page trusts its data."""
        return str(self.js("return document.documentElement.dataset.state"))

    def severity(self, selector: str) -> str:
        """Severity of a panel, row or cell: empty, `warn` or `act`."""
        return str(
            self.js("return document.querySelector(arguments[0]).dataset.severity", selector)
        )

    def wait(self, condition: Callable[[], bool], seconds: float = 3) -> None:
        """Wait for a condition of the page."""
        wait_for(condition, seconds)

    def errors(self) -> list[str]:
        """Complaints in the console; an outage excuses those about the network."""
        # As get_log, which has no types.
        log: list[dict[str, Any]] = self.browser.execute("getLog", {"type": "browser"})["value"]
        return [
            entry["message"]
            for entry in log
            if entry["level"] in ("SEVERE", "WARNING")
            and not (self.outage and entry["source"] == "network")
        ]


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    names = ("chromium", "chromium-browser", "google-chrome")
    binary = next(filter(None, map(shutil.which, names)), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        reason = "the wall's tests need chromium and chromedriver in PATH"
        if os.environ.get("PULT_REQUIRE_SERVERS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    options = ChromeOptions()
    options.binary_location = binary
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--hide-scrollbars",
        "--lang=en-US",
        f"--user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = Chrome(options=options, service=ChromeService(driver))
    yield browser
    browser.quit()


@pytest.fixture
def wall(browser: Chrome, server: Server) -> Iterator[Wall]:
    wall = Wall(browser, server)
    yield wall
    assert wall.errors() == []
