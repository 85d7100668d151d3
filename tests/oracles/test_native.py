"""The reader of the Native format against bytes written out by hand."""

from decimal import Decimal

import pytest

from tests.oracles.native import CutShort, blocks, parts_of

ONE = b"\x01\x02\x01n\x05Int16\x01\x00\xfe\xff"


def test_a_block_is_columns_rows_and_for_each_column_name_type_values() -> None:
    ((column,),) = blocks(ONE)

    assert (column.name, column.type, column.values) == ("n", "Int16", [1, -2])
    assert [column.values for (column,) in blocks(ONE + ONE)] == [[1, -2], [1, -2]]
    assert blocks(b"") == []


def test_the_marks_of_a_revision_stand_before_a_block_and_before_the_values() -> None:
    marked = b"\x01\x00\x02\xff\xff\xff\xff\x00\x01\x01\x01n\x05UInt8\x00\x07"

    assert blocks(marked, 54460)[0][0].values == [7]
    assert blocks(marked.replace(b"UInt8\x00", b"UInt8"), 54405)[0][0].values == [7]
    with pytest.raises((CutShort, UnicodeDecodeError, KeyError, ValueError)):
        blocks(marked)


@pytest.mark.parametrize("end", range(1, len(ONE)))
def test_an_end_within_a_block_is_noticed(end: int) -> None:
    with pytest.raises(CutShort):
        blocks(ONE[:end])


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("String", b"\x01a\x00", ["a", ""]),
        ("Nullable(UInt8)", b"\x01\x00\x09\x09", [None, 9]),
        ("Array(UInt8)", b"\x01" + bytes(7) + b"\x03" + bytes(7) + b"\x05\x06\x07",
         [[5], [6, 7]]),
        ("LowCardinality(Nullable(String))",
         b"\x01" + bytes(7) + b"\x00\x06" + bytes(6) + b"\x02" + bytes(7) + b"\x00\x01a"
         + b"\x02" + bytes(7) + b"\x01\x00", ["a", None]),
        ("Decimal(9, 2)", b"\x7d\x00\x00\x00\x83\xff\xff\xff",
         [Decimal("1.25"), Decimal("-1.25")]),
        ("Enum8('a, b' = 1, 'c' = -1)", b"\x01\xff", ["a, b", "c"]),
        ("Map(String, UInt8)", b"\x01" + bytes(7) + b"\x01" + bytes(7) + b"\x01k\x04",
         [{"k": 4}, {}]),
    ],
)  # fmt: skip
def test_values_of_a_type(kind: str, data: bytes, expected: list[object]) -> None:
    told = b"\x01\x02\x01x" + bytes([len(kind)]) + kind.encode() + data

    assert blocks(told)[0][0].values == expected


def test_a_type_is_taken_apart_at_its_own_commas() -> None:
    assert parts_of("Tuple(a Decimal(9, 2), b String)") == (
        "Tuple", ["a Decimal(9, 2)", "b String"],
    )  # fmt: skip
