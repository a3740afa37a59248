"""A keyspace as tables of Apache Iceberg: changes are merged into them (decision 23).

The state is the one row of a table beside them. A table is changed first, the state after it; what
a crash between the two leaves is brought to the same by the next run, since a merge of the same
rows changes nothing. The state is looked at again before a table is changed: a job that another has
overtaken changes nothing more.
"""

import contextlib
import re
import uuid
from collections.abc import Collection, Iterator

from pyspark.sql import DataFrame, SparkSession, types

from ringsync._spark_failures import failure_of
from ringsync._spark_merge import (
    DELETED,
    SYNCED,
    Shape,
    column_of,
    rows_read,
    spark_quoted,
    spark_type,
)
from ringsync._spark_table import TableRun, Written, count_all, count_read
from ringsync._spark_target import Manifest, Snapshot
from ringsync.errors import ConfigurationError, DestinationError, RingsyncError, StateError

_OWN = "_ringsync_"
_ID = "ringsync.id"
# Each sync writes the state's table: what is former would pile up.
_STATE_PROPERTIES = {
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "10",
}
_STATES_KEPT = 10
# Iceberg's own, of each row.
_METADATA_COLUMNS = {"_file", "_pos", "_spec_id", "_partition", "_deleted"}
# What Iceberg can make of a column in place (its specification, "Schema Evolution").
_ALTERED = {("int", "bigint"), ("float", "double")}
# Properties that tell what the owner of a table has set, beside its partitions.
_OF_ITS_OWNER = {"sort-order", "identifier-fields"}


