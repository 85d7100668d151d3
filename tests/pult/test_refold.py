"""A re-fold from a checkpoint comes to what a fold of everything in order comes to."""

import random
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import schemas.events as e
from pult.refold import refold, refold_days
from schemas.facts import DayDirty, Fact, Leg
from sql.digest import digest, total
from sql.embedded import EmbeddedStore
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import State, Terms
from tests.core.test_order import counted
from tests.days import MIDNIGHTS, ZONE, Days, days, local_terms
from tests.readings import newest
from tests.timetable import events, moment, run, terms

_TENANTS = count()


def new_tenant() -> str:
    """Return a name that no other example uses: the store is one for all."""
    return f"tenant{next(_TENANTS)}"


def drawn(examples: int) -> settings:
    return settings(
        # A failure is told as it is found: to shrink one takes minutes, each example a second.
        phases=[Phase.explicit, Phase.generate],
        max_examples=examples, deadline=None, derandomize=True, database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )  # fmt: skip


def keep(store: EmbeddedStore, events: Sequence[e.Event], position: int) -> None:
    store.writer.write_events(events, [(0, position)] * len(events), f"{events[0]}{position}")


def said_by(store: EmbeddedStore, tenant: str) -> str:
    return total(digest(store.client, ZONE, tenant))


def expected(
    store: EmbeddedStore, told: Sequence[e.Event], under: Callable[[int], Terms] = local_terms
) -> tuple[str, State]:
    """Return digest and state of one fold of everything in order, which knows no store."""
    tenant, twin = told[0].tenant, new_tenant()
    state, facts = run(
        [e.encode(event) for event in told],
        under(1),
        State(tenant, tenant),
        size=7,
    )
    last = [replace(fact, tenant=twin, domain=twin) for fact in newest(facts).values()]
    store.writer.write_facts(last, twin)
    return said_by(store, twin), state


def known(state: State) -> dict[str, Any]:
    """Return what a state knows, without what depends on how its log was cut into batches."""
    clock = max(source.clock for source in state.sources.values())
    return {
        "counted": counted(state),
        "calls": {key: [s.account for s in line.settled] for key, line in state.lines.items()},
        "agents": {key: each.now for key, each in state.agents.items()},
        "teams": {
            key: {s: n for s, n in t.states.items() if n} for key, t in state.teams.items()
        },
        "occupancy": {
            key: t.occupancy(clock - 1_800_000, clock) for key, t in state.teams.items()
        },
        "clock": clock,
    }


def late(told: Sequence[e.Event], seed: int, share: float) -> list[e.Event]:
    """Return some of the events of one stretch, at least one."""
    chance = random.Random(seed)
    begin = chance.randrange(len(told))
    stretch = told[begin : begin + 30]
    return [event for event in stretch if chance.random() < share] or [told[begin]]


def dates(events: Sequence[e.Event]) -> set[str]:
    """Return local days no later than those of events: UTC minus 9 hours."""
    return {
        f"2026-03-{int(event.time[8:10]) - (event.time[11:13] < '09'):02}" for event in events
    }


def check_refold_after_refold(
    store: EmbeddedStore, several: Days, seed: int, share: float
) -> bool:
    """Tell whether it began at a checkpoint."""
    told = several.events(new_tenant())
    tenant = told[0].tenant
    tardy = late(told, seed, share)
    punctual = [event for event in told if event not in tardy]

    keep(store, punctual, 100)
    refold(store, tenant, tenant, local_terms(refold_at=100))
    keep(store, tardy, 200)
    done = refold_days(store, tenant, tenant, local_terms(refold_at=200), dates(tardy))

    digested, state = expected(store, told)
    assert said_by(store, tenant) == digested
    assert done.state.position == 200
    assert known(done.state) == known(state)
    return done.since_ms > 0


LATE = {"seed": st.integers(0, 1 << 30), "share": st.sampled_from((0.2, 0.9))}


@drawn(5)
@given(several=days(), **LATE)
def test_a_day_folded_again_from_a_checkpoint_is_as_if_nothing_had_been_late(
    store: EmbeddedStore, several: Days, seed: int, share: float
) -> None:
    check_refold_after_refold(store, several, seed, share)


@pytest.mark.soak
def test_a_day_folded_again_from_a_checkpoint_is_as_if_nothing_had_been_late_soak(
    store: EmbeddedStore,
) -> None:
    begun: list[bool] = []

    @drawn(60)
    @given(several=days(), **LATE)
    def check(several: Days, seed: int, share: float) -> None:
        begun.append(check_refold_after_refold(store, several, seed, share))

    check()
    assert sum(begun) > len(begun) / 4


def told_again(
    store: EmbeddedStore,
    timetable: str,
    *tardy: str,
    under: Callable[[int], Terms] = local_terms,
) -> None:
    """Tell a timetable, then what its lines with these words say; compare."""
    tenant = new_tenant()
    told = [replace(event, tenant=tenant, domain=tenant) for event in events(timetable)]
    late_ids = {each.id for line in tardy for each in events(line)}
    punctual = [event for event in told if event.id not in late_ids]
    assert len(told) - len(punctual) == len(tardy)

    keep(store, punctual, 100)
    refold(store, tenant, tenant, under(100))
    keep(store, [event for event in told if event.id in late_ids], 200)
    done = refold_days(store, tenant, tenant, under(200), {"2026-03-07"})

    assert done.since_ms == moment(f"{MIDNIGHTS[0]}:00")
    assert said_by(store, tenant) == expected(store, told, under)[0]


