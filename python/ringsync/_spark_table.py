"""What a sync by Spark does with one table, whatever it is written to."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as spark_functions

from ringsync._spark_merge import DELETED, SYNCED, column_of


@dataclass(frozen=True)
class TableRun:
    """A table that is to be brought up to date. `run`: "first", "incremental" or "full".
    `columns`: the types that `ringsync sync` gives them in DuckDB, by name. `rows`: what the
    cluster is asked for; each evaluation asks it anew. `started_us`: when the sync began, and what
    `_fivetran_synced` says. `sweeps`: what is not among `rows` is gone from the source."""

    name: str
    run: str
    key: list[str]
    columns: dict[str, str]
    cursor_column: str | None
    started_us: int
    sweeps: bool
    rows: DataFrame


@dataclass(frozen=True)
class Written:
    """What came of it. `rows`: of the table, those marked deleted among them. `without_cursor`: of
    those read, counted in a first run. `place`: where the rows are now. `is_changed`: whether
    anything was written. `warnings`: what the log is to tell."""

    rows_read: int
    without_cursor: int
    rows_deleted: int
    rows: int
    place: str
    is_changed: bool = True
    warnings: tuple[str, ...] = ()


class Store(Protocol):
    """What a keyspace is written to, with the state that vouches for it."""

    def read(self) -> dict | None:
        """The state; None where there is none yet."""

    def known(self) -> dict[str, set[str]]:
        """The key of each table that is there and that the state vouches for."""

    def prepare(self) -> None:
        """Makes what tables are written into."""

    def write(self, run: TableRun) -> Written:
        """Brings a table up to date. A crash leaves it as it was, or so that the same run again
        brings it to the same."""

    def commit(self, tables: Collection[str], state: dict) -> list[str]:
        """They are read to their ends: what was written counts, and so does the state. Returns
        warnings. Raises DestinationError `destination_busy` where another job has written."""

    def end(self, caller: SparkSession) -> list[str]:
        """After the last commit: tidies up, and lets the caller's session see what is there now.
        Returns warnings."""


def count_read(frame: DataFrame, run: TableRun) -> tuple[int, int]:
    """Rows, and those of them without a cursor, for a first run."""
    if run.run != "first" or run.cursor_column not in run.columns:
        return frame.count(), 0
    filled = spark_functions.count(column_of(frame, run.cursor_column))
    (counts,) = frame.select(spark_functions.count("*"), filled).collect()
    return counts[0], counts[0] - counts[1]


def count_all(frame: DataFrame, started_us: int) -> tuple[int, int]:
    """Rows, and those of them that a run that began then has marked deleted."""
    instant = spark_functions.timestamp_micros(spark_functions.lit(started_us))
    swept = frame[DELETED] & (frame[SYNCED] == instant)
    (counts,) = frame.select(spark_functions.count("*"), spark_functions.count_if(swept)).collect()
    return counts[0], counts[1]
