"""What a re-fold says, held against what the store says: only what differs is written.

Facts come as the fold says them; the newest word on each counts. What can no longer change is
compared and forgotten, so memory is that of a day, not of the history. What the store says and
the fold does not is voided at the end.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from msgspec.structs import replace

from schemas.errors import MalformedEvent
from schemas.events import decode, encode
from schemas.facts import (
    Card,
    CaseStep,
    DayDirty,
    Disposition,
    Fact,
    Leg,
    Rejected,
    Review,
    Survey,
    TeamSample,
    Violation,
    WallSample,
)
from sql.held import KINDS, Held, Key, Kind, Reach, facts_of, held
from sql.history import LAST_MS, void_missing
from sql.port import Store
from stream_processors.core.crm.desk import final_at
from stream_processors.core.discipline.diary import WINDOW_MS
from stream_processors.core.instants import DAY_MS, NEVER
from stream_processors.core.sources import HORIZON_MS

_COMPARE_AT_LEAST = 50_000
"""Facts collected before what is final is compared: inserting few costs as much as many."""

EXAMPLES = 3


@dataclass(slots=True)
class Difference:
    """How the facts of one table and day differ: how many, and the keys of some."""

    changed: int = 0
    added: int = 0
    voided: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which facts are compared, and at which revision what differs is written.

    Facts that began in [since, until) [ms] are. If the fold began at a checkpoint, of those
    before `since` what may have changed after it was made (`made_at` its position) is, too, and
    whatever lasted beyond it: if that is not of the checkpoint's state, it was said only later.
    What began before `first` [ms] is left alone in any case.
    """

    tenant: str
    domain: str
    revision: int
    since_ms: int = 0
    until_ms: int = LAST_MS
    made_at: int | None = None
    first_ms: int = 0

    def holds(self, began: int) -> bool:
        """Tell whether what began at an instant [ms] is compared."""
        return self.first_ms <= began < self.until_ms

    def reach(
        self, since_ms: int, until_ms: int, above: int = -1, lasting_ms: int = 0
    ) -> Reach:
        """Return facts of the domain that began in a stretch of time [ms]."""
        return Reach(self.tenant, self.domain, since_ms, until_ms, above, lasting_ms)


