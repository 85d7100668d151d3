"""`pult rebuild`."""

import argparse
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date

from clickhouse_connect.driver.client import Client

from producers.identity import CallerKeys
from producers.journal import Journal
from pult import clickhouse, kafka, settings
from pult.context import Context, local_day
from pult.folder import DataFolder
from pult.folder_targets import noted_targets
from pult.kafka_events import events_from_kafka
from pult.naming import naming
from pult.progress import Progress
from pult.rebuild import Days, Rebuilt, events_from_journal, rebuild
from pult.settings import Settings
from pult.targets import kept_targets, partitions_of
from schemas.errors import DataFolderUnusable, SettingsInvalid, WrongUsage
from schemas.metrics import METRICS
from schemas.policies import PolicyHistory
from schemas.topics import EVENTS
from schemas.wording import counted
from sql.embedded import EmbeddedStore
from sql.port import Store
from sql.writer import Writer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument("--tenant", default="", help="only what is of one tenant (default all)")
    parser.add_argument(
        "--from", dest="first", type=_day, metavar="DAY",
        help="first local day, as 2026-03-02 (default the first there is)",
    )  # fmt: skip
    parser.add_argument(
        "--to", dest="last", type=_day, metavar="DAY",
        help="last local day (default the last there is)",
    )  # fmt: skip
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing, say what differs; exit 1 if it does",
    )
    parser.add_argument(
        "--server", action="store_true",
        help="of the ClickHouse server of [clickhouse] instead of the data folder",
    )  # fmt: skip
    origin = parser.add_mutually_exclusive_group()
    origin.add_argument("--from-journal", action="store_true",
                        help="translate the events again from the journal first")  # fmt: skip
    origin.add_argument("--from-kafka", action="store_true",
                        help="read all events from Kafka first")  # fmt: skip


def _day(text: str) -> str:
    return local_day(text).isoformat()


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Compute facts again, say what differed."""
    wanted = settings.load(context.config)
    if chosen.first and chosen.last and chosen.last < chosen.first:
        msg = f"cannot rebuild: {chosen.last} is before {chosen.first}"
        raise WrongUsage(msg)
    if chosen.check and (chosen.from_journal or chosen.from_kafka):
        msg = "cannot compare only while events are read anew; leave out --check"
        raise WrongUsage(msg)
    if chosen.server and chosen.from_journal:
        msg = "cannot read a journal for a server: it is of one data folder; leave out --server"
        raise WrongUsage(msg)
    where = str(context.data) if not chosen.server else wanted.clickhouse.url
    with Progress(where) as progress:
        if chosen.server:
            done = _in_server(context, wanted, chosen, progress)
        else:
            done = _in_folder(context, wanted, chosen, progress)
    if chosen.tenant and not done:
        msg = f"no event of tenant {chosen.tenant} in {where}; check --tenant"
        raise SettingsInvalid(msg)
    return _report(done, writing=not chosen.check)


def _in_folder(
    context: Context, wanted: Settings, chosen: argparse.Namespace, progress: Progress
) -> list[Rebuilt]:
    fresh = chosen.from_journal or chosen.from_kafka
    if not fresh and not (context.data / "store").exists():
        msg = (
            f"no history in {context.data}; name another with --data, or compute its events, "
            "too: --from-journal or --from-kafka"
        )
        raise DataFolderUnusable(msg)
    with DataFolder(context.data, "rebuild") as folder:
        store = EmbeddedStore(folder.store, METRICS)
        try:
            policies_of = _policies(wanted, folder, keep=not chosen.check)
            if chosen.from_journal:
                _read_journal(context, wanted, folder, store, progress)
            if chosen.from_kafka:
                policies_of = _read_kafka(context, wanted, store, chosen.tenant, progress)
            return _rebuild(store, policies_of, chosen, progress)
        finally:
            store.close()


@dataclass(frozen=True, slots=True)
class _Server:
    """A server as those who fold again want it."""

    client: Client
    writer: Writer


def _in_server(
    context: Context, wanted: Settings, chosen: argparse.Namespace, progress: Progress
) -> list[Rebuilt]:
    client = clickhouse.connect(wanted.clickhouse, context.environ)
    with closing(client):
        clickhouse.check(client, wanted.clickhouse)
        store = _Server(client, Writer(client))
        if chosen.from_kafka:
            policies_of = _read_kafka(context, wanted, store, chosen.tenant, progress)
        else:
            kafka.connect(wanted.kafka, context.environ)
            connection = kafka.librdkafka(wanted.kafka, context.environ)
            policies_of = kept_targets(wanted, connection, partitions_of(client))
        return _rebuild(store, policies_of, chosen, progress)


def _rebuild(
    store: Store,
    policies_of: Callable[[str], PolicyHistory],
    chosen: argparse.Namespace,
    progress: Progress,
) -> list[Rebuilt]:
    days = Days(chosen.first or "", chosen.last or "")
    return rebuild(
        store, policies_of, chosen.tenant, days, progress.advance, writing=not chosen.check
    )


def _policies(
    wanted: Settings, folder: DataFolder, *, keep: bool
) -> Callable[[str], PolicyHistory]:
    own = noted_targets(folder, wanted, keep=keep)

    def of(domain: str) -> PolicyHistory:
        tenant = domain.partition("/")[0]
        if tenant in wanted.tenants:
            return PolicyHistory([(0, wanted.policies(tenant))])
        return own

    return of


def _read_journal(
    context: Context,
    wanted: Settings,
    folder: DataFolder,
    store: EmbeddedStore,
    progress: Progress,
) -> None:
    keys = CallerKeys(
        folder.caller_secret(context.environ, wanted.privacy.secret_env),
        keep_numbers=wanted.privacy.keep_numbers,
    )
    names = naming(wanted, keys)
    journal = Journal.open(folder.journal, date.today())  # noqa: DTZ011 - a file's name
    try:
        events_from_journal(journal, store, names, progress.advance)
    finally:
        journal.close()


def _read_kafka(
    context: Context, wanted: Settings, store: Store, tenant: str, progress: Progress
) -> Callable[[str], PolicyHistory]:
    """Store Kafka's events; return the targets that the workers keep there."""
    kafka.connect(wanted.kafka, context.environ)
    connection = kafka.librdkafka(wanted.kafka, context.environ)
    topic = EVENTS.named(wanted.kafka.prefix)
    read = events_from_kafka(connection, topic, store, tenant, progress.advance)
    if read.unusable:
        records = counted(
            read.unusable, "record of Kafka is no event", "records of Kafka are no events"
        )
        print(f"{records} of their domain: passed over")
    return kept_targets(wanted, connection, read.partitions)


def _report(done: Sequence[Rebuilt], *, writing: bool) -> int:
    differs = 0
    for each in done:
        for (table, day), found in sorted(each.differences.items()):
            differs += found.changed + found.added + found.voided
            print(
                f"{each.domain}\t{table}\t{day}\t{found.changed} changed, {found.added} added, "
                f"{found.voided} voided\t{'; '.join(found.examples)}"
            )
    events = sum(each.events for each in done)
    what = f"{counted(events, 'event')} of {counted(len(done), 'domain')} folded again"
    if not differs:
        print(f"{what}: the history says what they say")
    elif writing:
        print(f"{what}: {counted(differs, 'fact was', 'facts were')} put right")
    else:
        differ = counted(differs, "fact differs", "facts differ")
        print(f"{what}: {differ}; pult rebuild puts them right")
    return 1 if differs and not writing else 0
