"""The wall in a real Chromium: what it shows, and above all what it refuses to show.

One browser and one small server (`tests/dashboards/player.py`) for all tests.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import combinations, count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from schemas.discipline import CODES
from tests.dashboards.pictures import (
    AS_OF,
    MINUTE,
    Picture,
    bad_day,
    empty_morning,
    failed_sources,
    fine_day,
    queue,
    several_tenants,
    silent_source,
    thirty_queues,
    unknown,
)

pytestmark = pytest.mark.browser

NUMBERS = count(1)  # every picture has its own title, so that its arrival is noticed
ROOT = Path(__file__).parents[2]
LANGUAGES = ("en", "ru", "zh")
ALL_CLEAR = {"en": "All clear", "ru": "Всё в порядке", "zh": "一切正常"}


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


# ------------------------------------------------------------------ figures


@pytest.mark.parametrize(
    ("language", "level", "lost", "title"),
    [
        ("en", "61%", "4.1%", "61% · 9 waiting · Pult"),
        ("ru", "61\u00a0%", "4,1\u00a0%", "61\u00a0% · 9 ждут · Pult"),
        ("zh", "61%", "4.1%", "61% · 9 个等待 · Pult"),
    ],
)
def test_figures_are_those_of_the_picture_in_each_language(
    wall: Wall, language: str, level: str, lost: str, title: str
) -> None:
    wall.show(bad_day(), f"lang={language}")

    figures = [wall.text(f"#{tile} .num") for tile in ("waiting", "longest", "free")]
    assert wall.js("return document.querySelector('#level .num').textContent") == level
    assert wall.js("return document.querySelector('#lost .num').textContent") == lost
    assert figures == ["9", "1:48", "1"]
    assert wall.text("#clock") == "11:42:07"
    assert wall.js("return document.title") == title
    assert wall.js("return document.documentElement.lang").startswith(language)
    assert "Lunch 2" in wall.text("#people")


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", ["12", "1:05", "83%"]),
        ("ru", ["12", "1:05", "83\u00a0%"]),
        ("zh", ["12", "1:05", "83%"]),
    ],
)
def test_what_a_crm_tells_is_shown_to_who_asks_for_it(
    wall: Wall, language: str, shown: list[str]
) -> None:
    told = {"cards_open": 12, "filling_ms": 65_000, "satisfaction": 0.834}
    figures = ("#cards-open", "#card-filling", "#satisfied")

    wall.show({**bad_day(), "crm": told}, f"lang={language}")
    assert wall.js("return document.querySelector('#crm').checkVisibility()") is False

    wall.show({**bad_day(), "crm": told}, f"lang={language}&crm=on")
    assert [wall.text(each) for each in figures] == shown
    for size in [(1920, 1080), (1366, 768), (1280, 800)]:
        wall.resize(*size)
        time.sleep(0.05)  # a frame or two, in which the page is laid out anew
        assert wall.js(CUT_OFF) == [], size

    wall.show({**bad_day(), "crm": None})
    assert [wall.text(each) for each in figures] == ["–", "–", "–"]


def test_queues_come_worst_first_whatever_their_order_in_the_picture(wall: Wall) -> None:
    wall.show(bad_day(), "lang=en")

    names = wall.js("return [...document.querySelectorAll('tbody th')].map(e => e.textContent)")
    assert names == ["Support", "Sales", "Billing", "VIP", "Retention"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_calls_is_a_dash_and_never_a_percentage(wall: Wall, language: str) -> None:
    wall.show(empty_morning(), f"lang={language}")

    for tile in ("level", "longest", "lost"):
        assert wall.text(f"#{tile} .num") == "–"
    said = {"en": "No calls yet", "ru": "Звонков ещё не было", "zh": "尚无来电"}[language]
    assert said in wall.text("#queues")
    shown = wall.text("main").replace("\u00a0", "")
    assert "100%" not in shown
    assert "0%" not in shown.replace("80%", "")  # the target stays
    assert ALL_CLEAR[language] not in wall.text()


def test_a_call_that_still_waits_is_not_called_no_calls(wall: Wall) -> None:
    waiting = {"now": 1, "past_target": 0, "close": 0}
    wall.show({**empty_morning(), "waiting": waiting}, "lang=en")

    assert wall.text("#level .foot") == "nothing counted yet"


LONG = "Second line support for business customers in the north and for nobody else"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("no such queue here", "no such team here", "no such tenant here")),
        ("ru", ("нет такой очереди", "нет такой команды", "нет такой организации")),
        ("zh", ("没有此队列", "没有此团队", "没有此租户")),
    ],
)
def test_what_nobody_knows_is_named_as_what_it_is_and_has_no_figures(
    wall: Wall, language: str, said: tuple[str, str, str]
) -> None:
    wall.show(unknown(queue="slaes", team="nrth", tenant="acne"), f"lang={language}")

    figures = [wall.text(f"#{tile} .num") for tile in ("level", "waiting", "longest", "free")]
    assert [*figures, wall.text("#lost .num")] == ["–"] * 5
    assert wall.text("#queues tbody") == "–"
    lines = wall.js("return [...document.querySelectorAll('#attention .line')].map(e => "
                    "[...e.children].map(part => part.textContent))")  # fmt: skip
    assert lines == [list(each) for each in zip(("slaes", "nrth", "acne"), said, strict=True)]
    for panel in ("level", "waiting", "longest", "free", "lost", "queues", "people"):
        assert not set("0123456789") & set(wall.text(f"#{panel} > :not(h2)")), panel
    assert wall.js(CUT_OFF) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_that_nobody_knows_is_readable_to_its_end(wall: Wall, language: str) -> None:
    names = {"queue": LONG, "team": LONG.replace(" ", "_"), "tenant": "acne"}
    strange = unknown(**names)
    for letters in (20, 24, 28, 34):
        strange["exceptions"] += unknown(queue=LONG[:letters].replace(" ", "-"))["exceptions"]
    wall.show(strange, f"lang={language}")

    for size in [(1920, 1080), (1366, 768), (1280, 800), (390, 844)]:
        wall.resize(*size)
        time.sleep(0.05)  # a frame or two, in which the page draws anew
        cut = wall.js(
            """
            const inside = (inner, outer) => inner.right <= outer.right + 1
                && inner.bottom <= outer.bottom + 1 && inner.top >= outer.top - 1;
            const box = document.querySelector("#attention").getBoundingClientRect();
            return [...document.querySelectorAll("#attention li")].flatMap((row) =>
                [...row.querySelectorAll(".who, .what")].filter((part) =>
                    part.scrollWidth > part.clientWidth + 1
                    && getComputedStyle(part).overflow !== "visible"
                    || ![...part.getClientRects()].every((each) =>
                        inside(each, row.getBoundingClientRect()) && inside(each, box)))
                .map((part) => part.textContent));
            """
        )
        assert cut == [], size
        letters = wall.js(
            "return [...document.querySelectorAll('#attention .who')]"
            ".map(e => parseFloat(getComputedStyle(e).fontSize) / innerHeight)"
        )
        assert min(letters) >= 0.014, size


def test_of_several_tenants_one_is_chosen_and_none_is_shown(wall: Wall) -> None:
    wall.play(json.dumps(several_tenants("acme", "Ünal & Söhne", "globex/north")))
    wall.open("lang=ru&theme=light&queues=sales")
    wall.wait(lambda: wall.text("#choice a") == "acme")

    assert wall.text("#choice h2") == "Чьё табло показать?"
    links = wall.js("return [...document.querySelectorAll('#choice a')].map(e => e.href)")
    asked = [parse_qs(urlsplit(link).query)["tenant"] for link in links]
    assert asked == [["acme"], ["Ünal & Söhne"], ["globex/north"]]
    assert parse_qs(urlsplit(links[0]).query) == {
        "lang": ["ru"], "theme": ["light"], "queues": ["sales"], "tenant": ["acme"]
    }  # fmt: skip
    assert wall.js("return document.querySelector('main').getClientRects().length") == 0
    assert wall.text("#title") == "Pult"
    assert wall.text("[role=status]") == "Чьё табло показать?"

    wall.js("document.querySelectorAll('#choice a')[1].click()")
    wall.wait(lambda: "tenant=" in wall.browser.current_url)
    wall.show(fine_day())
    assert wall.js("return document.querySelector('#choice').getClientRects().length") == 0
    assert "88" in wall.text("#level .num")
    told = parse_qs(json.loads(wall.server.ask("/asked"))[-1])
    assert told == {"queues": ["sales"], "tenant": ["Ünal & Söhne"]}


def test_one_queue_alone_is_shown(wall: Wall) -> None:
    wall.show({**fine_day(), "queues": [queue("Support", 0.84)]}, "lang=en")

    assert wall.js("return document.querySelectorAll('tbody tr').length") == 1
    assert "84%" in wall.text("#queues")


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [(0.7996, "79.9%"), (0.8, "80%"), (0.999, "99%"), (0.001, "1%"), (1, "100%"), (0, "0%")],
)
def test_rounding_never_flatters(wall: Wall, ratio: float, shown: str) -> None:
    level = {**bad_day()["service_level"], "ratio": ratio}
    wall.show({**bad_day(), "service_level": level}, "lang=en")

    assert wall.js("return document.querySelector('#level .num').textContent") == shown


@pytest.mark.parametrize(
    ("ratio", "severity"), [(0.8, ""), (0.79, "warn"), (0.7, "warn"), (0.69, "act")]
)
def test_a_level_is_coloured_only_under_its_target(
    wall: Wall, ratio: float, severity: str
) -> None:
    level = {**bad_day()["service_level"], "ratio": ratio}
    wall.show({**bad_day(), "service_level": level}, "lang=en")

    assert wall.severity("#level") == severity
    sign = {"": "", "warn": "▲", "act": "■"}[severity]
    assert wall.text("#level .foot").startswith(sign)
    assert ("under target" in wall.text("#level")) is bool(severity)


def test_a_fine_day_has_no_colour_and_no_sign(wall: Wall) -> None:
    wall.show(fine_day(), "lang=en")

    coloured = (
        "return document.querySelectorAll('[data-severity=act],[data-severity=warn]').length"
    )
    assert wall.js(coloured) == 0
    assert not {"■", "▲"} & set(wall.text())


def test_different_targets_are_said_by_queue(wall: Wall) -> None:
    wall.show(thirty_queues(), "lang=en")

    assert wall.text(".target").split("\n") == ["target 80%", "by queue"]


def test_an_unknown_exception_is_shown_as_it_is_named(wall: Wall) -> None:
    strange = {"severity": "warn", "code": "queue_on_fire", "queue": "Sales", "since": None}
    wall.show({**bad_day(), "exceptions": [strange]}, "lang=en")

    assert wall.text("#attention li").split() == ["▲", "Sales", "queue", "on", "fire"]


def test_an_update_is_seen_within_a_second(wall: Wall) -> None:
    wall.show(bad_day(), "lang=en")

    started = time.monotonic()
    wall.show({**bad_day(), "waiting": {"now": 41, "past_target": 0, "close": 0}})

    assert wall.text("#waiting .num") == "41"
    assert time.monotonic() - started < 1


# ------------------------------------------------------------------ languages


@pytest.mark.parametrize(
    ("under", "said"),
    [
        (1, "на 1 пункт ниже цели"),
        (2, "на 2 пункта ниже цели"),
        (5, "на 5 пунктов ниже цели"),
        (21, "на 21 пункт ниже цели"),
    ],
)
def test_russian_counts_as_russians_do(wall: Wall, under: int, said: str) -> None:
    level = {**bad_day()["service_level"], "ratio": (80 - under) / 100}
    wall.show({**bad_day(), "service_level": level}, "lang=ru")

    assert said in wall.text("#level .foot")


def test_all_languages_say_the_same_things(wall: Wall) -> None:
    wall.show(bad_day(), "lang=en")

    catalogue = wall.browser.execute_async_script(
        """
        const done = arguments[arguments.length - 1];
        const names = (text) =>
            [...new Set(JSON.stringify(text).match(/\\{\\w+\\}/g) ?? [])].sort();
        const missing = (text, language) => typeof text === "string" ? []
            : new Intl.PluralRules(language).resolvedOptions().pluralCategories
                .filter((form) => !(form in text));
        const each = (object, what) => Object.fromEntries(
            Object.entries(object).map(([key, value]) => [key, what(value, key)]));
        import("/texts.js").then(({ TEXTS }) => done(each(TEXTS, (texts, language) =>
            each(texts, (text) => [names(text), missing(text, language)]))));
        """
    )

    assert set(catalogue) == set(LANGUAGES)
    for language in ("ru", "zh"):
        assert catalogue[language].keys() == catalogue["en"].keys()
        for key, (names, missing_plurals) in catalogue[language].items():
            assert names == catalogue["en"][key][0], key
            assert missing_plurals == [], key


def test_without_a_wish_the_language_is_the_browsers(wall: Wall) -> None:
    agent = wall.js("return navigator.userAgent")
    override = {"userAgent": agent, "acceptLanguage": "fr-FR,zh-CN"}
    wall.browser.execute_cdp_cmd("Emulation.setUserAgentOverride", override)

    wall.show(bad_day(), "")
    chosen = wall.js("return document.documentElement.lang")

    override["acceptLanguage"] = "en-US"
    wall.browser.execute_cdp_cmd("Emulation.setUserAgentOverride", override)
    assert chosen == "zh-Hans"


# ------------------------------------------------------------------ layout

CUT_OFF = """
    const mayBeCut = "#title, #scope, th[scope=row], bdi, .who, .why, #longest .foot *";
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
            if (each.matches(mayBeCut)) continue;
            if (getComputedStyle(each).overflow === "visible") continue;
            const wide = each.scrollWidth - each.clientWidth;
            const high = each.scrollHeight - each.clientHeight;
            if (wide > 1 || high > 1) out.push("cut: " + where);
        }
    }
    return out;
