"""Plans by way of Kafka: of imports at once one is the later, and what it plans holds, whole.

Nobody gives the versions there, so each import is a version by itself: all that it says has
its instant as version, in microseconds, or one above all that it replaces where a clock was
wrong. The fold lets the highest version hold, in whatever order two imports come to the log.

What held already and is over is said only if it turns out that an earlier import has come
between.
"""

import time
from collections.abc import Callable, Iterator, Sequence

from producers.frame import Frame
from producers.schedule import published
from pult.history_asked import Ask, quoted
from pult.importing_plans import Said, in_force, to_say

_WAIT_SECONDS = 30.0
_LOOK_SECONDS = (0.2, 0.2, 0.5, 1.0)


class Publishing:
    """One import.

    Args:
        ask: reads the history of the tenant.
        say: keeps frames in Kafka.
        tenant: whose plans.
        source: who plans.
    """

    def __init__(
        self, ask: Ask, say: Callable[[Sequence[Frame]], object], tenant: str, source: str
    ) -> None:
        self._ask = ask
        self._say = say
        self._tenant = tenant
        self._source = source

    def publish(self, said: Sequence[Said], now_us: int) -> bool:
        """Say plans of which some are new; return once ClickHouse has them.

        Args:
            said: all of the import, beside what held at its beginning.
            now_us: the present [us since 1970].

        Returns:
            False if ClickHouse did not have them in time, so that it is not known whether
            another import came between.

        Raises:
            KafkaUnusable: the brokers did not take them.
            StoreFailed: ClickHouse cannot be asked.
        """
        version = max(now_us, *(each.version for each in said))
        first = to_say(said, now_us)
        if not self._publish(first, version, now_us, 0):
            return False
        again = list(self._overtaken(said, version))
        return not again or self._publish(again, version, now_us, len(first))

    def _publish(self, said: Sequence[Said], version: int, now_us: int, before: int) -> bool:
        """Say plans, `before` of this version having been said; tell if they are stored."""
        self._say(
            [
                published.frame(each.plan, version, self._source, now_us, each.before)
                for each in said
            ]
        )
        give_up = time.monotonic() + _WAIT_SECONDS
        looked = 0
        while self._stored(version) < before + len(said):
            if time.monotonic() > give_up:
                return False
            time.sleep(_LOOK_SECONDS[min(looked, len(_LOOK_SECONDS) - 1)])
            looked += 1
        return True

    def _stored(self, version: int) -> int:
        (row,) = self._ask(
            "SELECT uniqExact(agent_id, JSONExtractString(data, 'day')) AS count FROM events "
            f"WHERE type = 'cc.schedule.published.v1' AND tenant = {quoted(self._tenant)} "
            f"AND JSONExtractInt(data, 'version') = {version}"
        )
        return int(row["count"])

    def _overtaken(self, said: Sequence[Said], version: int) -> Iterator[Said]:
        """Yield what was not said and holds no more, for an earlier import has replaced it."""
        days = sorted(each.plan.day for each in said)
        held = in_force(self._ask, self._tenant, days[0], days[-1])
        for each in said:
            now = held.get((each.plan.agent_id, each.plan.day))
            if now is None or now.version >= version:
                continue
            if now != published.plan_data(each.plan, now.version):
                yield Said(each.path, each.plan, now)
