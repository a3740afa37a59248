"""Spark in this process and two threads, as the tests of the data source and of the job have it."""

import os
import sys
from collections.abc import Iterator

from pyspark.sql import SparkSession

HOST_VARIABLE = "RINGSYNC_TEST_HOST"


def local_spark(**settings: str) -> Iterator[SparkSession]:
    """`settings`: names with __ where Spark has a dot."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ[HOST_VARIABLE] = "127.0.0.1"  # of Spark's own processes
    builder = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.memory", "1g")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "2")
    )
    for name, value in settings.items():
        builder = builder.config(name.replace("__", "."), value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
