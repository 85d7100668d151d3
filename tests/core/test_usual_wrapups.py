"""After-work held against what is usual in its queue; percentiles and instants by hand."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.facts import Fact, Violation
from stream_processors.core.discipline.lengths import Lengths
from stream_processors.core.pipeline import freeze, thaw
from tests.core.judged import evidence, under
from tests.phones import called_out
from tests.readings import violations
from tests.timetable import moment, run, values

RULE: dict[str, Any] = {"acw_too_long": {"least_count": 10}}
"""Limit 60 s, grace 15 s, twice the 90th percentile, critical at four limits."""

TENS = tuple(range(10, 101, 10))
"""Ten lengths [s]; the ninth, 90 s, is their 90th percentile."""

IN = "2026-03-01 08:00:00 login Anna sales\n2026-03-01 08:00:00 login Anna support\n"


def call(at: str, length: float | None, queue: str = "sales", after: float = 0) -> str:
    """Return a talk of ten seconds and the after-work that follows, of so many seconds."""
    start = datetime.fromisoformat(at)
    began = start + timedelta(seconds=10 + after)
    name = f"c{start:%d%H%M}"
    lines = [
        f"{start} enter {name} {queue}",
        f"{start} answer {name} {queue} Anna",
        f"{start + timedelta(seconds=10)} end {name} {queue} Anna caller",
        f"{began} pause Anna * wrap",
    ]
    if length is not None:
        lines.append(f"{began + timedelta(seconds=length)} unpause Anna *")
    return "\n".join(lines) + "\n"


def day(date: str, lengths: Sequence[float], queue: str = "sales") -> str:
    """Return after-works of a morning, a call each five minutes from nine o'clock on."""
    nine = datetime.fromisoformat(f"{date} 09:00:00")
    return "".join(
        call(str(nine + timedelta(minutes=5 * n)), length, queue)
        for n, length in enumerate(lengths)
    )


def found(text: str, rules: dict[str, Any] = RULE, size: int = 1, **policies: Any) -> list[Any]:
    """Return severity, firing and end of the episodes of the third of March and later."""
    facts = run(values(IN + text), under(rules, **policies), size=size)[1]
    return shown(facts)


def shown(facts: list[Fact]) -> list[Any]:
    return [
        (each.severity, each.fired_at, each.cleared_at)
        for each in violations(facts, "acw_too_long")
        if each.pending_at >= moment("2026-03-03 00:00:00")
    ]


def one(text: str, rules: dict[str, Any] = RULE, **policies: Any) -> Violation:
    """Return the last episode."""
    facts = run(values(IN + text), under(rules, **policies))[1]
    return violations(facts, "acw_too_long")[-1]


YESTERDAY = day("2026-03-02", TENS)
TODAY = "2026-03-03 09:00:00"  # after-work begins at 09:00:10


# --- what is usual --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lengths", "p90"),
    [
        ([], 0),
        ([7], 7),
        (TENS, 90),  # rank 9 of 10
        ([*TENS, 200], 100),  # rank 9.9, so the tenth of 11
        ([5] * 90 + [8] * 10, 5),  # rank 90 of 100
        ([5] * 89 + [8] * 11, 8),
        ([3600, 1, 1], 3600),  # rank 2.7, so the third
    ],
)
def test_the_percentile_is_the_length_of_the_nearest_rank(
    lengths: Sequence[int], p90: int
) -> None:
    counted = Lengths()
    for length in reversed(lengths):
        counted.count(moment("2026-03-02 00:00:00"), length, 1)

    usual = counted.usual(moment("2026-03-03 00:00:00"), "UTC")

    assert usual == (p90, len(lengths))


def test_what_is_taken_back_leaves_no_trace() -> None:
    monday, tuesday = moment("2026-03-02 00:00:00"), moment("2026-03-03 00:00:00")
    counted = Lengths()
    counted.count(monday, 7, 1)
    assert counted.usual(tuesday, "UTC") == (7, 1)

    counted.count(monday, 7, -1)

    assert counted.usual(tuesday, "UTC") == (0, 0)
    assert counted == Lengths()


# --- the limit ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_after_work_is_too_long_at_twice_what_is_usual(size: int) -> None:
    """Twice 90 s and 15 s of grace after 09:00:10 it is 09:03:25."""
    text = YESTERDAY + call(TODAY, 240.5) + "2026-03-03 09:30:00 beat"

    assert found(text, size=size) == [
        ("warning", moment("2026-03-03 09:03:25"), moment("2026-03-03 09:04:10.5"))
    ]


def test_what_makes_the_limit_stands_in_the_evidence() -> None:
    episode = one(YESTERDAY + call(TODAY, 300))

    assert episode.pending_at == moment("2026-03-03 09:03:10")
    told = evidence(episode)
    assert (told["limit_ms"], told["p90_ms"], told["wrapups"]) == (180_000, 90_000, 10)
    assert told["queue_id"] == "sales"
    assert '"times_p90":2.0' in episode.thresholds


