"""A checkpoint is used while it holds exactly the events before its midnight, and only then."""

from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from msgspec.structs import replace

from pult import checkpoints
from pult.refold import refold, refold_days
from schemas.events import Event
from schemas.instants import END_MS
from schemas.policies import Policies, PolicyHistory
from sql.checkpoints import void_after
from sql.embedded import EmbeddedStore
from stream_processors.core.state import Terms
from tests.timetable import events, moment

ZONE = "Europe/Moscow"  # three hours ahead of UTC: its midnight is at 21:00
THIRD, FOURTH, SIXTH = (moment(f"2026-03-0{day} 21:00:00") for day in (2, 3, 5))
"""The midnights at which these days of March begin."""

TOLD = """
    2026-03-02 09:00:00  enter  a sales
    2026-03-02 09:00:10  answer a sales Anna
    2026-03-02 20:59:50  enter  b sales
    2026-03-02 21:00:10  answer b sales Anna
    2026-03-03 09:00:00  enter  c sales
    2026-03-05 09:00:00  enter  d sales
"""
_TENANTS = count()


def terms(position: int = 100, *versions: tuple[int, Policies]) -> Terms:
    history = versions or ((0, Policies(timezone=ZONE)),)
    return Terms(PolicyHistory(history), refold_at=position)


def answer_within(seconds: int) -> Policies:
    return Policies(
        timezone=ZONE, queues={"sales": {"answer_within": timedelta(seconds=seconds)}}
    )


def told_to(store: EmbeddedStore, tenant: str, text: str, position: int) -> None:
    told: list[Event] = [replace(e, tenant=tenant, domain=tenant) for e in events(text)]
    store.writer.write_events(told, [(0, position)] * len(told), f"{tenant}{position}")


@pytest.fixture
def tenant(store: EmbeddedStore) -> str:
    """Someone whose days are folded."""
    name = f"centre{next(_TENANTS)}"
    told_to(store, name, TOLD, 100)
    refold(store, name, name, terms())
    return name


def begins(store: EmbeddedStore, tenant: str, under: Terms | None = None) -> int:
    """Return the midnight at which a re-fold of all that follows the 5th would begin."""
    start = checkpoints.last_usable(store, tenant, tenant, under or terms(), FOURTH)
    return start.place.midnight if start else 0


def by_hand(store: EmbeddedStore, midnight: int, change: str) -> None:
    store.client.command(
        f"ALTER TABLE pult.checkpoints UPDATE {change} "
        f"WHERE midnight = fromUnixTimestamp64Milli({midnight})",
        settings={"mutations_sync": 2},
    )


def test_a_refold_keeps_the_state_of_each_midnight_behind_a_day_of_events(
    store: EmbeddedStore, tenant: str
) -> None:
    kept = store.query(
        "SELECT toUnixTimestamp64Milli(midnight), day, position FROM checkpoints ORDER BY ALL"
    )

    lines = [line.split("\t") for line in kept.decode().splitlines()]
    assert lines == [
        [str(THIRD), "2026-03-03", "100"],
        [str(FOURTH), "2026-03-04", "100"],
        [str(SIXTH), "2026-03-06", "100"],
    ]


def test_a_checkpoint_holds_the_events_before_it_and_no_other(
    store: EmbeddedStore, tenant: str
) -> None:
    start = checkpoints.last_usable(store, tenant, tenant, terms(), THIRD)

    assert start is not None
    (queue,) = start.state.queues.values()
    assert (queue.totals["offered"], queue.totals["answered"]) == (2, 1)
    assert len(queue.waiting) == 1


def test_what_began_before_the_days_that_are_folded_again_is_left_alone(
    store: EmbeddedStore, tenant: str
) -> None:
    """The checkpoint knows the calls of the day before, and says them again."""
    query = (
        f"SELECT leg_id, revision FROM pult.legs WHERE tenant = '{tenant}' ORDER BY entered_at"
    )
    before = store.client.query(query).result_rows

    again = refold(
        store, tenant, tenant, terms(200), since_ms=THIRD, first_ms=THIRD, until_ms=FOURTH
    )

    assert again.since_ms == THIRD
    assert again.differences == {}
    assert len(before) == 4
    assert store.client.query(query).result_rows == before


def test_a_day_without_a_midnight_of_its_own_begins_at_the_one_before(
    store: EmbeddedStore, tenant: str
) -> None:
    done = refold_days(store, tenant, tenant, terms(200), {"2026-03-05", "2026-03-06"})

    assert done.since_ms == FOURTH
    assert done.events == 1
    assert not done.differences


