"""A recorded session of Asterisk 22 with real phones, and what its script did with them."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest

from producers.frame import Rejected
from producers.kinds import KINDS
from producers.recording import AMI, QUEUE_LOG
from schemas.events import Event, encode
from schemas.facts import Fact, Leg
from tests.lab.recording import NAMES, SOURCE, merged
from tests.readings import legs
from tests.timetable import run, terms

FOLDER = Path(__file__).parents[1] / "recordings" / "phones"
PHONES = ("Anna", "Boris", "Clara", "Daniel", "Egor", "Fatima")
AGENTS = {name: {"devices": [f"PJSIP/100{n}"]} for n, name in enumerate(PHONES, 1)}
TRUTH = (FOLDER / "truth.txt").read_text().splitlines()
CLOCKS_DIFFER_S = 0.3
"""The script tells a phone to pick up and waits for nothing; the phone takes its time."""


@cache
def read(kind: str, name: str) -> tuple[Event, ...]:
    found: list[Event] = []
    for frame in KINDS[kind].frames([FOLDER / name], SOURCE, 0, 0):
        assert not isinstance(frame, Rejected), frame
        found += KINDS[kind].translate(frame, NAMES)
    return tuple(found)


def ami() -> tuple[Event, ...]:
    return read(AMI, "ami.log.gz")


def log() -> tuple[Event, ...]:
    return read(QUEUE_LOG, "queue_log")


def folded(events: Sequence[Event]) -> list[Fact]:
    return run([encode(event) for event in events], terms(agents=AGENTS))[1]


def said(leg: Leg) -> str:
    head = f"{leg.agent_id or '-'} {leg.queue_id or '-'} {leg.direction} {leg.outcome}"
    if leg.transfer_kind and leg.outcome == "answered":
        return f"{head}, {leg.transfer_kind} to {leg.transferred_to}"
    return f"{head}, {leg.ended_by} hung up"


def told(line: str) -> tuple[str, float | None, float | None]:
    """Return what a line of the truth says, and how long [s] talk and hold were together."""
    words, _, lengths = line.partition(" hung up")
    if lengths or line.endswith(" hung up"):
        words += " hung up"
    else:
        words, _, lengths = line.rpartition(",")
    length, _, hold = lengths.strip(", ").partition(" hold ")
    return words, float(length) if length else None, float(hold) if hold else None


FEEDS: dict[str, Callable[[], Sequence[Event]]] = {
    "ami": ami,
    "both": lambda: merged(ami(), log()),
    "both, the log first": lambda: merged(log(), ami()),
}


@pytest.mark.parametrize("feeds", FEEDS.values(), ids=FEEDS)
def test_every_leg_is_what_the_phones_did(feeds: Callable[[], Sequence[Event]]) -> None:
    found = sorted(legs(folded(feeds())), key=lambda leg: leg.entered_at)

    assert sorted(map(said, found)) == sorted(told(line)[0] for line in TRUTH)
    for words, length, hold in map(told, TRUTH):
        leg = next(each for each in found if said(each) == words)
        found.remove(leg)
        talk_s, hold_s = (leg.talk_ms or 0) / 1000, (leg.hold_ms or 0) / 1000
        assert length is None or abs(talk_s + hold_s - length) < CLOCKS_DIFFER_S, words
        assert hold is None or abs(hold_s - hold) < CLOCKS_DIFFER_S, words


BY_THE_LOG = {
    "Fatima support in answered": "Clara support in answered",  # whose call she picked up
    "- sales in transferred": "- sales in abandoned",
    "- sales in system": "- sales in abandoned",
    "- support in system": "- support in abandoned",
}


def test_the_queue_log_alone_knows_every_visit() -> None:
    visits = [words.partition(", ")[0] for words, _, _ in map(told, TRUTH)]
    expected = [BY_THE_LOG.get(words, words) for words in visits if words.split()[1] != "-"]

    assert sorted(said(leg).partition(", ")[0] for leg in legs(folded(log()))) == sorted(
        expected
    )
