"""The wall in a real Chromium: everything fits, and can be told apart by every eye."""

import time
from itertools import combinations

import pytest

from tests.dashboards.pictures import (
    LONG,
    bad_day,
    empty_morning,
    failed_sources,
    fine_day,
    queue,
    silent_source,
    thirty_queues,
    unknown,
)
from tests.dashboards.screen import CUT_OFF, LANGUAGES, Wall, browser, server, wall

__all__ = ["browser", "server", "wall"]

pytestmark = pytest.mark.browser


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


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_phone_shows_every_word_also_of_stale_figures(wall: Wall, language: str) -> None:
    wall.show(bad_day(), f"lang={language}")
    wall.resize(390, 1600)
    for picture in (
        bad_day(),
        empty_morning(),
        silent_source(),
        {**fine_day(), "mode": "ended"},
    ):
        wall.show(picture)
        assert wall.js(CUT_OFF) == [], picture["sources"]


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
