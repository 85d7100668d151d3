"""Kills parts at seeded moments, brings them back, and compares what came out and went in."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from tests.integration.whole.between import between
from tests.integration.whole.centre import Centre
from tests.integration.whole.doubling import say_again, write_again
from tests.integration.whole.full_disk import full_for
from tests.integration.whole.offsets import replicated
from tests.integration.whole.parts import Part
from tests.integration.whole.report import Blow, Report
from tests.kafka import Broker, Cluster
from tests.proxy import Proxy
from tests.pult.command import SECONDS, wait_for

_AT_WORK = 0.8
_FULL_SECONDS = (1.0, 3.0)
_AGAIN = (50, 300)


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
        """Deal so many blows, with pauses of random length between them.

        The last broker that was killed stays down: two of three are enough.
        """
        for _ in range(blows):
            time.sleep(self._dice.uniform(0, 2 * pause_seconds))
            self._next()()
        for proxy in self._proxies:
            proxy.delay_ms = 0.0

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
            self._pack += [self._cut_pbx, self._fill_disk, self._say_again, self._write_again]
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
            # One of three may be gone at a time; one that is behind is gone, too.
            wait_for(lambda: replicated(self.centre), SECONDS, "all replicas are in step")

    def _fill_disk(self) -> None:
        seconds = self._dice.uniform(*_FULL_SECONDS)
        self.report.ends_when_full += full_for(self.centre, self._tenant(), seconds)
        self._note("full disk")

    def _say_again(self) -> None:
        most = self._dice.randint(*_AGAIN)
        self.report.said_again += say_again(self.centre, self._tenant(), most)
        self._note("repeated messages")

    def _write_again(self) -> None:
        most = self._dice.randint(*_AGAIN)
        self.report.written_again += write_again(self.centre, self._tenant(), most)
        self._note("repeated records")

    def _tenant(self) -> str:
        return self._dice.choice(list(self.centre.tenants))

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
