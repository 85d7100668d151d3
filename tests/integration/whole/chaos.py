"""Kills parts at seeded moments, brings them back, and compares what came out and went in."""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from tests.integration.whole.between import between
from tests.integration.whole.centre import Centre
from tests.integration.whole.expected import expected
from tests.integration.whole.parts import Part
from tests.kafka import Broker, Cluster
from tests.proxy import Proxy
from tests.pult.command import SECONDS, wait_for

LEAST_BETWEEN = 0.25
"""Of the kills that can fall between an output and its offset, so many have to."""

_AT_WORK = 0.8


@dataclass(frozen=True)
class Blow:
    """One thing that was done to an installation, and whether it fell between."""

    what: str
    at_seconds: float
    between: bool | None = None

    @property
    def is_kill(self) -> bool:
        """Whether a process was killed."""
        return not self.what.startswith(("cut", "delayed"))


@dataclass
class Report:
    """What was done, and what came out."""

    seed: int
    blows: list[Blow] = field(default_factory=list)
    events: int = 0
    lost: int = 0
    doubled: int = 0
    unequal: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return sum(each.is_kill for each in self.blows)

    @property
    def counts(self) -> bool:
        """Whether enough kills fell where they could do harm."""
        judged = [each.between for each in self.blows if each.between is not None]
        return bool(judged) and sum(judged) >= LEAST_BETWEEN * len(judged)

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled or concluded otherwise."""
        return not (self.lost or self.doubled or self.unequal)

    def __str__(self) -> str:
        judged = [each.between for each in self.blows if each.between is not None]
        kills = [each.what for each in self.blows if each.is_kill]
        others = [each.what for each in self.blows if not each.is_kill]
        return (
            f"seed {self.seed}: {len(kills)} kills ({_counted(kills)}) and {len(others)} "
            f"disturbances ({_counted(others)}); {sum(judged)} of {len(judged)} "
            f"between a written output and its committed offset; {self.events} events: "
            f"{self.lost} lost, {self.doubled} doubled; digests "
            f"{'equal' if not self.unequal else 'unequal: ' + ', '.join(self.unequal)}"
        )


def _counted(what: Sequence[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(Counter(what).items()))


class Chaos:
    """Deals blows to an installation while its PBXs speak."""

    def __init__(
        self,
        centre: Centre,
        seed: int,
        cluster: Cluster | None = None,
        proxies: Sequence[Proxy] = (),
    ) -> None:
        self.centre = centre
        self.report = Report(seed)
        self._dice = random.Random(seed)
        self._cluster = cluster
        self._proxies = proxies
        self._began = time.monotonic()
        self._down: Broker | None = None
        self._pack: list[Callable[[], None]] = []

    def deal(self, blows: int, pause_seconds: float) -> None:
        """Deal so many blows, with pauses of random length between them."""
        for _ in range(blows):
            time.sleep(self._dice.uniform(0, 2 * pause_seconds))
            self._next()()
        for proxy in self._proxies:
            proxy.delay_ms = 0.0
        self._raise_broker()

    def kill_between(self, part: Part, times: int) -> None:
        """Kill a part right when it has written what it has not committed."""
        for _ in range(times):
            wait_for(lambda: between(self.centre, part), SECONDS, "a written output")
            part.kill()
            self._note(part.kind, between(self.centre, part))
            part.start()

    def _next(self) -> Callable[[], None]:
        """Draw from a shuffled pack, so that a short run has something of everything."""
        if not self._pack:
            kinds = (self.centre.adapters, self.centre.workers, self.centre.sinks)
            self._pack += [partial(self._kill, parts) for parts in kinds] * 2
            self._pack.append(self._cut_pbx)
            if self._cluster is not None and len(self._cluster.brokers) > 1:
                self._pack.append(self._broker)
            if self._proxies:
                self._pack += [self._cut, self._delay]
            self._dice.shuffle(self._pack)
        return self._pack.pop()

    def _note(self, what: str, was_between: bool | None = None) -> None:
        at = time.monotonic() - self._began
        self.report.blows.append(Blow(what, at, was_between))

    def _kill(self, parts: Mapping[str, Part]) -> None:
        """Kill one of some parts: mostly at work, one time in five perhaps while it starts."""
        part = self._dice.choice(list(parts.values()))
        if self._dice.random() < _AT_WORK:
            part.wait_until_ready()
            time.sleep(self._dice.uniform(0, 1))
        part.kill()
        self._note(part.kind, between(self.centre, part))
        part.start()

    def _broker(self) -> None:
        """Kill a broker; the one that was killed before comes back first."""
        assert self._cluster is not None
        self._raise_broker()
        self._down = self._dice.choice(self._cluster.brokers)
        self._down.kill()
        self._note("broker")

    def _raise_broker(self) -> None:
        if self._down is not None:
            assert self._cluster is not None
            self._cluster.start(self._down)
            self._down = None

    def _cut_pbx(self) -> None:
        self._dice.choice(list(self.centre.pbxs.values())).cut()
        self._note("cut PBX")

    def _cut(self) -> None:
        self._dice.choice(self._proxies).cut()
        self._note("cut brokers")

    def _delay(self) -> None:
        proxy = self._dice.choice(self._proxies)
        proxy.delay_ms = self._dice.choice((0.0, 20.0, 200.0))
        self._note("delayed brokers")


def judge(centre: Centre, report: Report) -> Report:
    """Compare what is stored with what follows from the journals alone."""
    for tenant in centre.tenants:
        wanted = expected(
            centre.data(tenant), tenant, centre.folder / f"expected-{tenant}",
            centre.folder / f"{tenant}.toml",
        )  # fmt: skip
        rows = centre.event_rows(tenant)
        stored = {row[0] for row in rows}
        report.events += len(wanted.ids)
        report.lost += len(set(wanted.ids) - stored)
        report.doubled += len(rows) - len(set(rows)) + len(stored - set(wanted.ids))
        if centre.digest(tenant) != wanted.digest:
            report.unequal.append(tenant)
    return report
