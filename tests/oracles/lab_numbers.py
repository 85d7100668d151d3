"""Totals of the whole lab recording, per queue, as the oracles read them from its two feeds.

They were obtained by reading `ami.log.gz` with `tests.oracles.ami` and `queue_log` with
`tests.oracles.queue_log`, and counting with `totals`. `python -m tests.oracles.lab_numbers`
prints them again, and `test_oracles` compares. By hand: offered, answered, abandoned and timed
out are the counts of ENTERQUEUE, CONNECT, ABANDON and EXITWITHTIMEOUT of the queue in
`queue_log`.

The feeds disagree on what was in time or short where a wait is a fraction of a second over the
line: Asterisk hands out calls once a second, so 16 waits of `support` are 10.00 to 10.02 s
long, which the queue log tells as 10. The AMI numbers are the ones to show where both feeds
are read.

Service level = answered in time / (answered + abandoned - short). Waits are QueueCallerJoin to
QueueCallerLeave, cut to milliseconds first; in time means W <= target, short W <= short. The
mean is rounded to a millisecond; the longest is of all waits, however they ended.
"""

import gzip
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.oracles import ami
from tests.oracles.queue_log import legs as read_queue_log
from tests.oracles.shapes import OracleLeg

LAB = Path(__file__).parents[2] / "producers" / "recordings" / "asterisk_lab"
QUEUES = ("sales", "support", "billing", "vip")


@dataclass(frozen=True)
class Targets:
    """The two thresholds of a queue."""

    answer_within_ms: int = 20_000
    short_abandon_ms: int = 5_000


@dataclass(frozen=True)
class Totals:
    """One queue over a whole recording; `service_level` has six decimals."""

    offered: int
    answered: int
    answered_in_time: int
    abandoned: int
    short_abandoned: int
    timed_out: int
    service_level: float | None
    mean_wait_answered_ms: int | None
    longest_wait_ms: int | None


DEFAULT_TARGETS = {queue: Targets() for queue in QUEUES}
LAB_TARGETS = {
    "sales": Targets(20_000),
    "support": Targets(10_000),
    "billing": Targets(20_000),
    "vip": Targets(5_000),
}

DEFAULT_NUMBERS = {
    "sales": Totals(
        offered=270,
        answered=223,
        answered_in_time=178,
        abandoned=42,
        short_abandoned=2,
        timed_out=5,
        service_level=0.676806,
        mean_wait_answered_ms=12310,
        longest_wait_ms=51651,
    ),
    "support": Totals(
        offered=316,
        answered=244,
        answered_in_time=185,
        abandoned=63,
        short_abandoned=2,
        timed_out=9,
        service_level=0.606557,
        mean_wait_answered_ms=15234,
        longest_wait_ms=49041,
    ),
    "billing": Totals(
        offered=173,
        answered=152,
        answered_in_time=136,
        abandoned=17,
        short_abandoned=0,
        timed_out=4,
        service_level=0.804734,
        mean_wait_answered_ms=9063,
        longest_wait_ms=50043,
    ),
    "vip": Totals(
        offered=59,
        answered=59,
        answered_in_time=59,
        abandoned=0,
        short_abandoned=0,
        timed_out=0,
        service_level=1.0,
        mean_wait_answered_ms=4633,
        longest_wait_ms=19023,
    ),
}
LAB_NUMBERS = {
    "sales": Totals(
        offered=270,
        answered=223,
        answered_in_time=178,
        abandoned=42,
        short_abandoned=2,
        timed_out=5,
        service_level=0.676806,
        mean_wait_answered_ms=12310,
        longest_wait_ms=51651,
    ),
    "support": Totals(
        offered=316,
        answered=244,
        answered_in_time=67,
        abandoned=63,
        short_abandoned=2,
        timed_out=9,
        service_level=0.219672,
        mean_wait_answered_ms=15234,
        longest_wait_ms=49041,
    ),
    "billing": Totals(
        offered=173,
        answered=152,
        answered_in_time=136,
        abandoned=17,
        short_abandoned=0,
        timed_out=4,
        service_level=0.804734,
        mean_wait_answered_ms=9063,
        longest_wait_ms=50043,
    ),
    "vip": Totals(
        offered=59,
        answered=59,
        answered_in_time=44,
        abandoned=0,
        short_abandoned=0,
        timed_out=0,
        service_level=0.745763,
        mean_wait_answered_ms=4633,
        longest_wait_ms=19023,
    ),
}
QUEUE_LOG_DEFAULT_NUMBERS = {
    "sales": Totals(
        offered=270,
        answered=223,
        answered_in_time=179,
        abandoned=42,
        short_abandoned=2,
        timed_out=5,
        service_level=0.680608,
        mean_wait_answered_ms=12318,
        longest_wait_ms=52000,
    ),
    "support": Totals(
        offered=316,
        answered=244,
        answered_in_time=190,
        abandoned=63,
        short_abandoned=4,
        timed_out=9,
        service_level=0.627063,
        mean_wait_answered_ms=15242,
        longest_wait_ms=49000,
    ),
    "billing": Totals(
        offered=173,
        answered=152,
        answered_in_time=136,
        abandoned=17,
        short_abandoned=0,
        timed_out=4,
        service_level=0.804734,
        mean_wait_answered_ms=9066,
        longest_wait_ms=50000,
    ),
    "vip": Totals(
        offered=59,
        answered=59,
        answered_in_time=59,
        abandoned=0,
        short_abandoned=0,
        timed_out=0,
        service_level=1.0,
        mean_wait_answered_ms=4644,
        longest_wait_ms=19000,
    ),
}
QUEUE_LOG_LAB_NUMBERS = {
    "sales": Totals(
        offered=270,
        answered=223,
        answered_in_time=179,
        abandoned=42,
        short_abandoned=2,
        timed_out=5,
        service_level=0.680608,
        mean_wait_answered_ms=12318,
        longest_wait_ms=52000,
    ),
    "support": Totals(
        offered=316,
        answered=244,
        answered_in_time=83,
        abandoned=63,
        short_abandoned=4,
        timed_out=9,
        service_level=0.273927,
        mean_wait_answered_ms=15242,
        longest_wait_ms=49000,
    ),
    "billing": Totals(
        offered=173,
        answered=152,
        answered_in_time=136,
        abandoned=17,
        short_abandoned=0,
        timed_out=4,
        service_level=0.804734,
        mean_wait_answered_ms=9066,
        longest_wait_ms=50000,
    ),
    "vip": Totals(
        offered=59,
        answered=59,
        answered_in_time=44,
        abandoned=0,
        short_abandoned=0,
        timed_out=0,
        service_level=0.745763,
        mean_wait_answered_ms=4644,
        longest_wait_ms=19000,
    ),
}


