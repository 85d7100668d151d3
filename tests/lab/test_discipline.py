"""The three violations that a contact centre asks for, on the half hour, to the millisecond."""

import msgspec

from schemas.facts import Violation
from tests.lab import recording
from tests.lab.recording import LAB_DISCIPLINE, Folded
from tests.oracles import ami
from tests.oracles.discipline import Found, late_returns, ring_no_answers, slow_spells
from tests.oracles.lab_numbers import ami_log
from tests.readings import offers, violations

MINUTE_MS = 60_000


def shown(folded: Folded, code: str) -> list[Found]:
    return sorted(_found(each) for each in violations(folded.facts, code))


def _found(each: Violation) -> Found:
    assert each.fired_at is not None
    count = msgspec.json.decode(each.evidence).get("count", 1)
    return Found(each.fired_at, each.agent_id, each.severity, each.cleared_at, count)


def test_late_returns_are_those_that_the_pauses_tell(by_ami: Folded) -> None:
    allowances = {"Lunch": 2 * MINUTE_MS, "default": 30_000}
    expected = late_returns(ami.breaks(ami_log()), allowances, 10_000)

    assert expected
    assert {each.severity for each in expected} == {"warning", "critical"}
    assert shown(by_ami, "late_return") == expected


def test_missed_calls_are_single_or_in_rows(by_ami: Folded) -> None:
    log = ami_log()
    expected = ring_no_answers(recording.legs_as_we_define(), ami.sessions(log), 30 * MINUTE_MS)

    assert {each.severity for each in expected} == {"info", "warning", "critical"}
    assert shown(by_ami, "rona") == expected


def test_slow_agents_are_those_that_the_talks_tell(by_ami: Folded) -> None:
    log = ami_log()
    expected = slow_spells(recording.legs_as_we_define(), ami.sessions(log), 8, 1.1, 1.05)

    assert expected
    assert shown(by_ami, "slow_handling") == expected


def test_every_missed_call_stands_in_the_evidence_of_one_episode(by_ami: Folded) -> None:
    missed = {fact.offer_id for fact in offers(by_ami.facts) if fact.result == "no_answer"}
    told: list[str] = []
    for each in violations(by_ami.facts, "rona"):
        told += msgspec.json.decode(each.evidence)["offers"]

    assert set(told) == missed


def test_the_evidence_names_events_of_the_log(by_ami: Folded) -> None:
    known = {event.id for event in recording.ami()}
    for code in ("late_return", "rona"):
        for each in violations(by_ami.facts, code):
            events = msgspec.json.decode(each.evidence)["events"]
            assert events
            assert set(events) <= known, each


def test_the_rules_of_the_tests_are_written_in_each_episode(by_ami: Folded) -> None:
    rule = LAB_DISCIPLINE.late_return
    for each in violations(by_ami.facts, "late_return"):
        assert each.rule_version == rule.version
        assert msgspec.json.decode(each.thresholds)["grace_ms"] == 10_000
