"""Live sources as the settings name them, and what Prometheus is told of them."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from producers.asterisk.following import QueueLogFollower
from producers.asterisk.live import AmiSource
from producers.asterisk.pace import Pace
from producers.asterisk.session import Credentials
from producers.asterisk.wire import Address, tls_context
from producers.frame import Frame
from producers.source import LastFrame, LiveSource
from producers.status import SourceStatus
from producers.webhooks.receiver import Receiver
from pult.secret import in_one_line
from pult.source_settings import AmiSettings, SourceSettings
from pult.webhooks import hook_source
from schemas.errors import SettingsInvalid


def _nothing_kept(_source: str, _feed: str) -> Frame | None:
    return None


def live_sources(
    name: str,
    entry: SourceSettings,
    environ: Mapping[str, str],
    last_frame: LastFrame = _nothing_kept,
    pace: Pace | None = None,
    listening: Receiver | None = None,
) -> list[LiveSource]:
    """Return what reads a source, one for each feed, each to be run in a thread of its own.

    The queue log first reads what was written while nobody did; AMI waits for that.

    Args:
        name: of the source.
        entry: its section of the settings.
        environ: where the secrets are.
        last_frame: what the journal holds, `Journal.last_frame`.
        pace: how patient to be with AMI.
        listening: what listens for what is posted.

    Raises:
        SettingsInvalid: no feed is named, a secret is not set, or a file cannot be used.
    """
    where = f"sources.{name}"
    found: list[LiveSource] = []
    if entry.webhook is not None and listening is not None:
        found.append(hook_source(name, entry.webhook, environ, listening))
    caught_up: threading.Event | None = None
    if entry.queue_log is not None:
        caught_up = threading.Event()
        setting = f"{where}.queue_log"
        found.append(QueueLogFollower(name, entry.queue_log, setting, last_frame, caught_up))
    if entry.ami is not None:
        address, login = ami_access(f"{where}.ami", entry.ami, environ)
        found.append(AmiSource(name, address, login, last_frame, caught_up, pace))
    if not found:
        msg = f"{where} names no feed; set ami or queue_log"
        raise SettingsInvalid(msg)
    return found


def ami_access(
    where: str, entry: AmiSettings, environ: Mapping[str, str]
) -> tuple[Address, Credentials]:
    """Return how to reach a manager interface and how to log in there.

    Raises:
        SettingsInvalid: the secret is not set, or the authority's file cannot be used.
    """
    secret = environ.get(entry.secret_env, "") if entry.secret_env else ""
    if not secret:
        variable = f"environment variable {entry.secret_env}" if entry.secret_env else "it"
        msg = f"cannot log in to Asterisk: {variable} ({where}.secret_env) is not set"
        raise SettingsInvalid(msg)
    secret = in_one_line(secret, entry.secret_env, f"{where}.secret_env")
    tls = tls_context(entry.ca, verify=entry.verify, settings=where) if entry.tls else None
    hint = f"{where}.username and {entry.secret_env}, and permit= of that user in manager.conf"
    address = Address(entry.host, entry.port, where, tls, entry.server_name)
    return address, Credentials(entry.username, secret, entry.auth, hint)


def troubles(sources: Sequence[LiveSource]) -> str:
    """Return why sources bring nothing at present, in one line; empty if all do."""
    return "; ".join(
        f"{each.status.source} ({each.status.feed}): {each.status.trouble}"
        for each in sources
        if each.status.trouble
    )


_Value = Callable[[SourceStatus], float | None]

_GAUGES: tuple[tuple[str, str, _Value], ...] = (
    ("connected", "1 while it is read", lambda it: float(it.connected)),
    ("ready", "1 while it is read and no gap is open", lambda it: float(not it.trouble)),
    ("last_heard_timestamp_seconds", "When the last message came, by our clock; absent before",
     lambda it: it.last_heard_us / 1e6 if it.last_heard_us else None),
    ("clock_skew_seconds", "Its clock less ours, by its last answer to a ping",
     lambda it: None if it.skew_ms is None else it.skew_ms / 1000),
)  # fmt: skip
_COUNTERS: tuple[tuple[str, str, _Value], ...] = (
    ("connections", "Times it was connected to, or its file opened", lambda it: it.connections),
    ("losses", "Connections lost, files cut short", lambda it: it.losses),
    ("refusals", "Log-ins refused", lambda it: it.refusals),
    ("resyncs", "Snapshots complete after a connection", lambda it: it.resynced),
    ("frames", "Messages kept", lambda it: it.frames),
    ("passed_over", "Messages that nobody needs, not kept", lambda it: it.passed_over),
    ("refused", "Messages that cannot be used, kept with the reason", lambda it: it.refused),
)


class SourcesCollector(Collector):
    """What Prometheus is told of live sources, read at the moment of the scrape."""

    def __init__(self, sources: Sequence[LiveSource]) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """Return all metrics."""
        labels = ("source", "feed")
        for name, text, value in _GAUGES:
            yield self._filled(
                GaugeMetricFamily(f"pult_source_{name}", text, labels=labels), value
            )
        for name, text, value in _COUNTERS:
            yield self._filled(
                CounterMetricFamily(f"pult_source_{name}", text, labels=labels), value
            )

    def _filled(self, family: GaugeMetricFamily | CounterMetricFamily, value: _Value) -> Metric:
        for each in self._sources:
            told = value(each.status)
            if told is not None:
                family.add_metric([each.status.source, each.status.feed], told)
        return family
