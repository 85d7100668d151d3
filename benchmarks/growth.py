"""What an event costs in large centres, with many queues, and late in life; and the memory.

    python -m benchmarks.growth                  all of it: some minutes
    python -m benchmarks.growth agents age       parts: agents queues age memory

An event costs what a worker does about it but the broker: `PartitionFold.take` and encoding
the facts, in batches of one second of event time. Both sides are measured in turns, in the
same run; each figure is the median of five stretches. Traffic for each agent is the same; the
wall's samples, one for each queue every 5 s of event time, are part of the cost.
"""

import argparse
import tracemalloc
from collections.abc import Mapping, Sequence
from statistics import median
from sys import stdout

from benchmarks.centres import MONDAY_MS, NINE_MS, Centre, Worker
from producers.simulation.day import DAY_MS
from producers.simulation.plan import Plan
from producers.simulation.simulation import Simulation
from producers.simulation.voice import Said
from pult.lean import rarely_collect

ROUNDS = 5
_WARM_MINUTES = 20
_THIN_CALLS_PER_HOUR = 20


class Side:
    """One side of a comparison: alike centres, each with a worker of its own."""

    def __init__(self, seats: int, queues: int, *, copies: int, minutes: float) -> None:
        self.minutes = minutes
        self.costs: list[float] = []
        self._pairs = [(Centre(seats, queues, seed=n), Worker()) for n in range(copies)]
        for centre, worker in self._pairs:
            worker.take(centre.next(_WARM_MINUTES))

    def measure(self) -> None:
        """Take the next stretch and note what an event of it cost [us]."""
        taken = [worker.take(centre.next(self.minutes)) for centre, worker in self._pairs]
        spent, events = (sum(each) for each in zip(*taken, strict=True))
        self.costs.append(spent / events * 1e6)


def _compare(title: str, sides: Mapping[str, Side]) -> None:
    for _ in range(ROUNDS):
        for side in sides.values():
            side.measure()
    _print(title, {name: side.costs for name, side in sides.items()})


def _print(title: str, costs: Mapping[str, Sequence[float]]) -> None:
    medians = {name: median(each) for name, each in costs.items()}
    least = min(medians.values())
    print(title)
    for name, cost in medians.items():
        print(f"  {name:32} {cost:6.1f} us/event  {cost / least:5.2f} x the cheapest")
    stdout.flush()


def agents() -> None:
    """Ten agents to ten thousand, 25 to a queue (10 have one)."""
    _compare(
        "agents",
        {
            "10 agents, 1 queue": Side(10, 1, copies=20, minutes=15),
            "100 agents, 4 queues": Side(100, 4, copies=4, minutes=10),
            "10,000 agents, 400 queues": Side(10_000, 400, copies=1, minutes=2.5),
        },
    )


def queues() -> None:
    """One queue to four hundred, ten thousand agents."""
    _compare(
        "queues",
        {
            "10,000 agents, 1 queue": Side(10_000, 1, copies=1, minutes=2.5),
            "10,000 agents, 400 queues": Side(10_000, 400, copies=1, minutes=2.5),
        },
    )


def age() -> None:
    """The same events with one hour and with thirty thin days of log behind them."""
    later = NINE_MS + 35 * DAY_MS
    young, old = Worker(), Worker()
    old.take(thin_days(30))
    centre = Centre(100, 4, begin_ms=later, hours=8)
    hour = centre.next(60)
    sides = {"1 hour behind it": young, "30 days behind it": old}
    costs: dict[str, list[float]] = {name: [] for name in sides}
    for worker in sides.values():
        worker.take(hour)
    for _ in range(ROUNDS):
        told = centre.next(30)
        for name, worker in sides.items():
            spent, events = worker.take(told)
            costs[name].append(spent / events * 1e6)
    _print("age of the log", costs)


def thin_days(days: int) -> list[Said]:
    """Return days of few calls, but of all people and queues of a centre of 100."""
    plan = Plan(
        seed=7, begin_ms=MONDAY_MS, length_ms=days * DAY_MS, seats=100, queues=4,
        calls_per_hour=_THIN_CALLS_PER_HOUR, heartbeat_ms=60_000,
    )  # fmt: skip
    return list(Simulation(plan).events())


def memory() -> None:
    """What agents, open calls and a busy hour keep in memory."""
    print("memory")
    idle = _kept(_first(Centre(2_000, 80), minutes=4, wanted=b"cc.agent."))
    print(f"  1,000 agents logged in           {idle / 2 / 1e6:6.1f} MB")
    waiting = _first(Centre(4_000, 160), 5, b"cc.queue.entered")[:1_000]
    print(f"  1,000 open calls                 {_kept(waiting) / 1e6:6.1f} MB")
    busy = _kept(Centre(300, 12).next(90)) / 0.3
    print(f"  1,000 agents, 90 busy minutes    {busy / 1e6:6.1f} MB")


def _first(centre: Centre, minutes: float, wanted: bytes) -> list[Said]:
    """Return the events of one kind among the first."""
    return [said for said in centre.next(minutes) if wanted in said.value]


def _kept(told: list[Said]) -> int:
    """Return how much more memory [bytes] a worker holds after these events than before."""
    worker = Worker()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        worker.take(told)
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


PARTS = {"agents": agents, "queues": queues, "age": age, "memory": memory}


def main() -> None:
    """Measure the parts that are named, all if none is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART", default=[])
    chosen = parser.parse_args()
    rarely_collect()
    for name in chosen.parts or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()
