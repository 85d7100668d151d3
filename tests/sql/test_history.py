"""Events come back as they went in; what a re-fold leaves out is voided."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.events import Event, SourceNoted, SourceNotedData, decode
from sql.embedded import EmbeddedStore
from sql.history import read_stored, void_missing
from tests.sql.examples import (
    MORNING,
    entered,
    facts_of_each_kind,
    heartbeat,
    leg,
    moment,
    wall_sample,
)

HOUR = 3_600_000


def stored(store: EmbeddedStore, batch: int = 20_000) -> list[tuple[int, Event]]:
    batches = read_stored(store.client, "demo", "demo", batch)
    return [(told.offset, decode(told.value)) for each in batches for told in each]


@pytest.mark.parametrize("batch", [1, 3, 10, 11, 1000])
def test_events_come_in_event_time_order_each_once(store: EmbeddedStore, batch: int) -> None:
    events = [heartbeat(3), *map(entered, (4, 2_700_000, 0, 3, 1)), entered(0, feed="log")]
    twice: list[Event] = [*events, entered(4)]
    positions = [(0, 10 + n) for n in range(len(events))]
    store.writer.write_events(twice, [*positions, positions[1]], "a")

    expected = sorted(
        zip((offset for _, offset in positions), events, strict=True),
        key=lambda each: (
            each[1].time, each[1].source, each[1].feed, each[1].sequence, each[1].id,
        ),
    )  # fmt: skip
    assert stored(store, batch) == expected


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INSTANT = st.integers(0, 4_102_444_800_000).map(moment)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(TEXT, TEXT, TEXT, st.lists(TEXT), INSTANT, INSTANT, st.integers(-(2**63), 2**63 - 1))
def test_any_event_comes_back_equal(
    store: EmbeddedStore,
    source: str,
    subject: str,
    agent: str,
    fields: list[str],
    time: str,
    received: str,
    sequence: int,
) -> None:
    store.client.command("TRUNCATE TABLE pult.events")
    data = SourceNotedData(verb="x", agent_id=agent, fields=tuple(fields))
    event = SourceNoted(
        id="0" * 16, source=source or "s", time=time, tenant="demo", domain="demo",
        feed=agent, sequence=sequence, recordedtime=received, subject=subject,
        clock="estimated", data=data,
    )  # fmt: skip
    store.writer.write_events([event], [(0, 5)], f"{event}")

    assert stored(store) == [(5, event)]


def test_only_the_range_asked_for_is_read(store: EmbeddedStore) -> None:
    store.writer.write_events([entered(n) for n in range(9)], [(0, n) for n in range(9)], "a")

    batches = read_stored(
        store.client, "demo", "demo", since_ms=MORNING + 2_000, until_ms=MORNING + 4_000
    )

    assert [told.offset for each in batches for told in each] == [2, 3]


def test_other_domains_are_not_read(store: EmbeddedStore) -> None:
    store.writer.write_events([entered(1, domain="demo/b")], [(0, 1)], "a")

    assert stored(store) == []


def test_what_a_refold_does_not_say_is_voided(store: EmbeddedStore) -> None:
    store.writer.write_facts([f for n in range(3) for f in facts_of_each_kind(n)], "live")
    store.writer.write_facts([leg(1, revision=50)], "again")

    for _ in range(2):
        void_missing(store.client, "demo", "demo", 50, MORNING)

    assert store.query("SELECT leg_id FROM legs") == b"leg0000000000001\n"
    assert store.query("SELECT count() FROM leg_revisions WHERE voided") == b"2\n"
    for view in ("offers", "agent_sessions", "agent_states", "breaks"):
        assert store.query(f"SELECT count() FROM {view}") == b"0\n", view


def test_a_refold_voids_only_its_range_and_domain(store: EmbeddedStore) -> None:
    other = leg(3, domain="demo/b", leg_id="other")
    store.writer.write_facts([leg(0), leg(1), leg(2, leg_id="c"), other], "live")

    void_missing(
        store.client, "demo", "demo", 50, MORNING,
        since_ms=MORNING + 10_000, until_ms=MORNING + 20_000,
    )  # fmt: skip

    assert store.query("SELECT count() FROM legs") == b"3\n"
    assert store.query("SELECT count() FROM legs WHERE leg_id LIKE '%1'") == b"0\n"


def test_a_refold_never_touches_what_was_shown_live(store: EmbeddedStore) -> None:
    again = [wall_sample(n, origin="refold", revision=n) for n in (1, 60)]
    store.writer.write_facts([wall_sample(0), *again], "a")

    void_missing(store.client, "demo", "demo", 50, MORNING)

    shown = store.query("SELECT origin, revision FROM wall_samples ORDER BY at")
    assert shown == b"live\t1\nrefold\t60\n"
