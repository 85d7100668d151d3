"""The demo as a whole: what it prints, serves, answers and leaves behind."""

import json
import re
import shlex
import shutil
import signal
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from producers.frame import Naming
from producers.identity import CallerKeys
from producers.journal import Journal
from producers.translated import translated
from pult.context import sql_command
from tests.lab_cut import Cut
from tests.oracles import ami
from tests.oracles.lab_numbers import LAB_NUMBERS, LAB_TARGETS, Totals, ami_log, totals
from tests.oracles.shapes import OracleLeg
from tests.pult.command import Demo, demo, good, rows, wait_for, watching

MOST_BYTES = 600 * 1024 * 1024

Metrics = dict[tuple[str, ...], float]
"""A value by name and labels (in the order of their names)."""


def metrics(running: Demo) -> Metrics:
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(running.get("/metrics"))
        for sample in family.samples
    }


def printed(table: str) -> dict[str, list[str]]:
    """Return the cells of the demo's table by queue."""
    lines = [line for line in table.splitlines() if line.startswith("│")]
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]
    return {queue: figures for queue, *figures in cells}


def levels(legs: Iterable[OracleLeg]) -> dict[str, float | None]:
    """Return each queue's level by hand: exits other than the two count after the target."""
    every = list(legs)
    found: dict[str, float | None] = {}
    for queue, targets in LAB_TARGETS.items():
        waits = [(leg.outcome, leg.wait_ms or 0) for leg in every if leg.queue == queue]
        in_time = sum(o == "answered" and w <= targets.answer_within_ms for o, w in waits)
        answered = sum(o == "answered" for o, _ in waits)
        given_up = sum(o == "abandoned" and w > targets.short_abandon_ms for o, w in waits)
        others = sum(
            o not in ("answered", "abandoned", "waiting") and w > targets.answer_within_ms
            for o, w in waits
        )
        counted = answered + given_up + others
        found[queue] = in_time / counted if counted else None
    return found


def expected(numbers: Totals, level: float | None) -> list[str]:
    """Return the cells that a queue must have."""

    def rounded(value: float | None, unit: str) -> str:
        return "-" if value is None else f"{round(value + 1e-9, 1):g} {unit}"

    def seconds(milliseconds: int | None) -> str:
        return rounded(None if milliseconds is None else milliseconds / 1000, "s")

    return [
        *map(str, (numbers.offered, numbers.answered, numbers.abandoned, numbers.timed_out)),
        rounded(None if level is None else 100 * level, "%"),
        seconds(numbers.mean_wait_answered_ms),
        seconds(numbers.longest_wait_ms),
    ]


def people_of(ended: Demo, authorization: str) -> tuple[int, bytes]:
    """Return the status, and the first message about people."""
    asked = Request(
        f"{ended.address}/supervisor/live", headers={"Authorization": authorization}
    )
    try:
        with urlopen(asked, timeout=20) as stream:
            return stream.status, next(line for line in stream if line.startswith(b"data: "))
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read()


def test_people_are_named_to_who_has_the_token_and_nowhere_on_the_wall(ended: Demo) -> None:
    token = (ended.data / "desk.token").read_text().strip()

    status, told = people_of(ended, f"Bearer {token}")
    refused = people_of(ended, f"Bearer {token[::-1]}")
    people = json.loads(told.removeprefix(b"data: "))["people"]
    names = {each["agent"] for each in people}
    counted = {each["agent"]: each["answered"] for each in people if each["answered"]}

    def is_in_history() -> bool:
        told = rows(
            ended.data,
            "SELECT agent_id, count() AS answered FROM legs "
            "WHERE agent_id != '' AND answered_at IS NOT NULL AND queue_id != '' "
            "GROUP BY agent_id",
        )
        return counted == {row["agent_id"]: int(row["answered"]) for row in told}

    wall = json.dumps(ended.picture(), ensure_ascii=False) + ended.get("/")

    assert status == 200
    assert refused[0] == 401
    assert {"Anna Petrova", "Li Na"} <= names
    wait_for(is_in_history, 20, f"the history to say {counted}")
    assert [name for name in names if name in wall] == []


def test_once_prints_the_figures_of_the_whole_recording(tmp_path: Path) -> None:
    started = time.monotonic()
    table = good("demo", "--once", "--data", tmp_path / "data")
    print(f"pult demo --once took {time.monotonic() - started:.1f} s")  # noqa: T201

    level = levels(ami.legs(ami_log()))
    assert printed(table) == {q: expected(n, level[q]) for q, n in LAB_NUMBERS.items()}


def test_another_recording_gives_other_figures(cut: Cut, tmp_path: Path) -> None:
    table = good("demo", "--once", "--recording", cut.ami_path, "--data", tmp_path / "data")

    numbers = totals(ami.legs(cut.ami), LAB_TARGETS)
    level = levels(ami.legs(cut.ami))
    assert printed(table) == {q: expected(n, level[q]) for q, n in numbers.items()}
    assert numbers != LAB_NUMBERS


