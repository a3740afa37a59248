"""Tables as a data source of Apache Spark 4, for keyspaces that outgrow one machine.

    from ringsync.spark import RingsyncDataSource

    spark.dataSource.register(RingsyncDataSource)
    flights = spark.read.format("ringsync").options(**configuration).load("flights")

Options are the keys of configuration.json, and those of `Wish`. Executors need nothing but this
package. "${NAME}" in an option stands for the environment variable NAME of the process that
connects, so that a password need not be in any option.

`sync` brings a whole keyspace into Parquet or Iceberg, and keeps it up to date.
"""

import difflib
import functools
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow
from pyspark.sql import types
from pyspark.sql.datasource import (
    DataSource,
    DataSourceReader,
    DataSourceStreamReader,
    InputPartition,
)

from ringsync import _core
from ringsync._log import StandardLog, hand_on
from ringsync._scan import column_names, milliseconds
from ringsync._spark_hand_over import HandOver, hand_over
from ringsync._spark_sync import TableResult, snapshot, sync
from ringsync._spark_types import check_schema, converted, spark_schema
from ringsync.errors import ConfigurationError

__all__ = ["HandOver", "RingsyncDataSource", "TableResult", "hand_over", "snapshot", "sync"]

# What a scan of a part is to have: the tasks of a cluster run side by side, and each asks for so
# many pages at once.
_MAX_IN_FLIGHT = "2"
_PARTITION_MIB = 64
_COUNTS = ("partition_mib", "min_partitions", "concurrent_tasks")
_COUNT_MAX = 100_000


@dataclass(frozen=True)
class Wish:
    """What is read: the options that are no keys of the configuration.

    `table`: its name, which load() takes too. `columns`: names, separated by commas or as a JSON
    list; all by default. `since`: a time in ISO 8601, UTC where it names no zone; only rows whose
    `cursor_column` is later. `partition_mib`: about what a partition is to hold, in MiB as the
    cluster sends it. `min_partitions`: at least so many, where the table has rows enough.
    `concurrent_tasks`: how many tasks run at once at most, who share `max_rows_per_second`; by
    default as many as partitions.
    """

    configuration: str = field(repr=False)  # as JSON; may hold a password
    table: str
    columns: tuple[str, ...] | None = None
    since_ms: int | None = None
    partition_mib: int = _PARTITION_MIB
    min_partitions: int = 1
    concurrent_tasks: int | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Wish":
        """Of a reader's options. Raises ConfigurationError."""
        left = {name: value for name, value in options.items() if value is not None}
        path, table = left.pop("path", None), left.pop("table", None)
        if not (table or path):
            raise ConfigurationError("config", 'table: is missing; write .load("<table>")')
        if table and path and table != path:
            raise ConfigurationError("config", f"table: is {table}, but {path} is to be loaded")
        columns, since = left.pop("columns", None), left.pop("since", None)
        counts = {name: _count(name, left.pop(name)) for name in _COUNTS if name in left}
        _check_names(left)
        _check_rate(left)
        defaults = {"nested_types": "native", "max_in_flight": _MAX_IN_FLIGHT}
        configuration = json.dumps(defaults | left)
        since_ms = milliseconds(since)
        return cls(configuration, table or path, _columns(columns), since_ms, **counts)

    def with_columns(self, names: list[str]) -> "Wish":
        """Those of Spark's schema. Raises ConfigurationError where others are wished for."""
        if self.columns is not None and list(self.columns) != names:
            raise ConfigurationError(
                "config", "columns: they are not those of the schema; give one"
            )
        return replace(self, columns=tuple(names))

    def of_task(self, partitions: int) -> "Wish":
        """One task's share of the load, of so many partitions. Raises ConfigurationError."""
        keys = json.loads(self.configuration)
        limit = int(keys.get("max_rows_per_second", 0))
        if not limit:
            return self
        tasks = min(partitions, self.concurrent_tasks or partitions)
        if limit < tasks:
            raise ConfigurationError(
                "config",
                f"max_rows_per_second: {limit} cannot be shared by {tasks} tasks; set"
                " concurrent_tasks to how many run at once, or make partitions larger",
            )
        keys["max_rows_per_second"] = limit // tasks
        return replace(self, configuration=json.dumps(keys))


def _check_names(keys: Mapping[str, Any]) -> None:
    known = _core.configuration_keys()
    for name in keys:
        if name in known:
            continue
        near = difflib.get_close_matches(
            name, [*known, *_COUNTS, "table", "columns", "since"], n=1, cutoff=0.6
        )
        told = f"; is {near[0]} meant?" if near else ""
        raise ConfigurationError("config", f"{name}: there is no such option{told}")


def _check_rate(keys: Mapping[str, Any]) -> None:
    text = str(keys.get("max_rows_per_second", "0")).strip()
    if not text.isdecimal():
        raise ConfigurationError(
            "config", f'max_rows_per_second: "{text}" is no number; here it must be one'
        )


def _count(name: str, text: Any) -> int:
    count = int(text) if str(text).strip().isdecimal() else 0
    if not 1 <= count <= _COUNT_MAX:
        raise ConfigurationError("config", f'{name}: "{text}" is no count from 1 to {_COUNT_MAX:,}')
    return count


