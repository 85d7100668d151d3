"""Clocks that step or run ahead, and values that cannot be used."""

import msgspec
import pytest

import schemas.events as e
from schemas.facts import Fact
from stream_processors.core.state import State
from tests.readings import legs, rejected
from tests.timetable import events, moment, run, values


def told(text: str) -> tuple[State, list[Fact]]:
    return run(values(text))


# --- clocks -------------------------------------------------------------------------------


def test_a_clock_set_back_between_join_and_answer_makes_no_negative_wait() -> None:
    state, facts = told("""
        09:00:10      enter  a sales
        09:00:05      leave  a sales
        09:00:05.001  answer a sales Anna
        09:01:00      end    a sales Anna caller
    """)

    (leg,) = legs(facts)
    # Of the entry only the clock of before tells; the talk lasted 55 s by the one of after it.
    assert (leg.outcome, leg.wait_ms, leg.entered_at) == ("answered", 0, moment("09:00:05"))
    assert leg.answered_at == moment("09:00:05")
    assert leg.talk_ms == 55_000
    assert state.queues["sales"].difference() == 0


def test_a_clock_set_back_between_join_and_abandon_makes_no_second_leg() -> None:
    _, facts = told("""
        09:00:10  enter   a sales
        09:00:02  abandon a sales
    """)

    assert [(leg.outcome, leg.wait_ms) for leg in legs(facts)] == [("abandoned", 0)]


def test_an_instant_told_with_an_offset_is_the_same_instant() -> None:
    entered, answered = events("09:00:00.100 enter a sales\n09:00:00.900 answer a sales Anna")
    elsewhere = msgspec.structs.replace(entered, time="2026-03-02T12:00:00.100+03:00")
    digits = msgspec.structs.replace(entered, id="z", time="2026-03-02T09:00:00.050+03:00")

    _, facts = run([e.encode(elsewhere), e.encode(answered)])
    state, _ = run([e.encode(digits), e.encode(answered)])

    assert [leg.wait_ms for leg in legs(facts)] == [800]
    assert state.sources["pbx1"].clock == moment("09:00:00.900")


@pytest.mark.parametrize(
    ("ahead", "reasons", "clock"),
    [("09:02:00", [], "09:02:00"), ("09:02:00.001", ["future"], "09:00:00")],
)
def test_an_event_from_more_than_two_minutes_ahead_moves_no_clock(
    ahead: str, reasons: list[str], clock: str
) -> None:
    now, later = events(f"09:00:00 enter a sales\n{ahead} enter b sales")
    received = msgspec.structs.replace(later, recordedtime=now.time)

    state, facts = run([e.encode(now), e.encode(received)])

    assert [each.reason for each in rejected(facts)] == reasons
    assert state.sources["pbx1"].clock == moment(clock)
    assert len(legs(facts)) == 2 - len(reasons)


def test_a_clock_that_begins_in_1970_is_one_like_any_other() -> None:
    """That of a PBX without a battery, until somebody sets it."""
    lines = """
        00:00:01  login  Anna sales
        00:00:10  enter  a sales
        00:00:15  answer a sales Anna
        00:01:00  end    a sales Anna caller
        00:15:00  beat
        00:45:00  beat
    """
    begun = [
        msgspec.structs.replace(event, time=event.time.replace("2026-03-02", "1970-01-01"))
        for event in events(lines)
    ]

    _, facts = run([e.encode(event) for event in begun])

    assert [(leg.outcome, leg.talk_ms) for leg in legs(facts)] == [("answered", 45_000)]


def test_when_the_newest_word_of_a_source_came_is_told_by_our_clock() -> None:
    """Its clock is 100 s ahead of ours, and is set back by 10 s in between."""
    told = events("09:01:40 enter a sales\n09:01:41 beat\n09:01:31 beat\n09:01:42 beat")
    received = [
        msgspec.structs.replace(event, recordedtime=f"2026-03-02T09:00:{second}.000Z")
        for event, second in zip(told, ("00", "01", "02", "12"), strict=True)
    ]

    heard = []
    for count in range(1, 5):
        state, _ = run([e.encode(each) for each in received[:count]])
        (feed,) = state.sources["pbx1"].feeds.values()
        heard.append(feed.received_at)

    wanted = ["09:00:00", "09:00:01", "09:00:01", "09:00:12"]
    assert heard == [moment(each) for each in wanted]


# --- values that cannot be used -----------------------------------------------------------


def test_events_of_a_foreign_tenant_are_rejected_whole() -> None:
    (mine,) = events("09:00:00 enter a sales")
    (theirs,) = events("09:00:01 enter b sales")
    foreign = e.encode(msgspec.structs.replace(theirs, tenant="other"))

    state, facts = run([foreign, e.encode(mine)])

    (refused,) = rejected(facts)
    assert (refused.reason, refused.content) == ("foreign", foreign)
    assert state.rejected == {"foreign": 1}
    assert [leg.interaction_id for leg in legs(facts)] == ["a"]


GOOD = values("09:00:00 enter a sales")[0]


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[" * 100_000,
        GOOD.replace(b"cc.queue.entered.v1", b"cc.queue.entered.v9"),
        GOOD.replace(b'"time":"2026-03-02T09:00:00.000Z"', b'"time":"yesterday"'),
        GOOD.replace(b'"time":"2026-03-02T09:00:00.000Z"', b'"time":"2026-03-02T09:00:00"'),
        GOOD.replace(b'"time":"2026-03-02T09:00:00.000Z",', b""),
        GOOD.replace(b"2026-03-02T", b"9999-12-31T"),
        GOOD.replace(b"2026-03-02T", b"0001-01-01T"),
        GOOD.replace(b'"recordedtime":"2026-03-02', b'"recordedtime":"Monday'),
        GOOD.replace(b'"sequence":', b'"sequence":"many","was":'),
        values("09:00:00 boot yesterday")[0],
    ],
    ids=[
        "empty", "not json", "not UTF-8", "absurd nesting", "unknown type", "no time",
        "time without zone", "time missing", "end of all days", "first of all days",
        "no time of receipt", "wrong type", "started at no time",
    ],
)  # fmt: skip
def test_a_malformed_value_is_kept_and_the_rest_goes_on(bad: bytes) -> None:
    state, facts = run([GOOD, bad, *values("09:00:10 answer a sales Anna")], size=3)

    (refused,) = rejected(facts)
    assert (refused.reason, refused.content) == ("malformed", bad)
    assert state.position == 3
    assert [(leg.outcome, leg.wait_ms) for leg in legs(facts)] == [("answered", 10_000)]