def test_an_older_event_that_came_later_voids_what_comes_after_it(
    store: EmbeddedStore, tenant: str
) -> None:
    before = begins(store, tenant)
    told_to(store, tenant, "2026-03-03 08:00:00 enter late sales", 101)

    assert (before, begins(store, tenant)) == (FOURTH, THIRD)


def test_whoever_stores_old_events_voids_what_comes_after_them(
    store: EmbeddedStore, tenant: str
) -> None:
    for _ in range(2):
        void_after(store.client, tenant, tenant, moment("2026-03-03 08:00:00"))

    assert begins(store, tenant) == THIRD


def test_an_event_told_again_by_an_import_does_no_harm(
    store: EmbeddedStore, tenant: str
) -> None:
    told_to(store, tenant, "2026-03-05 09:00:00  enter  d sales", 101)

    assert begins(store, tenant) == FOURTH


@pytest.mark.parametrize("other", [{"answer_within": "5s"}, {"wrapup": "15s"}])
def test_other_targets_before_its_midnight_void_it_and_later_ones_do_not(
    store: EmbeddedStore, tenant: str, other: dict[str, str]
) -> None:
    usual = (0, Policies(timezone=ZONE))
    changed = Policies.model_validate({"timezone": ZONE, "queues": {"sales": other}})

    assert begins(store, tenant, terms(1, (0, changed))) == 0
    assert begins(store, tenant, terms(1, usual, (FOURTH - 1, changed))) == THIRD
    assert begins(store, tenant, terms(1, usual, (FOURTH, changed))) == FOURTH


def test_another_team_of_an_agent_voids_it(store: EmbeddedStore, tenant: str) -> None:
    teams = Policies(timezone=ZONE, agents={"Anna": {"team": "front"}})

    assert begins(store, tenant, terms(1, (0, teams))) == 0


@pytest.mark.parametrize(
    "change",
    ["definition = 'of another pult'", "state = substring(state, 2)", "checksum = 'wrong'"],
)
def test_one_that_is_damaged_or_of_another_pult_is_passed_over(
    change: str, store: EmbeddedStore, tenant: str
) -> None:
    by_hand(store, FOURTH, change)

    assert begins(store, tenant) == THIRD


def test_of_a_long_history_the_last_midnights_and_the_first_of_months_are_kept(
    store: EmbeddedStore,
) -> None:
    name = f"centre{next(_TENANTS)}"
    text = "\n".join(
        f"{date(2026, 1, 1) + timedelta(days=day)} 09:00:00 enter c{day} sales"
        for day in range(112)
    )
    told_to(store, name, text, 100)

    refold(store, name, name, terms())

    kept = store.query("SELECT day FROM checkpoints ORDER BY day").decode().splitlines()
    # 23 of April, 31 of March, the last 6 of February; and of those before, that of a first.
    assert kept[:2] == ["2026-02-01", "2026-02-23"]
    assert kept[-1] == "2026-04-23"
    assert len(kept) == 1 + 60


@pytest.mark.parametrize("time", ["2026-12-25T10:00:00.000Z", "2148-12-31T00:00:00.000Z"])
def test_an_event_that_is_dated_wrongly_opens_no_midnight(
    store: EmbeddedStore, tenant: str, time: str
) -> None:
    """The store keeps it, though it was rejected."""
    name = f"centre{next(_TENANTS)}"
    told_to(store, name, TOLD, 100)
    wrong = replace(events("2026-03-05 09:30:00 enter e sales")[0], tenant=name, domain=name)
    store.writer.write_events([replace(wrong, time=time)], [(0, 101)], f"{name}wrong")

    refold(store, name, name, terms(101))

    assert midnights(store, name) == midnights(store, tenant)
    for each in (name, tenant):
        refold_days(store, each, each, terms(102), ["2026-03-05"])
    assert midnights(store, name) == midnights(store, tenant)


def midnights(store: EmbeddedStore, tenant: str) -> list[int]:
    query = (
        "SELECT DISTINCT toUnixTimestamp64Milli(midnight) AS at FROM pult.checkpoints "
        f"WHERE tenant = '{tenant}' ORDER BY at"
    )
    return [at for (at,) in store.client.query(query).result_rows]


def test_the_last_day_that_an_event_may_be_of_has_a_midnight(store: EmbeddedStore) -> None:
    """The clock of a PBX may be anything; the store counts days up to June of 2149."""
    name = f"centre{next(_TENANTS)}"
    last = datetime.fromtimestamp(END_MS / 1000, UTC) - timedelta(hours=4)
    told_to(store, name, f"{last:%Y-%m-%d %H:%M:%S} enter a sales", 1)

    refold(store, name, name, terms())

    query = f"SELECT toString(max(day)) FROM pult.checkpoints WHERE tenant = '{name}'"
    assert store.query(query).decode() == f"{date(last.year + 1, 1, 1)}\n"
