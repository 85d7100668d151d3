"""`pult run`."""

import argparse
from collections.abc import Mapping, Sequence

from producers.source import LiveSource
from pult import running, settings
from pult.context import Context, port
from pult.feeds import Wired
from pult.runtime import Runtime
from pult.settings import Settings
from pult.sources import SourcesCollector, live_sources
from pult.webhooks import receiver
from schemas.errors import SettingsInvalid


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument(
        "--port", type=port, metavar="PORT",
        help="port of the wall, health and metrics (default 8400; 0: any free one)",
    )  # fmt: skip
    parser.add_argument(
        "--sql-port", type=port, metavar="PORT",
        help="port of the SQL endpoint (default 8123; 0: any free one)",
    )  # fmt: skip
    parser.add_argument(
        "--webhook-port", type=port, metavar="PORT",
        help="port that sources of kind webhook post to (default 8401; 0: any free one)",
    )  # fmt: skip


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Read all sources of the settings until stopped."""
    loaded = settings.load(context.config)
    if not loaded.sources:
        msg = (
            "nothing to read: the settings name no source; add [sources.NAME] to pult.toml, "
            "or see a recording with pult demo"
        )
        raise SettingsInvalid(msg)
    ports = {
        "wall_port": chosen.port, "sql_port": chosen.sql_port,
        "webhook_port": chosen.webhook_port,
    }  # fmt: skip
    given = {name: port for name, port in ports.items() if port is not None}
    http = loaded.http.model_copy(update=given)
    loaded = loaded.model_copy(update={"http": http})
    running.run(
        loaded, context.data, context.environ,
        lambda runtime: _sources(loaded, context.environ, runtime),
        lambda line: print(line, flush=True),
    )  # fmt: skip
    return 0


def _sources(loaded: Settings, environ: Mapping[str, str], runtime: Runtime) -> Sequence[Wired]:
    made: list[Wired] = []
    live: list[LiveSource] = []
    listening = receiver(loaded, runtime.setup.names.callers)
    last_frame = runtime.journal.last_frame
    for name, entry in loaded.sources.items():
        for source in live_sources(name, entry, environ, last_frame, listening=listening):
            # A log that does not grow, a CRM that posts nothing: the night may be quiet.
            beats = source.status.feed == "ami"
            made.append(Wired(name, source, beats=beats, status=source.status))
            live.append(source)
    runtime.registry.register(SourcesCollector(live))
    return made
