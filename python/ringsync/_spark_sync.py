"""A whole keyspace into Parquet by Spark: docs/spark.md, "A whole keyspace"."""

import contextlib
import datetime
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as spark_functions

from ringsync import _core
from ringsync._connector import configuration_json
from ringsync._log import StandardLog, hand_on
from ringsync._spark_failures import failure_of
from ringsync._spark_merge import (
    DELETED,
    SYNCED,
    Shape,
    column_of,
    duckdb_type,
    rows_left,
    rows_read,
)
from ringsync._spark_target import Manifest, Snapshot, Target, new_snapshot_name
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
}


@dataclass(frozen=True)
class TableResult:
    """What a sync did with a table. `run`: "first", "incremental" or "full". `rows`: of the
    snapshot, those marked deleted among them. `snapshot`: its folder."""

    table: str
    run: str
    rows_read: int
    rows_deleted: int
    rows: int
    snapshot: str
    seconds: float


def sync(
    spark: SparkSession,
    configuration: Mapping[str, Any],
    target: str,
    *,
    tables: Sequence[str] | None = None,
    resync: Sequence[str] = (),
    former_snapshots: int = 1,
    partition_mib: int | None = None,
    min_partitions: int | None = None,
    concurrent_tasks: int | None = None,
) -> list[TableResult]:
    """Brings the Parquet files below `target` up to date with the keyspace: all of it the first
    time, afterwards what has changed, by the rules of `ringsync sync`.

    `target` is a path that Spark's Hadoop takes; a table's rows are `snapshot(spark, target,
    table)`. `configuration` has the keys of configuration.json. `tables` stands for its key of that
    name; `resync` names tables to be read anew, `*` stands for any characters. `former_snapshots`:
    how many earlier ones stay for those who read them. The others are options of the data source.

    A table that fails keeps its snapshot and its state, and lets the others finish. Returns what
    was done with each table.
    Raises TableError then, which names them; ConfigurationError, SourceError, StateError and
    DestinationError where no table could go on.
    """
    if former_snapshots < 0:
        raise ConfigurationError("config", "former_snapshots: is a count, 0 or more")
    asked = dict(configuration)
    if tables is not None:
        asked["tables"] = list(tables)
    counts = {
        "partition_mib": partition_mib,
        "min_partitions": min_partitions,
        "concurrent_tasks": concurrent_tasks,
    }
    job = _Job(
        _session_of(spark),
        Target(spark, target),
        asked,
        _reader_options(asked, counts),
        former_snapshots,
    )
    return job.run(list(resync))


def snapshot(spark: SparkSession, target: str, table: str) -> DataFrame:
    """The rows of a table as the last sync left them, those marked `_fivetran_deleted` among them.
    Raises DestinationError where there is no such table."""
    place = Target(spark, target)
    found = place.read().tables.get(table)
    if found is None:
        raise DestinationError("destination", f"{place.path} has no table {table}")
    return spark.read.parquet(place.folder(table, found.name))


def _session_of(spark: SparkSession) -> SparkSession:
    """A session like the caller's, with settings of its own where the job needs them."""
    from ringsync.spark import RingsyncDataSource

    session = spark.newSession()
    for name, value in spark.conf.getAll.items():
        # Those of file systems are no settings that Spark knows.
        if session.conf.isModifiable(name) or not name.startswith("spark."):
            session.conf.set(name, value)
    for name, value in _CONF.items():
        session.conf.set(name, value)
    session.dataSource.register(RingsyncDataSource)
    return session


class _Job:
    """All tables. `options`: of the data source."""

    def __init__(
        self,
        spark: SparkSession,
        target: Target,
        configuration: dict[str, Any],
        options: dict[str, str],
        former_snapshots: int,
    ):
        self.spark = spark
        self.target = target
        self.options = options
        self.former_snapshots = former_snapshots
        self.log = StandardLog()
        self._configuration = configuration
        self.former: dict[str, Snapshot] = {}  # what rows are merged with
        self._done: set[str] = set()
        self._results: list[TableResult] = []
        self._errors: dict[str, RingsyncError] = {}

    def run(self, resync: list[str]) -> list[TableResult]:
        self._manifest = self.target.read()
        self._plan = self._planned(resync)
        self.target.prepare()
        for table in self._plan.tables:
            name = table["table"]
            if table["error_code"]:
                self._errors[name] = RingsyncError(table["error_code"], table["error_message"])
                continue
            try:
                self._results.append(_Table(self, table).run())
            except Exception as error:
                failure = failure_of(error, name)
                if failure.code == "destination_busy":
                    raise failure from None
                self._errors[name] = failure
                self.log.severe(f"table {name}: {failure}")
        if self._errors:
            message = "; ".join(f"table {name}: {each}" for name, each in self._errors.items())
            raise TableError(next(iter(self._errors.values())).code, message, self._errors)
        return self._results

    def _planned(self, resync: list[str]) -> _core.SharedSync:
        state = self._manifest.state
        self.former = {
            name: found
            for name, found in self._manifest.tables.items()
            if self.target.has(name, found)
        }
        known = {name: set(found.key) for name, found in self.former.items()}
        document = json.dumps(state) if state is not None else None
        try:
            return _core.share_sync(
                configuration_json(self._configuration), document, known, resync
            )
        finally:
            hand_on(self.log)

    def commit(self, table: str, now: Snapshot) -> None:
        """The table is read to its end: `now` counts, and the state that vouches for it."""
        done = self._done | {table}
        state = json.loads(self._plan.state_after(done))
        tables = self._manifest.tables | {table: now}
        self._manifest = self.target.write(Manifest(self._manifest.number, tables, state))
        self._done = done
        try:
            self.target.remove_former_manifests(self._manifest)
            self.target.remove_unnamed_snapshots(self._manifest, table)
        except DestinationError as error:
            self.log.warning(f"table {table}: what is former stays, until its next sync: {error}")


