"""One partition: domains side by side, and what belongs to none of them."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import encode
from schemas.facts import Fact, Rejected
from schemas.policies import Policies
from stream_processors.core.state import Terms
from stream_processors.shells.partition import KEPT_BYTES, MAX_EVENT_BYTES, PartitionFold
from tests.core.small_centre import Hour, disordered, hours
from tests.readings import comparable, legs, rejected
from tests.shells.records import Logged, log, of
from tests.timetable import run, terms, values

CALL = values("""
    09:00:00  enter   a sales
    09:00:08  ring    a sales Anna
    09:00:10  answer  a sales Anna
    09:00:40  end     a sales Anna caller
""")


def fold(**policies: Policies) -> PartitionFold:
    default = terms()
    own: dict[str, Terms] = {}
    return PartitionFold(0, lambda tenant: own.get(tenant, default))


def all_of(facts: dict[bytes, list[Fact]]) -> list[Fact]:
    return [fact for of_key in facts.values() for fact in of_key]


def taken(records: list[Logged], into: PartitionFold | None = None) -> list[Fact]:
    end = records[-1].offset + 1
    return all_of((into or fold()).take(records, end))


def reasons(facts: Iterable[Fact]) -> list[tuple[str, str]]:
    return [(each.domain, each.reason) for each in rejected(facts)]


def test_the_event_at_offset_0_is_applied() -> None:
    facts = taken(log([(b"acme", of(CALL[0], "acme"))]))

    assert [(leg.tenant, leg.queue_id, leg.revision) for leg in legs(facts)] == [
        ("acme", "sales", 0)
    ]


def test_a_fact_has_the_offset_of_its_cause_as_revision() -> None:
    records = log([(b"acme", of(value, "acme")) for value in CALL], begin=500)

    (leg,) = legs(taken(records))

    assert leg.revision == 503


def test_interleaved_tenants_come_to_what_each_comes_to_alone() -> None:
    mixed = log(
        (tenant.encode(), of(value, tenant)) for value in CALL for tenant in ("acme", "beta")
    )

    facts = PartitionFold(0, lambda tenant: terms()).take(mixed, len(mixed))

    _, alone = run(CALL)
    assert comparable(facts[b"acme"]) == comparable(facts[b"beta"]) == comparable(alone)
    assert {fact.domain for fact in facts[b"acme"]} == {"acme"}


def test_sites_of_a_tenant_are_domains_of_their_own() -> None:
    partition = fold()

    taken(log((b"acme/north", of(value, "acme/north")) for value in CALL), partition)

    (state,) = partition.states.values()
    assert (state.tenant, state.domain) == ("acme", "acme/north")


def test_a_tenant_is_judged_by_its_own_targets() -> None:
    strict = terms(queues={"sales": {"answer_within": "5s"}})
    partition = PartitionFold(0, lambda tenant: strict if tenant == "beta" else terms())

    facts = partition.take(
        log(
            (tenant.encode(), of(value, tenant))
            for value in CALL
            for tenant in ("acme", "beta")
        ),
        8,
    )

    assert [leg.answer_within_ms for leg in legs(facts[b"acme"])] == [20_000]
    assert [leg.answer_within_ms for leg in legs(facts[b"beta"])] == [5_000]


EVENT = of(CALL[0], "acme")
BAD = {
    "no key": (None, EVENT, "unreadable", "it has no key"),
    "no text": (b"\xff\xfe", EVENT, "unreadable", "names no domain"),
    "empty": (b"", EVENT, "unreadable", "names no domain"),
    "three parts": (b"acme/north/2", EVENT, "unreadable", "names no domain"),
    "no site": (b"acme/", EVENT, "unreadable", "names no domain"),
    "another tenant": (b"beta", EVENT, "foreign", "of acme/acme, its key is beta"),
    "no event": (b"beta", b"{}", "malformed", "missing required field"),
    "no value": (b"acme", None, "malformed", "it has no value"),
    "too large": (b"acme", b" " * (MAX_EVENT_BYTES + 1), "oversized", "100001 bytes"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_belongs_to_no_domain_is_rejected_and_the_rest_goes_on(name: str) -> None:
    key, value, reason, detail = BAD[name]
    partition = fold()
    good = [(b"acme", of(each, "acme")) for each in CALL]

    facts = taken(log([(key, value), *good]), partition)

    (reject,) = rejected(facts)
    assert (reject.reason, reject.revision) == (reason, 0)
    assert detail in reject.detail
    assert reject.content == (value or b"")
    assert [leg.outcome for leg in legs(facts)] == ["answered"]
    assert partition.rejected == {reason: 1}
    assert list(partition.states) == ["acme"]


def test_of_a_monster_the_beginning_is_kept_and_its_size() -> None:
    monster = b"x" * 900_000

    (reject,) = rejected(taken(log([(b"acme", monster)])))

    assert reject.content == monster[:KEPT_BYTES]
    assert "900000 bytes" in reject.detail


def test_a_known_domain_rejects_by_itself_what_it_cannot_use() -> None:
    partition = fold()
    taken(log([(b"acme", of(CALL[0], "acme"))]), partition)

    facts = taken(log([(b"acme", b"{"), (b"acme", of(CALL[1], "beta"))], begin=1), partition)

    assert reasons(facts) == [("acme", "malformed"), ("acme", "foreign")]
    assert partition.states["acme"].rejected == {"malformed": 1, "foreign": 1}
    assert partition.rejected == {}


def test_made_up_domains_take_no_memory() -> None:
    partition = fold()

    facts = taken(log((b"made-up-%d" % n, EVENT) for n in range(1_000)), partition)

    assert len(rejected(facts)) == 1_000
    assert partition.states == {}


def test_what_was_frozen_in_mid_call_goes_on_as_if_nothing_had_happened() -> None:
    whole, half, thawed = fold(), fold(), fold()
    records = log((t.encode(), of(value, t)) for value in CALL for t in ("acme", "beta/2"))

    expected = taken(records, whole)
    first = taken(records[:3], half)
    thawed.thaw(half.freeze())
    second = taken(records[3:], thawed)
    taken(records[3:], half)

    assert comparable(first + second) == comparable(expected)
    assert thawed.freeze() == half.freeze()
    assert thawed.position == 8


def test_what_was_applied_before_a_snapshot_is_not_applied_again() -> None:
    partition = fold()
    records = log((b"acme", of(value, "acme")) for value in CALL)
    taken(records, partition)
    before = partition.freeze()

    facts = taken(records, partition)

    assert facts == []
    assert partition.freeze() == before


def test_rejects_are_told_apart_from_other_facts() -> None:
    assert all(isinstance(each, Rejected) for each in taken(log([(None, b"")])))


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(
    hour=hours(), seed=st.integers(0, 1 << 30), cut=st.floats(0, 1), saved=st.floats(0, 1),
    sizes=st.tuples(st.integers(1, 40), st.integers(1, 40)),
)  # fmt: skip
def test_a_partition_that_is_taken_over_says_and_takes_back_all_that_was_said_before(
    hour: Hour, seed: int, cut: float, saved: float, sizes: tuple[int, int]
) -> None:
    told = disordered(hour.events("both"), seed, repeated=0.1)
    records = log((b"acme", of(encode(event), "acme")) for event in told)
    died = round(cut * len(records))
    first, second, straight = fold(), fold(), fold()
    said, frozen = [], first.freeze()
    for at in range(0, died, sizes[0]):
        said += taken(records[at : min(at + sizes[0], died)], first)
        if first.position <= saved * died:
            frozen = first.freeze()

    second.thaw(frozen)
    second.resume(facts_end=first.facts_end + 1, log_end=len(records))
    for at in range(second.position, len(records), sizes[1]):
        said += taken(records[at : at + sizes[1]], second)

    assert comparable(said) == comparable(taken(records, straight))