"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_fits_without_scrolling(wall: Wall, language: str) -> None:
    recording = {
        **bad_day(),
        "mode": "recording",
        "speed": 30,
        "scope": {"queues": ["sales", "support"], "team": "north"},
        "longest": {"wait_ms": 754_000, "queue": "Support", "past_target": True},
    }
    pictures = [
        bad_day(),
        fine_day(),
        empty_morning(),
        thirty_queues(),
        silent_source(),
        failed_sources(),
        unknown(queue="slaes", team=LONG, tenant="acne"),
        recording,
    ]

    wall.show(pictures[0], f"lang={language}")
    for picture in pictures:
        wall.show(picture)
        for size in [(1920, 1080), (1366, 768), (3840, 2160), (1366, 650), (1280, 800)]:
            wall.resize(*size)
            time.sleep(0.05)  # a frame or two, in which the page counts its lines anew
            assert wall.js(CUT_OFF) == [], (picture["title"], size)


def test_main_numbers_are_at_least_nine_percent_of_the_screen(wall: Wall) -> None:
    for wait_ms in (108_000, 754_000):
        longest = {"wait_ms": wait_ms, "queue": "Support", "past_target": True}
        wall.show({**bad_day(), "longest": longest}, "lang=en")

        sizes = wall.js(
            "return [...document.querySelectorAll('.num')]"
            ".map(e => parseFloat(getComputedStyle(e).fontSize) / innerHeight)"
        )
        assert len(sizes) == 5
        assert min(sizes) >= 0.09


