"""Events and facts as columns: pure, whole columns at a time, so that an import stays fast.

Each table names its columns once, with the attribute they come from and their Arrow type. What
a fact does not know is NULL in its columns exactly where the fact says None.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from schemas.events import Event
from schemas.facts import (
    AgentInterval,
    AgentSession,
    Break,
    Card,
    CaseStep,
    DayDirty,
    Disposition,
    Fact,
    Leg,
    Offer,
    Planned,
    Rejected,
    Review,
    Survey,
    TeamSample,
    Violation,
    WallSample,
)
from schemas.instants import END_MS, instant_ms

Told = TypeVar("Told")
Position: TypeAlias = tuple[int, int]  # partition and offset in the log

TEXT = pa.string()
BYTES = pa.binary()
INT = pa.int64()
RATIO = pa.float64()
FLAG = pa.bool_()
INSTANT = pa.timestamp("ms", tz="UTC")
SECOND = pa.timestamp("s", tz="UTC")
DAY = pa.date32()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table and the attribute of a fact that fills it."""

    name: str
    type: pa.DataType
    attribute: str


@dataclass(frozen=True, slots=True)
class Table:
    """Where facts of one class go; `month_of` names the column that decides the partition."""

    name: str
    month_of: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Insert:
    """Rows of one table and one partition (`month`: yyyymm, 0 where there is none).

    `places` says of each row which of what was given it stands for.
    """

    table: str
    month: int
    rows: pa.Table
    places: Sequence[int] = ()


_REVISION = "revision:int known_at:instant voided:flag"
_CONTACT = "interaction_id leg_id matched_by confidence:ratio"
_DURATION = "started_at:instant ended_at:instant duration_ms:int"
_WINDOWS = " ".join(
    f"answered_{w}:int answered_in_time_{w}:int abandoned_{w}:int short_abandoned_{w}:int "
    f"service_level_{w}:ratio"
    for w in ("5m", "30m")
)
_TYPES = {
    "text": TEXT, "bytes": BYTES, "int": INT, "ratio": RATIO, "flag": FLAG, "instant": INSTANT,
    "second": SECOND, "day": DAY,
}  # fmt: skip


def _table(name: str, month_of: str, columns: str) -> Table:
    """Columns are written `name`, `name:type` or `name:type:attribute`; text unless said."""
    made = []
    for each in f"tenant domain {columns}".split():
        column, kind, attribute = (*each.split(":"), "", "")[:3]
        made.append(Column(column, _TYPES[kind or "text"], attribute or column))
    return Table(name, month_of, tuple(made))


