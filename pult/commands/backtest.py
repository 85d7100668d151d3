"""`pult backtest`."""

import argparse
from collections import Counter
from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from pult import backtest, settings
from pult.context import Context
from pult.history_asked import add_server, rows
from schemas.discipline import CODES, Discipline, known_for_tenant
from schemas.errors import QueryRefused, SettingsInvalid
from schemas.facts import Violation
from schemas.policies import Policies
from stream_processors.core.instants import day_bounds

_UNTRIED = ("system_suspect", "short_call", "hanging", "ping_pong", "wrong_state_work")
_JUDGED = tuple(code for code in CODES if code not in _UNTRIED)
_HOUR_MS = 3_600_000


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        msg = f"{text!r} is no day (write 2026-03-02)"
        raise argparse.ArgumentTypeError(msg) from error


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument("rule", metavar="RULE", choices=_JUDGED, help=", ".join(_JUDGED))
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="wanted",
        help="a threshold to try, as in [discipline.RULE]; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--from", type=_day, required=True, dest="first", metavar="DAY",
        help="first day, as 2026-03-01, in the time zone of the settings",
    )  # fmt: skip
    parser.add_argument(
        "--to", type=_day, required=True, dest="last", metavar="DAY", help="last day, included"
    )
    parser.add_argument(
        "--tenant", default="", help="whose history and rules; needed where there are several"
    )
    add_server(parser)


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Replay the days under the rule in force and under the one to try; print both."""
    policies = settings.load(context.config).policies(chosen.tenant)
    wanted = {chosen.rule: _thresholds(chosen.wanted)}
    tried = _tried(policies, wanted)
    within = _range(chosen.first, chosen.last, policies.timezone, chosen.tenant)
    ask = partial(rows, context, chosen)
    _refuse_what_says_nothing(ask, within)
    in_force = backtest.replayed(ask, policies, policies.discipline_of, chosen.rule, within)
    would_be = backtest.replayed(ask, policies, tried, chosen.rule, within)
    hours = (within.until - within.since) / _HOUR_MS
    print(f"{chosen.rule}, {chosen.first} to {chosen.last} ({policies.timezone})")
    for name, found in (("in force", in_force), ("tried", would_be)):
        print("\n".join(_lines(name, found, hours)))
    return 0


def _refuse_what_says_nothing(ask: backtest.Ask, within: backtest.Range) -> None:
    asked = (
        "SELECT tenant FROM events "
        f"WHERE {within.of_tenant()} "
        f"AND occurred_at >= fromUnixTimestamp64Milli({within.since}, 'UTC') "
        f"AND occurred_at < fromUnixTimestamp64Milli({within.until}, 'UTC') "
        "GROUP BY tenant ORDER BY tenant"
    )
    tenants = [str(row["tenant"]) for row in ask(asked)]
    if not tenants:
        msg = "cannot test a rule: the history holds no event of these days"
        raise QueryRefused(msg)
    if len(tenants) > 1:
        named = ", ".join(tenants)
        msg = f"cannot test a rule for several tenants: name one with --tenant ({named})"
        raise QueryRefused(msg)


def _thresholds(told: list[str]) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    for each in told:
        name, equals, value = each.partition("=")
        if not equals:
            msg = f"cannot test a rule: {each!r} is no NAME=VALUE"
            raise SettingsInvalid(msg)
        section, dot, key = name.partition(".")
        if dot:
            wanted.setdefault(section, {})[key] = value
        else:
            wanted[name] = value
    return wanted


def _tried(policies: Policies, wanted: dict[str, Any]) -> Any:
    """Return what tells the rules of an agent with some thresholds otherwise for everybody."""

    def rules(agent_id: str, team: str) -> Discipline:
        return policies.discipline_of(agent_id, team).changed([wanted])

    try:
        known_for_tenant(wanted)
    except ValueError as error:
        msg = f"cannot test a rule: {error}"
        raise SettingsInvalid(msg) from error
    return rules


def _range(first: date, last: date, zone: str, tenant: str) -> backtest.Range:
    if last < first:
        msg = f"cannot test a rule: {last} is before {first}"
        raise QueryRefused(msg)

    def bounds(day: date) -> tuple[int, int]:
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone))
        return day_bounds(int(noon.timestamp()), zone)

    return backtest.Range(bounds(first)[0], bounds(last)[1], tenant)


def _lines(name: str, found: list[Violation], hours: float) -> list[str]:
    agents = Counter(each.agent_id for each in found)
    teams = Counter(each.team for each in found)
    severities = Counter(each.severity for each in found)
    critical = [each for each in found if each.severity == "critical"]
    beyond = sum('"beyond":' in each.evidence for each in critical)
    pages = len(critical) - beyond
    how = ", ".join(f"{count} {severity}" for severity, count in sorted(severities.items()))
    lines = [f"{name}: {len(found)} episodes ({how or 'none'})"]
    if found:
        (agent, most), (team, of_team) = agents.most_common(1)[0], teams.most_common(1)[0]
        lines += [
            f"  agents {len(agents)}; most: {agent}, {most} ({most / len(found):.0%})",
            f"  teams {len(teams)}; most: {team or '(none)'}, {of_team} "
            f"({of_team / len(found):.0%})",
            f"  pages: {pages}, {pages / hours:.2f} an hour; {beyond} beyond the budget",
        ]
    return lines
