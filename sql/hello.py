"""The greeting of clickhouse-go, in the one form that its decoder reads whatever follows.

It says in the address which revision of the protocol it speaks, reads the answer to the
greeting by that revision, and all later blocks by the one that the answer names. The embedded
engine writes plain Native only, without the marks of any revision: hence the answer says
revision 0, and is itself the one block that carries the marks of the client's revision.
Source: lib/proto/block.go and conn_http.go of clickhouse-go 2.43; NativeWriter.cpp and
BlockInfo.h of ClickHouse.
"""

import re
from collections.abc import Mapping, Sequence

_ASKED = re.compile(
    r"\s*SELECT\s+displayName\(\),\s*version\(\),\s*revision\(\),\s*timezone\(\)\s*;?\s*",
    re.IGNORECASE,
)
ANSWER = (
    "SELECT displayName() AS `displayName()`, version() AS `version()`, "
    "toUInt32(0) AS `revision()`, timezone() AS `timezone()`"
)
"""What is run in place of the greeting."""

# DBMS_MIN_REVISION_WITH_CUSTOM_SERIALIZATION: from here on each column says whether it has one.
_SAYS_SERIALIZATION = 54454
# Field 1: no overflow; field 2: bucket -1; no further field.
_BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"
_COLUMNS = (
    ("displayName()", "String"),
    ("version()", "String"),
    ("revision()", "UInt32"),
    ("timezone()", "String"),
)


def is_hello(statement: str) -> bool:
    """Tell whether a statement is the one with which clickhouse-go begins."""
    return _ASKED.fullmatch(statement) is not None


def revision_spoken(asked: Mapping[str, str]) -> int:
    """Return the revision of the protocol that a client says it speaks; 0 is none."""
    told = asked.get("client_protocol_version", "")
    return int(told) if re.fullmatch("[0-9]{1,9}", told) else 0


def hello_block(row: bytes, revision: int) -> bytes:
    """Return the answer to the greeting as a Native block of a revision.

    Args:
        row: what `ANSWER` gave as TabSeparated.
        revision: that the client speaks, above 0.
    """
    cells = row.decode().rstrip("\n").split("\t")
    mark = b"\x00" if revision >= _SAYS_SERIALIZATION else b""
    columns = [
        _text(name) + _text(kind) + mark + _value(kind, cell)
        for (name, kind), cell in zip(_COLUMNS, cells, strict=True)
    ]
    return _BLOCK_INFO + bytes([len(columns), 1]) + b"".join(columns)


def _value(kind: str, cell: str) -> bytes:
    return int(cell).to_bytes(4, "little") if kind == "UInt32" else _text(cell)


def _text(text: str) -> bytes:
    said = text.encode()
    return _length(len(said)) + said


def _length(number: int) -> bytes:
    """Return a VarUInt: seven bits a byte, the lowest first."""
    parts: Sequence[int] = [number >> shift & 0x7F for shift in range(0, 64, 7)]
    used = max((n for n, part in enumerate(parts) if part), default=0) + 1
    return bytes(part | (0x80 if n < used - 1 else 0) for n, part in enumerate(parts[:used]))
