"""`pult import schedule`."""

import argparse
import time
from collections.abc import Sequence

import msgspec

from producers.schedule import alarms
from producers.schedule.mapping import mapping
from producers.schedule.rows import KIND
from pult import settings
from pult.context import Context
from pult.importing import import_frames
from pult.importing_plans import Plans, Row, frames, people_of, read_plans
from pult.opened import opened
from schemas.errors import UnreadableRecording
from schemas.policies import known_zone
from sql.embedded import EmbeddedStore


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Read plans into the history and say what they held."""
    wanted = settings.load(context.config)
    policies, how = wanted.policies(), mapping(chosen.mapping or "")
    zone = _zone(chosen.zone) or how.zone or ""
    advice = alarms.settings(chosen.alarms) if chosen.alarms else ""
    with opened(context.data, wanted, context.environ) as here:

        def ask(query: str) -> list[Row]:
            return _rows(here.store, query)

        tenant, source = wanted.tenant, chosen.source or KIND
        files = read_plans(
            chosen.paths, how,
            lambda: people_of(policies, ask, tenant, zone, new=chosen.new_agents),
        )  # fmt: skip
        new = frames(files, ask, tenant, source, time.time_ns() // 1000)
        if new:
            import_frames(
                iter(new), f"{source}:{KIND}", here.journal, here.store, here.names,
                here.history,
            )  # fmt: skip
    if here.without_demo:
        print(f"the demo's data in {context.data} are removed")
    print(_summary(files, len(new)))
    if advice:
        print(f"\n# {chosen.alarms.name} as settings of pult.toml\n{advice}")
    return 0


def _zone(text: str | None) -> str:
    if not text:
        return ""
    try:
        return known_zone(text)
    except ValueError as error:
        msg = f"--zone: {error}"
        raise UnreadableRecording(msg) from error


def _rows(store: EmbeddedStore, query: str) -> list[Row]:
    told = store.query(query, "JSONEachRow")
    return [msgspec.json.decode(line) for line in told.splitlines() if line]


def _summary(files: Sequence[Plans], new: int) -> str:
    plans = [plan for each in files for plan in each.plans]
    notes = [f"note: {note}" for each in files for note in each.notes]
    people = len({plan.agent_id for plan in plans})
    days = sorted({plan.day for plan in plans})
    span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}" if days else "no day"
    said = f"{people} agents, {len(plans)} days of theirs planned ({span}); {new} are new"
    return "\n".join([*notes, f"{said} or changed" if new else f"{said}: nothing changed"])
