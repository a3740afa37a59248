"""A whole keyspace into Parquet or Iceberg by Spark: docs/spark.md, "A whole keyspace"."""

import contextlib
import datetime
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow
from pyspark.sql import DataFrame, SparkSession

from ringsync import _core
from ringsync._connector import configuration_json
from ringsync._log import StandardLog, hand_on
from ringsync._spark_failures import failure_of
from ringsync._spark_iceberg import IcebergStore
from ringsync._spark_merge import duckdb_type
from ringsync._spark_parquet import ParquetStore
from ringsync._spark_table import Store, TableRun
from ringsync._spark_target import Target
from ringsync._spark_types import spark_schema
from ringsync.errors import ConfigurationError, DestinationError, RingsyncError, TableError

# What concerns the choice of tables and their bounds is decided here, not by each reader.
_OF_THE_SYNC = {
    "tables", "exclude_tables", "include_views", "initial_sync_start", "lag_seconds",
    "overlap_seconds", "index_reads", "interval_hours", "type_mapping", "checkpoint_interval",
    "commit_rows", "commit_seconds",
}  # fmt: skip
_CONF = {
    "spark.sql.caseSensitive": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.mergeSchema": "false",
    # A merge would lose rows in silence.
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parser.quotedRegexColumnNames": "false",
    "spark.sql.variable.substitute": "false",  # of "${…}" in the name of a column
}


@dataclass(frozen=True)
class TableResult:
    """What a sync did with a table. `run`: "first", "incremental" or "full". `rows`: those there
    now, marked deleted among them. `place`: the snapshot's folder, or the name of Iceberg's
    table."""

    table: str
    run: str
    rows_read: int
    rows_deleted: int
    rows: int
    place: str
    seconds: float


def sync(
    spark: SparkSession,
    configuration: Mapping[str, Any],
    target: str,
    *,
    tables: Sequence[str] | None = None,
    resync: Sequence[str] = (),
    table_format: str = "parquet",
    former_snapshots: int | None = None,
    partition_mib: int | None = None,
    min_partitions: int | None = None,
    concurrent_tasks: int | None = None,
) -> list[TableResult]:
    """Brings `target` up to date with the keyspace: all of it the first time, afterwards what has
    changed, by the rules of `ringsync sync`.

    `target`, of `table_format` "parquet", is a path that Spark's Hadoop takes; a table's rows are
    `snapshot(spark, target, table)`, and `former_snapshots` earlier ones, 1 by default, stay for
    those who read them. Of "iceberg" it is a catalog of the session's and a namespace in it, as
    "lake.shop"; a table's rows are `spark.table("lake.shop.flights")`.
    `configuration` has the keys of configuration.json. `tables` stands for its key of that name;
    `resync` names tables to be read anew, `*` stands for any characters. The others are options of
    the data source.

    A table that fails keeps its rows and its state, and lets the others finish. Returns what was
    done with each table.
    Raises TableError then, which names them; ConfigurationError, SourceError, StateError and
    DestinationError where no table could go on.
    """
    asked = dict(configuration)
    if tables is not None:
        asked["tables"] = list(tables)
    counts = {
        "partition_mib": partition_mib,
        "min_partitions": min_partitions,
        "concurrent_tasks": concurrent_tasks,
    }
    with _session_of(spark) as session:
        store = _store_of(session, target, table_format, former_snapshots)
        job = _Job(session, store, asked, _reader_options(asked, counts))
        try:
            return job.run(list(resync))
        finally:
            job.end(spark)


def _store_of(
    spark: SparkSession, target: str, table_format: str, former_snapshots: int | None
) -> Store:
    if table_format == "parquet":
        kept = 1 if former_snapshots is None else former_snapshots
        if kept < 0:
            raise ConfigurationError("config", "former_snapshots: is a count, 0 or more")
        return ParquetStore(spark, target, kept)
    if table_format != "iceberg":
        raise ConfigurationError(
            "config", f'table_format: "{table_format}" is neither parquet nor iceberg'
        )
    if former_snapshots is not None:
        raise ConfigurationError(
            "config", "former_snapshots: is of Parquet; Iceberg keeps snapshots until they expire"
        )
    return IcebergStore(spark, target)


def snapshot(spark: SparkSession, target: str, table: str) -> DataFrame:
    """The rows of a table as the last sync left them, those marked `_fivetran_deleted` among them.
    Raises DestinationError where there is no such table."""
    place = Target(spark, target)
    found = place.read().tables.get(table)
    if found is None:
        raise DestinationError("destination", f"{place.path} has no table {table}")
    return spark.read.parquet(place.folder(table, found.name))


@contextlib.contextmanager
def _session_of(spark: SparkSession) -> Iterator[SparkSession]:
    """A session like the caller's, with settings of its own where the job needs them. It is the
    thread's active one: Spark 4.1 looks there for what is registered."""
    from ringsync.spark import RingsyncDataSource

    former, session = SparkSession.getActiveSession() or spark, spark.newSession()
    for name, value in spark.conf.getAll.items():
        # Those of file systems and catalogs are no settings that Spark knows.
        is_others = not name.startswith("spark.") or name.startswith("spark.sql.catalog.")
        if is_others and session.conf.get(name, None) == value:
            continue  # some of them are of the whole process, and cannot be set
        if is_others or session.conf.isModifiable(name):
            session.conf.set(name, value)
    for name, value in _CONF.items():
        session.conf.set(name, value)
    try:
        _make_active(session)
        session.dataSource.register(RingsyncDataSource)
        yield session
    finally:
        _make_active(former)


