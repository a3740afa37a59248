"""What Spark's job writes to, in the forms that it knows, read back as a DuckDB file."""

import pathlib
import uuid
from collections.abc import Iterator

import duckdb
from cql_session import quoted
from pyspark.sql import DataFrame, SparkSession
from ringsync.spark import hand_over, snapshot
from spark_session import local_spark

CATALOG = "lake"
FORMATS = ("parquet", "iceberg")


class Lake:
    """`target` and `options`: of the job. `keyspace`: its name in DuckDB."""

    def __init__(self, spark: SparkSession, table_format: str, folder: pathlib.Path, keyspace: str):
        self.target = str(folder)
        self.options = {"table_format": table_format}
        self.spark, self._folder, self._keyspace = spark, folder, keyspace
        if self.is_iceberg:
            self.target = f"{CATALOG}.a_{uuid.uuid4().hex}"

    @property
    def is_iceberg(self) -> bool:
        return self.options["table_format"] == "iceberg"

    def rows(self, table: str) -> DataFrame:
        if not self.is_iceberg:
            return snapshot(self.spark, self.target, table)
        name = f"{self.target}.`{table}`"
        self.spark.sql(f"REFRESH TABLE {name}")  # the job has had a session of its own
        return self.spark.table(name)

    def load(self, file: pathlib.Path, types: dict[str, dict[str, str]]) -> None:
        """Into a DuckDB file; `types` of columns by table, where the lake does not tell."""
        with duckdb.connect(str(file)) as connection:
            if not self.is_iceberg:
                connection.execute(hand_over(self.spark, self.target).duckdb_sql)
                return
            connection.execute(f"CREATE SCHEMA {quoted(self._keyspace)}")
            for table, columns in types.items():
                listed = ", ".join(
                    f"{quoted(name)}::{kind} AS {quoted(name)}" for name, kind in columns.items()
                )
                copied = self._folder / f"{file.stem}_{uuid.uuid4().hex}"
                self.rows(table).write.parquet(str(copied))
                connection.execute(
                    f"CREATE TABLE {quoted(self._keyspace)}.{quoted(table)} AS SELECT {listed}"
                    f" FROM read_parquet('{copied}/*.parquet', hive_partitioning = false)"
                )


def spark_with_iceberg(folder: pathlib.Path, settings: dict[str, str]) -> Iterator[SparkSession]:
    """Where there is none for this Spark, tests of it are to be left out: -k "not iceberg"."""
    catalog = f"spark.sql.catalog.{CATALOG}"
    yield from local_spark(
        {
            catalog: "org.apache.iceberg.spark.SparkCatalog",
            f"{catalog}.type": "hadoop",
            f"{catalog}.warehouse": str(folder),
        }
        | settings
    )