class _Table:
    """One table's run."""

    def __init__(self, job: _Job, plan: dict[str, Any]):
        self._job = job
        self._plan = plan
        self._name: str = plan["table"]
        self._now = {
            column.name: duckdb_type(column.type) for column in pyarrow.schema(plan["columns"])
        }
        self._former = job.former.get(self._name)
        self._snapshot = new_snapshot_name()
        self._folder = job.target.folder(self._name, self._snapshot)

    def run(self) -> TableResult:
        began = time.monotonic()
        try:
            rows, snapshot, deleted = self._write()
        except BaseException:
            with contextlib.suppress(Exception):  # the next run removes it
                self._job.target.remove_snapshot(self._name, self._snapshot)
            raise
        self._job.commit(self._name, snapshot)
        result = TableResult(
            self._name,
            self._plan["run"],
            rows,
            deleted,
            snapshot.rows,
            self._job.target.folder(self._name, snapshot.name),
            time.monotonic() - began,
        )
        self._job.log.info(_told(result))
        return result

    def _write(self) -> tuple[int, Snapshot, int]:
        """Rows read, the snapshot that is to count, and rows newly marked deleted."""
        former, started_us = self._former, self._plan["started_us"]
        was = former.columns if former else {}
        shape = Shape.of(self._plan["primary_key"], self._now, was)
        there = self._parquet(former.name) if former else None
        # Once: a second reading of the cluster would not bring the same.
        read = rows_read(self._read(), shape, self._now, started_us, there, was)
        read.write.parquet(self._folder)
        rows = self._count_read()
        if former is not None and there is not None:
            is_same = rows == 0 and shape.all_columns == former.columns
            if is_same and not self._plan["sweeps"]:
                self._job.target.remove_snapshot(self._name, self._snapshot)
                return 0, former, 0
            swept_at_us = started_us if self._plan["sweeps"] else None
            met = self._parquet(self._snapshot)
            left = rows_left(there, shape, was, met, swept_at_us)
            left.write.mode("append").parquet(self._folder)
        total, deleted = self._count_all(started_us)
        if former is not None and total < former.rows:
            raise DestinationError(
                "destination",
                f"its snapshot {former.name} has lost rows: it had {former.rows}, and with what was"
                f" read there are {total} now; restore its files, or remove the table's folder",
            )
        kept = [former.name, *former.former][: self._job.former_snapshots] if former else []
        key = list(self._plan["primary_key"])
        return rows, Snapshot(self._snapshot, key, shape.all_columns, total, kept), deleted

    def _read(self) -> DataFrame:
        options = dict(self._job.options)
        if self._plan["after_ms"] is not None:
            epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
            since = epoch + datetime.timedelta(milliseconds=self._plan["after_ms"])
            options["since"] = since.isoformat()
        schema = spark_schema(pyarrow.schema(self._plan["spark_columns"]))
        reader = self._job.spark.read.format("ringsync").schema(schema)
        return reader.options(**options).load(self._name)

    def _parquet(self, name: str) -> DataFrame:
        return self._job.spark.read.parquet(self._job.target.folder(self._name, name))

    def _count_read(self) -> int:
        frame, cursor = self._parquet(self._snapshot), self._plan["cursor_column"]
        if self._plan["run"] != "first" or cursor not in self._now:
            return frame.count()
        filled = spark_functions.count(column_of(frame, cursor))
        (counts,) = frame.select(spark_functions.count("*"), filled).collect()
        if counts[0] > counts[1]:
            self._job.log.warning(
                f"table {self._name}: {counts[0] - counts[1]} rows have no {cursor}; they are in"
                " the destination now, but later changes of them will not be seen"
            )
        return counts[0]

    def _count_all(self, started_us: int) -> tuple[int, int]:
        """Rows of the snapshot, and those of them that this run has marked deleted."""
        instant = spark_functions.timestamp_micros(spark_functions.lit(started_us))
        frame = self._parquet(self._snapshot)
        swept = frame[DELETED] & (frame[SYNCED] == instant)
        (counts,) = frame.select(
            spark_functions.count("*"), spark_functions.count_if(swept)
        ).collect()
        return counts[0], counts[1]


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