class Reconciliation:
    """Compares and writes, or only counts.

    Args:
        store: what the fold is held against, and what differs is written to.
        scope: which facts are compared.
        day_of: names the local day of an instant [ms].
        received_at: when [ms] the newest event was received: what the store said otherwise
            is known otherwise from then on, for of several events nobody can tell which did it.
        writing: False to count only.

    Attributes:
        differences: by table and local day.
    """

    def __init__(
        self,
        store: Store,
        scope: Scope,
        day_of: Callable[[int], str],
        received_at: int,
        *,
        writing: bool = True,
    ) -> None:
        self._store = store
        self._scope = scope
        self._day_of = day_of
        self._received_at = received_at
        self._writing = writing
        self._newest: dict[Key, Fact] = {}
        self._remembered: dict[Key, Fact] = {}
        self._held: dict[type[Fact], dict[Key, Held]] = {of: {} for of in KINDS}
        self._read_until = max(scope.since_ms, scope.first_ms)
        self._run, self._written = secrets.token_hex(4), 0
        self.differences: dict[tuple[str, str], Difference] = {}
        if scope.made_at is not None and not scope.first_ms:
            since = scope.since_ms
            self._read(scope.reach(0, since, above=scope.made_at, lasting_ms=since))

    def remember(self, facts: Iterable[Fact]) -> None:
        """Take what had been said when the fold began, and may have changed since."""
        for fact in facts:
            key = _key(fact)
            self._newest[key] = self._remembered[key] = fact

    def reach(self, until_ms: int) -> None:
        """Read what the store says of what began before an instant [ms]."""
        until_ms = min(until_ms, self._scope.until_ms)
        if until_ms > self._read_until:
            self._read(self._scope.reach(self._read_until, until_ms))
            self._read_until = until_ms

    def _read(self, reach: Reach) -> None:
        for of, kind in KINDS.items():
            self._held[of].update(held(self._store.client, kind, reach))

    def add(self, facts: Iterable[Fact]) -> None:
        """Take what the fold says; it replaces what was said of the same thing before."""
        for fact in facts:
            if isinstance(fact, DayDirty):
                continue
            key = _key(fact)
            if fact.voided:
                self._newest.pop(key, None)
            else:
                self._newest[key] = fact

    def settle(self, clock: int) -> None:
        """Compare what can no longer change at an instant [ms], if that is worth an insert."""
        if len(self._newest) < _COMPARE_AT_LEAST:
            return
        done = [key for key, fact in self._newest.items() if _final_at(fact) < clock]
        if len(done) >= _COMPARE_AT_LEAST // 10:
            self._compare(done)

    def is_open_within(self, clock: int) -> bool:
        """Tell whether something that began within the scope may still change."""
        return any(
            _final_at(fact) >= clock and self._scope.holds(self._began(fact))
            for fact in self._newest.values()
        )

    def finish(self) -> None:
        """Compare everything else, void what was not said."""
        self.reach(self._scope.until_ms)
        self._compare(list(self._newest))
        for of, kind in KINDS.items():
            gone = dict.fromkeys([*self._held[of], *self._taken_back(of)])
            self._void(kind, list(gone))
        if self._writing:
            scope = self._scope
            void_missing(
                self._store.client, scope.tenant, scope.domain, scope.revision,
                self._received_at, max(scope.since_ms, scope.first_ms), scope.until_ms,
                samples_only=True,
            )  # fmt: skip

    def _taken_back(self, of: type[Fact]) -> Iterator[Key]:
        """Return what had been said when the fold began, and no longer holds."""
        for key, fact in self._remembered.items():
            if type(fact) is of and self._scope.holds(self._began(fact)):
                yield key[1:]

    def _compare(self, keys: list[Key]) -> None:
        rest = iter(keys)
        while some := list(islice(rest, _COMPARE_AT_LEAST)):
            facts = [(key, self._newest.pop(key)) for key in some]
            compared = [each for each in facts if self._scope.holds(self._began(each[1]))]
            self._look_up(compared)
            self._write([new for each in compared if (new := self._news(*each)) is not None])
            for key, fact in facts:
                # What the fold says of other days stands as it is: not written, not gone.
                self._remembered.pop(key, None)
                if type(fact) in KINDS:
                    self._held[type(fact)].pop(key[1:], None)

    def _look_up(self, facts: Iterable[tuple[Key, Fact]]) -> None:
        """Read what the store says of what began before the fold did.

        The fold before, which made the checkpoint, may have said something else of it later,
        at the same position, or have said it only then: a caller who waits in the evening
        has waited too long once an event of the next morning tells what time it is.
        """
        wanted: dict[type[Fact], list[Key]] = {}
        earliest: dict[type[Fact], int] = {}
        for key, fact in facts:
            of = type(fact)
            began = self._began(fact)
            before = self._remembered.get(key)
            if before is not None:
                began = min(began, self._began(before))
            elif began >= self._scope.since_ms:
                continue
            if of in KINDS and key[1:] not in self._held[of]:
                wanted.setdefault(of, []).append(key[1:])
                earliest[of] = min(earliest.get(of, NEVER), began)
        for of, keys in wanted.items():
            kind = KINDS[of]
            reach = self._scope.reach(earliest[of], self._scope.since_ms)
            for known in facts_of(self._store.client, kind, reach, keys):
                self._held[of][kind.key(known)] = Held(
                    hash(kind.content(known)), known.revision
                )

    def _news(self, key: Key, fact: Fact) -> Fact | None:
        """Return a fact as it must be written, and count it; None if it need not be."""
        self._remembered.pop(key, None)
        kind = KINDS.get(type(fact))
        if kind is None:
            return fact if self._began(fact) >= self._scope.since_ms else None
        old = self._held[type(fact)].pop(key[1:], None)
        if old is None:
            difference = self._difference(kind, fact)
            difference.added += 1
            _show(difference, "added", key)
            return fact
        if old.revision > self._scope.revision or old.content == hash(kind.content(fact)):
            return None
        difference = self._difference(kind, fact)
        difference.changed += 1
        _show(difference, "changed", key)
        return replace(fact, known_at=max(fact.known_at, self._received_at))

    def _void(self, kind: Kind, keys: list[Key]) -> None:
        reach = self._scope.reach(0, self._scope.until_ms)
        gone = []
        for fact in facts_of(self._store.client, kind, reach, keys):
            if fact.revision > self._scope.revision:
                continue  # said live meanwhile
            difference = self._difference(kind, fact)
            difference.voided += 1
            _show(difference, "voided", _key(fact))
            revision = self._scope.revision
            known_at = self._received_at
            gone.append(replace(fact, revision=revision, known_at=known_at, voided=True))
            if len(gone) == _COMPARE_AT_LEAST:
                self._write(gone)
                gone = []
        self._write(gone)

    def _difference(self, kind: Kind, fact: Fact) -> Difference:
        return self.differences.setdefault(
            (kind.view, self._day_of(kind.began(fact))), Difference()
        )

    def _began(self, fact: Fact) -> int:
        kind = KINDS.get(type(fact))
        if kind is not None:
            return kind.began(fact)
        if isinstance(fact, (WallSample, TeamSample)):
            return fact.at
        return fact.known_at

    def _write(self, facts: list[Fact]) -> None:
        if not facts or not self._writing:
            return
        # What was written at this position before, and changed since, is no repetition.
        token = f"refold:{self._scope.revision}:{self._run}:{self._written}"
        self._written += 1
        self._store.writer.write_facts([_canonical(fact) for fact in facts], token)


