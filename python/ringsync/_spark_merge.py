"""What a sync makes of the rows that it read and those that were there: as in DuckDB, by a new
snapshot (docs/destinations.md, "When a table changes")."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow
from pyspark.sql import Column, DataFrame, types
from pyspark.sql import functions as spark_functions

from ringsync.errors import DestinationError

SYNCED, DELETED = "_fivetran_synced", "_fivetran_deleted"

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")
# Which types hold all values of another; text holds what else is below, and decimals.
_HELD = {
    **{kind: set(_INTEGERS[:i]) for i, kind in enumerate(_INTEGERS)},
    "FLOAT": {"TINYINT", "SMALLINT"},
    "DOUBLE": {"TINYINT", "SMALLINT", "INTEGER", "FLOAT"},
    "VARCHAR": {*_INTEGERS, "BOOLEAN", "UUID", "DATE", "JSON"},
}
# What Spark has of the types that may get wider, or are what others get; decimals are alike.
_SPARK = {
    "BOOLEAN": types.BooleanType(),
    "TINYINT": types.ByteType(),
    "SMALLINT": types.ShortType(),
    "INTEGER": types.IntegerType(),
    "BIGINT": types.LongType(),
    "FLOAT": types.FloatType(),
    "DOUBLE": types.DoubleType(),
    "DATE": types.DateType(),
    "UUID": types.StringType(),
    "JSON": types.StringType(),
    "VARCHAR": types.StringType(),
}
_ARROW = {
    pyarrow.bool_(): "BOOLEAN",
    pyarrow.int8(): "TINYINT",
    pyarrow.int16(): "SMALLINT",
    pyarrow.int32(): "INTEGER",
    pyarrow.int64(): "BIGINT",
    pyarrow.float32(): "FLOAT",
    pyarrow.float64(): "DOUBLE",
    pyarrow.string(): "VARCHAR",
    pyarrow.binary(): "BLOB",
    pyarrow.date32(): "DATE",
    pyarrow.time64("ns"): "TIME_NS",
    pyarrow.timestamp("us", "UTC"): "TIMESTAMP WITH TIME ZONE",
}


def quoted(name: str) -> str:
    """As SQL, and DuckDB, have names."""
    return '"' + name.replace('"', '""') + '"'


def spark_quoted(name: str) -> str:
    """As Spark's SQL has them."""
    return "`" + name.replace("`", "``") + "`"


def duckdb_type(arrow: pyarrow.DataType) -> str:
    """The type that `ringsync sync` gives such a column in DuckDB."""
    if isinstance(arrow, pyarrow.BaseExtensionType):
        return "UUID" if arrow.extension_name == "arrow.uuid" else "JSON"
    if pyarrow.types.is_decimal(arrow):
        return f"DECIMAL({arrow.precision},{arrow.scale})"
    if pyarrow.types.is_map(arrow):
        return f"MAP({duckdb_type(arrow.key_type)}, {duckdb_type(arrow.item_type)})"
    if pyarrow.types.is_fixed_size_list(arrow):
        return f"{duckdb_type(arrow.value_type)}[{arrow.list_size}]"
    if pyarrow.types.is_list(arrow):
        return f"{duckdb_type(arrow.value_type)}[]"
    if pyarrow.types.is_struct(arrow):
        fields = (f"{quoted(field.name)} {duckdb_type(field.type)}" for field in arrow)
        return f"STRUCT({', '.join(fields)})"
    return _ARROW[arrow]


