"""CPU time of alternatives, measured in turns so that they share the machine's moods."""

import gc
import resource
import time
from collections.abc import Callable, Mapping


def cpu_seconds(
    alternatives: Mapping[str, Callable[[], object]], rounds: int
) -> dict[str, float]:
    """Return the least CPU time of each alternative over several rounds, taken in turns."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        for name, run in alternatives.items():
            gc.collect()
            started = time.process_time()
            run()
            spent = time.process_time() - started
            best[name] = min(best.get(name, spent), spent)
    return best


def children_cpu_seconds(run: Callable[[], object]) -> float:
    """Return the CPU time of the processes that `run` starts and waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
