"""Fold the whole history again from the stored events, in the order of their own time.

What an import ends with: the order of imports, and importing twice, cannot matter. Facts of the
re-fold have the log position it ran at as their revision; what it no longer says is voided.
"""

from collections.abc import Callable, Iterator
from typing import Any

from schemas.facts import Fact, TeamSample, WallSample
from sql.embedded import EmbeddedStore
from sql.history import read_events, void_missing
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import HORIZON_MS, State, Terms

_WRITE_AT_LEAST = 50_000
"""Facts collected before what is final is written: inserting few costs as much as many."""


def refold(
    store: EmbeddedStore,
    tenant: str,
    domain: str,
    terms: Terms,
    progress: Callable[[int], None] = lambda events: None,
) -> State:
    """Fold all events of a domain, store the facts, void what no longer holds.

    Args:
        store: where events are read and facts written.
        tenant: whose events.
        domain: which domain.
        terms: with `refold_at`, the position that becomes the revision of every fact.
        progress: called with the number of events folded so far.
    """
    assert terms.refold_at is not None
    state, newest = State(tenant, domain), _Newest()
    folded = 0
    written = 0
    for batch in read_events(store.client, tenant, domain):
        records = tuple(Record(folded + n, value) for n, (_, value) in enumerate(batch, 1))
        newest.add(apply(state, Batch(records), terms))
        folded += len(records)
        progress(folded)
        for facts in newest.final(_clock(state)):
            store.writer.write_facts(facts, f"refold:{terms.refold_at}:{written}")
            written += 1
    for facts in newest.rest():
        store.writer.write_facts(facts, f"refold:{terms.refold_at}:{written}")
        written += 1
    known_at = _clock(state)
    void_missing(store.client, tenant, domain, terms.refold_at, known_at)
    return state


def _clock(state: State) -> int:
    return min((source.clock for source in state.sources.values()), default=0)


class _Newest:
    """The newest word on each fact; the store sees one revision of each."""

    def __init__(self) -> None:
        self._facts: dict[tuple[Any, ...], Fact] = {}

    def add(self, facts: list[Fact]) -> None:
        """Replace what was said of the same thing before."""
        for fact in facts:
            key = _key(fact)
            if fact.voided:
                self._facts.pop(key, None)
            else:
                self._facts[key] = fact

    def final(self, clock: int) -> Iterator[list[Fact]]:
        """Give out what can no longer change, once it is worth an insert."""
        if len(self._facts) < _WRITE_AT_LEAST:
            return
        before = clock - 3 * HORIZON_MS
        done = [key for key, fact in self._facts.items() if _ended(fact) < before]
        if done:
            yield [self._facts.pop(key) for key in done]

    def rest(self) -> Iterator[list[Fact]]:
        """Give out everything else."""
        facts = list(self._facts.values())
        for start in range(0, len(facts), _WRITE_AT_LEAST):
            yield facts[start : start + _WRITE_AT_LEAST]


_KEYS = {
    "leg": ("leg_id",),
    "offer": ("offer_id",),
    "agent_session": ("agent_id", "logged_in_at"),
    "agent_state": ("agent_id", "started_at"),
    "break": ("agent_id", "started_at"),
    "wall_sample": ("at", "queue_id"),
    "team_sample": ("at", "team"),
    "day_dirty": ("day",),
    "rejected": ("source", "feed", "reason", "content"),
}


def _key(fact: Fact) -> tuple[Any, ...]:
    tag = str(fact.__struct_config__.tag)
    return (tag, *(getattr(fact, name) for name in _KEYS[tag]))


def _ended(fact: Fact) -> int:
    """Return when a fact's object was over [ms]; far in the future while it is open."""
    if isinstance(fact, (WallSample, TeamSample)):
        return fact.at
    for name in ("ended_at", "logged_out_at"):
        if hasattr(fact, name):
            ended = getattr(fact, name)
            return 1 << 62 if ended is None else int(ended)
    return 1 << 62