def _holds(one: str, other: str) -> bool:
    if one == "VARCHAR" and other.startswith("DECIMAL("):
        return True
    sizes = [re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", each) for each in (one, other)]
    if all(sizes):
        (digits, scale), (less_digits, less_scale) = (map(int, size.groups()) for size in sizes)
        return scale >= less_scale and digits - scale >= less_digits - less_scale
    return one == other or other in _HELD.get(one, ())


def _wider(name: str, was: str, now: str) -> str:
    if _holds(was, now):
        return was
    if _holds(now, was):
        return now
    raise DestinationError(
        "destination_table",
        f"column {quoted(name)} is {was} in the destination and needs {now}, which cannot be made"
        " of it without loss; drop the table (of Parquet: move or remove its folder), then run"
        " again",
    )


@dataclass(frozen=True)
class Shape:
    """The columns of a new snapshot: types as DuckDB's, by name. `key`: names. `kept`: those of the
    former one that the table does not have any more."""

    key: Sequence[str]
    columns: dict[str, str]
    kept: dict[str, str]

    @classmethod
    def of(cls, key: Sequence[str], now: dict[str, str], former: dict[str, str]) -> "Shape":
        """Raises DestinationError where the rows of both do not go together."""
        columns = {
            name: _wider(name, former[name], kind) if name in former else kind
            for name, kind in now.items()
        }
        kept = {name: kind for name, kind in former.items() if name not in now}
        folded = {name.lower(): name for name in now}
        for name in kept:
            if name.lower() in folded:
                raise DestinationError(
                    "name_collision",
                    f"columns {quoted(name)} of the destination and {quoted(folded[name.lower()])}"
                    " are one name but for upper and lower case; drop the table (of Parquet: move"
                    " or remove its folder), then run again",
                )
        return cls(key, columns, kept)

    @property
    def all_columns(self) -> dict[str, str]:
        return self.columns | self.kept


def column_of(frame: DataFrame, name: str) -> Column:
    """Of a name with any characters."""
    return frame[spark_quoted(name)]


def spark_type(kind: str) -> types.DataType | None:
    """Of a type of DuckDB that may get wider, or that others get; None for others."""
    if kind.startswith("DECIMAL("):
        return types.DecimalType(*map(int, kind[8:-1].split(",")))
    return _SPARK.get(kind)


def _cast(column: Column, was: str, now: str) -> Column:
    return column if was == now else column.cast(spark_type(now))


def _as_type(column: Column, was: str, now: str, name: str) -> Column:
    return _cast(column, was, now).alias(name)


def rows_read(
    frame: DataFrame,
    shape: Shape,
    now: dict[str, str],
    started_us: int,
    former: DataFrame | None,
    was: dict[str, str],
) -> DataFrame:
    """The rows of a sync that began at `started_us`, with what `former` has of columns that the
    source has dropped. `now`, `was`: the types that columns have in either."""
    instant = spark_functions.timestamp_micros(spark_functions.lit(started_us))
    chosen = [
        _as_type(column_of(frame, name), now[name], kind, name)
        for name, kind in shape.columns.items()
    ]
    if shape.kept and former is not None:
        kept = (column_of(former, name) for name in shape.kept)
        old = former.select(*_key(former, shape, was), *kept)
        frame = frame.join(old, _same_key(frame, shape, now, old), "left")
        chosen += [column_of(old, name) for name in shape.kept]
    return frame.select(*chosen, instant.alias(SYNCED), spark_functions.lit(False).alias(DELETED))


def rows_left(
    former: DataFrame,
    shape: Shape,
    was: dict[str, str],
    met: DataFrame,
    swept_at_us: int | None,
) -> DataFrame:
    """The rows that were there and were not `met`: gone from the source where the sync read all of
    it, which is what `swept_at_us`, its start, says."""
    keys = met.select(*_key(met, shape, shape.columns))
    left = former.join(keys, _same_key(former, shape, was, keys), "left_anti")
    chosen = [
        _as_type(column_of(left, name), was[name], kind, name)
        if name in was
        else spark_functions.lit(None).cast(met.schema[name].dataType).alias(name)
        for name, kind in shape.all_columns.items()
    ]
    synced, deleted = column_of(left, SYNCED), column_of(left, DELETED)
    if swept_at_us is not None:
        instant = spark_functions.timestamp_micros(spark_functions.lit(swept_at_us))
        synced = spark_functions.when(deleted, synced).otherwise(instant)
        deleted = spark_functions.lit(True)
    return left.select(*chosen, synced.alias(SYNCED), deleted.alias(DELETED))


def _key(frame: DataFrame, shape: Shape, kinds: dict[str, str]) -> list[Column]:
    """Its columns `key 0` and so on, in the types of the new snapshot: Spark has rules of its own
    for comparing others. `kinds`: the types that they have."""
    return [
        _as_type(column_of(frame, name), kinds[name], shape.columns[name], f"key {i}")
        for i, name in enumerate(shape.key)
    ]


def _same_key(frame: DataFrame, shape: Shape, kinds: dict[str, str], keys: DataFrame) -> Column:
    condition = spark_functions.lit(True)
    for i, name in enumerate(shape.key):
        column = _cast(column_of(frame, name), kinds[name], shape.columns[name])
        condition = condition & (column == keys[f"`key {i}`"])
    return condition
