"""Of random visits the report on queues says what the view before it said."""

import random
from importlib.resources import files

import pytest

from schemas.facts import Leg
from sql.embedded import EmbeddedStore
from sql.migrate import statements
from tests.sql.asking import keep, ms
from tests.sql.examples import heartbeat, leg, moment

BEGIN = ms("2026-10-24 20:00:00")
HOURS = 10
OUTCOMES = (
    "answered",
    "abandoned",
    "timeout",
    "key",
    "full",
    "transferred",
    "waiting",
    "callback",
)
# Clocks in Berlin go back in the middle; those of Kolkata and Lord Howe stand at half hours.
STRETCHES = [
    ("2026-10-25", "2026-10-26", "Europe/Berlin", "1 hour"),
    ("2026-10-24T21:17:03.500Z", "2026-10-25T03:00:00.001Z", "Asia/Kolkata", "15 minutes"),
    ("2026-10-24T23:00:00Z", "2026-10-24T23:10:00Z", "UTC", "all"),
    ("2026-10-01", "2026-11-01", "Australia/Lord_Howe", "day"),
    ("2026-10-25T05:30:00Z", "2026-10-26", "Europe/Moscow", "2 hours"),
    ("2025-01-01", "2025-01-02", "UTC", "day"),
    ("2026-10-26", "2026-10-25", "UTC", "day"),
]


@pytest.fixture
def before(store: EmbeddedStore) -> EmbeddedStore:
    """Return a store that has the view of 0029 as `queue_report_before`."""
    folder = files("sql") / "migrations"
    (text,) = statements((folder / "0029_queue_report.sql").read_text("utf-8"))
    known = "ifNull(max(done_at), max(entered_at))"
    # An answer was no news of a domain: who talked on alone was busy for less than no time.
    answered = "ifNull(max(answered_at), max(entered_at))"
    # Nor was what a PBX said while people talked on. Here both sites were heard at once.
    heard = (
        "if(countIf(answered_at IS NOT NULL AND done_at IS NULL) > 0, least("
        "(SELECT max(heard_until) FROM pult.last_heard), (SELECT until_at FROM stretch)), NULL)"
    )
    for old, new in (
        ("pult.queue_report", "pult.queue_report_before"),
        (known, f"{known}, {answered}, {heard}"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    store.client.command(text)
    return store


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(1, 20))]
)
def test_it_says_the_same_as_before(seed: int, before: EmbeddedStore) -> None:
    drawn = random.Random(seed)
    keep(before, [visit(drawn, number) for number in range(400)])
    at = moment(BEGIN + HOURS * 3_600_000)
    beats = [
        heartbeat(1, time=at, recordedtime=at, tenant="demo", domain=domain) for domain in "ab"
    ]
    before.writer.write_events(beats, [(0, 1), (0, 2)], "heard")

    told = [asked(before, "queue_report_before", stretch) for stretch in STRETCHES]
    assert [asked(before, "queue_report", stretch) for stretch in STRETCHES] == told
    assert sum(each.count(b"\n") for each in told) > 200


def asked(store: EmbeddedStore, view: str, stretch: tuple[str, str, str, str]) -> bytes:
    """Return names, types and rows as text; past the list of views that readers may ask."""
    named = zip(("since", "until", "zone", "step"), stretch, strict=True)
    given = ", ".join(f"{name} = '{value}'" for name, value in named)
    text = f"SELECT * FROM pult.{view}({given}) ORDER BY tenant, domain, queue_id, started_at"
    return store.client.raw_query(text, fmt="TabSeparatedWithNamesAndTypes")


def visit(drawn: random.Random, number: int) -> Leg:
    """Return a visit to a queue of one of two sites; some wait, or talk, still."""
    outcome = drawn.choices(OUTCOMES, (12, 3, 1, 1, 1, 1, 1, 1))[0]
    entered = BEGIN + drawn.randrange(HOURS * 3_600_000)
    wait = drawn.choice((0, 5_000, 5_001, 20_000, 20_001, drawn.randrange(7_200_000)))
    talks = outcome == "answered"
    goes_on = outcome == "waiting" or (talks and drawn.random() < 0.1)
    talk = drawn.choice((0, 1, drawn.randrange(10_000_000))) if talks else 0
    left = None if outcome == "waiting" else entered + wait
    return leg(
        number, domain=drawn.choice("ab"),
        queue_id=drawn.choice(("sales", "support", "vip", "")),
        entered_at=entered, first_second=entered // 1000, left_at=left,
        answered_at=left if talks else None,
        ended_at=None if goes_on else entered + wait + talk, outcome=outcome,
        wait_ms=None if left is None or drawn.random() < 0.05 else wait,
        talk_ms=talk if talks and not goes_on else None,
        hold_ms=drawn.choice((None, 0, 7_000)), wrapup_ms=drawn.choice((None, 0, 60_000)),
        agent_id="Anna" if talks else "", ended_by=drawn.choice(("agent", "caller", "")),
        transfer_kind=drawn.choice(("", "", "blind")), offers=drawn.randrange(3),
        voided=drawn.random() < 0.05,
    )  # fmt: skip
