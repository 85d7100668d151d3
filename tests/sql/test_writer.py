"""What is written once, twice, and again later."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from schemas.errors import MalformedEvent
from schemas.facts import Fact
from sql.digest import digest, total
from sql.embedded import EmbeddedStore
from sql.rows import event_inserts
from stream_processors.core.instants import to_ms
from tests.sql.examples import (
    MORNING,
    dirty_day,
    entered,
    facts_of_each_kind,
    interval,
    leg,
    offer,
    pause,
    rejected,
    review,
    session,
    violation,
    waiting_leg,
    wall_sample,
)

VIEWS = [
    "legs", "leg_revisions", "interactions", "offers", "agent_sessions", "agent_states",
    "breaks", "wall_samples", "team_samples", "rejected", "dirty_days", "violations",
    "violation_revisions", "reviews",
]  # fmt: skip
MONTH = 31 * 24 * 3_600_000


def in_utc(at_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)


def contents(store: EmbeddedStore) -> dict[str, list[bytes]]:
    return {
        view: sorted(store.query(f"SELECT * FROM {view} FORMAT JSONEachRow").splitlines())
        for view in VIEWS
    }


@pytest.mark.parametrize("second_token", ["first", "second"])
def test_writing_twice_changes_nothing(store: EmbeddedStore, second_token: str) -> None:
    facts = [fact for number in range(3) for fact in facts_of_each_kind(number)]
    store.writer.write_facts(facts, "first")
    before = contents(store)

    store.writer.write_facts(facts, second_token)

    assert contents(store) == before
    assert all(before.values())


def test_a_token_used_for_other_rows_loses_nothing(store: EmbeddedStore) -> None:
    store.writer.write_facts([leg(0)], "same")
    store.writer.write_facts([leg(1)], "same")

    assert store.query("SELECT count() FROM legs") == b"2\n"


def test_the_same_rejects_of_a_second_import_are_the_same_rows(store: EmbeddedStore) -> None:
    store.writer.write_facts([rejected(), rejected(revision=900)], "a")

    assert store.query("SELECT count() FROM rejected") == b"1\n"


def test_the_newest_revision_holds_and_the_older_stays_readable(store: EmbeddedStore) -> None:
    store.writer.write_facts([leg(revision=7), waiting_leg(revision=3)], "a")
    store.writer.write_facts([waiting_leg(revision=5)], "b")

    assert store.query("SELECT outcome, revision FROM legs") == b"answered\t7\n"
    revisions = store.query("SELECT revision, outcome FROM leg_revisions ORDER BY revision")
    assert revisions == b"3\twaiting\n5\twaiting\n7\tanswered\n"


def test_of_two_facts_of_one_revision_the_later_holds(store: EmbeddedStore) -> None:
    store.writer.write_facts([waiting_leg(), leg()], "a")

    assert store.query("SELECT outcome FROM legs") == b"answered\n"


def test_voided_facts_are_hidden(store: EmbeddedStore) -> None:
    def written(revision: int, voided: bool) -> list[Fact]:
        kinds = (
            leg, offer, session, interval, pause, wall_sample, dirty_day, violation, review,
        )  # fmt: skip
        return [kind(revision=revision, voided=voided) for kind in kinds]

    store.writer.write_facts(written(1, voided=False), "a")
    store.writer.write_facts(written(2, voided=True), "b")

    shown = contents(store)
    told = {"leg_revisions", "violations", "violation_revisions"}
    assert not any(shown[view] for view in VIEWS if view not in told)
    assert store.query("SELECT state, ruled FROM violations") == b"voided\tvoided\n"
    assert len(shown["leg_revisions"]) == 2


def test_a_corrected_start_of_an_offer_leaves_no_twin(store: EmbeddedStore) -> None:
    store.writer.write_facts([offer(started_at=MORNING)], "a")
    store.writer.write_facts([offer(started_at=MORNING - MONTH, revision=2)], "b")

    assert store.query("SELECT revision FROM offers") == b"2\n"
    assert store.query("SELECT count() FROM offers WHERE started_at > '2026-02-01'") == b"0\n"


def test_unknown_is_null_and_words_are_empty(store: EmbeddedStore) -> None:
    store.writer.write_facts([waiting_leg()], "a")

    assert store.query(
        "SELECT answered_at, left_at, ended_at, wait_ms, ring_ms, hold_ms, agent_id, ended_by "
        "FROM legs FORMAT CSV"
    ) == (b"\\N," * 6 + b'"",""\n')


def test_instants_survive_to_the_millisecond(store: EmbeddedStore) -> None:
    store.writer.write_facts([leg(entered_at=MORNING + 7)], "a")

    query = "SELECT entered_at, toUnixTimestamp64Milli(known_at) FROM legs"
    assert store.query(query) == f"2026-02-03 09:00:00.007\t{MORNING + 50}\n".encode()


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-03T09:00:00.123Z", "2026-02-03T09:00:00.123456Z", "2026-02-03T09:00:00,5Z",
        "20260203T090000Z", "2026-02-03T12:00:00.100+03:00", "2148-12-31T23:59:59.999Z",
        "1970-01-01T00:00:00Z",
    ],
)  # fmt: skip
def test_what_the_fold_takes_for_an_instant_is_stored_as_that_instant(text: str) -> None:
    good = msgspec.structs.replace(entered(), time=text, recordedtime=text)

    (insert,) = event_inserts([good], [(0, 0)])

    rows = insert.rows.select(["occurred_at", "recorded_at"]).to_pylist()
    assert rows == [dict.fromkeys(("occurred_at", "recorded_at"), in_utc(to_ms(text)))]


@pytest.mark.parametrize(
    "text",
    [
        "yesterday", "2026-02-03T09:00:00", "1969-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00+03:00", "2149-01-01T00:00:00Z", "2148-12-31T23:00:00-03:00",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["time", "recordedtime"])
def test_what_the_fold_takes_for_no_instant_is_none_for_the_store(name: str, text: str) -> None:
    wrong = msgspec.structs.replace(entered(), **{name: text})

    with pytest.raises(MalformedEvent, match="event rejected"):
        to_ms(text)
    with pytest.raises(MalformedEvent, match="event rejected"):
        event_inserts([entered(), wrong], [(0, 0), (0, 1)])


def test_rejected_bytes_survive_whole(store: EmbeddedStore) -> None:
    content = bytes(range(256)) * 8_000
    store.writer.write_facts([rejected(content=content), rejected(content=b"")], "a")

    query = "SELECT bytes FROM rejected ORDER BY length(bytes) DESC LIMIT 1 FORMAT RawBLOB"
    assert store.query(query) == content


def test_text_that_is_no_unicode_is_kept_readable(store: EmbeddedStore) -> None:
    store.writer.write_facts([leg(agent_id="Anna \ud800")], "a")

    assert store.query("SELECT agent_id FROM legs") == b"Anna ?\n"


def test_a_batch_over_many_months_is_written(store: EmbeddedStore) -> None:
    legs = [
        leg(n, first_second=(MORNING + n * MONTH) // 1000, entered_at=MORNING + n * MONTH)
        for n in range(150)
    ]
    store.writer.write_facts(legs, "a")
    store.writer.write_events([entered(n * 2_700_000) for n in range(120)], [(0, 1)] * 120, "a")

    assert store.query("SELECT count() FROM legs") == b"150\n"
    assert store.query("SELECT count() FROM events") == b"120\n"


def test_nothing_to_write_is_nothing_to_do(store: EmbeddedStore) -> None:
    store.writer.write_facts([], "a")
    store.writer.write_events([], [], "a")

    assert store.query("SELECT count() FROM leg_revisions") == b"0\n"


def test_interactions_are_the_sum_of_their_legs(store: EmbeddedStore) -> None:
    first = leg(0, interaction_id="x", queue_id="sales", transfer_kind="queue")
    second = waiting_leg(1, interaction_id="x")
    store.writer.write_facts([second, first], "a")

    query = (
        "SELECT legs, queue_hops, transfers, agents, first_queue_id, last_outcome, "
        "started_at, ended_at FROM interactions"
    )
    said = store.query(query)
    assert said == b"2\t1\t1\t1\tsales\twaiting\t2026-02-03 09:00:00.000\t\\N\n"


def test_contacts_of_two_pbxs_with_the_same_id_are_two(store: EmbeddedStore) -> None:
    one, other = (leg(n, interaction_id="x", source=f"pbx{n}") for n in range(2))
    store.writer.write_facts([one, other], "a")

    said = store.query("SELECT source, legs FROM interactions ORDER BY source")
    assert said == b"pbx0\t1\npbx1\t1\n"


def test_digest_does_not_depend_on_order_revision_or_receipt(store: EmbeddedStore) -> None:
    facts = [fact for number in range(5) for fact in facts_of_each_kind(number)]
    store.writer.write_facts(facts, "a")
    first = digest(store.client)

    store.client.command("TRUNCATE TABLE pult.leg_facts")
    legs: list[Fact] = [
        leg(n, revision=90 + n, known_at=MORNING, caller_key="k") for n in range(5)
    ]
    for each in reversed(legs):
        store.writer.write_facts([each, leg(77, voided=True)], f"b{each.revision}")

    assert digest(store.client) == first
    assert [row.rows for row in first] == [5] * 7


def test_digest_does_not_depend_on_the_secret_of_numbers(store: EmbeddedStore) -> None:
    """A call that was passed on outside, by two data folders; then to a colleague."""
    told = []
    for revision, to in enumerate(("9f86d081884c7d65", "60303ae22b998861", "Anna"), 1):
        store.writer.write_facts([leg(transferred_to=to, revision=revision)], to)
        told.append(total(digest(store.client)))

    assert told[0] == told[1] != told[2]


def test_digest_tells_a_changed_value(store: EmbeddedStore) -> None:
    store.writer.write_facts([leg(), offer()], "a")
    before = digest(store.client)

    store.writer.write_facts([leg(hold_ms=0, revision=2)], "b")

    after = digest(store.client)
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, True]
    assert total(before) != total(after)


def test_digest_is_by_local_day(store: EmbeddedStore) -> None:
    late = leg(entered_at=MORNING + 13 * 3_600_000)  # 22:00 UTC, the next day in Moscow
    store.writer.write_facts([late], "a")

    assert [row.day for row in digest(store.client)] == ["2026-02-03"]
    assert [row.day for row in digest(store.client, "Europe/Moscow")] == ["2026-02-04"]


def test_domains_with_equal_facts_do_not_cancel_out(store: EmbeddedStore) -> None:
    store.writer.write_facts([leg(), leg(domain="demo/b")], "a")

    row = digest(store.client)[0]
    assert (row.rows, row.hash == "0" * 32) == (2, False)


def test_what_people_decide_stands_beside_what_the_rules_say(store: EmbeddedStore) -> None:
    asked = "SELECT state, ruled, reviewed_by, review_reason FROM violations"
    store.writer.write_facts([violation(state="firing", cleared_at=None)], "a")
    assert store.query(asked) == b"firing\tfiring\t\t\n"

    store.writer.write_facts([review(verdict="acknowledged")], "b")
    assert store.query(asked) == b"acknowledged\tfiring\tMaria\tspoke to her\n"

    store.writer.write_facts([violation(revision=2)], "c")
    assert store.query(asked) == b"resolved\tresolved\tMaria\tspoke to her\n"

    later = review(1, verdict="excused", author="Ivan", reason="doctor", revision=3)
    store.writer.write_facts([later], "d")
    assert store.query(asked) == b"excused\tresolved\tIvan\tdoctor\n"
