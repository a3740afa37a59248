"""Equal values read by the cassandra-driver and by DuckDB have equal canonical texts."""

import datetime
import decimal
import pathlib
import sys
import uuid

import pytest
from cassandra.util import Date, Duration, Time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import duckdb  # noqa: E402
from checksum import TableChecksum, canonical  # noqa: E402

_ID = uuid.UUID("123e4567-e89b-12d3-a456-426614174000")

# What the driver reads, and the SQL of the same value in DuckDB, by CQL type.
_PAIRS = [
    ("text", "O'Hare \\ \x1f é", "'O''Hare \\ ' || chr(31) || ' é'"),
    ("text", "", "''"),
    ("text", None, "NULL"),
    ("boolean", True, "true"),
    ("tinyint", -128, "(-128)::TINYINT"),
    ("bigint", 2**63 - 1, "9223372036854775807"),
    ("varint", 10**30, "'1000000000000000000000000000000'"),
    ("float", 0.10000000149011612, "0.1::FLOAT"),
    ("double", -0.0, "'-0.0'::DOUBLE"),
    ("double", float("nan"), "'nan'::DOUBLE"),
    ("double", float("-inf"), "'-inf'::DOUBLE"),
    ("decimal", decimal.Decimal("1.10"), "'1.10'"),
    ("decimal", decimal.Decimal("1E+3"), "'1E+3'"),
    ("decimal", decimal.Decimal("-1.50"), "(-1.50)::DECIMAL(9,2)"),
    (
        "timestamp",
        datetime.datetime(1969, 12, 31, 23, 59, 59, 999000),
        "'1969-12-31 18:59:59.999-05'::TIMESTAMPTZ",
    ),
    ("date", Date("2013-11-03"), "'2013-11-03'::DATE"),
    ("time", Time("23:59:59.123456789"), "'23:59:59.123456789'"),
    ("time", Time("01:02:03.000004"), "'01:02:03.000004'::TIME"),
    ("uuid", _ID, f"'{_ID}'::UUID"),
    ("timeuuid", _ID, f"'{str(_ID).upper()}'"),
    ("inet", "2001:db8::1", "'2001:0db8:0:0:0:0:0:1'"),
    ("inet", "127.0.0.1", "'127.0.0.1'"),
    ("duration", Duration(14, -3, 3_600_000_000_001), "'P1Y2M-3DT1H0.000000001S'"),
    ("duration", Duration(-1, -2, -3_000_000_000), "'-P1M2DT3S'"),
    ("duration", Duration(0, 2, 1000), "INTERVAL '2 days 1 microsecond'"),
    ("blob", b"\x00\xff", "'\\x00\\xFF'::BLOB"),
    ("blob", b"", "''::BLOB"),
]


@pytest.mark.parametrize(("cql_type", "value", "sql"), _PAIRS)
def test_a_value_read_by_either_client_has_one_text(cql_type, value, sql):
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'America/New_York'")
        (stored,) = connection.execute(f"SELECT {sql}").fetchone()
    assert canonical(stored, cql_type) == canonical(value, cql_type)


def test_different_values_have_different_texts():
    values = [None, "", "\\N", "N", 1, 1.0, decimal.Decimal("1.00"), True, b"", b"\x01", "a\x1fb"]
    assert len({canonical(value) for value in values}) == len(values)


def test_a_type_without_a_canonical_text_is_refused_by_name():
    with pytest.raises(TypeError, match="dict"):
        canonical({"a": 1})


def _result(columns, rows):
    table_sum = TableChecksum(columns)
    table_sum.add(rows)
    return table_sum.result()


def test_the_order_of_rows_and_columns_does_not_matter():
    assert _result(["a", "b"], [(1, "x"), (2, "y")]) == _result(["b", "a"], [("y", 2), ("x", 1)])


@pytest.mark.parametrize(
    "rows",
    [
        [(1, "x")],
        [(1, "x"), (2, "y"), (2, "y")],
        [(1, "y"), (2, "x")],
        [(1, "x"), (2, None)],
    ],
)
def test_a_missing_doubled_swapped_or_changed_row_changes_the_result(rows):
    assert _result(["a", "b"], rows) != _result(["a", "b"], [(1, "x"), (2, "y")])


def test_two_halves_merge_into_the_whole():
    half, other = TableChecksum(["a"]), TableChecksum(["a"])
    half.add([(1,), (2,)])
    other.add([(3,)])
    half.merge(other)
    assert half.result() == _result(["a"], [(1,), (2,), (3,)])
