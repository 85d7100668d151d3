"""What somebody decided about an episode, from the command into the log; never into the store.

The log of a data folder is its journal: who owns the folder is asked over HTTP, and if nobody
does, it is written here and applied at the next start, or at once where no source is set, as
of what was only imported. The log of a server is Kafka.
"""

import time
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from producers.desk.reviews import Decision, frame
from producers.frame import Naming
from producers.identity import NO_CALLERS
from producers.journal import Journal
from pult import asking, telling
from pult.desk_token import desk_token
from pult.folder import DataFolder, reachable
from pult.history_asked import quoted
from pult.importing import import_frames
from pult.opened import opened
from pult.restoring import Place, begin_above_the_store
from pult.settings import Settings
from pult.snapshot_files import SnapshotFiles
from pult.telling import Refused, tell_owner
from schemas.errors import (
    DataFolderUnusable,
    EpisodeUnknown,
    JournalFailed,
    ReviewRefused,
)
from schemas.metrics import METRICS
from sql.embedded import EmbeddedStore

_PATHS = {"acknowledged": "ack", "excused": "excuse", "neutral": "neutral"}


def has_episode(store: EmbeddedStore, names: Naming, episode_id: str) -> bool:
    """Tell whether a history knows an episode of a domain, also one that was taken back.

    Raises:
        StoreFailed: it cannot be asked.
    """
    where = {"tenant": names.tenant, "domain": names.domain, "episode": episode_id}
    query = (
        "SELECT count() FROM violations WHERE tenant = {tenant:String} "
        "AND domain = {domain:String} AND episode_id = {episode:String}"
    )
    return int(store.query(query, parameters=where)) > 0


def unknown(episode_id: str, tenant: str) -> EpisodeUnknown:
    """Return the failure that there is no such episode."""
    msg = (
        f"no episode {episode_id} of {tenant} is known; pult violations list shows the open "
        "ones, the table violations all"
    )
    return EpisodeUnknown(msg)


def into_data_folder(
    decision: Decision, data: Path, settings: Settings, environ: Mapping[str, str]
) -> str:
    """Say a decision to whoever owns a data folder, or write it there; return what was done.

    Raises:
        PultFailure: nothing was kept.
    """
    if not (data / "store").exists():
        msg = f"no history in {data}, so no episode; name another folder with --data"
        raise DataFolderUnusable(msg)
    try:
        folder = DataFolder(data, "violations")
    except DataFolderUnusable:
        told = reachable(data)
        # Whoever only serves the history has no wall, and names its endpoint in its place.
        if told is None or told.get("wall") in (None, told.get("sql")):
            raise
        _ask_owner(decision, data, str(told["wall"]), desk_token(settings.desk, environ, data))
        return "kept"
    names = Naming(settings.tenant, settings.tenant, NO_CALLERS)
    with folder, closing(EmbeddedStore(folder.store, METRICS)) as store:
        _check(decision, folder, store, names)
        if settings.sources:
            _write(decision, folder, store, names, settings.timezone)
            return "kept in the journal; it holds when pult run is started"
    _apply(decision, data, settings, environ)
    return "kept"


def _apply(
    decision: Decision, data: Path, settings: Settings, environ: Mapping[str, str]
) -> None:
    """Bring a decision into a history that was only imported: pult run has nothing to start."""
    kept = frame(decision, time.time_ns() // 1000)
    with opened(data, settings, environ) as here:
        import_frames(
            iter([kept]), "desk", here.journal, here.store, here.names, here.history
        )  # fmt: skip


def _check(decision: Decision, folder: DataFolder, store: EmbeddedStore, names: Naming) -> None:
    """Refuse a decision about what is not there to stay."""
    if folder.demo_mark.exists():
        msg = (
            f"cannot take the review: the history in {folder.path} is a demo's, which the next "
            "start throws away; say it while pult demo runs"
        )
        raise ReviewRefused(msg)
    if not has_episode(store, names, decision.episode_id):
        raise unknown(decision.episode_id, names.tenant)


def _write(
    decision: Decision, folder: DataFolder, store: EmbeddedStore, names: Naming, zone: str
) -> None:
    """Write a decision into a journal that nobody else writes; the next start applies it."""
    today = datetime.now(ZoneInfo(zone)).date()
    with closing(Journal.open(folder.journal, today)) as journal:
        # As at a start: what is written must not stand below what the store has.
        begin_above_the_store(Place(journal, store, SnapshotFiles(folder)), names)
        journal.append([frame(decision, time.time_ns() // 1000)])


def _ask_owner(decision: Decision, data: Path, address: str, token: str) -> None:
    path = f"/violations/{decision.episode_id}/{_PATHS[decision.verdict]}"
    body = {
        "author": decision.author,
        "reason": decision.reason,
        "decided_at": decision.decided_at,
    }
    try:
        tell_owner(data, address, path, body, token)
    except Refused as refused:
        if refused.status == 404:
            msg = f"{refused}; pult violations list shows the open ones"
            raise EpisodeUnknown(msg) from refused
        if refused.status == 503:
            raise JournalFailed(str(refused)) from refused
        msg = f"{address} refused episode {decision.episode_id}: {refused}"
        raise ReviewRefused(msg) from refused


def into_kafka(
    decision: Decision, tenant: str, settings: Settings, environ: Mapping[str, str]
) -> str:
    """Say a decision to the workers, by way of Kafka; return what was done.

    The server of [clickhouse] is asked where the episode is.

    Raises:
        EpisodeUnknown: it has none of this id and tenant.
        ReviewRefused: several sites have one.
        StoreFailed: it cannot be asked.
        KafkaUnusable: the brokers did not take it within 20 s.
        SettingsInvalid: a file cannot be read, or the password is not in the environment.
    """
    domain = _domain_of(decision, tenant, settings, environ)
    kept = frame(decision, time.time_ns() // 1000)
    return f"kept in {telling.into_kafka([kept], tenant, domain, settings, environ)}"


def _domain_of(
    decision: Decision, tenant: str, settings: Settings, environ: Mapping[str, str]
) -> str:
    where = f"tenant = {quoted(tenant)} AND episode_id = {quoted(decision.episode_id)}"
    query = f"SELECT DISTINCT domain FROM violations WHERE {where} ORDER BY domain"
    told = asking.ask_server(settings.clickhouse, environ, query, "JSONEachRow")
    found = [str(msgspec.json.decode(line)["domain"]) for line in told.splitlines() if line]
    if not found:
        raise unknown(decision.episode_id, tenant)
    if len(found) > 1:
        sites = ", ".join(found)
        msg = f"cannot take the review: {sites} each have an episode {decision.episode_id}"
        raise ReviewRefused(msg)
    return found[0]