class IcebergStore:
    """Tables of `target`, a catalog of the session's and a namespace in it: "lake.shop"."""

    def __init__(self, spark: SparkSession, target: str):
        catalog, *namespace = target.split(".")
        if not catalog or not namespace or not all(namespace):
            raise ConfigurationError(
                "config", f'target: "{target}" is no catalog and namespace, as in lake.shop'
            )
        if spark.conf.get(f"spark.sql.catalog.{catalog}", None) is None:
            raise ConfigurationError(
                "config",
                f"target: the session has no catalog {catalog}; set spark.sql.catalog.{catalog} to"
                " org.apache.iceberg.spark.SparkCatalog, and say its type and place",
            )
        self._spark = spark
        self._target = target
        self._namespace = ".".join(map(spark_quoted, (catalog, *namespace)))
        self._state = self._name_of(f"{_OWN}state")
        self._left: list[str] = []  # of rows read, by jobs that died
        self._written: dict[str, Snapshot] = {}
        self._has_committed = False

    def read(self) -> dict | None:
        with self._told():
            self._manifest = self._read_state()
        self._former = {}
        for name, found in self._manifest.tables.items():
            with self._told(name):
                if self._id_of(name) == found.name:
                    self._former[name] = found
        return self._manifest.state

    def known(self) -> dict[str, set[str]]:
        return {name: set(found.key) for name, found in self._former.items()}

    def prepare(self) -> None:
        properties = ", ".join(f"'{name}' = '{value}'" for name, value in _STATE_PROPERTIES.items())
        with self._told():
            self._spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {self._namespace}")
            self._spark.sql(
                f"CREATE TABLE IF NOT EXISTS {self._state} (number BIGINT, document STRING)"
                f" USING iceberg TBLPROPERTIES ({properties})"
            )
            shown = self._spark.sql(f"SHOW TABLES IN {self._namespace}").collect()
        self._left = [row.tableName for row in shown if row.tableName.startswith(f"{_OWN}read_")]

    def write(self, run: TableRun) -> Written:
        with self._told(run.name):
            return self._write(run)

    def _write(self, run: TableRun) -> Written:
        _check_names(run)
        former = self._former.get(run.name)
        warnings: list[str] = []
        shape = Shape.of(run.key, run.columns, former.columns if former else {})
        rows = _as_iceberg_has(rows_read(run.rows, shape, run.columns, run.started_us, None, {}))
        name, is_changed = self._name_of(run.name), True
        if former is None:
            made, read, without_cursor = self._create(name, run, rows)
        else:
            made = former.name
            read, without_cursor, is_changed = self._merge(name, run, shape, rows, warnings)
        total, deleted = former.rows if former else 0, 0
        if is_changed:
            total, deleted = count_all(self._spark.table(name), run.started_us)
            if former is not None and total < former.rows:
                warnings.append(
                    f"table {run.name}: has {total} rows, and had {former.rows} before; if it was"
                    " rolled back, read it anew (resync)"
                )
        self._written[run.name] = Snapshot(made, run.key, shape.all_columns, total)
        place = f"{self._target}.{run.name}"
        return Written(read, without_cursor, deleted, total, place, is_changed, tuple(warnings))

    def commit(self, tables: Collection[str], state: dict) -> list[str]:
        former = self._manifest.number
        written = {name: self._written[name] for name in tables}
        now = Manifest(former + 1, self._manifest.tables | written, state)
        row = self._spark.createDataFrame([(former, now.text())], "former BIGINT, document STRING")
        row.createOrReplaceTempView(f"{_OWN}state")
        merge = (
            f"MERGE INTO {self._state} AS kept USING {_OWN}state AS new ON true"
            " WHEN MATCHED AND kept.number = new.former"
            " THEN UPDATE SET number = new.former + 1, document = new.document"
            " WHEN NOT MATCHED AND new.former = 0"
            " THEN INSERT (number, document) VALUES (1, new.document)"
        )
        with self._told():
            failure = None
            try:
                self._spark.sql(merge)
            except Exception as error:
                failure = error
            kept = self._read_state()
            if kept.text() == now.text():
                self._manifest, self._has_committed = kept, True
                return []
            if kept.number == former and failure is not None:
                raise failure
        raise self._busy(kept.number)

    def end(self, caller: SparkSession) -> list[str]:
        if not self._has_committed:
            return []
        warnings = []
        try:
            tables = self._spark._jvm.org.apache.iceberg.spark.Spark3Util
            state = tables.loadIcebergTable(self._spark._jsparkSession, self._state)
            snapshots = state.expireSnapshots().retainLast(_STATES_KEPT)
            snapshots.expireOlderThan(state.currentSnapshot().timestampMillis()).commit()
        except Exception as error:
            told = type(error).__name__
            warnings.append(f"{self._target}.{_OWN}state: snapshots were not expired: {told}")
        for name in self._written:
            with contextlib.suppress(Exception):  # it is but that session's cache
                caller.catalog.refreshTable(self._name_of(name))
        return warnings

    def _check_is_last(self) -> None:
        """Raises DestinationError where another job has committed."""
        self._spark.catalog.refreshTable(self._state)
        number = self._read_state().number
        if number != self._manifest.number:
            raise self._busy(number)

    def _busy(self, number: int) -> DestinationError:
        return DestinationError(
            "destination_busy",
            f"{self._target}: another job has written to it meanwhile, up to {number}; let it end",
        )

    def _create(self, name: str, run: TableRun, rows: DataFrame) -> tuple[str, int, int]:
        """Its id, rows read, and those without a cursor."""
        if self._exists(name) and self._id_of(run.name) is None:
            raise DestinationError(
                "destination_table",
                f"{self._target}.{run.name} is there and was not made by this job; move or drop it,"
                " then run again",
            )
        self._check_is_last()
        made = uuid.uuid4().hex
        # One that is there has no state: its own was lost, or never written.
        rows.writeTo(name).using("iceberg").tableProperty(_ID, made).createOrReplace()
        return made, *count_read(self._spark.table(name), run)

    def _merge(
        self, name: str, run: TableRun, shape: Shape, rows: DataFrame, warnings: list[str]
    ) -> tuple[int, int, bool]:
        """Rows read, those without a cursor, and whether anything was written."""
        prefix = f"{_OWN}read_{run.name}_"
        for left in self._left:
            if re.fullmatch(re.escape(prefix) + "[0-9a-f]{8}", left):
                self._drop(left, warnings)
        staged = prefix + uuid.uuid4().hex[:8]
        # Once: a merge reads its source twice, and the cluster would not bring the same.
        rows.writeTo(self._name_of(staged)).using("iceberg").create()
        try:
            read, without_cursor = count_read(self._spark.table(self._name_of(staged)), run)
            self._check_is_last()
            is_altered = self._alter(run.name, rows.schema)
            if read or run.sweeps:
                statement = _merge_statement(name, self._name_of(staged), run, [*shape.columns])
                self._spark.sql(statement)
            return read, without_cursor, bool(read or is_altered or run.sweeps)
        finally:
            self._drop(staged, warnings)

    def _drop(self, table: str, warnings: list[str]) -> None:
        """With its files where the catalog does that, else without."""
        name = self._name_of(table)
        for statement in (f"DROP TABLE {name} PURGE", f"DROP TABLE {name}"):
            with contextlib.suppress(Exception):
                self._spark.sql(statement)
                return
        warnings.append(f"{self._target}.{table} could not be dropped; drop it")

    def _alter(self, table: str, wanted: types.StructType) -> bool:
        """Adds columns and makes them wider; whether it did."""
        name = self._name_of(table)
        there = {field.name: field.dataType for field in self._spark.table(name).schema}
        added = [field for field in wanted if field.name not in there]
        wider = {
            field.name: field.dataType
            for field in wanted
            if field.name in there and not _can_alter(field.dataType, there[field.name])
        }
        if all(_can_alter(there[column], kind) for column, kind in wider.items()):
            for column, kind in wider.items():
                change = f"ALTER COLUMN {spark_quoted(column)} TYPE {self._sql_of(kind)}"
                self._spark.sql(f"ALTER TABLE {name} {change}")
        else:
            self._rewrite(table, there, wider)
        if added:
            columns = (f"{spark_quoted(each.name)} {self._sql_of(each.dataType)}" for each in added)
            self._spark.sql(f"ALTER TABLE {name} ADD COLUMNS ({', '.join(columns)})")
        return bool(added or wider)

    def _rewrite(
        self, table: str, there: dict[str, types.DataType], wider: dict[str, types.DataType]
    ) -> None:
        """With other types, by one commit."""
        name, former = self._name_of(table), self._former[table]
        told = ", ".join(map(spark_quoted, wider))
        for column in wider:
            given = spark_type(former.columns[column])
            if given is None or not _is_same(there[column], _iceberg_type(given)):
                raise DestinationError(
                    "destination_table",
                    f"columns {told} need other types, and {spark_quoted(column)} has one that this"
                    " job has not given it; drop the table, then run again",
                )
        (shown,) = self._spark.sql(f"SHOW CREATE TABLE {name}").collect()
        properties = self._properties_of(table)
        if "PARTITIONED BY" in shown[0] or _OF_ITS_OWNER.intersection(properties):
            raise DestinationError(
                "destination_table",
                f"columns {told} need types that Iceberg cannot make of them in place; to write the"
                " table anew would undo its partitions, sort order or identifier fields: drop it,"
                " then run again",
            )
        frame = self._spark.table(name)
        columns = (
            column_of(frame, column).cast(wider.get(column, kind)).alias(column)
            for column, kind in there.items()
        )
        writer = frame.select(*columns).writeTo(name).using("iceberg")
        writer.tableProperty(_ID, former.name).replace()

    def _read_state(self) -> Manifest:
        if not self._exists(self._state):
            return Manifest()
        rows = self._spark.table(self._state).collect()
        if not rows:
            return Manifest()
        place = f"{self._target}.{_OWN}state"
        if len(rows) > 1:
            raise StateError("state_damaged", f"{place} has {len(rows)} rows, not one")
        return Manifest.of(rows[0].document, rows[0].number, place)

    def _id_of(self, table: str) -> str | None:
        """What the job that made it has called it; None where none has, or it is not there."""
        return self._properties_of(table).get(_ID)

    def _properties_of(self, table: str) -> dict[str, str]:
        """None of one that is not there."""
        name = self._name_of(table)
        if not self._exists(name):
            return {}
        rows = self._spark.sql(f"SHOW TBLPROPERTIES {name}").collect()
        return {row.key: row.value for row in rows}

    def _exists(self, name: str) -> bool:
        return self._spark.catalog.tableExists(name)

    def _name_of(self, table: str) -> str:
        return f"{self._namespace}.{spark_quoted(table)}"

    def _sql_of(self, kind: types.DataType) -> str:
        return self._spark._jsparkSession.parseDataType(kind.json()).sql()

    @contextlib.contextmanager
    def _told(self, table: str = "") -> Iterator[None]:
        """Texts of file systems name paths, which hold values where a table is partitioned."""
        try:
            yield
        except RingsyncError:
            raise
        except Exception as error:
            if "Cannot find catalog plugin class" in str(error):
                raise ConfigurationError(
                    "config",
                    f"target: the class of catalog {self._target.partition('.')[0]} is not there;"
                    " give Spark Iceberg's jar for its version (--packages"
                    " org.apache.iceberg:iceberg-spark-runtime-…)",
                ) from None
            place = f"{self._target}.{table}" if table else self._target
            raise failure_of(error, table, place) from None