def _show(difference: Difference, how: str, key: Key) -> None:
    if len(difference.examples) < EXAMPLES:
        words = [_instant(each) if isinstance(each, int) else str(each) for each in key[1:]]
        difference.examples.append(f"{how} {' '.join(words)}")


def _instant(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _canonical(fact: Fact) -> Fact:
    """An event that was refused is kept in the bytes in which it travelled."""
    if not isinstance(fact, Rejected):
        return fact
    try:
        return replace(fact, content=encode(decode(fact.content)))
    except MalformedEvent:
        return fact


_KEYS = {
    "wall_sample": ("at", "queue_id"),
    "team_sample": ("at", "team"),
    "rejected": ("source", "feed", "reason", "content"),
}


def _key(fact: Fact) -> Key:
    kind = KINDS.get(type(fact))
    if kind is not None:
        return (kind.view, *kind.key(fact))
    tag = str(fact.__struct_config__.tag)
    return (tag, *(getattr(fact, name) for name in _KEYS[tag]))


def _final_at(fact: Fact) -> int:
    """Return from when on [ms] a fact cannot change any more; far in the future while open.

    A call that was given up may be told to have ended for a day after.
    """
    if isinstance(fact, (WallSample, TeamSample)):
        return fact.at
    if isinstance(fact, Rejected):
        return fact.known_at
    if isinstance(fact, Review):
        return fact.decided_at
    if isinstance(fact, (Card, CaseStep, Disposition, Survey)):
        return final_at(fact)
    if isinstance(fact, Violation):
        return (
            NEVER if fact.cleared_at is None else fact.cleared_at + WINDOW_MS + 3 * HORIZON_MS
        )
    ended: Any = getattr(
        fact, "logged_out_at" if hasattr(fact, "logged_out_at") else "ended_at"
    )
    if ended is None:
        return NEVER
    given_up = isinstance(fact, Leg) and fact.clock == "estimated"
    return int(ended) + 3 * HORIZON_MS + (2 * DAY_MS if given_up else 0)
