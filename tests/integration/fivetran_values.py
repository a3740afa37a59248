"""What a row of the source is in a Fivetran destination, in the form of cql_values.canonical.

`expected` takes what the source has and gives what must arrive under a type mapping; `arrived`
takes a cell of fake_destination.FakeDestination. Both follow docs/types.md.
"""

import decimal

import cql_values
from cql_values import CqlType, scalar

_LONG = range(-(2**63), 2**63)
_DOUBLE = scalar("double")

TYPES = {  # of scalar columns, by mapping; those of keys where they differ are in KEY_TYPES
    "compatible": {
        "ascii": "STRING", "text": "STRING", "tinyint": "INT", "smallint": "INT", "int": "INT",
        "bigint": "LONG", "counter": "LONG", "varint": "LONG", "float": "FLOAT",
        "double": "DOUBLE", "decimal": "DOUBLE", "boolean": "BOOLEAN",
        "timestamp": "UTC_DATETIME", "date": "NAIVE_DATE", "time": "STRING", "uuid": "STRING",
        "timeuuid": "STRING", "inet": "STRING", "duration": "STRING", "blob": "STRING",
    },
}  # fmt: skip
TYPES["lossless"] = {
    **TYPES["compatible"], "varint": "STRING", "decimal": "STRING", "blob": "BINARY",
}  # fmt: skip


def data_type(cql_type: CqlType, mapping: str, is_key: bool) -> str:
    """The Fivetran type of a column."""
    if cql_type.inside:
        return "STRING" if is_key else "JSON"
    if is_key and cql_type.kind == "decimal":
        return "STRING"
    return TYPES[mapping][cql_type.kind]


def held_type(cql_type: CqlType, mapping: str, is_key: bool) -> CqlType:
    """The type in whose canonical form cells are compared: numbers may become the nearest ones."""
    is_rounded = cql_type.kind == "decimal" and not is_key and mapping == "compatible"
    return _DOUBLE if is_rounded else cql_type


def expected(cql_type: CqlType, mapping: str, is_key: bool, cell: object) -> object:
    """The canonical cell that must arrive; with `on_unrepresentable` = null."""
    if cell is None or cql_type.inside or is_key or mapping == "lossless":
        return cell
    if held_type(cql_type, mapping, is_key) is _DOUBLE:
        return cql_values.canonical(_DOUBLE, float(decimal.Decimal(cell)))
    if cql_type.kind == "varint" and cell not in _LONG:
        return None
    return cell


def arrived(cql_type: CqlType, mapping: str, is_key: bool, value: object) -> object:
    """The canonical form of a cell that has arrived."""
    if value is None:
        return None
    if cql_type.inside:
        return cql_values.from_destination(cql_type, cql_values.parsed_json(value))
    cql_type = held_type(cql_type, mapping, is_key)
    kind = cql_type.kind
    if kind == "timestamp":
        seconds, nanoseconds = value
        milliseconds, rest = divmod(seconds * 10**9 + nanoseconds, 10**6)
        return milliseconds if rest == 0 else f"{rest} ns behind the millisecond {milliseconds}"
    if kind == "date":
        return value[0] // 86_400
    return cql_values.from_destination(cql_type, value)