def test_it_is_critical_at_four_times_that() -> None:
    """Four times 180 s and 15 s after 09:00:10 it is 09:12:25."""
    episode = one(YESTERDAY + call(TODAY, None) + "2026-03-03 09:12:26 beat")

    assert (episode.severity, evidence(episode)["critical_at"]) == (
        "critical",
        moment("2026-03-03 09:12:25"),
    )


def test_what_is_usual_does_not_lower_the_limit_that_is_set() -> None:
    episode = one(day("2026-03-02", [5] * 10) + call(TODAY, 300))

    assert episode.fired_at == moment("2026-03-03 09:01:25")
    assert evidence(episode)["p90_ms"] == 5_000


@pytest.mark.parametrize(
    "rules",
    [
        {"acw_too_long": {"least_count": 11}},
        {"acw_too_long": {"least_count": 10, "times_p90": 0}},
    ],
    ids=["too few", "off"],
)
def test_else_the_limit_that_is_set_holds_alone(rules: dict[str, Any]) -> None:
    episode = one(YESTERDAY + call(TODAY, 300), rules)

    assert episode.fired_at == moment("2026-03-03 09:01:25")
    assert "p90_ms" not in evidence(episode)


# --- which after-work counts ----------------------------------------------------------------


def test_that_of_another_queue_does_not() -> None:
    others = day("2026-03-02", TENS, "support")

    assert one(others + call(TODAY, 300)).fired_at == moment("2026-03-03 09:01:25")
    assert one(others + call(TODAY, 300, "support")).fired_at == moment("2026-03-03 09:03:25")


@pytest.mark.parametrize(
    ("after", "fires"), [(60, "09:04:25"), (60.001, "09:02:25.001")], ids=["minute", "longer"]
)
def test_it_is_of_the_queue_whose_call_ended_within_a_minute_before(
    after: float, fires: str
) -> None:
    """It begins at 09:01:10; the limit is 180 s, or 60 s where it is of no queue."""
    episode = one(YESTERDAY + call(TODAY, 400, after=after))

    assert episode.fired_at == moment(f"2026-03-03 {fires}")


def test_it_is_of_the_call_that_ended_last() -> None:
    """A call of support that ended twenty seconds before the one of sales changes nothing."""
    before = """
        2026-03-03 08:59:00 enter  b support
        2026-03-03 08:59:00 answer b support Anna
        2026-03-03 08:59:50 end    b support Anna caller
    """

    assert evidence(one(YESTERDAY + before + call(TODAY, 300)))["queue_id"] == "sales"


def test_that_of_the_same_day_does_not() -> None:
    text = day("2026-03-03", TENS) + call("2026-03-03 12:00:00", 300)

    assert one(text).fired_at == moment("2026-03-03 12:01:25")


@pytest.mark.parametrize(
    ("date", "fires"), [("2026-03-09", "09:03:25"), ("2026-03-10", "09:01:25")]
)
def test_that_of_the_seventh_day_before_does_and_of_the_eighth_does_not(
    date: str, fires: str
) -> None:
    text = YESTERDAY + call(f"{date} 09:00:00", 300)

    assert one(text).fired_at == moment(f"{date} {fires}")


def test_it_counts_in_the_local_day_in_which_it_ends() -> None:
    """In Tokyo it is midnight at 15:00 UTC. The tenth of 90 s and more decides."""
    nine = day("2026-03-02", TENS[:-1])
    today = call("2026-03-02 15:10:00", 300)

    def limit(began: str) -> int:
        episode = one(nine + call(began, 100) + today, timezone="Asia/Tokyo")
        found: int = evidence(episode)["limit_ms"]
        return found

    assert limit("2026-03-02 14:58:09") == 180_000  # from 14:58:19 until 14:59:59
    assert limit("2026-03-02 14:58:10") == 60_000  # from 14:58:20 until 15:00:00


def test_one_that_lasts_over_midnight_is_judged_by_the_day_of_its_beginning() -> None:
    text = day("2026-03-02", TENS) + call("2026-03-02 23:59:30", 300)

    assert one(text).fired_at == moment("2026-03-03 00:00:55")


def test_one_that_ended_unseen_does_not() -> None:
    """Without it, nine are too few."""
    unseen = """
        2026-03-02 12:00:00 enter  b sales
        2026-03-02 12:00:00 answer b sales Anna
        2026-03-02 12:00:10 end    b sales Anna caller
        2026-03-02 12:00:10 pause  Anna * wrap
        2026-03-02 12:01:00 lost
        2026-03-02 12:10:00 beat
        2026-03-02 12:10:00 member s Anna sales
        2026-03-02 12:10:00 member s Anna support
        2026-03-02 12:10:01 complete s
    """
    text = day("2026-03-02", TENS[:-1]) + unseen + call(TODAY, 300)

    assert one(text).fired_at == moment("2026-03-03 09:01:25")


