"""Which rules held for an agent, at any instant."""

from typing import Protocol

from schemas.discipline import CODES, Discipline
from schemas.policies import PolicyHistory
from schemas.rules import Rule


class Held(Protocol):
    """The rules that held for one agent, or for a team."""

    def rule(self, code: str, at: int) -> Rule:
        """Return the rule of a code that held at an instant [ms]."""


class Always(Held):
    """The same rules at all times."""

    def __init__(self, rules: Discipline) -> None:
        self._rules = {code: rules.rule(code) for code in CODES}

    def rule(self, code: str, at: int) -> Rule:
        """Return the rule of a code."""
        return self._rules[code]


class ByVersion(Held):
    """The rules of the policies that were in force."""

    def __init__(self, policies: PolicyHistory, agent_id: str, team: str) -> None:
        self._policies = policies
        self._whose = (agent_id, team)
        self._rules: dict[int, Discipline] = {}

    def rule(self, code: str, at: int) -> Rule:
        """Return the rule of a code that held at an instant [ms]."""
        policies = self._policies.at(at)
        rules = self._rules.get(id(policies))
        if rules is None:
            rules = self._rules[id(policies)] = policies.discipline_of(*self._whose)
        return rules.rule(code)


def rules_held(policies: PolicyHistory, agent_id: str, team: str) -> Held:
    """Return which rules held for an agent of a team; '' is nobody in particular."""
    if policies.count == 1:
        return Always(policies.current.discipline_of(agent_id, team))
    return ByVersion(policies, agent_id, team)
