"""A keyspace as tables of Apache Iceberg: changes are merged into them (decision 23).

The state is the one row of a table beside them. A table is changed first, the state after it; what
a crash between the two leaves is brought to the same by the next run, since a merge of the same
rows changes nothing. Another job's commit is refused by Iceberg itself, in the same moment too.
"""

import contextlib
import uuid
from collections.abc import Iterator

from pyspark.sql import DataFrame, SparkSession, types

from ringsync._spark_failures import failure_of
from ringsync._spark_merge import DELETED, SYNCED, Shape, rows_read
from ringsync._spark_table import TableRun, Written, count_all, count_read
from ringsync._spark_target import Manifest, Snapshot
from ringsync.errors import ConfigurationError, DestinationError, StateError

_OWN = "_ringsync_"
_ID = "ringsync.id"
# Each sync of a table writes the state's table: its metadata would pile up.
_STATE_PROPERTIES = {
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "10",
}
# What Iceberg can make of a column in place (its specification, "Schema Evolution").
_ALTERED = {("int", "bigint"), ("float", "double")}


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
        self._namespace = ".".join(map(_quoted, (catalog, *namespace)))
        self._state = self._name_of(f"{_OWN}state")
        self._written: dict[str, Snapshot] = {}

    def read(self) -> dict | None:
        with self._told():
            self._manifest = self._read_state()
            self._former = {
                name: found
                for name, found in self._manifest.tables.items()
                if self._id_of(name) == found.name
            }
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

    def write(self, run: TableRun) -> Written:
        if run.name.startswith(_OWN):
            raise DestinationError(
                "name_collision",
                f"its name begins with {_OWN}, as those of tables of the sync's own; exclude it",
            )
        former = self._former.get(run.name)
        shape = Shape.of(run.key, run.columns, former.columns if former else {})
        rows = _as_iceberg_has(rows_read(run.rows, shape, run.columns, run.started_us, None, {}))
        name = self._name_of(run.name)
        if former is None:
            made, read, without_cursor = self._create(name, run, rows)
            changed = True
        else:
            made = former.name
            read, without_cursor, changed = self._merge(name, run, shape, rows)
        if changed:
            total, deleted = count_all(self._spark.table(name), run.started_us)
        else:
            total, deleted = former.rows, 0
        self._written[run.name] = Snapshot(made, run.key, shape.all_columns, total)
        return Written(read, without_cursor, deleted, total, f"{self._target}.{run.name}")

    def commit(self, table: str, state: dict) -> list[str]:
        former = self._manifest.number
        tables = self._manifest.tables | {table: self._written[table]}
        now = Manifest(former + 1, tables, state)
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
                self._manifest = kept
                return []
            if kept.number == former and failure is not None:
                raise failure
        raise DestinationError(
            "destination_busy",
            f"{self._target}: another job has written to it meanwhile, up to {kept.number}; let it"
            " end",
        )

    def _create(self, name: str, run: TableRun, rows: DataFrame) -> tuple[str, int, int]:
        """Its id, rows read, and those without a cursor."""
        if self._exists(name) and self._id_of(run.name) is None:
            raise DestinationError(
                "destination_table",
                f"{self._target}.{run.name} is there and was not made by this job; move or drop it,"
                " then run again",
            )
        made = uuid.uuid4().hex
        # One that is there has no state: its own was lost, or never written.
        rows.writeTo(name).using("iceberg").tableProperty(_ID, made).createOrReplace()
        return made, *count_read(self._spark.table(name), run)

    def _merge(
        self, name: str, run: TableRun, shape: Shape, rows: DataFrame
    ) -> tuple[int, int, bool]:
        """Rows read, those without a cursor, and whether anything was written."""
        staged = self._name_of(f"{_OWN}read_{run.name}")
        # Once: a merge reads its source twice, and the cluster would not bring the same.
        rows.writeTo(staged).using("iceberg").createOrReplace()
        try:
            read, without_cursor = count_read(self._spark.table(staged), run)
            altered = self._alter(run.name, rows.schema)
            if not read and not altered and not run.sweeps:
                return 0, 0, False
            if read or run.sweeps:
                self._spark.sql(_merge_statement(name, staged, run, [*shape.columns]))
            return read, without_cursor, True
        finally:
            with contextlib.suppress(Exception):  # the next run replaces it
                self._spark.sql(f"DROP TABLE {staged} PURGE")

    def _alter(self, table: str, wanted: types.StructType) -> bool:
        """Adds columns and makes them wider; whether it did."""
        name = self._name_of(table)
        there = {field.name: field.dataType for field in self._spark.table(name).schema}
        added = [field for field in wanted if field.name not in there]
        wider = {
            field.name: field.dataType
            for field in wanted
            if field.name in there and not _is_same(there[field.name], field.dataType)
        }
        if all(_can_alter(there[column], kind) for column, kind in wider.items()):
            for column, kind in wider.items():
                self._spark.sql(
                    f"ALTER TABLE {name} ALTER COLUMN {_quoted(column)} TYPE {self._sql_of(kind)}"
                )
        else:
            self._rewrite(table, there, wider)
        if added:
            columns = (f"{_quoted(each.name)} {self._sql_of(each.dataType)}" for each in added)
            self._spark.sql(f"ALTER TABLE {name} ADD COLUMNS ({', '.join(columns)})")
        return bool(added or wider)

    def _rewrite(
        self, table: str, there: dict[str, types.DataType], wider: dict[str, types.DataType]
    ) -> None:
        """With other types, by one commit."""
        name = self._name_of(table)
        (shown,) = self._spark.sql(f"SHOW CREATE TABLE {name}").collect()
        if "PARTITIONED BY" in shown[0]:
            raise DestinationError(
                "destination_table",
                f"columns {', '.join(map(_quoted, wider))} need types that Iceberg cannot make of"
                " them in place, and the table is partitioned, which writing it anew would undo;"
                " drop it, then run again",
            )
        frame = self._spark.table(name)
        columns = (
            frame[_quoted(column)].cast(wider.get(column, kind)).alias(column)
            for column, kind in there.items()
        )
        made = self._former[table].name
        frame.select(*columns).writeTo(name).using("iceberg").tableProperty(_ID, made).replace()

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
        name = self._name_of(table)
        if not self._exists(name):
            return None
        rows = self._spark.sql(f"SHOW TBLPROPERTIES {name}").collect()
        return {row.key: row.value for row in rows}.get(_ID)

    def _exists(self, name: str) -> bool:
        return self._spark.catalog.tableExists(name)

    def _name_of(self, table: str) -> str:
        return f"{self._namespace}.{_quoted(table)}"

    def _sql_of(self, kind: types.DataType) -> str:
        return self._spark._jsparkSession.parseDataType(kind.json()).sql()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if "Cannot find catalog plugin class" in str(error):
                raise ConfigurationError(
                    "config",
                    f"target: the class of catalog {self._target.partition('.')[0]} is not there;"
                    " give Spark Iceberg's jar for its version (--packages"
                    " org.apache.iceberg:iceberg-spark-runtime-…)",
                ) from None
            raise failure_of(error, self._target) from None