def test_hours_count_as_one_hour() -> None:
    text = day("2026-03-02", TENS[:-2]) + call("2026-03-02 10:00:00", 2 * 3600)
    text += call("2026-03-02 14:00:00", 3 * 3600) + call(TODAY, 3 * 3600)

    assert evidence(one(text))["p90_ms"] == 3_600_000


# --- what comes late ------------------------------------------------------------------------

AT_MIDNIGHT = "2026-03-03 00:01:00"  # after-work begins at 00:01:10


def test_an_after_work_of_yesterday_that_is_told_of_late_takes_an_episode_back() -> None:
    """With the tenth, of 120 s until 23:59:30, the limit is 180 s: 90 s are not too long."""
    tenth = call("2026-03-02 23:57:20", 120).splitlines()
    begun, end = "\n".join(tenth[:-1]) + "\n", tenth[-1]
    log = values(IN + day("2026-03-02", TENS[:-1]) + begun)
    today = values(call(AT_MIDNIGHT, 90) + "2026-03-03 00:03:00 beat")
    late = values(end)

    _, straight = run([*log, *late, *today], under(RULE))
    state, facts = run([*log, *today], under(RULE))
    assert shown(facts) == [
        ("warning", moment("2026-03-03 00:02:25"), moment("2026-03-03 00:02:40"))
    ]
    state, more = run(late, under(RULE), thaw(freeze(state)))

    assert shown(straight) == []
    assert shown(facts + more) == []
    assert state.dirty_days == []


def test_a_call_that_is_told_of_late_gives_an_after_work_its_queue() -> None:
    told = call(TODAY, 90)
    late = "\n".join(told.splitlines()[:3]) + "\n"
    rest = "\n".join(told.splitlines()[3:]) + "\n"
    log = values(IN + YESTERDAY + rest + "2026-03-03 09:03:00 beat")

    state, facts = run(log, under(RULE))
    assert shown(facts) == [
        ("warning", moment("2026-03-03 09:01:25"), moment("2026-03-03 09:01:40"))
    ]
    _, more = run(values(late), under(RULE), state)
    assert shown(facts + more) == []


# --- memory ---------------------------------------------------------------------------------


def test_after_a_month_the_last_days_are_remembered_and_no_others() -> None:
    days = [f"2026-03-{n:02}" for n in range(2, 31)]
    text = "".join(day(date, TENS) for date in days) + "2026-03-30 23:00:00 beat"

    state, _ = run(values(IN + text), under(RULE), size=100)

    kept = state.docket.lengths["sales"].days
    assert 8 <= len(kept) <= 9
    assert max(kept) == moment("2026-03-30 00:00:00")
    assert sum(sum(each.values()) for each in kept.values()) == 10 * len(kept)


def test_a_long_one_that_goes_on_is_still_judged_by_the_days_before_it() -> None:
    """It lasts for three days, in which others work and what is old is forgotten."""
    others = "2026-03-03 08:00:00 login Boris sales\n" + "".join(
        f"2026-03-{n:02} {hour:02}:00:00 beat\n" for n in (3, 4, 5, 6) for hour in range(9, 24)
    )
    lines = (IN + YESTERDAY + call(TODAY, None)).splitlines() + others.splitlines()
    text = "\n".join(sorted(line.strip() for line in lines))
    state, facts = run(values(text), under(RULE))
    _, more = run(values("2026-03-07 09:00:00 unpause Anna *"), under(RULE), state)

    (episode,) = [
        each
        for each in violations(facts + more, "acw_too_long")
        if each.pending_at > moment("2026-03-03 00:00:00")
    ]
    assert episode.fired_at == moment("2026-03-03 09:03:25")
    assert episode.cleared_at == moment("2026-03-07 09:00:00")


# --- other calls ----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 1_000])
def test_after_work_that_follows_an_outbound_call_is_of_no_queue(size: int) -> None:
    """A queue's call ended at 09:00:10, his own at 09:00:40; 60 s and 15 s from 09:00:41 on."""
    phone = IN.replace("sales\n", "sales 0 SIP/anna\n")
    begin, rest = call(TODAY, 264, after=31).split("2026-03-03 09:00:41", 1)
    text = phone + YESTERDAY + begin + called_out("2026-03-03") + f"2026-03-03 09:00:41{rest}"

    facts = run(values(text), under(RULE), size=size)[1]

    (_, fired, _) = shown(facts)[-1]
    assert fired == moment("2026-03-03 09:01:56")
    last = violations(facts, "acw_too_long")[-1]
    assert "queue_id" not in evidence(last)
    assert last.queue_id == ""


def test_an_episode_is_of_the_queue_also_where_nothing_is_known_of_it() -> None:
    """Reports by queue count it; the limit is the one that is set."""
    alone = one(call(TODAY, 100))

    assert alone.queue_id == "sales"
    assert "p90_ms" not in evidence(alone)
