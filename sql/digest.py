"""A hash of what the facts say, by which two ways of computing them are compared.

Left out is what depends on when and how they were computed: revisions, times of receipt, log
positions, names of tenant and domain, keyed hashes of numbers; and samples, which show what was
known at the time. Every row is hashed by itself and the hashes are added, so the order of rows
does not matter, equal rows of two domains do not cancel out, and memory stays constant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from clickhouse_connect.driver.client import Client

from sql.store import store_errors


@dataclass(frozen=True, slots=True)
class DigestRow:
    """What a table says of one local day."""

    table: str
    day: str
    rows: int
    hash: str


_FIRST_TIME = {
    "legs": "entered_at",
    "offers": "started_at",
    "agent_sessions": "logged_in_at",
    "agent_states": "started_at",
    "breaks": "started_at",
    "violations": "pending_at",
    "reviews": "decided_at",
    "schedules": "started_at",
    "cards": "began_at",
    "case_steps": "at",
    "dispositions": "set_at",
    "surveys": "answered_at",
}
_OF_TENANT = "AND tenant = {tenant:String}"
_LEFT_OUT = frozenset({"tenant", "domain", "revision", "known_at", "caller_key", "evidence"})
"""Which of two feeds told of an episode first is seen in its evidence alone."""

_TOLD_AS = {
    "transferred_to": "if(match(transferred_to, '^[0-9a-f]{16}$'), 'a number', transferred_to)"
}
"""A number outside is stored as its key, which another secret makes another one."""

_WITHOUT_VOIDED = {"violations": "state != 'voided'"}
"""Other views do not show what no longer holds."""

_SHOWN = {
    "case_steps": "case_step_facts",
    "dispositions": "disposition_facts",
    "surveys": "survey_facts",
}
"""Whose rows a view shows; it takes the engine a quarter of a second when there are none."""


def digest(client: Client, timezone: str = "UTC", tenant: str = "") -> list[DigestRow]:
    """Return one row for each table and local day that holds facts, of one tenant or of all.

    Raises:
        StoreFailed: the store cannot be read, or knows no such time zone.
    """
    return [row for view in _FIRST_TIME for row in _digest_view(client, view, timezone, tenant)]


def total(rows: Sequence[DigestRow]) -> str:
    """Return one hash for all rows of a digest."""
    lines = (f"{row.table} {row.day} {row.rows} {row.hash}\n" for row in rows)
    return sha256("".join(lines).encode()).hexdigest()[:32]


def _digest_view(client: Client, view: str, timezone: str, tenant: str) -> list[DigestRow]:
    with store_errors(f"compute the digest of {view}"):
        shown = _SHOWN.get(view)
        if shown and not client.command(f"SELECT count() FROM pult.{shown}"):
            return []
        described = client.query(f"DESCRIBE TABLE pult.{view}").result_rows
        told = [name for name, *_ in described if name not in _LEFT_OUT]
        columns = ", ".join(_TOLD_AS.get(name, name) for name in told)
        # As text, because a hash of NULL is NULL; the text of a tuple is quoted and so exact.
        query = (
            f"SELECT toString(toDate({_FIRST_TIME[view]}, {{zone:String}})) AS day, count(), "
            f"lower(hex(sum(reinterpretAsUInt128(sipHash128(toString(({columns}))))))) "
            f"FROM pult.{view} WHERE {_WITHOUT_VOIDED.get(view, '1')} "
            f"{_OF_TENANT if tenant else ''} GROUP BY day ORDER BY day"
        )
        asked = {"zone": timezone, "tenant": tenant}
        found = client.query(query, parameters=asked).result_rows
    return [DigestRow(view, day, rows, hashed) for day, rows, hashed in found]