def test_the_whole_half_hour_runs_live_in_little_memory(tmp_path: Path) -> None:
    with demo(tmp_path / "data", "--speed", "1000") as running, watching(running) as seen:
        most = 0

        def over() -> bool:
            nonlocal most
            most = max(most, running.resident_bytes)
            return any(picture["mode"] == "ended" for picture in seen)

        wait_for(over, 60, "the end of the recording")
        found = metrics(running)

    level = levels(ami.legs(ami_log()))
    for queue, numbers in LAB_NUMBERS.items():
        if found["cc_queue_window_offered", queue, "day"] == numbers.offered:  # no midnight
            shown = found["cc_queue_service_level_ratio", queue, "day"]
            assert shown == pytest.approx(level[queue])
        assert found["cc_queue_offered_total", queue] == numbers.offered
        assert found["cc_queue_answered_total", queue] == numbers.answered
        assert found["cc_queue_answered_in_time_total", queue] == numbers.answered_in_time
        assert found["cc_queue_abandoned_total", queue] == numbers.abandoned
        assert found["cc_queue_waiting", queue] == 0
        assert ("cc_queue_oldest_wait_start_timestamp_seconds", queue) not in found
    assert len({picture["service_level"]["ratio"] for picture in seen}) > 3
    assert len({picture["as_of"] for picture in seen}) > 3
    print(f"the demo took {most / 2**20:.0f} MiB")  # noqa: T201
    assert most < MOST_BYTES, f"{most / 2**20:.0f} MiB"


def test_the_wall_of_another_tenant_shows_nothing_of_this_one(ended: Demo) -> None:
    own, strange = ended.picture("tenant=demo"), ended.picture("tenant=stranger")

    assert own["queues"] == ended.picture()["queues"]
    assert own["queues"]
    assert (strange["queues"], strange["as_of"], strange["all_clear"]) == ([], None, False)
    assert [each["tenant"] for each in strange["exceptions"]] == ["stranger"]


def test_metrics_the_wall_and_the_history_agree(ended: Demo) -> None:
    picture = ended.picture()
    found = metrics(ended)

    def stored() -> bool:
        counted = rows(ended.data, "SELECT count() AS legs FROM legs")[0]["legs"]
        return bool(
            counted == sum(found["cc_queue_offered_total", queue] for queue in LAB_TARGETS)
        )

    wait_for(stored, 20, "the last second of the history")
    history = rows(
        ended.data,
        "SELECT queue_id, count() AS offered, countIf(outcome = 'answered') AS answered, "
        "countIf(outcome = 'abandoned') AS abandoned, countIf(outcome = 'waiting') AS waiting, "
        "countIf(outcome = 'answered' AND wait_ms <= answer_within_ms) AS in_time, "
        "toUnixTimestamp64Milli(minIf(entered_at, outcome = 'waiting')) / 1000 AS oldest "
        "FROM legs GROUP BY queue_id ORDER BY queue_id",
    )

    assert {row["queue_id"] for row in history} == set(LAB_TARGETS)
    for row in history:
        queue = row["queue_id"]
        assert found["cc_queue_offered_total", queue] == row["offered"]
        assert found["cc_queue_answered_total", queue] == row["answered"]
        assert found["cc_queue_answered_in_time_total", queue] == row["in_time"]
        assert found["cc_queue_abandoned_total", queue] == row["abandoned"]
        assert found["cc_queue_waiting", queue] == row["waiting"]
        assert found["cc_queue_conservation_difference", queue] == 0
        oldest = found.get(("cc_queue_oldest_wait_start_timestamp_seconds", queue))
        assert oldest == (row["oldest"] if row["waiting"] else None)
    assert picture["waiting"]["now"] == sum(row["waiting"] for row in history) > 0
    assert picture["agents"]["logged_in"] == sum(
        value for key, value in found.items() if key[0] == "cc_agents"
    )


def test_health_pages_answer_and_unknown_ones_say_where_the_wall_is(ended: Demo) -> None:
    assert ended.status("/healthz") == (200, "alive\n")
    assert ended.status("/readyz") == (200, "ready\n")
    status, text = ended.status("/nothing")
    assert (status, text) == (404, "nothing at /nothing; the wall is at /")


def test_the_page_and_all_it_loads_are_served(ended: Demo) -> None:
    page = ended.get("/")
    loaded = re.findall(r'(?:href|src)="([\w.]+)"', page)

    assert {"wall.css", "wall.js"} <= set(loaded)
    assert all(ended.get(f"/{name}") for name in loaded)


def test_curl_and_sql_ask_the_running_demo(ended: Demo) -> None:
    query = "SELECT count() FROM legs"
    status, body = ended.status(ended.sql, query)
    refused, why = ended.status(ended.sql, "INSERT INTO legs VALUES (1)")

    assert status == 200
    assert body.strip() == good("sql", query + " FORMAT TSV", "--data", ended.data).strip()
    assert refused >= 400
    assert "READONLY" in why
    options = ("--format", "JSONEachRow", "--data", ended.data)
    assert good("sql", "SELECT 1 AS one", *options) == '{"one":1}\n'


