"""Spark in this process and two threads, as the tests of the data source and of the job have it."""

import os
import pathlib
from collections.abc import Iterator, Mapping

import pyspark
import spark_on_loopback
from pyspark.sql import SparkSession

HOST_VARIABLE = "RINGSYNC_TEST_HOST"
JARS = pathlib.Path(__file__).resolve().parents[2] / ".deps" / "spark_jars"
JARS_MADE_FOR = "4.1."


def jars() -> list[str]:
    """Iceberg's, where there are any for this Spark."""
    if not pyspark.__version__.startswith(JARS_MADE_FOR):
        return []
    found = list(map(str, JARS.glob("iceberg-spark-runtime-*.jar")))
    assert found, f"{JARS} has no jar of Iceberg; run tools/setup.sh test"
    return found


def local_spark(settings: Mapping[str, str]) -> Iterator[SparkSession]:
    os.environ[HOST_VARIABLE] = "127.0.0.1"  # of Spark's own processes
    # Sessions of one process share a JVM, which takes jars when it starts only.
    shared = {"spark.sql.shuffle.partitions": "2"}
    if found := jars():
        shared["spark.jars"] = ",".join(found)
    session = spark_on_loopback.start("local[2]", shared | settings)
    yield session
    session.stop()