TABLES: dict[type[Fact], Table] = {
    Leg: _table(
        "leg_history",
        "first_second",
        "first_second:second source leg_id interaction_id queue_id channel direction "
        "caller_key priority:int entered_at:instant answered_at:instant left_at:instant "
        "ended_at:instant outcome wait_ms:int ring_ms:int talk_ms:int hold_ms:int "
        "wrapup_ms:int agent_id ended_by transferred_to transfer_kind offers:int "
        f"answer_within_ms:int short_abandon_ms:int clock {_REVISION}",
    ),
    Offer: _table(
        "offer_facts",
        "",
        "offer_id leg_id interaction_id source queue_id agent_id started_at:instant "
        f"ended_at:instant result ring_ms:int {_REVISION}",
    ),
    AgentSession: _table(
        "agent_session_facts",
        "logged_in_at",
        f"agent_id source logged_in_at:instant logged_out_at:instant {_REVISION}",
    ),
    AgentInterval: _table(
        "agent_state_facts", "started_at", f"agent_id state reason {_DURATION} {_REVISION}"
    ),
    Break: _table("break_facts", "started_at", f"agent_id reason {_DURATION} {_REVISION}"),
    WallSample: _table(
        "wall_sample_facts",
        "at",
        "at:instant origin queue_id waiting:int longest_wait_ms:int waiting_over_target:int "
        f"talking:int {_WINDOWS} {_REVISION}",
    ),
    TeamSample: _table(
        "team_sample_facts",
        "at",
        "at:instant origin team logged_in:int ready:int reserved:int talking:int holding:int "
        f"wrapup:int not_ready:int occupancy_30m:ratio {_REVISION}",
    ),
    Violation: _table(
        "violation_history",
        "",
        "episode_id code agent_id queue_id team severity state pending_at:instant "
        "fired_at:instant cleared_at:instant about rule_version thresholds evidence "
        f"{_REVISION}",
    ),
    Review: _table(
        "review_facts",
        "",
        f"review_id episode_id verdict author reason decided_at:instant {_REVISION}",
    ),
    Planned: _table(
        "planned_facts",
        "started_at",
        "agent_id day:day zone version:int shift_started_at:instant shift_ended_at:instant "
        f"activity name started_at:instant ended_at:instant inside outside {_REVISION}",
    ),
    Card: _table(
        "card_facts",
        "began_at",
        "source card_id agent_id began_at:instant opened_at:instant saved_at:instant "
        "closed_at:instant saves:int fields_filled:int filling_ms:int form case_id caller_key "
        f"{_CONTACT} {_REVISION}",
    ),
    CaseStep: _table(
        "case_step_facts",
        "",
        "step_id source case_id step at:instant agent_id status channel caller_key "
        f"{_CONTACT} {_REVISION}",
    ),
    Disposition: _table(
        "disposition_facts",
        "",
        "disposition_id source set_at:instant code name agent_id case_id caller_key "
        f"{_CONTACT} {_REVISION}",
    ),
    Survey: _table(
        "survey_facts",
        "",
        "answer_id source survey_id answered_at:instant kind score:ratio scale_min:ratio "
        f"scale_max:ratio agent_id case_id caller_key {_CONTACT} {_REVISION}",
    ),
    DayDirty: _table("dirty_day_facts", "", f"day:day {_REVISION}"),
    Rejected: _table(
        "rejected_facts",
        "received_at",
        "source feed reason detail bytes:bytes:content received_at:instant:known_at "
        "revision:int",
    ),
}

_ORDER = ("events", *(table.name for table in TABLES.values()))


def fact_inserts(facts: Sequence[Fact]) -> list[Insert]:
    """Return facts as inserts, one for each table and month, in an order that repeats."""
    kinds: dict[type[Fact], list[int]] = {}
    for place, fact in enumerate(facts):
        kinds.setdefault(type(fact), []).append(place)
    inserts: list[Insert] = []
    for kind, table in TABLES.items():
        if places := kinds.get(kind):
            rows = _fact_rows(table, [facts[each] for each in places])
            inserts += _by_month(table.name, table.month_of, rows, places)
    return inserts


def event_inserts(events: Sequence[Event], positions: Sequence[Position]) -> list[Insert]:
    """Return events, each with its place in the log, as inserts, one for each month.

    Raises:
        MalformedEvent: the time of an event is none.
    """
    rows = _event_rows(events, positions)
    return _by_month("events", "occurred_at", rows, range(len(events)))


def joined(pieces: Sequence[Sequence[Insert]], sizes: Sequence[int]) -> list[Insert]:
    """Return the inserts of pieces, of which each was made of so many, as if made of all."""
    alike: dict[tuple[str, int], list[tuple[int, Insert]]] = {}
    before = 0
    for inserts, size in zip(pieces, sizes, strict=True):
        for each in inserts:
            alike.setdefault((each.table, each.month), []).append((before, each))
        before += size
    tables = {name: place for place, name in enumerate(_ORDER)}
    return [
        Insert(
            *key,
            pa.concat_tables([each.rows for _, each in alike[key]]).combine_chunks(),
            [begin + place for begin, each in alike[key] for place in each.places],
        )
        for key in sorted(alike, key=lambda key: (tables[key[0]], key[1]))
    ]