def _merge_statement(name: str, staged: str, run: TableRun, columns: list[str]) -> str:
    own = [*columns, SYNCED, DELETED]
    keys = " AND ".join(f"old.{key} <=> new.{key}" for key in map(_quoted, run.key))
    sets = ", ".join(f"{column} = new.{column}" for column in map(_quoted, own))
    swept = (
        f" WHEN NOT MATCHED BY SOURCE AND NOT old.{DELETED} THEN UPDATE SET {DELETED} = true,"
        f" {SYNCED} = timestamp_micros({run.started_us})"
    )
    return (
        f"MERGE INTO {name} AS old USING {staged} AS new ON {keys}"
        f" WHEN MATCHED THEN UPDATE SET {sets}"
        f" WHEN NOT MATCHED THEN INSERT ({', '.join(map(_quoted, own))})"
        f" VALUES ({', '.join(f'new.{column}' for column in map(_quoted, own))})"
        + (swept if run.sweeps else "")
    )


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _as_iceberg_has(frame: DataFrame) -> DataFrame:
    """Iceberg's smallest integer has 32 bits."""
    return frame.select(
        *(
            frame[_quoted(field.name)].cast(_iceberg_type(field.dataType)).alias(field.name)
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


def _is_same(one: types.DataType, other: types.DataType) -> bool:
    """But for what may be null."""
    return one.simpleString() == other.simpleString()


def _can_alter(was: types.DataType, now: types.DataType) -> bool:
    if isinstance(was, types.DecimalType) and isinstance(now, types.DecimalType):
        return was.scale == now.scale and was.precision <= now.precision
    return (was.simpleString(), now.simpleString()) in _ALTERED
