"""`pult import`."""

import argparse
from pathlib import Path

from producers.kinds import KINDS
from producers.schedule.rows import KIND as SCHEDULE
from pult import settings
from pult.context import Context, name
from pult.importing import Imported, check_readable, import_recording
from pult.opened import opened
from pult.progress import Progress
from schemas.adherence import ACTIVITIES
from schemas.errors import WrongUsage
from schemas.wording import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    kinds = (*KINDS, SCHEDULE)
    parser.add_argument("kind", choices=kinds, metavar="KIND",
                        help=f"what the files are: {', '.join(kinds)}")  # fmt: skip
    parser.add_argument(
        "paths", type=Path, nargs="+", metavar="PATH", help="files; .gz is read too"
    )
    parser.add_argument(
        "--source",
        type=name,
        metavar="NAME",
        help="the PBX they come from (default pbx1), or the program that made a schedule "
        "(default schedule); needs no entry in the settings",
    )
    of_plans = parser.add_argument_group(
        "schedules",
        "CSV (columns agent kind from to, and if need be date zone name;\nkind: "
        f"{' '.join(ACTIVITIES)}),\nor JSON (a list of objects with the same keys)",
    )
    of_plans.add_argument(
        "--mapping", metavar="NAME|FILE",
        help="how columns and words are named: a TOML file, or amazon-connect",
    )  # fmt: skip
    of_plans.add_argument(
        "--zone", metavar="ZONE",
        help="whose local times are meant, as Europe/Moscow, where row and settings do not say",
    )  # fmt: skip
    of_plans.add_argument(
        "--tenant", type=name, metavar="NAME",
        help="whose plans, where workers serve several (default: the tenant of the settings)",
    )  # fmt: skip
    of_plans.add_argument(
        "--new-agents", action="store_true",
        help="agents may be named that neither settings nor history know, everybody where the "
        "folder is empty",
    )  # fmt: skip
    of_plans.add_argument(
        "--alarms", type=Path, metavar="FILE",
        help="a file of alarms with their graces; printed as settings of [discipline]",
    )  # fmt: skip


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Read recordings into the history and say what they held."""
    if chosen.kind == SCHEDULE:
        # Recordings do without what plans need: it would take them a third of a second.
        from pult.commands import import_schedule

        return import_schedule.run(context, chosen)
    for option in ("mapping", "zone", "alarms", "tenant", "new_agents"):
        if getattr(chosen, option):
            msg = f"--{option.replace('_', '-')} goes with pult import schedule only"
            raise WrongUsage(msg)
    chosen.source = chosen.source or "pbx1"
    wanted = settings.load(context.config)
    check_readable(chosen.kind, chosen.paths)
    paths = chosen.paths
    what = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
    with opened(context.data, wanted, context.environ) as here, Progress(what) as progress:
        done = import_recording(
            chosen.kind, paths, chosen.source, here.journal, here.store, here.names,
            here.history, progress.advance,
        )  # fmt: skip
    if here.removed:
        print(here.removed)
    print(_summary(done, chosen.source))
    if done.unnamed:
        print(
            f"{counted(done.unnamed, 'agent')} did nothing but join and leave queues, by "
            "interface: set log_membername_as_agent = yes in queues.conf"
        )
    if done.unread is not None:
        raise done.unread
    return 0


def _summary(done: Imported, source: str) -> str:
    again = done.frames - done.fresh
    parts = [f"{counted(done.frames, 'message')} of {source}", counted(done.events, "event")]
    if again:
        parts.append(f"{again} were there before")
    if done.rejected:
        parts.append(f"{done.rejected} could not be used (see table rejected)")
    if done.estimated:
        parts.append(
            f"{counted(done.estimated, 'call')} without a beginning or an end: "
            "the recording has a gap"
        )
    calls = counted(done.visits, "queue visit")
    if done.direct:
        calls += f" and {counted(done.direct, 'direct call')}"
    return f"{', '.join(parts)}; {calls} in the history"
