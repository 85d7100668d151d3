"""`pult policy`."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Any, TypeAlias

from pult import settings
from pult.context import Context
from schemas.discipline import CODES, Discipline
from schemas.durations import written
from schemas.errors import SettingsInvalid
from schemas.needs import NOT_JUDGED
from schemas.wording import did_you_mean

Level: TypeAlias = tuple[str, Discipline]
"""Who sets thresholds, and the rules as they are from there on."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument("action", choices=("show",), help="print what holds and who set it")
    parser.add_argument("--agent", default="", metavar="NAME", help="for this agent")
    parser.add_argument("--team", default="", metavar="NAME", help="for this team")
    parser.add_argument("--tenant", default="", metavar="NAME", help="for this tenant")
    parser.add_argument("--rule", default="", metavar="CODE", help="only this rule")


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Print each threshold with the level that set it."""
    parts = (*CODES, "budget")
    if chosen.rule and chosen.rule not in parts:
        msg = f"cannot show the rule {chosen.rule}: known are {', '.join(parts)}"
        raise SettingsInvalid(msg)
    loaded = settings.load(context.config)
    _tell_of_strangers(loaded, chosen)
    levels = list(_levels(loaded, chosen))
    for code in [chosen.rule] if chosen.rule else parts:
        rule = getattr(levels[-1][1], code)
        print(f"{code}  (version {rule.version})" if code in CODES else f"{code}  (of pages)")
        for name in type(rule).model_fields:
            print(f"  {name} = {_text(getattr(rule, name))}  # {_set_by(levels, code, name)}")
    for code, why in NOT_JUDGED.items() if not chosen.rule else ():
        print(f"{code}  # not judged: it {why}")
    return 0


def _tell_of_strangers(loaded: settings.Settings, chosen: argparse.Namespace) -> None:
    """Whom the settings do not name the general rules hold for; or the name is misspelled."""
    policies = loaded.policies(chosen.tenant)
    teams = {*policies.teams, *(agent.team for agent in policies.agents.values())} - {""}
    for kind, wanted, known in (
        ("agent", chosen.agent, policies.agents),
        ("team", chosen.team, teams),
    ):
        if wanted and wanted not in known:
            hint = did_you_mean(wanted, known)
            print(f"pult: the settings name no {kind} {wanted!r}{hint}", file=sys.stderr)


def _levels(loaded: settings.Settings, chosen: argparse.Namespace) -> Iterator[Level]:
    policies = loaded.policies(chosen.tenant)
    agent = policies.agents.get(chosen.agent)
    team = chosen.team or (agent.team if agent else "")
    yield "default", Discipline()
    yield "[discipline]", loaded.discipline
    yield f"[tenants.{chosen.tenant}.discipline]", policies.discipline
    yield f"[teams.{team}.discipline]", policies.discipline_of("", team)
    yield f"[agents.{chosen.agent!r}.discipline]", policies.discipline_of(chosen.agent, team)


def _set_by(levels: list[Level], code: str, name: str) -> str:
    """Return the level that changed a threshold last."""
    by = levels[0][0]
    for (_, before), (level, now) in pairwise(levels):
        if getattr(getattr(before, code), name) != getattr(getattr(now, code), name):
            by = level
    return by


def _text(value: Any) -> str:
    if isinstance(value, timedelta):
        return f'"{written(value)}"'
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_text(each)}" for key, each in value.items()) + " }"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_text(each) for each in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
