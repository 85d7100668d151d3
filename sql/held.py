"""What the store says of facts now, to be compared with what a fold says.

Of each fact that holds only its key, a hash and its revision are kept in memory; what it says
is read again for the few that turn out to differ. A hash is Python's: good within one process.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

from clickhouse_connect.driver.client import Client

from schemas.facts import (
    AgentInterval,
    AgentSession,
    Break,
    Card,
    CaseStep,
    Disposition,
    Fact,
    Leg,
    Offer,
    Planned,
    Review,
    Survey,
    Violation,
)
from sql.rows import DAY, INSTANT, SECOND, TABLES, TEXT, Column
from sql.store import store_errors

Key: TypeAlias = tuple[Any, ...]
"""What tells a fact of one kind from all others."""


class Held(NamedTuple):
    """A fact that the store holds: hash of what it says, and its revision."""

    content: int
    revision: int


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of facts: where its newest are, what tells them apart, when they began.

    `until` tells when they ended, '' of what never seems to have begun before it was said.
    """

    of: type[Fact]
    table: str
    view: str
    keys: tuple[str, ...]
    since: str
    until: str = ""
    columns: tuple[Column, ...] = field(init=False)
    content: Callable[[Fact], Key] = field(init=False)
    key: Callable[[Fact], Key] = field(init=False)

    def __post_init__(self) -> None:
        columns = [each for each in TABLES[self.of].columns if each.name not in _NOT_COMPARED]
        object.__setattr__(self, "columns", tuple(columns))
        object.__setattr__(self, "content", attrgetter(*(c.attribute for c in columns)))
        key = attrgetter(*self.keys)
        single = len(self.keys) == 1
        object.__setattr__(self, "key", (lambda fact: (key(fact),)) if single else key)

    def began(self, fact: Fact) -> int:
        """Return when what a fact is of began [ms], which decides of which day it is."""
        if isinstance(fact, Leg):
            return fact.first_second * 1000
        began: int = getattr(fact, self.since)
        return began


_NOT_COMPARED = frozenset({"tenant", "domain", "revision", "known_at", "voided"})

KINDS: dict[type[Fact], Kind] = {
    kind.of: kind
    for kind in (
        Kind(Leg, "leg_facts", "legs", ("leg_id",), "first_second", "ended_at"),
        Kind(Offer, "offer_facts", "offers", ("offer_id",), "started_at", "ended_at"),
        Kind(AgentSession, "agent_session_facts", "agent_sessions",
             ("agent_id", "logged_in_at"), "logged_in_at", "logged_out_at"),
        Kind(AgentInterval, "agent_state_facts", "agent_states",
             ("agent_id", "started_at"), "started_at", "ended_at"),
        Kind(Violation, "violation_facts", "violations", ("episode_id",), "pending_at",
             "cleared_at"),
        Kind(Review, "review_facts", "reviews", ("review_id",), "decided_at"),
        Kind(Planned, "planned_facts", "schedules", ("agent_id", "started_at"), "started_at"),
        Kind(Card, "card_facts", "cards", ("card_id", "source", "agent_id", "began_at"),
             "began_at"),
        Kind(CaseStep, "case_step_facts", "case_steps", ("step_id",), "at"),
        Kind(Disposition, "disposition_facts", "dispositions", ("disposition_id",), "set_at"),
        Kind(Survey, "survey_facts", "surveys", ("answer_id",), "answered_at"),
        Kind(Break, "break_facts", "breaks", ("agent_id", "started_at"), "started_at",
             "ended_at"),
    )
}  # fmt: skip
"""The facts that must be equal between two ways of computing them."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Facts of a domain that began in [since, until) [ms], of revisions above one.

    If `lasting_ms` is given, those of any revision that had not ended before it, too.
    """

    tenant: str
    domain: str
    since_ms: int
    until_ms: int
    above: int = -1
    lasting_ms: int = 0


def held(client: Client, kind: Kind, reach: Reach) -> Iterator[tuple[Key, Held]]:
    """Yield key and hash of every fact of a kind that the store holds.

    Raises:
        StoreFailed: the store cannot be read.
    """
    places = [[c.attribute for c in kind.columns].index(name) for name in kind.keys]
    with store_errors(f"read {kind.view}"):
        for row in _rows(client, kind, reach, ""):
            content = tuple(row[:-1])
            yield tuple(content[place] for place in places), Held(hash(content), row[-1])


def facts_of(client: Client, kind: Kind, reach: Reach, keys: Sequence[Key]) -> Iterator[Fact]:
    """Yield what the store says of some facts; `keys` may be any number.

    Raises:
        StoreFailed: the store cannot be read.
    """
    names = [each.attribute for each in kind.columns]
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        wanted = set(keys[start : start + _KEYS_AT_ONCE])
        first = sorted({key[0] for key in wanted})
        # The first column of a key finds it, but for a few rows that the second tells apart.
        named = f"AND {kind.keys[0]} IN {{keys:Array(String)}} "
        with store_errors(f"read {kind.view}"):
            for row in _rows(client, kind, reach, named, first):
                made: dict[str, Any] = dict(zip(names, row[:-1], strict=True))
                fact: Any = kind.of
                found: Fact = fact(
                    tenant=reach.tenant, domain=reach.domain, revision=row[-1], known_at=0,
                    voided=False, **made,
                )  # fmt: skip
                if kind.key(found) in wanted:
                    yield found


_KEYS_AT_ONCE = 1_000


def _rows(
    client: Client, kind: Kind, reach: Reach, named: str, keys: Sequence[str] = ()
) -> Sequence[Sequence[Any]]:
    columns = ", ".join(_read(each) for each in kind.columns)
    lasting = _LASTING.format(kind.until) if reach.lasting_ms and kind.until else ""
    query = (
        f"SELECT {columns}, revision AS its_revision FROM pult.{kind.table} FINAL "
        "WHERE tenant = {tenant:String} AND domain = {domain:String} AND NOT voided "
        f"AND {kind.since} >= fromUnixTimestamp64Milli({{since:Int64}}, 'UTC') "
        f"AND {kind.since} < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC') "
        f"AND (revision > {{above:Int64}}{lasting}) {named}"
    )
    asked = {
        "tenant": reach.tenant, "domain": reach.domain, "since": reach.since_ms,
        "until": reach.until_ms, "above": reach.above, "lasting": reach.lasting_ms,
        "keys": list(keys),
    }  # fmt: skip
    return client.query(query, parameters=asked).result_rows


_LASTING = " OR ifNull({} >= fromUnixTimestamp64Milli({{lasting:Int64}}, 'UTC'), true)"


def _read(column: Column) -> str:
    # Under names of their own: the conditions mean the columns.
    if column.type == INSTANT:
        return f"toUnixTimestamp64Milli({column.name}) AS its_{column.name}"
    if column.type == SECOND:
        return f"intDiv(toUnixTimestamp64Milli({column.name}), 1000) AS its_{column.name}"
    if column.type in (TEXT, DAY):
        return f"toString({column.name}) AS its_{column.name}"
    return f"{column.name} AS its_{column.name}"
