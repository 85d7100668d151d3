"""`pult rebuild`: facts again from the events, events again from the journal or from Kafka.

What can be computed is computed again and held against what is stored; only what differs is
written, so that twice changes nothing and a rebuild that was killed is healed by another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from producers.frame import Naming
from producers.journal import Journal
from producers.once import translated_once
from pult.reconciling import Difference
from pult.refold import midnight_of, refold
from pult.storing import Storing
from schemas.policies import PolicyHistory
from sql.history import LAST_MS, domains, highest_position
from sql.port import Store
from stream_processors.core.instants import day_bounds
from stream_processors.core.state import Terms

Progress: TypeAlias = Callable[[str, int, int | None], None]
"""Told a stage (read or fold), how many are done, and of how many."""

FRAMES_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Days:
    """Local days from the first to the last, such as 2026-03-02; empty: no limit."""

    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What the rebuild of one domain came to."""

    tenant: str
    domain: str
    events: int
    differences: Mapping[tuple[str, str], Difference]


def rebuild(
    store: Store,
    policies_of: Callable[[str], PolicyHistory],
    tenant: str,
    days: Days,
    progress: Progress,
    *,
    writing: bool,
) -> list[Rebuilt]:
    """Fold every domain of the store again, of one tenant or of all.

    Args:
        store: where events are read and facts written.
        policies_of: which targets held when, of a domain.
        tenant: whose facts; empty for all.
        days: facts of other days are left alone.
        progress: told how far it is.
        writing: False to compare only.

    Raises:
        StoreFailed: some may be stored; do it again.
    """
    done = []
    for whose, domain in domains(store.client, tenant):
        position = max(1, highest_position(store.client, whose, domain))
        terms = Terms(policies_of(domain), refold_at=position)
        first = midnight_of(days.first, terms) if days.first else 0
        until = LAST_MS
        if days.last:
            until = day_bounds(midnight_of(days.last, terms) // 1000, terms.zone)[1]
        refolded = refold(
            store, whose, domain, terms, lambda count, total: progress("fold", count, total),
            since_ms=first, until_ms=until, first_ms=first, writing=writing,
        )  # fmt: skip
        done.append(Rebuilt(whose, domain, refolded.events, refolded.differences))
    return done


def events_from_journal(
    journal: Journal, store: Store, names: Naming, progress: Progress
) -> int:
    """Translate all that a journal holds again and store it; return how many events it is.

    Raises:
        JournalFailed: a file of it is damaged.
        StoreFailed: some may be stored; do it again.
    """
    storing, after, count = Storing(store), 0, 0
    while frames := journal.read(after, FRAMES_AT_ONCE):
        events, rejected = translated_once(journal, frames, names)
        token = f"journal:{frames[0][0]}-{frames[-1][0]}"
        positions = [(0, position) for position, _ in events]
        storing.events([event for _, event in events], positions, token)
        if rejected:
            store.writer.write_facts(rejected, f"{token}:rejected")
        after = frames[-1][0]
        count += len(events)
        progress("read", after, journal.last_position)
    return count