def test_what_was_said_of_yesterday_after_the_checkpoint_is_corrected(
    store: EmbeddedStore,
) -> None:
    told_again(
        store,
        """
        2026-03-07 08:50:00  login  Boris sales
        2026-03-07 09:10:00  enter  a vip
        2026-03-07 09:10:01  ring   a vip Boris
        2026-03-07 09:20:00  hangup a
        2026-03-09 09:00:00  logout Boris sales
        """,
        "2026-03-07 09:10:01  ring   a vip Boris",
    )


def test_what_was_said_of_yesterday_and_no_longer_holds_is_voided(store: EmbeddedStore) -> None:
    told_again(
        store,
        """
        2026-03-07 08:50:00  login  Boris sales
        2026-03-07 08:59:58  pause  Boris sales lunch
        2026-03-07 09:00:01  login  Boris vip
        2026-03-07 09:10:00  unpause Boris sales
        2026-03-09 09:00:00  logout Boris sales
        """,
        "2026-03-07 09:00:01  login  Boris vip",
    )


def test_a_violation_that_began_yesterday_and_fired_today_is_voided_where_it_did_not(
    store: EmbeddedStore,
) -> None:
    """The first of the misses in a row is of yesterday; the second comes too late."""
    told_again(
        store,
        """
        2026-03-07 08:57:00      enter  a vip
        2026-03-07 08:57:00.010  ring   a vip Anna
        2026-03-07 08:57:00.500  miss   a vip Anna
        2026-03-07 08:57:01      ring   a vip Clara
        2026-03-07 08:57:02      answer a vip Clara
        2026-03-07 08:57:19      end    a vip Clara
        2026-03-07 08:57:19.003  hangup a
        2026-03-07 09:05:00      enter  b sales
        2026-03-07 09:05:01      ring   b sales Anna
        2026-03-07 09:05:03      miss   b sales Anna
        2026-03-07 09:05:10      hangup b
        2026-03-07 09:10:00      enter  c sales
        2026-03-07 09:10:01      ring   c sales Anna
        2026-03-07 09:10:03      miss   c sales Anna
        2026-03-07 09:10:30      hangup c
        2026-03-09 09:00:00      beat
        """,
        "2026-03-07 09:05:01      ring   b sales Anna",
        "2026-03-07 09:05:03      miss   b sales Anna",
    )


def test_a_call_that_may_last_two_days_is_not_let_go_before_it_is_given_up(
    store: EmbeddedStore,
) -> None:
    """What a checkpoint has forgotten while it was open would be taken back."""
    told_again(
        store,
        """
        2026-03-05 08:00:00  starts trunk1
        2026-03-05 08:00:01  starts anna1@trunk1
        2026-03-05 08:00:10  picks  anna1@trunk1
        2026-03-05 08:00:10  joins  anna1@trunk1 b
        2026-03-05 08:00:10  joins  trunk1 b
        2026-03-06 10:00:00  enter  a vip
        2026-03-06 10:00:20  hangup a
        2026-03-07 08:00:00  enter  b vip
        2026-03-07 08:00:20  hangup b
        2026-03-07 09:10:00  enter  c vip
        2026-03-07 09:20:00  hangup c
        2026-03-09 09:00:00  beat
        """,
        "2026-03-07 09:20:00  hangup c",
        under=lambda refold_at: terms(
            refold_at, timezone=ZONE, max_open="2d", agents={"Anna": {"devices": ["SIP/anna"]}}
        ),
    )


@pytest.mark.parametrize(
    ("first", "tardy"),
    [
        # A leg of 8 s of waiting seems to have begun yesterday, until its beginning is told.
        ("", "2026-03-07 09:00:00.500 enter a vip"),
        # So is one that an earlier re-fold said, and the one that made the checkpoint did not.
        ("2026-03-08 10:00:00 enter b vip", "2026-03-07 09:00:00.500 enter a vip"),
    ],
)
def test_what_began_yesterday_as_the_checkpoint_s_own_fold_said_later_is_voided(
    store: EmbeddedStore, first: str, tardy: str
) -> None:
    tenant = new_tenant()

    def of(text: str) -> list[e.Event]:
        return [replace(each, tenant=tenant, domain=tenant) for each in events(text)]

    known = of("""
        2026-03-07 08:50:00  login  Boris vip
        2026-03-07 09:00:03  log: answer a vip Boris 8
        2026-03-07 09:10:00  hangup a
        2026-03-09 09:00:00  logout Boris vip
    """)
    keep(store, known, 100)
    refold(store, tenant, tenant, local_terms(refold_at=100))
    if first:
        keep(store, of(first), 150)
        refold(store, tenant, tenant, local_terms(refold_at=150))
    keep(store, of(tardy), 200)
    done = refold_days(store, tenant, tenant, local_terms(refold_at=200), {"2026-03-07"})

    assert done.since_ms == moment(f"{MIDNIGHTS[0]}:00")
    told = sorted([*known, *of(first), *of(tardy)], key=lambda each: each.time)
    assert said_by(store, tenant) == expected(store, told)[0]
    legs = f"SELECT count() FROM legs WHERE tenant = '{tenant}' AND agent_id = 'Boris'"
    assert store.query(legs) == b"1\n"


