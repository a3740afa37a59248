"""Columns of a scan as Spark has them: docs/spark.md, "Types"."""

import pyarrow
from pyspark.sql import types

from ringsync.errors import ConfigurationError

_SCALARS = {
    pyarrow.bool_(): types.BooleanType(),
    pyarrow.int8(): types.ByteType(),
    pyarrow.int16(): types.ShortType(),
    pyarrow.int32(): types.IntegerType(),
    pyarrow.int64(): types.LongType(),
    pyarrow.float32(): types.FloatType(),
    pyarrow.float64(): types.DoubleType(),
    pyarrow.string(): types.StringType(),
    pyarrow.binary(): types.BinaryType(),
    pyarrow.date32(): types.DateType(),
    pyarrow.timestamp("us", "UTC"): types.TimestampType(),
}


def spark_schema(schema: pyarrow.Schema) -> types.StructType:
    """The columns of a scan as Spark has them; all may be null."""
    return types.StructType(
        [types.StructField(field.name, _spark_type(field.type)) for field in schema]
    )


def _spark_type(arrow: pyarrow.DataType) -> types.DataType:
    if isinstance(arrow, pyarrow.BaseExtensionType):
        return _spark_type(arrow.storage_type)
    if pyarrow.types.is_decimal(arrow):
        return types.DecimalType(arrow.precision, arrow.scale)
    if pyarrow.types.is_map(arrow):
        return types.MapType(_spark_type(arrow.key_type), _spark_type(arrow.item_type))
    if pyarrow.types.is_list(arrow) or pyarrow.types.is_fixed_size_list(arrow):
        return types.ArrayType(_spark_type(arrow.value_type))
    if pyarrow.types.is_struct(arrow):
        return types.StructType(
            [types.StructField(field.name, _spark_type(field.type)) for field in arrow]
        )
    return _SCALARS[arrow]


def check_schema(wanted: types.StructType, found: types.StructType) -> None:
    """Raises ConfigurationError where columns that a reader was given have other types than the
    table's, fields of nested types included, or are said to have no nulls."""
    for one, other in zip(wanted, found, strict=True):
        if one.dataType != other.dataType:
            raise ConfigurationError(
                "config",
                f"schema: column {one.name} is {other.dataType.simpleString()} with nulls at every"
                f" depth, not {one.dataType.simpleString()}",
            )
        if not one.nullable:
            raise ConfigurationError(
                "config", f"schema: column {one.name} is NOT NULL there; say that it may be null"
            )


def converted(batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
    """The batch without what Spark's JVM does not read: JSON's extension, lists of a fixed size."""
    columns = []
    for column in batch.columns:
        plain = column.storage if isinstance(column, pyarrow.ExtensionArray) else column
        kind = _readable(plain.type)
        columns.append(plain if plain.type == kind else plain.cast(kind))
    return pyarrow.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _readable(arrow: pyarrow.DataType) -> pyarrow.DataType:
    if pyarrow.types.is_map(arrow):
        return pyarrow.map_(_readable(arrow.key_type), _readable(arrow.item_type))
    if pyarrow.types.is_list(arrow) or pyarrow.types.is_fixed_size_list(arrow):
        return pyarrow.list_(_readable(arrow.value_type))
    if pyarrow.types.is_struct(arrow):
        return pyarrow.struct([(field.name, _readable(field.type)) for field in arrow])
    return arrow
