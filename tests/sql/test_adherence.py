"""How shifts were kept to; every figure is worked out by hand from lines of a timetable."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import schemas.events as e
from schemas.crm_events import CaseCreated
from schemas.identity import derived_id
from sql.embedded import EmbeddedStore
from tests.crm_told import told
from tests.plans import plan
from tests.readings import violations
from tests.sql.asking import fold, rows
from tests.sql.examples import LATE
from tests.timetable import DAY, TENANT, run, terms, values

MINUTE = 60_000
HOUR = 60 * MINUTE


def kept(store: EmbeddedStore, since: str = DAY, until: str = "2026-03-03") -> dict[str, Any]:
    """Return what the one shift of a stretch says."""
    (row,) = rows(store, f"SELECT * FROM adherence(since = '{since}', until = '{until}')")
    return row


def excuse(episode: str, verdict: Any, time: str) -> bytes:
    return e.encode(
        e.ViolationReviewed(
            id=derived_id("review", episode, time),
            source=e.DESK,
            time=f"{DAY}T{time}.000Z",
            tenant=TENANT,
            domain=TENANT,
            feed="reviews",
            sequence=1,
            recordedtime=f"{DAY}T{time}.000Z",
            data=e.ViolationReviewedData(
                episode_id=episode, verdict=verdict, author="Maria", reason="a doctor"
            ),
        )
    )


def test_late_by_ten_minutes_and_ten_minutes_longer(store: EmbeddedStore) -> None:
    """The worked example of Genesys: 60 minutes planned, 50 worked and 10 after the shift."""
    fold(store, [plan("Anna", "09:00 work 10:00"), *values(LATE)])

    row = kept(store)

    assert row["scheduled_ms"] == 60 * MINUTE
    assert (row["in_ms"], row["out_ms"], row["beyond_ms"]) == (
        50 * MINUTE, 10 * MINUTE, 10 * MINUTE,
    )  # fmt: skip
    assert row["adherence"] == pytest.approx(5 / 6)  # 83.33 %
    assert row["adherence_with_beyond"] == pytest.approx(5 / 7)  # 71.43 %
    assert row["conformance"] == 1.0
    assert (row["late_ms"], row["left_early_ms"]) == (10 * MINUTE, 0)
    assert row["no_show"] is False


def test_neutral_time_counts_for_nobody(store: EmbeddedStore) -> None:
    """The worked example of Calabrio: of six hours three in, one out, two neutral: 75 %."""
    under = terms(adherence={"work": {"inside": ["ready"], "outside": ["offline"]}})
    day = """
        08:00 beat
        09:00 login Anna sales
        12:00 pause Anna sales training
        14:00 unpause Anna sales
        14:00 logout Anna sales
        16:00 beat
    """
    fold(store, [plan("Anna", "09:00 work 15:00"), *values(day)], under)

    row = kept(store)

    assert (row["in_ms"], row["out_ms"], row["neutral_ms"]) == (3 * HOUR, HOUR, 2 * HOUR)
    assert row["adherence"] == 0.75


@pytest.mark.parametrize(
    ("planned", "day", "expected"),
    [
        ("09:00 meeting 10:00", "08:00 beat\n09:00 login A sales\n11:00 beat", "inf"),
        ("09:00 meeting 10:00", "08:00 beat\n11:00 beat", None),
        ("09:00 work 10:00", "08:00 beat\n11:00 beat", 0.0),
    ],
)
def test_conformance_at_its_edges(
    planned: str, day: str, expected: Any, store: EmbeddedStore
) -> None:
    fold(store, [plan("A", planned), *values(day)])

    assert kept(store)["conformance"] == expected


def test_a_day_with_a_break_a_reason_and_a_call_that_runs_over(store: EmbeddedStore) -> None:
    day = """
        08:00 beat
        09:00 login Anna sales
        10:00 pause Anna sales tea
        10:05 unpause Anna sales
        12:55 enter  c sales
        12:56 ring   c sales Anna
        12:57 answer c sales Anna
        13:10 end    c sales Anna caller
        13:12 pause Anna sales lunch
        13:40 unpause Anna sales
        17:00 logout Anna sales
        18:30 beat
    """
    fold(store, [plan("Anna", "09:00 work 13:00 break 13:30 work 18:00"), *values(day)])

    row = kept(store)

    # Out: 5 min of tea, 2 min ready in the break, 10 min late from it, 60 min gone too soon.
    assert row["out_ms"] == 77 * MINUTE
    # Neutral: 10 min of a call that ran over into the break.
    assert row["neutral_ms"] == 10 * MINUTE
    assert row["in_ms"] == 9 * HOUR - 87 * MINUTE
    assert row["work_in_break_ms"] == 12 * MINUTE
    assert (row["late_ms"], row["left_early_ms"]) == (0, HOUR)


def test_nobody_came(store: EmbeddedStore) -> None:
    fold(store, [plan("Anna", "09:00 work 17:00"), *values("08:00 beat\n18:00 beat")])

    row = kept(store)

    assert (row["adherence"], row["no_show"], row["late_ms"]) == (0.0, True, None)


def test_what_has_not_happened_yet_counts_for_nobody(store: EmbeddedStore) -> None:
    day = "08:00 beat\n09:00 login Anna sales\n10:00 beat"
    fold(store, [plan("Anna", "09:00 work 17:00"), *values(day)])

    row = kept(store)

    assert (row["in_ms"], row["out_ms"], row["scheduled_ms"]) == (HOUR, 0, 8 * HOUR)
    assert (row["no_show"], row["left_early_ms"]) == (None, None)


def test_a_shift_over_midnight_is_one_shift(store: EmbeddedStore) -> None:
    day = """
        20:00 beat
        22:00 login Anna sales
        2026-03-03 06:00:00 logout Anna sales
        2026-03-03 07:00:00 beat
    """
    fold(store, [plan("Anna", "22:00 work 2026-03-03T06:00"), *values(day)])

    row = kept(store)

    assert (row["day"], row["in_ms"], row["adherence"]) == (DAY, 8 * HOUR, 1.0)
    assert rows(
        store, "SELECT * FROM adherence(since = '2026-03-03', until = '2026-03-04')"
    ) == ([])


@pytest.mark.parametrize(
    ("day", "start", "end", "hours"),
    [
        # By the clock of Berlin from 22:00 to 06:00 both times.
        ("2026-03-28", "2026-03-28T21:00", "2026-03-29T04:00", 7),
        ("2026-10-24", "2026-10-24T20:00", "2026-10-25T05:00", 9),
    ],
)
def test_a_night_in_which_the_clock_is_changed(
    day: str, start: str, end: str, hours: int, store: EmbeddedStore
) -> None:
    begin, over = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (start, end))
    lines = [
        (begin - timedelta(hours=1), "beat"),
        (begin, "login Anna sales"),
        (over, "logout Anna sales"),
        (over + timedelta(hours=1), "beat"),
    ]
    text = "\n".join(f"{time:%Y-%m-%d %H:%M:%S} {verb}" for time, verb in lines)
    shift = plan("Anna", f"{start} work {end}", day=day, zone="Europe/Berlin", at=start)
    fold(store, [shift, *values(text)])

    row = kept(store, day, (begin + timedelta(days=2)).date().isoformat())

    assert (row["day"], row["scheduled_ms"], row["in_ms"]) == (day, hours * HOUR, hours * HOUR)


@pytest.mark.parametrize(
    ("verdict", "adherence", "counted"),
    [("excused", 1.0, "in_ms"), ("neutral", 1.0, "neutral_ms")],
)
def test_an_excuse_changes_the_percentage_and_the_old_one_stays_readable(
    verdict: str, adherence: float, counted: str, store: EmbeddedStore
) -> None:
    day = [plan("Anna", "09:00 work 10:00"), *values(LATE)]
    (late,) = violations(run(day)[1], "late_login")
    fold(store, [*day, excuse(late.episode_id, verdict, "11:00:00")])

    row = kept(store)

    assert row["adherence"] == adherence
    assert row[counted] == {"in_ms": 60, "neutral_ms": 10}[counted] * MINUTE
    assert row["adherence_as_ruled"] == pytest.approx(5 / 6)


def test_an_excuse_of_the_late_log_in_counts_for_all_of_the_absence(
    store: EmbeddedStore,
) -> None:
    day = [plan("Anna", "09:00 work 11:00"), *values("08:00 beat\n09:06 beat")]
    (late,) = violations(run(day)[1], "late_login")
    rest = values("09:40 beat\n10:00 login Anna sales\n12:00 beat")
    fold(store, [*day, excuse(late.episode_id, "excused", "09:06:30"), *rest])

    row = kept(store)

    assert (row["adherence"], row["adherence_as_ruled"]) == (1.0, 0.5)


def test_time_in_which_the_source_was_not_heard_is_unknown(store: EmbeddedStore) -> None:
    day = """
        08:00 beat
        09:00 login Anna sales
        10:00 lost
        10:30 member snap Anna sales
        10:30 complete snap
        12:00 beat
    """
    fold(store, [plan("Anna", "09:00 work 11:00"), *values(day)])

    row = kept(store)

    assert (row["in_ms"], row["unknown_ms"]) == (90 * MINUTE, 30 * MINUTE)


@pytest.mark.parametrize(
    "day",
    [
        # The log-in fell into a gap; the source was heard first at ten.
        "08:00 beat\n08:50 lost\n09:30 member s A sales\n09:30 complete s\n12:00 beat",
        "10:00 login A sales\n12:00 beat",
    ],
)
def test_of_what_nobody_heard_nobody_is_late(day: str, store: EmbeddedStore) -> None:
    fold(store, [plan("A", "09:00 work 11:00"), *values(day)])

    row = kept(store)

    assert row["late_ms"] is None
    assert (row["out_ms"], row["no_show"]) == (0, False)


def test_a_day_that_nobody_heard_is_no_no_show(store: EmbeddedStore) -> None:
    fold(store, [plan("A", "09:00 work 11:00"), *values("2026-03-03 08:00:00 beat")])

    row = kept(store)

    assert (row["adherence"], row["no_show"], row["unknown_ms"]) == (None, None, 2 * HOUR)


def test_each_agent_lives_by_the_clock_of_his_own_source(store: EmbeddedStore) -> None:
    ours = "08:00 beat\n08:55 login Anna sales\n10:00 beat"
    log = [plan("Anna", "09:00 work 13:00"), *values(ours, "pbx2")]
    fold(store, [*log, *values("08:00 beat\n14:00 beat", "pbx1")])

    row = kept(store)

    assert (row["in_ms"], row["out_ms"]) == (HOUR, 0)


def test_who_has_been_ready_for_ten_days_is_at_work(store: EmbeddedStore) -> None:
    days = "".join(f"2026-02-{day} 08:00:00 beat\n" for day in range(21, 29))
    log = values(f"2026-02-20 08:00:00 login Anna sales\n{days}08:00 beat\n11:00 beat")
    fold(store, [plan("Anna", "09:00 work 10:00"), *log])

    row = kept(store)

    assert (row["in_ms"], row["out_ms"], row["late_ms"]) == (HOUR, 0, 0)


@pytest.mark.parametrize(
    ("login", "in_ms", "out_ms"),
    [("09:10 login Anna sales", 20 * MINUTE, 10 * MINUTE), ("", 0, 30 * MINUTE)],
)
def test_a_crm_moves_nobody_s_clock(
    login: str, in_ms: int, out_ms: int, store: EmbeddedStore
) -> None:
    """The PBX was heard until half past nine; its CRM, the first by name, until noon."""
    times = ("07:00:00", "12:00:00")
    crm = [told(CaseCreated, at, case_id=at, source="bitrix") for at in times]
    heard = values(f"08:00 beat\n{login}\n09:30 beat")
    fold(store, [plan("Anna", "09:00 work 10:00"), *heard, *crm])

    row = kept(store)

    assert (row["in_ms"], row["out_ms"]) == (in_ms, out_ms)


def test_parts_of_shifts_add_up_to_what_was_planned(store: EmbeddedStore) -> None:
    shifts = plan("Anna", "09:00 work 11:00 break 11:15 work 13:00; 15:00 work 19:00")
    day = "08:00 beat\n09:20 login Anna sales\n18:00 logout Anna sales\n23:30 beat"
    fold(store, [shifts, *values(day)])

    spans = rows(
        store,
        f"SELECT * FROM adherence_spans(since = '{DAY}', until = '2026-03-03') "
        "ORDER BY started_at",
    )
    of_shifts = rows(
        store,
        f"SELECT * FROM adherence(since = '{DAY}', until = '2026-03-03') ORDER BY day, in_ms",
    )

    assert sum(each["duration_ms"] for each in spans if each["activity"]) == 8 * HOUR
    # Between the shifts he stayed: two hours after the first, which are nobody's but its own.
    assert [each["beyond_ms"] for each in of_shifts] == [0, 2 * HOUR]
    for earlier, later in itertools.pairwise(spans):
        assert earlier["ended_at"] <= later["started_at"]


@pytest.mark.parametrize("since", ["1970-01-01", "2026-03-09"])
def test_a_stretch_without_a_shift_is_empty_wherever_it_begins(
    since: str, store: EmbeddedStore
) -> None:
    """Of 9 to 3 March there is nothing; what began before 1970 is not looked for."""
    query = f"SELECT * FROM adherence(since = '{since}', until = '2026-03-03')"

    assert rows(store, query) == []
