"""From a first load by Spark to `ringsync sync` and `ringsync serve`, which go on from there."""

import json
import re
from dataclasses import dataclass

from pyspark.sql import SparkSession

from ringsync._spark_merge import DELETED, SYNCED, quoted
from ringsync._spark_target import Target
from ringsync.errors import DestinationError

_OWN_COLUMNS = {SYNCED: "TIMESTAMP WITH TIME ZONE", DELETED: "BOOLEAN"}


@dataclass(frozen=True)
class HandOver:
    """What `ringsync sync` and `ringsync serve` go on from. `state`: the document for
    --import-state, or the state of a request to `serve`. `duckdb_sql`: loads the snapshots into a
    DuckDB file."""

    state: str
    duckdb_sql: str


def hand_over(spark: SparkSession, target: str) -> HandOver:
    """The state that vouches for the snapshots of `target`, and how DuckDB loads them. Raises
    DestinationError where no sync has written there."""
    place = Target(spark, target)
    manifest = place.read()
    if manifest.state is None:
        raise DestinationError("destination", f"{place.path}: no sync has written there yet")
    keyspace = quoted(manifest.state["source"]["keyspace"])
    statements = [f"CREATE SCHEMA IF NOT EXISTS {keyspace};"]
    for table, found in sorted(manifest.tables.items()):
        columns = ", ".join(
            f"{quoted(name)}::{kind} AS {quoted(name)}"
            for name, kind in (found.columns | _OWN_COLUMNS).items()
        )
        files = _path_of_duckdb(place.folder(table, found.name)).replace("'", "''")
        statements.append(
            f"CREATE TABLE {keyspace}.{quoted(table)} AS"
            # Else folders called name=value would stand for columns of that name.
            f" SELECT {columns} FROM read_parquet('{files}/*.parquet', hive_partitioning = false);"
        )
    return HandOver(json.dumps(manifest.state), "\n".join(statements) + "\n")


def _path_of_duckdb(path: str) -> str:
    """Hadoop writes file:/a/b, and s3a: where others write s3:."""
    return re.sub(r"^file:/+", "/", re.sub(r"^s3a:", "s3:", path))
