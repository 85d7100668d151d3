"""`pult import schedule`."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec

from producers.frame import Frame
from producers.schedule import alarms
from producers.schedule.mapping import mapping
from producers.schedule.rows import KIND
from pult import asking, settings, telling
from pult.context import Context
from pult.desk_token import desk_token
from pult.folder import DataFolder, owner, reachable
from pult.history_asked import Ask, Row
from pult.importing import import_frames
from pult.importing_plans import (
    Plans,
    Said,
    frames,
    people_of,
    read_plans,
    said_beside,
    to_say,
)
from pult.opened import Opened, opened
from pult.plans_in_kafka import Publishing
from schemas.errors import DataFolderUnusable, JournalFailed, UnreadableRecording
from schemas.policies import known_zone
from schemas.wording import counted


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Read plans into the history, or say them to whoever owns it; tell what they held."""
    loaded = settings.load(context.config)
    reading = _Reading(chosen, loaded)
    if asking.means_server(context.data, loaded):
        _distributed(context, reading)
    else:
        _embedded(context, reading)
    if chosen.alarms:
        # What is printed may be kept as a file.
        print(reading.summary(), file=sys.stderr)
        print(f"# {chosen.alarms.name} as settings of pult.toml\n{reading.advice}")
    else:
        print(reading.summary())
    return 0


class _Reading:
    """The files of a command, and what of them is new to a history."""

    def __init__(self, chosen: argparse.Namespace, loaded: settings.Settings) -> None:
        self.settings = loaded
        self.source: str = chosen.source or KIND
        self.tenant: str = chosen.tenant or loaded.tenant
        self.how = mapping(chosen.mapping or "")
        self.removed = ""  # what is told of a demo's data that made way
        self.advice = alarms.settings(chosen.alarms) if chosen.alarms else ""
        self._chosen = chosen
        self._zone = _zone(chosen.zone) or self.how.zone or ""
        self._files: Sequence[Plans] = ()
        self._said: Sequence[Said] = ()

    def said(self, ask: Ask) -> Sequence[Said]:
        """Return all that the files plan, beside what a history has of it."""
        tenant, policies = self.tenant, self.settings.policies(self.tenant)
        may = self._chosen.new_agents
        self._files = read_plans(
            self._chosen.paths, self.how,
            lambda: people_of(policies, ask, tenant, self._zone, new=may),
            datetime.now(UTC),
        )  # fmt: skip
        self._said = said_beside(self._files, ask, tenant)
        return self._said

    def summary(self) -> str:
        """Return what the files held."""
        plans = [plan for each in self._files for plan in each.plans if plan.items]
        notes = [f"note: {note}" for each in self._files for note in each.notes]
        people = len({plan.agent_id for plan in plans})
        days = sorted({plan.day for plan in plans})
        span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}" if days else "no day"
        said = f"{counted(people, 'agent')}, {counted(len(plans), 'day')} of theirs planned "
        said += f"({span}); "
        new = sum(each.is_new for each in self._said)
        said += f"{new} new or changed" if new else "nothing changed"
        return "\n".join([*filter(None, [self.removed]), *notes, said])


def _embedded(context: Context, reading: _Reading) -> None:
    if reading.tenant != reading.settings.tenant:
        msg = f"cannot import schedules: {context.data} is of {reading.settings.tenant}"
        raise UnreadableRecording(msg)
    try:
        _refuse_beside_a_demo(context, reading)
        with opened(context.data, reading.settings, context.environ) as here:
            _into_folder(here, reading)
    except DataFolderUnusable:
        told = reachable(context.data)
        if told is None or "wall" not in told:
            raise
        _same_tenant(context, reading, str(told.get("tenant", reading.tenant)))
        said = reading.said(_asked(lambda query: asking.ask(context.data, query, _ROWS)))
        heard = to_say(said, _now_us())
        if heard:
            kept = frames(heard, reading.source, _now_us())
            _tell_owner(context, reading, str(told["wall"]), kept)


def _refuse_beside_a_demo(context: Context, reading: _Reading) -> None:
    """Read the files before a demo makes way for them: what is refused changes nothing."""
    with DataFolder(context.data, "import") as folder:
        if folder.demo_mark.exists():
            reading.said(lambda query: [])


def _same_tenant(context: Context, reading: _Reading, owns: str) -> None:
    if owns != reading.tenant:
        msg = (
            f"cannot import schedules: {owner(context.data)} writes for tenant {owns}, the "
            f"settings name {reading.tenant}; give the settings it was started with (--config)"
        )
        raise UnreadableRecording(msg)


def _into_folder(here: Opened, reading: _Reading) -> None:
    reading.removed = here.removed
    said = reading.said(_asked(lambda query: here.store.query(query, _ROWS)))
    new = frames([each for each in said if each.is_new], reading.source, _now_us())
    if new:
        import_frames(
            iter(new), f"{reading.source}:{KIND}", here.journal, here.store, here.names,
            here.history,
        )  # fmt: skip


def _tell_owner(
    context: Context, reading: _Reading, address: str, new: Sequence[Frame]
) -> None:
    # With it comes a web server, which only those need who have an owner to talk to.
    from pult.plan_desk import PATH

    token = desk_token(reading.settings.desk, context.environ, context.data)
    body = {"source": reading.source, "plans": [each.content.decode() for each in new]}
    try:
        telling.tell_owner(context.data, address, PATH, body, token)
    except telling.Refused as refused:
        msg = f"cannot import schedules: {refused}"
        raise (JournalFailed if refused.status == 503 else UnreadableRecording)(msg) from None


def _distributed(context: Context, reading: _Reading) -> None:
    loaded = reading.settings

    def answer(query: str) -> bytes:
        return asking.ask_server(loaded.clickhouse, context.environ, query, _ROWS)

    def say(kept: Sequence[Frame]) -> None:
        telling.into_kafka(kept, tenant, tenant, loaded, context.environ)

    ask, tenant = _asked(answer), reading.tenant
    said = reading.said(ask)
    if not any(each.is_new for each in said):
        return
    if not Publishing(ask, say, tenant, reading.source).publish(said, _now_us()):
        print(
            "pult: the plans are in Kafka, but not yet in ClickHouse (is a sink running?); do "
            "not import others before they are",
            file=sys.stderr,
        )


def _now_us() -> int:
    return time.time_ns() // 1000


_ROWS = "JSONEachRow"


def _asked(answer: Callable[[str], bytes]) -> Ask:
    def ask(query: str) -> list[Row]:
        return [msgspec.json.decode(each) for each in answer(query).splitlines() if each]

    return ask


def _zone(text: str | None) -> str:
    if not text:
        return ""
    try:
        return known_zone(text)
    except ValueError as error:
        msg = f"--zone: {error}"
        raise UnreadableRecording(msg) from error
