"""Timetables brought before rules of discipline, and what became of them."""

from typing import Any

import msgspec

from schemas.discipline import Discipline
from schemas.facts import Fact, Violation
from stream_processors.core.state import Terms
from tests.readings import violations
from tests.timetable import run, terms, values


def told(text: str, rules: dict[str, Any], size: int = 1) -> list[Fact]:
    return run(values(text), under(rules), size=size)[1]


def under(rules: dict[str, Any], **policies: Any) -> Terms:
    return terms(discipline=Discipline().changed([rules]), **policies)


def shown(facts: list[Fact], code: str) -> list[tuple[str, str, int | None, int | None]]:
    return [
        (each.severity, each.state, each.fired_at, each.cleared_at)
        for each in violations(facts, code)
    ]


def evidence(episode: Violation) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(episode.evidence)
    return found
