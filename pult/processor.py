"""`pult processor`: a worker of the distributed form, with its wall, metrics and health."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import TypeAlias

from prometheus_client import CollectorRegistry

from dashboards.wall.floor import floor
from dashboards.wall.picture import Picture, picture
from dashboards.wall.scope import Scope, Setting
from producers.desk.reviews import Decision
from pult import kafka, logs, topics
from pult.desk import Desk
from pult.desk_token import desk_token, supervisor_token
from pult.floor_pages import FloorPages
from pult.rejecting import limit
from pult.settings import Settings
from pult.stopping import on_stop
from pult.web import Wall, address, listen
from schemas.errors import PultFailure, SettingsInvalid
from schemas.policies import PolicyHistory
from schemas.topics import EVENTS, FACTS, REJECTED, SNAPSHOTS, processors_of
from stream_processors.core.state import State, Terms
from stream_processors.shells.application import Connection, Processor
from stream_processors.shells.exporter import StatesCollector, violations
from stream_processors.shells.policy_log import TenantPolicies
from stream_processors.shells.worker_plan import Plan

SILENT_SECONDS = 15.0
LAST_WORDS_SECONDS = 3.0
"""How long a worker that stopped for a reason still tells it at /readyz."""

Draw: TypeAlias = Callable[[State, Setting, Scope], Picture]


def plan(settings: Settings, name: str, *, accept_loss: bool) -> Plan:
    """Return what a worker is told by the settings."""
    prefix, own = settings.kafka.prefix, settings.processor
    return Plan(
        name=name,
        events=EVENTS.named(prefix),
        facts=FACTS.named(prefix),
        rejected=REJECTED.named(prefix),
        snapshots=SNAPSHOTS.named(prefix),
        policies=TenantPolicies(
            everybody=settings.policies(""),
            tenants={each: settings.policies(each) for each in settings.tenants},
        ),
        limit=limit(own),
        accept_loss=accept_loss,
        save_seconds=own.snapshot_every.total_seconds(),
        save_events=own.snapshot_events,
    )


def connection(settings: Settings, environ: Mapping[str, str]) -> Connection:
    """Return how to reach the brokers.

    Raises:
        SettingsInvalid: a file cannot be read, or the password is not in the environment.
    """
    return Connection(
        librdkafka=kafka.librdkafka(settings.kafka, environ),
        aiokafka=kafka.aiokafka(settings.kafka, environ),
    )


class Service:
    """One worker and what it serves."""

    def __init__(self, settings: Settings, told: Plan, how: Connection) -> None:
        self.settings = settings
        self.registry = CollectorRegistry()
        self.discipline = CollectorRegistry()
        self.processor = Processor(
            told,
            processors_of(settings.kafka.prefix),
            how,
            self.registry,
            lambda errors: kafka.explained(errors, settings.kafka),
        )
        held = self.processor.worker.holdings
        self.registry.register(StatesCollector(held.states, lambda: held.rejected))
        self.discipline.register(StatesCollector(held.states, None, violations))
        self._heard: dict[tuple[str, str], tuple[int, float]] = {}

    def paint(self, scope: Scope) -> Picture:
        """Return the picture of a scope of one tenant; of several none is chosen unnamed."""
        return self._painted(picture, scope)

    def paint_floor(self, scope: Scope) -> Picture:
        """Return the people of a scope by name, in the same way."""
        return self._painted(floor, scope)

    def _painted(self, draw: Draw, scope: Scope) -> Picture:
        with self.processor.worker.holdings.states() as states:
            by_domain = {state.domain: (state, terms) for state, terms in states}
            if len(by_domain) > 1 and not scope.domain:
                return self._choice(draw, sorted(by_domain))
            domain = scope.domain or min(by_domain, default=self.settings.tenant)
            state, terms = by_domain.get(domain) or self._nothing(domain, scope.domain)
            setting = Setting(
                version=version("pult"),
                title=domain,
                terms=terms,
                silent=frozenset(self._silent(state)),
            )
            return draw(state, setting, scope)

    def _choice(self, draw: Draw, domains: Sequence[str]) -> Picture:
        """Return the picture of no tenant: whose wall there is to be seen here."""
        state, terms = self._nothing("", "")
        setting = Setting(version=version("pult"), title="", terms=terms, tenants=domains)
        return draw(state, setting, Scope())

    def ready(self) -> str:
        """Return why the figures are not to be trusted, an empty string if they are."""
        worker = self.processor.worker
        why = worker.ready()
        quiet = time.monotonic() - worker.heard_at
        if not why and quiet > SILENT_SECONDS and worker.holdings.holds_sources:
            # A live source tells every second that it is there.
            why = f"no source has said anything for {quiet:.0f} s"
        return why

    def _nothing(self, domain: str, asked: str) -> tuple[State, Terms]:
        """Return a state that has seen nothing; nobody's if another domain was asked for.

        Whose it is, another worker shows, if anybody's.
        """
        tenant = domain.partition("/")[0]
        policies = PolicyHistory([(0, self.settings.policies(tenant))])
        return State(tenant, "" if asked else domain), Terms(policies)

    def _silent(self, state: State) -> list[str]:
        """Return the sources whose clock has stood still for a while."""
        now = time.monotonic()
        silent = []
        for source in state.sources.values():
            key = (state.domain, source.name)
            # At the first look all that is known is when anything was heard last.
            first = (source.clock, self.processor.worker.heard_at)
            clock, since = self._heard.get(key, first)
            if clock != source.clock:
                since = now
            self._heard[key] = (source.clock, since)
            if now - since > SILENT_SECONDS:
                silent.append(source.name)
        return silent


def desk(settings: Settings, environ: Mapping[str, str]) -> Desk | None:
    """Return what takes decisions over HTTP; None where the settings name no token.

    Raises:
        SettingsInvalid: there is no token where it was said to be, or no history to look
            episodes up in.
    """
    token = desk_token(settings.desk, environ)
    if not token:
        return None
    if "clickhouse" not in settings.model_fields_set:
        msg = "the desk of a worker looks episodes up in the history: set [clickhouse]"
        raise SettingsInvalid(msg)

    def keep(decision: Decision, tenant: str) -> None:
        # Loaded by the first decision: a client of the database comes with it.
        from pult import reviewing

        reviewing.into_kafka(decision, tenant or settings.tenant, settings, environ)

    return Desk(token, keep, lambda: time.time_ns() // 1_000_000)


async def serve(
    settings: Settings,
    told: Plan,
    how: Connection,
    token: str,
    decided: Desk | None,
    out: Callable[[str], None],
) -> None:
    """Run a worker until a signal comes or it cannot go on.

    Args:
        settings: of the installation.
        told: what it is to do.
        how: how to reach the brokers.
        token: what whoever wants to see people by name has to show; empty: nobody may.
        decided: what takes decisions about episodes; None: nobody may decide here.
        out: where a person reads its address.

    Raises:
        PultFailure: it could not go on.
    """
    http = settings.http
    service = Service(settings, told, how)
    worker = service.processor.worker
    wall = Wall(service.paint, service.ready, service.registry, service.discipline, http.host)
    wall.add_floor(FloorPages(service.paint_floor, token))
    if decided is not None:
        wall.application.add_routes(decided.routes())
    worker.listen(wall.changed)
    runner, port = await listen(
        wall.application, http.host, http.processor_port, "the worker", "--port"
    )
    on_stop(service.processor.stop)
    try:
        out(f"Worker   {address(http.host, port)}/")
        await service.processor.run()
    except PultFailure:
        # Whoever watches /readyz can read why before the address is gone.
        await asyncio.sleep(LAST_WORDS_SECONDS)
        raise
    finally:
        wall.close()
        await runner.cleanup()


def run(
    settings: Settings,
    environ: Mapping[str, str],
    told: Plan,
    out: Callable[[str], None],
) -> None:
    """Check what is needed, then run a worker to its end.

    Raises:
        PultFailure: something is missing, or it could not go on.
    """
    logs.configure("worker")
    how = connection(settings, environ)
    token = supervisor_token(settings.supervisor, environ)
    decided = desk(settings, environ)
    client = kafka.connect(settings.kafka, environ)
    topics.require(client, settings.kafka)
    kafka.require_group(client, processors_of(settings.kafka.prefix), settings.kafka)
    decides = [told.events] if decided is not None else []
    kafka.require_topics(
        client,
        settings.kafka,
        read=[told.events, told.snapshots],
        written=[told.facts, told.rejected, told.snapshots, *decides],
    )
    asyncio.run(serve(settings, told, how, token, decided, out))
