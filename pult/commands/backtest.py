"""`pult backtest`."""

import argparse
from collections import Counter
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from pult import backtest, settings
from pult.backtest import Rules
from pult.backtest_facts import Range, heard_hours
from pult.context import Context, local_day
from pult.history_asked import Ask, add_server, held
from pult.settings import Settings
from schemas.discipline import CODES, Discipline, known_for_tenant
from schemas.errors import QueryRefused, WrongUsage
from schemas.facts import Violation
from schemas.needs import no_rule
from schemas.policies import Policies
from schemas.rules import Rule
from schemas.wording import counted
from stream_processors.core.instants import day_bounds

UNTRIED = {
    "ghost_busy": "needs to know who was in which queue at that time, which is no fact of the "
    "history",
}
"""Rules that are judged live but cannot be replayed, and why."""

_TRIED = [code for code in CODES if code not in UNTRIED]


def _rule(text: str) -> str:
    if text in UNTRIED:
        msg = f"{text} cannot be tried: it {UNTRIED[text]}"
        raise argparse.ArgumentTypeError(msg)
    if text not in CODES:
        raise argparse.ArgumentTypeError(no_rule(text, CODES))
    return text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument("rule", metavar="RULE", type=_rule, help=", ".join(_TRIED))
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="wanted",
        help="a threshold to try, as in [discipline.RULE]; may be given several times; none: "
        "only the rule in force is told",
    )  # fmt: skip
    parser.add_argument(
        "--from", type=local_day, required=True, dest="first", metavar="DAY",
        help="first day, as 2026-03-01, in the time zone of the settings",
    )  # fmt: skip
    parser.add_argument(
        "--to",
        type=local_day,
        required=True,
        dest="last",
        metavar="DAY",
        help="last day, included",
    )
    parser.add_argument(
        "--tenant", default="", help="whose history and rules; needed where there are several"
    )
    add_server(parser)


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Replay the days under the rule in force and under the one to try; print both."""
    loaded = settings.load(context.config)
    wanted = {chosen.rule: _thresholds(Discipline().rule(chosen.rule), chosen.wanted)}
    _refuse_unknown(wanted)
    with held(context, chosen) as history:
        _tell(history.rows, chosen, loaded, wanted)
    return 0


def _tell(
    ask: Ask, chosen: argparse.Namespace, loaded: Settings, wanted: dict[str, Any]
) -> None:
    tenant = chosen.tenant or _only_tenant(ask)
    policies = loaded.policies(tenant)
    within = _range(chosen.first, chosen.last, policies.timezone, tenant)
    heard = heard_hours(ask, within)
    if heard is None:
        msg = "cannot test a rule: the history holds no event of these days"
        raise QueryRefused(msg)
    ways = {"in force": policies.discipline_of, "tried": _tried(policies, wanted)}
    if not chosen.wanted:
        del ways["tried"]
    days = f"{chosen.first} to {chosen.last} ({policies.timezone})"
    print(f"{chosen.rule}, {days}, {heard:.1f} hours of history")
    for name, rules in ways.items():
        found = backtest.replayed(ask, policies, rules, chosen.rule, within)
        print("\n".join(_lines(name, found, max(1.0, heard))))


def _only_tenant(ask: Ask) -> str:
    """Return the tenant of the history, whose rules may differ from the general ones."""
    tenants = [
        str(row["tenant"])
        for row in ask("SELECT tenant FROM events GROUP BY tenant ORDER BY tenant")
    ]
    if len(tenants) > 1:
        named = ", ".join(tenants)
        msg = f"cannot test a rule for several tenants: name one with --tenant ({named})"
        raise QueryRefused(msg)
    return tenants[0] if tenants else ""


def _thresholds(rule: Rule, told: list[str]) -> dict[str, Any]:
    """Return thresholds as settings have them; a list is written with commas."""
    wanted: dict[str, Any] = {}
    for each in told:
        name, equals, value = each.partition("=")
        if not equals:
            msg = f"cannot test a rule: {each!r} is no NAME=VALUE"
            raise WrongUsage(msg)
        section, dot, key = name.partition(".")
        if dot:
            of_map = wanted.setdefault(section, {})
            if not isinstance(of_map, dict):
                msg = f"cannot test a rule: {section} is set twice, as a value and as a map"
                raise WrongUsage(msg)
            of_map[key] = value
        else:
            is_list = isinstance(getattr(rule, name, ""), tuple)
            wanted[name] = value.split(",") if is_list else value
    return wanted


def _refuse_unknown(wanted: dict[str, Any]) -> None:
    try:
        known_for_tenant(wanted)
    except ValueError as error:
        msg = f"cannot test a rule: {error}"
        raise WrongUsage(msg) from error


def _tried(policies: Policies, wanted: dict[str, Any]) -> Rules:
    """Return what tells the rules of an agent with some thresholds otherwise for everybody."""

    def rules(agent_id: str, team: str) -> Discipline:
        return policies.discipline_of(agent_id, team).changed([wanted])

    return rules


def _range(first: date, last: date, zone: str, tenant: str) -> Range:
    if last < first:
        msg = f"cannot test a rule: {last} is before {first}"
        raise WrongUsage(msg)

    def bounds(day: date) -> tuple[int, int]:
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone))
        return day_bounds(int(noon.timestamp()), zone)

    return Range(bounds(first)[0], bounds(last)[1], tenant)


def _lines(name: str, found: list[Violation], hours: float) -> list[str]:
    severities = Counter(each.severity for each in found)
    how = ", ".join(f"{count} {severity}" for severity, count in sorted(severities.items()))
    lines = [f"{name}: {counted(len(found), 'episode')} ({how or 'none'})"]
    if not found:
        return lines
    whose = (
        ("agents", [each.agent_id for each in found]),
        ("queues", [each.queue_id for each in found]),
        ("teams", [each.team for each in found if not _suspected_source(each)]),
        ("sources", [name for each in found if (name := _suspected_source(each))]),
    )
    for kind, names in whose:
        # A caller who waits is nobody's fault; a break has no queue;
        # a suspected source has no team.
        if any(names) or (kind == "teams" and names):
            (most, count), *_ = Counter(names).most_common(1)
            share = f"{count / len(found):.0%}"
            lines.append(
                f"  {kind} {len(set(names))}; most: {most or '(none)'}, {count} ({share})"
            )
    excused = sum(each.state == "excused" for each in found)
    if excused:
        lines.append(f"  excused: {excused}, for so many did the same at once")
    return [*lines, _pages(found, hours)]


def _suspected_source(episode: Violation) -> str:
    """Return the source that is suspected as a whole; empty where none is."""
    if episode.code != "system_suspect":
        return ""
    source: str = msgspec.json.decode(episode.evidence).get("source", "")
    return source


def _pages(found: list[Violation], hours: float) -> str:
    critical = [
        each for each in found if each.severity == "critical" and each.state != "excused"
    ]
    beyond = sum('"beyond":' in each.evidence for each in critical)
    pages = len(critical) - beyond
    return f"  pages: {pages}, {pages / hours:.2f} an hour; {beyond} beyond the budget"
