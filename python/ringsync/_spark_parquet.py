"""A keyspace as Parquet files: each run of a table writes a snapshot of it anew."""

import contextlib
from collections.abc import Collection

from pyspark.sql import DataFrame, SparkSession

from ringsync._spark_merge import Shape, rows_left, rows_read
from ringsync._spark_table import TableRun, Written, count_all, count_read
from ringsync._spark_target import Manifest, Snapshot, Target, new_snapshot_name
from ringsync.errors import DestinationError


class ParquetStore:
    """Snapshots below `path`. `former_snapshots`: how many earlier ones stay."""

    def __init__(self, spark: SparkSession, path: str, former_snapshots: int):
        self._spark = spark
        self._target = Target(spark, path)
        self._former_snapshots = former_snapshots
        self._written: dict[str, Snapshot] = {}

    def read(self) -> dict | None:
        self._manifest = self._target.read()
        self._former = {
            name: found
            for name, found in self._manifest.tables.items()
            if self._target.has(name, found)
        }
        return self._manifest.state

    def known(self) -> dict[str, set[str]]:
        return {name: set(found.key) for name, found in self._former.items()}

    def prepare(self) -> None:
        self._target.prepare()

    def write(self, run: TableRun) -> Written:
        name = new_snapshot_name()
        try:
            read, without_cursor, snapshot, deleted = self._write(run, name)
        except BaseException:
            with contextlib.suppress(Exception):  # the next run removes it
                self._target.remove_snapshot(run.name, name)
            raise
        self._written[run.name] = snapshot
        place = self._target.folder(run.name, snapshot.name)
        is_changed = snapshot is not self._former.get(run.name)
        return Written(read, without_cursor, deleted, snapshot.rows, place, is_changed)

    def commit(self, tables: Collection[str], state: dict) -> list[str]:
        written = {name: self._written[name] for name in tables}
        manifest = Manifest(self._manifest.number, self._manifest.tables | written, state)
        self._manifest = self._target.write(manifest)
        try:
            self._target.remove_former_manifests(self._manifest)
            for name in tables:
                self._target.remove_unnamed_snapshots(self._manifest, name)
        except DestinationError as error:
            told = ", ".join(sorted(tables))
            return [f"table {told}: what is former stays, until the next sync: {error}"]
        return []

    def end(self, caller: SparkSession) -> list[str]:
        return []

    def _write(self, run: TableRun, name: str) -> tuple[int, int, Snapshot, int]:
        """Rows read, those without a cursor, the snapshot that is to count, and rows newly marked
        deleted."""
        former = self._former.get(run.name)
        was = former.columns if former else {}
        shape = Shape.of(run.key, run.columns, was)
        there = self._parquet(run.name, former.name) if former else None
        folder = self._target.folder(run.name, name)
        # Once: a second reading of the cluster would not bring the same.
        read = rows_read(run.rows, shape, run.columns, run.started_us, there, was)
        read.write.parquet(folder)
        rows, without_cursor = count_read(self._parquet(run.name, name), run)
        if former is not None and there is not None:
            is_same = rows == 0 and shape.all_columns == former.columns
            if is_same and not run.sweeps:
                self._target.remove_snapshot(run.name, name)
                return 0, 0, former, 0
            swept_at_us = run.started_us if run.sweeps else None
            met = self._parquet(run.name, name)
            left = rows_left(there, shape, was, met, swept_at_us)
            left.write.mode("append").parquet(folder)
        total, deleted = count_all(self._parquet(run.name, name), run.started_us)
        if former is not None and total < former.rows:
            raise DestinationError(
                "destination",
                f"its snapshot {former.name} has lost rows: it had {former.rows}, and with what was"
                f" read there are {total} now; restore its files, or remove the table's folder",
            )
        kept = [former.name, *former.former][: self._former_snapshots] if former else []
        snapshot = Snapshot(name, run.key, shape.all_columns, total, kept)
        return rows, without_cursor, snapshot, deleted

    def _parquet(self, table: str, snapshot: str) -> DataFrame:
        return self._spark.read.parquet(self._target.folder(table, snapshot))