def _columns(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    if text.lstrip().startswith("["):
        try:
            names = json.loads(text)
        except ValueError:
            raise ConfigurationError("config", "columns: it is no list in JSON") from None
    else:
        names = [name.strip() for name in text.split(",")]
    return tuple(column_names(names) or ())


def _open(wish: Wish) -> _core.Scan:
    columns = None if wish.columns is None else list(wish.columns)
    try:
        return _core.open_scan(
            wish.configuration, wish.table, columns, wish.since_ms, spark_types=True
        )
    finally:
        hand_on(StandardLog())


@functools.lru_cache(maxsize=2)  # a join reads two tables by turns
def _opened(wish: Wish, plan: str, process: int) -> _core.Scan:
    """The table, connected: once for all the tasks of a plan that a Python worker runs one after
    the other. Another plan may be of another table with the same name."""
    return _open(wish)


class RingsyncDataSource(DataSource):
    """Format "ringsync": a table or materialised view of a Cassandra or ScyllaDB keyspace.

    A schema that the reader is given (spark.read.schema) may have fewer columns than the table:
    others are not read.
    """

    @classmethod
    def name(cls) -> str:
        return "ringsync"

    def schema(self) -> types.StructType:
        return spark_schema(pyarrow.schema(_open(Wish.of(self.options))))

    def reader(self, schema: types.StructType) -> DataSourceReader:
        return TableReader(Wish.of(self.options).with_columns(schema.names), schema)

    def streamReader(self, schema: types.StructType) -> DataSourceStreamReader:
        return StreamReader(Wish.of(self.options).with_columns(schema.names), schema)


@dataclass
class Part(InputPartition):
    """A range of the ring: (id of the table, start, end, rows, bytes a row), the last two of the
    whole table. `count`: of partitions. `since_ms`: as Wish's."""

    part: tuple[str, int, int, int, int]
    count: int
    since_ms: int | None


def _parts(wish: Wish, schema: types.StructType) -> list[InputPartition]:
    """The table shared out among tasks."""
    scanned = _open(wish)
    check_schema(schema, spark_schema(pyarrow.schema(scanned)))
    parts = scanned._parts(wish.partition_mib << 20, wish.min_partitions)
    wish.of_task(len(parts))  # tells here what is wrong, before any task does
    return [Part(part, len(parts), wish.since_ms) for part in parts]


def _batches(
    wish: Wish, schema: types.StructType, plan: str, partition: InputPartition
) -> Iterator[pyarrow.RecordBatch]:
    if not isinstance(partition, Part):  # Spark's own, where there are none
        return
    wish = replace(wish.of_task(partition.count), since_ms=partition.since_ms)
    scanned = _opened(wish, plan, os.getpid())._of_part(partition.part)
    try:
        # Fields of a nested type may have been renamed meanwhile.
        check_schema(schema, spark_schema(pyarrow.schema(scanned)))
        for batch in pyarrow.RecordBatchReader.from_stream(scanned):
            yield converted(batch)
    finally:
        hand_on(StandardLog())


class TableReader(DataSourceReader):
    """Reads a table by ranges of the ring."""

    # No filter is pushed down: what Spark pushes for one query of a DataFrame stays in force
    # for all others (docs/decisions/0021).

    def __init__(self, wish: Wish, schema: types.StructType):
        self._wish = wish
        self._schema = schema
        self._plan = uuid.uuid4().hex

    def partitions(self) -> list[InputPartition]:
        return _parts(self._wish, self._schema)

    def read(self, partition: InputPartition) -> Iterator[pyarrow.RecordBatch]:
        return _batches(self._wish, self._schema, self._plan, partition)


class StreamReader(DataSourceStreamReader):
    """Reads a table again and again: every row first, then what has changed since.

    An offset is the time up to which rows are sure to have been seen, {"until_ms": …}, and none at
    first. A micro-batch has the rows whose cursor is later than its start, less `overlap_seconds`;
    rows of the overlap come twice. There is no upper bound: a row that changes while it is read is
    met by this batch or the next.
    """

    def __init__(self, wish: Wish, schema: types.StructType):
        self._wish = wish
        self._schema = schema
        self._plan = uuid.uuid4().hex
        self._latest_ms = 0

    def initialOffset(self) -> dict[str, Any]:
        _open(replace(self._wish, since_ms=0))  # a table without a cursor is refused
        return {}

    def latestOffset(
        self, start: dict[str, Any] | None = None, limit: object = None
    ) -> dict[str, Any]:
        """Before Spark 4.2, `start` is not told."""
        known_ms = (start or {}).get("until_ms", 0)
        self._latest_ms = max(self._latest_ms, known_ms, _open(self._wish)._until_ms())
        return {"until_ms": self._latest_ms}

    def partitions(self, start: dict[str, Any], end: dict[str, Any]) -> list[InputPartition]:
        if start == end:
            return []
        if "until_ms" not in start:
            return _parts(self._wish, self._schema)
        overlap_ms = _core.overlap_ms(self._wish.configuration)
        wish = replace(self._wish, since_ms=start["until_ms"] - overlap_ms)
        return _parts(wish, self._schema)

    def read(self, partition: InputPartition) -> Iterator[pyarrow.RecordBatch]:
        return _batches(self._wish, self._schema, self._plan, partition)