def _make_active(session: SparkSession) -> None:
    session.createDataFrame([], "none INT")  # does so; there is no plainer way


class _Job:
    """All tables. `options`: of the data source."""

    def __init__(
        self,
        spark: SparkSession,
        store: Store,
        configuration: dict[str, Any],
        options: dict[str, str],
    ):
        self._spark = spark
        self._store = store
        self._options = options
        self._log = StandardLog()
        self._configuration = configuration
        self._done: set[str] = set()
        self._unchanged: set[str] = set()  # done, and not committed yet
        self._results: list[TableResult] = []
        self._errors: dict[str, RingsyncError] = {}

    def run(self, resync: list[str]) -> list[TableResult]:
        self._plan = self._planned(resync)
        self._store.prepare()
        for table in self._plan.tables:
            name = table["table"]
            if table["error_code"]:
                self._errors[name] = RingsyncError(table["error_code"], table["error_message"])
                continue
            try:
                self._bring(table)
            except Exception as error:
                failure = failure_of(error, name)
                if failure.code == "destination_busy":
                    raise failure from None
                self._errors[name] = failure
                self._log.severe(f"table {name}: {failure}")
        self._commit_unchanged()
        if self._errors:
            message = "; ".join(f"table {name}: {each}" for name, each in self._errors.items())
            raise TableError(next(iter(self._errors.values())).code, message, self._errors)
        return self._results

    def end(self, caller: SparkSession) -> None:
        self._warn(self._store.end(caller))

    def _planned(self, resync: list[str]) -> _core.SharedSync:
        state = self._store.read()
        document = json.dumps(state) if state is not None else None
        try:
            return _core.share_sync(
                configuration_json(self._configuration), document, self._store.known(), resync
            )
        finally:
            hand_on(self._log)

    def _bring(self, plan: dict[str, Any]) -> None:
        """One table to its end."""
        name, began = plan["table"], time.monotonic()
        run = TableRun(
            name,
            plan["run"],
            list(plan["primary_key"]),
            {column.name: duckdb_type(column.type) for column in pyarrow.schema(plan["columns"])},
            plan["cursor_column"],
            plan["started_us"],
            plan["sweeps"],
            self._rows(plan),
        )
        written = self._store.write(run)
        self._warn(written.warnings)
        if written.without_cursor:
            self._log.warning(
                f"table {name}: {written.without_cursor} rows have no {run.cursor_column}; they are"
                " in the destination now, but later changes of them will not be seen"
            )
        if written.is_changed:
            self._commit({name})
        else:
            self._unchanged.add(name)
        result = TableResult(
            name,
            run.run,
            written.rows_read,
            written.rows_deleted,
            written.rows,
            written.place,
            time.monotonic() - began,
        )
        self._log.info(_told(result))
        self._results.append(result)

    def _commit_unchanged(self) -> None:
        """All at once: a state for each would be many of them where little changes."""
        if self._unchanged:
            self._commit(self._unchanged)
            self._unchanged = set()

    def _commit(self, tables: set[str]) -> None:
        done = self._done | tables
        self._warn(self._store.commit(tables, json.loads(self._plan.state_after(done))))
        self._done = done

    def _warn(self, warnings: Iterable[str]) -> None:
        for warning in warnings:
            self._log.warning(warning)

    def _rows(self, plan: dict[str, Any]) -> DataFrame:
        options = dict(self._options)
        if plan["after_ms"] is not None:
            epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
            since = epoch + datetime.timedelta(milliseconds=plan["after_ms"])
            options["since"] = since.isoformat()
        schema = spark_schema(pyarrow.schema(plan["spark_columns"]))
        reader = self._spark.read.format("ringsync").schema(schema)
        return reader.options(**options).load(plan["table"])


def _told(result: TableResult) -> str:
    return (
        f"table {result.table}: done, {result.run}: {result.rows_read} rows read,"
        f" {result.rows_deleted} marked deleted, {result.rows} in the snapshot,"
        f" {result.seconds:.1f} s"
    )


def _reader_options(
    configuration: Mapping[str, Any], counts: Mapping[str, int | None]
) -> dict[str, str]:
    """The configuration as options of the data source, whose defaults are other ones."""
    known = set(_core.configuration_keys()) - _OF_THE_SYNC
    given = {
        name: _text(value)
        for name, value in configuration.items()
        if name in known and value not in (None, "")
    }
    if given.get("max_in_flight") == "0":  # as many as fit the cluster, for one process
        del given["max_in_flight"]
    counted = {name: str(count) for name, count in counts.items() if count is not None}
    return {"nested_types": "json"} | given | counted


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else json.dumps(value)