def totals(legs: Iterable[OracleLeg], targets: Mapping[str, Targets]) -> dict[str, Totals]:
    """Totals of each queue that has targets."""
    every = list(legs)
    return {
        queue: _totals([leg for leg in every if leg.queue == queue], queue_targets)
        for queue, queue_targets in targets.items()
    }


def _totals(legs: list[OracleLeg], targets: Targets) -> Totals:
    answered = [
        leg.wait_ms for leg in legs if leg.outcome == "answered" if leg.wait_ms is not None
    ]
    abandoned = [
        leg.wait_ms for leg in legs if leg.outcome == "abandoned" if leg.wait_ms is not None
    ]
    in_time = len([wait for wait in answered if wait <= targets.answer_within_ms])
    short = len([wait for wait in abandoned if wait <= targets.short_abandon_ms])
    counted = len(answered) + len(abandoned) - short
    return Totals(
        offered=len(legs),
        answered=len(answered),
        answered_in_time=in_time,
        abandoned=len(abandoned),
        short_abandoned=short,
        timed_out=len([leg for leg in legs if leg.outcome == "timeout"]),
        service_level=round(in_time / counted, 6) if counted else None,
        mean_wait_answered_ms=round(sum(answered) / len(answered)) if answered else None,
        longest_wait_ms=max(
            (leg.wait_ms for leg in legs if leg.wait_ms is not None), default=None
        ),
    )


def ami_log() -> bytes:
    """The lab's AMI log, unpacked."""
    return gzip.decompress((LAB / "ami.log.gz").read_bytes())


def queue_log() -> str:
    """The lab's queue log."""
    return (LAB / "queue_log").read_text()


def main() -> None:
    """Print the totals of both feeds with both sets of targets."""
    for feed, legs in (("", ami.legs(ami_log())), ("QUEUE_LOG_", read_queue_log(queue_log()))):
        for name, targets in (("DEFAULT", DEFAULT_TARGETS), ("LAB", LAB_TARGETS)):
            sys.stdout.write(f"{feed}{name}_NUMBERS\n")
            for queue, numbers in totals(legs, targets).items():
                sys.stdout.write(f"    {queue}: {numbers}\n")


if __name__ == "__main__":
    main()