def test_what_a_late_event_corrects_was_known_when_that_was_received(
    store: EmbeddedStore,
) -> None:
    """An answer of the 7th is told on the 9th, of a call that seemed to be lost."""
    tenant, received = new_tenant(), "2026-03-09T10:00:00.000Z"
    told = events("""
        2026-03-07 09:00:00  login  Boris sales
        2026-03-07 09:10:00  enter  a vip
        2026-03-07 09:10:05  answer a vip Boris
        2026-03-07 09:21:00  hangup a
        2026-03-09 09:00:00  logout Boris sales
    """)
    log = [replace(event, tenant=tenant, domain=tenant) for event in told]
    (answer,) = (each for each in log if isinstance(each, e.LegConnected))
    keep(store, [each for each in log if each is not answer], 100)
    refold(store, tenant, tenant, local_terms(refold_at=100))
    keep(store, [replace(answer, recordedtime=received)], 200)

    refold_days(store, tenant, tenant, local_terms(refold_at=200), {"2026-03-07"})

    revisions = store.client.query(
        "SELECT outcome, toString(known_at) FROM pult.leg_revisions WHERE tenant = "
        f"'{tenant}' ORDER BY revision"
    ).result_rows
    assert revisions == [
        ("system", "2026-03-07 09:21:00.000"), ("answered", "2026-03-09 10:00:00.000")
    ]  # fmt: skip


def live(store: EmbeddedStore, tenant: str, log: Sequence[e.Event]) -> list[Fact]:
    """Fold a log as it came, store what was said; return it."""
    state, under = State(tenant, tenant), local_terms()
    records = [Record(n, e.encode(event)) for n, event in enumerate(log, 1)]
    facts: list[Fact] = []
    for begin in range(0, len(records), 5):
        facts += apply(state, Batch(tuple(records[begin : begin + 5])), under)
    store.writer.write_events(log, [(0, n) for n in range(1, len(log) + 1)], f"{log[0]}")
    store.writer.write_facts(facts, f"{log[0]}")
    return facts


def check_refold_after_live(
    store: EmbeddedStore, several: Days, seed: int, share: float
) -> None:
    told = several.events(new_tenant())
    tenant = told[0].tenant
    tardy = late(told, seed, share)
    log = [event for event in told if event not in tardy] + tardy

    facts = live(store, tenant, log)
    dirty = {fact.day for fact in facts if isinstance(fact, DayDirty)}
    if dirty:
        refold_days(store, tenant, tenant, local_terms(refold_at=len(log)), dirty)

    digested, _ = expected(store, told)
    assert said_by(store, tenant) == digested
    assert store.query(f"SELECT count() FROM dirty_days WHERE tenant = '{tenant}'") == b"0\n"


@drawn(4)
@given(several=days(3), **LATE)
def test_what_was_said_live_and_no_longer_holds_is_corrected(
    store: EmbeddedStore, several: Days, seed: int, share: float
) -> None:
    check_refold_after_live(store, several, seed, share)


@pytest.mark.soak
@drawn(50)
@given(several=days(3), **LATE)
def test_what_was_said_live_and_no_longer_holds_is_corrected_soak(
    store: EmbeddedStore, several: Days, seed: int, share: float
) -> None:
    check_refold_after_live(store, several, seed, share)


def test_what_was_said_live_at_the_very_position_of_a_re_fold_gives_way_to_it(
    store: EmbeddedStore,
) -> None:
    tenant = new_tenant()
    told = [
        replace(event, tenant=tenant, domain=tenant)
        for event in events("""
            2026-03-07 08:50:00  login  Boris sales
            2026-03-07 09:10:00  enter  a vip
            2026-03-07 09:10:01  ring   a vip Boris
            2026-03-07 09:10:09  answer a vip Boris
            2026-03-07 09:20:00  hangup a
            2026-03-08 09:10:00  enter  b vip
            2026-03-08 09:20:00  hangup b
        """)
    ]
    at = len(told)
    facts = live(store, tenant, told)
    answered = next(fact for fact in facts if isinstance(fact, Leg) and fact.agent_id)
    wrong = [
        replace(answered, outcome="system", agent_id="", revision=at),
        replace(answered, leg_id="of nobody", revision=at),
    ]
    digested, _ = expected(store, told)

    # Also when a crash has them said again after the re-fold: the day is still dirty then.
    for token in ("before", "after"):
        store.writer.write_facts(wrong, f"{tenant} {token}")
        assert said_by(store, tenant) != digested
        refold_days(store, tenant, tenant, local_terms(refold_at=at), {"2026-03-07"})

        assert said_by(store, tenant) == digested
