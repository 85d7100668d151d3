"""Which targets held when: a change never reaches back."""

import re
from typing import Any

import pytest

from schemas.errors import SnapshotUnusable
from schemas.policies import Policies
from stream_processors.shells.policy_log import (
    TenantPolicies,
    continued,
    decode,
    encode,
    history,
)


def wanted(seconds: int, **own: int) -> TenantPolicies:
    def policies(within: int) -> Policies:
        queues: Any = {"sales": {"answer_within": f"{within}s"}}
        return Policies(queues=queues)

    return TenantPolicies(
        everybody=policies(seconds),
        tenants={tenant: policies(within) for tenant, within in own.items()},
    )


def within(policies: Policies) -> float:
    return policies.queue("sales").answer_within.total_seconds()


def test_the_first_policies_hold_for_all_times() -> None:
    log = continued((), wanted(20), at=5_000)

    assert within(history(log, "acme").at(0)) == 20


def test_a_change_holds_from_its_first_use_and_not_before() -> None:
    log = continued(continued((), wanted(20), at=1_000), wanted(30), at=5_000)

    targets = history(log, "acme")

    assert [within(targets.at(at)) for at in (0, 4_999, 5_000, 9_000)] == [20, 20, 30, 30]


def test_the_same_again_is_no_change() -> None:
    log = continued((), wanted(20), at=1_000)

    assert continued(log, wanted(20), at=5_000) == log


def test_a_change_for_one_tenant_is_none_for_the_others() -> None:
    log = continued(continued((), wanted(20), at=0), wanted(20, acme=10), at=5_000)

    assert [within(history(log, "acme").at(at)) for at in (0, 5_000)] == [20, 10]
    assert history(log, "beta").count == 1


def test_what_changes_back_is_remembered_as_both() -> None:
    log = continued((), wanted(20), at=0)
    for at, seconds in ((5_000, 30), (6_000, 20)):
        log = continued(log, wanted(seconds), at)

    targets = history(log, "acme")

    assert [within(targets.at(at)) for at in (4_999, 5_999, 6_000)] == [20, 30, 20]


def test_a_clock_set_back_does_not_reorder_the_history() -> None:
    log = continued((), wanted(20), at=0)
    for at, seconds in ((5_000, 30), (4_000, 40)):
        log = continued(log, wanted(seconds), at)

    assert within(history(log, "acme").current) == 40
    assert within(history(log, "acme").at(5_000)) == 40


def test_a_history_comes_back_as_it_was_written() -> None:
    log = continued(continued((), wanted(20), at=0), wanted(20, acme=10), at=5_000)

    assert decode(encode(log), "snapshots partition 4") == log


def test_a_history_written_before_a_setting_was_known_is_continued_without_a_change() -> None:
    log = continued((), wanted(20), at=0)
    older = encode(log).replace(b'"wrapup":"PT0S",', b"")

    assert older != encode(log)
    assert continued(decode(older, "snapshots partition 4"), wanted(20), at=5_000) == log


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"[{]", "Invalid JSON: key must be a string at line 1 column 3"),
        (
            encode(continued((), wanted(20), at=0)).replace(
                b'"everybody":{', b'"everybody":{"flows":{},'
            ),
            "Extra inputs are not permitted at 0.policies.everybody.flows",
        ),
    ],
)
def test_a_history_that_is_damaged_or_newer_is_told_of_with_its_place(
    value: bytes, why: str
) -> None:
    told = f"the history of targets in snapshots partition 4 cannot be read ({why}): "

    with pytest.raises(SnapshotUnusable, match=re.escape(told)) as found:
        decode(value, "snapshots partition 4")

    assert str(found.value).endswith("see Restoring in docs/operations.md")
