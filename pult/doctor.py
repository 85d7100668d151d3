"""`pult doctor`: what is wrong, and what to do about it."""

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from producers.kinds import BRINGS
from producers.recording import AMI, QUEUE_LOG
from pult import clock, ports, settings
from pult.context import sql_command
from pult.folder import DataFolder, owner, reachable
from pult.log_members import NO_QUEUE_LOG, complaint, is_something_else
from pult.source_settings import AmiSettings, WebhookSettings
from schemas.durations import written
from schemas.errors import PultFailure
from schemas.events import Event
from schemas.metrics import METRICS
from schemas.needs import NOT_JUDGED, missing
from schemas.wording import counted, did_you_mean
from sql.embedded import EmbeddedStore
from stream_processors.core.pipeline import FUTURE_MS

_LITTLE_SPACE_BYTES = 1 << 30
_MUCH_SKEW_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; a remark hinders nothing, but should be known."""

    good: bool
    text: str
    remark: bool = False

    def __str__(self) -> str:
        word = "PROBLEM " if not self.good else "NOTE    " if self.remark else "ok      "
        return f"{word}{self.text}"


def examine(config: Path | None, data: Path, environ: Mapping[str, str]) -> list[Finding]:
    """Look at the settings and the data folder; nothing is changed."""
    try:
        loaded = settings.load(config)
    except PultFailure as failure:
        return [Finding(good=False, text=str(failure)), *_folder(data)]
    return [
        *_settings(loaded, config, environ),
        *_sources(loaded, environ),
        *_rules(loaded),
        *_lateness(loaded),
        *_teams(loaded),
        *_devices(loaded),
        *_kafka(loaded, environ),
        *_clickhouse(loaded, environ),
        *_folder(data),
        *_ports(loaded),
        *_clock(data),
    ]


def _settings(
    loaded: settings.Settings, config: Path | None, environ: Mapping[str, str]
) -> Iterator[Finding]:
    where = config or settings.DEFAULT_FILE
    name = str(where) if where.exists() else "built-in defaults (no pult.toml here)"
    queues = ", ".join(loaded.queues) or "none named, all have 20 s and 5 s"
    yield Finding(good=True, text=f"settings: {name}; tenant {loaded.tenant}; queues: {queues}")
    secrets = [loaded.privacy.secret_env]
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
            yield Finding(good=each.good, text=f"kafka: topic {each.remedied}")
    except PultFailure as failure:
        yield Finding(good=False, text=f"kafka: {failure}")


def _sources(loaded: settings.Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    for name, source in loaded.sources.items():
        if source.ami is not None:
            yield from _ami(f"sources.{name}.ami", source.ami, environ)
        if source.queue_log is not None:
            yield from _queue_log(name, source.queue_log, with_ami=source.ami is not None)
        if source.webhook is not None:
            yield _webhook(name, source.webhook, environ, loaded.http.webhook_port)
        elif source.ami is None and source.queue_log is None:
            text = f"sources.{name} names no feed; set ami or queue_log to read it live"
            yield Finding(good=True, text=text, remark=True)
        elif source.ami is None:
            text = (
                f"sources.{name}: a queue log tells no time between its lines: what falls due "
                "becomes known with the next one; set ami, too"
            )
            yield Finding(good=True, text=text, remark=True)


def _rules(loaded: settings.Settings) -> Iterator[Finding]:
    """Name the rules that nothing can be told of by the sources there are."""
    kinds = set()
    for source in loaded.sources.values():
        kinds |= {AMI} if source.ami is not None else set()
        kinds |= {QUEUE_LOG} if source.queue_log is not None else set()
    if not kinds:
        return
    brought = frozenset[type[Event]]().union(*(BRINGS[kind] for kind in kinds))
    for code, events in missing(brought).items():
        text = f"rule {code} cannot be judged: no source here tells {', '.join(events)}"
        yield Finding(good=True, text=text, remark=True)
    for code, why in NOT_JUDGED.items():
        yield Finding(good=True, text=f"rule {code} is not judged: it {why}", remark=True)


def _lateness(loaded: settings.Settings) -> Iterator[Finding]:
    """Name who can never be late, because he counts as absent before."""
    policies = loaded.policies()
    levels = [("[discipline]", loaded.discipline)]
    levels += [(f"[teams.{each}]", policies.discipline_of("", each)) for each in policies.teams]
    levels += [
        (f"[agents.{name!r}]", policies.discipline_of(name, agent.team))
        for name, agent in policies.agents.items()
    ]
    told = set()
    for level, rules in levels:
        grace, after = rules.late_login.grace, rules.no_show.after
        if grace >= after and (grace, after) not in told:
            told.add((grace, after))
            text = f"{level}: late_login.grace ({written(grace)}) is not below no_show.after"
            text += f" ({written(after)}): nobody is late there, only absent"
            yield Finding(good=True, text=text, remark=True)


def _teams(loaded: settings.Settings) -> Iterator[Finding]:
    """Name teams whose rules hold for nobody, for they may be misspelt."""
    policies = loaded.policies()
    named = {each.team for each in policies.agents.values()}
    named |= {each.team for each in policies.queues.values()}
    for team in sorted(policies.teams.keys() - named):
        text = f"[teams.{team}]: no agent and no queue is of this team"
        text += did_you_mean(team, named - {""})
        yield Finding(good=True, text=text, remark=True)


def _devices(loaded: settings.Settings) -> Iterator[Finding]:
    """Name phones of two agents: only the first has their calls."""
    policies = loaded.policies()
    directory = policies.directory()
    for name, agent in policies.agents.items():
        for device in dict.fromkeys((*agent.devices, *agent.ids)):
            first = directory[device]
            if first != name:
                text = f"[agents.{name!r}]: {device} is of {first!r}, who stands before"
                yield Finding(good=True, text=f"{text}; name it once", remark=True)


def _ami(where: str, wanted: AmiSettings, environ: Mapping[str, str]) -> Iterator[Finding]:
    # Loaded only for those who have a PBX.
    from pult.asking_ami import ask
    from pult.sources import ami_access

    try:
        address, login = ami_access(where, wanted, environ)
    except PultFailure as failure:
        yield Finding(good=False, text=str(failure))
        return
    try:
        answer = ask(address, login)
    except PultFailure as failure:
        yield Finding(good=False, text=f"{where}: cannot use {address}: {failure}")
        return
    yield Finding(good=True, text=f"{where}: {address} lets us in, AMI {answer.version}")
    if answer.skew_seconds is not None:
        yield _skew(where, answer.skew_seconds)


def _webhook(
    name: str, wanted: WebhookSettings, environ: Mapping[str, str], port: int
) -> Finding:
    # Loaded only for those who have a CRM.
    from pult.webhooks import hook

    try:
        check = hook(name, wanted, environ).check
    except PultFailure as failure:
        return Finding(good=False, text=str(failure))
    text = f"sources.{name}.webhook: mapping {wanted.mapping}, POST /hooks/{name} at {port}"
    if check.signs_address and not wanted.public_url:
        # We hear no TLS, so we would take an address of https for one of http.
        text += "; the sender signs the address: set public_url to it, or no signature is right"
        return Finding(good=False, text=text)
    return Finding(good=True, text=text)


def _skew(where: str, seconds: float) -> Finding:
    side = "ahead of" if seconds > 0 else "behind"
    return of_skew(f"{where}: its clock is {abs(seconds):.1f} s {side} ours", seconds)


def of_skew(text: str, seconds: float) -> Finding:
    """Judge the clock of a PBX, so many seconds ahead of ours, which a text tells already."""
    if seconds * 1000 > FUTURE_MS:
        return Finding(good=False, text=f"{text}, so its events are rejected; set both by NTP")
    if abs(seconds) > _MUCH_SKEW_SECONDS:
        return Finding(good=True, text=f"{text}; set both by NTP", remark=True)
    return Finding(good=True, text=text)


def _queue_log(name: str, log: Path, *, with_ami: bool) -> Iterator[Finding]:
    setting = f"sources.{name}.queue_log"
    yield _file_of_queue_log(setting, log)
    said = complaint(setting, log, with_ami=with_ami)
    if said:
        yield Finding(good=with_ami, text=said, remark=True)


def _file_of_queue_log(setting: str, log: Path) -> Finding:
    if not log.exists():
        text = f"{setting}: {log} is not there; set queue_log = yes in logger.conf, or mend"
        return Finding(good=False, text=f"{text} the path")
    if not log.is_file():
        return Finding(good=False, text=f"{setting}: {log} is no file; mend the path")
    if not os.access(log, os.R_OK):
        text = f"{setting}: {log} may not be read; put this user into Asterisk's group"
        return Finding(good=False, text=text)
    if is_something_else(log):
        text = f"{setting}: {log} {NO_QUEUE_LOG}; mend the path"
        return Finding(good=False, text=text)
    return Finding(good=True, text=f"{setting}: {log} can be read")


def _ports(loaded: settings.Settings) -> Iterator[Finding]:
    """Look at the ports of the form that the settings speak of: one process, or several."""
    from pult.web import sql_host

    http = loaded.http
    several = "kafka" in loaded.model_fields_set
    parts = ("processor", "adapter", "sink") if several else ("wall", "sql")
    if any(source.webhook for source in loaded.sources.values()):
        parts = (*parts, "webhook")
    for part in parts:
        port = getattr(http, f"{part}_port")
        if port:
            host = {"sql": sql_host(http.host), "webhook": http.webhook_host}.get(part, "")
            yield _port(host or http.host, port, f"http.{part}_port")


def _port(host: str, port: int, setting: str) -> Finding:
    why = ports.trouble(host, port)
    if not why:
        return Finding(good=True, text=f"port {port} ({setting}) is free")
    if why != "EADDRINUSE":
        text = f"cannot listen at {host}:{port}: {why}; check http.host and {setting}"
        return Finding(good=False, text=text)
    who = ports.holder(port)
    if who.ours:
        return Finding(good=True, text=f"port {port} ({setting}) is that of {who.text}")
    text = f"port {port} ({setting}) is taken by {who.text}; stop it, or set another port"
    return Finding(good=False, text=text)


def _clock(data: Path) -> Iterator[Finding]:
    behind = max(clock.behind_seconds(each) for each in (data, data / "journal"))
    if behind:
        text = f"clock: {behind:.0f} s behind what was written to {data}; set the clock right"
        yield Finding(good=False, text=text)
    elif not clock.synchronised():
        text = "clock: nothing keeps it right (no NTP); install chrony, or do so on the host"
        yield Finding(good=True, text=text, remark=True)
    else:
        yield Finding(good=True, text="clock: kept right")


def _clickhouse(loaded: settings.Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    if "clickhouse" not in loaded.model_fields_set:
        return
    from pult import clickhouse

    wanted = loaded.clickhouse
    try:
        client = clickhouse.connect(wanted, environ)
        text = f"clickhouse: {wanted.url} answers, version {client.server_version}"
        yield Finding(good=True, text=text)
        clickhouse.check(client, wanted)
        client.close()
    except PultFailure as failure:
        yield Finding(good=False, text=f"clickhouse: {failure}")
    else:
        yield Finding(good=True, text="clickhouse: tables are right and can be written")


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


_TOLD_TWICE = (
    "SELECT arrayStringConcat(arraySort(groupUniqArray(queue_id)), ' and ') FROM legs "
    "WHERE queue_id != '' GROUP BY source, lower(queue_id) HAVING uniqExact(queue_id) > 1 "
    "ORDER BY 1"
)


def _store(folder: DataFolder) -> Iterator[Finding]:
    if not folder.store.exists():
        yield Finding(good=True, text=f"data folder: {folder.path} holds no history yet")
        return
    store = EmbeddedStore(folder.store, METRICS)
    try:
        counts = store.query(
            "SELECT (SELECT count() FROM events), "
            "(SELECT count() FROM legs WHERE queue_id != ''), "
            "(SELECT count() FROM rejected)"
        )
        twice = store.query(_TOLD_TWICE)
    finally:
        store.close()
    for names in twice.decode().splitlines():
        text = (
            f"queues {names} are one to Asterisk: name it once in [queues], then pult rebuild"
        )
        yield Finding(good=False, text=text)
    events, legs, rejected = map(int, counts.decode().split())
    holds = f"{counted(events, 'event')}, {counted(legs, 'queue visit')}"
    text = f"data folder: {folder.path} holds {holds}"
    yield Finding(good=True, text=text)
    if rejected:
        ask = "SELECT reason, detail, left(bytes, 80) FROM rejected LIMIT 5"
        text = (
            f"{counted(rejected, 'message')} could not be used; {sql_command(ask, folder.path)}"
        )
        yield Finding(good=False, text=text)