@pytest.fixture(scope="module")
def quiet(cut: Cut, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording that ends before the first call."""
    path = tmp_path_factory.mktemp("quiet") / "ami.log"
    path.write_bytes(cut.ami[: cut.ami.index(b"Event: QueueCallerJoin")])
    return path


def test_before_the_first_call_there_are_no_ratios_and_an_open_page_does_not_hold_up_the_end(
    quiet: Path, tmp_path: Path
) -> None:
    with demo(tmp_path / "data", "--recording", quiet) as running, watching(running) as seen:
        running.until_ended()
        found = metrics(running)
        journal = sum(each.stat().st_size for each in (running.data / "journal").iterdir())
        started = time.monotonic()
        stopped = running.stop(signal.SIGINT, seconds=5)
        took = time.monotonic() - started

    assert found[("pult_journal_bytes",)] == journal > 0
    names = {key[0] for key in found}
    assert "cc_agents" in names
    for absent in (
        "cc_queue_service_level_ratio",
        "cc_queue_abandon_ratio",
        "cc_queue_answer_seconds_mean",
        "cc_queue_oldest_wait_start_timestamp_seconds",
    ):
        assert absent not in names
    assert seen[-1]["service_level"]["ratio"] is None
    assert seen[-1]["all_clear"] is False
    assert (stopped.code, stopped.err) == (0, "")
    assert took < 5


def events_of(data: Path) -> set[str]:
    """Return the ids of all events that a journal tells of."""
    (file,) = (data / "journal").glob("*.sqlite")
    journal = Journal.open(file.parent, date.fromisoformat(file.stem))
    frames = journal.read(0, 1_000_000)
    journal.close()
    events, _ = translated(frames, Naming("demo", "demo", CallerKeys(b"any key at all")))
    return {event.id for _, event in events}


def test_a_signal_in_mid_call_ends_it_with_everything_stored(cut: Cut, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with demo(data, "--recording", cut.ami_path, "--speed", "150") as running:
        with watching(running) as seen:
            wait_for(lambda: (seen[-1]["waiting"]["now"] or 0) > 1, 20, "callers")
            started = time.monotonic()
            stopped = running.stop(signal.SIGTERM, seconds=5)
            took = time.monotonic() - started
        assert seen[-1]["mode"] == "recording"

    stored = rows(data, "SELECT id FROM events")
    (legs,) = rows(data, "SELECT count() AS n, countIf(outcome = 'waiting') AS open FROM legs")
    assert (stopped.code, stopped.err) == (0, "")
    assert took < 5
    assert {row["id"] for row in stored} == events_of(data)
    hint = re.search(r"^SQL +(.+)  or  curl http://", stopped.out, re.MULTILINE)
    assert hint is not None
    program, *words = shlex.split(hint[1])
    assert shutil.which(program) is not None
    assert len(good(*words, "--format", "TSV").splitlines()) == min(5, legs["n"])
    assert sql_command("SELECT 1", Path("pult-data")) == "pult sql 'SELECT 1'"
    assert legs["n"] > 0
    assert legs["open"] > 0


SLOW = "SELECT count() FROM numbers(200000000000) WHERE sipHash64(number) = 1"


def asked_slowly(running: Demo) -> threading.Thread:
    """Ask what takes a minute, in a thread of its own."""

    def ask() -> None:
        with suppress(OSError):
            running.status(running.sql, SLOW)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    time.sleep(1)
    assert asking.is_alive(), "the query was no slow one"
    return asking


def test_a_slow_query_does_not_hold_up_the_end_and_nothing_is_lost(
    cut: Cut, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    with demo(data, "--recording", cut.ami_path, "--speed", "200") as running:
        running.until_ended()
        asking = asked_slowly(running)
        stopped = running.stop(signal.SIGTERM, seconds=5)
        asking.join(5)

    assert (stopped.code, stopped.err) == (0, "")
    assert stopped.out.splitlines()[-1].startswith("The recording is over")
    assert {row["id"] for row in rows(data, "SELECT id FROM events")} == events_of(data)


def test_a_second_signal_ends_it_at_once(quiet: Path, tmp_path: Path) -> None:
    with demo(tmp_path / "data", "--recording", quiet) as running:
        running.until_ended()
        asked_slowly(running)
        running.process.send_signal(signal.SIGINT)
        time.sleep(0.7)
        assert running.process.poll() is None
        started = time.monotonic()
        stopped = running.stop(signal.SIGINT, seconds=5)

    assert time.monotonic() - started < 1
    assert (stopped.code, stopped.err) == (-signal.SIGINT, "")


@pytest.mark.parametrize("path", ["/", "/live", "/metrics", "/metrics/discipline"])
def test_a_foreign_name_for_this_machine_is_refused(ended: Demo, path: str) -> None:
    foreign = Request(ended.address + path, headers={"Host": "evil.example:8400"})
    with pytest.raises(HTTPError) as refused, urlopen(foreign, timeout=20):
        pass
    with refused.value as answer:
        assert (answer.code, answer.read()) == (
            403,
            b"served on localhost only, not as 'evil.example:8400'\n",
        )

    for name in ("localhost", "127.0.0.1:1", "[::1]:8400"):
        with urlopen(Request(ended.address + path, headers={"Host": name}), timeout=20) as good:
            assert good.status == 200