def _fact_rows(table: Table, facts: Sequence[Fact]) -> pa.Table:
    arrays = [_array(map(attrgetter(c.attribute), facts), c.type) for c in table.columns]
    return pa.table(arrays, names=[column.name for column in table.columns])


def _array(values: Iterable[Any], kind: pa.DataType) -> pa.Array:
    if kind is DAY:
        return pa.array(list(values), TEXT).cast(DAY)
    if kind is TEXT:
        return _texts(list(values))
    return pa.array(list(values), kind)


def _texts(values: list[str]) -> pa.Array:
    """Text of a source may hold halves of characters that are no Unicode; they are replaced."""
    if values and values.count(values[0]) == len(values):
        # Many columns say the same in each row; seeing that is cheaper than copying it.
        return pa.repeat(_texts_as_they_are(values[:1])[0], len(values))
    return _texts_as_they_are(values)


def _texts_as_they_are(values: list[str]) -> pa.Array:
    try:
        return pa.array(values, TEXT)
    except (pa.ArrowInvalid, UnicodeEncodeError):
        return pa.array([v.encode("utf-8", "replace").decode("utf-8") for v in values], TEXT)


def _event_rows(events: Sequence[Event], positions: Sequence[Position]) -> pa.Table:
    encode = msgspec.json.Encoder().encode

    def each(name: str) -> list[Any]:
        return list(map(attrgetter(name), events))

    data = each("data")
    # By kind: that is asked once, not for each event.
    tags = {type(event): str(event.__struct_config__.tag) for event in _one_of_each(events)}
    partitions, offsets = zip(*positions, strict=True) if positions else ((), ())
    return pa.table(
        {
            "type": _texts([tags[type(event)] for event in events]),
            **{name: _texts(each(name)) for name in _ENVELOPE},
            "occurred_at": _instants(each("time")),
            "recorded_at": _instants(each("recordedtime")),
            "sequence": pa.array(each("sequence"), INT),
            "resolution": pa.array(each("resolution"), INT),
            **{name: _texts([getattr(d, name, "") for d in data]) for name in _NAMED},
            "data": pa.array(list(map(encode, data)), BYTES),
            "log_partition": pa.array(partitions, INT),
            "log_offset": pa.array(offsets, INT),
        }
    )


def _one_of_each(values: Sequence[Told]) -> Iterable[Told]:
    return {type(value): value for value in values}.values()


_ENVELOPE = ("tenant", "domain", "id", "source", "feed", "clock", "subject")
_NAMED = ("interaction_id", "queue_id", "agent_id")


def _instants(texts: list[str]) -> pa.Array:
    """What the fold takes for an instant is one here, too, and nothing else."""
    try:
        found = pa.array(texts, TEXT).cast(INSTANT)
    except pa.ArrowInvalid:
        # It knows no digits beyond the millisecond, nor the shorter forms.
        return pa.array(list(map(instant_ms, texts)), INSTANT)
    bounds = pc.min_max(found.cast(INT)).as_py() if texts else {"min": 0, "max": 0}
    if bounds["min"] < 0 or bounds["max"] >= END_MS:
        return pa.array(list(map(instant_ms, texts)), INSTANT)
    return found


def _by_month(table: str, month_of: str, rows: pa.Table, places: Sequence[int]) -> list[Insert]:
    if not month_of:
        return [Insert(table, 0, rows, places)]
    months = _months(rows[month_of])
    present = sorted(set(pc.unique(months).to_pylist()))
    if len(present) == 1:
        return [Insert(table, present[0], rows, places)]
    chosen = {each: pc.indices_nonzero(pc.equal(months, each)) for each in present}
    return [
        Insert(table, each, rows.take(which), [places[row] for row in which.to_pylist()])
        for each, which in chosen.items()
    ]


def _months(instants: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.add(pc.multiply(pc.year(instants), 100), pc.month(instants))
