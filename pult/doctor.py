"""`pult doctor`: what is wrong, and what to do about it."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pult import settings
from pult.folder import DataFolder, owner, reachable
from schemas.errors import PultFailure
from schemas.metrics import METRICS
from sql.embedded import EmbeddedStore

_LITTLE_SPACE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    good: bool
    text: str

    def __str__(self) -> str:
        return f"{'ok      ' if self.good else 'PROBLEM '}{self.text}"


def examine(config: Path | None, data: Path, environ: Mapping[str, str]) -> list[Finding]:
    """Look at the settings and the data folder; nothing is changed."""
    try:
        loaded = settings.load(config)
    except PultFailure as failure:
        return [Finding(good=False, text=str(failure)), *_folder(data)]
    return [*_settings(loaded, config, environ), *_kafka(loaded, environ), *_folder(data)]


def _settings(
    loaded: settings.Settings, config: Path | None, environ: Mapping[str, str]
) -> Iterator[Finding]:
    where = config or settings.DEFAULT_FILE
    name = str(where) if where.exists() else "built-in defaults (no pult.toml here)"
    queues = ", ".join(loaded.queues) or "none named, all have 20 s and 5 s"
    yield Finding(good=True, text=f"settings: {name}; tenant {loaded.tenant}; queues: {queues}")
    secrets = [loaded.privacy.secret_env]
    secrets += [each.ami.secret_env for each in loaded.sources.values() if each.ami]
    for secret in secrets:
        if secret and not environ.get(secret):
            yield Finding(good=False, text=f"environment variable {secret} is not set")


def _kafka(loaded: settings.Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    if "kafka" not in loaded.model_fields_set:
        return
    # Loaded only for those who have a broker: its client takes a while.
    from pult import kafka, topics

    try:
        client = kafka.connect(loaded.kafka, environ)
        yield Finding(good=True, text=f"kafka: {loaded.kafka.bootstrap} answers")
        for each in topics.check(client, loaded.kafka):
            yield Finding(good=each.good, text=f"kafka: topic {each.text}")
    except PultFailure as failure:
        yield Finding(good=False, text=str(failure))


def _folder(data: Path) -> Iterator[Finding]:
    if not data.exists():
        text = f"data folder: {data} is not there yet; import or demo makes it"
        yield Finding(good=True, text=text)
        return
    free = shutil.disk_usage(data).free
    if free < _LITTLE_SPACE_BYTES:
        text = f"data folder: only {free >> 20} MiB free on the disk of {data}"
        yield Finding(good=False, text=text)
    try:
        with DataFolder(data, "doctor") as folder:
            yield from _store(folder)
    except PultFailure as failure:
        told = reachable(data)
        if told is None:
            yield Finding(good=False, text=str(failure))
        else:
            text = f"data folder: {data} is in use by {owner(data)}, wall at {told['wall']}"
            yield Finding(good=True, text=text)


def _store(folder: DataFolder) -> Iterator[Finding]:
    if not folder.store.exists():
        yield Finding(good=True, text=f"data folder: {folder.path} holds no history yet")
        return
    store = EmbeddedStore(folder.store, METRICS)
    try:
        counts = store.query(
            "SELECT (SELECT count() FROM events), (SELECT count() FROM legs), "
            "(SELECT count() FROM rejected)"
        )
    finally:
        store.close()
    events, legs, rejected = counts.decode().split()
    text = f"data folder: {folder.path} holds {events} events, {legs} queue visits"
    yield Finding(good=True, text=text)
    if rejected != "0":
        text = (
            f"{rejected} messages could not be used; "
            "pult sql 'SELECT reason, detail, left(bytes, 80) FROM rejected LIMIT 5'"
        )
        yield Finding(good=False, text=text)
