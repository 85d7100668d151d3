"""The supervisor's page in a real Chromium, behind its real door."""

from collections.abc import Iterator
from typing import cast

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.dashboards.floor_server import TOKEN, FloorServer
from tests.dashboards.floors import episode, floor, full_floor, person, small_floor
from tests.dashboards.pictures import AS_OF, MINUTE, Picture
from tests.dashboards.screen import LANGUAGES, Server, Wall, browser

__all__ = ["browser"]

pytestmark = pytest.mark.browser


class Desk(Wall):
    """The page as a supervisor meets it."""

    def __init__(self, browser: Chrome, floor_server: FloorServer) -> None:
        super().__init__(browser, cast(Server, floor_server))
        self.floor_server = floor_server

    def address(self, query: str) -> str:
        return f"{self.floor_server.address}/supervisor?{query}"

    def sign_in(self, query: str = "lang=en&theme=dark", token: str = TOKEN) -> None:
        self.browser.delete_all_cookies()
        self.open(query)
        self.browser.find_element(By.NAME, "token").send_keys(f"{token}\n")
        self.outage = True  # a refusal is written into the console by the browser

    def people(self, people: Picture, query: str = "lang=en&theme=dark") -> None:
        """Send people, and wait until as many are drawn."""
        self.floor_server.show(people)
        if self.browser.current_url != self.address(query):
            self.open(query)
        wanted = sorted(each["agent"] for each in people["people"])
        self.wait(lambda: sorted(self.names()) == wanted, 5)

    def names(self) -> list[str]:
        script = "return [...document.querySelectorAll('tbody th')].map(e => e.innerText)"
        return list(self.js(script))

    def cells(self, agent: str) -> dict[str, str]:
        """What stands in a person's row, by column."""
        script = """
        const row = [...document.querySelectorAll('tbody tr')]
            .find(e => e.firstChild.innerText === arguments[0]);
        return Object.fromEntries([...row.children].map(e => [e.dataset.column, e.innerText]));
        """
        return dict(self.js(script, agent))

    def sort(self, column: str) -> None:
        self.js(f"document.querySelector('#columns [data-column={column}] button').click()")


@pytest.fixture(scope="module")
def floor_server() -> Iterator[FloorServer]:
    server = FloorServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def entered(browser: Chrome, floor_server: FloorServer) -> Desk:
    """A browser that has signed in."""
    desk = Desk(browser, floor_server)
    desk.sign_in()
    desk.wait(lambda: desk.names() != [], 5)
    desk.errors()
    return desk


@pytest.fixture
def desk(entered: Desk) -> Iterator[Desk]:
    entered.outage = False
    yield entered
    assert entered.errors() == []


def test_the_door_refuses_a_wrong_token_and_opens_to_the_right_one(
    browser: Chrome, floor_server: FloorServer
) -> None:
    desk = Desk(browser, floor_server)
    desk.sign_in("lang=ru", "not-the-token-at-all")
    desk.wait(lambda: "Это не тот токен" in desk.text())
    assert "Petrova" not in desk.text()

    desk.browser.find_element(By.NAME, "token").send_keys(f"{TOKEN}\n")
    desk.wait(lambda: "Anna Petrova" in desk.text(), 5)
    assert desk.js("return document.cookie") == ""
    assert desk.js("return location.search") == "?lang=ru"

    desk.js("document.querySelector('header form button').click()")
    desk.wait(lambda: desk.text("input") == "" and "Токен" in desk.text(), 5)
    assert "Petrova" not in desk.text()
    desk.errors()


def test_who_needs_attention_stands_first_then_who_is_there_then_who_is_not(
    desk: Desk,
) -> None:
    desk.people(small_floor())

    assert desk.names() == [
        "Boris Smirnov", "Dmitri Orlov", "Galina Ivanova",
        "Anna Petrova", "Clara Weiss", "Elena Sokolova", "Farid Aliyev",
    ]  # fmt: skip
    assert desk.text("#counts") == "5 logged in, 3 with open violations"


def test_a_row_tells_state_time_figures_and_violations(desk: Desk) -> None:
    desk.people(small_floor())

    boris = desk.cells("Boris Smirnov")
    assert (boris["state"], boris["for"]) == ("away Lunch", "43:00")
    # Nine minutes that are over, and 43 of the break that lasts.
    assert (boris["breaks"], boris["break-time"]) == ("2", "52:00")
    assert boris["violations"].split("\n") == [
        "■", "back late from break", "12:00", "pult explain 31b77c4a3ad7cf5d"
    ]  # fmt: skip
    assert (boris["answered"], boris["talk"], boris["missed"]) == ("12", "3:03", "0")
    assert boris["login"] == "09:42:07"


def test_what_is_unknown_is_a_dash_and_zero_is_zero(desk: Desk) -> None:
    desk.people(small_floor())

    galina, farid = desk.cells("Galina Ivanova"), desk.cells("Farid Aliyev")
    unknown = ("state", "for", "answered", "talk", "missed", "breaks", "break-time", "login")
    assert [galina[column] for column in unknown] == ["–"] * len(unknown)
    assert (farid["answered"], farid["talk"], farid["missed"]) == ("0", "–", "0")


