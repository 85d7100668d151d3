"""ClickHouse's Native format, read byte by byte; written from its description, not from ours.

Source: clickhouse.com/docs, "Native protocol": pages on basics, columns and the block; for
LowCardinality the page on its serialisation; checked by hand against written-out bytes in
test_native.py.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from uuid import UUID

_NUMBERS = {
    "UInt8": "B", "UInt16": "H", "UInt32": "I", "UInt64": "Q",
    "Int8": "b", "Int16": "h", "Int32": "i", "Int64": "q", "Float32": "f", "Float64": "d",
}  # fmt: skip
_EPOCH, _MIDNIGHT = date(1970, 1, 1), datetime(1970, 1, 1, tzinfo=UTC)
_HAS_INFO, _SAYS_SERIALISATION = 1, 54454
_BITS_OF_DECIMAL = ((9, 4), (18, 8), (38, 16), (76, 32))
_MORE_KEYS, _OWN_DICTIONARY = 1 << 9, 1 << 10


@dataclass(frozen=True)
class Column:
    """One column of a block."""

    name: str
    type: str
    values: Sequence[object]


class CutShort(Exception):
    """The bytes end within a block."""


class Bytes:
    """What is left to be read."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        """Return so many bytes."""
        if self.at + count > len(self.data):
            msg = f"{count} bytes wanted at {self.at} of {len(self.data)}"
            raise CutShort(msg)
        self.at += count
        return self.data[self.at - count : self.at]

    def varuint(self) -> int:
        """Return a number of seven bits a byte, the lowest first."""
        number = shift = 0
        while True:
            (byte,) = self.take(1)
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    def string(self) -> str:
        """Return a text after its length; bytes that are no UTF-8 as surrogates."""
        return self.take(self.varuint()).decode(errors="surrogateescape")

    def numbers(self, code: str, count: int) -> list[object]:
        """Return so many numbers, little-endian."""
        return list(
            struct.unpack(f"<{count}{code}", self.take(count * struct.calcsize("<" + code)))
        )

    def uint64(self) -> int:
        """Return a number of eight bytes."""
        return int.from_bytes(self.take(8), "little")


def blocks(data: bytes, revision: int = 0) -> list[list[Column]]:
    """Return the blocks of an answer to a client that speaks a revision (0: plain Native)."""
    left, found = Bytes(data), []
    while left.at < len(data):
        found.append(_block(left, revision))
    return found


def _block(left: Bytes, revision: int) -> list[Column]:
    if revision >= _HAS_INFO:
        _block_info(left)
    columns, rows = left.varuint(), left.varuint()
    made = []
    for _ in range(columns):
        name, kind = left.string(), left.string()
        if revision >= _SAYS_SERIALISATION and left.take(1) != b"\0":
            msg = f"column {name} has a serialisation of its own"
            raise ValueError(msg)
        made.append(Column(name, kind, column(left, kind, rows) if rows else []))
    return made


def _block_info(left: Bytes) -> None:
    while field := left.varuint():
        left.take({1: 1, 2: 4}[field])


def column(left: Bytes, kind: str, rows: int) -> list[object]:
    """Return the values of a column: what comes before all its parts, then the parts."""
    _prefix(left, kind)
    return _values(left, kind, rows)


def parts_of(kind: str) -> tuple[str, list[str]]:
    """Return the name of a type and what stands in its parentheses, at its commas."""
    name, opened, inside = kind.partition("(")
    if not opened:
        return name, []
    found, depth, quoted, start = [], 0, False, 0
    inside = inside[:-1]
    for at, sign in enumerate(inside):
        if sign == "'" and inside[at - 1 : at] != "\\":
            quoted = not quoted
        elif not quoted:
            depth += (sign == "(") - (sign == ")")
            if sign == "," and depth == 0:
                found.append(inside[start:at].strip())
                start = at + 1
    return name, [*found, inside[start:].strip()]


def _elements(name: str, inside: Sequence[str]) -> list[str]:
    """Return the types of the parts; those of a named tuple without their names."""
    if name in ("Array", "Nullable", "Map"):
        return list(inside)
    if name == "SimpleAggregateFunction":
        return [inside[1]]
    if name == "Tuple":
        return [_unnamed(each) for each in inside]
    return []


def _unnamed(element: str) -> str:
    first, space, rest = element.partition(" ")
    return rest if space and "(" not in first and "," not in first else element


def _prefix(left: Bytes, kind: str) -> None:
    name, inside = parts_of(kind)
    if name == "LowCardinality":
        if (version := left.uint64()) != 1:
            msg = f"LowCardinality of version {version}"
            raise ValueError(msg)
        return
    for each in _elements(name, inside):
        _prefix(left, each)


def _values(left: Bytes, kind: str, rows: int) -> list[object]:
    name, inside = parts_of(kind)
    if name in _NUMBERS:
        return left.numbers(_NUMBERS[name], rows)
    if name.startswith("Interval"):
        return left.numbers("q", rows)
    if rows == 0:
        return []
    return _OTHERS[name](left, inside, rows)


def _nullable(left: Bytes, inside: Sequence[str], rows: int) -> list[object]:
    empty = left.take(rows)
    values = _values(left, inside[0], rows)
    return [None if null else value for null, value in zip(empty, values, strict=True)]


def _array(left: Bytes, inside: Sequence[str], rows: int) -> list[object]:
    ends = [left.uint64() for _ in range(rows)]
    values = _values(left, inside[0], ends[-1])
    return [values[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _tuple(left: Bytes, inside: Sequence[str], rows: int) -> list[object]:
    columns = [_values(left, each, rows) for each in _elements("Tuple", inside)]
    return list(zip(*columns, strict=True))


def _map(left: Bytes, inside: Sequence[str], rows: int) -> list[object]:
    ends = [left.uint64() for _ in range(rows)]
    keys, values = (_values(left, each, ends[-1]) for each in inside)
    pairs = list(zip(keys, values, strict=True))
    return [dict(pairs[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


def _low_cardinality(left: Bytes, inside: Sequence[str], rows: int) -> list[object]:
    flags = left.uint64()
    if flags & ~0xFF != _MORE_KEYS | _OWN_DICTIONARY:
        msg = f"LowCardinality with flags {flags:#x}"
        raise ValueError(msg)
    name, of = parts_of(inside[0])
    nullable = name == "Nullable"
    keys = _values(left, of[0] if nullable else inside[0], left.uint64())
    if nullable:
        keys[0] = None
    if (count := left.uint64()) != rows:
        msg = f"{count} keys for {rows} rows"
        raise ValueError(msg)
    return [keys[int(str(n))] for n in left.numbers("BHIQ"[flags & 0xFF], rows)]


def _enum(code: str) -> Callable[[Bytes, Sequence[str], int], list[object]]:
    def read(left: Bytes, inside: Sequence[str], rows: int) -> list[object]:
        names: dict[object, str] = {}
        for each in inside:
            name, _, number = each.rpartition(" = ")
            names[int(number)] = name[1:-1].replace("\\'", "'").replace("\\\\", "\\")
        return [names[n] for n in left.numbers(code, rows)]

    return read


def _decimal(left: Bytes, inside: Sequence[str], rows: int) -> list[object]:
    digits, scale = int(inside[0]), int(inside[1])
    size = next(size for most, size in _BITS_OF_DECIMAL if digits <= most)
    whole = [int.from_bytes(left.take(size), "little", signed=True) for _ in range(rows)]
    return [Decimal(n).scaleb(-scale) for n in whole]


def _date(code: str) -> Callable[[Bytes, Sequence[str], int], list[object]]:
    def read(left: Bytes, _: Sequence[str], rows: int) -> list[object]:
        return [_EPOCH + timedelta(days=int(str(n))) for n in left.numbers(code, rows)]

    return read


def _datetime(left: Bytes, _: Sequence[str], rows: int) -> list[object]:
    return [_MIDNIGHT + timedelta(seconds=int(str(n))) for n in left.numbers("I", rows)]


def _datetime64(left: Bytes, inside: Sequence[str], rows: int) -> list[object]:
    of_second: int = 10 ** int(inside[0])
    return [
        _MIDNIGHT + timedelta(microseconds=int(str(n)) * 1_000_000 // of_second)
        for n in left.numbers("q", rows)
    ]


def _uuid(left: Bytes, _: Sequence[str], rows: int) -> list[object]:
    return [UUID(bytes=left.take(8)[::-1] + left.take(8)[::-1]) for _ in range(rows)]


_OTHERS: dict[str, Callable[[Bytes, Sequence[str], int], list[object]]] = {
    "Array": _array,
    "Bool": lambda left, _, rows: [byte == 1 for byte in left.take(rows)],
    "Date": _date("H"),
    "Date32": _date("i"),
    "DateTime": _datetime,
    "DateTime64": _datetime64,
    "Decimal": _decimal,
    "Enum16": _enum("h"),
    "Enum8": _enum("b"),
    "FixedString": lambda left, of, rows: [left.take(int(of[0])) for _ in range(rows)],
    "IPv4": lambda left, _, rows: [IPv4Address(int(str(n))) for n in left.numbers("I", rows)],
    "IPv6": lambda left, _, rows: [IPv6Address(left.take(16)) for _ in range(rows)],
    "LowCardinality": _low_cardinality,
    "Map": _map,
    "Nothing": lambda left, _, rows: [left.take(1) and None for _ in range(rows)],
    "Nullable": _nullable,
    "SimpleAggregateFunction": lambda left, of, rows: _values(left, of[1], rows),
    "String": lambda left, _, rows: [left.string() for _ in range(rows)],
    "Tuple": _tuple,
    "UUID": _uuid,
}
