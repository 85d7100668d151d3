"""What each verb of the command does: a few lines that put the parts together."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from producers.frame import Naming
from producers.identity import CallerKeys
from producers.journal import Journal
from producers.kinds import KINDS
from pult import asking, demo, doctor, settings
from pult.folder import DataFolder
from pult.importing import Imported, check_readable, import_recording
from pult.progress import Progress
from schemas import catalogue
from schemas.errors import DataFolderUnusable, PultFailure, QueryRefused
from schemas.metrics import METRICS, as_markdown
from sql.digest import digest, total
from sql.embedded import EmbeddedStore

KIND_NAMES = tuple(KINDS)


@dataclass(frozen=True, slots=True)
class Context:
    """What every verb needs."""

    config: Path | None
    data: Path
    environ: Mapping[str, str]


def run_demo(context: Context, chosen: argparse.Namespace) -> int:
    """Play a recording on a live wall, or once at full speed."""
    chosen_settings = settings.load(context.config) if context.config else demo.demo_settings()
    http = chosen_settings.http
    ports = {"wall_port": chosen.port, "sql_port": chosen.sql_port}
    given = {name: port for name, port in ports.items() if port is not None}
    options = demo.Options(
        data=context.data,
        paths=chosen.recording or [demo.recording()],
        kind=chosen.kind,
        speed=chosen.speed,
        settings=chosen_settings.model_copy(update={"http": http.model_copy(update=given)}),
    )
    run = demo.run_once if chosen.once else demo.run_live
    run(options, lambda line: print(line, flush=True))
    return 0


def run_import(context: Context, chosen: argparse.Namespace) -> int:
    """Read recordings into the history and say what they held."""
    wanted = settings.load(context.config)
    check_readable(chosen.kind, chosen.paths)
    with DataFolder(context.data, "import") as folder:
        if folder.demo_mark.exists():
            # Its calls and targets must not be mixed with anybody's history.
            folder.empty()
            folder.demo_mark.unlink()
            print(f"the demo's data in {context.data} are removed")
        keys = CallerKeys(
            folder.caller_secret(context.environ, wanted.privacy.secret_env),
            keep_numbers=wanted.privacy.keep_numbers,
        )
        names = Naming(wanted.tenant, wanted.tenant, keys)
        history = folder.policies(wanted.policies(), int(time.time() * 1000))
        journal = Journal.open(folder.journal, date.today())  # noqa: DTZ011 - a file's name
        store = EmbeddedStore(folder.store, METRICS)
        try:
            with Progress(chosen.paths) as progress:
                done = import_recording(
                    chosen.kind, chosen.paths, chosen.source, journal, store, names, history,
                    progress.advance,
                )  # fmt: skip
        finally:
            store.close()
            journal.close()
    print(_summary(done, chosen.source))
    if done.unread is not None:
        raise done.unread
    return 0


def _summary(done: Imported, source: str) -> str:
    again = done.frames - done.fresh
    parts = [f"{done.frames} messages of {source}", f"{done.events} events"]
    if again:
        parts.append(f"{again} were there before")
    if done.rejected:
        parts.append(f"{done.rejected} could not be used (see table rejected)")
    if done.estimated:
        parts.append(
            f"{done.estimated} calls without a beginning or an end: the recording has a gap"
        )
    return f"{', '.join(parts)}; {done.legs} queue visits in the history"


def run_sql(context: Context, chosen: argparse.Namespace) -> int:
    """Ask one question and print the answer as it comes."""
    query = _told() if chosen.query == "-" else chosen.query
    form = chosen.format or (
        "PrettyCompactMonoBlock" if sys.stdout.isatty() else "TabSeparatedWithNames"
    )
    sys.stdout.buffer.write(asking.ask(context.data, query, form))
    sys.stdout.buffer.flush()
    return 0


def _told() -> str:
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        msg = "cannot answer a query: what stdin gave is no UTF-8 text"
        raise QueryRefused(msg) from error


def run_digest(context: Context, chosen: argparse.Namespace) -> int:
    """Print a hash for each table and day, by which two histories are compared."""
    zone = settings.load(context.config).timezone
    if not (context.data / "store").exists():
        msg = (
            f"no history in {context.data}; import a recording first, "
            "or name another with --data"
        )
        raise DataFolderUnusable(msg)
    with DataFolder(context.data, "digest") as folder:
        store = EmbeddedStore(folder.store, METRICS)
        try:
            rows = digest(store.client, zone)
        finally:
            store.close()
    if not chosen.total:
        for row in rows:
            print(f"{row.table}\t{row.day}\t{row.rows}\t{row.hash}")
    print(f"total\t{total(rows)}" if not chosen.total else total(rows))
    return 0


def run_metrics(_: Context, __: argparse.Namespace) -> int:
    """Print the dictionary."""
    print(as_markdown(), end="")
    return 0


def run_schemas(_: Context, chosen: argparse.Namespace) -> int:
    """Print or write the JSON Schemas."""
    if chosen.write is not None:
        try:
            catalogue.write(chosen.write)
        except OSError as error:
            msg = f"cannot write schemas to {chosen.write}: {error.strerror}"
            raise PultFailure(msg) from error
    else:
        print(catalogue.as_json(chosen.type), end="")
    return 0


def run_doctor(context: Context, _: argparse.Namespace) -> int:
    """Check everything there is; 1 if something needs attention."""
    findings = doctor.examine(context.config, context.data, context.environ)
    for finding in findings:
        print(finding)
    return 0 if all(finding.good for finding in findings) else 1


VERBS: Mapping[str, Callable[[Context, argparse.Namespace], int]] = {
    "demo": run_demo,
    "import": run_import,
    "sql": run_sql,
    "digest": run_digest,
    "metrics": run_metrics,
    "schemas": run_schemas,
    "doctor": run_doctor,
}
