"""Who comes again within some days, counted by hand on ten calls."""

from random import Random
from typing import Any

import pytest

from schemas.errors import StoreFailed
from schemas.facts import Leg
from sql.embedded import EmbeddedStore
from tests.sql.asking import keep, ms, report
from tests.sql.examples import MORNING, leg, waiting_leg

DAY = 86_400_000
WEEK = 7 * DAY
MARCH = {"since": "2026-01-25", "until": "2026-03-01", "zone": "UTC", "step": "all"}


def call(number: int, caller: str, at: int, **more: Any) -> Leg:
    """Return a call that began so long [ms] after the morning of 2026-02-03."""
    words = {"interaction_id": f"c{number}", "caller_key": caller, "entered_at": MORNING + at}
    made = waiting_leg if more.get("outcome") == "abandoned" else leg
    return made(number, **{**words, "first_second": (MORNING + at) // 1000, **more})


CALLS = [
    # Ann comes again after exactly a week, and a millisecond later than a week after that.
    call(1, "ann", 0),
    call(2, "ann", WEEK),
    call(3, "ann", 2 * WEEK + 1),
    # Ben gives up and calls again at once: he was not served before, so that is no repeat.
    call(4, "ben", 1_000, outcome="abandoned"),
    call(5, "ben", 61_000),
    # Cem is passed on to another queue, which is one contact, and calls again there.
    call(6, "cem", 2_000),
    call(7, "cem", 302_000, interaction_id="c6", queue_id="sales"),
    call(8, "cem", DAY, queue_id="sales"),
    # Nobody knows who this is, twice; and whom we called is no caller.
    call(9, "", 3_000),
    call(10, "", 4_000),
    call(11, "ben", 2 * DAY, direction="out", queue_id=""),
]


def asked(store: EmbeddedStore, days: str = "7", **more: str) -> dict[str, tuple[int, ...]]:
    """Return contacts, repeats, settled and resolved by queue."""
    found = report(store, "repeats_report", **{**MARCH, **more, "days": days})
    names = ("contacts", "repeats", "settled", "resolved")
    return {row["queue_id"]: tuple(row[name] for name in names) for row in found}


def test_ten_calls_by_hand(store: EmbeddedStore) -> None:
    keep(store, CALLS)

    # The newest call is 2 weeks and 1 ms after the first, so Ann's last is not settled. Ann's
    # first was not her last within a week, her second was; Ben's was; Cem's second was.
    assert asked(store) == {"support": (5, 1, 4, 2), "sales": (1, 1, 1, 1)}


def test_contacts_of_two_pbxs_with_the_same_id_are_two(store: EmbeddedStore) -> None:
    keep(store, [call(1, "ann", 0), call(2, "ann", 60_000, interaction_id="c1", source="pbx2")])

    assert asked(store) == {"support": (2, 1, 0, 0)}


def test_ratios_are_of_these_counts_and_null_where_nothing_is_settled(
    store: EmbeddedStore,
) -> None:
    keep(store, CALLS)

    (sales, support) = report(store, "repeats_report", "queue_id", **MARCH, days="7")
    (last,) = report(store, "repeats_report", **{**MARCH, "since": "2026-02-17"}, days="7")

    assert (support["repeat_ratio"], support["resolved_ratio"]) == (1 / 5, 2 / 4)
    assert (sales["repeat_ratio"], sales["resolved_ratio"]) == (1, 1)
    assert (last["contacts"], last["settled"], last["resolved_ratio"]) == (1, 0, None)


def test_what_came_before_the_stretch_and_comes_after_it_is_seen(store: EmbeddedStore) -> None:
    keep(store, CALLS)

    assert asked(store, since="2026-02-10", until="2026-02-11") == {"support": (1, 1, 1, 1)}
    assert asked(store, since="2026-02-03", until="2026-02-04") == {"support": (3, 0, 3, 1)}


def test_other_days_are_others_repeats(store: EmbeddedStore) -> None:
    keep(store, CALLS)

    assert asked(store, "8") == {"support": (5, 2, 3, 1), "sales": (1, 1, 1, 1)}
    assert asked(store, "1") == {"support": (5, 0, 4, 3), "sales": (1, 1, 1, 1)}


def test_steps_add_up_to_the_whole(store: EmbeddedStore) -> None:
    keep(store, CALLS)
    whole = asked(store)

    for step in ("day", "week", "1 hour"):
        parts = report(store, "repeats_report", **{**MARCH, "step": step}, days="7")
        for queue, (contacts, repeats, settled, resolved) in whole.items():
            mine = [row for row in parts if row["queue_id"] == queue]
            assert sum(row["contacts"] for row in mine) == contacts
            assert sum(row["repeats"] for row in mine) == repeats
            assert sum(row["settled"] for row in mine) == settled
            assert sum(row["resolved"] for row in mine) == resolved


def test_random_callers_are_counted_as_by_comparing_each_with_each(
    store: EmbeddedStore,
) -> None:
    chance = Random(40)
    calls = [
        call(
            number, chance.choice("abcdefgh"), chance.randrange(30 * DAY),
            queue_id=chance.choice(["support", "sales"]),
            outcome=chance.choice(["answered", "answered", "abandoned"]),
        )
        for number in range(200)
    ]  # fmt: skip
    keep(store, calls)
    served = [each for each in calls if each.outcome == "answered"]
    newest = max(each.entered_at for each in calls)
    wanted: dict[tuple[str, int], list[int]] = {}
    for one in served:
        before, after = (
            [
                other.entered_at - one.entered_at
                for other in others
                if other.caller_key == one.caller_key and other is not one
            ]
            for others in (served, calls)
        )
        settled = newest - one.entered_at >= 3 * DAY
        counted = (
            1, any(-3 * DAY <= gap < 0 for gap in before), settled,
            settled and not any(0 < gap <= 3 * DAY for gap in after),
        )  # fmt: skip
        key = (one.queue_id, one.entered_at // DAY)
        wanted[key] = [
            sum(pair) for pair in zip(wanted.get(key, [0] * 4), counted, strict=True)
        ]

    found = report(
        store, "repeats_report", **{**MARCH, "until": "2026-04-01", "step": "day"}, days="3"
    )

    names = ("contacts", "repeats", "settled", "resolved")
    told = {
        (row["queue_id"], ms(row["started_at"]) // DAY): [row[name] for name in names]
        for row in found
    }
    assert told == wanted
    assert sum(row["repeats"] for row in found) > 50


def test_who_comes_again_and_gives_up_came_again(store: EmbeddedStore) -> None:
    again = [
        call(number, "dan", number * 3_600_000, outcome="abandoned", queue_id="sales")
        for number in (21, 22)
    ]
    keep(store, [*CALLS, call(20, "dan", 0), *again])

    # Dan's is one more that is settled, and none more that is resolved.
    assert asked(store) == {"support": (6, 1, 5, 2), "sales": (1, 1, 1, 1)}


def test_another_tenant_has_other_callers(store: EmbeddedStore) -> None:
    keep(store, [call(1, "ann", 0), call(2, "ann", DAY, tenant="other", domain="other")])

    found = report(store, "repeats_report", "tenant", **MARCH, days="7")

    assert [(row["tenant"], row["repeats"]) for row in found] == [("demo", 0), ("other", 0)]


def test_of_no_calls_there_is_no_row(store: EmbeddedStore) -> None:
    assert asked(store) == {}
    keep(store, CALLS)
    assert asked(store, since="2026-03-01", until="2026-04-01") == {}


@pytest.mark.parametrize("days", ["0", "93", "", "7.5", "-7", "week"])
def test_days_that_are_none_are_refused(days: str, store: EmbeddedStore) -> None:
    keep(store, CALLS)

    with pytest.raises(StoreFailed, match="days is a whole number from 1 to 92"):
        asked(store, days)
