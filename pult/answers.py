"""What a running pipeline answers to whoever asks: pictures, metrics, readiness, decisions.

The event loop that serves pages asks it; nothing here moves anything but a person's decision
into the journal.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from prometheus_client import CollectorRegistry

from dashboards.wall.floor import floor
from dashboards.wall.picture import Picture, picture
from dashboards.wall.scope import Scope, Setting
from producers.desk.reviews import Decision, frame
from pult.feeds import silent
from pult.reviewing import has_episode, unknown
from pult.runtime import Runtime
from schemas.wording import counted
from stream_processors.core.plans import Plan
from stream_processors.core.state import State
from stream_processors.shells.exporter import StateCollector, violations


class Answers:
    """Those of one embedded pipeline.

    Attributes:
        metrics: all of them.
        discipline: violations alone, which are asked for more often.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.metrics = runtime.registry
        self.discipline = CollectorRegistry()
        terms = runtime.setup.terms
        self.metrics.register(StateCollector(self.exported, lambda: terms))
        self.discipline.register(StateCollector(self.exported, lambda: terms, violations))

    @contextmanager
    def exported(self, domain: str = "") -> Iterator[State]:
        """Hold the state still while it is read.

        Before it has caught up, and for the domain of somebody else, it is an empty one.
        """
        names = self._runtime.setup.names
        if self._runtime.caught_up and domain in ("", names.domain):
            with self._runtime.pipeline.state() as state:
                yield state
        else:
            yield State(names.tenant, names.domain)

    def paint(self, scope: Scope) -> Picture:
        """Return the picture of a scope; of another domain not even the sources are told."""
        with self.exported(scope.domain) as state:
            return picture(state, self._setting(scope), scope)

    def paint_floor(self, scope: Scope) -> Picture:
        """Return the people of a scope by name."""
        with self.exported(scope.domain) as state:
            return floor(state, self._setting(scope), scope)

    def _setting(self, scope: Scope) -> Setting:
        runtime, setup = self._runtime, self._runtime.setup
        ours = scope.domain in ("", setup.names.domain)
        failed = {each.wired.name: each.failed for each in runtime.feeds if each.failed}
        return Setting(
            version=version("pult"),
            title=setup.settings.tenant if ours else scope.domain,
            terms=setup.terms,
            mode=runtime.mode,
            speed=setup.speed,
            silent=self.silent() if ours else frozenset(),
            failed=failed if ours else {},
        )

    def keep(self, decision: Decision, tenant: str) -> None:
        """Take a decision about an episode into the journal.

        Raises:
            EpisodeUnknown: there is no such episode of the tenant.
            JournalFailed, StoreFailed: nothing was kept.
        """
        own = self._runtime.setup.settings.tenant
        if tenant not in ("", own) or not self.knows_episode(decision.episode_id):
            raise unknown(decision.episode_id, tenant or own)
        self._runtime.intake.take([frame(decision, time.time_ns() // 1000)])

    def knows_episode(self, episode_id: str) -> bool:
        """Tell whether there is such an episode of this domain, here or in the history.

        Raises:
            StoreFailed: the history cannot be asked.
        """
        with self._runtime.pipeline.state() as state:
            if any(said.episode_id == episode_id for said in state.docket.said()):
                return True
        return has_episode(self._runtime.store, self._runtime.setup.names, episode_id)

    def known_plan(self, agent_id: str, day: str) -> Plan | None:
        """Return the plan that holds of an agent and a day; None if none is in reach."""
        with self._runtime.pipeline.state() as state:
            return state.plans.get(agent_id, {}).get(day)

    def silent(self) -> frozenset[str]:
        """Return the sources whose figures must not be trusted."""
        runtime = self._runtime
        if runtime.mode == "ended":
            return frozenset()
        if runtime.keeper.crowded:
            # They speak, but nothing of it is applied.
            return frozenset(each.wired.name for each in runtime.feeds)
        return silent(runtime.feeds, time.monotonic(), runtime.since)

    def ready(self) -> str:
        """Return why the figures are not to be trusted; empty if they are."""
        runtime = self._runtime
        if runtime.failure is not None:
            return str(runtime.failure)
        if runtime.live_at is None:
            return "the state is being restored"
        why = [runtime.intake.trouble, runtime.keeper.trouble, runtime.late.trouble]
        if not runtime.caught_up:
            behind = runtime.live_at - runtime.pipeline.position
            one, many = "message of the journal is", "messages of the journal are"
            why.append(f"{counted(behind, one, many)} not applied yet")
        why += [*(feed.why for feed in runtime.feeds), runtime.rejects.trouble]
        if runtime.keeper.crowded:
            why.append("the figures stand still until the store takes rows again")
        else:
            why += [f"{name} is silent" for name in sorted(self.silent())]
        with runtime.pipeline.state() as state:
            if not state.sources and not state.crm.listens:
                why.append("no event yet")
        return "; ".join(dict.fromkeys(each for each in why if each))