def _merge_statement(name: str, staged: str, run: TableRun, columns: list[str]) -> str:
    own = [*columns, SYNCED, DELETED]
    keys = " AND ".join(f"old.{key} <=> new.{key}" for key in map(spark_quoted, run.key))
    sets = ", ".join(f"{column} = new.{column}" for column in map(spark_quoted, own))
    swept = (
        f" WHEN NOT MATCHED BY SOURCE AND NOT old.{DELETED} THEN UPDATE SET {DELETED} = true,"
        f" {SYNCED} = timestamp_micros({run.started_us})"
    )
    return (
        f"MERGE INTO {name} AS old USING {staged} AS new ON {keys}"
        f" WHEN MATCHED THEN UPDATE SET {sets}"
        f" WHEN NOT MATCHED THEN INSERT ({', '.join(map(spark_quoted, own))})"
        f" VALUES ({', '.join(f'new.{column}' for column in map(spark_quoted, own))})"
        + (swept if run.sweeps else "")
    )


def _as_iceberg_has(frame: DataFrame) -> DataFrame:
    """Iceberg's smallest integer has 32 bits."""
    return frame.select(
        *(
            column_of(frame, field.name).cast(_iceberg_type(field.dataType)).alias(field.name)
            for field in frame.schema
        )
    )


