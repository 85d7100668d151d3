"""`pult violations`."""

import argparse
import re
import sys
import time

from producers.desk.reviews import Decision, checked
from pult import asking, reviewing, settings
from pult.commands import violations_report
from pult.context import Context, add_common, name
from pult.desk import VERDICTS
from pult.history_asked import add_server, answer, quoted
from schemas.errors import EpisodeUnknown

_DOES = {
    "ack": ("say that somebody has seen an episode", ""),
    "excuse": (
        "say that an episode is excused: it counts no more, what it was stays readable",
        " --reason 'saw a doctor'",
    ),
    "neutral": (
        "say that an episode counts for nobody, as when technology failed",
        " --reason 'phones were down'",
    ),
}
_OPEN = """
SELECT episode_id, code, agent_id, queue_id, team, severity, state, {fired}, reviewed_by,
    review_reason
FROM violations
WHERE state IN ('firing', 'acknowledged') AND {tenant}
ORDER BY violations.fired_at, episode_id
SETTINGS output_format_pretty_row_numbers = 0
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for action, (does, reason) in _DOES.items():
        each = actions.add_parser(
            action, help=does, description=f"{does}.".capitalize(),
            epilog=f"example: pult violations {action} 31b77c4a3ad7cf5d --by Maria{reason}",
        )  # fmt: skip
        each.add_argument(
            "episode", metavar="EPISODE", help="its id, as pult violations list shows it"
        )
        each.add_argument(
            "--by", type=name, required=True, metavar="NAME", help="who decided it"
        )
        each.add_argument(
            "--reason", default="", metavar="TEXT", required=action != "ack",
            help="why, for whoever looks at it later",
        )  # fmt: skip
        _add_shared(each)
    listed = actions.add_parser(
        "list", help="print the open episodes",
        description="Print the open episodes; times are of the settings' zone, with --format "
        "UTC.",
        epilog="example: pult violations list --format CSV",
    )  # fmt: skip
    _add_format(listed)
    _add_shared(listed)
    report = actions.add_parser(
        "report", help="count episodes, minutes and alerts of a day, a week or a month",
        description=violations_report.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    violations_report.add_arguments(report)
    _add_format(report)
    _add_shared(report)


def _add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format", default="", metavar="NAME",
        help="any of ClickHouse's formats: JSONEachRow, CSV, ... (default: tables)",
    )  # fmt: skip


def _add_shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tenant", default="", metavar="NAME", help="whose; needed where there are several"
    )
    add_server(parser)
    add_common(parser)


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Decide about an episode, or show episodes."""
    if chosen.action == "report":
        return violations_report.run(context, chosen)
    if chosen.action == "list":
        return _list(context, chosen)
    return _decide(context, chosen)


def _list(context: Context, chosen: argparse.Namespace) -> int:
    tenant = f"tenant = {quoted(chosen.tenant)}" if chosen.tenant else "1"
    form, fired = chosen.format, "fired_at"
    if not form:
        zone = quoted(settings.load(context.config).policies().timezone)
        form = "PrettyCompactMonoBlock"
        fired = f"formatDateTime(fired_at, '%F %T%z', {zone}) AS fired_at"
    query = _OPEN.format(tenant=tenant, fired=fired)
    found = answer(context, query, form, server=chosen.server)
    sys.stdout.buffer.write(found)
    sys.stdout.buffer.flush()
    if not found:
        print("no violation is open", file=sys.stderr)
    return 0


def _decide(context: Context, chosen: argparse.Namespace) -> int:
    """Let a decision be kept in the log; say what it is about."""
    if not re.fullmatch(r"[0-9a-f]{16}", chosen.episode):
        msg = (
            f"{chosen.episode!r} is no episode: it has 16 hexadecimal digits; pult violations "
            "list shows the open ones"
        )
        raise EpisodeUnknown(msg)
    loaded = settings.load(context.config)
    decision = checked(
        Decision(
            chosen.episode, VERDICTS[chosen.action], chosen.by, time.time_ns() // 1_000_000,
            chosen.reason,
        )
    )  # fmt: skip
    if chosen.server or asking.means_server(context.data, loaded):
        tenant = chosen.tenant or loaded.tenant
        done = reviewing.into_kafka(decision, tenant, loaded, context.environ)
    else:
        if chosen.tenant not in ("", loaded.tenant):
            raise reviewing.unknown(chosen.episode, chosen.tenant)
        done = reviewing.into_data_folder(decision, context.data, loaded, context.environ)
    print(f"{decision.episode_id} {decision.verdict} by {decision.author}: {done}")
    return 0