def test_there_are_at_most_eight_panels_and_each_has_a_name(wall: Wall) -> None:
    wall.show(bad_day(), "lang=en")

    names = wall.js(
        "return [...document.querySelectorAll('main > section')]"
        ".map(e => document.getElementById(e.getAttribute('aria-labelledby')).textContent)"
    )
    assert len(names) <= 8
    assert all(names)


def test_thirty_queues_are_cut_worst_first_and_the_rest_is_counted(wall: Wall) -> None:
    wall.show(thirty_queues(), "lang=en")

    rows = wall.js("return [...document.querySelectorAll('tbody tr')].map(e => e.innerText)")
    assert rows[0].split("\t")[1].startswith("Second line support")
    assert rows[-1] == f"+{30 - len(rows) + 1} more: 19 in target, 5 without calls"


@pytest.mark.parametrize(
    ("worst", "said"), [(0.9, "+7 more, all in target"), (0.5, "+7 more, 4 out of target")]
)
def test_the_last_line_says_how_the_hidden_queues_are(
    wall: Wall, worst: float, said: str
) -> None:
    queues = [queue(f"Queue {n}", worst if n < 10 else 0.9) for n in range(13)]
    wall.show({**bad_day(), "queues": queues}, "lang=en")

    assert wall.text(".more") == said


