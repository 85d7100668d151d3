"""`pult simulate`."""

import argparse
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from producers.simulation.day import DAY_MS, HOUR_MS
from producers.simulation.plan import Faults, Plan
from producers.simulation.simulation import Simulation
from pult import settings, simulate
from pult.context import Context, name, positive
from schemas.errors import WrongUsage
from schemas.wording import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    _add_size(parser)
    _add_time(parser)
    _add_truth(parser)
    parser.add_argument(
        "--crm",
        action="store_true",
        help="a CRM beside each PBX tells of cards, codes, cases and answers of its talks",
    )
    _add_faults(parser)
    _add_outputs(parser)


def _add_size(parser: argparse.ArgumentParser) -> None:
    """Add how large the call centre is."""
    add = parser.add_argument
    add(
        "--seats",
        type=int,
        default=100,
        metavar="N",
        help="agents of a tenant, 1 to 10000 (default 100)",
    )
    add(
        "--queues",
        type=int,
        default=4,
        metavar="N",
        help="queues of a tenant, 1 to 400 (default 4)",
    )
    add(
        "--sources",
        type=int,
        default=1,
        metavar="N",
        help="PBXs of a tenant, which share its seats and queues (default 1)",
    )
    add(
        "--tenants",
        type=int,
        default=1,
        metavar="N",
        help="tenants, each of this size (default 1)",
    )
    add(
        "--tenant",
        type=name,
        default="simulated",
        metavar="NAME",
        help="name of the tenant; of several a number is added (default simulated)",
    )
    add(
        "--calls-per-hour",
        type=positive,
        metavar="N",
        help="calls of a tenant, mean over a weekday (default 3.6 for each seat)",
    )


def _add_time(parser: argparse.ArgumentParser) -> None:
    """Add when it works, how long, and what comes by chance."""
    add = parser.add_argument
    add(
        "--begin",
        type=_instant,
        default="2026-03-02",
        metavar="INSTANT",
        help="UTC, such as 2026-03-02T08:00 (default 2026-03-02, a Monday)",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--hours", type=positive, metavar="N", help="how long (default 24)")
    length.add_argument("--days", type=positive, metavar="N", help="the same in days")
    add(
        "--seed",
        type=int,
        default=1,
        metavar="N",
        help="the same seed and options give the same bytes (default 1)",
    )
    add(
        "--heartbeat",
        type=positive,
        default=1.0,
        metavar="SECONDS",
        help="how often a source says that it is alive (default 1)",
    )


def _add_truth(parser: argparse.ArgumentParser) -> None:
    """Add the targets by which the truth counts."""
    add = parser.add_argument
    add(
        "--answer-within",
        type=positive,
        default=20.0,
        metavar="SECONDS",
        help="target by which the truth counts (default 20)",
    )
    add(
        "--short-abandon",
        type=positive,
        default=5.0,
        metavar="SECONDS",
        help="the truth leaves out abandons up to this (default 5)",
    )


def _add_faults(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("faults, none by default").add_argument
    add(
        "--restarts",
        type=int,
        default=0,
        metavar="N",
        help="how often each PBX restarts in mid-call",
    )
    add(
        "--gaps",
        type=int,
        default=0,
        metavar="N",
        help="how often the feed of each PBX is interrupted, then a snapshot sent",
    )
    add(
        "--gap-length",
        type=positive,
        default=60.0,
        metavar="SECONDS",
        help="how long an interruption lasts (default 60)",
    )
    add(
        "--duplicates",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="share of events that come twice, 0 to 0.5",
    )
    add(
        "--late",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="share of events that come late, 0 to 0.5",
    )
    add(
        "--late-by",
        type=positive,
        default=30.0,
        metavar="SECONDS",
        help="how late at most (default 30, up to 300)",
    )
    add(
        "--skew",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="how far the clock of a PBX may be off, up to 110",
    )


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    where = parser.add_argument_group("outputs").add_mutually_exclusive_group()
    where.add_argument(
        "--out", type=Path, metavar="FILE",
        help="JSON lines, packed if it ends in .gz (default: standard output)",
    )  # fmt: skip
    where.add_argument(
        "--to-kafka", action="store_true", help="into the topic of events, see [kafka]"
    )
    parser.add_argument(
        "--truth", type=Path, metavar="FILE",
        help="what really happened, per queue and day and per agent, as JSON, packed if it "
        "ends in .gz",
    )  # fmt: skip
    parser.add_argument(
        "--contacts", type=Path, metavar="FILE",
        help="with --crm: of which contact each card, code, new case and answer is, as JSON "
        "lines, packed if it ends in .gz",
    )  # fmt: skip


def _instant(text: str) -> int:
    """Return an instant [ms since 1970]; without an offset it is UTC."""
    with suppress(ValueError):
        told = datetime.fromisoformat(text)
        at = told if told.tzinfo else told.replace(tzinfo=UTC)
        if 2000 <= at.year < 2100:
            return round(at.timestamp()) * 1000
    msg = f"{text} is no instant of this century (write 2026-03-02T08:00)"
    raise argparse.ArgumentTypeError(msg)


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Simulate, write events and truth, say how many."""
    plan = _plan(chosen)
    if chosen.contacts and not plan.crm:
        msg = "--contacts needs --crm: without a CRM nothing is told of contacts"
        raise WrongUsage(msg)
    with (
        simulate.noting(chosen.contacts) as note,
        simulate.truth_at(chosen.truth) as tell_truth,
    ):
        simulation = Simulation(plan, note)
        if chosen.to_kafka:
            wanted = settings.load(context.config).kafka
            simulate.to_kafka(simulation, wanted, context.environ, _tell)
        else:
            simulate.to_file(simulation, chosen.out, _tell)
        tell_truth(simulation)
    # Standard output may be the events themselves.
    to = sys.stdout if chosen.out or chosen.to_kafka else sys.stderr
    print(f"{counted(simulation.told, 'event')} simulated", file=to)
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


def _plan(chosen: argparse.Namespace) -> Plan:
    length_ms = round(chosen.days * DAY_MS if chosen.days else (chosen.hours or 24) * HOUR_MS)
    return Plan(
        seed=chosen.seed,
        begin_ms=chosen.begin,
        length_ms=length_ms,
        seats=chosen.seats,
        queues=chosen.queues,
        sources=chosen.sources,
        tenant=chosen.tenant,
        tenants=chosen.tenants,
        calls_per_hour=chosen.calls_per_hour,
        heartbeat_ms=_ms(chosen.heartbeat),
        crm=chosen.crm,
        answer_within_ms=_ms(chosen.answer_within),
        short_abandon_ms=_ms(chosen.short_abandon),
        faults=Faults(
            restarts=chosen.restarts,
            gaps=chosen.gaps,
            gap_ms=_ms(chosen.gap_length),
            duplicates=chosen.duplicates,
            late=chosen.late,
            late_by_ms=_ms(chosen.late_by),
            skew_ms=_ms(chosen.skew),
        ),
    )


def _ms(seconds: float) -> int:
    # Infinite and not-a-number fail here as what they are: outside of every range.
    return round(seconds * 1000) if abs(seconds) < 1e9 else -1
