"""Count the episodes that fired on a day, in a week or in a month, in the zone of the settings.

Excused episodes stand apart and count in nothing else; an alert is an episode of an agent that
is a warning or worse, a page a critical one within the budget. A rule that gives more than one
or two alerts per agent and day is looked at by nobody: that is the target.

Examples:
  pult violations report --day 2026-03-02
  pult violations report --week 2026-03-02 --by team
  pult violations report --month 2026-03 --format CSV
"""

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

from pult import settings
from pult.context import Context, local_day
from pult.history_asked import History, held, quoted
from schemas.errors import QueryRefused
from schemas.policies import Policies
from schemas.wording import counted
from stream_processors.core.instants import day_bounds

BY = ("agent", "team", "code")
_PLACE = re.compile(r"\{(\w+):[^}]+\}")
_AT_MOST = 60
"""Lines of one table; the rest is for --format."""


@dataclass(frozen=True, slots=True)
class Span:
    """Local days, the last not included, and how they are called."""

    first: date
    behind: date
    name: str


def day_span(text: str) -> Span:
    """Return the span of one day."""
    day = local_day(text)
    return Span(day, day + timedelta(days=1), f"{day}")


def week_span(text: str) -> Span:
    """Return the span from the Monday before a day, or on it, to the Sunday."""
    day = local_day(text)
    monday = day - timedelta(days=day.weekday())
    behind = monday + timedelta(days=7)
    return Span(monday, behind, f"{monday} to {behind - timedelta(days=1)}")


def month_span(text: str) -> Span:
    """Return the span of a month."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}", text):
        msg = f"{text!r} is no month (write 2026-03)"
        raise argparse.ArgumentTypeError(msg)
    if not "01" <= text[-2:] <= "12":
        msg = f"{text!r} is no month: a year has twelve"
        raise argparse.ArgumentTypeError(msg)
    first = local_day(f"{text}-01")
    return Span(first, (first + timedelta(days=32)).replace(day=1), text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this action takes."""
    spans = parser.add_mutually_exclusive_group(required=True)
    spans.add_argument(
        "--day", type=day_span, dest="span", metavar="DATE", help="a day, as 2026-03-02"
    )
    spans.add_argument(
        "--week",
        type=week_span,
        dest="span",
        metavar="DATE",
        help="Monday to Sunday around a day",
    )
    spans.add_argument(
        "--month", type=month_span, dest="span", metavar="YYYY-MM", help="a month, as 2026-03"
    )
    parser.add_argument("--by", choices=BY, help="only one of the three tables")


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Print what was counted."""
    with held(context, chosen) as history:
        tenant = chosen.tenant or _only_tenant(history)
        policies = settings.load(context.config).policies(tenant)
        query = report_query(chosen.span, tenant, policies)
        wanted = (chosen.by,) if chosen.by else BY
        if chosen.format:
            told = _as_one_table(history, query, wanted, chosen.format)
        else:
            told = _as_tables(
                history, query, wanted, f"{chosen.span.name} ({policies.timezone})"
            )
    # Whoever reads slowly holds nobody up who waits for the folder.
    sys.stdout.buffer.write(told)
    sys.stdout.buffer.flush()
    return 0


def _as_one_table(history: History, query: str, wanted: Sequence[str], form: str) -> bytes:
    names = wanted if len(wanted) == 1 else (*wanted, "all")
    of = ", ".join(quoted(each) for each in names)
    return history.answer(f"SELECT * FROM ({query}) WHERE by IN ({of})", form)


def _as_tables(history: History, query: str, wanted: Sequence[str], of: str) -> bytes:
    found = history.rows(f"SELECT * FROM ({query}) WHERE by = 'all'")
    told = f"{of}: {_head(found[0] if found else {})}\n".encode()
    for each in wanted if found else ():
        table = history.answer(_table(query, each), "PrettyCompactMonoBlock")
        told += f"\nby {each}\n".encode() + table
    return told


def _table(query: str, by: str) -> str:
    return (
        f"SELECT name AS {by}, * EXCEPT (by, name) FROM ({query}) WHERE by = '{by}' "
        f"ORDER BY alerts DESC, episodes DESC, {by} LIMIT {_AT_MOST} "
        "SETTINGS output_format_pretty_row_numbers = 0"
    )


def report_query(span: Span, tenant: str, policies: Policies) -> str:
    """Return the query of sql/queries with its parameters written into it."""
    since, until = (_midnight(each, policies.timezone) for each in (span.first, span.behind))
    teams = {name: agent.team for name, agent in policies.agents.items() if agent.team}
    values: Mapping[str, str] = {
        "tenant": quoted(tenant),
        "since": str(since),
        "until": str(until),
        "zone": quoted(policies.timezone),
        # A list without elements has no type.
        "agents": _array(["", *teams]),
        "teams": _array(["", *teams.values()]),
    }
    text = (files("sql") / "queries" / "violations_report.sql").read_text(encoding="utf-8")
    return _PLACE.sub(lambda place: values[place[1]], text)


def _array(texts: list[str]) -> str:
    return "[" + ", ".join(quoted(each) for each in texts) + "]"


def _midnight(day: date, zone: str) -> int:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone))
    return day_bounds(int(noon.timestamp()), zone)[0]


def _only_tenant(history: History) -> str:
    rows = history.rows("SELECT DISTINCT tenant FROM violations ORDER BY 1")
    found = [str(row["tenant"]) for row in rows]
    if len(found) > 1:
        msg = f"cannot report on several tenants: name one with --tenant ({', '.join(found)})"
        raise QueryRefused(msg)
    return found[0] if found else ""


def _head(total: Mapping[str, object]) -> str:
    if not total:
        return "no violations"
    ratio = total["alerts_per_agent_day"]
    shown = "-" if ratio is None else str(ratio)
    nouns = ("episode", "minute", "alert", "page")
    counts = ", ".join(counted(str(total[f"{one}s"]), one) for one in nouns)
    of_a_day = f"{shown} alerts per agent and day (target 1 to 2)"
    return f"{counts}; {total['excused']} excused; {of_a_day}"