def _iceberg_type(kind: types.DataType) -> types.DataType:
    if isinstance(kind, types.ByteType | types.ShortType):
        return types.IntegerType()
    if isinstance(kind, types.ArrayType):
        return types.ArrayType(_iceberg_type(kind.elementType))
    if isinstance(kind, types.MapType):
        return types.MapType(_iceberg_type(kind.keyType), _iceberg_type(kind.valueType))
    if isinstance(kind, types.StructType):
        fields = ((field.name, _iceberg_type(field.dataType)) for field in kind)
        return types.StructType([types.StructField(*field) for field in fields])
    return kind


def _check_names(run: TableRun) -> None:
    """Raises DestinationError for those that are taken."""
    if run.name.startswith(_OWN):
        raise DestinationError(
            "name_collision",
            f"its name begins with {_OWN}, as those of tables of the sync's own; exclude it",
        )
    if taken := _METADATA_COLUMNS.intersection(run.columns):
        raise DestinationError(
            "name_collision",
            f"column {spark_quoted(min(taken))} has the name of one that Iceberg adds to each row;"
            " the table can be brought into Parquet, or excluded",
        )


def _is_same(one: types.DataType, other: types.DataType) -> bool:
    """But for what may be null."""
    return one.simpleString() == other.simpleString()


def _can_alter(was: types.DataType, now: types.DataType) -> bool:
    """Whether one is the other, or can be made of it in place."""
    if _is_same(was, now):
        return True
    if isinstance(was, types.DecimalType) and isinstance(now, types.DecimalType):
        return was.scale == now.scale and was.precision <= now.precision
    return (was.simpleString(), now.simpleString()) in _ALTERED