def test_times_run_on_the_source_s_clock(desk: Desk) -> None:
    desk.people(small_floor())
    desk.people({**small_floor(), "as_of": AS_OF + 8_000})

    desk.wait(lambda: desk.cells("Anna Petrova")["for"] == "3:20")
    assert desk.cells("Boris Smirnov")["break-time"] == "52:08"
    assert "12:08" in desk.cells("Boris Smirnov")["violations"]
    assert desk.text("#clock") == "11:42:15"


def test_columns_sort_and_unknown_comes_last_both_ways(desk: Desk) -> None:
    desk.people(small_floor())

    desk.sort("missed")
    assert desk.names()[0] == "Dmitri Orlov"
    assert desk.names()[-1] == "Galina Ivanova"
    desk.sort("missed")
    assert desk.names()[-2:] == ["Dmitri Orlov", "Galina Ivanova"]
    desk.sort("name")
    assert desk.names() == sorted(desk.names())
    desk.sort("violations")
    assert desk.names()[0] == "Boris Smirnov"


def test_a_team_is_chosen_for_the_page_and_its_stream(desk: Desk) -> None:
    desk.people(small_floor())
    desk.js("""
        const team = document.getElementById('team');
        team.value = 'back';
        team.dispatchEvent(new Event('change'));
    """)
    desk.wait(lambda: "team=back" in desk.browser.current_url)
    desk.wait(lambda: desk.floor_server.asked[-1].team == "back")
    desk.wait(lambda: desk.js("return document.getElementById('team').value") == "back")


def test_a_command_is_copied_by_a_click(desk: Desk) -> None:
    desk.people(small_floor())
    where = {"origin": desk.floor_server.address, "permissions": ["clipboardReadWrite"]}
    desk.browser.execute_cdp_cmd("Browser.grantPermissions", where)

    desk.js("document.querySelector('.copy').click()")
    desk.wait(lambda: desk.text(".copy") == "Copied")
    told = desk.browser.execute_async_script(
        "navigator.clipboard.readText().then(arguments[0], e => arguments[0](String(e)))"
    )
    assert told == "pult explain 31b77c4a3ad7cf5d"
    desk.wait(lambda: desk.text(".copy") == told)


def test_a_stale_source_makes_every_figure_grey_and_none_calm(desk: Desk) -> None:
    silent_since = AS_OF - 3 * MINUTE
    source = {"source": "pbx1", "last_at": silent_since, "silent": True}
    desk.people({**full_floor(12), "sources": [source]})
    desk.wait(lambda: desk.state() == "stale")

    assert desk.text("#state") == "■ STALE since 11:39:07"
    assert "pbx1" in desk.text("#notes")
    colours = desk.js("""
        const shown = [...document.querySelectorAll('table *')].filter(e => e.innerText);
        return [...new Set(shown.map(e => getComputedStyle(e).color))];
    """)
    chips = desk.js("""
        return [...new Set([...document.querySelectorAll('.chip')]
            .map(e => getComputedStyle(e).backgroundColor))];
    """)
    assert len(colours) == 1
    assert len(chips) == 1
    desk.people(small_floor())
    desk.wait(lambda: desk.state() == "fresh")


def test_names_are_text_and_never_markup(desk: Desk) -> None:
    evil = "<img src=x onerror=document.title='broken'>"
    desk.people(floor(person(evil, team=evil, state="not_ready", reason=evil), teams=[evil]))

    assert desk.names() == [evil]
    assert desk.js("return document.querySelectorAll('main img').length") == 0


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [1920, 1366])
def test_nothing_is_wider_than_the_screen_in_any_language(
    desk: Desk, language: str, width: int
) -> None:
    desk.people(full_floor(), f"lang={language}")
    desk.resize(width, 1080)

    cut = desk.js("return document.scrollingElement.scrollWidth - innerWidth")
    assert cut <= 0
    desk.resize(1920, 1080)


def test_a_phone_shows_the_header_whole_and_names_beside_every_column(desk: Desk) -> None:
    desk.people(full_floor(), "lang=ru")
    desk.resize(390, 844)

    told = desk.js("""
        const shown = [...document.querySelectorAll("header > *")].filter(e => e.innerText);
        const cut = e => e.scrollWidth - e.clientWidth;
        return shown.map(e => [e.innerText, e.getBoundingClientRect().right, cut(e)]);
    """)
    desk.js("scrollTo(500, 200)")
    name = desk.js("return document.querySelector('tbody th').getBoundingClientRect()")
    desk.js("scrollTo(0, 0)")
    desk.resize(1920, 1080)

    assert [each for each in told if each[1] > 390 or each[2] > 0] == []
    assert desk.text("#counts") in [each[0] for each in told]
    assert name["left"] == 0
    assert name["width"] > 100


def test_a_rule_that_the_page_does_not_know_is_told_by_its_code(desk: Desk) -> None:
    desk.people(floor(person("Anna", violations=[episode(1, "brand_new_rule", "warning", 1)])))

    assert "brand new rule" in desk.cells("Anna")["violations"]
