"""The recorded half hour as events, and as the oracles read it: each read once."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from producers.frame import Naming, Rejected
from producers.identity import CallerKeys
from producers.kinds import KINDS
from producers.recording import AMI, QUEUE_LOG
from schemas.discipline import Discipline
from schemas.events import Event, encode
from schemas.facts import Fact
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import State, Terms
from tests.oracles import ami as ami_oracle
from tests.oracles import queue_log as queue_log_oracle
from tests.oracles.lab_numbers import LAB, LAB_TARGETS, ami_log, queue_log
from tests.oracles.shapes import OracleLeg
from tests.readings import newest
from tests.timetable import TENANT, moment, terms

NAMES = Naming(TENANT, TENANT, CallerKeys(b"a secret of the tests"))
SOURCE = "pbx1"
MINUTE_MS = 60_000

LAB_DISCIPLINE = Discipline().changed(
    [
        {
            "late_return": {"allowance": {"default": "30s", "Lunch": "2m"}, "grace": "10s"},
            "slow_handling": {"contacts": 8, "ratio": 1.1, "clear": 1.05},
        }
    ]
)
"""Rules under which half an hour is long enough for all kinds of violations."""


@cache
def ami() -> tuple[Event, ...]:
    """Return what the manager interface told."""
    return _read(AMI, "ami.log.gz")


@cache
def log() -> tuple[Event, ...]:
    """Return what the queue log told."""
    return _read(QUEUE_LOG, "queue_log")


def _read(kind: str, name: str) -> tuple[Event, ...]:
    events: list[Event] = []
    for frame in KINDS[kind].frames([LAB / name], SOURCE, 0, 0):
        assert not isinstance(frame, Rejected), frame
        events += KINDS[kind].translate(frame, NAMES)
    return tuple(events)


@cache
def ami_legs() -> tuple[OracleLeg, ...]:
    """Return the legs as the oracle reads them from the manager interface."""
    return tuple(ami_oracle.legs(ami_log()))


MOVED_US = 2_000_000
"""A talk told to end this much after its caller left was one of a caller moved."""


@cache
def legs_as_we_define() -> tuple[OracleLeg, ...]:
    """Return them with an answer where the wait ends and an end where the caller was moved."""
    return tuple(_as_we_define(leg) for leg in ami_legs())


def _as_we_define(leg: OracleLeg) -> OracleLeg:
    if leg.answered_us is None:
        return leg
    assert leg.ended_us is not None
    assert leg.parted_us is not None
    moved_us = None
    if leg.ended_us - leg.parted_us > MOVED_US:
        moved_us = min(
            other.entered_us
            for other in ami_legs()
            if other.channel == leg.channel and other.entered_us > leg.entered_us
        )
    return replace(leg, answered_us=leg.left_us, parted_us=moved_us)


@cache
def queue_log_legs() -> tuple[OracleLeg, ...]:
    """Return the legs as the oracle reads them from the queue log."""
    return tuple(queue_log_oracle.legs(queue_log()))


def lab_terms(wrapup_ms: int = 0) -> Terms:
    """Return the targets of the lab's queues, with a wrap-up time for each of them."""
    queues = {
        name: {
            "answer_within": f"{targets.answer_within_ms}ms",
            "short_abandon": f"{targets.short_abandon_ms}ms",
            "wrapup": f"{wrapup_ms}ms",
        }
        for name, targets in LAB_TARGETS.items()
    }
    return terms(queues=queues, discipline=LAB_DISCIPLINE)


@dataclass(frozen=True)
class Folded:
    """What the core made of a log. `facts` are the newest of each key, samples and all."""

    state: State
    facts: tuple[Fact, ...]
    said: tuple[Fact, ...]


def fold(log_: Iterable[Event], size: int = 500, wrapup_ms: int = 0) -> Folded:
    """Fold events in batches of `size`."""
    values = [encode(event) for event in log_]
    state, under, said = State(TENANT, TENANT), lab_terms(wrapup_ms), []
    for start in range(0, len(values), size):
        part = values[start : start + size]
        records = tuple(Record(start + n, value) for n, value in enumerate(part, 1))
        said += apply(state, Batch(records), under)
    return Folded(state, tuple(newest(said).values()), tuple(said))


def merged(*feeds: Sequence[Event], last_first: bool = False) -> list[Event]:
    """Return the events of several feeds in the order of their times.

    Times of whole seconds meet many others; `last_first` lets the last feed win such a tie.
    """
    ranked = [
        (event.time, -rank if last_first else rank, event.sequence, place, event)
        for rank, feed in enumerate(feeds)
        for place, event in enumerate(feed)
    ]
    return [event for *_, event in sorted(ranked, key=lambda each: each[:4])]


def shuffled(
    log_: Sequence[Event], seed: int, *, within_ms: int, repeated: float
) -> list[Event]:
    """Return events late by up to `within_ms`, so that they swap, and a share of them twice."""
    chance = random.Random(seed)
    arrivals = [
        (at_ms(event) + chance.uniform(0, within_ms), place, event)
        for place, event in enumerate(log_)
    ]
    arrivals += [
        (arrived + chance.uniform(0, within_ms), place, event)
        for arrived, place, event in arrivals
        if chance.random() < repeated
    ]
    return [event for *_, event in sorted(arrivals, key=lambda each: each[:2])]


def without(log_: Sequence[Event], from_minute: int, minutes: int) -> list[Event]:
    """Return events less those of some minutes, counted from the first of the log."""
    start = at_ms(log_[0]) + from_minute * MINUTE_MS
    end = start + minutes * MINUTE_MS
    return [event for event in log_ if not start <= at_ms(event) < end]


def at_ms(event: Event) -> int:
    """Return the time of an event [ms]."""
    return moment(event.time.removesuffix("Z").replace("T", " "))