def test_a_phone_scrolls_down_but_never_sideways_and_shows_all_queues(wall: Wall) -> None:
    wall.show(thirty_queues(), "lang=ru")
    wall.resize(390, 844)
    wall.open("lang=ru", (390, 844))
    wall.wait(lambda: wall.js("return document.querySelectorAll('tbody th').length") == 30)

    assert wall.js("return document.scrollingElement.scrollWidth <= innerWidth") is True
    assert wall.js(
        "return [...document.querySelectorAll('.panel')].every(e => e.offsetWidth > 150)"
    )


def test_nothing_moves(wall: Wall) -> None:
    wall.show(bad_day(), "lang=en")

    assert wall.js("return document.getAnimations().length") == 0


# ------------------------------------------------------------------ colours

Colour = tuple[float, float, float]

# Machado, Oliveira, Fernandes 2009, severity 1.0, on linear RGB.
EYES = {
    "ordinary": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}

TEXT_ON = {
    "bg": ("ink", "dim", "warn-text"),
    "tile": ("ink", "dim", "act", "warn-text"),
    "act-bg": ("act-ink", "act-dim"),
    "warn-bg": ("warn-ink", "warn-dim"),
    "stale": ("stale-ink", "ink"),
    "stale-stripe": ("stale-ink", "ink"),
    "alarm": ("alarm-ink",),
    "notice": ("notice-ink",),
    "talking": ("on-light",),
    "holding": ("on-holding",),
    "wrapup": ("on-light",),
    "reserved": ("on-light",),
    "ready": ("tile",),
    "away": ("on-away",),
}


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_texts_stand_out_and_severities_differ_for_every_eye(wall: Wall, theme: str) -> None:
    wall.show(bad_day(), f"lang=en&theme={theme}")
    script = (
        "const all = getComputedStyle(document.documentElement);"
        "return Object.fromEntries(arguments[0].map("
        "name => [name, all.getPropertyValue('--' + name).trim()]))"
    )
    names = {
        *TEXT_ON,
        *(text for texts in TEXT_ON.values() for text in texts),
        "warn",
        "calm",
        "track",
    }
    palette = {name: linear(value) for name, value in wall.js(script, sorted(names)).items()}

    for ground, texts in TEXT_ON.items():
        for text in texts:
            assert contrast(palette[text], palette[ground]) >= 4.5, (text, ground)
    for mark in ("act", "warn", "calm"):
        assert contrast(palette[mark], palette["tile"]) >= 3, mark  # signs and bars
    for eye in EYES:
        for one, other in combinations(("act", "warn", "calm", "ink"), 2):
            assert difference(palette[one], palette[other], eye) >= 0.1, (one, other, eye)


