"""The wall in a real Chromium: its figures, and what it calls them in each language."""

import json
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.dashboards.pictures import (
    LONG,
    bad_day,
    empty_morning,
    fine_day,
    queue,
    several_tenants,
    thirty_queues,
    unknown,
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
