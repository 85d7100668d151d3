"""`pult policy`."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple, TypeAlias

from pult import settings
from pult.context import Context
from schemas.discipline import CODES, Discipline
from schemas.durations import written
from schemas.errors import WrongUsage
from schemas.needs import NOT_JUDGED, no_rule
from schemas.policies import Policies
from schemas.wording import did_you_mean

Level: TypeAlias = tuple[str, Mapping[str, Mapping[str, Any]]]
"""Who sets thresholds, and which: by rule, as they are written."""

DEFAULT = "default"
"""Who sets what nobody sets."""

PARTS = (*CODES, "budget")
"""What can be shown by itself."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument("action", choices=("show",), help="print what holds and who set it")
    parser.add_argument("--agent", default="", metavar="NAME", help="for this agent")
    parser.add_argument("--team", default="", metavar="NAME", help="for this team")
    parser.add_argument("--tenant", default="", metavar="NAME", help="for this tenant")
    parser.add_argument("--rule", type=_part, metavar="CODE", help="only this rule")


def _part(text: str) -> str:
    if text not in PARTS:
        raise argparse.ArgumentTypeError(no_rule(text, PARTS))
    return text


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Print each threshold with the level that set it; 2 if the settings name no such thing."""
    loaded = settings.load(context.config)
    whose = _whose(loaded, chosen)
    stranger = _stranger(loaded, whose)
    if stranger:
        raise WrongUsage(stranger)
    levels = list(_levels(loaded, settings.told(context.config), whose))
    holds = _holds(loaded, whose)
    for code in [chosen.rule] if chosen.rule else PARTS:
        rule = getattr(holds, code)
        print(f"{code}  (version {rule.version})" if code in CODES else f"{code}  (of pages)")
        for name in type(rule).model_fields:
            value = getattr(rule, name)
            print(f"  {name} = {_text(value)}  # {_set_by(levels, code, name, value)}")
    for code, why in NOT_JUDGED.items() if not chosen.rule else ():
        print(f"{code}  # not judged: it {why}")
    return 0


class _Whose(NamedTuple):
    """For whom the rules are asked; empty: for nobody in particular."""

    tenant: str
    team: str
    agent: str


def _whose(loaded: settings.Settings, chosen: argparse.Namespace) -> _Whose:
    """Return whom the options mean; an agent goes by his devices and other ids, too."""
    tenant = chosen.tenant or loaded.tenant
    policies, agent = loaded.policies(tenant), chosen.agent
    if agent not in policies.agents:
        agent = policies.directory().get(agent, agent)
    return _Whose(tenant, chosen.team, agent)


def _stranger(loaded: settings.Settings, whose: _Whose) -> str:
    """Return what is wrong with the names; a misspelled one must not look like success."""
    policies = loaded.policies(whose.tenant)
    teams = {*policies.teams, *(agent.team for agent in policies.agents.values())}
    teams |= {queue.team for queue in policies.queues.values()}
    for kind, wanted, known in (
        ("tenant", whose.tenant, {loaded.tenant, *loaded.tenants}),
        ("agent", whose.agent, {*policies.agents}),
        ("team", whose.team, teams - {""}),
    ):
        if wanted and wanted not in known:
            return f"the settings name no {kind} {wanted!r}{did_you_mean(wanted, known)}"
    return ""


def _team_of(policies: Policies, whose: _Whose) -> str:
    agent = policies.agents.get(whose.agent)
    return whose.team or (agent.team if agent else "")


def _holds(loaded: settings.Settings, whose: _Whose) -> Discipline:
    policies = loaded.policies(whose.tenant)
    return policies.discipline_of(whose.agent, _team_of(policies, whose))


def _levels(
    loaded: settings.Settings, told: Mapping[str, Any], whose: _Whose
) -> Iterator[Level]:
    """Yield who sets what, the nearest last."""
    policies = loaded.policies(whose.tenant)
    tenant, team = whose.tenant, _team_of(policies, whose)
    yield "[discipline]", told.get("discipline", {})
    if tenant in loaded.tenants:
        yield f"[tenants.{tenant}.discipline]", loaded.tenants[tenant].discipline
    if team in policies.teams:
        yield f"[teams.{team}.discipline]", policies.teams[team].discipline
    if whose.agent in policies.agents:
        name = f"[agents.{whose.agent!r}.discipline]"
        yield name, policies.agents[whose.agent].discipline


def _set_by(levels: Sequence[Level], code: str, name: str, value: Any) -> str:
    """Return the nearest level that sets a threshold, entry by entry where several do."""
    said = [(by, rules[code][name]) for by, rules in levels if name in rules.get(code, {})]
    if not isinstance(value, Mapping):
        return said[-1][0] if said else DEFAULT
    nearest = {
        key: next((by for by, entries in reversed(said) if key in entries), DEFAULT)
        for key in value
    }
    if len(set(nearest.values())) <= 1:
        return next(iter(nearest.values()), said[-1][0] if said else DEFAULT)
    return "; ".join(f"{key}: {level}" for key, level in nearest.items())


def _text(value: Any) -> str:
    if isinstance(value, timedelta):
        return f'"{written(value)}"'
    if isinstance(value, Mapping):
        inside = ", ".join(f"{key} = {_text(each)}" for key, each in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_text(each) for each in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