def linear(value: str) -> Colour:
    red, green, blue = (int(value[at : at + 2], 16) / 255 for at in (1, 3, 5))
    r, g, b = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)
    )
    return r, g, b


def contrast(one: Colour, other: Colour) -> float:
    """WCAG 2.2 contrast ratio."""
    dark, light = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (one, other))
    return (light + 0.05) / (dark + 0.05)


def difference(one: Colour, other: Colour, eye: str) -> float:
    """Distance in OKLab as that eye sees them; 0.02 is just noticeable side by side."""
    labs = [oklab(seen_by(colour, eye)) for colour in (one, other)]
    return float(sum((a - b) ** 2 for a, b in zip(*labs, strict=True)) ** 0.5)


def seen_by(colour: Colour, eye: str) -> Colour:
    r, g, b = (
        min(1.0, max(0.0, sum(k * c for k, c in zip(row, colour, strict=True))))
        for row in EYES[eye]
    )
    return r, g, b


def oklab(colour: Colour) -> Colour:
    r, g, b = colour
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def test_the_theme_is_the_asked_one_else_the_systems(wall: Wall) -> None:
    def ground() -> str:
        return str(wall.js("return getComputedStyle(document.body).backgroundColor"))

    def prefer(scheme: str) -> None:
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        wall.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)

    wall.show(bad_day(), "theme=light")
    light = ground()
    wall.show(bad_day(), "theme=dark")
    dark = ground()
    prefer("light")
    wall.show(bad_day(), "theme=dark")
    asked = ground()
    wall.show(bad_day(), "")
    systems = ground()
    prefer("dark")
    wall.wait(lambda: ground() == dark)
    prefer("")

    assert light != dark
    assert (asked, systems) == (dark, light)


# ------------------------------------------------------------------ trust


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
